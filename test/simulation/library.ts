import { viewOf } from '../../src/bytes/utf16.ts'
import { connectBy } from '../../src/client/connect.ts'
import type { Client, ClientTransport, ConnectOptions, Dial } from '../../src/client/index.ts'
import type { TransportEvents } from '../../src/protocol/transport.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { Command, SMB2_PROTOCOL_ID, Smb2Header } from '../../src/wire/smb2/index.ts'
import { TESTER } from './client.ts'
import type { Wire } from './network.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { World } from './world.ts'

/** What the client library is joined to a world's server with: wires that can be cut, and time that the test moves. */
export class Library {
  /** Another one where the server is started again. */
  world: World
  /** The client's time: of the first world. */
  readonly #clock: VirtualClock
  readonly wires = new Set<Wire>()
  /** What connecting fails with, while that is so. */
  refusal: string | undefined
  /** While true nothing of what the server sends arrives. */
  isSilent = false
  /** Changes a frame of the server's, from the transport's length on, in place. */
  change: ((frame: Uint8Array) => void) | undefined
  /** Answers that do not arrive. */
  drops: ((message: Uint8Array) => boolean) | undefined
  /** What the client sends next is lost, and the connection with it. */
  losesNext = false
  /** Every how many deliveries a wire is cut; 0 for never. */
  cutOneIn = 0
  /** How often that was. */
  cuts = 0
  /** Every how many answers one is held back until others have overtaken it; 0 for never. */
  holdOneIn = 0
  /** How often that was. */
  overtaken = 0

  constructor(world: World) {
    this.world = world
    this.#clock = world.clock
    // Where further connections lead: they are all the same here.
    world.server.reachableBy = () => [{ address: '10.0.0.1', interfaceIndex: 1, linkSpeed: undefined, scales: false }]
  }

  readonly dial: Dial = (_target, accept, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const refuse = (): void => reject(Object.assign(new Error('refused'), { code: this.refusal ?? 'ECONNREFUSED' }))
      if (this.refusal !== undefined) {
        refuse()
        return
      }
      const { world } = this
      const line: { wire?: Wire; events?: TransportEvents } = {}
      const order = new Order(this, (bytes) => deliver(line.events, bytes, world.random.oneIn(2)))
      const wire = world.network.connect(world.server, {
        received: (bytes) => {
          if (this.#cutsNow()) line.wire?.cut()
          else order.take(bytes)
        },
        closed: () => {
          if (line.wire !== undefined) this.wires.delete(line.wire)
          line.events?.closed()
        },
      })
      if (wire === undefined) {
        refuse()
        return
      }
      line.wire = wire
      this.wires.add(wire)
      line.events = accept(this.#transportOver(wire))
      resolve()
    })

  connect(options: ConnectOptions = {}): Promise<Client> {
    const target = { host: 'server', path: '', user: TESTER.user, password: TESTER.password }
    return this.during(connectBy({ dial: this.dial, clock: this.#clock }, target, options))
  }

  /** Lets time pass until something is done; at most a day of it. */
  async during<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false }
    const settle = (): void => {
      state.isDone = true
    }
    work.then(settle, settle)
    for (let turns = 0; !state.isDone && turns < MAX_TURNS; turns++) {
      await this.world.settled()
      if (!state.isDone) this.#advance()
    }
    if (!state.isDone) throw new Error('it hangs')
    return work
  }

  #advance(): void {
    this.#clock.advance(TURN_MS)
    if (this.world.clock !== this.#clock) this.world.clock.advance(TURN_MS)
  }

  /** What is sent last may get there or not. */
  #transportOver(wire: Wire): ClientTransport {
    return {
      remote: 'server:445',
      local: wire.remote,
      unsentBytes: 0,
      send: (parts, sent) => {
        const isLost = this.losesNext || this.#cutsNow()
        if (!isLost || (!this.losesNext && this.world.random.oneIn(2)))
          wire.sendFromClient(new Uint8Array(Buffer.concat(parts)))
        // Not within the call that sends.
        this.losesNext = false
        if (isLost) setImmediate(() => wire.cut())
        sent?.()
      },
      pause: () => {},
      resume: () => {},
      close: () => wire.closeFromClient(),
    }
  }

  #cutsNow(): boolean {
    const isNow = this.cutOneIn > 0 && this.world.random.oneIn(this.cutOneIn)
    if (isNow) this.cuts++
    return isNow
  }

  cutAll(): void {
    for (const wire of [...this.wires]) wire.cut()
  }
}

/** Answers that do not depend on each other, in another order: a server may answer so. */
class Order {
  readonly #library: Library
  readonly #deliver: (bytes: Uint8Array) => void
  #received = new Uint8Array(0)
  #held: Uint8Array | undefined

  constructor(library: Library, send: (bytes: Uint8Array) => void) {
    this.#library = library
    this.#deliver = send
  }

  take(bytes: Uint8Array): void {
    const { holdOneIn, world, isSilent, change, drops } = this.#library
    if (isSilent) return
    const isPlain = holdOneIn === 0 && change === undefined && drops === undefined
    if (isPlain && this.#held === undefined && this.#received.length === 0) {
      this.#deliver(bytes)
      return
    }
    this.#received = new Uint8Array(Buffer.concat([this.#received, bytes]))
    for (;;) {
      const { length } = this.#received
      const needed = length < 4 ? 4 : 4 + viewOf(this.#received).getUint32(0, false)
      if (length < needed) return
      const frame = this.#received.slice(0, needed)
      this.#received = this.#received.slice(needed)
      if (drops?.(frame.subarray(4)) === true) continue
      change?.(frame)
      if (this.#held === undefined && holdOneIn > 0 && world.random.oneIn(holdOneIn) && mayWait(frame.subarray(4)))
        this.#hold(frame)
      else {
        this.#deliver(frame)
        if (this.#held !== undefined) this.#library.overtaken++
        this.#release()
      }
    }
  }

  #hold(frame: Uint8Array): void {
    this.#held = frame
    this.#library.world.clock.after(HOLD_MS, () => {
      if (this.#held === frame) this.#release()
    })
  }

  #release(): void {
    const frame = this.#held
    this.#held = undefined
    if (frame !== undefined) this.#deliver(frame)
  }
}

const HOLD_MS = 20
const MAY_WAIT: ReadonlySet<number> = new Set([
  Command.READ,
  Command.WRITE,
  Command.QUERY_INFO,
  Command.SET_INFO,
  Command.CLOSE,
  Command.FLUSH,
])

/** A final answer, alone in its frame, to a command that nothing else depends on. */
function mayWait(message: Uint8Array): boolean {
  if (viewOf(message).getUint32(0, true) !== SMB2_PROTOCOL_ID) return false
  const { command, nextCommand, status } = Smb2Header.decode(viewOf(message))
  return nextCommand === 0 && status !== NtStatus.PENDING && MAY_WAIT.has(command)
}

const TURN_MS = 50
const MAX_TURNS = 20_000

/** To where the client wants it, or in a buffer of its own. */
function deliver(events: TransportEvents | undefined, bytes: Uint8Array, inPlace: boolean): void {
  if (events === undefined) return
  if (!inPlace) {
    events.received(bytes)
    return
  }
  for (let at = 0; at < bytes.length; ) {
    const space = events.space()
    const count = Math.min(space.length, bytes.length - at)
    space.set(bytes.subarray(at, at + count))
    events.filled(count)
    at += count
  }
}
