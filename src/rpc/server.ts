import { WireError } from '../bytes/errors.ts'
import {
  Bind,
  BindAck,
  BindRejection,
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

const PROTOCOL_ERROR = new RpcFault(FaultStatus.PROTOCOL_ERROR, true)

/** The server's end of one DCE/RPC connection. Feed it with `receive`; it answers through its transport. */
export class RpcConnection {
  readonly #endpoint: RpcEndpoint
  readonly #transport: RpcTransport
  readonly #cutter: PacketCutter
  readonly #contexts: Contexts = new Map()
  readonly #calls: CallQueue
  #group: AssociationGroup | undefined
  #assembly: Assembly | undefined
  #maxTransmit = MIN_FRAGMENT_BYTES
  #maxReceive = MIN_FRAGMENT_BYTES
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
    for (;;) {
      const packet = this.#cutter.next()
      if (packet === undefined || this.#closed) return
      if (packet instanceof DataView) this.#packet(packet)
      else {
        this.#refuse(packet.packetType, packet.callId, packet.problem === 'version')
        return
      }
    }
  }

  /** The client is gone. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#dropAssembly()
    this.#calls.close()
    if (this.#group !== undefined) this.#endpoint.groups.leave(this.#group.id)
    this.#group = undefined
  }

  #packet(view: DataView): void {
    let packet: Packet
    try {
      packet = openPacket(view)
      this.#dispatch(packet)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#refuse(view.getUint8(2), view.getUint32(12, true), false)
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
        if (this.#assembly?.callId === callId) this.#dropAssembly()
        this.#calls.orphan(callId)
        break
      default:
        this.#refuse(packetType, callId, false)
    }
  }

  /** A packet that cannot be answered otherwise: bind is refused as bind, anything else by a fault; then it is over. */
  #refuse(packetType: number, callId: number, isVersion: boolean): void {
    const reason = isVersion ? BindRejection.PROTOCOL_VERSION_NOT_SUPPORTED : BindRejection.USER_DATA_NOT_READABLE
    if (packetType === PacketType.BIND) this.#end(bindNakPacket(callId, reason))
    else this.#end(faultPacket(callId, 0, PROTOCOL_ERROR))
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
    // One bind a connection, whole (C706 9.3.2); what comes later is alter_context.
    if (this.#group !== undefined || !isWhole(flags) || bind.contexts.length === 0)
      return refuse(BindRejection.NOT_SPECIFIED)
    // MS-RPCE 3.3.1.5.2.2: without the security package the bind is refused, and the client may come without.
    if (packet.auth !== undefined) return refuse(BindRejection.AUTHENTICATION_TYPE_NOT_RECOGNIZED)
    const group = this.#endpoint.groups.join(bind.associationGroupId, this.#endpoint.owner)
    if (group === undefined) return refuse(BindRejection.NOT_SPECIFIED)
    this.#group = group
    this.#maxTransmit = this.#fragmentSize(bind.maxReceiveFragment)
    this.#maxReceive = this.#fragmentSize(bind.maxTransmitFragment)
    const results = negotiateAll(
      bind.contexts,
      this.#endpoint.services,
      this.#contexts,
      this.#endpoint.limits.maxContexts,
    )
    if (results === undefined) return refuse(BindRejection.NOT_SPECIFIED)
    const secondaryAddress = `${this.#endpoint.secondaryAddress}\0`
    this.#acknowledge(PacketType.BIND_ACK, callId, group, secondaryAddress, results)
  }

  #alterContext(packet: Packet): void {
    const { callId, flags } = packet.header
    const alter = Bind.decode(packet.view, 0, packet.end)
    const group = this.#group
    if (group === undefined || !isWhole(flags) || packet.auth !== undefined || alter.contexts.length === 0)
      return this.#end(faultPacket(callId, 0, PROTOCOL_ERROR))
    const results = negotiateAll(
      alter.contexts,
      this.#endpoint.services,
      this.#contexts,
      this.#endpoint.limits.maxContexts,
    )
    if (results === undefined) return this.#end(faultPacket(callId, 0, PROTOCOL_ERROR))
    this.#acknowledge(PacketType.ALTER_CONTEXT_RESPONSE, callId, group, '', results)
  }

  #acknowledge(
    packetType: typeof PacketType.BIND_ACK | typeof PacketType.ALTER_CONTEXT_RESPONSE,
    callId: number,
    group: AssociationGroup,
    secondaryAddress: string,
    results: NonNullable<ReturnType<typeof negotiateAll>>,
  ): void {
    this.#transport.send(
      sealed(
        BindAck.encode({
          header: headerOf(packetType, callId),
          maxTransmitFragment: this.#maxTransmit,
          maxReceiveFragment: this.#maxReceive,
          associationGroupId: group.id,
          secondaryAddress,
          results: { results },
        }),
      ),
    )
  }

  /** The smaller of what both sides take, a multiple of 8, and never below what everyone has to take. */
  #fragmentSize(theirs: number): number {
    const smaller = Math.min(theirs, this.#endpoint.limits.maxFragmentBytes)
    return Math.max(Math.floor(smaller / 8) * 8, MIN_FRAGMENT_BYTES)
  }

  #request(packet: Packet): void {
    const { callId, flags } = packet.header
    const request = Request.decode(packet.view, 0, packet.end)
    // Without a bind there is nothing to call (C706 9.3.2), and without logon nothing to verify.
    if (this.#group === undefined || packet.auth !== undefined)
      return this.#end(faultPacket(callId, request.contextId, PROTOCOL_ERROR))
    if ((flags & PacketFlags.FIRST_FRAGMENT) !== 0) {
      // The next request may start when the one before is whole: multiplexing is not offered in bind_ack.
      if (this.#assembly !== undefined) return this.#end(faultPacket(callId, request.contextId, PROTOCOL_ERROR))
      const { contextId, operationNumber } = request
      const maybe = (flags & PacketFlags.MAYBE) !== 0
      this.#assembly = { callId, contextId, operationNumber, maybe, stub: new StubAssembler() }
    }
    const assembly = this.#assembly
    if (
      assembly === undefined ||
      assembly.callId !== callId ||
      assembly.contextId !== request.contextId ||
      assembly.operationNumber !== request.operationNumber
    )
      return this.#end(faultPacket(callId, request.contextId, PROTOCOL_ERROR))
    const stub = request.stub
    if (
      assembly.stub.length + stub.length > this.#endpoint.limits.maxRequestBytes ||
      !this.#endpoint.budget.take(stub.length)
    )
      return this.#end(faultPacket(callId, request.contextId, new RpcFault(FaultStatus.REMOTE_NO_MEMORY, true)))
    assembly.stub.add(stub)
    if ((flags & PacketFlags.LAST_FRAGMENT) !== 0) this.#whole(assembly)
  }

  #whole(assembly: Assembly): void {
    this.#assembly = undefined
    const { callId, contextId, operationNumber, maybe, stub } = assembly
    const call: QueuedCall = {
      callId,
      contextId,
      maybe,
      service: this.#contexts.get(contextId),
      operationNumber,
      stub: stub.stub,
      handles: (this.#group as AssociationGroup).handles,
      done: () => this.#endpoint.budget.give(stub.length),
    }
    this.#calls.add(call)
  }

  #dropAssembly(): void {
    if (this.#assembly !== undefined) this.#endpoint.budget.give(this.#assembly.stub.length)
    this.#assembly = undefined
  }

  #answer(call: QueuedCall, answer: Uint8Array | RpcFault): void {
    if (this.#closed || call.maybe) return
    if (answer instanceof RpcFault) this.#transport.send(faultPacket(call.callId, call.contextId, answer))
    else
      for (const packet of responsePackets(call.callId, call.contextId, answer, this.#maxTransmit))
        this.#transport.send(packet)
  }
}

function isWhole(flags: number): boolean {
  const whole = PacketFlags.FIRST_FRAGMENT | PacketFlags.LAST_FRAGMENT
  return (flags & whole) === whole
}
