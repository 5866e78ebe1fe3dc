import { viewOf } from '../bytes/utf16.ts'
import {
  Bind,
  BindAck,
  BindNak,
  BindRejection,
  ContextReason,
  ContextResult,
  Fault,
  HeaderOnly,
  littleEndian,
  MIN_FRAGMENT_BYTES,
  openPacket,
  type Packet,
  PacketFlags,
  PacketType,
  Response,
  TransferSyntax,
} from '../wire/dcerpc/index.ts'
import { ClientLogon, type RpcAuthentication } from './client-logon.ts'
import { faultName, RpcError } from './fault.ts'
import { defaultRpcLimits, type RpcLimits } from './limits.ts'
import type { AnyOperation, Operations, RequestOf, ResultOf, RpcInterface } from './operation.ts'
import { auth3Packet, headerOf, PacketCutter, requestPackets, StubAssembler, sealed } from './packets.ts'

/** What a client speaks over: an open pipe, or a TCP connection. */
export interface RpcDuplex {
  send(bytes: Uint8Array): Promise<void>
  /** The next bytes; a packet may come in several pieces. Empty when the other end has closed. */
  receive(): Promise<Uint8Array>
  /** `send` and `receive` in one round trip, where there is such a thing (FSCTL_PIPE_TRANSCEIVE). */
  transceive?(bytes: Uint8Array): Promise<Uint8Array>
}

export interface CallOptions {
  /** Tells the server to end the call soon; its answer is still waited for. */
  readonly signal?: AbortSignal
}

/** An interface as methods: parameters by name, and an answer. @throws RpcError, WireError */
export type Bound<O extends Operations> = {
  readonly [K in keyof O]: (input: RequestOf<O[K]>, options?: CallOptions) => Promise<ResultOf<O[K]>>
}

export interface RpcClientOptions {
  readonly limits?: Partial<RpcLimits>
  /** Of another connection to the same server whose context handles are to be used. */
  readonly associationGroupId?: number
  /** Default: calls are made by who has opened the pipe, and by nobody over TCP. */
  readonly authentication?: RpcAuthentication
}

interface WantedContext {
  readonly contextId: number
  readonly definition: RpcInterface
}

