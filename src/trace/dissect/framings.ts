import { SESSION_PACKET_HEADER_SIZE, SessionPacketType } from '../../wire/nbss/index.ts'
import { findMessage } from '../engine/message-scanner.ts'
import type { Framing } from './message-assembler.ts'

const nothingFound = (_view: DataView, _from: number, end: number): number => end

/** RFC 1002 4.3.1, MS-SMB2 2.1. */
export const sessionPackets: Framing = {
  headerBytes: SESSION_PACKET_HEADER_SIZE,
  lengthOf(header) {
    const type = header.getUint8(0)
    const isKnown = type === SessionPacketType.SESSION_MESSAGE || (type >= 0x81 && type <= 0x85)
    return isKnown ? SESSION_PACKET_HEADER_SIZE + (header.getUint32(0, false) & 0xff_ffff) : undefined
  },
  find: findMessage,
}

const kerberosHeaderBytes = 4
/** No message of Kerberos is longer; the upper bit of the length is reserved (RFC 4120 7.2.2). */
const maxKerberosBytes = 0x10_0000

/** RFC 4120 7.2.2. */
export const kerberosPackets: Framing = {
  headerBytes: kerberosHeaderBytes,
  lengthOf(header) {
    const length = header.getUint32(0, false)
    return length > 0 && length <= maxKerberosBytes ? kerberosHeaderBytes + length : undefined
  },
  find: nothingFound,
}

const dcerpcHeaderBytes = 16
const fragmentLengthAt = 8
const dataRepresentationAt = 4

/** C706 12.6.3.1: the length is in the byte order of the data representation. */
export const dcerpcPackets: Framing = {
  headerBytes: dcerpcHeaderBytes,
  lengthOf(header) {
    if (!isDcerpc(header, 0)) return undefined
    const length = header.getUint16(fragmentLengthAt, isLittleEndian(header, 0))
    return length >= dcerpcHeaderBytes ? length : undefined
  },
  find(view, from, end) {
    for (let at = from; at + dcerpcHeaderBytes <= end; at++) if (isDcerpc(view, at)) return at
    return end
  },
}

const isLittleEndian = (view: DataView, at: number): boolean => (view.getUint8(at + dataRepresentationAt) & 0x10) !== 0

/** Version 5.0 or 5.1, a known type of packet, and a data representation that exists. */
export function isDcerpc(view: DataView, at: number): boolean {
  if (at + dcerpcHeaderBytes > view.byteLength) return false
  const representation = view.getUint8(at + dataRepresentationAt)
  return (
    view.getUint8(at) === 5 &&
    view.getUint8(at + 1) <= 1 &&
    view.getUint8(at + 2) <= 20 &&
    (representation === 0x10 || representation === 0x00) &&
    view.getUint8(at + dataRepresentationAt + 1) <= 3
  )
}
