import { WireError } from '../../bytes/errors.ts'
import { ShareType } from '../../rpc/srvsvc/share-info.ts'
import { Srvsvc } from '../../rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../rpc/werror.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { ServerListing, ShareListing } from '../api/client.ts'
import { StatusError } from '../errors.ts'
import { withPipe } from '../pipe.ts'
import type { Tree } from '../tree.ts'

export const PREFERRED_BYTES = 0xffff_ffff
const UNLIMITED = 0xffff_ffff
/** Answers after which a server that always has more is given up. */
export const MAX_ANSWERS = 1000

/** Win32 codes of the service as the status that says the same. */
const STATUSES = new Map<number, NtStatus>([
  [WinError.ACCESS_DENIED, NtStatus.ACCESS_DENIED],
  [WinError.INVALID_LEVEL, NtStatus.INVALID_INFO_CLASS],
  [WinError.INVALID_PARAMETER, NtStatus.INVALID_PARAMETER],
  [WinError.NOT_SUPPORTED, NtStatus.NOT_SUPPORTED],
  [WinError.SHARE_NOT_FOUND, NtStatus.BAD_NETWORK_NAME],
  [WinError.FILE_ID_NOT_FOUND, NtStatus.NOT_FOUND],
  [WinError.CLIENT_NAME_NOT_FOUND, NtStatus.NOT_FOUND],
  // What Samba says of a share that is not there.
  [WinError.INVALID_NAME, NtStatus.BAD_NETWORK_NAME],
])

/** @throws StatusError for a code that says that the call failed */
export function ensure(result: number, call: string, operation: string, path?: string): void {
  if (result === WinError.SUCCESS || result === WinError.MORE_DATA) return
  const status = STATUSES.get(result) ?? NtStatus.UNSUCCESSFUL
  throw new StatusError(status, `${call} (${result})`, { operation, ...(path !== undefined && { path }) })
}

interface RawShare {
  readonly name: string | null
  readonly type: number
  readonly comment: string | null
  readonly path?: string | null
  readonly currentUses?: number
  readonly maxUses?: number
}

const KINDS: Readonly<Record<number, ShareListing['type']>> = {
  [ShareType.DISK]: 'disk',
  [ShareType.PRINT_QUEUE]: 'printer',
  [ShareType.DEVICE]: 'device',
  [ShareType.IPC]: 'ipc',
}
const KIND_MASK = 0x0fff_ffff

function listingOf(raw: RawShare): ShareListing {
  if (raw.name === null || raw.name === '')
    throw new WireError('SHARE_INFO.name', 0, 'MS-SRVS 2.2.4.23', 'a share has a name')
  const { path, currentUses, maxUses } = raw
  return {
    name: raw.name,
    type: KINDS[raw.type & KIND_MASK] ?? 'other',
    special: (raw.type & ShareType.SPECIAL) !== 0,
    comment: raw.comment ?? '',
    ...(path !== undefined && path !== null && { path }),
    ...(currentUses !== undefined && { currentUses }),
    ...(maxUses !== undefined && maxUses !== UNLIMITED && { maxUses }),
  }
}

export const serverNameOf = (tree: Tree): string => `\\\\${tree.link.target.host}`

/** NetrShareEnum, MS-SRVS 3.1.4.8: level 1, or 2 with details. */
export const listShares = (ipc: Tree, details: boolean, signal: AbortSignal | undefined): Promise<ShareListing[]> =>
  withPipe(ipc, Srvsvc.pipe, 'shares', signal, async (client) => {
    const srvsvc = await client.bind(Srvsvc)
    const found: ShareListing[] = []
    let resumeHandle = 0
    for (let answers = 0; answers < MAX_ANSWERS; answers++) {
      const answer = await srvsvc.NetrShareEnum({
        serverName: serverNameOf(ipc),
        shares: { info: { tag: details ? 2 : 1, value: { entries: null } } },
        preferredMaximumLength: PREFERRED_BYTES,
        resumeHandle,
      })
      ensure(answer.result, 'NetrShareEnum', 'shares')
      const { info } = answer.shares
      const entries = info.tag === 1 || info.tag === 2 ? ((info.value?.entries ?? []) as readonly RawShare[]) : []
      for (const entry of entries) found.push(listingOf(entry))
      resumeHandle = answer.resumeHandle ?? 0
      if (answer.result !== WinError.MORE_DATA || entries.length === 0) break
    }
    return found
  })

/** NetrShareGetInfo, MS-SRVS 3.1.4.10. */
export const shareInfo = (
  ipc: Tree,
  shareName: string,
  details: boolean,
  signal: AbortSignal | undefined,
): Promise<ShareListing> =>
  withPipe(ipc, Srvsvc.pipe, 'shareInfo', signal, async (client) => {
    const srvsvc = await client.bind(Srvsvc)
    const level = details ? 2 : 1
    const { info, result } = await srvsvc.NetrShareGetInfo({ serverName: serverNameOf(ipc), shareName, level })
    ensure(result, 'NetrShareGetInfo', 'shareInfo', shareName)
    if ((info.tag !== 1 && info.tag !== 2) || info.value === null)
      throw new WireError('NetrShareGetInfo.info', 0, 'MS-SRVS 3.1.4.10', `level ${level} was asked for`)
    return listingOf(info.value)
  })

/** NetrServerGetInfo, MS-SRVS 3.1.4.17, level 101. */
export const serverInfo = (ipc: Tree, signal: AbortSignal | undefined): Promise<ServerListing> =>
  withPipe(ipc, Srvsvc.pipe, 'serverInfo', signal, async (client) => {
    const srvsvc = await client.bind(Srvsvc)
    const { info, result } = await srvsvc.NetrServerGetInfo({ serverName: serverNameOf(ipc), level: 101 })
    ensure(result, 'NetrServerGetInfo', 'serverInfo')
    if (info.tag !== 101 || info.value === null)
      throw new WireError('NetrServerGetInfo.info', 0, 'MS-SRVS 3.1.4.17', 'level 101 was asked for')
    const { name, comment, versionMajor, versionMinor, type } = info.value as {
      readonly name: string | null
      readonly comment: string | null
      readonly versionMajor: number
      readonly versionMinor: number
      readonly type: number
    }
    return { name: name ?? '', comment: comment ?? '', versionMajor, versionMinor, type }
  })
