/** Messages of WS-Discovery (2005/04) and the metadata that Windows asks for beside it (MS-PBSD, WS-MetadataExchange). */
import { randomUUID } from 'node:crypto'
import { XMLParser, XMLValidator } from 'fast-xml-parser'

const SOAP = 'http://www.w3.org/2003/05/soap-envelope'
const ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing'
const DISCOVERY = 'http://schemas.xmlsoap.org/ws/2005/04/discovery'
const TRANSFER = 'http://schemas.xmlsoap.org/ws/2004/09/transfer'
const METADATA = 'http://schemas.xmlsoap.org/ws/2004/09/mex'
const DEVICES = 'http://schemas.xmlsoap.org/ws/2006/02/devprof'
const PNPX = 'http://schemas.microsoft.com/windows/pnpx/2005/10'
const PUBLICATION = 'http://schemas.microsoft.com/windows/pub/2005/07'

const ANONYMOUS = `${ADDRESSING}/role/anonymous`
const EVERYBODY = 'urn:schemas-xmlsoap-org:ws:2005:04:discovery'
/** What we are, as a client may look for. */
const OWN_TYPES = ['Device', 'Computer']

/** Bytes of a message that is looked at: they are a page of text. */
export const MAX_MESSAGE_BYTES = 32 * 1024

/** A computer on the network, as Explorer shows it. */
export interface WsdDevice {
  /** Stays the same from one start to the next. */
  readonly uuid: string
  readonly name: string
  readonly workgroup: string
}

/** What somebody asks. */
export interface WsdQuestion {
  readonly action: 'Probe' | 'Resolve' | 'Get'
  readonly messageId: string
}

/** Prefixes are the sender's own and say nothing; entities of its own are not taken. */
const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  processEntities: false,
  trimValues: true,
})

type Tree = { readonly [name: string]: unknown }

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

function at(tree: unknown, ...names: readonly string[]): unknown {
  let found = tree
  for (const name of names) found = isTree(found) ? found[name] : undefined
  return found
}

const textAt = (tree: unknown, ...names: readonly string[]): string | undefined => {
  const found = at(tree, ...names)
  return typeof found === 'string' ? found : undefined
}

/** The question in a message, if it is one for this device; undefined for all else, malformed or not. */
export function questionFor(device: WsdDevice, bytes: Uint8Array): WsdQuestion | undefined {
  if (bytes.length > MAX_MESSAGE_BYTES) return undefined
  let asked: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // The parser itself makes something of anything.
    if (XMLValidator.validate(text) !== true) return undefined
    asked = at(parser.parse(text), 'Envelope')
  } catch {
    return undefined
  }
  const action = textAt(asked, 'Header', 'Action')
  const messageId = textAt(asked, 'Header', 'MessageID')
  if (messageId === undefined || messageId.length > 200) return undefined
  const body = at(asked, 'Body')
  switch (action) {
    case `${DISCOVERY}/Probe`:
      return isForUs(textAt(body, 'Probe', 'Types')) ? { action: 'Probe', messageId } : undefined
    case `${DISCOVERY}/Resolve`: {
      const address = textAt(body, 'Resolve', 'EndpointReference', 'Address')
      return address === addressOf(device) ? { action: 'Resolve', messageId } : undefined
    }
    case `${TRANSFER}/Get`:
      return { action: 'Get', messageId }
    default:
      return undefined
  }
}

/** Who names no types looks for everything. */
function isForUs(types: string | undefined): boolean {
  const wanted = (types ?? '').split(/\s+/).filter((type) => type !== '')
  return wanted.every((type) => OWN_TYPES.includes(type.replace(/^.*:/, '')))
}

const addressOf = ({ uuid }: WsdDevice): string => `urn:uuid:${uuid}`

