import { viewOf } from '../../bytes/utf16.ts'
import { TcpHeader } from '../capture/ip-headers.ts'
import type { Packet } from '../capture/packet.ts'
import type { TcpConnection } from '../network/tcp-connection.ts'
import { type Field, inferredField, type Layer, ownField } from './field.ts'

/** The header of a segment that lies from `at` to `segmentEnd`. RFC 9293 3.1. */
export function tcpLayer(packet: Packet, at: number, segmentEnd: number): Layer {
  const bytes = packet.bytes.slice(at, Math.min(packet.end, at + TcpHeader.size))
  if (bytes.length < TcpHeader.size) return { protocol: 'tcp', title: 'TCP, cut off', bytes, fields: [] }
  const { sourcePort, destinationPort, sequenceNumber, acknowledgmentNumber, dataOffset, flags, window } =
    TcpHeader.read(viewOf(bytes), 0, bytes.length)
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
    ownField('tcp.len', 'length of the data', [12, 13], Math.max(0, segmentEnd - at - (dataOffset >>> 4) * 4)),
  ]
  return { protocol: 'tcp', title: `TCP ${sourcePort} to ${destinationPort}`, bytes, fields }
}

/** What a connection had counted when its last segment was read. */
export interface TcpCounts {
  readonly retransmissions: number
  readonly outOfOrder: number
  readonly duplicateAcknowledgments: number
  readonly zeroWindows: number
}

export const tcpCounts = ({ fromFirst, fromSecond }: TcpConnection): TcpCounts => ({
  retransmissions: fromFirst.retransmissions + fromSecond.retransmissions,
  outOfOrder: fromFirst.outOfOrder + fromSecond.outOfOrder,
  duplicateAcknowledgments: fromFirst.duplicateAcknowledgments + fromSecond.duplicateAcknowledgments,
  zeroWindows: fromFirst.zeroWindows + fromSecond.zeroWindows,
})

const analyses: readonly (readonly [keyof TcpCounts, string, string])[] = [
  ['retransmissions', 'tcp.analysis.retransmission', 'sent again'],
  ['outOfOrder', 'tcp.analysis.out_of_order', 'out of order'],
  ['duplicateAcknowledgments', 'tcp.analysis.duplicate_ack', 'acknowledged again'],
  ['zeroWindows', 'tcp.analysis.zero_window', 'window closed'],
]

/** What follows from the segments before: which connection this is, and what went wrong with it. */
export function tcpFindings(connection: TcpConnection, before: TcpCounts | undefined): Field[] {
  const { stream, firstFrame } = connection
  const now = tcpCounts(connection)
  const found = analyses.filter(([count]) => now[count] > (before?.[count] ?? 0))
  return [
    inferredField('tcp.stream', 'connection', stream, firstFrame),
    ...found.map(([, name, label]) => inferredField(name, label, true, firstFrame, '')),
  ]
}
