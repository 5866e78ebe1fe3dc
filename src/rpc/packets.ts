/** Packets that both roles write, and the cutting of a byte stream into packets. */
import { viewOf } from '../bytes/utf16.ts'
import {
  Auth3,
  BindNak,
  type BindRejection,
  CommonHeader,
  type CommonHeaderInput,
  Fault,
  isBigEndian,
  PacketFlags,
  PacketType,
  Request,
  Response,
} from '../wire/dcerpc/index.ts'
import type { RpcFault } from './fault.ts'
import type { PacketSecurity } from './packet-security.ts'

const WHOLE = PacketFlags.FIRST_FRAGMENT | PacketFlags.LAST_FRAGMENT

export function headerOf(packetType: PacketType, callId: number, flags: number = WHOLE): CommonHeaderInput {
  return { packetType, flags, fragmentLength: 0, callId }
}

/** Fills in the length of a packet that is otherwise ready. */
export function sealed(packet: Uint8Array): Uint8Array {
  viewOf(packet).setUint16(8, packet.length, true)
  return packet
}

export function faultPacket(callId: number, contextId: number, { status, didNotExecute }: RpcFault): Uint8Array {
  const flags = didNotExecute ? WHOLE | PacketFlags.DID_NOT_EXECUTE : WHOLE
  return sealed(
    Fault.encode({ header: headerOf(PacketType.FAULT, callId, flags), allocationHint: Fault.size, contextId, status }),
  )
}

/** To a multiple of 4, as Windows sends it. */
const NAK_PADDING = new Uint8Array(3)

export function bindNakPacket(callId: number, reason: BindRejection): Uint8Array {
  return sealed(
    BindNak.encode({
      header: headerOf(PacketType.BIND_NAK, callId),
      reason,
      versions: [{ major: 5, minor: 0 }],
      rest: NAK_PADDING,
    }),
  )
}

/** Parameters cut into fragments; all but the last hold a multiple of 8 bytes (C706 12.6.4.9, alignment of stub data). */
function* pieces(
  stub: Uint8Array,
  fixedBytes: number,
  maxFragmentBytes: number,
): Generator<[Uint8Array, number, number]> {
  const room = Math.floor((maxFragmentBytes - fixedBytes) / 8) * 8
  let at = 0
  do {
    const end = Math.min(at + room, stub.length)
    const flags = (at === 0 ? PacketFlags.FIRST_FRAGMENT : 0) | (end === stub.length ? PacketFlags.LAST_FRAGMENT : 0)
    yield [stub.subarray(at, end), flags, stub.length - at]
    at = end
  } while (at < stub.length)
}

export function* responsePackets(
  callId: number,
  contextId: number,
  stub: Uint8Array,
  maxFragmentBytes: number,
  security?: PacketSecurity,
): Generator<Uint8Array> {
  for (const [piece, flags, left] of pieces(stub, Response.size, maxFragmentBytes - (security?.overheadBytes ?? 0))) {
    const header = headerOf(PacketType.RESPONSE, callId, flags)
    const packet = sealed(Response.encode({ header, allocationHint: left, contextId, stub: piece }))
    yield security?.protect(packet, Response.size) ?? packet
  }
}

export function* requestPackets(
  call: { readonly callId: number; readonly contextId: number; readonly operationNumber: number },
  stub: Uint8Array,
  maxFragmentBytes: number,
  security?: PacketSecurity,
): Generator<Uint8Array> {
  const { callId, contextId, operationNumber } = call
  for (const [piece, flags, left] of pieces(stub, Request.size, maxFragmentBytes - (security?.overheadBytes ?? 0))) {
    const header = headerOf(PacketType.REQUEST, callId, flags)
    const packet = sealed(Request.encode({ header, allocationHint: left, contextId, operationNumber, stub: piece }))
    yield security?.protect(packet, Request.size) ?? packet
  }
}

