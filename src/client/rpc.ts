/** Services by TCP, at a port that the endpoint mapper tells: C706 appendix O, MS-RPCE 3.1.4. */
import { type Clock, systemClock } from '../protocol/clock.ts'
import { type Bound, RpcClient } from '../rpc/client.ts'
import { nullHandle } from '../rpc/context-handles.ts'
import { Epmapper } from '../rpc/epmapper/epmapper.ts'
import { decodeTower, encodeTower } from '../rpc/epmapper/tower.ts'
import { RpcError } from '../rpc/fault.ts'
import type { Operations, RpcInterface } from '../rpc/operation.ts'
import { StreamDuplex } from '../rpc/stream-duplex.ts'
import type { ConnectOptions } from './api/options.ts'
import type { World } from './connect.ts'
import type { ClientTransport } from './dial.ts'
import { dialled } from './dial-out.ts'
import { TransportError } from './errors.ts'
import { type ClientLimits, defaultClientLimits } from './limits.ts'
import { engineOptions, type RpcOptions } from './rpc-logon.ts'
import { settingsOf } from './settings.ts'

/** The endpoint mapper's own port. */
const MAPPER_PORT = 135
const MAX_TOWERS = 4

type Timeouts = Pick<ClientLimits, 'connectTimeoutMs' | 'pipeTimeoutMs'>

export interface RpcConnectOptions extends RpcOptions {
  /** Default: the endpoint mapper is asked, at port 135. */
  readonly port?: number
  readonly signal?: AbortSignal
  /** As for `connect`: where a name leads to. Tickets are for the name that was given. */
  readonly resolve?: ConnectOptions['resolve']
  readonly timeouts?: Partial<Timeouts>
}

/** A service that was connected to, and the end of it. */
export interface RpcConnection<O extends Operations> extends AsyncDisposable {
  readonly calls: Bound<O>
  close(): Promise<void>
}

/**
 * `connectRpc('host', Interface, { authentication })`: a service over TCP. Without `authentication` calls are nobody's.
 * Fails with `TransportError`, with `RpcError` where the mapper does not know the interface or the bind is refused.
 */
export type ConnectRpc = <O extends Operations>(
  host: string,
  definition: RpcInterface<O>,
  options?: RpcConnectOptions,
) => Promise<RpcConnection<O>>

/** One host, and how it is spoken to. */
interface Party {
  readonly host: string
  readonly clock: Clock
  readonly dial: World['dial']
  readonly resolve: ConnectOptions['resolve']
  readonly timeouts: Timeouts
  readonly signal: AbortSignal | undefined
}

/** A byte stream to a port, whose answers come in time or not at all. @throws TransportError; the signal's reason */
function dialTo({ host, clock, dial, resolve, timeouts, signal }: Party, port: number): Promise<StreamDuplex> {
  const { connectTimeoutMs, pipeTimeoutMs } = timeouts
  const patience = {
    after: (action: () => void) => clock.after(pipeTimeoutMs, action, true),
    error: () => new TransportError('ETIMEDOUT', `call of ${host}:${port}`, 'the service has not answered in time'),
  }
  const accept = (transport: ClientTransport): StreamDuplex => new StreamDuplex(transport, patience)
  return dialled(dial, { host, port }, { clock, connectTimeoutMs, resolve, service: 'RPC' }, accept, signal)
}

/** What is said over a stream that ends with the signal, as it does where it fails. @throws the signal's reason */
async function heeded<T>(duplex: StreamDuplex, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const abort = (): void => duplex.close()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    signal?.throwIfAborted()
    return await work()
  } catch (error) {
    duplex.close()
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** The port of an interface, as the mapper at `host` tells it. */
async function portOf(party: Party, definition: RpcInterface): Promise<number> {
  const duplex = await dialTo(party, MAPPER_PORT)
  const endpoint = { kind: 'tcp', port: MAPPER_PORT, address: '0.0.0.0' } as const
  const { towers } = await heeded(duplex, party.signal, async () => {
    const mapper = await new RpcClient(duplex).bind(Epmapper)
    return mapper.ept_map({
      object: null,
      mapTower: { tower: encodeTower({ interface: definition.syntax, endpoint }) },
      entryHandle: nullHandle,
      maxTowers: MAX_TOWERS,
    })
  })
  duplex.close()
  for (const found of towers.entries) {
    const { endpoint: at } = decodeTower(found?.tower ?? new Uint8Array(0))
    if (at.kind === 'tcp') return at.port
  }
  throw new RpcError('RPC_BIND_REFUSED', `${party.host} has no port for ${definition.interfaceName}`)
}

/** `connectRpc` without sockets. */
export async function connectRpcBy<O extends Operations>(
  { dial, clock = systemClock }: World,
  host: string,
  definition: RpcInterface<O>,
  { port, signal, resolve, timeouts, ...options }: RpcConnectOptions = {},
): Promise<RpcConnection<O>> {
  const party = { host, clock, dial, resolve, timeouts: { ...defaultClientLimits, ...timeouts }, signal }
  const rpc = engineOptions(options, {
    settingsFor: (credentials) => settingsOf({ host, path: '' }, credentials),
    clock,
    service: 'host',
  })
  const duplex = await dialTo(party, port ?? (await portOf(party, definition)))
  const close = async (): Promise<void> => duplex.close()
  const calls = await heeded(duplex, signal, () => new RpcClient(duplex, rpc).bind(definition))
  return { calls, close, [Symbol.asyncDispose]: close }
}
