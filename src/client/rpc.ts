/** Services by TCP, at a port that the endpoint mapper tells: C706 appendix O, MS-RPCE 3.1.4. */
import { type Bound, RpcClient, type RpcClientOptions } from '../rpc/client.ts'
import { nullHandle } from '../rpc/context-handles.ts'
import { Epmapper } from '../rpc/epmapper/epmapper.ts'
import { decodeTower, encodeTower } from '../rpc/epmapper/tower.ts'
import { RpcError } from '../rpc/fault.ts'
import type { Operations, RpcInterface } from '../rpc/operation.ts'
import { StreamDuplex } from '../rpc/stream-duplex.ts'
import type { Dial } from './dial.ts'
import { codeOf, TransportError } from './errors.ts'

/** The endpoint mapper's own port. */
const MAPPER_PORT = 135
const MAX_TOWERS = 4

export interface RpcConnectOptions extends RpcClientOptions {
  /** Default: the endpoint mapper is asked, at port 135. */
  readonly port?: number
  readonly signal?: AbortSignal
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

async function dialTo(dial: Dial, host: string, port: number, signal: AbortSignal): Promise<StreamDuplex> {
  let duplex: StreamDuplex | undefined
  try {
    await dial({ host, port }, (transport) => (duplex = new StreamDuplex(transport)), signal)
  } catch (error) {
    signal.throwIfAborted()
    const step = `connect to ${host}:${port}`
    throw new TransportError(codeOf(error) ?? 'ECONNREFUSED', step, 'no service answers there', { cause: error })
  }
  if (duplex === undefined) throw new Error('a transport that accepts nothing')
  return duplex
}

/** The port of an interface, as the mapper at `host` tells it. */
async function portOf(dial: Dial, host: string, definition: RpcInterface, signal: AbortSignal): Promise<number> {
  const duplex = await dialTo(dial, host, MAPPER_PORT, signal)
  try {
    const mapper = await new RpcClient(duplex).bind(Epmapper)
    const endpoint = { kind: 'tcp', port: MAPPER_PORT, address: '0.0.0.0' } as const
    const { towers } = await mapper.ept_map({
      object: null,
      mapTower: { tower: encodeTower({ interface: definition.syntax, endpoint }) },
      entryHandle: nullHandle,
      maxTowers: MAX_TOWERS,
    })
    for (const found of towers.entries) {
      const { endpoint: at } = decodeTower(found?.tower ?? new Uint8Array(0))
      if (at.kind === 'tcp') return at.port
    }
  } finally {
    duplex.close()
  }
  throw new RpcError('RPC_BIND_REFUSED', `${host} has no port for ${definition.interfaceName}`)
}

/** `connectRpc` without sockets. */
export async function connectRpcBy<O extends Operations>(
  dial: Dial,
  host: string,
  definition: RpcInterface<O>,
  { port, signal = new AbortController().signal, ...options }: RpcConnectOptions = {},
): Promise<RpcConnection<O>> {
  const duplex = await dialTo(dial, host, port ?? (await portOf(dial, host, definition, signal)), signal)
  const close = async (): Promise<void> => duplex.close()
  try {
    const calls = await new RpcClient(duplex, options).bind(definition)
    return { calls, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    duplex.close()
    throw error
  }
}
