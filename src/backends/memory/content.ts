import type { ByteRange } from '../../server/backend.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'

/** Bytes of one allocation unit, what NTFS has by default. */
export const CLUSTER_BYTES = 4096
const CLUSTERS_PER_CHUNK = 16
const CHUNK_BYTES = CLUSTER_BYTES * CLUSTERS_PER_CHUNK
const SMALLEST_CHUNK_BYTES = 256

/** Room of a volume, in clusters; every content takes from it and gives back. */
export class Space {
  readonly totalClusters: number
  usedClusters = 0

  constructor(totalBytes: number) {
    this.totalClusters = Math.floor(totalBytes / CLUSTER_BYTES)
  }

  /** Takes that many, or none where there is not that much room. A negative number gives back. */
  take(clusters: number): boolean {
    if (clusters > this.totalClusters - this.usedClusters) return false
    this.usedClusters += clusters
    return true
  }
}

/** Up to 64 KiB of content. `bytes` ends where nothing but zeros follows; bit n of `used`: cluster n is no hole. */
interface Chunk {
  bytes: Uint8Array
  used: number
}

/**
 * The bytes of one stream. Only the clusters that were written (or reserved) take room, so a file of many GiB with a
 * few bytes in it is cheap. What lies beyond the end of file or in a hole is zero in every chunk: this holds between
 * calls and lets the file grow without touching anything.
 */
export class Content {
  readonly #space: Space
  readonly #maxBytes: number
  #chunks: Map<number, Chunk> | undefined
  /** Clusters below this are allocated, whether written or not. */
  #reserved = 0
  /** Clusters taken from the space. */
  #clusters = 0
  #size = 0

  constructor(space: Space, maxBytes: number) {
    this.#space = space
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#size
  }

  get allocationSize(): number {
    return this.#clusters * CLUSTER_BYTES
  }

