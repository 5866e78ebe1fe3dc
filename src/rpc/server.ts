import { WireError } from '../bytes/errors.ts'
import {
  Bind,
  BindAck,
  BindRejection,
  BindTimeFeatures,
  type ContextResultInput,
  FaultStatus,
  MIN_FRAGMENT_BYTES,
  openPacket,
  type Packet,
  PacketFlags,
  PacketType,
  Request,
} from '../wire/dcerpc/index.ts'
import type { AssociationGroup, AssociationGroups } from './association.ts'
import { CallQueue, type QueuedCall } from './call-queue.ts'
import { RpcFault } from './fault.ts'
import type { ByteBudget, RpcLimits } from './limits.ts'
import { type Contexts, negotiateAll } from './negotiation.ts'
import {
  bindNakPacket,
  faultPacket,
  headerOf,
  PacketCutter,
  responsePackets,
  StubAssembler,
  sealed,
} from './packets.ts'
import type { RpcService } from './service.ts'

/** What a connection stands on: a pipe, or a TCP connection. */
export interface RpcTransport {
  /** Takes one fragment; on a pipe it is one message. */
  send(fragment: Uint8Array): void
  /** Nothing more is sent or read. What was sent before still goes out. */
  close(): void
}

export interface RpcEndpoint {
  readonly services: readonly RpcService[]
  /** Told to the client in bind_ack: `\PIPE\srvsvc`, or a port. */
  readonly secondaryAddress: string
  readonly groups: AssociationGroups
  /** Whose connection it is: association groups are shared by connections of one owner only. */
  readonly owner: string
  readonly limits: RpcLimits
  /** For requests that are not complete yet, all connections together. */
  readonly budget: ByteBudget
  /** Told of bugs: what a handler threw. */
  readonly report: (error: unknown) => void
}

interface Assembly {
  readonly callId: number
  readonly contextId: number
  readonly operationNumber: number
  readonly maybe: boolean
  readonly stub: StubAssembler
}

const PROTOCOL_ERROR = new RpcFault(FaultStatus.PROTOCOL_ERROR)
const NOT_EXECUTED = new RpcFault(FaultStatus.PROTOCOL_ERROR, true)
/** What Windows answers where a request is larger than it takes. */
const TOO_LARGE = new RpcFault(FaultStatus.ACCESS_DENIED)
const TOO_BUSY = new RpcFault(FaultStatus.SERVER_TOO_BUSY, true)
const NO_CALL_ACTIVE = new RpcFault(FaultStatus.NO_CALL_ACTIVE, true)

const reasons = {
  version: BindRejection.PROTOCOL_VERSION_NOT_SUPPORTED,
  'data representation': BindRejection.USER_DATA_NOT_READABLE,
  length: BindRejection.NOT_SPECIFIED,
} as const

/** The server's end of one DCE/RPC connection. Feed it with `receive`; it answers through its transport. */
export class RpcConnection {
  readonly #endpoint: RpcEndpoint
  readonly #transport: RpcTransport
  readonly #cutter: PacketCutter
  readonly #contexts: Contexts = new Map()
  readonly #calls: CallQueue
  #group: AssociationGroup | undefined
  /** Calls whose last fragment is not here yet: one, or several where the client multiplexes. */
  readonly #assemblies = new Map<number, Assembly>()
  #multiplexed = false
  #keepsOnOrphan = false
  /** Calls in the bytes that are being received. */
  #callsNow = 0
  #fragmentBytes = MIN_FRAGMENT_BYTES
  #closed = false

