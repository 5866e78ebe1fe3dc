import type { Packet } from '../capture/packet.ts'
import type { Layer } from './field.ts'
import { kerberosLayer } from './kerberos-layer.ts'

const udpHeaderBytes = 8
const kerberosPort = 88

/** What a UDP datagram that begins at `at` carries; empty where it is of no interest. RFC 768. */
export function datagramLayers(packet: Packet, at: number, end: number): Layer[] {
  if (at + udpHeaderBytes >= end) return []
  const source = packet.view.getUint16(at, false)
  const destination = packet.view.getUint16(at + 2, false)
  const bytes = packet.bytes.slice(at + udpHeaderBytes, end)
  if (source === kerberosPort || destination === kerberosPort)
    return [kerberosLayer(bytes, { fromServer: source === kerberosPort })]
  return []
}
