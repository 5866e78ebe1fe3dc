import { proceed } from '../auth/maybe.ts'
import { WireError } from '../bytes/errors.ts'
import {
  Bind,
  BindAck,
  BindRejection,
  BindTimeFeatures,
  type ContextResultInput,
  FaultStatus,
  isBigEndian,
  littleEndian,
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
import type { Budget, RpcLimits } from './limits.ts'
import { type Logon, type LogonProblem, Logons, type RpcAuthenticator } from './logons.ts'
import type { Maybe } from './maybe.ts'
import { type Contexts, negotiateAll } from './negotiation.ts'
import { withToken } from './packet-security.ts'
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
  readonly budget: Budget
  /** Told of bugs: what a handler threw. */
  readonly report: (error: unknown) => void
  /** Absent where nobody can log on: then a call is made by who has opened the pipe. */
  readonly authenticator?: RpcAuthenticator
}

interface Assembly {
  readonly callId: number
  readonly contextId: number
  readonly operationNumber: number
  readonly maybe: boolean
  readonly isBigEndian: boolean
  /** Under which logon it is made. */
  readonly logon: Logon | undefined
  readonly stub: StubAssembler
}

const PROTOCOL_ERROR = new RpcFault(FaultStatus.PROTOCOL_ERROR)
const NOT_EXECUTED = new RpcFault(FaultStatus.PROTOCOL_ERROR, true)
/** What Windows answers where a request is larger than it takes. */
const TOO_LARGE = new RpcFault(FaultStatus.ACCESS_DENIED)
const TOO_BUSY = new RpcFault(FaultStatus.SERVER_TOO_BUSY, true)
/** A packet is not as it was signed, and a call that may not be made without logon or below its level. */
const BAD_SIGNATURE = new RpcFault(FaultStatus.SEC_PKG_ERROR, true)
const NOT_ALLOWED = new RpcFault(FaultStatus.ACCESS_DENIED, true)
const NO_CALL_ACTIVE = new RpcFault(FaultStatus.NO_CALL_ACTIVE, true)

const reasons = {
  version: BindRejection.PROTOCOL_VERSION_NOT_SUPPORTED,
  'data representation': BindRejection.USER_DATA_NOT_READABLE,
  length: BindRejection.NOT_SPECIFIED,
} as const

const bindProblems = {
  type: BindRejection.AUTHENTICATION_TYPE_NOT_RECOGNIZED,
  level: BindRejection.AUTHENTICATION_TYPE_NOT_RECOGNIZED,
  rules: BindRejection.NOT_SPECIFIED,
} as const satisfies Record<LogonProblem, BindRejection>

