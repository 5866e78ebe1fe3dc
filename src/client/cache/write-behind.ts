import type { OpenFile } from '../open-file.ts'
import { together, writeRange } from '../transfer.ts'

/** Bytes that were given to be written, and by whom. */
interface Extent {
  readonly file: OpenFile
  readonly at: number
  readonly parts: Uint8Array[]
  length: number
}

/** So many bytes that follow each other go out together. */
const MAX_EXTENT_BYTES = 1024 * 1024
/** Small pieces all over a file are not gathered for ever. */
const MAX_EXTENTS = 256

/** What was written to one file and the server has not got yet. */
export class WriteBehind {
  #extents: Extent[] = []
  #bytes = 0
  /** Some lie over others: they go out one after the other. */
  #overlaps = false
  #flushing: Promise<void> | undefined

  /** Something is waiting or under way. */
  get isBusy(): boolean {
    return this.#bytes > 0 || this.#flushing !== undefined
  }

  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.#extents.length >= MAX_EXTENTS
  }

  /** Copies `data`: who gave it may use it again. */
  add(file: OpenFile, at: number, data: Uint8Array): void {
    const end = at + data.length
    const last = this.#extents.at(-1)
    this.#overlaps ||= this.#extents.some((extent) => at < extent.at + extent.length && extent.at < end)
    this.#bytes += data.length
    const follows = last !== undefined && last.file === file && last.at + last.length === at
    if (follows && last.length + data.length <= MAX_EXTENT_BYTES) {
      last.parts.push(data.slice())
      last.length += data.length
    } else this.#extents.push({ file, at, parts: [data.slice()], length: data.length })
  }

  /** Resolves when the server has all of it; what it has not taken is said to the file (`OpenFile.writeFailure`). */
  flush(): Promise<void> {
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async #flushAll(): Promise<void> {
    while (this.#extents.length > 0) {
      const extents = this.#extents
      const { windowBytes } = (extents[0] as Extent).file.tree.link.settings.limits
      const atOnce = this.#overlaps ? 1 : Math.max(1, Math.floor(windowBytes / MAX_EXTENT_BYTES))
      this.#extents = []
      this.#bytes = 0
      this.#overlaps = false
      await together(extents.length, atOnce, (index) => store(extents[index] as Extent))
    }
  }
}

async function store({ file, at, parts }: Extent): Promise<void> {
  const [first] = parts
  const data = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
  try {
    await writeRange(file, data, at, { occasion: file.occasion })
  } catch (error) {
    file.writeFailure ??= { error }
  }
}
