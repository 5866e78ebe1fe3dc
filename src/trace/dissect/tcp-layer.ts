import { viewOf } from '../../bytes/utf16.ts'
import { TcpHeader } from '../capture/ip-headers.ts'
import type { Packet } from '../capture/packet.ts'
import { type Layer, ownField } from './field.ts'

/** The header of a segment that begins at `at`. RFC 9293 3.1. */
export function tcpLayer(packet: Packet, at: number): Layer {
  const bytes = packet.bytes.slice(at, Math.min(packet.end, at + TcpHeader.size))
  if (bytes.length < TcpHeader.size) return { protocol: 'tcp', title: 'TCP, cut off', bytes, fields: [] }
  const { sourcePort, destinationPort, sequenceNumber, acknowledgmentNumber, flags, window } = TcpHeader.read(
    viewOf(bytes),
    0,
    bytes.length,
  )
  const flag = (name: string, bit: number) => ownField(`tcp.flags.${name}`, name, [13, 14], (flags & bit) !== 0)
  const flagBits: readonly (readonly [string, number])[] = [
    ['fin', 0x01],
    ['syn', 0x02],
    ['reset', 0x04],
    ['push', 0x08],
    ['ack', 0x10],
  ]
  const fields = [
    ownField('tcp.srcport', 'source port', [0, 2], sourcePort),
    ownField('tcp.dstport', 'destination port', [2, 4], destinationPort),
    ownField('tcp.port', 'port', [0, 2], sourcePort),
    ownField('tcp.port', 'port', [2, 4], destinationPort),
    ownField('tcp.seq_raw', 'sequence number', [4, 8], sequenceNumber),
    ownField('tcp.ack_raw', 'acknowledgment number', [8, 12], acknowledgmentNumber),
    ownField(
      'tcp.flags',
      'flags',
      [12, 14],
      flags,
      flagBits.map(([name, bit]) => flag(name, bit)),
    ),
    ownField('tcp.window_size_value', 'window', [14, 16], window),
  ]
  return { protocol: 'tcp', title: `TCP ${sourcePort} to ${destinationPort}`, bytes, fields }
}