const NO_TOKEN = new Uint8Array(0)
const OBJECT_BYTES = 16

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
  readonly #logons: Logons
  /** Bytes that came while a logon is looked at; what follows has to wait for its outcome. */
  #held: Uint8Array[] | undefined
  #heldBytes = 0
  #closed = false

  constructor(endpoint: RpcEndpoint, transport: RpcTransport) {
    this.#endpoint = endpoint
    this.#transport = transport
    this.#cutter = new PacketCutter(endpoint.limits.maxReceivedFragmentBytes)
    this.#logons = new Logons(endpoint.authenticator, endpoint.limits.maxLogons)
    this.#calls = new CallQueue(endpoint.limits, endpoint.report, (call, answer) => this.#answer(call, answer))
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Takes bytes from the client; packets may be cut anywhere. */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return
    if (this.#held !== undefined) {
      this.#hold(this.#held, bytes)
      return
    }
    this.#cutter.push(bytes)
    this.#callsNow = 0
    this.#cut()
  }

  #cut(): void {
    for (;;) {
      const packet = this.#cutter.next()
      if (packet === undefined || this.#closed) return
      if (packet instanceof DataView) {
        const pending = this.#packet(packet)
        if (pending !== undefined) {
          this.#cutter.keep()
          this.#held = []
          void pending.then(() => this.#resume())
          return
        }
      } else {
        this.#refuse(packet.packetType, packet.callId, reasons[packet.problem])
        return
      }
    }
  }

  #hold(held: Uint8Array[], bytes: Uint8Array): void {
    const isTooMuch = this.#heldBytes + bytes.length > this.#endpoint.limits.maxHeldBytes
    if (isTooMuch || !this.#endpoint.budget.take(bytes.length)) {
      this.close()
      this.#transport.close()
      return
    }
    this.#heldBytes += bytes.length
    held.push(bytes.slice())
  }

  /** A logon is decided: on with what came meanwhile. */
  #resume(): void {
    const held = this.#held ?? []
    this.#held = undefined
    if (this.#closed) return
    this.#endpoint.budget.give(this.#heldBytes)
    this.#heldBytes = 0
    for (const bytes of held) this.#cutter.push(bytes)
    this.#callsNow = 0
    this.#cut()
  }

  /** The client is gone. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { stub } of this.#assemblies.values()) this.#endpoint.budget.give(stub.length)
    this.#endpoint.budget.give(this.#heldBytes)
    this.#heldBytes = 0
    this.#assemblies.clear()
    this.#calls.close()
    if (this.#group !== undefined) this.#endpoint.groups.leave(this.#group.id)
    this.#group = undefined
  }

  /** A promise where the packet is part of a logon that takes time. */
  #packet(view: DataView): Promise<void> | undefined {
    const packetType = view.getUint8(2)
    const callId = view.getUint32(12, !isBigEndian(view))
    let packet: Packet
    try {
      packet = openPacket(view)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#refuse(packetType, callId, BindRejection.PROTOCOL_VERSION_NOT_SUPPORTED)
      return undefined
    }
    const failed = (error: unknown): void => {
      if (!(error instanceof WireError)) this.#endpoint.report(error)
      this.#refuse(packetType, callId, BindRejection.NOT_SPECIFIED)
    }
    try {
      const pending = this.#dispatch(packet)
      return pending instanceof Promise ? pending.catch(failed) : undefined
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      failed(error)
      return undefined
    }
  }

  #dispatch(packet: Packet): Maybe<void> {
    const { packetType, callId } = packet.header
    switch (packetType) {
      case PacketType.BIND:
        return this.#bind(packet)
      case PacketType.ALTER_CONTEXT:
        return this.#alterContext(packet)
      case PacketType.AUTH3:
        return this.#auth3(packet)
      case PacketType.REQUEST:
        return this.#request(packet)
      case PacketType.CANCEL:
        return this.#calls.cancel(callId)
      case PacketType.ORPHANED:
        // Only with this feature does a connection go on after a call that was left half sent (MS-RPCE 3.3.1.5.10).
        if (this.#keepsOnOrphan) this.#dropAssembly(callId)
        return this.#calls.orphan(callId)
      default:
        return this.#refuse(packetType, callId, BindRejection.NOT_SPECIFIED)
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

  #bind(packet: Packet): Maybe<void> {
    const { callId, flags } = packet.header
    const bind = Bind.decode(littleEndian(packet), 0, packet.end)
    const refuse = (reason: BindRejection): void => this.#end(bindNakPacket(callId, reason))
    // One bind a connection (C706 9.3.2); what comes later is alter_context.
    if (this.#group !== undefined) return refuse(BindRejection.NOT_SPECIFIED)
    const logon = packet.auth && this.#logons.forToken(packet.auth)
    // MS-RPCE 3.3.1.5.2.2: without the security package the bind is refused, and the client may come without.
    if (typeof logon === 'string') return refuse(bindProblems[logon])
    const group = this.#endpoint.groups.join(bind.associationGroupId, this.#endpoint.owner)
    if (group === undefined) return refuse(BindRejection.NOT_SPECIFIED)
    this.#group = group
    this.#fragmentBytes = this.#agree(bind.maxTransmitFragment, bind.maxReceiveFragment)
    const results = this.#negotiate(bind)
    if (results === undefined) return refuse(BindRejection.NOT_SPECIFIED)
    this.#multiplexed = (flags & PacketFlags.CONCURRENT_MULTIPLEXING) !== 0
    if (this.#multiplexed) this.#calls.multiplex()
    this.#logons.signsHeader = logon !== undefined && (flags & PacketFlags.PENDING_CANCEL_OR_HEADER_SIGN) !== 0
    return this.#logOn(logon, packet.auth?.token, (token) => {
      if (token === undefined) refuse(BindRejection.INVALID_CHECKSUM)
      else this.#acknowledge(PacketType.BIND_ACK, callId, group, results, logon, token)
    })
  }

  #alterContext(packet: Packet): Maybe<void> {
    const { callId } = packet.header
    const alter = Bind.decode(littleEndian(packet), 0, packet.end)
    const group = this.#group
    if (group === undefined) return this.#fail(callId, 0, NOT_EXECUTED)
    const logon = packet.auth && this.#logons.forToken(packet.auth)
    if (typeof logon === 'string') return this.#fail(callId, 0, logon === 'rules' ? NOT_EXECUTED : NOT_ALLOWED)
    const results = this.#negotiate(alter)
    if (results === undefined) return this.#fail(callId, 0, NOT_EXECUTED)
    return this.#logOn(logon, packet.auth?.token, (token) => {
      if (token === undefined) this.#fail(callId, 0, NOT_ALLOWED)
      else this.#acknowledge(PacketType.ALTER_CONTEXT_RESPONSE, callId, group, results, logon, token)
    })
  }

  /** The last leg of a logon. It has no answer: what it comes to shows with the next call (MS-RPCE 3.3.1.5.2.2). */
  #auth3(packet: Packet): Maybe<void> {
    const { callId } = packet.header
    const logon = this.#group && packet.auth && this.#logons.forToken(packet.auth)
    if (logon === undefined || typeof logon === 'string') return this.#fail(callId, 0, PROTOCOL_ERROR)
    return this.#logOn(logon, packet.auth?.token, () => {
      // A leg too few is as bad as a wrong one.
      if (logon.state === 'in progress') logon.state = 'refused'
    })
  }

  /** Hands a token on; `then` gets the answer, undefined for a logon that is refused. */
  #logOn(
    logon: Logon | undefined,
    token: Uint8Array | undefined,
    then: (token: Uint8Array | undefined) => void,
  ): Maybe<void> {
    if (logon === undefined || token === undefined) return then(NO_TOKEN)
    return proceed(logon.accept(token, this.#logons.signsHeader), (answer) => {
      if (!this.#closed) then(answer)
    })
  }

  #negotiate(asked: Bind): ContextResultInput[] | undefined {
    const { services, limits } = this.#endpoint
    const negotiated = negotiateAll(asked.contexts, services, this.#contexts, limits.maxContexts)
    if (negotiated?.features !== undefined) {
      this.#keepsOnOrphan = (negotiated.features & BindTimeFeatures.KEEP_CONNECTION_ON_ORPHAN) !== 0
      this.#logons.severalAllowed = (negotiated.features & BindTimeFeatures.SECURITY_CONTEXT_MULTIPLEXING) !== 0
    }
    return negotiated?.results
  }

  #acknowledge(
    packetType: typeof PacketType.BIND_ACK | typeof PacketType.ALTER_CONTEXT_RESPONSE,
    callId: number,
    group: AssociationGroup,
    results: readonly ContextResultInput[],
    logon: Logon | undefined,
    token: Uint8Array,
  ): void {
    const isBind = packetType === PacketType.BIND_ACK
    const whole = PacketFlags.FIRST_FRAGMENT | PacketFlags.LAST_FRAGMENT
    const multiplexing = isBind && this.#multiplexed ? PacketFlags.CONCURRENT_MULTIPLEXING : 0
    const headerSigning = logon && this.#logons.signsHeader ? PacketFlags.PENDING_CANCEL_OR_HEADER_SIGN : 0
    const packet = sealed(
      BindAck.encode({
        header: headerOf(packetType, callId, whole | multiplexing | headerSigning),
        maxTransmitFragment: this.#fragmentBytes,
        maxReceiveFragment: this.#fragmentBytes,
        associationGroupId: group.id,
        secondaryAddress: isBind ? `${this.#endpoint.secondaryAddress}\0` : '',
        results: { results },
      }),
    )
    this.#transport.send(logon === undefined || token.length === 0 ? packet : withToken(packet, logon.fields, token))
  }

  /** One size for both directions, as Windows does it: the smallest of all, a multiple of 8, with a lower bound. */
  #agree(theirTransmit: number, theirReceive: number): number {
    const smallest = Math.min(theirTransmit, theirReceive, this.#endpoint.limits.maxFragmentBytes)
    return Math.max(Math.floor(smallest / 8) * 8, MIN_FRAGMENT_BYTES)
  }

  /** The logon under which a request is made, once its packet is open; a fault where it may not be. */
  #verified(packet: Packet): Logon | RpcFault | undefined {
    const { auth, header } = packet
    const logon = auth === undefined ? this.#logons.first : this.#logons.of(auth.contextId)
    if (logon === undefined) return auth === undefined ? undefined : PROTOCOL_ERROR
    if (logon.state === 'in progress') return PROTOCOL_ERROR
    if (logon.state === 'refused') return NOT_ALLOWED
    const { security } = logon
    // At level connect nothing is signed, and a signature that comes all the same says nothing.
    if (security === undefined) return logon
    if (auth === undefined) return NOT_ALLOWED
    const hasObject = (header.flags & PacketFlags.OBJECT_UUID) !== 0
    return security.open(packet, Request.size + (hasObject ? OBJECT_BYTES : 0)) ? logon : BAD_SIGNATURE
  }

  #request(packet: Packet): void {
    const { callId, flags } = packet.header
    // Without a bind there is nothing to call (C706 9.3.2).
    if (this.#group === undefined) return this.#fail(callId, 0, PROTOCOL_ERROR)
    const logon = this.#verified(packet)
    if (logon instanceof RpcFault) return this.#fail(callId, 0, logon)
    const request = Request.decode(littleEndian(packet), 0, packet.end)
    const isLast = (flags & PacketFlags.LAST_FRAGMENT) !== 0
    const isFirst = (flags & PacketFlags.FIRST_FRAGMENT) !== 0
    const assembly = isFirst ? this.#begin(packet, request, isLast, logon) : this.#assemblies.get(callId)
    if (assembly === undefined) {
      if (!isFirst) this.#fail(callId, 0, PROTOCOL_ERROR)
      return
    }
    const isSame = assembly.contextId === request.contextId && assembly.operationNumber === request.operationNumber
    const isLike = assembly.logon === logon && assembly.isBigEndian === packet.isBigEndian
    if (!isSame || !isLike) return this.#fail(callId, request.contextId, PROTOCOL_ERROR)
    const { stub } = request
    const { limits, budget } = this.#endpoint
    if (assembly.stub.length + stub.length > limits.maxRequestBytes || !budget.take(stub.length))
      return this.#fail(callId, request.contextId, TOO_LARGE)
    assembly.stub.add(stub)
    if (isLast) this.#whole(assembly)
  }

  /** The first fragment of a call; undefined where that is the end of the connection. */
  #begin(packet: Packet, request: Request, isLast: boolean, logon: Logon | undefined): Assembly | undefined {
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
    const about = { callId, contextId, operationNumber, maybe, logon, isBigEndian: packet.isBigEndian }
    const assembly = { ...about, stub: new StubAssembler() }
    this.#assemblies.set(callId, assembly)
    return assembly
  }

  #whole(assembly: Assembly): void {
    const { callId, contextId, operationNumber, maybe, logon, stub } = assembly
    this.#assemblies.delete(callId)
    const wanted = this.#contexts.get(contextId)
    const services = logon?.services ?? this.#endpoint.services
    const service = wanted && services.find((each) => each.interface === wanted)
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
      security: logon?.security,
      stub: stub.stub,
      isBigEndian: assembly.isBigEndian,
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
    // A fault is not signed, as on Windows: it says nothing that is worth forging.
    if (answer instanceof RpcFault) this.#transport.send(faultPacket(call.callId, call.contextId, answer))
    else
      for (const packet of responsePackets(call.callId, call.contextId, answer, this.#fragmentBytes, call.security))
        this.#transport.send(packet)
  }
}
