import { viewOf } from '../bytes/utf16.ts'
import type { BufferPool } from '../protocol/buffer-pool.ts'
import { SEALING_BYTES, sealMessage } from '../protocol/transform.ts'
import { Command, HeaderFlags, Smb2AsyncHeader, Smb2Header } from '../wire/smb2/index.ts'
import { type Call, FRAME_HEADER_BYTES } from './call.ts'
import type { BoundSession } from './session.ts'

/** In whose name, and how, requests go out. */
export interface Context {
  /** Absent before the logon. */
  readonly bound?: BoundSession
  /** Where there is no session with keys yet. */
  readonly sessionId?: bigint
  readonly treeId?: number
  readonly seals: boolean
  /** Signed also where the session does not sign. */
  readonly signsAlways?: boolean
  /** Further flags of every header (DFS_OPERATIONS). */
  readonly flags?: number
  /** Of dialects 3.x; counts the connections that were lost (MS-SMB2 2.2.1.2). */
  readonly channelSequence?: number
}

/** What is known of a request when it leaves. */
export interface Numbered {
  readonly call: Pick<Call<unknown>, 'command' | 'frame' | 'data' | 'flags' | 'isWhole'>
  readonly messageId: number
  readonly charge: number
  readonly credits: number
}

const SIGNATURE_AT = 48
const CHAIN_ALIGNMENT = 8
const NO_SIGNATURE = new Uint8Array(16)
const PADDING = [0, 1, 2, 3, 4, 5, 6, 7].map((length) => new Uint8Array(length))

/** A frame for the transport, in pieces that follow each other. */
export interface OutgoingFrame {
  readonly parts: readonly Uint8Array[]
  /** The messages in it, without sealing. */
  readonly messages: readonly Uint8Array[]
  /** To be called when the transport has taken it. */
  readonly release?: () => void
}

/** Headers, padding, signatures: requests of one context as one frame, sealed where it is to be. */
export function encodeFrame(requests: readonly Numbered[], context: Context, pool: BufferPool): OutgoingFrame {
  const messages: Uint8Array[] = []
  requests.forEach((request, index) => {
    const { frame, data } = request.call
    const header = frame.subarray(FRAME_HEADER_BYTES)
    const length = header.length + (data?.length ?? 0)
    const isLast = index === requests.length - 1
    const pad = isLast ? 0 : -length & (CHAIN_ALIGNMENT - 1)
    if (request.call.isWhole !== true)
      writeHeader(header, request, context, { related: index > 0, nextCommand: isLast ? 0 : length + pad })
    const parts = [header, ...(data === undefined ? [] : [data]), ...(pad === 0 ? [] : [PADDING[pad] as Uint8Array])]
    if (signs(context)) sign(parts, request, context)
    messages.push(...parts)
  })
  return context.seals ? sealed(messages, context, pool) : plain(requests, messages)
}

const total = (parts: readonly Uint8Array[]): number => {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

/** What is no longer than this goes out in one piece: each piece costs the socket more than to copy so much. */
const JOINED_BYTES = 16 * 1024

/** The transport's length goes before the first message, where there is room for it. */
function plain(requests: readonly Numbered[], messages: readonly Uint8Array[]): OutgoingFrame {
  const first = (requests[0] as Numbered).call.frame
  const length = total(messages)
  viewOf(first).setUint32(0, length, false)
  const parts = [first, ...messages.slice(1)]
  if (parts.length === 1 || length > JOINED_BYTES) return { parts, messages }
  return { parts: [Buffer.concat(parts, FRAME_HEADER_BYTES + length)], messages }
}

function sealed(messages: readonly Uint8Array[], context: Context, pool: BufferPool): OutgoingFrame {
  const session = context.bound?.session
  if (session?.sealer === undefined) throw new Error('nothing to seal with')
  const { sealer } = session
  const length = SEALING_BYTES + total(messages)
  const buffer = pool.take(FRAME_HEADER_BYTES + length)
  const frame = buffer.subarray(0, FRAME_HEADER_BYTES + length)
  viewOf(frame).setUint32(0, length, false)
  sealMessage(frame.subarray(FRAME_HEADER_BYTES), messages, session.id, session.nextNonce(sealer.nonceLength), sealer)
  return { parts: [frame], messages, release: () => pool.give(buffer) }
}

/** Whether requests are signed: sealed ones are not (MS-SMB2 3.2.4.1.1). */
export const signs = ({ bound, seals, signsAlways }: Context): boolean =>
  !seals && bound?.signer !== undefined && (bound.session.signs || signsAlways === true)

function writeHeader(
  message: Uint8Array,
  { call, messageId, charge, credits }: Numbered,
  context: Context,
  place: { readonly related: boolean; readonly nextCommand: number },
): void {
  let flags = (call.flags ?? 0) | (context.flags ?? 0)
  if (place.related) flags |= HeaderFlags.RELATED_OPERATIONS
  if (signs(context)) flags |= HeaderFlags.SIGNED
  Smb2Header.encodeInto(viewOf(message), 0, {
    creditCharge: charge,
    status: context.channelSequence ?? 0,
    command: call.command,
    credits,
    flags: flags >>> 0,
    nextCommand: place.nextCommand,
    messageId: BigInt(messageId),
    treeId: context.treeId ?? 0,
    sessionId: context.bound?.session.id ?? context.sessionId ?? 0n,
    signature: NO_SIGNATURE,
  })
}

function sign(parts: readonly Uint8Array[], { call, messageId }: Numbered, { bound }: Context): void {
  const isCancel = call.command === Command.CANCEL
  const signature = bound?.signer?.sign(parts, { messageId: BigInt(messageId), fromServer: false, isCancel })
  if (signature !== undefined) (parts[0] as Uint8Array).set(signature, SIGNATURE_AT)
}

/** CANCEL of a request: by its async id once the server has told one, else by its message id (MS-SMB2 3.2.4.24). */
export function encodeCancel(
  frame: Uint8Array,
  target: { readonly messageId: number; readonly asyncId: bigint | undefined },
  context: Context,
  pool: BufferPool,
): OutgoingFrame {
  const request = { call: { command: Command.CANCEL, frame }, messageId: target.messageId, charge: 0, credits: 0 }
  if (target.asyncId === undefined) return encodeFrame([request], context, pool)
  const message = frame.subarray(FRAME_HEADER_BYTES)
  Smb2AsyncHeader.encodeInto(viewOf(message), 0, {
    command: Command.CANCEL,
    credits: 0,
    flags: (HeaderFlags.ASYNC_COMMAND | (signs(context) ? HeaderFlags.SIGNED : 0)) >>> 0,
    messageId: BigInt(target.messageId),
    asyncId: target.asyncId,
    sessionId: context.bound?.session.id ?? context.sessionId ?? 0n,
    signature: NO_SIGNATURE,
  })
  if (signs(context)) sign([message], request, context)
  return context.seals ? sealed([message], context, pool) : plain([request], [message])
}
