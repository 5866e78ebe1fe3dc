/** Huffman codes as LZ77+Huffman has them: 512 symbols, at most 15 bits each, canonical (MS-XCA 2.1.4.2, 2.2.4). */

export const SYMBOLS = 512
export const MAX_CODE_BITS = 15

/** Two children for each node that is no leaf; leaves have the number of their symbol. */
const children = new Int16Array(SYMBOLS * 2)
const weights = new Float64Array(SYMBOLS)

/**
 * How many bits each symbol's code has, by how often it occurs; 0 for what does not occur. At least two symbols have
 * to. `counts` may be changed.
 */
export function codeLengths(counts: Uint32Array, lengths: Uint8Array): void {
  const used: number[] = []
  for (let symbol = 0; symbol < SYMBOLS; symbol++) if (counts[symbol] !== 0) used.push(symbol)
  for (;;) {
    // Of those that occur equally often the lower symbols come first: the sort is stable.
    const leaves = used.toSorted((a, b) => (counts[a] as number) - (counts[b] as number))
    lengths.fill(0)
    if (assign(leaves, counts, lengths) <= MAX_CODE_BITS) return
    // Too deep: the differences are made smaller.
    for (const symbol of used) counts[symbol] = ((counts[symbol] as number) + 1) >>> 1
  }
}

/** Joins the two rarest until one is left; leaves and nodes each come in order of weight. The longest code's bits. */
function assign(leaves: readonly number[], counts: Uint32Array, lengths: Uint8Array): number {
  let leaf = 0
  let node = 0
  let nodes = 0
  const rarest = (): number => {
    const isLeaf =
      node === nodes ||
      (leaf < leaves.length && (counts[leaves[leaf] as number] as number) <= (weights[node] as number))
    return isLeaf ? (leaves[leaf++] as number) : SYMBOLS + node++
  }
  const weightOf = (what: number): number => (what < SYMBOLS ? counts[what] : weights[what - SYMBOLS]) as number
  while (nodes < leaves.length - 1) {
    const a = rarest()
    const b = rarest()
    children[nodes * 2] = a
    children[nodes * 2 + 1] = b
    weights[nodes++] = weightOf(a) + weightOf(b)
  }
  // From the root down; weights are not needed any more, and hold the depth of each node.
  let deepest = 0
  weights[nodes - 1] = 0
  for (let i = nodes - 1; i >= 0; i--) {
    const depth = (weights[i] as number) + 1
    for (let side = 0; side < 2; side++) {
      const child = children[i * 2 + side] as number
      if (child >= SYMBOLS) weights[child - SYMBOLS] = depth
      else {
        lengths[child] = depth
        deepest = Math.max(deepest, depth)
      }
    }
  }
  return deepest
}

/** The codes that follow from their lengths: by length, then by symbol. */
export function codesOf(lengths: Uint8Array, codes: Uint16Array): void {
  let code = 0
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++, code <<= 1)
    for (let symbol = 0; symbol < SYMBOLS; symbol++) if (lengths[symbol] === bits) codes[symbol] = code++
}

/** Next 15 bits to what they begin with: the symbol times 16, and the bits of its code. */
export const decodingTable = new Uint16Array(1 << MAX_CODE_BITS)

const starts = new Uint32Array(MAX_CODE_BITS + 2)

/** Fills `decodingTable` from 256 bytes with two lengths each, the lower half first. False if they make no code. */
export function readCode(input: Uint8Array, at: number): boolean {
  const lengthOf = (symbol: number): number => ((input[at + (symbol >>> 1)] as number) >>> ((symbol & 1) * 4)) & 0x0f
  starts.fill(0)
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const bits = lengthOf(symbol)
    if (bits !== 0) starts[bits + 1] = (starts[bits + 1] as number) + (1 << (MAX_CODE_BITS - bits))
  }
  for (let bits = 1; bits < starts.length; bits++)
    starts[bits] = (starts[bits] as number) + (starts[bits - 1] as number)
  if (starts[MAX_CODE_BITS + 1] !== decodingTable.length) return false
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const bits = lengthOf(symbol)
    if (bits === 0) continue
    const start = starts[bits] as number
    const end = start + (1 << (MAX_CODE_BITS - bits))
    decodingTable.fill((symbol << 4) | bits, start, end)
    starts[bits] = end
  }
  return true
}
