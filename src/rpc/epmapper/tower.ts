/** Towers: where an interface is found, from its name down to the address. C706 appendix L, MS-RPCE 2.2.1.2.5. */
import { WireError } from '../../bytes/errors.ts'
import { type Guid, readGuid, writeGuid } from '../../bytes/guid.ts'
import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import { type Syntax, TransferSyntax } from '../../wire/dcerpc/index.ts'

/** Protocol identifiers of floors, C706 appendix I. */
const Protocol = {
  UUID: 0x0d,
  CONNECTION_ORIENTED: 0x0b,
  TCP: 0x07,
  IP: 0x09,
  NAMED_PIPE: 0x0f,
  NETBIOS: 0x11,
} as const

/** What a tower says: the interface, and the port or the pipe at which it is. */
export interface Tower {
  readonly interface: Syntax
  readonly transferSyntax: Syntax
  readonly endpoint:
    | { readonly kind: 'tcp'; readonly port: number /** Dotted. */; readonly address: string }
    | { readonly kind: 'pipe'; readonly pipe: string; readonly host: string }
    | { readonly kind: 'other' }
}

const MAX_FLOORS = 16

interface Floor {
  readonly protocol: number
  readonly left: Uint8Array
  readonly right: Uint8Array
}

function floorsOf(tower: Uint8Array): Floor[] {
  const view = viewOf(tower)
  let at = 0
  const take = (length: number): number => {
    if (at + length > tower.length) throw new WireError('tower', at, 'C706 L', `${length} bytes are not there`)
    at += length
    return at - length
  }
  const part = (): Uint8Array => {
    const length = view.getUint16(take(2), true)
    const start = take(length)
    return bytesOf(view, start, start + length)
  }
  const count = view.getUint16(take(2), true)
  if (count > MAX_FLOORS) throw new WireError('tower', 0, 'C706 L', `${count} floors`)
  return Array.from({ length: count }, () => {
    const left = part()
    return { protocol: left[0] ?? 0, left: left.subarray(1), right: part() }
  })
}

function syntaxOf(floor: Floor | undefined): Syntax {
  if (floor?.protocol !== Protocol.UUID || floor.left.length < 18 || floor.right.length < 2)
    throw new WireError('tower', 0, 'C706 L', 'an interface has a UUID')
  const left = viewOf(floor.left)
  const uuid: Guid = readGuid(left, 0)
  return { uuid, versionMajor: left.getUint16(16, true), versionMinor: viewOf(floor.right).getUint16(0, true) }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes).replace(/\0.*$/s, '')

/** @throws WireError for bytes that are no tower of the connection-oriented protocol */
export function decodeTower(tower: Uint8Array): Tower {
  const [abstract, transfer, , below, lowest] = floorsOf(tower)
  const common = { interface: syntaxOf(abstract), transferSyntax: syntaxOf(transfer) }
  if (below?.protocol === Protocol.TCP && below.right.length >= 2) {
    const port = viewOf(below.right).getUint16(0, false)
    return { ...common, endpoint: { kind: 'tcp', port, address: [...(lowest?.right ?? [])].join('.') } }
  }
  if (below?.protocol === Protocol.NAMED_PIPE)
    return { ...common, endpoint: { kind: 'pipe', pipe: textOf(below.right), host: textOf(lowest?.right ?? NOTHING) } }
  return { ...common, endpoint: { kind: 'other' } }
}

const NOTHING = new Uint8Array(0)

const syntaxFloor = ({ uuid, versionMajor, versionMinor }: Syntax): Floor => {
  const left = new Uint8Array(18)
  const view = viewOf(left)
  writeGuid(view, 0, uuid)
  view.setUint16(16, versionMajor, true)
  return { protocol: Protocol.UUID, left, right: twoBytes(versionMinor, true) }
}

function twoBytes(value: number, little: boolean): Uint8Array {
  const out = new Uint8Array(2)
  viewOf(out).setUint16(0, value, little)
  return out
}

const floor = (protocol: number, right: Uint8Array): Floor => ({ protocol, left: NOTHING, right })
const terminated = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`)

function addressFloors({ endpoint }: Pick<Tower, 'endpoint'>): Floor[] {
  if (endpoint.kind === 'tcp') {
    const address = Uint8Array.from(endpoint.address.split('.').map(Number))
    return [floor(Protocol.TCP, twoBytes(endpoint.port, false)), floor(Protocol.IP, address)]
  }
  if (endpoint.kind === 'pipe')
    return [floor(Protocol.NAMED_PIPE, terminated(endpoint.pipe)), floor(Protocol.NETBIOS, terminated(endpoint.host))]
  return []
}

export function encodeTower(tower: Omit<Tower, 'transferSyntax'>): Uint8Array {
  const floors = [
    syntaxFloor(tower.interface),
    syntaxFloor(TransferSyntax.NDR20),
    floor(Protocol.CONNECTION_ORIENTED, twoBytes(0, true)),
    ...addressFloors(tower),
  ]
  const size = floors.reduce((sum, { left, right }) => sum + 5 + left.length + right.length, 2)
  const out = new Uint8Array(size)
  const view = viewOf(out)
  view.setUint16(0, floors.length, true)
  let at = 2
  for (const { protocol, left, right } of floors) {
    view.setUint16(at, left.length + 1, true)
    out[at + 2] = protocol
    out.set(left, at + 3)
    at += 3 + left.length
    view.setUint16(at, right.length, true)
    out.set(right, at + 2)
    at += 2 + right.length
  }
  return out
}
