import { viewOf } from '../../bytes/utf16.ts'
import { SESSION_PACKET_HEADER_SIZE, SessionPacketType } from '../../wire/nbss/index.ts'
import type { MemoryBudget } from '../network/memory-budget.ts'
import type { FlowSink } from '../network/tcp-flow.ts'

/** Where a message began, or ended. */
export interface Place {
  frame: number
  timeNs: number
}

/** Who reads messages. Places are in the given memory, and valid during the call. */
export interface MessageSink {
  /**
   * How many bytes of the part of a message at `at` have to be in one piece, `have` of which are; `left` is what the
   * message has from there on. What it asks for is at most that.
   */
  wanted(view: DataView, at: number, have: number, left: number): number
  /**
   * The head of a part: as many bytes as `wanted` said, or fewer where the capture does not have them. Returns how long
   * the whole part is; what it has behind its head is passed over. `place` is where the head ends.
   */
  part(view: DataView, at: number, have: number, left: number, place: Place): number
  /** The message ends. `length` counts the session packet's header; `isWhole` tells that the capture has all of it. */
  message(first: Place, last: Place, length: number, isWhole: boolean): void
  /** A session packet of another type: its data, as far as they are wanted. */
  control(type: number, length: number, place: Place): void
  /** Where the next message begins is not known: this many bytes were not read so far. */
  lost(place: Place): void
}

/** The first four bytes of messages, less the first one: `SMB`. */
const S = 0x53
const MB = 0x424d
const firstBytes: readonly number[] = [0xfc, 0xfd, 0xfe, 0xff]
/** What a header of any version of SMB has. */
const smallestMessageBytes = 16
const magicBytes = 4

const nothing = new Uint8Array(0)
const smallestScratchBytes = 256
/** Memory beyond this is given back with the end of the message that it was for. */
const largeScratchBytes = 16 * 1024

export const isSmb = (view: DataView, at: number): boolean =>
  view.getUint8(at + 1) === S && view.getUint16(at + 2, true) === MB && firstBytes.includes(view.getUint8(at))

/**
 * Cuts the stream of a direction into messages without putting them together: the head of each part is made one piece
 * (or read where it is, if it is one), the rest counted. After a gap it looks for the next message.
 */
export class MessageScanner implements FlowSink {
  readonly #sink: MessageSink
  readonly #budget: MemoryBudget
  #scratch = nothing
  #scratchView = viewOf(nothing)
  #gathered = 0
  #need = SESSION_PACKET_HEADER_SIZE
  #isInMessage = false
  /** Bytes of the part that are passed over, and of the message after the place where the scanner is. */
  #skip = 0
  #left = 0
  #length = 0
  #isWhole = true
  #isLost = false
  #isControl = false
  readonly #first: Place = { frame: 0, timeNs: 0 }
  readonly #here: Place = { frame: 0, timeNs: 0 }

  /** `budget` is for heads that are put together, over all connections. */
  constructor(sink: MessageSink, budget: MemoryBudget) {
    this.#sink = sink
    this.#budget = budget
  }

