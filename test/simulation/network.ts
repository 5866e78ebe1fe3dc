import type { Transport, TransportEvents } from '../../src/protocol/transport.ts'
import type { ServerCore } from '../../src/server/server-core.ts'
import { framed } from './messages.ts'
import type { Random } from './random.ts'

/** Above this a transport tells when it has been emptied, as a socket does. */
const HIGH_WATER_BYTES = 16 * 1024
/** Turns of the event loop without anything to deliver after which nothing is under way. */
const QUIET_TURNS = 8

/** Written over what a server has given back. */
export const POISON = 0xdd

interface Outgoing {
  readonly bytes: Uint8Array
  readonly sent?: () => void
}

/** What a client's end of a wire tells it. */
export interface WireEvents {
  received(bytes: Uint8Array): void
  closed(): void
}

/** Both directions of one connection. Bytes arrive in order, cut and put together as the seed has it. */
export class Wire implements Transport {
  readonly remote: string
  readonly local = '127.0.0.1'
  /** While true, the client takes nothing. */
  clientStalls = false
  clientEvents: WireEvents | undefined
  serverEvents: TransportEvents | undefined
  #toServer: Uint8Array[] = []
  #toClient: Outgoing[] = []
  #unsentBytes = 0
  #sentBytes = 0
  #peakUnsentBytes = 0
  #overflowed = false
  #serverPaused = false
  #serverClosed = false
  #clientClosed = false
  #told = false
  readonly #network: Network

  constructor(network: Network, remote: string) {
    this.#network = network
    this.remote = remote
  }

  get unsentBytes(): number {
    return this.#unsentBytes
  }

  get peakUnsentBytes(): number {
    return this.#peakUnsentBytes
  }

  get isPaused(): boolean {
    return this.#serverPaused
  }

  /** The server has ended the connection, and the client has been told. */
  get isClosed(): boolean {
    return this.#told
  }

