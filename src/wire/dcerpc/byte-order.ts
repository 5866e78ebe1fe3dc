/** Packets of big-endian senders (C706 14.1: each says in its header what it is), turned into what is spoken here. */
import { PacketFlags, PacketType } from './constants.ts'

const REPRESENTATION_AT = 4
/** The high half of the first byte is 1 for little-endian integers. */
const INTEGER_BITS = 0xf0
const LITTLE_ENDIAN = 0x10

/** Whether a packet's integers are big-endian. At least the first half of its common header is there. */
export const isBigEndian = (view: DataView): boolean =>
  (view.getUint8(REPRESENTATION_AT) & INTEGER_BITS) !== LITTLE_ENDIAN

/** The integers of a UUID; bytes follow them. */
const UUID = [4, 2, 2]
const UUID_BYTES = 16
const SYNTAX_BYTES = 20
const HEADER_BYTES = 16

/** Turns integers of `sizes` bytes, which follow one another from `at`, in their place. */
export function turn(view: DataView, at: number, sizes: readonly number[]): void {
  let start = at
  for (const size of sizes) {
    if (size === 2) view.setUint16(start, view.getUint16(start, true))
    else if (size === 4) view.setUint32(start, view.getUint32(start, true))
    else if (size === 8) view.setBigUint64(start, view.getBigUint64(start, true))
    start += size
  }
}

/** Turns what lies within `end`; what is cut off is noticed by whoever reads it. */
function turnWithin(view: DataView, at: number, sizes: readonly number[], end: number): void {
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (at + bytes <= end) turn(view, at, sizes)
}

/** The common header (C706 12.6.3.1) from its lengths on; what stands before has single bytes. */
export const turnHeader = (view: DataView): void => turn(view, 8, [2, 2, 4])

/** The header of an auth trailer (MS-RPCE 2.2.2.11). */
export const turnTrailer = (view: DataView): void => turn(view, 4, [4])

/** An interface or transfer syntax: the version is one number, whose low half is the major one. */
function turnSyntax(view: DataView, at: number, end: number): void {
  turnWithin(view, at, UUID, end)
  turnWithin(view, at + UUID_BYTES, [4], end)
}

function turnBind(view: DataView, end: number): void {
  turnWithin(view, HEADER_BYTES, [2, 2, 4], end)
  let at = HEADER_BYTES + 12
  for (let left = at <= end ? view.getUint8(at - 4) : 0; left > 0 && at + 4 <= end; left--) {
    turn(view, at, [2])
    const syntaxes = 1 + view.getUint8(at + 2)
    at += 4
    for (let i = 0; i < syntaxes && at < end; i++, at += SYNTAX_BYTES) turnSyntax(view, at, end)
  }
}

function turnBindAck(view: DataView, end: number): void {
  turnWithin(view, HEADER_BYTES, [2, 2, 4, 2], end)
  if (HEADER_BYTES + 10 > end) return
  const addressBytes = view.getUint16(HEADER_BYTES + 8, true)
  const listAt = (HEADER_BYTES + 10 + addressBytes + 3) & ~3
  let at = listAt + 4
  for (let left = at <= end ? view.getUint8(listAt) : 0; left > 0 && at < end; left--, at += 4 + SYNTAX_BYTES) {
    turnWithin(view, at, [2, 2], end)
    turnSyntax(view, at + 4, end)
  }
}

/** Turns the numbers of a packet of a big-endian sender in their place, up to `end`: all but parameters and trailer. */
export function turnPacket(view: DataView, end: number): void {
  turnHeader(view)
  switch (view.getUint8(2)) {
    case PacketType.BIND:
    case PacketType.ALTER_CONTEXT:
      return turnBind(view, end)
    case PacketType.BIND_ACK:
    case PacketType.ALTER_CONTEXT_RESPONSE:
      return turnBindAck(view, end)
    case PacketType.BIND_NAK:
      return turnWithin(view, HEADER_BYTES, [2], end)
    case PacketType.REQUEST: {
      turnWithin(view, HEADER_BYTES, [4, 2, 2], end)
      if ((view.getUint8(3) & PacketFlags.OBJECT_UUID) !== 0) turnWithin(view, HEADER_BYTES + 8, UUID, end)
      return
    }
    case PacketType.RESPONSE:
      return turnWithin(view, HEADER_BYTES, [4, 2], end)
    case PacketType.FAULT:
      turnWithin(view, HEADER_BYTES, [4, 2], end)
      return turnWithin(view, HEADER_BYTES + 8, [4], end)
  }
}
