/** Names in the order in which people look for them: numbers by their size, upper and lower case side by side. */

interface Named {
  readonly name: string
}

/** `entries` by their names. Sorted here as long as all are ASCII, which takes a tenth of the time. */
export function inOrder<T extends Named>(entries: readonly T[]): T[] {
  if (!entries.every(({ name }) => /^[ -~]*$/.test(name))) return entries.toSorted(byCollator())
  return entries
    .map((entry) => ({ entry, name: entry.name, key: orderKey(entry.name) }))
    .toSorted(compareKeyed)
    .map(({ entry }) => entry)
}

let collator: Intl.Collator | undefined

/** Made when it is needed: it takes as long as a small command. */
function byCollator(): (a: Named, b: Named) => number {
  const made = (collator ??= new Intl.Collator('und', { numeric: true }))
  return (a, b) => made.compare(a.name, b.name)
}

const marks = ' _-,;:!?.\'"()[]{}@*/\\&#%`^+<=>|~$'
const firstDigit = 0x30
const firstLetter = 0x61

/** The places of ASCII's characters in the order of Unicode's collation (UTS #10): marks, digits, letters. */
const places = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code).toLowerCase()
  if (/[0-9]/.test(character)) return marks.length + code - firstDigit
  if (/[a-z]/.test(character)) return marks.length + 10 + character.charCodeAt(0) - firstLetter
  return marks.indexOf(character)
})

const isDigit = (code: number): boolean => code >= firstDigit && code < firstDigit + 10

const keyOfPlace = Array.from({ length: marks.length + 10 + 26 }, (_, place) => String.fromCharCode(place + 1))
const keyOfNumber = keyOfPlace[marks.length] as string

/**
 * Text whose order by code units is that of the names in Unicode's collation with numbers, for ASCII alone and but for the
 * case of letters. Of a number it has how many digits there are, and these, without zeros before them.
 */
function orderKey(name: string): string {
  let key = ''
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    if (!isDigit(code)) {
      key += keyOfPlace[places[code] as number]
      continue
    }
    let start = at
    while (at + 1 < name.length && isDigit(name.charCodeAt(at + 1))) at++
    while (start <= at && name.charCodeAt(start) === firstDigit) start++
    const digits = name.slice(start, at + 1)
    key += `${keyOfNumber}${String.fromCharCode(digits.length + 1)}${digits}`
  }
  return key
}

interface Keyed {
  readonly name: string
  readonly key: string
}

/** Lower case first, where nothing else is different. */
function compareKeyed(a: Keyed, b: Keyed): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1
  const [left, right] = [a.name.replace(/[0-9]+/g, ''), b.name.replace(/[0-9]+/g, '')]
  return left === right ? 0 : left > right ? -1 : 1
}
