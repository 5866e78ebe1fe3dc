import type { FlowSink } from '../network/tcp-flow.ts'

/** Bytes of messages that are put together at a time, over all connections; above it messages are cut. */
const maxAssembledBytes = 256 * 1024 * 1024

/** How much of `maxAssembledBytes` is in use. */
export interface AssemblyBudget {
  used: number
}

/** How a stream is cut into messages. */
export interface Framing {
  /** Bytes that tell how long a message is. */
  readonly headerBytes: number
  /** Of the whole message, header included; undefined where no message can begin so. */
  lengthOf(header: DataView): number | undefined
  /** Where the next message begins, from `from` on, after the stream was lost; `end` where none does. */
  find(view: DataView, from: number, end: number): number
}

/** A message of the stream, its header included. `isWhole` is false where bytes are missing: it ends before them. */
type MessageTaker = (bytes: Uint8Array, isWhole: boolean, frame: number, timeNs: number) => void

/** Puts the messages of one direction together, whole: for who looks into them, and not for who hurries. */
export class MessageAssembler implements FlowSink {
  readonly #framing: Framing
  readonly #take: MessageTaker
  readonly #budget: AssemblyBudget
  #kept: Uint8Array = new Uint8Array(0)
  #keptBytes = 0
  /** Of the message that is read; 0 while its header is not known. */
  #length = 0
  /** Bytes of it that have gone by. */
  #seen = 0
  #isCut = false
  #isLost = false

  constructor(framing: Framing, budget: AssemblyBudget, take: MessageTaker) {
    this.#framing = framing
    this.#budget = budget
    this.#take = take
  }

  data(bytes: Uint8Array, view: DataView, start: number, end: number, frame: number, timeNs: number): void {
    for (let at = start; at < end; ) {
      if (this.#isLost) {
        at = this.#framing.find(view, at, end)
        if (at >= end) return
        this.#isLost = false
      }
      const wanted = this.#length === 0 ? this.#framing.headerBytes - this.#seen : this.#length - this.#seen
      const taken = Math.min(wanted, end - at)
      this.#keep(bytes, at, taken)
      at += taken
      if (this.#length === 0 && this.#seen === this.#framing.headerBytes && !this.#begin()) continue
      if (this.#length > 0 && this.#seen === this.#length) this.#finish(frame, timeNs)
    }
  }

  gap(length: number, frame: number, timeNs: number): void {
    if (this.#isLost) return
    this.#isCut = true
    this.#seen += length
    if (this.#length === 0 || this.#seen > this.#length) {
      if (this.#length > 0) this.#finish(frame, timeNs)
      this.#lose()
    } else if (this.#seen === this.#length) this.#finish(frame, timeNs)
  }

  #keep(bytes: Uint8Array, at: number, count: number): void {
    this.#seen += count
    if (this.#isCut) return
    if (this.#keptBytes + count > this.#kept.length && !this.#grow(this.#keptBytes + count)) {
      this.#isCut = true
      return
    }
    this.#kept.set(bytes.subarray(at, at + count), this.#keptBytes)
    this.#keptBytes += count
  }

  /** Room doubles as data arrive: a length alone, which anybody can write, takes none. */
  #grow(bytes: number): boolean {
    const room = Math.max(bytes, this.#kept.length * 2, 256)
    if (this.#budget.used + room - this.#kept.length > maxAssembledBytes) return false
    this.#budget.used += room - this.#kept.length
    const larger = new Uint8Array(room)
    larger.set(this.#kept.subarray(0, this.#keptBytes))
    this.#kept = larger
    return true
  }

  /** The header is there. False if it is none. */
  #begin(): boolean {
    const length = this.#framing.lengthOf(new DataView(this.#kept.buffer, 0, this.#framing.headerBytes))
    if (length === undefined) {
      this.#lose()
      return false
    }
    this.#length = Math.max(length, this.#framing.headerBytes)
    return true
  }

  #finish(frame: number, timeNs: number): void {
    const bytes = this.#kept.subarray(0, this.#keptBytes)
    const isWhole = !this.#isCut
    this.#reset()
    this.#take(bytes, isWhole, frame, timeNs)
  }

  #lose(): void {
    this.#reset()
    this.#isLost = true
  }

  /** Whoever took the message may keep its bytes. */
  #reset(): void {
    this.#budget.used -= this.#kept.length
    this.#kept = new Uint8Array(0)
    this.#keptBytes = 0
    this.#length = 0
    this.#seen = 0
    this.#isCut = false
  }
}
