import { bytesOf, viewOf } from '../bytes/utf16.ts'
import type { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Struct } from '../wire/schema/index.ts'
import { type Command, commandName, SMB2_HEADER_SIZE, Smb2Header } from '../wire/smb2/index.ts'
import type { Occasion } from './errors.ts'

/** The transport's length before each frame (MS-SMB2 2.1). */
export const FRAME_HEADER_BYTES = 4
/** Where the body begins in what `encodeCall` gives. */
const BODY_AT = FRAME_HEADER_BYTES + SMB2_HEADER_SIZE

/** A request, and what is to become of its answer. It may be sent again: nothing of it is used up. */
export interface Call<T> {
  readonly command: Command
  /** From `encodeCall`: room for the transport's length and the header, then the body. */
  readonly frame: Uint8Array
  /** The frame holds a whole message of another protocol: nothing of it is filled in but the transport's length. */
  readonly isWhole?: boolean
  /** Follows the frame; it must not change before the call is over. */
  readonly data?: Uint8Array
  /** Bytes of the largest answer; a request pays credits for it beforehand. */
  readonly answerBytes?: number
  /** Statuses beside success whose answers go to `read`, too. */
  readonly accepts?: readonly NtStatus[]
  /** Nobody waits for the answer: it keeps no process alive. */
  readonly isBackground?: boolean
  /** Further flags of the header. */
  readonly flags?: number
  readonly occasion?: Occasion
  /** Takes what is needed from the answer, whose bytes are gone when it returns, unless it keeps them. */
  read(answer: Answer): T
  /** What is to be done with an answer that comes after the caller has given up. */
  late?(value: T): void
}

/** Requests lie one after the other in pieces of memory: one of its own for each would cost more than to fill it. */
const PIECE_BYTES = 16 * 1024
let piece = new ArrayBuffer(0)
let used = 0

/** Zeros. */
function room(size: number): Uint8Array {
  if (size > PIECE_BYTES / 4) return new Uint8Array(size)
  if (used + size > piece.byteLength) {
    piece = new ArrayBuffer(PIECE_BYTES)
    used = 0
  }
  const bytes = new Uint8Array(piece, used, size)
  used += size
  return bytes
}

/** Encodes a body by its declaration, with room for what stands before it. */
export function encodeCall<T, I>(body: Struct<T, I>, value: NoInfer<I>): Uint8Array {
  const size = BODY_AT + body.sizeOfEncoded(value, SMB2_HEADER_SIZE)
  const frame = room(size)
  body.encodeInto(viewOf(frame), BODY_AT, value, FRAME_HEADER_BYTES)
  return frame
}

/** `READ of 'film.mkv'`: what is under way, for people. */
export function stepOf(call: Pick<Call<unknown>, 'command' | 'occasion'>): string {
  const { operation, path } = call.occasion ?? {}
  const name = commandName(call.command)
  const within = operation === undefined ? '' : ` in ${operation}`
  return path === undefined ? `${name}${within}` : `${name} of '${path}'${within}`
}

/** The buffer of one frame, which is used for others when nobody has any of its bytes any more. */
export class FrameLoan {
  #holders = 0
  #over: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  /** Settles when all who have taken it have given it back; undefined where nobody has. */
  get over(): Promise<void> | undefined {
    return this.#over?.promise
  }

  /** To be called once: gives it back. */
  take(): () => void {
    this.#over ??= Promise.withResolvers<void>()
    this.#holders++
    return () => {
      if (--this.#holders === 0) this.#over?.resolve()
    }
  }
}

/** An answer, as it lies in the buffer that it was received in. */
export class Answer {
  readonly message: Uint8Array
  readonly view: DataView
  readonly header: Smb2Header
  readonly #frame: FrameLoan

  constructor(message: Uint8Array, view: DataView, header: Smb2Header, frame: FrameLoan) {
    this.message = message
    this.view = view
    this.header = header
    this.#frame = frame
  }

  /** Keeps its bytes where they are until what this gives is called, once. */
  keep(): () => void {
    return this.#frame.take()
  }

  get status(): NtStatus {
    return this.header.status
  }

  /** @throws WireError */
  body<T, I>(declaration: Struct<T, I>): T {
    return declaration.decode(this.view, SMB2_HEADER_SIZE, this.message.length, 0)
  }
}

/** Reads the header of `message`, which lies in `frame`, without a copy. @throws WireError */
export function answerOf(message: Uint8Array, frame: FrameLoan): Answer {
  const view = viewOf(message)
  // No Buffer, whose `slice` would not copy.
  return new Answer(bytesOf(view), view, Smb2Header.decode(view), frame)
}
