type Action = () => void

const FIRST_REFERENT_ID = 0x0002_0000

/** More parameters than the writer was allowed. */
export class NdrTooLarge extends Error {}

/** Writes NDR 2.0; the counterpart of `NdrReader`. */
export class NdrWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  #deferred: Action[] = []
  #nextReferentId = FIRST_REFERENT_ID
  #full: Map<unknown, number> | undefined
  readonly #maxBytes: number

  /** @param maxBytes More than this is `NdrTooLarge`. */
  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes
  }

  get view(): DataView {
    return this.#view
  }

  get length(): number {
    return this.#length
  }

  /** What was written; valid until something more is. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  align(to: number): void {
    const past = this.#length % to
    if (past !== 0) this.reserve(to - past)
  }

  /** Room for `length` bytes, zero; gives where they start. */
  reserve(length: number): number {
    const at = this.#length
    const end = at + length
    if (end > this.#maxBytes) throw new NdrTooLarge(`more than ${this.#maxBytes} bytes of parameters`)
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#length = end
    return at
  }

  /** Aligned room for a primitive. */
  next(size: number): number {
    this.align(size)
    return this.reserve(size)
  }

  u32(value: number): void {
    const at = this.next(4)
    this.#view.setUint32(at, value, true)
  }

  bytes(value: Uint8Array): void {
    const at = this.reserve(value.length)
    this.#bytes.set(value, at)
  }

  /** A referent id that no other pointer of the call has. */
  referentId(): number {
    const id = this.#nextReferentId
    this.#nextReferentId += 4
    return id
  }

  /** The id of a full pointer's target, and whether the target still has to be written. */
  sharedId(target: unknown): { id: number; first: boolean } {
    const isObject = typeof target === 'object' && target !== null
    const known = isObject ? this.#full?.get(target) : undefined
    if (known !== undefined) return { id: known, first: false }
    const id = this.referentId()
    if (isObject) {
      this.#full ??= new Map()
      this.#full.set(target, id)
    }
    return { id, first: true }
  }

  defer(action: Action): void {
    this.#deferred.push(action)
  }

  run(action: Action): void {
    const outer = this.#deferred
    const mine: Action[] = []
    this.#deferred = mine
    action()
    for (const next of mine) this.run(next)
    this.#deferred = outer
  }
}