  constructor(endpoint: RpcEndpoint, transport: RpcTransport) {
    this.#endpoint = endpoint
    this.#transport = transport
    this.#cutter = new PacketCutter(endpoint.limits.maxReceivedFragmentBytes)
    this.#calls = new CallQueue(endpoint.limits, endpoint.report, (call, answer) => this.#answer(call, answer))
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Takes bytes from the client; packets may be cut anywhere. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return
    this.#cutter.push(bytes)
    this.#callsNow = 0
    for (;;) {
      const packet = this.#cutter.next()
      if (packet === undefined || this.#closed) return
      if (packet instanceof DataView) this.#packet(packet)
      else {
        this.#refuse(packet.packetType, packet.callId, reasons[packet.problem])
        return
      }
    }
  }

  /** The client is gone. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { stub } of this.#assemblies.values()) this.#endpoint.budget.give(stub.length)
    this.#assemblies.clear()
    this.#calls.close()
    if (this.#group !== undefined) this.#endpoint.groups.leave(this.#group.id)
    this.#group = undefined
  }

  #packet(view: DataView): void {
    const packetType = view.getUint8(2)
    const callId = view.getUint32(12, true)
    let packet: Packet
    try {
      packet = openPacket(view)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#refuse(packetType, callId, BindRejection.PROTOCOL_VERSION_NOT_SUPPORTED)
      return
    }
    try {
      this.#dispatch(packet)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#refuse(packetType, callId, BindRejection.NOT_SPECIFIED)
    }
  }

  #dispatch(packet: Packet): void {
    const { packetType, callId } = packet.header
    switch (packetType) {
      case PacketType.BIND:
        this.#bind(packet)
        break
      case PacketType.ALTER_CONTEXT:
        this.#alterContext(packet)
        break
      case PacketType.REQUEST:
        this.#request(packet)
        break
      case PacketType.CANCEL:
        this.#calls.cancel(callId)
        break
      case PacketType.ORPHANED:
        // Only with this feature does a connection go on after a call that was left half sent (MS-RPCE 3.3.1.5.10).
        if (this.#keepsOnOrphan) this.#dropAssembly(callId)
        this.#calls.orphan(callId)
        break
      default:
        this.#refuse(packetType, callId, BindRejection.NOT_SPECIFIED)
    }
  }

  /** A packet that cannot be answered otherwise: bind is refused as bind, anything else by a fault; then it is over. */
  #refuse(packetType: number, callId: number, reason: BindRejection): void {
    if (packetType === PacketType.BIND) this.#end(bindNakPacket(callId, reason))
    else this.#fail(callId, 0, packetType === PacketType.ALTER_CONTEXT ? NOT_EXECUTED : PROTOCOL_ERROR)
  }