  read(into: Uint8Array, offset: number): number {
    const count = Math.min(into.length, this.#size - offset)
    if (count <= 0) return 0
    let done = 0
    while (done < count) {
      const at = offset + done
      const start = at % CHUNK_BYTES
      const length = Math.min(CHUNK_BYTES - start, count - done)
      const bytes = this.#chunks?.get((at - start) / CHUNK_BYTES)?.bytes
      const present = bytes === undefined ? 0 : Math.max(0, Math.min(length, bytes.length - start))
      if (bytes !== undefined && present > 0) into.set(bytes.subarray(start, start + present), done)
      if (present < length) into.fill(0, done + present, done + length)
      done += length
    }
    return count
  }

  /** All of it or nothing: a status when it does not fit. */
  write(data: Uint8Array, offset: number): NtStatus {
    if (data.length === 0) return NtStatus.SUCCESS
    const end = offset + data.length
    if (end > this.#maxBytes) return NtStatus.INVALID_PARAMETER
    if (!this.#takeFor(offset, end)) return NtStatus.DISK_FULL
    let done = 0
    while (done < data.length) {
      const at = offset + done
      const start = at % CHUNK_BYTES
      const length = Math.min(CHUNK_BYTES - start, data.length - done)
      const chunk = this.#chunk((at - start) / CHUNK_BYTES, start + length)
      chunk.bytes.set(data.subarray(done, done + length), start)
      chunk.used |= clusterBits(start, start + length)
      done += length
    }
    if (end > this.#size) this.#size = end
    return NtStatus.SUCCESS
  }

  truncate(size: number): NtStatus {
    if (size > this.#maxBytes) return NtStatus.INVALID_PARAMETER
    if (size < this.#size) this.#clear(size, this.#size)
    this.#size = size
    // MS-FSA 2.1.5.15.4: what is allocated beyond the new end goes with it.
    this.#reserve(Math.min(this.#reserved, clustersFor(size)))
    return NtStatus.SUCCESS
  }

  /** Reserves the clusters up to `size`; a smaller size than before gives reserved room back. */
  allocate(size: number): NtStatus {
    if (size > this.#maxBytes) return NtStatus.INVALID_PARAMETER
    return this.#reserve(clustersFor(size)) ? NtStatus.SUCCESS : NtStatus.DISK_FULL
  }

  zero(range: ByteRange): void {
    this.#clear(range.offset, Math.min(range.offset + range.length, this.#size))
  }

  allocatedRanges(range: ByteRange): ByteRange[] {
    const from = range.offset
    const to = Math.min(from + range.length, this.#size)
    const found: { offset: number; length: number }[] = []
    const add = (start: number, end: number): void => {
      const offset = Math.max(from, start)
      const length = Math.min(to, end) - offset
      if (length <= 0) return
      const last = found.at(-1)
      if (last !== undefined && last.offset + last.length === offset) last.length += length
      else found.push({ offset, length })
    }
    add(0, this.#reserved * CLUSTER_BYTES)
    for (const index of this.#indexes(from, to)) {
      const used = this.#beyondReserved(index, this.#chunks?.get(index)?.used ?? 0)
      for (let bit = 0; bit < CLUSTERS_PER_CHUNK; bit++) {
        if ((used & (1 << bit)) === 0) continue
        const start = index * CHUNK_BYTES + bit * CLUSTER_BYTES
        add(start, start + CLUSTER_BYTES)
      }
    }
    return found
  }

  /** The same bytes and room once more, taken from another space. */
  copyTo(space: Space): Content {
    const copy = new Content(space, this.#maxBytes)
    space.take(this.#clusters)
    copy.#clusters = this.#clusters
    copy.#reserved = this.#reserved
    copy.#size = this.#size
    for (const [index, { bytes, used }] of this.#chunks ?? []) {
      copy.#chunks ??= new Map()
      copy.#chunks.set(index, { bytes: bytes.slice(), used })
    }
    return copy
  }

  /** Gives all room back; nothing may be read or written afterwards. */
  release(): void {
    this.#chunks = undefined
    this.#space.take(-this.#clusters)
    this.#clusters = 0
    this.#reserved = 0
    this.#size = 0
  }

  #chunk(index: number, neededBytes: number): Chunk {
    this.#chunks ??= new Map()
    let chunk = this.#chunks.get(index)
    if (chunk === undefined) {
      chunk = { bytes: new Uint8Array(chunkCapacity(neededBytes)), used: 0 }
      this.#chunks.set(index, chunk)
    } else if (chunk.bytes.length < neededBytes) {
      const larger = new Uint8Array(chunkCapacity(neededBytes))
      larger.set(chunk.bytes)
      chunk.bytes = larger
    }
    return chunk
  }

  #takeFor(offset: number, end: number): boolean {
    let needed = 0
    for (let at = offset; at < end; ) {
      const start = at % CHUNK_BYTES
      const length = Math.min(CHUNK_BYTES - start, end - at)
      const index = (at - start) / CHUNK_BYTES
      const used = this.#chunks?.get(index)?.used ?? 0
      needed += bitCount(this.#beyondReserved(index, clusterBits(start, start + length) & ~used))
      at += length
    }
    if (!this.#space.take(needed)) return false
    this.#clusters += needed
    return true
  }

  /** Of the clusters of a chunk, those that the reserved part does not count already. */
  #beyondReserved(index: number, bits: number): number {
    const covered = this.#reserved - index * CLUSTERS_PER_CHUNK
    if (covered <= 0) return bits
    return covered >= CLUSTERS_PER_CHUNK ? 0 : bits & ~((1 << covered) - 1)
  }

  #reserve(clusters: number): boolean {
    if (clusters === this.#reserved) return true
    const before = this.#reserved
    this.#reserved = clusters
    let total = clusters
    for (const [index, chunk] of this.#chunks ?? []) total += bitCount(this.#beyondReserved(index, chunk.used))
    if (!this.#space.take(total - this.#clusters)) {
      this.#reserved = before
      return false
    }
    this.#clusters = total
    return true
  }

  /** Zeroes a part; clusters that are wholly in it, or reach past the end of file, become holes. */
  #clear(from: number, to: number): void {
    if (from >= to) return
    for (const index of this.#indexes(from, to)) {
      const chunk = this.#chunks?.get(index)
      if (chunk === undefined) continue
      const base = index * CHUNK_BYTES
      const start = Math.max(0, from - base)
      const end = Math.min(CHUNK_BYTES, to - base)
      chunk.bytes.fill(0, start, end)
      const firstWhole = Math.ceil(start / CLUSTER_BYTES)
      const afterWhole = to >= this.#size ? Math.ceil(end / CLUSTER_BYTES) : Math.floor(end / CLUSTER_BYTES)
      const freed = afterWhole > firstWhole ? chunk.used & (bitsBelow(afterWhole) & ~bitsBelow(firstWhole)) : 0
      const given = bitCount(this.#beyondReserved(index, freed))
      chunk.used &= ~freed
      this.#space.take(-given)
      this.#clusters -= given
      if (chunk.used === 0) this.#chunks?.delete(index)
    }
  }

  /** Indexes, in order, of the chunks that there are in a part. */
  #indexes(from: number, to: number): number[] {
    const chunks = this.#chunks
    if (chunks === undefined || from >= to) return []
    const first = Math.floor(from / CHUNK_BYTES)
    const last = Math.floor((to - 1) / CHUNK_BYTES)
    if (last - first >= chunks.size) {
      return [...chunks.keys()].filter((index) => index >= first && index <= last).toSorted((a, b) => a - b)
    }
    const found: number[] = []
    for (let index = first; index <= last; index++) if (chunks.has(index)) found.push(index)
    return found
  }
}

const clustersFor = (bytes: number): number => Math.ceil(bytes / CLUSTER_BYTES)

const bitsBelow = (count: number): number => (1 << count) - 1

/** The bits of the clusters that the bytes `start` to `end` of a chunk touch. */
const clusterBits = (start: number, end: number): number =>
  bitsBelow(Math.ceil(end / CLUSTER_BYTES)) & ~bitsBelow(Math.floor(start / CLUSTER_BYTES))

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

/** Chunks grow by doubling, so that many small files stay small and an appending writer copies little. */
function chunkCapacity(neededBytes: number): number {
  let capacity = SMALLEST_CHUNK_BYTES
  while (capacity < neededBytes) capacity *= 2
  return capacity
}
