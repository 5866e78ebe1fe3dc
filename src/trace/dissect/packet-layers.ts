/** What carries the messages: the frame itself, IP and UDP. Places count from the beginning of the layer. */
import type { Packet } from '../capture/packet.ts'
import { addressText } from '../network/tcp-connection.ts'
import { type Field, type Layer, ownField } from './field.ts'

const NS_PER_SECOND = 1e9
const nothing = new Uint8Array(0)
const nowhere = [0, 0] as const

/** When a frame came and how long it was. `packet` is undefined for one that was read before. */
export function frameLayer(
  frame: number,
  timeNs: number,
  originNs: bigint | undefined,
  packet: Packet | undefined,
  beforeNs: number | undefined,
): Layer {
  const seconds = (name: string, label: string, ns: number): Field =>
    ownField(name, label, nowhere, ns / NS_PER_SECOND, [], `${(ns / NS_PER_SECOND).toFixed(9)} s`)
  const fields = [
    ownField('frame.number', 'number', nowhere, frame),
    seconds('frame.time_relative', 'time since the first frame', timeNs),
  ]
  if (originNs !== undefined) {
    const epoch = Number(originNs / 1000n) / 1e6 + timeNs / NS_PER_SECOND
    const date = new Date(epoch * 1000)
    const shown = Number.isNaN(date.getTime()) ? '' : date.toISOString()
    fields.push(ownField('frame.time', 'time', nowhere, epoch, [], shown))
    fields.push(ownField('frame.time_epoch', 'time since 1970', nowhere, epoch, [], `${epoch.toFixed(6)} s`))
  }
  if (packet !== undefined) {
    const captured = packet.end - packet.start
    if (beforeNs !== undefined)
      fields.push(seconds('frame.time_delta', 'time since the frame before', timeNs - beforeNs))
    fields.push(ownField('frame.len', 'length', nowhere, captured + packet.missing))
    fields.push(ownField('frame.cap_len', 'captured length', nowhere, captured))
  }
  const title =
    packet === undefined ? `Frame ${frame}` : `Frame ${frame}, ${packet.end - packet.start + packet.missing} bytes`
  return { protocol: 'frame', title, bytes: nothing, fields }
}

/** Who sends and who is to receive: both addresses lie behind each other. RFC 791 3.1, RFC 8200 3. */
export function ipLayer({ bytes }: Packet, at: number, addressBytes: number): Layer {
  const protocol = addressBytes === 4 ? 'ip' : 'ipv6'
  const source = addressText(bytes, at, addressBytes)
  const destination = addressText(bytes, at + addressBytes, addressBytes)
  const first = [0, addressBytes] as const
  const second = [addressBytes, 2 * addressBytes] as const
  const fields = [
    ownField(`${protocol}.src`, 'source', first, source, [], source),
    ownField(`${protocol}.dst`, 'destination', second, destination, [], destination),
    ownField(`${protocol}.addr`, 'address', first, source, [], source),
    ownField(`${protocol}.addr`, 'address', second, destination, [], destination),
  ]
  const title = `${protocol === 'ip' ? 'IPv4' : 'IPv6'} ${source} to ${destination}`
  return { protocol, title, bytes: bytes.slice(at, at + 2 * addressBytes), fields }
}

/** RFC 768. */
export function udpLayer(packet: Packet, at: number): Layer {
  const bytes = packet.bytes.slice(at, Math.min(packet.end, at + 8))
  const [source, destination] = [packet.view.getUint16(at, false), packet.view.getUint16(at + 2, false)]
  const fields = [
    ownField('udp.srcport', 'source port', [0, 2], source),
    ownField('udp.dstport', 'destination port', [2, 4], destination),
    ownField('udp.port', 'port', [0, 2], source),
    ownField('udp.port', 'port', [2, 4], destination),
  ]
  return { protocol: 'udp', title: `UDP ${source} to ${destination}`, bytes, fields }
}
