import { viewOf } from '../bytes/utf16.ts'
import type { NetworkInterfaceInfo } from '../wire/smb2/index.ts'
import {
  AddressFamily,
  FsctlCode,
  InterfaceCapability,
  NetworkInterfaceInfoResponse,
  NO_FILE_ID,
  SockaddrIn,
  SockaddrIn6,
} from '../wire/smb2/index.ts'
import type { NetworkInterface } from './api/client.ts'
import { ioctlCall } from './calls/information.ts'
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
