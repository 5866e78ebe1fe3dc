/**
 * One SMB connection of the load generator: logs on, then keeps requests in flight with as little work of its own as
 * can be. Replies are not verified, only counted and their status looked at; of sealed ones no more is decrypted than
 * their beginning.
 */
import { createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Established } from '../../src/auth/mechanism.ts'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { deriveSessionKeys } from '../../src/crypto/key-derivation.ts'
import { PreauthIntegrityHash } from '../../src/crypto/preauth.ts'
import { createSealer, type Sealer, TAG_BYTES } from '../../src/crypto/sealing.ts'
import { createSigner, type Signer } from '../../src/crypto/signing.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import * as frames from './frames.ts'

export type Protection = 'plain' | 'signed' | 'sealed'

export interface Target {
  readonly host: string
  readonly port: number
  readonly share: string
  readonly user: string
  readonly password: string
  readonly protection: Protection
}

/**
 * What takes a reply: its header and the beginning of its body, valid only during the call; how many bytes the whole
 * frame has; and the slot that the request was sent for.
 */
export type OnReply = (reply: Buffer, frameBytes: number, slot: number) => void

/** A request with its ids, signed or sealed: what goes over the wire. */
export interface Prepared {
  readonly id: number
  /** Credits. */
  readonly charge: number
  readonly parts: readonly Uint8Array[]
}

/** Message ids in flight are fewer than this. */
const slotTableSize = 16384
/** What one read of the socket may bring; small where connections are many. */
export const receiveBytes = { bulk: 1 << 20, small: 1 << 14 } as const
/** Of a reply no more than this is kept. */
const captureBytes = 2048
const transformBytes = 52
const nbssBytes = 4
const wantedCredits = 512

export class Connection {
  readonly #socket: Socket
  readonly #protection: Protection
  readonly #slots = new Int32Array(slotTableSize).fill(-1)
  #onReply: OnReply = () => {}
  #onEnd: (error: Error) => void = () => {}
  #failure: Error | undefined

  #messageId = 0
  #credits = 1
  #sessionId: Buffer = Buffer.alloc(8)
  #treeId = 0
  #signer: Signer | undefined
  #sealer: Sealer | undefined
  #unsealKey: KeyObject | undefined
  #nonceCount = 0
  #corked = false
  readonly #batch: Uint8Array[] = []

  // The frame that is being received: bytes still to come, and what is kept of its beginning.
  #remaining = 0
  #frameBytes = 0
  #prefix = Buffer.alloc(nbssBytes)
  #prefixBytes = 0
  #head = Buffer.alloc(captureBytes)
  #headBytes = 0

