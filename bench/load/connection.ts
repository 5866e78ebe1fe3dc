/**
 * One SMB connection of the load generator: logs on, then keeps requests in flight with as little work of its own as
 * can be. Replies are not verified, only counted and their status looked at; of sealed ones no more is decrypted than
 * their beginning.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import * as frames from './frames.ts'
import { type Credentials, extendHash, firstToken, type SessionKeys, secondToken, sessionKeys } from './logon.ts'

export type Protection = 'plain' | 'signed' | 'sealed'

export interface Target {
  readonly host: string
  readonly port: number
  readonly share: string
  readonly credentials: Credentials
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
  readonly parts: readonly Buffer[]
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
const tagBytes = 16

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
  #signingKey: KeyObject | undefined
  #sealKey: KeyObject | undefined
  #unsealKey: KeyObject | undefined
  #nonceCount = 0
  #corked = false
  readonly #batch: Buffer[] = []

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
      if (this.#signingKey !== undefined && this.#protection !== 'sealed') {
        sign(this.#signingKey, next === 0 ? message.subarray(at) : message.subarray(at, at + next), payload)
      }
      at += next
    }
    const key = this.#protection === 'sealed' ? this.#sealKey : undefined
    const parts = key === undefined ? framed(message, payload) : this.#seal(key, message, payload)
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
  #seal(key: KeyObject, message: Buffer, payload: Buffer | undefined): Buffer[] {
    const length = message.length + (payload?.length ?? 0)
    const head = Buffer.alloc(nbssBytes + transformBytes)
    head.writeUInt32BE(transformBytes + length, 0)
    const transform = head.subarray(nbssBytes)
    transform.writeUInt32LE(0x424d53fd, 0)
    transform.writeUInt32LE(++this.#nonceCount, 20)
    transform.writeUInt32LE(length, 36)
    transform.writeUInt16LE(1, 42)
    this.#sessionId.copy(transform, 44)
    const cipher = createCipheriv('aes-128-gcm', key, transform.subarray(20, 32))
    cipher.setAAD(transform.subarray(20))
    const parts = [cipher.update(message)]
    if (payload !== undefined) parts.push(cipher.update(payload))
    cipher.final()
    cipher.getAuthTag().copy(transform, 4)
    const [sealedMessage = Buffer.alloc(0), ...sealedPayload] = parts
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
        authTagLength: tagBytes,
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

  /** Negotiates, logs on, connects to the share. */
  async logOn(target: Target): Promise<void> {
    let hash: Buffer = Buffer.alloc(64)
    const exchange = async (message: Buffer) => {
      const sent = this.call(message)
      hash = extendHash(hash, message)
      const reply = await sent
      return reply
    }
    const negotiated = await exchange(frames.negotiate(target.protection === 'sealed'))
    expect(negotiated, frames.status.success, 'negotiate')
    hash = extendHash(hash, negotiated)

    const challenge = await exchange(withCredits(frames.sessionSetup(firstToken()), 64))
    expect(challenge, frames.status.moreProcessingRequired, 'session setup')
    hash = extendHash(hash, challenge)
    this.#sessionId = Buffer.from(challenge.subarray(40, 48))
    const second = secondToken(challenge, target.credentials)
    expect(await exchange(withCredits(frames.sessionSetup(second.token), 64)), frames.status.success, 'logon')
    const keys = sessionKeys(second.sessionKey, hash)
    this.#setKeys(keys)

    // The tree connect of a 3.1.1 session is signed or sealed. MS-SMB2 3.2.4.1.1.
    const tree = await this.call(frames.treeConnect(`\\\\${target.host}\\${target.share}`))
    expect(tree, frames.status.success, 'tree connect')
    this.#treeId = tree.readUInt32LE(36)
    if (target.protection === 'plain') this.#signingKey = undefined
  }

  #setKeys(keys: SessionKeys): void {
    this.#signingKey = createSecretKey(keys.signing)
    if (this.#protection !== 'sealed') return
    this.#sealKey = createSecretKey(keys.seal)
    this.#unsealKey = createSecretKey(keys.unseal)
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

/** AES-GMAC over the message, its nonce the message id. MS-SMB2 3.1.4.1. */
function sign(key: KeyObject, message: Buffer, payload?: Buffer): void {
  message.writeUInt32LE(message.readUInt32LE(16) | frames.flags.signed, 16)
  message.fill(0, 48, 64)
  const nonce = Buffer.alloc(12)
  message.copy(nonce, 0, 24, 32)
  const cipher = createCipheriv('aes-128-gcm', key, nonce)
  cipher.setAAD(message)
  if (payload !== undefined) cipher.setAAD(payload)
  cipher.final()
  cipher.getAuthTag().copy(message, 48)
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
