/** How many letters may differ, of so many. */
const LETTERS_PER_MISTAKE = 4
const MAX_FOUND = 5
/** The part of a name that was given has to be this long, so that it means something. */
const MIN_PART = 4

/** What the words that look most like `word` stand for: few letters differ, or it is a part of them. */
export function nearest(word: string, words: readonly (readonly [string, string])[]): string[] {
  const allowed = Math.max(1, Math.floor(word.length / LETTERS_PER_MISTAKE))
  const found: { readonly shown: string; readonly distance: number }[] = []
  for (const [candidate, shown] of words) {
    const isPart = word.length >= MIN_PART && candidate.includes(word)
    const distance = isPart ? candidate.length - word.length : differingLetters(word, candidate, allowed)
    if (isPart || distance <= allowed) found.push({ shown, distance })
  }
  const sorted = found.toSorted((left, right) => left.distance - right.distance)
  return [...new Set(sorted.map(({ shown }) => shown))].slice(0, MAX_FOUND)
}

/** Letters that have to be changed, added or taken away (Levenshtein); more than `limit` is any number above it. */
function differingLetters(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) > limit) return limit + 1
  let before = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const line = [row]
    for (let column = 1; column <= right.length; column++) {
      const changed = (before[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      line.push(Math.min(changed, (before[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1))
    }
    before = line
  }
  return before[right.length] ?? limit + 1
}
