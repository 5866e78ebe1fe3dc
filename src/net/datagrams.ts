import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'

/** A bound UDP socket. */
export interface Datagrams {
  readonly host: string
  readonly port: number
  /** Resolves when it is on its way. What cannot be sent (no route, no network now) is lost, as datagrams are. */
  send(bytes: Uint8Array, to: { readonly host: string; readonly port: number }): Promise<void>
  close(): Promise<void>
}

export interface DatagramOptions {
  readonly host: string
  readonly port: number
  /** It sends to everybody on a network. */
  readonly broadcast?: boolean
  /** Group that it listens to. */
  readonly group?: string
  readonly received: (bytes: Uint8Array, from: { readonly host: string; readonly port: number }) => void
}

/** @throws the system's error when the address cannot be had (EADDRINUSE, EACCES ...) */
export async function openDatagrams({ host, port, broadcast, group, received }: DatagramOptions): Promise<Datagrams> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', reuseAddr: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: host, port }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  socket.on('error', () => {})
  socket.on('message', (bytes, { address, port: from }) => received(bytes, { host: address, port: from }))
  if (broadcast === true) socket.setBroadcast(true)
  if (group !== undefined) joinEverywhere(socket.addMembership.bind(socket), group)
  const bound = socket.address()
  return {
    host: bound.address,
    port: bound.port,
    send: (bytes, to) => new Promise((resolve) => socket.send(bytes, to.port, to.host, () => resolve())),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** On each network, as far as it takes part in multicast. */
function joinEverywhere(join: (group: string, address: string) => void, group: string): void {
  for (const { address } of ipv4Networks({ withLoopback: true })) {
    try {
      join(group, address)
    } catch {
      // A network without multicast: nobody calls from there.
    }
  }
}

/** A network that this machine is in. */
export interface Ipv4Network {
  /** Our address in it. */
  readonly address: string
  readonly broadcast: string
  has(address: string): boolean
}

export function ipv4Networks({ withLoopback = false } = {}): Ipv4Network[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses
      .filter(({ family, internal }) => family === 'IPv4' && (withLoopback || !internal))
      .map(({ address, netmask }) => networkOf(address, netmask)),
  )
}

function networkOf(address: string, netmask: string): Ipv4Network {
  const [own, mask] = [numberOf(address), numberOf(netmask)]
  return {
    address,
    broadcast: textOf((own & mask) | ~mask),
    has: (other) => (numberOf(other) & mask) === (own & mask),
  }
}

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0)

const textOf = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')