/** The last leg of a logon (MS-RPCE 2.2.2.10), without its trailer. */
export function auth3Packet(callId: number): Uint8Array {
  return sealed(Auth3.encode({ header: headerOf(PacketType.AUTH3, callId) }))
}

/** C706 14.1: the first byte of the representation, and the second. */
const INTEGERS_AND_ASCII: readonly number[] = [0x00, 0x10]
const IEEE = 0

/** Why a stream of packets cannot be read on. `callId` is of the packet at fault. */
export interface FramingProblem {
  readonly problem: 'version' | 'data representation' | 'length'
  readonly packetType: number
  readonly callId: number
}

/**
 * Cuts a byte stream into packets; where one write ends and the next begins does not matter. Keeps at most one
 * incomplete packet.
 */
export class PacketCutter {
  readonly #maxBytes: number
  #kept = new Uint8Array(0)
  #length = 0
  #queued: Uint8Array = new Uint8Array(0)

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes bytes; `next` then gives what has become whole. */
  push(bytes: Uint8Array): void {
    if (this.#queued.length === 0) {
      this.#queued = bytes
      return
    }
    const joined = new Uint8Array(this.#queued.length + bytes.length)
    joined.set(this.#queued)
    joined.set(bytes, this.#queued.length)
    this.#queued = joined
  }

  /** The next whole packet, a problem after which nothing more can be read, or undefined when bytes are missing. */
  next(): DataView | FramingProblem | undefined {
    if (!this.#fill(CommonHeader.size)) return undefined
    const head = viewOf(this.#kept)
    const problem = this.#problem(head)
    if (problem !== undefined) return problem
    const length = head.getUint16(8, !isBigEndian(head))
    if (!this.#fill(length)) return undefined
    // The packet gets its own memory: a request may be kept until its last fragment.
    const packet = this.#kept.slice(0, length)
    this.#length = 0
    return viewOf(packet)
  }

  /** Bytes that were taken and are not cut yet become its own: whoever brought them may have theirs back. */
  keep(): void {
    this.#queued = this.#queued.slice()
  }

  /** Makes `wanted` bytes present, if they are there. */
  #fill(wanted: number): boolean {
    if (this.#kept.length < wanted) {
      const grown = new Uint8Array(Math.max(wanted, 64))
      grown.set(this.#kept.subarray(0, this.#length))
      this.#kept = grown
    }
    const missing = wanted - this.#length
    if (missing > 0) {
      const found = this.#queued.subarray(0, missing)
      this.#kept.set(found, this.#length)
      this.#length += found.length
      this.#queued = this.#queued.subarray(found.length)
    }
    // What was written belongs to the caller again as soon as nothing of it is left to cut.
    if (this.#queued.length === 0) this.#queued = EMPTY
    return this.#length >= wanted
  }

  #problem(head: DataView): FramingProblem | undefined {
    const isLittle = !isBigEndian(head)
    const at = { packetType: head.getUint8(2), callId: head.getUint32(12, isLittle) }
    if (head.getUint8(0) !== 5 || head.getUint8(1) > 1) return { problem: 'version', ...at }
    // Integers may have either end first (receivers make it right); characters are ASCII, and numbers are IEEE's.
    const isSpoken = INTEGERS_AND_ASCII.includes(head.getUint8(4)) && head.getUint8(5) === IEEE
    if (!isSpoken) return { problem: 'data representation', ...at }
    const length = head.getUint16(8, isLittle)
    if (length < CommonHeader.size || length > this.#maxBytes) return { problem: 'length', ...at }
    return undefined
  }
}

const EMPTY = new Uint8Array(0)

/** Collects the parameters of a call from its fragments. */
export class StubAssembler {
  #bytes = new Uint8Array(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Copies `piece`. */
  add(piece: Uint8Array): void {
    const wanted = this.#length + piece.length
    if (wanted > this.#bytes.length) {
      const grown = new Uint8Array(this.#length === 0 ? wanted : Math.max(wanted, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(piece, this.#length)
    this.#length = wanted
  }

  get stub(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}
