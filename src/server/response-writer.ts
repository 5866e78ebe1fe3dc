import type { Signer } from '../crypto/signing.ts'
import { compressMessage } from '../protocol/compression/compress-message.ts'
import { SEALING_BYTES, sealMessage } from '../protocol/transform.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Struct } from '../wire/schema/index.ts'
import { Command, ErrorResponse, HeaderFlags, Smb2AsyncHeader, Smb2Header } from '../wire/smb2/index.ts'
import type { Reply } from './reply.ts'
import type { Request } from './request.ts'
import type { Session } from './session.ts'

const FRAME_HEADER_BYTES = 4
const SMB2_HEADER_BYTES = 64
const SIGNATURE_OFFSET = 48

/** One answer, ready to be written. */
export interface Outgoing {
  readonly request: Request
  readonly reply: Reply | Failure
  readonly credits: number
  /** An interim answer is neither signed (MS-SMB2 3.3.4.1.1) nor the last for its request. */
  readonly interim?: boolean
  /** Sees the encoded message (for the pre-authentication hash). */
  readonly onEncoded?: (message: Uint8Array) => void
}

/** A frame as it goes out. */
export interface Frame {
  readonly parts: readonly Uint8Array[]
  /** To be called when the parts have been sent. */
  readonly release?: () => void
}

/** Writes one frame with an answer, or the answers of a chain; signed, compressed and sealed as each asks for. */
export function writeResponses(outgoing: readonly Outgoing[], sealFor: Session | undefined): Frame {
  const first = outgoing[0] as Outgoing
  const ready = outgoing.length === 1 && !failed(first.reply) ? first.reply.frame : undefined
  if (ready !== undefined) {
    const message = ready.bytes.subarray(ready.headerAt, ready.dataEnd)
    writeMessage(message, first, message.length, sealFor !== undefined, false)
    tell(first, message)
    const other = transformed(outgoing, message, ready.dataAt - ready.headerAt, sealFor)
    if (other !== undefined) {
      ready.release()
      return other
    }
    writeFrameLength(ready.bytes, ready.headerAt - FRAME_HEADER_BYTES, message.length)
    const part = ready.bytes.subarray(ready.headerAt - FRAME_HEADER_BYTES, ready.dataEnd)
    return { parts: [part], release: () => ready.release() }
  }
  let total = 0
  const sizes: number[] = []
  for (let i = 0; i < outgoing.length; i++) {
    const size = SMB2_HEADER_BYTES + bodySize((outgoing[i] as Outgoing).reply)
    // The messages of a chain are padded to a multiple of 8, as Windows does also with the last (MS-SMB2 3.3.4.1.3).
    const padded = outgoing.length > 1 ? (size + 7) & ~7 : size
    sizes.push(padded)
    total += padded
  }
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + total)
  let at = FRAME_HEADER_BYTES
  for (let i = 0; i < outgoing.length; i++) {
    const size = sizes[i] as number
    writeMessage(
      frame.subarray(at, at + size),
      outgoing[i] as Outgoing,
      size,
      sealFor !== undefined,
      i < outgoing.length - 1,
    )
    at += size
  }
  // What was read for a chain has been copied into its frame.
  for (const { reply } of outgoing) if (!failed(reply)) reply.frame?.release()
  tell(first, frame.subarray(FRAME_HEADER_BYTES))
  const other = transformed(outgoing, frame.subarray(FRAME_HEADER_BYTES), 0, sealFor)
  if (other !== undefined) return other
  writeFrameLength(frame, 0, total)
  return { parts: [frame] }
}

function tell({ request: { connection } }: Outgoing, message: Uint8Array): void {
  connection.server.observeMessage(connection.transport.remote, 'server', message)
}

/** The frame of a message that does not go out as it is: first compressed, then sealed (MS-SMB2 3.3.4.1.5). */
function transformed(
  outgoing: readonly Outgoing[],
  message: Uint8Array,
  plainBytes: number,
  sealFor: Session | undefined,
): Frame | undefined {
  const small = outgoing.some(({ request }) => request.compressReply)
    ? compressed(outgoing, message, plainBytes)
    : undefined
  if (sealFor === undefined) return small
  if (small === undefined) return sealed(sealFor, message)
  const frame = sealed(sealFor, (small.parts[0] as Uint8Array).subarray(FRAME_HEADER_BYTES))
  small.release?.()
  return frame
}

/** Undefined where the client cannot read it, or nothing is gained. */
function compressed(outgoing: readonly Outgoing[], message: Uint8Array, plainBytes: number): Frame | undefined {
  const { negotiated, server } = (outgoing[0] as Outgoing).request.connection
  if (negotiated?.compression === undefined) return undefined
  const buffer = server.buffers.take(FRAME_HEADER_BYTES + message.length)
  const room = buffer.subarray(FRAME_HEADER_BYTES)
  const length = compressMessage(message, plainBytes, negotiated.compression, room)
  const release = (): void => server.buffers.give(buffer)
  if (length === undefined) {
    release()
    return undefined
  }
  writeFrameLength(buffer, 0, length)
  return { parts: [buffer.subarray(0, FRAME_HEADER_BYTES + length)], release }
}

