import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import {
  BROWSE_MAILSLOT,
  BrowserCommand,
  DATAGRAM_SERVICE_PORT,
  DirectDatagram,
  HostAnnouncement,
  NAME_SERVICE_PORT,
  NameAnswerPacket,
  NameQuestionPacket,
  NameServiceFlags,
} from '../../wire/netbios/index.ts'
import { type FieldNode, movedTree } from '../../wire/schema/index.ts'
import { dissectSmb1, SMB1_PROTOCOL_ID } from '../../wire/smb1/index.ts'
import type { Packet } from '../capture/packet.ts'
import { type Layer, namedFields } from './field.ts'
import { kerberosLayer } from './kerberos-layer.ts'

const udpHeaderBytes = 8
const kerberosPort = 88
const flagsAt = 2

/** What a UDP datagram that begins at `at` carries; empty where it is of no interest. RFC 768. */
export function datagramLayers(packet: Packet, at: number, end: number): Layer[] {
  if (at + udpHeaderBytes >= end) return []
  const ports = [packet.view.getUint16(at, false), packet.view.getUint16(at + 2, false)]
  const bytes = packet.bytes.slice(at + udpHeaderBytes, end)
  if (ports.includes(kerberosPort)) return [kerberosLayer(bytes, { fromServer: ports[0] === kerberosPort })]
  if (ports.includes(NAME_SERVICE_PORT)) return [nameLayer(bytes)]
  return ports.includes(DATAGRAM_SERVICE_PORT) ? datagramService(bytes) : []
}

const direction = { fromServer: false } as const

/** RFC 1002 4.2. */
function nameLayer(bytes: Uint8Array): Layer {
  const view = viewOf(bytes)
  const isResponse = bytes.length >= 4 && (view.getUint16(flagsAt, false) & NameServiceFlags.RESPONSE) !== 0
  const declared = isResponse ? NameAnswerPacket : NameQuestionPacket
  const fields = namedFields(declared.dissect(view), direction)
  const name = fields.find(({ label }) => label === 'name')?.display ?? ''
  return { protocol: 'nbns', title: `${declared.structName} ${name}`.trim(), bytes, fields }
}

/** A datagram, the message of SMB1 in it, and the announcement in that. RFC 1002 4.4, MS-BRWS 2.1. */
function datagramService(bytes: Uint8Array): Layer[] {
  const nodes = DirectDatagram.dissect(viewOf(bytes))
  const source = nodes.find(({ label }) => label === 'sourceName')?.display ?? ''
  const layer = {
    protocol: 'nbdgm',
    title: `NetBIOS datagram from ${source}`,
    bytes,
    fields: namedFields(nodes, direction),
  }
  const data = nodes.find(({ label }) => label === 'userData')
  if (!(data?.value instanceof Uint8Array) || data.value.length < 4) return [layer]
  const inside = data.value
  if (viewOf(inside).getUint32(0, true) !== SMB1_PROTOCOL_ID) return [layer]
  const message = dissectSmb1(viewOf(inside), false)
  const announcement = browserNode(inside, message)
  if (announcement !== undefined) message.push(announcement)
  const title = announcement === undefined ? 'SMB1 mailslot' : `Browser ${announcement.display}`
  return [layer, { protocol: 'smb', title, bytes: inside, fields: namedFields(message, direction) }]
}

const announcements: readonly number[] = [
  BrowserCommand.HOST_ANNOUNCEMENT,
  BrowserCommand.DOMAIN_ANNOUNCEMENT,
  BrowserCommand.LOCAL_MASTER_ANNOUNCEMENT,
]

function browserNode(bytes: Uint8Array, message: readonly FieldNode[]): FieldNode | undefined {
  const parts = message.flatMap(({ children }) => children)
  const name = parts.find(({ label }) => label === 'transactionName')?.value
  const data = parts.find(({ label }) => label === 'data')
  if (data === undefined || typeof name !== 'string' || name.toUpperCase() !== BROWSE_MAILSLOT) return undefined
  const content = bytesOf(viewOf(bytes), data.start, data.end)
  const command = content[0] ?? 0
  const children = announcements.includes(command)
    ? HostAnnouncement.dissect(viewOf(content)).map((tree) => movedTree(tree, data.start))
    : []
  const display = Object.entries(BrowserCommand).find(([, code]) => code === command)?.[0] ?? `command ${command}`
  const { start, end } = data
  return { label: 'browser', path: 'Browser', start, end, value: undefined, display, spec: 'MS-BRWS 2.2', children }
}