const escaped = (text: string): string =>
  text.replace(/[<>&'"]/g, (letter) => `&#${letter.charCodeAt(0)};`).replace(/\p{Cc}/gu, ' ')

function envelope(action: string, to: string, body: string, relatesTo?: string): Uint8Array {
  const header = [
    `<wsa:To>${to}</wsa:To>`,
    `<wsa:Action>${action}</wsa:Action>`,
    `<wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID>`,
    relatesTo === undefined ? '' : `<wsa:RelatesTo>${escaped(relatesTo)}</wsa:RelatesTo>`,
  ]
  const namespaces = {
    soap: SOAP,
    wsa: ADDRESSING,
    wsd: DISCOVERY,
    wsx: METADATA,
    wsdp: DEVICES,
    pnpx: PNPX,
    pub: PUBLICATION,
  }
  const declared = Object.entries(namespaces).map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
  return new TextEncoder().encode(
    `<?xml version="1.0" encoding="utf-8"?><soap:Envelope ${declared.join(' ')}>` +
      `<soap:Header>${header.join('')}</soap:Header><soap:Body>${body}</soap:Body></soap:Envelope>`,
  )
}

const reference = (device: WsdDevice): string =>
  `<wsa:EndpointReference><wsa:Address>${addressOf(device)}</wsa:Address></wsa:EndpointReference>`

const described = (device: WsdDevice, url?: string): string =>
  `${reference(device)}<wsd:Types>wsdp:Device pub:Computer</wsd:Types>` +
  `${url === undefined ? '' : `<wsd:XAddrs>${url}</wsd:XAddrs>`}<wsd:MetadataVersion>1</wsd:MetadataVersion>`

/** "Here I am"; `url`: where the metadata is, so that nobody has to ask. */
export const hello = (device: WsdDevice, url: string): Uint8Array =>
  envelope(`${DISCOVERY}/Hello`, EVERYBODY, `<wsd:Hello>${described(device, url)}</wsd:Hello>`)

/** "I go." */
export const bye = (device: WsdDevice): Uint8Array =>
  envelope(`${DISCOVERY}/Bye`, EVERYBODY, `<wsd:Bye>${reference(device)}</wsd:Bye>`)

/** The answer to a question by UDP; `url`: where the metadata is. */
export function answerTo(device: WsdDevice, { action, messageId }: WsdQuestion, url: string): Uint8Array | undefined {
  if (action === 'Get') return undefined
  const match = `<wsd:${action}Match>${described(device, action === 'Resolve' ? url : undefined)}</wsd:${action}Match>`
  const body = `<wsd:${action}Matches>${match}</wsd:${action}Matches>`
  return envelope(`${DISCOVERY}/${action}Matches`, ANONYMOUS, body, messageId)
}

/** What the device is: the answer to a Get by HTTP (MS-PBSD 2.2). */
export function metadata(device: WsdDevice, { messageId }: WsdQuestion): Uint8Array {
  const name = escaped(device.name)
  const section = (dialect: string, content: string): string =>
    `<wsx:MetadataSection Dialect="${DEVICES}/${dialect}">${content}</wsx:MetadataSection>`
  const body = [
    section(
      'ThisDevice',
      `<wsdp:ThisDevice><wsdp:FriendlyName>${name}</wsdp:FriendlyName><wsdp:FirmwareVersion>1.0</wsdp:FirmwareVersion><wsdp:SerialNumber>1</wsdp:SerialNumber></wsdp:ThisDevice>`,
    ),
    section(
      'ThisModel',
      '<wsdp:ThisModel><wsdp:Manufacturer>smbkit</wsdp:Manufacturer><wsdp:ModelName>smbkit</wsdp:ModelName><pnpx:DeviceCategory>Computers</pnpx:DeviceCategory></wsdp:ThisModel>',
    ),
    section(
      'Relationship',
      `<wsdp:Relationship Type="${DEVICES}/host"><wsdp:Host>${reference(device)}<wsdp:Types>pub:Computer</wsdp:Types><wsdp:ServiceId>${addressOf(device)}</wsdp:ServiceId><pub:Computer>${name}/Workgroup:${escaped(device.workgroup)}</pub:Computer></wsdp:Host></wsdp:Relationship>`,
    ),
  ]
  return envelope(`${TRANSFER}/GetResponse`, ANONYMOUS, `<wsx:Metadata>${body.join('')}</wsx:Metadata>`, messageId)
}
