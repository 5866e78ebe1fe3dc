/** A piece of a file, from a multiple of `BLOCK_BYTES` on. A shorter one is the file's last. */
export interface Block {
  readonly index: number
  readonly data: Uint8Array
  readonly owner: BlockOwner
}

export interface BlockOwner {
  /** It is kept no longer: others were used since. */
  evicted(block: Block): void
}

/** One READ of one credit. */
export const BLOCK_BYTES = 64 * 1024

/** What is kept of the data of all files, at most so many bytes: what was not used for longest goes first. */
export class BlockStore {
  readonly #maxBytes: number
  /** The one that was used last comes last. */
  readonly #blocks = new Set<Block>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  add(block: Block): void {
    this.#blocks.add(block)
    this.#bytes += block.data.length
    for (const oldest of this.#blocks) {
      if (this.#bytes <= this.#maxBytes) return
      this.remove(oldest)
      oldest.owner.evicted(oldest)
    }
  }

  used(block: Block): void {
    this.#blocks.delete(block)
    this.#blocks.add(block)
  }

  remove(block: Block): void {
    if (this.#blocks.delete(block)) this.#bytes -= block.data.length
  }
}
