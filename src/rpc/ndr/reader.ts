import { WireError } from '../../bytes/errors.ts'
import { bytesOf } from '../../bytes/utf16.ts'
import { turn } from '../../wire/dcerpc/index.ts'

const SPEC = 'C706 14'

/** What one call's parameters may cost whoever reads them. */
export interface NdrLimits {
  /** Pointers that lead to pointers. */
  readonly maxDepth: number
  /** Array elements of all arrays together (bytes and characters of strings do not count). */
  readonly maxElements: number
}

export const defaultNdrLimits: NdrLimits = { maxDepth: 64, maxElements: 262_144 }

type Action = () => void

interface Shared {
  found: boolean
  value: unknown
  readonly waiting: ((value: never) => void)[]
}

/**
 * Reads NDR 2.0 (C706 chapter 14). Alignment counts from the first byte of the view. A pointer inside a structure or
 * array is followed when that is over: its target is put off with `defer`, and `run` reads what was put off.
 *
 * What has the high byte first is turned in its place when it is taken: whoever reads it, reads little-endian.
 */
export class NdrReader {
  readonly view: DataView
  readonly end: number
  at = 0
  readonly #limits: NdrLimits
  #deferred: Action[] = []
  #depth = 0
  #elements = 0
  #full: Map<number, Shared> | undefined
  readonly #isBigEndian: boolean

  /** `isBigEndian`: the bytes are changed. */
  constructor(view: DataView, limits: NdrLimits = defaultNdrLimits, isBigEndian = false) {
    this.view = view
    this.#isBigEndian = isBigEndian
    this.end = view.byteLength
    this.#limits = limits
  }

  error(what: string, problem: string): WireError {
    return new WireError(what, this.at, SPEC, problem)
  }

  get left(): number {
    return this.end - this.at
  }

  align(to: number): void {
    const past = this.at % to
    if (past !== 0) this.at += to - past
  }

  /** Aligns, makes sure of an integer of `size` bytes, and gives where it starts. */
  next(size: number, what: string): number {
    this.align(size)
    const at = this.take(size, what)
    if (this.#isBigEndian) turn(this.view, at, [size])
    return at
  }

  /** The start of `length` bytes, which are integers of `sizes`. */
  takeIntegers(length: number, sizes: readonly number[], what: string): number {
    const at = this.take(length, what)
    if (this.#isBigEndian) turn(this.view, at, sizes)
    return at
  }

  /** The start of `count` characters of UTF-16. */
  takeText(count: number, what: string): number {
    const at = this.take(count * 2, what)
    if (this.#isBigEndian) for (let i = 0; i < count; i++) turn(this.view, at + i * 2, [2])
    return at
  }

  /** The start of `length` bytes that are there. */
  take(length: number, what: string): number {
    if (length > this.left) throw this.error(what, `needs ${length} bytes, has ${Math.max(0, this.left)}`)
    const at = this.at
    this.at += length
    return at
  }

  u32(what: string): number {
    return this.view.getUint32(this.next(4, what), true)
  }

  /** A copy: the bytes outlive the packet. */
  bytes(length: number, what: string): Uint8Array {
    const at = this.take(length, what)
    return bytesOf(this.view, at, at + length).slice()
  }

  /** Refuses a number of elements that cannot be there, before anything is made for them. */
  checkCount(count: number, minSize: number, what: string): void {
    if (count * minSize > this.left) throw this.error(what, `${count} elements do not fit the ${this.left} bytes left`)
  }

  /** Counts elements against the limit of the whole call. */
  spend(count: number, what: string): void {
    this.#elements += count
    if (this.#elements > this.#limits.maxElements)
      throw this.error(what, `more than ${this.#limits.maxElements} elements`)
  }

  /** Puts off what a pointer leads to until the construct that has the pointer is over. */
  defer(action: Action): void {
    this.#deferred.push(action)
  }

  /** Reads a construct and then, in their order, what its pointers lead to. */
  run(action: Action): void {
    const outer = this.#deferred
    const mine: Action[] = []
    this.#deferred = mine
    if (++this.#depth > this.#limits.maxDepth)
      throw this.error('pointer', `pointers lead deeper than ${this.#limits.maxDepth}`)
    action()
    for (const next of mine) this.run(next)
    this.#depth--
    this.#deferred = outer
  }

  /**
   * A full pointer: the first with an id brings its target, the others mean the same one (C706 14.3.10).
   * `read` reads the target and hands it on.
   */
  shared<T>(id: number, set: (value: T) => void, read: (set: (value: T) => void) => void): void {
    this.#full ??= new Map()
    const known = this.#full.get(id)
    if (known === undefined) {
      const shared: Shared = { found: false, value: undefined, waiting: [] }
      this.#full.set(id, shared)
      this.defer(() =>
        read((value) => {
          shared.found = true
          shared.value = value
          set(value)
          for (const waiting of shared.waiting) waiting(value as never)
        }),
      )
    } else if (known.found) set(known.value as T)
    else known.waiting.push(set)
  }
}