/** What an answer takes in a frame, about. */
export const answerBytes = ({ reply }: Outgoing): number => SMB2_HEADER_BYTES + bodySize(reply)

function bodySize(reply: Reply | Failure): number {
  return failed(reply) ? ErrorResponse.size + 1 : reply.body.sizeOfEncoded(reply.value as never, SMB2_HEADER_BYTES)
}

function writeMessage(message: Uint8Array, out: Outgoing, size: number, isSealed: boolean, hasNext: boolean): void {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const { request, reply } = out
  const status = reply.status
  const session = request.maybeSession
  const signer = isSealed || out.interim === true ? undefined : signerOf(request, status)
  let flags = HeaderFlags.SERVER_TO_REDIR
  if (request.isRelated) flags |= HeaderFlags.RELATED_OPERATIONS
  if (signer !== undefined) flags |= HeaderFlags.SIGNED
  const common = {
    creditCharge: request.header.creditCharge,
    status,
    command: request.command,
    credits: out.credits,
    nextCommand: hasNext ? size : 0,
    messageId: request.messageId,
    sessionId: session?.id ?? request.sessionId,
    signature: NO_SIGNATURE,
  }
  if (request.asyncId !== undefined)
    Smb2AsyncHeader.encodeInto(view, 0, {
      ...common,
      flags: flags | HeaderFlags.ASYNC_COMMAND,
      asyncId: request.asyncId,
    })
  else Smb2Header.encodeInto(view, 0, { ...common, flags, treeId: request.maybeTree?.id ?? request.treeId })
  let end: number
  if (failed(reply)) end = ErrorResponse.encodeInto(view, SMB2_HEADER_BYTES, EMPTY_ERROR, 0)
  else end = reply.body.encodeInto(view, SMB2_HEADER_BYTES, reply.value as never, 0)
  if (end < size) message.fill(0, end, size)
  if (signer !== undefined)
    message.set(
      signer.sign([message], { messageId: request.messageId, fromServer: true, isCancel: false }),
      SIGNATURE_OFFSET,
    )
  out.onEncoded?.(message)
}

/** MS-SMB2 3.3.4.1.1, and 3.3.5.5.3 for the answer that completes a logon. */
function signerOf(request: Request, status: NtStatus): Signer | undefined {
  const { channel } = request
  if (channel?.signer === undefined) return undefined
  const must =
    request.isSigned ||
    (request.command === Command.SESSION_SETUP ? status === NtStatus.SUCCESS : channel.session.signingRequired)
  return must ? channel.signer : undefined
}

/** What the server sends of itself. */
export interface Unsolicited {
  readonly command: Command
  readonly body: Struct<unknown, never>
  readonly value: unknown
  /** What the header says. */
  readonly sessionId: bigint
  /** Whose session it is; it is sealed where that wants it. */
  readonly session: Session
}

/** A message that answers no request (MS-SMB2 3.3.4.1): its id is all ones, it brings no credits and is not signed. */
export function writeUnsolicited({ command, body, value, sessionId, session }: Unsolicited, remote: string): Frame {
  const size = SMB2_HEADER_BYTES + body.sizeOfEncoded(value as never, SMB2_HEADER_BYTES)
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + size)
  const message = frame.subarray(FRAME_HEADER_BYTES)
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  Smb2Header.encodeInto(view, 0, {
    creditCharge: 0,
    status: NtStatus.SUCCESS,
    command,
    credits: 0,
    flags: HeaderFlags.SERVER_TO_REDIR,
    nextCommand: 0,
    messageId: NO_MESSAGE_ID,
    treeId: 0,
    sessionId,
    signature: NO_SIGNATURE,
  })
  body.encodeInto(view, SMB2_HEADER_BYTES, value as never, 0)
  session.server.observeMessage(remote, 'server', message)
  if (session.encryptData) return sealed(session, message)
  writeFrameLength(frame, 0, size)
  return { parts: [frame] }
}

const NO_MESSAGE_ID = 0xffff_ffff_ffff_ffffn
const NO_SIGNATURE = new Uint8Array(16)
const EMPTY_ERROR = { errorData: new Uint8Array(0) }

function sealed(session: Session, message: Uint8Array): Frame {
  const sealer = session.keys?.sealer
  if (sealer === undefined) throw new Error('a sealed session without a sealing key')
  const pool = session.server.buffers
  const length = SEALING_BYTES + message.length
  const buffer = pool.take(FRAME_HEADER_BYTES + length)
  writeFrameLength(buffer, 0, length)
  sealMessage(
    buffer.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length),
    [message],
    session.id,
    session.nextNonce(sealer.nonceLength),
    sealer,
  )
  return { parts: [buffer.subarray(0, FRAME_HEADER_BYTES + length)], release: () => pool.give(buffer) }
}

function writeFrameLength(frame: Uint8Array, at: number, length: number): void {
  frame[at] = 0
  frame[at + 1] = length >>> 16
  frame[at + 2] = (length >>> 8) & 0xff
  frame[at + 3] = length & 0xff
}