  send(parts: readonly Uint8Array[], sent?: () => void): void {
    if (this.#serverClosed || this.#told) {
      sent?.()
      return
    }
    parts.forEach((bytes, i) => {
      this.#toClient.push(i === parts.length - 1 && sent !== undefined ? { bytes, sent } : { bytes })
      this.#unsentBytes += bytes.length
      this.#sentBytes += bytes.length
    })
    this.#peakUnsentBytes = Math.max(this.#peakUnsentBytes, this.#unsentBytes)
    if (this.#unsentBytes > HIGH_WATER_BYTES) this.#overflowed = true
    this.#network.wake()
  }

  /** What the client has not taken, its machine has not acknowledged. */
  progress(): { readonly sent: number; readonly acknowledged: number } {
    return { sent: this.#sentBytes, acknowledged: this.#sentBytes - this.#unsentBytes }
  }

  pause(): void {
    this.#serverPaused = true
  }

  resume(): void {
    this.#serverPaused = false
    this.#network.wake()
  }

  close(flush: boolean): void {
    this.#serverClosed = true
    this.#toServer = []
    if (!flush) this.#dropAnswers()
    this.#network.wake()
  }

  sendFromClient(bytes: Uint8Array): void {
    if (this.#serverClosed || this.#clientClosed) return
    this.#toServer.push(bytes)
    this.#network.wake()
  }

  /** Another message goes out in place of the last one. */
  replaceLast(message: Uint8Array): void {
    this.#toServer[this.#toServer.length - 1] = framed(message)
  }

  closeFromClient(): void {
    if (this.#clientClosed) return
    this.#clientClosed = true
    this.#network.wake()
  }

  /** The line is dead: what was under way in either direction is lost, and both ends hear of it. */
  cut(): void {
    this.#end()
  }

  get hasWork(): boolean {
    if (this.#told) return false
    if (this.#toServer.length > 0 && !this.#serverPaused) return true
    if (this.#toClient.length > 0 && !this.clientStalls) return true
    return this.#serverClosed ? this.#toClient.length === 0 : this.#clientClosed && this.#toServer.length === 0
  }

  /** Delivers one piece in one direction. */
  step(random: Random): void {
    const canReceive = this.#toServer.length > 0 && !this.#serverPaused && !this.#serverClosed
    const canAnswer = this.#toClient.length > 0 && !this.clientStalls && !this.#clientClosed
    if (canReceive && (!canAnswer || random.oneIn(2))) this.#deliverToServer(takePiece(this.#toServer, random), random)
    else if (canAnswer) this.#deliverToClient(random)
    else if (this.#serverClosed || this.#clientClosed) this.#end()
  }

  /** To where the server wants it, or in memory of its own. */
  #deliverToServer(piece: Uint8Array, random: Random): void {
    const events = this.serverEvents
    if (events === undefined) return
    if (random.oneIn(3)) {
      events.received(piece.slice())
      return
    }
    for (let at = 0; at < piece.length && !this.#serverClosed; ) {
      const space = events.space()
      const count = Math.min(space.length, piece.length - at)
      space.set(piece.subarray(at, at + count))
      events.filled(count)
      at += count
      // What is read next comes to lie here: nobody may still need what was there.
      if (!this.#serverClosed) events.space().fill(POISON)
    }
  }

  /** Answers are not looked at before they are delivered, as those that a socket has not sent yet. */
  #deliverToClient(random: Random): void {
    const first = this.#toClient[0] as Outgoing
    const take = random.oneIn(4) ? 1 + random.below(first.bytes.length) : first.bytes.length
    // A copy, also of a Buffer.
    const piece = new Uint8Array(first.bytes.subarray(0, take))
    if (take < first.bytes.length) this.#toClient[0] = { ...first, bytes: first.bytes.subarray(take) }
    else {
      this.#toClient.shift()
      first.sent?.()
    }
    this.#unsentBytes -= piece.length
    this.clientEvents?.received(piece)
    if (this.#unsentBytes === 0 && this.#overflowed) {
      this.#overflowed = false
      this.serverEvents?.drained()
    }
  }

  #dropAnswers(): void {
    for (const { sent } of this.#toClient.splice(0)) sent?.()
    this.#unsentBytes = 0
  }

  #end(): void {
    if (this.#told) return
    this.#told = true
    this.#dropAnswers()
    this.#toServer = []
    this.serverEvents?.closed()
    this.clientEvents?.closed()
  }
}

/** Mostly a message as it was sent; sometimes a part of it, sometimes several together. */
function takePiece(queue: Uint8Array[], random: Random): Uint8Array {
  const first = queue.shift() as Uint8Array
  if (random.oneIn(4) && first.length > 1) {
    const cut = 1 + random.below(first.length - 1)
    queue.unshift(first.subarray(cut))
    return first.subarray(0, cut)
  }
  if (!random.oneIn(4)) return first
  const together = [first, ...queue.splice(0, random.below(queue.length + 1))]
  return new Uint8Array(Buffer.concat(together))
}

/** All wires of a world: one thing happens at a time, in an order that the seed decides. */
export class Network {
  readonly #random: Random
  readonly #wires = new Set<Wire>()
  #running = false
  #waiting: (() => void)[] = []
  #count = 0
  /** True while something beside the wires is at work, such as a slow backend. */
  isBusy: () => boolean = () => false

  constructor(random: Random) {
    this.#random = random
  }

  /** Joins a new client to the server; undefined where the server takes no more. */
  connect(server: ServerCore, clientEvents: WireEvents): Wire | undefined {
    this.#count++
    const wire = new Wire(this, `client:${this.#count}`)
    wire.clientEvents = clientEvents
    const events = server.connect(wire)
    if (events === undefined) return undefined
    wire.serverEvents = events
    this.#wires.add(wire)
    return wire
  }

  wake(): void {
    if (this.#running) return
    this.#running = true
    setImmediate(() => this.#turn(0))
  }

  /** Resolves when nothing is under way any more. */
  settled(): Promise<void> {
    this.wake()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #turn(quietTurns: number): void {
    const busy = [...this.#wires].filter((wire) => wire.hasWork)
    if (busy.length > 0) {
      const wire = this.#random.pick(busy)
      wire.step(this.#random)
      if (wire.isClosed) this.#wires.delete(wire)
      setImmediate(() => this.#turn(0))
    } else if (this.isBusy()) setImmediate(() => this.#turn(0))
    else if (quietTurns < QUIET_TURNS) setImmediate(() => this.#turn(quietTurns + 1))
    else {
      this.#running = false
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }
}