/** The client's end of one DCE/RPC connection. Calls go one after the other. */
export class RpcClient {
  readonly #duplex: RpcDuplex
  readonly #limits: RpcLimits
  readonly #cutter: PacketCutter
  readonly #contexts = new Map<RpcInterface, number>()
  readonly #logon: ClientLogon | undefined
  #nextCallId = 1
  #nextContextId = 0
  #associationGroupId: number
  #maxTransmit = MIN_FRAGMENT_BYTES
  #isBound = false
  #broken: RpcError | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(duplex: RpcDuplex, options: RpcClientOptions = {}) {
    this.#duplex = duplex
    this.#limits = { ...defaultRpcLimits, ...options.limits }
    this.#cutter = new PacketCutter(this.#limits.maxReceivedFragmentBytes)
    this.#associationGroupId = options.associationGroupId ?? 0
    this.#logon = options.authentication && new ClientLogon(options.authentication)
  }

  get associationGroupId(): number {
    return this.#associationGroupId
  }

  /** Makes an interface ready to call: by bind the first time, by alter_context after that. */
  async bind<O extends Operations>(definition: RpcInterface<O>): Promise<Bound<O>> {
    const contextId = await this.#inTurn(() => this.#negotiate(definition))
    const methods: Record<string, unknown> = {}
    for (const [name, operation] of Object.entries(definition.operations))
      methods[name] = (input: never, options?: CallOptions) =>
        this.#inTurn(() => this.#call(contextId, operation, input, options?.signal))
    return methods as Bound<O>
  }

  /** One exchange after the other: the next begins when the one before is over, well or not. */
  #inTurn<T>(exchange: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(exchange, exchange)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #negotiate(definition: RpcInterface): Promise<number> {
    const known = this.#contexts.get(definition)
    if (known !== undefined) return known
    const contextId = this.#nextContextId++
    const wanted = { contextId, definition }
    const ack = this.#isBound ? await this.#alter(wanted) : await this.#firstBind(wanted)
    const result = ack.results.results[0]
    if (result?.result !== ContextResult.ACCEPTANCE) {
      const reason = result?.reason ?? 0
      const text = `${definition.interfaceName} refused: ${nameOf(ContextReason, reason)}`
      throw new RpcError('RPC_BIND_REFUSED', text, reason)
    }
    this.#contexts.set(definition, contextId)
    return contextId
  }

  async #alter(wanted: WantedContext): Promise<BindAck> {
    const reply = await this.#exchange(sealed(this.#bindPacket(PacketType.ALTER_CONTEXT, wanted)))
    return this.#acknowledged(reply, PacketType.ALTER_CONTEXT_RESPONSE)
  }

  /** The association is there from now on, even if the interface is refused (C706 9.3.2). */
  async #firstBind(wanted: WantedContext): Promise<BindAck> {
    const packet = sealed(this.#bindPacket(PacketType.BIND, wanted))
    const logon = this.#logon
    const reply = await this.#exchange(logon === undefined ? packet : logon.carry(packet, await logon.begin()))
    const ack = this.#acknowledged(reply, PacketType.BIND_ACK)
    this.#isBound = true
    this.#associationGroupId = ack.associationGroupId
    this.#maxTransmit = Math.max(Math.min(ack.maxReceiveFragment, this.#limits.maxFragmentBytes), MIN_FRAGMENT_BYTES)
    if (logon !== undefined) await this.#logOn(logon, wanted, reply)
    return ack
  }

  /** The legs of a logon after the first. */
  async #logOn(logon: ClientLogon, wanted: WantedContext, first: Packet): Promise<void> {
    const signsHeader = (first.header.flags & PacketFlags.PENDING_CANCEL_OR_HEADER_SIGN) !== 0
    try {
      for (let reply = first; ; ) {
        const leg = await logon.next(reply.auth, signsHeader)
        if (leg === undefined) return
        if (leg.isLast) {
          await this.#duplex.send(logon.carry(auth3Packet(first.header.callId), leg.token))
          return
        }
        const packet = sealed(this.#bindPacket(PacketType.ALTER_CONTEXT, wanted))
        reply = await this.#exchange(logon.carry(packet, leg.token))
        this.#acknowledged(reply, PacketType.ALTER_CONTEXT_RESPONSE)
      }
    } catch (error) {
      throw error instanceof RpcError ? this.#break(error) : error
    }
  }

  #bindPacket(
    packetType: typeof PacketType.BIND | typeof PacketType.ALTER_CONTEXT,
    { contextId, definition }: WantedContext,
  ): Uint8Array {
    const signing = this.#logon === undefined ? 0 : PacketFlags.PENDING_CANCEL_OR_HEADER_SIGN
    const flags = PacketFlags.FIRST_FRAGMENT | PacketFlags.LAST_FRAGMENT | signing
    const offered = this.#limits.maxFragmentBytes
    return Bind.encode({
      header: headerOf(packetType, this.#nextCallId++, flags),
      maxTransmitFragment: offered,
      maxReceiveFragment: offered,
      associationGroupId: this.#associationGroupId,
      contexts: [{ contextId, abstractSyntax: definition.syntax, transferSyntaxes: [TransferSyntax.NDR20] }],
    })
  }

  #acknowledged(reply: Packet, expected: PacketType): BindAck {
    const { packetType } = reply.header
    if (packetType === PacketType.BIND_NAK) {
      const { reason } = BindNak.decode(littleEndian(reply), 0, reply.end)
      throw this.#break(new RpcError('RPC_BIND_REFUSED', `bind refused: ${nameOf(BindRejection, reason)}`, reason))
    }
    if (packetType === PacketType.FAULT) throw faultOf(reply)
    if (packetType !== expected) throw this.#unexpected(packetType)
    return BindAck.decode(littleEndian(reply), 0, reply.end)
  }

  async #call(contextId: number, operation: AnyOperation, input: never, signal?: AbortSignal): Promise<unknown> {
    const stub = operation.in.write(input, this.#limits.maxRequestBytes)
    const callId = this.#nextCallId++
    const { operationNumber } = operation
    signal?.throwIfAborted()
    const cancel = (): void => {
      // The answer decides what has become of the call; a cancel that cannot be sent changes nothing.
      this.#duplex.send(cancelPacket(callId)).catch(() => undefined)
    }
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      let reply: Packet | undefined
      const call = { callId, contextId, operationNumber }
      for (const packet of requestPackets(call, stub, this.#maxTransmit, this.#logon?.security)) {
        if (isLast(packet)) reply = await this.#exchange(packet)
        else await this.#duplex.send(packet)
      }
      if (reply === undefined) throw new TypeError('a request has a last fragment')
      return operation.out.read(await this.#collect(reply, callId), this.#limits.ndr, reply.isBigEndian)
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** The answer's parameters, from all its fragments. */
  async #collect(first: Packet, callId: number): Promise<Uint8Array> {
    const stub = new StubAssembler()
    for (let packet = first; ; packet = await this.#next()) {
      const { packetType, flags } = packet.header
      if (packet.header.callId !== callId) throw this.#unexpected(packetType)
      if (packetType === PacketType.FAULT) throw faultOf(packet)
      if (packetType !== PacketType.RESPONSE) throw this.#unexpected(packetType)
      if (this.#logon?.security?.open(packet, Response.size) === false)
        throw this.#break(new RpcError('RPC_PROTOCOL', 'the answer is not as the server signed it'))
      const piece = Response.decode(littleEndian(packet), 0, packet.end).stub
      if (stub.length + piece.length > this.#limits.maxResponseBytes)
        throw this.#break(new RpcError('RPC_PROTOCOL', `more than ${this.#limits.maxResponseBytes} bytes of answer`))
      stub.add(piece)
      if ((flags & PacketFlags.LAST_FRAGMENT) !== 0) return stub.stub
    }
  }

  async #exchange(packet: Uint8Array): Promise<Packet> {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#duplex.transceive !== undefined) return this.#next(await this.#duplex.transceive(packet))
    await this.#duplex.send(packet)
    return this.#next()
  }

  /** The next whole packet: of what has come already and `bytes`, or of what comes. */
  async #next(bytes: Uint8Array = NOTHING): Promise<Packet> {
    for (let piece = bytes; ; piece = await this.#receive()) {
      this.#cutter.push(piece)
      const packet = this.#cutter.next()
      if (packet instanceof DataView) return openPacket(packet)
      if (packet !== undefined)
        throw this.#break(new RpcError('RPC_PROTOCOL', `the server's packets cannot be read: ${packet.problem}`))
    }
  }

  async #receive(): Promise<Uint8Array> {
    const bytes = await this.#duplex.receive()
    if (bytes.length > 0) return bytes
    throw this.#break(new RpcError('RPC_PROTOCOL', 'the server has closed the connection'))
  }

  #unexpected(packetType: number): RpcError {
    const text = `the server answered with ${nameOf(PacketType, packetType)} out of turn`
    return this.#break(new RpcError('RPC_PROTOCOL', text))
  }

  /** After this nothing can be told apart any more. */
  #break(error: RpcError): RpcError {
    this.#broken ??= error
    return error
  }
}

const NOTHING = new Uint8Array(0)

function cancelPacket(callId: number): Uint8Array {
  return sealed(HeaderOnly.encode({ header: headerOf(PacketType.CANCEL, callId) }))
}

function faultOf(packet: Packet): RpcError {
  const { status } = Fault.decode(littleEndian(packet), 0, packet.end)
  return new RpcError('RPC_FAULT', `the call failed: ${faultName(status)}`, status)
}

const isLast = (packet: Uint8Array): boolean => (viewOf(packet).getUint8(3) & PacketFlags.LAST_FRAGMENT) !== 0

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, code]) => code === value)?.[0] ?? String(value)
}
