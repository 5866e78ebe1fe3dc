import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { Sealer } from '../../src/crypto/sealing.ts'
import type { Signer } from '../../src/crypto/signing.ts'
import type { Struct } from '../../src/wire/schema/index.ts'
import {
  Command,
  HeaderFlags,
  Smb2AsyncHeader,
  Smb2Header,
  TRANSFORM_HEADER_SIZE,
  TransformHeader,
} from '../../src/wire/smb2/index.ts'

export const HEADER_BYTES = 64
const SIGNATURE_AT = 48
const NEXT_COMMAND_AT = 20
const AAD_AT = 20

/** The client's keys of a session. */
export interface ClientKeys {
  readonly signer: Signer
  /** Seals what goes to the server. */
  readonly sealer?: Sealer
  /** Opens what comes from it. */
  readonly opener?: Sealer
}

export interface HeaderOptions {
  readonly command: number
  readonly messageId: bigint
  readonly sessionId?: bigint
  readonly treeId?: number
  readonly credits?: number
  readonly creditCharge?: number
  readonly flags?: number
  /** Makes the header one of an asynchronous message. */
  readonly asyncId?: bigint
  /** The low 16 bits are the channel sequence. */
  readonly status?: number
}

/** Encodes a body by its declaration, with offsets from the header. */
export function encodeBody<T, I>(body: Struct<T, I>, value: NoInfer<I>): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES + body.sizeOfEncoded(value, HEADER_BYTES))
  body.encodeInto(viewOf(out), HEADER_BYTES, value, 0)
  return out.subarray(HEADER_BYTES)
}

/** A message without signature. */
export function buildMessage(options: HeaderOptions, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(HEADER_BYTES + body.length)
  const { asyncId, command, messageId, sessionId = 0n, treeId = 0, credits = 1, creditCharge = 1 } = options
  const flags = (options.flags ?? 0) | (asyncId === undefined ? 0 : HeaderFlags.ASYNC_COMMAND)
  const signature = new Uint8Array(16)
  const common = { command: command as Command, messageId, sessionId, credits, creditCharge, flags, signature }
  const status = options.status ?? 0
  if (asyncId === undefined) Smb2Header.encodeInto(viewOf(message), 0, { ...common, status, treeId })
  else Smb2AsyncHeader.encodeInto(viewOf(message), 0, { ...common, status, asyncId })
  message.set(body, HEADER_BYTES)
  return message
}

/** Puts the SIGNED flag and the signature into a message. */
export function signMessage(message: Uint8Array, signer: Signer): void {
  const view = viewOf(message)
  view.setUint32(16, view.getUint32(16, true) | HeaderFlags.SIGNED, true)
  message.fill(0, SIGNATURE_AT, SIGNATURE_AT + 16)
  message.set(signer.sign([message], signingInfo(message, false)), SIGNATURE_AT)
}

function signingInfo(message: Uint8Array, fromServer: boolean) {
  const view = viewOf(message)
  return {
    messageId: view.getBigUint64(24, true),
    fromServer,
    isCancel: view.getUint16(12, true) === Command.CANCEL,
  }
}

export function signatureIsRight(message: Uint8Array, signer: Signer): boolean {
  const copy = message.slice()
  const signature = copy.slice(SIGNATURE_AT, SIGNATURE_AT + 16)
  copy.fill(0, SIGNATURE_AT, SIGNATURE_AT + 16)
  return signer.verify([copy], signingInfo(copy, true), signature)
}

/** Messages one after the other, each but the last padded to 8 bytes; not signed yet. */
export function padChain(messages: readonly Uint8Array[]): Uint8Array[] {
  return messages.map((message, i) => {
    if (i === messages.length - 1) return message
    const padded = new Uint8Array((message.length + 7) & ~7)
    padded.set(message)
    viewOf(padded).setUint32(NEXT_COMMAND_AT, padded.length, true)
    return padded
  })
}

/** The messages of a frame, as they lie in it. */
export function splitChain(frame: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = []
  for (let at = 0; ; ) {
    assert.ok(at + HEADER_BYTES <= frame.length, 'an answer is cut off')
    const next = viewOf(frame).getUint32(at + NEXT_COMMAND_AT, true)
    assert.equal(next % 8, 0, 'answers of a chain are aligned')
    messages.push(frame.subarray(at, next === 0 ? frame.length : at + next))
    if (next === 0) return messages
    at += next
  }
}

/** A transform header and what it seals. */
export function seal(message: Uint8Array, sessionId: bigint, nonce: Uint8Array, sealer: Sealer): Uint8Array {
  const wide = new Uint8Array(16)
  wide.set(nonce.subarray(0, sealer.nonceLength))
  const header = TransformHeader.encode({
    signature: new Uint8Array(16),
    nonce: wide,
    originalMessageSize: message.length,
    flags: 1,
    sessionId,
  })
  const out = new Uint8Array(header.length + message.length)
  const tag = sealer.seal(wide, header.subarray(AAD_AT), [message], out.subarray(header.length))
  header.set(tag, 4)
  out.set(header)
  return out
}

/** What the server sealed. */
export function unseal(frame: Uint8Array, sealer: Sealer): { message: Uint8Array; nonce: Uint8Array } {
  const header = TransformHeader.decode(viewOf(frame))
  assert.equal(header.flags, 1)
  assert.equal(header.originalMessageSize, frame.length - TRANSFORM_HEADER_SIZE)
  const message = sealer.open(
    header.nonce,
    frame.subarray(AAD_AT, TRANSFORM_HEADER_SIZE),
    header.signature,
    frame.subarray(TRANSFORM_HEADER_SIZE),
  )
  assert.ok(message !== undefined, 'a sealed answer does not open')
  return { message: new Uint8Array(message), nonce: new Uint8Array(header.nonce) }
}

/** With the four bytes of the transport in front. */
export function framed(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + message.length)
  viewOf(out).setUint32(0, message.length, false)
  out.set(message, 4)
  return out
}