  data(_bytes: Uint8Array, view: DataView, start: number, end: number, frame: number, timeNs: number): void {
    this.#here.frame = frame
    this.#here.timeNs = timeNs
    let at = start
    while (at < end) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at)
        at += skipped
        this.#skip -= skipped
        this.#left -= skipped
        if (this.#skip === 0) this.#partEnds()
      } else if (this.#isLost) {
        at = findMessage(view, at, end)
        if (at < end) this.#begin()
      } else if (this.#gathered === 0 && end - at >= this.#need) at = this.#inPlace(view, at, end)
      else at = this.#gather(view, at, end)
    }
  }

  gap(length: number, frame: number, timeNs: number): void {
    this.#here.frame = frame
    this.#here.timeNs = timeNs
    if (this.#isLost) return
    if (!this.#isInMessage) return this.#lose()
    this.#isWhole = false
    if (this.#gathered > 0) this.#readCutHead()
    if (length > this.#left) {
      // The message ends somewhere in the gap, and where the next one begins nobody knows.
      this.#messageEnds()
      return this.#lose()
    }
    this.#left -= length
    // Where the gap goes beyond the part, the heads of the parts behind it are not known either.
    this.#skip = length <= this.#skip ? this.#skip - length : this.#left
    if (this.#skip === 0) this.#partEnds()
  }

  /** Nothing more comes: a message of which the head was read ends here. */
  finish(): void {
    if (this.#isInMessage && !this.#isLost) this.gap(this.#left, this.#here.frame, this.#here.timeNs)
    this.#release()
  }

  /** Reads at `at`, where all that is needed is in one piece. Returns what comes after it. */
  #inPlace(view: DataView, at: number, end: number): number {
    for (;;) {
      const need = this.#need
      const consumed = this.#read(view, at)
      if (this.#isLost) return at
      if (consumed) return at + need
      if (end - at < this.#need) return at
    }
  }

  #gather(view: DataView, from: number, end: number): number {
    const taken = Math.min(this.#need - this.#gathered, end - from)
    if (!this.#makeRoom(this.#gathered + taken)) {
      // No memory is left: the rest of the message is treated as if it had not been captured.
      this.gap(taken, this.#here.frame, this.#here.timeNs)
      return from + taken
    }
    this.#scratch.set(new Uint8Array(view.buffer, view.byteOffset + from, taken), this.#gathered)
    this.#gathered += taken
    if (this.#gathered < this.#need) return from + taken
    const isConsumed = this.#read(this.#scratchView, 0)
    if (isConsumed || this.#isLost) this.#gathered = 0
    return from + taken
  }

  /** Reads what is needed; false if it turns out that more is. */
  #read(view: DataView, at: number): boolean {
    if (!this.#isInMessage) return this.#readPacketHeader(view, at)
    if (this.#left === this.#length && !this.#isControl && !isSmb(view, at)) {
      this.#lose()
      return false
    }
    const need = this.#need
    const wanted = Math.min(this.#left, this.#sink.wanted(view, at, need, this.#left))
    if (wanted > need) {
      this.#need = wanted
      return false
    }
    this.#takePart(view, at, need)
    return true
  }

  #takePart(view: DataView, at: number, have: number): void {
    const length = Math.min(this.#left, Math.max(have, this.#sink.part(view, at, have, this.#left, this.#here)))
    this.#left -= have
    this.#skip = length - have
    this.#gathered = 0
    if (this.#skip === 0) this.#partEnds()
  }

  /** RFC 1002 4.3.1, MS-SMB2 2.1. */
  #readPacketHeader(view: DataView, at: number): boolean {
    const type = view.getUint8(at)
    const length = view.getUint32(at, false) & 0xff_ffff
    this.#first.frame = this.#here.frame
    this.#first.timeNs = this.#here.timeNs
    if (type !== SessionPacketType.SESSION_MESSAGE) {
      const isKnown = type >= SessionPacketType.SESSION_REQUEST && type <= SessionPacketType.SESSION_KEEP_ALIVE
      if (!isKnown || length > 0xffff) {
        this.#lose()
        return false
      }
      this.#sink.control(type, length, this.#here)
      this.#isControl = true
    }
    if (type === SessionPacketType.SESSION_MESSAGE && length < smallestMessageBytes && length > 0) {
      this.#lose()
      return false
    }
    this.#length = length
    this.#left = length
    this.#isWhole = true
    if (length === 0) {
      this.#isControl = false
      return true
    }
    this.#isInMessage = true
    if (this.#isControl) this.#skip = length
    else this.#need = magicBytes
    return true
  }

  /** The head has fewer bytes than were wanted. */
  #readCutHead(): void {
    const have = this.#gathered
    const isMagic = have >= magicBytes && (this.#left < this.#length || isSmb(this.#scratchView, 0))
    if (!isMagic) {
      this.#left -= have
      this.#skip = this.#left
      this.#gathered = 0
      return
    }
    const length = Math.min(
      this.#left,
      Math.max(have, this.#sink.part(this.#scratchView, 0, have, this.#left, this.#here)),
    )
    this.#left -= have
    this.#skip = length - have
    this.#gathered = 0
  }

  #partEnds(): void {
    if (this.#left === 0) this.#messageEnds()
    // Too little for a header of any kind: nobody is asked what it is.
    else if (this.#left < magicBytes) this.#skip = this.#left
    else this.#need = magicBytes
  }

  #messageEnds(): void {
    const isControl = this.#isControl
    this.#begin()
    if (this.#scratch.length > largeScratchBytes) this.#release()
    if (!isControl)
      this.#sink.message(this.#first, this.#here, this.#length + SESSION_PACKET_HEADER_SIZE, this.#isWhole)
  }

  /** At the beginning of a session packet. */
  #begin(): void {
    this.#isLost = false
    this.#isControl = false
    this.#isInMessage = false
    this.#need = SESSION_PACKET_HEADER_SIZE
    this.#gathered = 0
    this.#skip = 0
    this.#left = 0
  }

  #lose(): void {
    this.#begin()
    this.#isLost = true
    this.#sink.lost(this.#here)
  }

  #makeRoom(bytes: number): boolean {
    if (bytes <= this.#scratch.length) return true
    const size = Math.max(bytes, smallestScratchBytes, Math.min(this.#need, this.#scratch.length * 2))
    if (!this.#budget.take(size - this.#scratch.length)) return false
    const larger = new Uint8Array(size)
    larger.set(this.#scratch.subarray(0, this.#gathered))
    this.#scratch = larger
    this.#scratchView = viewOf(larger)
    return true
  }

  #release(): void {
    this.#budget.giveBack(this.#scratch.length)
    this.#scratch = nothing
    this.#scratchView = viewOf(nothing)
  }
}

/** Where a session packet with a message of SMB begins, from `from` on; `end` if there is none. */
export function findMessage(view: DataView, from: number, end: number): number {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, end)
  for (let at = bytes.indexOf(S, from + SESSION_PACKET_HEADER_SIZE + 1); at >= 0; at = bytes.indexOf(S, at + 1)) {
    const start = at - SESSION_PACKET_HEADER_SIZE - 1
    if (at + 3 > end) return end
    if (bytes[start] === 0 && isSmb(view, at - 1) && (view.getUint32(start, false) & 0xff_ffff) >= smallestMessageBytes)
      return start
  }
  return end
}
