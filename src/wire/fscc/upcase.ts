/**
 * Upper case as Windows' file systems know it: one UTF-16 unit at a time, the same in every locale, and only between
 * letters that are a pair. So `ß` and `ı` stay what they are, and no letter outside ASCII becomes one of ASCII.
 * Agrees with the up-case table that the exFAT specification recommends (7.2.5.1) in what is a pair there, but for the
 * few places where that table leads from an upper-case letter to its lower case; later letters of Unicode are paired
 * too.
 */

let table: Uint16Array | undefined

const FINAL_SIGMA = 0x03c2
const CAPITAL_SIGMA = 0x03a3
/** Greek letters with iota below: their upper case in Unicode is two letters, their title case one. */
const GREEK_EXTENDED_IOTA = { first: 0x1f80, last: 0x1fff }

function makeTable(): Uint16Array {
  const made = new Uint16Array(0x1_0000)
  for (let unit = 0; unit < made.length; unit++) made[unit] = unit
  for (let unit = 0; unit < made.length; unit++) {
    if (unit >= 0xd800 && unit <= 0xdfff) continue
    const letter = String.fromCharCode(unit)
    const upper = letter.toUpperCase()
    if (upper !== letter && upper.length === 1 && upper.toLowerCase() === letter) made[unit] = upper.charCodeAt(0)
  }
  for (let unit = GREEK_EXTENDED_IOTA.first; unit <= GREEK_EXTENDED_IOTA.last; unit++) {
    const lower = String.fromCharCode(unit).toLowerCase()
    const pair = lower.length === 1 ? lower.charCodeAt(0) : unit
    if (pair !== unit && pair >= GREEK_EXTENDED_IOTA.first && made[pair] === pair) made[pair] = unit
  }
  made[FINAL_SIGMA] = CAPITAL_SIGMA
  return made
}

/** The upper case of one UTF-16 unit; itself where it has none. */
export function upcaseUnit(unit: number): number {
  if (unit < 0x80) return unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit
  table ??= makeTable()
  return table[unit] as number
}

/** `text` in upper case, as long as before: two names are the same to a client when this is the same. */
export function upcase(text: string): string {
  let change = false
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) return upcaseWide(text)
    if (unit >= 0x61 && unit <= 0x7a) change = true
  }
  return change ? text.toUpperCase() : text
}

function upcaseWide(text: string): string {
  let result = ''
  // Stretches that stay as they are are copied whole.
  let kept = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    const upper = upcaseUnit(unit)
    if (upper === unit) continue
    result += text.slice(kept, i) + String.fromCharCode(upper)
    kept = i + 1
  }
  return kept === 0 ? text : result + text.slice(kept)
}

/** True when two names are the same to a client that does not regard case. */
export const sameName = (a: string, b: string): boolean => a.length === b.length && (a === b || upcase(a) === upcase(b))
