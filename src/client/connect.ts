import { randomUUID } from 'node:crypto'
import { BufferPool } from '../protocol/buffer-pool.ts'
import { type Clock, systemClock } from '../protocol/clock.ts'
import { CompressionAlgorithm } from '../wire/smb2/index.ts'
import { type Address, parseAddress } from './address.ts'
import type { Client, ServerDescription } from './api/client.ts'
import type { ConnectOptions, Nt1Options } from './api/options.ts'
import type { Share } from './api/share.ts'
import type { Smb1Client } from './api/smb1.ts'
import type { Dial } from './dial.ts'
import { dialOut } from './dial-out.ts'
import { UsageError } from './errors.ts'
import { ServerLink } from './link.ts'
import { negotiate, offerOf } from './negotiation.ts'
import { describeServer, RemoteClient } from './remote-client.ts'
import { type Settings, settingsOf } from './settings.ts'
import { connectNt1 } from './smb1/connect.ts'
import { askForSmb1 } from './speaks-smb1.ts'

/** What the library asks of the world: a program of the package has TCP and the system's clock, a test its own. */
export interface World {
  readonly dial: Dial
  readonly clock?: Clock
}

const addressOf = (target: string | Address): Address => (typeof target === 'string' ? parseAddress(target) : target)

/** `connect` without sockets; see `Connect`. */
export async function connectBy(
  { dial, clock = systemClock }: World,
  target: string | Address,
  options: ConnectOptions = {},
): Promise<Client> {
  const link = new ServerLink(settingsOf(addressOf(target), options), { clock, dial })
  const live = await link.connect(options.signal)
  return new RemoteClient(link, live)
}

/** `connect` with `dialects: ['NT1']`, without sockets. */
export async function connectNt1By(
  { dial, clock = systemClock }: World,
  target: string | Address,
  options: Nt1Options,
): Promise<Smb1Client> {
  const { dialects: _, extendedSecurity = true, ...others } = options
  const settings = settingsOf(addressOf(target), others)
  if (settings.encryption === 'required') throw new UsageError('EINVAL', 'SMB1 has no encryption.')
  return connectNt1({ dial, clock }, settings, extendedSecurity, options.signal)
}

/** `openShare` without sockets; see `OpenShare`. */
export async function openShareBy(
  world: World,
  target: string | Address,
  options: ConnectOptions = {},
): Promise<Share> {
  const address = addressOf(target)
  if (address.share === undefined) throw new UsageError('EINVAL', 'The address names no share: smb://host/share.')
  const client = await connectBy(world, address, options)
  try {
    const share = await client.share(address.share, options.signal ? { signal: options.signal } : {})
    return closingClient(share, client)
  } catch (error) {
    await client.close()
    throw error
  }
}

/** The share is all that is known of the client: with it the client ends. */
function closingClient(share: Share, client: Client): Share {
  const close = async (): Promise<void> => {
    await client.close()
  }
  return Object.assign(share, { close, [Symbol.asyncDispose]: close })
}

/** `negotiate` without sockets; see `Negotiate`. */
export async function negotiateBy(
  { dial, clock = systemClock }: World,
  target: string | Address,
  options: ConnectOptions = {},
): Promise<ServerDescription> {
  const { password: _, ntHash: __, guest: ___, ...others } = options
  const settings = openToAll(settingsOf(addressOf(target), { ...others, anonymous: true }))
  const buffers = new BufferPool(0)
  const { host, port } = settings
  const signal = options.signal ?? new AbortController().signal
  const connection = await dialOut(dial, { host, port }, { settings, clock, buffers }, signal)
  try {
    const offer = offerOf(settings, randomUUID())
    const negotiated = await negotiate(connection, settings, offer, () => clock.now(), options.signal)
    return describeServer({ host, port }, negotiated)
  } finally {
    connection.close()
  }
}

/** What the server has is to be known, and not what this end would make of it: nothing more is said than this. */
const openToAll = (settings: Settings): Settings => {
  const { LZNT1, LZ77, LZ77_HUFFMAN, PATTERN_V1, LZ4 } = CompressionAlgorithm
  const all = Number.POSITIVE_INFINITY
  return {
    ...settings,
    compressionAlgorithms: [PATTERN_V1, LZ77, LZ77_HUFFMAN, LZNT1, LZ4],
    limits: { ...settings.limits, maxReadBytes: all, maxWriteBytes: all, maxTransactBytes: all },
  }
}

/** `speaksSmb1` without sockets; see `SpeaksSmb1`. */
export async function speaksSmb1By(
  { dial, clock = systemClock }: World,
  target: string | Address,
  options: ConnectOptions = {},
): Promise<boolean> {
  const { host, port } = settingsOf(addressOf(target), { anonymous: true, ...portOf(options) })
  return askForSmb1(dial, { host, port }, options, clock)
}

const portOf = ({ port }: ConnectOptions): ConnectOptions => (port === undefined ? {} : { port })
