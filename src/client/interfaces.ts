import { viewOf } from '../bytes/utf16.ts'
import type { NetworkInterfaceInfo } from '../wire/smb2/index.ts'
import {
  AddressFamily,
  Capabilities,
  Dialect,
  FsctlCode,
  InterfaceCapability,
  NetworkInterfaceInfoResponse,
  NO_FILE_ID,
  SockaddrIn,
  SockaddrIn6,
} from '../wire/smb2/index.ts'
import type { NetworkInterface } from './api/client.ts'
import { ioctlCall } from './calls/information.ts'
import type { Live } from './link.ts'
import type { Settings } from './settings.ts'
import type { Tree } from './tree.ts'

const ROOM_BYTES = 64 * 1024

/** FSCTL_QUERY_NETWORK_INTERFACE_INFO, MS-SMB2 3.2.4.20.10. */
export const interfacesOf = (ipc: Tree, signal: AbortSignal | undefined): Promise<NetworkInterface[]> =>
  ipc.run(
    (on) =>
      on.connection.call(
        on.context,
        ioctlCall(
          { fileId: NO_FILE_ID, ctlCode: FsctlCode.QUERY_NETWORK_INTERFACE_INFO, maxOutputBytes: ROOM_BYTES },
          { operation: 'interfaces' },
          (output) => NetworkInterfaceInfoResponse.decode(viewOf(output)).interfaces.flatMap(describe),
        ),
        signal,
      ),
    { signal, repeatable: true },
  )

function describe(info: NetworkInterfaceInfo): NetworkInterface[] {
  const address = addressIn(info.sockaddr)
  if (address === undefined) return []
  return [
    {
      index: info.ifIndex,
      ...address,
      linkSpeedBitsPerSecond: info.linkSpeed,
      rssCapable: (info.capability & InterfaceCapability.RSS_CAPABLE) !== 0,
      rdmaCapable: (info.capability & InterfaceCapability.RDMA_CAPABLE) !== 0,
    },
  ]
}

function addressIn(sockaddr: Uint8Array): Pick<NetworkInterface, 'address' | 'family'> | undefined {
  const view = viewOf(sockaddr)
  const family = view.getUint16(0, true)
  if (family === AddressFamily.IPV4) return { address: SockaddrIn.decode(view).address.join('.'), family: 'IPv4' }
  if (family !== AddressFamily.IPV6) return undefined
  const address = viewOf(SockaddrIn6.decode(view).address.slice())
  const groups = Array.from({ length: 8 }, (_, i) => address.getUint16(i * 2, false).toString(16))
  return { address: groups.join(':'), family: 'IPv6' }
}

/** Whether a session may get further connections (MS-SMB2 3.2.4.2.3): what goes over one may outlive it. */
export function mayBeWide({ negotiated, bound }: Live, { channels }: Settings): boolean {
  const { dialect, capabilities } = negotiated
  const isAble = dialect >= Dialect.SMB_3_0 && (capabilities & Capabilities.MULTI_CHANNEL) !== 0
  return channels > 1 && isAble && bound.session.signingKey !== undefined
}

/** Connects the session to as many of the server's interfaces as is wanted. MS-SMB2 3.2.4.2, 3.2.4.20.10. */
export async function widen(ipc: Tree): Promise<void> {
  const { link } = ipc
  const { live, context } = await ipc.ready()
  if (!mayBeWide(live, link.settings)) return
  const addresses = bestFirst(await interfacesOf(ipc, undefined))
  if (addresses.length === 0) return
  const { channels } = link.settings
  // Some of them may not be reached from here: each is tried again as often as there are channels.
  for (let i = 0; live.connection.count < channels && i < channels * addresses.length; i++)
    await link.widen(live, addresses[i % addresses.length] as string, context).catch(() => undefined)
}

/** Link-local addresses need to know an interface of ours. */
const isReachable = ({ address }: NetworkInterface): boolean => !/^(?:fe8|fe9|fea|feb)/i.test(address)

const bestFirst = (interfaces: readonly NetworkInterface[]): string[] =>
  interfaces
    .filter(isReachable)
    .toSorted((a, b) => Number(b.linkSpeedBitsPerSecond - a.linkSpeedBitsPerSecond))
    .map(({ address }) => address)
