/** Lines of the shell, in words. */

/** A word, and where it begins in the line. */
export interface Word {
  readonly text: string
  readonly start: number
  /** What it is quoted with at its end; undefined where it is not, or where the quote is closed. */
  readonly open: '"' | "'" | undefined
}

/**
 * Words are separated by blanks. Between quotes blanks belong to the word; outside of them, and between double quotes, a
 * backslash before a blank, a quote or a backslash takes that as it is. Any other backslash is itself: it separates
 * names, too.
 */
export function wordsOf(line: string): Word[] {
  const words: Word[] = []
  let text: string | undefined
  let start = 0
  let open: Word['open']
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    const next = line.charAt(at + 1)
    const begin = (): string => {
      if (text === undefined) start = at
      return text ?? ''
    }
    if (open === undefined && /\s/.test(character)) {
      if (text !== undefined) words.push({ text, start, open: undefined })
      text = undefined
    } else if (open === undefined && (character === '"' || character === "'")) {
      text = begin()
      open = character
    } else if (character === open) open = undefined
    else if (character === '\\' && open !== "'" && /^[\s"'\\]$/.test(next)) {
      text = begin() + next
      at++
    } else text = begin() + character
  }
  if (text !== undefined) words.push({ text, start, open })
  return words
}

/** A word as it can be typed. */
export const quoted = (text: string): string =>
  /[\s"']/.test(text) ? (text.includes("'") ? `"${text.replaceAll('"', '\\"')}"` : `'${text}'`) : text

/** Commands of one line, which `;` separates. */
export function commandsOf(line: string): string[] {
  const commands: string[] = []
  let start = 0
  let open: string | undefined
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (open === undefined && (character === '"' || character === "'")) open = character
    else if (character === open) open = undefined
    else if (character === '\\' && open !== "'") at++
    else if (character === ';' && open === undefined) {
      commands.push(line.slice(start, at))
      start = at + 1
    }
  }
  return [...commands, line.slice(start)].filter((command) => command.trim() !== '')
}