  constructor(host: string, port: number, protection: Protection, chunkBytes: number = receiveBytes.bulk) {
    this.#protection = protection
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(chunkBytes),
        callback: (bytes, buffer) => {
          this.#receive(buffer as Buffer, bytes)
          return true
        },
      },
    })
    this.#socket.on('error', (error) => this.#end(error))
    this.#socket.on('close', () => this.#end(new Error('the server closed the connection')))
  }

  #end(error: Error): void {
    this.#failure ??= error
    this.#onEnd(this.#failure)
  }

  close(): void {
    this.#onEnd = () => {}
    this.#socket.destroy()
  }

  /** Credits at hand: each message in flight needs as many as it charges. */
  get credits(): number {
    return this.#credits
  }

  onReply(take: OnReply, ended: (error: Error) => void): void {
    this.#onReply = take
    this.#onEnd = ended
    if (this.#failure !== undefined) ended(this.#failure)
  }

  /** Holds back what is sent until `uncork`, so that it goes out together. */
  cork(): void {
    this.#corked = true
    this.#socket.cork()
  }

  uncork(): void {
    this.#flush()
    this.#corked = false
    this.#socket.uncork()
  }

  /**
   * Sends a request (or a chain of `count`) whose reply is for `slot`; `payload` follows it and may not be changed
   * before the reply is there.
   */
  send(message: Buffer, slot: number, payload?: Buffer, count = 1): void {
    this.sendPrepared(this.prepare(message, payload, count), slot)
  }

  /**
   * Makes a request ready: fills in its ids in place, signs or seals it. What is prepared must be sent in the order in
   * which it was prepared, since the message ids follow that order.
   */
  prepare(message: Buffer, payload?: Buffer, count = 1): Prepared {
    const id = this.#messageId
    let at = 0
    for (let index = 0; index < count; index++) {
      const creditCharge = message.readUInt16LE(at + 6)
      message.writeUInt32LE(this.#messageId >>> 0, at + 24)
      message.writeUInt32LE(Math.floor(this.#messageId / 2 ** 32), at + 28)
      message.writeUInt32LE(this.#treeId, at + 36)
      this.#sessionId.copy(message, at + 40)
      this.#messageId += creditCharge
      const next = message.readUInt32LE(at + 20)
      if (this.#signer !== undefined && this.#sealer === undefined) {
        sign(this.#signer, next === 0 ? message.subarray(at) : message.subarray(at, at + next), payload)
      }
      at += next
    }
    const sealer = this.#sealer
    const parts = sealer === undefined ? framed(message, payload) : this.#seal(sealer, message, payload)
    return { id, charge: this.#messageId - id, parts }
  }

  sendPrepared(prepared: Prepared, slot: number): void {
    this.#slots[prepared.id % slotTableSize] = slot
    this.#credits -= prepared.charge
    const [first, ...rest] = prepared.parts
    if (first !== undefined) this.#batch.push(first)
    if (rest.length > 0) {
      this.#flush()
      for (const part of rest) this.#socket.write(part)
    } else if (!this.#corked) this.#flush()
  }

  /** Small requests go out together: one write for all that one read of the socket has caused. */
  #flush(): void {
    if (this.#batch.length === 0) return
    this.#socket.write(Buffer.concat(this.#batch))
    this.#batch.length = 0
  }

  /** AES-128-GCM below a TRANSFORM_HEADER. MS-SMB2 2.2.41, 3.1.4.3. */
  #seal(sealer: Sealer, message: Buffer, payload: Buffer | undefined): Uint8Array[] {
    const length = message.length + (payload?.length ?? 0)
    const head = Buffer.alloc(nbssBytes + transformBytes)
    head.writeUInt32BE(transformBytes + length, 0)
    const transform = head.subarray(nbssBytes)
    transform.writeUInt32LE(0x424d53fd, 0)
    transform.writeUInt32LE(++this.#nonceCount, 20)
    transform.writeUInt32LE(length, 36)
    transform.writeUInt16LE(1, 42)
    this.#sessionId.copy(transform, 44)
    const parts = payload === undefined ? [message] : [message, payload]
    const { pieces, tag } = sealer.sealPieces(transform.subarray(20, 32), transform.subarray(20), parts)
    transform.set(tag, 4)
    const [sealedMessage = Buffer.alloc(0), ...sealedPayload] = pieces
    return [Buffer.concat([head, sealedMessage]), ...sealedPayload]
  }

  #receive(buffer: Buffer, bytes: number): void {
    let at = 0
    this.cork()
    while (at < bytes) {
      if (this.#remaining === 0) {
        while (this.#prefixBytes < nbssBytes && at < bytes) this.#prefix[this.#prefixBytes++] = buffer[at++] ?? 0
        if (this.#prefixBytes < nbssBytes) break
        this.#prefixBytes = 0
        this.#frameBytes = this.#prefix.readUInt32BE(0)
        this.#remaining = this.#frameBytes
        this.#headBytes = 0
        // Whole in this chunk: no copy.
        if (bytes - at >= this.#remaining) {
          const end = at + this.#remaining
          this.#remaining = 0
          this.#frame(buffer.subarray(at, end))
          at = end
          continue
        }
      }
      const taken = Math.min(this.#remaining, bytes - at)
      if (this.#headBytes < captureBytes) {
        this.#headBytes += buffer.copy(this.#head, this.#headBytes, at, at + taken)
      }
      at += taken
      this.#remaining -= taken
      if (this.#remaining === 0) this.#frame(this.#head.subarray(0, this.#headBytes))
    }
    this.uncork()
  }

  #frame(head: Buffer): void {
    let reply = head
    if (head.readUInt32LE(0) === 0x424d53fd && this.#unsealKey !== undefined) {
      const sealed = head.subarray(transformBytes, Math.min(head.length, transformBytes + captureBytes))
      reply = createDecipheriv('aes-128-gcm', this.#unsealKey, head.subarray(20, 32), {
        authTagLength: TAG_BYTES,
      }).update(sealed)
    }
    this.#credits += reply.readUInt16LE(14)
    // An interim answer: the final one comes later.
    if (reply.readUInt32LE(8) === frames.status.pending) return
    for (let at = 0, next = reply.readUInt32LE(20); next !== 0; next = reply.readUInt32LE(at + 20)) {
      at += next
      this.#credits += reply.readUInt16LE(at + 14)
    }
    const id = (reply.readUInt32LE(24) + reply.readUInt32LE(28) * 2 ** 32) % slotTableSize
    const slot = this.#slots[id] ?? -1
    this.#onReply(reply, this.#frameBytes, slot)
  }

  /** One request and its whole reply (up to what is kept of it), copied. */
  call(message: Buffer, payload?: Buffer, count = 1): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.onReply((reply) => resolve(Buffer.from(reply)), reject)
      this.send(message, 0, payload, count)
    })
  }

  /** Negotiates 3.1.1, logs on, connects to the share. */
  async logOn(target: Target): Promise<void> {
    const hash = new PreauthIntegrityHash()
    const exchange = async (message: Buffer) => {
      const reply = await this.call(message)
      hash.update(message)
      return reply
    }
    const negotiated = await exchange(frames.negotiate(target.protection === 'sealed'))
    expect(negotiated, frames.status.success, 'negotiate')
    hash.update(negotiated)

    const ntlm = new NtlmInitiatorMechanism({ user: target.user, password: target.password })
    const initiator = new SpnegoInitiator([ntlm])
    for (let token: Uint8Array | undefined; ; ) {
      const step = await initiator.step(token)
      if (failed(step)) throw new Error(`the logon ends with 0x${step.status.toString(16)}`)
      const reply = await exchange(withCredits(frames.sessionSetup(step.token ?? new Uint8Array(0)), 64))
      this.#sessionId = Buffer.from(reply.subarray(40, 48))
      if (reply.readUInt32LE(8) === frames.status.moreProcessingRequired) {
        hash.update(reply)
        token = frames.securityBuffer(reply)
        continue
      }
      expect(reply, frames.status.success, 'logon')
      const last = step.complete ?? (await finish(initiator, frames.securityBuffer(reply)))
      this.#setKeys(last.sessionKey, hash.value)
      break
    }

    // The tree connect of a 3.1.1 session is signed or sealed. MS-SMB2 3.2.4.1.1.
    const tree = await this.call(frames.treeConnect(`\\\\${target.host}\\${target.share}`))
    expect(tree, frames.status.success, 'tree connect')
    this.#treeId = tree.readUInt32LE(36)
    if (target.protection === 'plain') this.#signer = undefined
  }

  #setKeys(sessionKey: Uint8Array, preauthHash: Uint8Array): void {
    const keys = deriveSessionKeys({ dialect: 0x0311, sessionKey, preauthHash, cipher: 'aes-128-gcm' })
    this.#signer = createSigner('aes-gmac', keys.signingKey)
    if (this.#protection !== 'sealed') return
    this.#sealer = createSealer('aes-128-gcm', keys.clientToServerKey)
    this.#unsealKey = createSecretKey(keys.serverToClientKey)
  }

  /** Asks for credits until there are enough for any load. */
  async gatherCredits(): Promise<void> {
    for (let tries = 0; this.#credits < wantedCredits && tries < 64; tries++) {
      expect(await this.call(withCredits(frames.echo(), 128)), frames.status.success, 'echo')
    }
    if (this.#credits < wantedCredits) throw new Error(`the server grants no more than ${this.#credits} credits`)
  }
}

/** A copy of the message behind its length prefix, then the payload. */
function framed(message: Buffer, payload: Buffer | undefined): Buffer[] {
  const out = Buffer.allocUnsafe(nbssBytes + message.length)
  out.writeUInt32BE(message.length + (payload?.length ?? 0), 0)
  message.copy(out, nbssBytes)
  return payload === undefined ? [out] : [out, payload]
}

function sign(signer: Signer, message: Buffer, payload?: Buffer): void {
  message.writeUInt32LE(message.readUInt32LE(16) | frames.flags.signed, 16)
  message.fill(0, 48, 64)
  const parts = payload === undefined ? [message] : [message, payload]
  const messageId = message.readBigUInt64LE(24)
  message.set(signer.sign(parts, { messageId, fromServer: false, isCancel: false }), 48)
}

/** The acceptor's last word ends the initiator's part. */
async function finish(initiator: SpnegoInitiator, token: Uint8Array): Promise<Established> {
  const step = await initiator.step(token)
  if (failed(step) || step.complete === undefined) throw new Error('the logon does not end')
  return step.complete
}

function withCredits(message: Buffer, credits: number): Buffer {
  message.writeUInt16LE(credits, 14)
  return message
}

/** Throws where a reply's status is not the expected one. */
export function expect(reply: Buffer, wanted: number, what: string): void {
  const got = reply.readUInt32LE(8)
  if (got !== wanted) throw new Error(`${what}: status 0x${got.toString(16).padStart(8, '0')}`)
}
