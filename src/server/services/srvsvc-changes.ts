/** Shares that administrators add, change and remove: MS-SRVS 3.1.4.7, 3.1.4.11, 3.1.4.12. */
import { WireError } from '../../bytes/errors.ts'
import type { InputOfOperation } from '../../rpc/operation.ts'
import type { Handlers } from '../../rpc/service.ts'
import { ShareFlag, UNLIMITED_USES } from '../../rpc/srvsvc/share-info.ts'
import type { Srvsvc } from '../../rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../rpc/werror.ts'
import { decodeSecurityDescriptor } from '../../wire/dtyp/index.ts'
import type { Failure } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { ShareChange } from '../administration.ts'
import type { ServiceContext } from './context.ts'
import { isShareName } from './share-list.ts'

type Operations = typeof Srvsvc.operations
type Info = InputOfOperation<Operations['NetrShareSetInfo']>['info']

const CODES = new Map<number, number>([
  [NtStatus.NOT_SUPPORTED, WinError.ACCESS_DENIED],
  [NtStatus.ACCESS_DENIED, WinError.ACCESS_DENIED],
  [NtStatus.OBJECT_NAME_NOT_FOUND, WinError.UNKNOWN_FOLDER],
  [NtStatus.OBJECT_PATH_NOT_FOUND, WinError.UNKNOWN_FOLDER],
  [NtStatus.NOT_A_DIRECTORY, WinError.UNKNOWN_FOLDER],
  [NtStatus.UNEXPECTED_IO_ERROR, WinError.WRITE_FAULT],
])
const codeOf = (failure: Failure | undefined): number =>
  failure === undefined ? WinError.SUCCESS : (CODES.get(failure.status) ?? WinError.INVALID_PARAMETER)

/** Characters that the comment of a server may have. */
const MAX_COMMENT = 256

interface Described {
  readonly comment?: string | null
  readonly maxUses?: number
  readonly securityDescriptor?: Uint8Array | null
  readonly flags?: number
}

/** What a level says of a share, as a change; a code where that cannot be. */
function changeOf({ comment, maxUses, securityDescriptor, flags }: Described): ShareChange | number {
  if (securityDescriptor !== undefined && securityDescriptor !== null && !isDescriptor(securityDescriptor))
    return WinError.INVALID_SECURITY_DESCRIPTOR
  const limit = maxUses === UNLIMITED_USES ? undefined : maxUses
  return {
    ...(comment === undefined ? {} : { comment: comment ?? '' }),
    ...(maxUses === undefined ? {} : { maxUses: limit }),
    ...(securityDescriptor === undefined || securityDescriptor === null ? {} : { securityDescriptor }),
    ...(flags === undefined ? {} : { accessBasedEnumeration: (flags & ShareFlag.ACCESS_BASED_DIRECTORY_ENUM) !== 0 }),
  } as ShareChange
}

function isDescriptor(bytes: Uint8Array): boolean {
  try {
    decodeSecurityDescriptor(bytes)
    return true
  } catch (error) {
    if (error instanceof WireError) return false
    throw error
  }
}

/** The levels by which a share is changed; 0 and 501 change nothing (MS-SRVS 3.1.4.11). */
const CHANGING: readonly number[] = [1, 2, 502, 503, 1004, 1005, 1006, 1501]

function described(info: Info): Described | number {
  if (info.tag === 'other' || info.tag === 0 || !CHANGING.includes(info.tag)) return WinError.INVALID_LEVEL
  if (info.value === null) return WinError.INVALID_PARAMETER
  return info.value
}

/** `C:\srv\files`, or `/srv/files` as Samba's tools may say it, as the server's own path. */
function localPath(path: string | null): string | undefined {
  const match = /^(?:[A-Za-z]:)?([\\/].*)$/.exec(path ?? '')
  return match?.[1]?.replaceAll('\\', '/')
}

export function shareChangeHandlers(context: ServiceContext): Handlers<Operations> {
  const { administration, user } = context
  const may = user.isAdministrator === true
  const find = (name: string) => context.shares().find((share) => share.name.toUpperCase() === name.toUpperCase())
  const remove = async (shareName: string): Promise<{ result: number }> => {
    if (!may || administration === undefined) return { result: WinError.ACCESS_DENIED }
    const share = find(shareName)
    if (share === undefined) return { result: WinError.SHARE_NOT_FOUND }
    // IPC$ is what this call came by.
    if (share.type === 'ipc') return { result: WinError.ACCESS_DENIED }
    return { result: codeOf(await administration.removeShare(share.name)) }
  }
  return {
    async NetrShareAdd({ info, parameterError }) {
      const answer = (result: number) => ({ parameterError, result })
      if (!may || administration === undefined) return answer(WinError.ACCESS_DENIED)
      if (info.tag !== 2 && info.tag !== 502 && info.tag !== 503) return answer(WinError.INVALID_LEVEL)
      if (info.value === null || info.value.type !== 0) return answer(WinError.INVALID_PARAMETER)
      const { name, path } = info.value
      if (name === null || !isShareName(name)) return answer(WinError.INVALID_NAME)
      if (find(name) !== undefined) return answer(WinError.DUPLICATE_SHARE)
      const local = localPath(path)
      if (local === undefined) return answer(WinError.INVALID_PARAMETER)
      const change = changeOf(info.value)
      if (typeof change === 'number') return answer(change)
      return answer(codeOf(await administration.addShare(name, local, change)))
    },
    async NetrShareSetInfo({ shareName, info, parameterError }) {
      const answer = (result: number) => ({ parameterError, result })
      const wanted = described(info)
      if (typeof wanted === 'number') return answer(wanted)
      if (!may || administration === undefined) return answer(WinError.ACCESS_DENIED)
      const share = find(shareName)
      if (share === undefined) return answer(WinError.SHARE_NOT_FOUND)
      if (share.type === 'ipc') return answer(WinError.ACCESS_DENIED)
      const change = changeOf(wanted)
      if (typeof change === 'number') return answer(change)
      return answer(codeOf(await administration.changeShare(share.name, change)))
    },
    async NetrServerSetInfo({ info, parameterError }) {
      const answer = (result: number) => ({ parameterError, result })
      // Of a server its comment can be set; the other levels tell of what it has not (MS-SRVS 3.1.4.18).
      if (info.tag !== 101 && info.tag !== 102 && info.tag !== 1005) return answer(WinError.INVALID_LEVEL)
      if (!may || administration === undefined) return answer(WinError.ACCESS_DENIED)
      const comment = info.value?.comment ?? ''
      if (info.value === null || comment.length > MAX_COMMENT) return answer(WinError.INVALID_PARAMETER)
      return answer(codeOf(await administration.changeComment(comment)))
    },
    NetrShareDel: ({ shareName }) => remove(shareName),
    NetrShareDelSticky: ({ shareName }) => remove(shareName),
    NetrShareDelEx({ info }) {
      if (info.tag !== 503) return { result: WinError.INVALID_LEVEL }
      const { name = null } = info.value ?? {}
      return name === null ? { result: WinError.INVALID_PARAMETER } : remove(name)
    },
  }
}
