/**
 * Copying a few bytes, which is most of what a decompressor does. Four at a time are three times as fast as one; up to
 * three bytes too many are written then, within the buffer: what belongs there comes later.
 */

/** From here on the engine's own copying is faster. */
const LONG_BYTES = 128

/**
 * Copies `length` bytes from `distance` bytes before `at` to `at`, the first ones first: what was just copied may be
 * copied again. The caller has made sure that both ends lie within `out`, which `view` is a view of.
 */
export function copyMatch(out: Uint8Array, view: DataView, at: number, distance: number, length: number): void {
  const from = at - distance
  const end = at + length
  let to = at
  if (length >= LONG_BYTES) {
    if (distance === 1) out.fill(out[from] as number, at, end)
    // What is there repeats itself, so each round may copy all that is there by then.
    else
      while (to < end) {
        const count = Math.min(to - from, end - to)
        out.copyWithin(to, from, from + count)
        to += count
      }
    return
  }
  let next = from
  if (end + 4 <= out.length) {
    if (distance < 4) {
      // Until there are four bytes, or six, that repeat.
      for (const lead = to + (distance === 3 ? 3 : 4 - distance); to < lead; ) out[to++] = out[next++] as number
      next = from
    }
    for (; to < end; to += 4, next += 4) view.setInt32(to, view.getInt32(next, true), true)
  } else while (to < end) out[to++] = out[next++] as number
}

/** Copies `length` bytes from `input` at `from` to `out` at `at`; both have them, the caller has made sure. */
export function copyLiterals(
  out: Uint8Array,
  outView: DataView,
  at: number,
  input: Uint8Array,
  inputView: DataView,
  from: number,
  length: number,
): void {
  if (length >= LONG_BYTES) {
    out.set(input.subarray(from, from + length), at)
    return
  }
  const end = at + length
  let to = at
  let next = from
  if (end + 4 <= out.length && from + length + 4 <= input.length)
    for (; to < end; to += 4, next += 4) outView.setInt32(to, inputView.getInt32(next, true), true)
  else while (to < end) out[to++] = input[next++] as number
}