  #fail(callId: number, contextId: number, fault: RpcFault): void {
    this.#end(faultPacket(callId, contextId, fault))
  }

  #end(lastWords: Uint8Array): void {
    this.#transport.send(lastWords)
    this.close()
    this.#transport.close()
  }

  #bind(packet: Packet): void {
    const { callId, flags } = packet.header
    const bind = Bind.decode(packet.view, 0, packet.end)
    const refuse = (reason: BindRejection): void => this.#end(bindNakPacket(callId, reason))
    // One bind a connection (C706 9.3.2); what comes later is alter_context.
    if (this.#group !== undefined) return refuse(BindRejection.NOT_SPECIFIED)
    // MS-RPCE 3.3.1.5.2.2: without the security package the bind is refused, and the client may come without.
    if (packet.auth !== undefined) return refuse(BindRejection.AUTHENTICATION_TYPE_NOT_RECOGNIZED)
    const group = this.#endpoint.groups.join(bind.associationGroupId, this.#endpoint.owner)
    if (group === undefined) return refuse(BindRejection.NOT_SPECIFIED)
    this.#group = group
    this.#fragmentBytes = this.#agree(bind.maxTransmitFragment, bind.maxReceiveFragment)
    const results = this.#negotiate(bind)
    if (results === undefined) return refuse(BindRejection.NOT_SPECIFIED)
    this.#multiplexed = (flags & PacketFlags.CONCURRENT_MULTIPLEXING) !== 0
    if (this.#multiplexed) this.#calls.multiplex()
    this.#acknowledge(PacketType.BIND_ACK, callId, group, results)
  }

  #alterContext(packet: Packet): void {
    const { callId } = packet.header
    const alter = Bind.decode(packet.view, 0, packet.end)
    const group = this.#group
    if (group === undefined || packet.auth !== undefined) return this.#fail(callId, 0, NOT_EXECUTED)
    const results = this.#negotiate(alter)
    if (results === undefined) return this.#fail(callId, 0, NOT_EXECUTED)
    this.#acknowledge(PacketType.ALTER_CONTEXT_RESPONSE, callId, group, results)
  }

  #negotiate(asked: Bind): ContextResultInput[] | undefined {
    const { services, limits } = this.#endpoint
    const negotiated = negotiateAll(asked.contexts, services, this.#contexts, limits.maxContexts)
    if (negotiated?.features !== undefined)
      this.#keepsOnOrphan = (negotiated.features & BindTimeFeatures.KEEP_CONNECTION_ON_ORPHAN) !== 0
    return negotiated?.results
  }

  #acknowledge(
    packetType: typeof PacketType.BIND_ACK | typeof PacketType.ALTER_CONTEXT_RESPONSE,
    callId: number,
    group: AssociationGroup,
    results: readonly ContextResultInput[],
  ): void {
    const isBind = packetType === PacketType.BIND_ACK
    const whole = PacketFlags.FIRST_FRAGMENT | PacketFlags.LAST_FRAGMENT
    const flags = isBind && this.#multiplexed ? whole | PacketFlags.CONCURRENT_MULTIPLEXING : whole
    this.#transport.send(
      sealed(
        BindAck.encode({
          header: headerOf(packetType, callId, flags),
          maxTransmitFragment: this.#fragmentBytes,
          maxReceiveFragment: this.#fragmentBytes,
          associationGroupId: group.id,
          secondaryAddress: isBind ? `${this.#endpoint.secondaryAddress}\0` : '',
          results: { results },
        }),
      ),
    )
  }

  /** One size for both directions, as Windows does it: the smallest of all, a multiple of 8, with a lower bound. */
  #agree(theirTransmit: number, theirReceive: number): number {
    const smallest = Math.min(theirTransmit, theirReceive, this.#endpoint.limits.maxFragmentBytes)
    return Math.max(Math.floor(smallest / 8) * 8, MIN_FRAGMENT_BYTES)
  }

  #request(packet: Packet): void {
    const { callId, flags } = packet.header
    const request = Request.decode(packet.view, 0, packet.end)
    // Without a bind there is nothing to call (C706 9.3.2), and without logon nothing to verify.
    if (this.#group === undefined || packet.auth !== undefined) return this.#fail(callId, 0, PROTOCOL_ERROR)
    const isLast = (flags & PacketFlags.LAST_FRAGMENT) !== 0
    const isFirst = (flags & PacketFlags.FIRST_FRAGMENT) !== 0
    const assembly = isFirst ? this.#begin(packet, request, isLast) : this.#assemblies.get(callId)
    if (assembly === undefined) {
      if (!isFirst) this.#fail(callId, 0, PROTOCOL_ERROR)
      return
    }
    if (assembly.contextId !== request.contextId || assembly.operationNumber !== request.operationNumber)
      return this.#fail(callId, request.contextId, PROTOCOL_ERROR)
    const { stub } = request
    const { limits, budget } = this.#endpoint
    if (assembly.stub.length + stub.length > limits.maxRequestBytes || !budget.take(stub.length))
      return this.#fail(callId, request.contextId, TOO_LARGE)
    assembly.stub.add(stub)
    if (isLast) this.#whole(assembly)
  }

  /** The first fragment of a call; undefined where that is the end of the connection. */
  #begin(packet: Packet, request: Request, isLast: boolean): Assembly | undefined {
    const { callId, flags } = packet.header
    const { contextId, operationNumber, allocationHint } = request
    const [unfinished] = this.#assemblies.keys()
    const maxAssemblies = this.#multiplexed ? this.#endpoint.limits.maxQueuedCalls : 1
    // Without multiplexing a call is sent whole before the next; the fault is for the one that was left.
    if (unfinished !== undefined && (this.#assemblies.has(callId) || this.#assemblies.size >= maxAssemblies)) {
      this.#fail(this.#assemblies.has(callId) ? callId : unfinished, contextId, PROTOCOL_ERROR)
      return undefined
    }
    if ((flags & PacketFlags.PENDING_CANCEL_OR_HEADER_SIGN) !== 0) {
      this.#fail(callId, 0, NO_CALL_ACTIVE)
      return undefined
    }
    // The hint counts only where more is to come.
    if (!isLast && allocationHint > this.#endpoint.limits.maxRequestBytes) {
      this.#fail(callId, contextId, TOO_LARGE)
      return undefined
    }
    const maybe = (flags & PacketFlags.MAYBE) !== 0
    const assembly = { callId, contextId, operationNumber, maybe, stub: new StubAssembler() }
    this.#assemblies.set(callId, assembly)
    return assembly
  }

  #whole(assembly: Assembly): void {
    const { callId, contextId, operationNumber, maybe, stub } = assembly
    this.#assemblies.delete(callId)
    const service = this.#contexts.get(contextId)
    if (++this.#callsNow > this.#endpoint.limits.maxCallsAtOnce) {
      this.#endpoint.budget.give(stub.length)
      this.#transport.send(faultPacket(callId, contextId, TOO_BUSY))
      return
    }
    this.#calls.add({
      callId,
      contextId: service === undefined ? 0 : contextId,
      maybe,
      service,
      operationNumber,
      stub: stub.stub,
      handles: (this.#group as AssociationGroup).handles,
      done: () => this.#endpoint.budget.give(stub.length),
    })
  }

  #dropAssembly(callId: number): void {
    const assembly = this.#assemblies.get(callId)
    if (assembly === undefined) return
    this.#assemblies.delete(callId)
    this.#endpoint.budget.give(assembly.stub.length)
  }

  #answer(call: QueuedCall, answer: Uint8Array | RpcFault): void {
    if (this.#closed || call.maybe) return
    if (answer instanceof RpcFault) this.#transport.send(faultPacket(call.callId, call.contextId, answer))
    else
      for (const packet of responsePackets(call.callId, call.contextId, answer, this.#fragmentBytes))
        this.#transport.send(packet)
  }
}
