/** Management of namespaces (MS-DFSNM): what is where, and for administrators links and their targets. */
import { NULL_GUID } from '../../bytes/guid.ts'
import { type InputOf, otherArm } from '../../rpc/ndr/index.ts'
import { type DfsEnum, type DfsInfo, DfsState, Netdfs, STANDALONE_FLAVOR } from '../../rpc/netdfs/netdfs.ts'
import { type RpcService, service } from '../../rpc/service.ts'
import { WinError } from '../../rpc/werror.ts'
import { failed } from '../../wire/erref/failure.ts'
import type { NamespaceAdministration, NamespaceRoot } from '../dfs/administration.ts'
import type { DfsLink, DfsLinkOptions } from '../dfs/namespace.ts'
import type { Target } from '../dfs/target.ts'
import type { ServiceContext } from './context.ts'
import { pageOf } from './paging.ts'

/** DFS_VERSION_W2K3 would promise more than is here (MS-DFSNM 3.1.4.1.1). */
const VERSION = 1

interface Entry {
  readonly path: string
  readonly comment: string
  readonly state: number
  readonly timeout: number
  readonly storages: readonly { readonly state: number; readonly serverName: string; readonly shareName: string }[]
}

const storageOf = ({ enabled, names: [serverName = '', ...share] }: Target) => ({
  state: enabled ? DfsState.ONLINE : DfsState.OFFLINE,
  serverName,
  shareName: share.join('\\'),
})

const rootEntry = (serverName: string, { name, namespace }: NamespaceRoot): Entry => ({
  path: `\\\\${serverName}\\${name}`,
  comment: namespace.comment,
  state: DfsState.OK | STANDALONE_FLAVOR,
  timeout: namespace.rules.timeToLive,
  storages: [{ state: DfsState.ONLINE, serverName, shareName: name }],
})

const linkEntry = (serverName: string, root: NamespaceRoot, link: DfsLink): Entry => ({
  path: `\\\\${[serverName, root.name, ...link.path].join('\\')}`,
  comment: link.comment,
  state: DfsState.OK,
  timeout: link.timeToLive,
  storages: link.targets.map(storageOf),
})

const valueOf = ({ path, comment, state, timeout, storages }: Entry) => ({
  entryPath: path,
  comment,
  state,
  timeout,
  guid: NULL_GUID,
  storageCount: storages.length,
  storages,
})

const INFO_LEVELS = [1, 2, 3, 4, 100, 101, 102] as const
const ENUM_LEVELS = [1, 2, 3, 4] as const
const isOneOf = <T extends number>(levels: readonly T[], level: number): level is T => levels.includes(level as T)

/** Host, root and the path below it, of `\\host\root\path`. */
function namesIn(path: string): { root: string; below: readonly string[] } {
  const [, root = '', ...below] = path.split('\\').filter((name) => name !== '')
  return { root, below }
}

/** What is set of a link, or of one of its targets (MS-DFSNM 3.1.4.1.4); a code where that cannot be. */
function changeOf(
  link: DfsLink,
  target: string | undefined,
  info: InputOf<typeof DfsInfo>,
): Partial<DfsLinkOptions> | number {
  if (info.tag === 100 && info.value !== null) return { comment: info.value.comment ?? '' }
  if (info.tag === 102 && info.value !== null) return { timeToLive: info.value.timeout }
  if (info.tag !== 101 || info.value === null) return WinError.INVALID_LEVEL
  const { state } = info.value
  if (target === undefined || (state !== DfsState.ONLINE && state !== DfsState.OFFLINE))
    return WinError.INVALID_PARAMETER
  const isMeant = ({ path }: Target): boolean => path.toUpperCase() === target.toUpperCase()
  if (!link.targets.some(isMeant)) return WinError.DFS_NO_SUCH_SHARE
  const enabled = state === DfsState.ONLINE
  return { targets: link.targets.map((each) => ({ ...each.options, ...(isMeant(each) && { enabled }) })) }
}

/** The service for one caller. */
export function netdfs(context: ServiceContext, namespaces: NamespaceAdministration): RpcService {
  const { serverName, user } = context
  const mayChange = user.isAdministrator === true
  const entries = (): Entry[] =>
    namespaces.roots.flatMap((root) => [
      rootEntry(serverName, root),
      ...root.namespace.links.map((link) => linkEntry(serverName, root, link)),
    ])
  /** Runs a change of what an administrator names; a name or target that cannot be is his mistake. */
  const changed = async (work: () => Promise<number>): Promise<{ result: number }> => {
    if (!mayChange) return { result: WinError.ACCESS_DENIED }
    try {
      return { result: await work() }
    } catch (error) {
      if (error instanceof RangeError) return { result: WinError.INVALID_PARAMETER }
      throw error
    }
  }
  const targetOf = (server: string | null, share: string | null): string => `\\\\${server ?? ''}\\${share ?? ''}`

  return service(Netdfs, {
    NetrDfsManagerGetVersion: () => ({ version: VERSION }),
    NetrDfsAdd: ({ entryPath, serverName: server, shareName, comment }) =>
      changed(async () => {
        const { root: name, below } = namesIn(entryPath)
        const root = namespaces.root(name)
        if (root === undefined) return WinError.DFS_NO_SUCH_VOLUME
        const added = await namespaces.addTarget(root, below, targetOf(server, shareName), comment ?? '')
        if (failed(added)) return WinError.WRITE_FAULT
        return added ? WinError.SUCCESS : WinError.FILE_EXISTS
      }),
    NetrDfsRemove: ({ entryPath, serverName: server, shareName }) =>
      changed(async () => {
        const { root: name, below } = namesIn(entryPath)
        const root = namespaces.root(name)
        const target = server === null && shareName === null ? undefined : targetOf(server, shareName)
        const removed = root !== undefined && (await namespaces.removeTarget(root, below, target))
        if (failed(removed)) return WinError.WRITE_FAULT
        return removed ? WinError.SUCCESS : WinError.DFS_NO_SUCH_VOLUME
      }),
    NetrDfsSetInfo: ({ entryPath, serverName: server, shareName, info }) =>
      changed(async () => {
        const { root: name, below } = namesIn(entryPath)
        const root = namespaces.root(name)
        const link = root && namespaces.link(root, below)
        if (root === undefined || link === undefined) return WinError.DFS_NO_SUCH_VOLUME
        const target = server === null && shareName === null ? undefined : targetOf(server, shareName)
        const change = changeOf(link, target, info)
        if (typeof change === 'number') return change
        return failed(await namespaces.change(root, link, change)) ? WinError.WRITE_FAULT : WinError.SUCCESS
      }),
    NetrDfsGetInfo({ entryPath, level }) {
      const answer = (info: InputOf<typeof DfsInfo>, result: number) => ({ info, result })
      if (!isOneOf(INFO_LEVELS, level)) return answer(otherArm(level), WinError.INVALID_LEVEL)
      const none = { tag: level, value: null } as const
      if (user.kind !== 'user') return answer(none, WinError.ACCESS_DENIED)
      const { root: name, below } = namesIn(entryPath)
      const path = [serverName, name, ...below].join('\\').toUpperCase()
      const found = entries().find((entry) => entry.path.toUpperCase() === `\\\\${path}`)
      if (found === undefined) return answer(none, WinError.DFS_NO_SUCH_VOLUME)
      return answer({ tag: level, value: valueOf(found) }, WinError.SUCCESS)
    },
    NetrDfsEnum({ level, preferredMaximumLength, resumeHandle }) {
      const answer = (info: InputOf<typeof DfsEnum>['info'], next: number | null, result: number) => ({
        entries: { info },
        resumeHandle: next,
        result,
      })
      if (!isOneOf(ENUM_LEVELS, level)) return answer(otherArm(level), resumeHandle, WinError.INVALID_LEVEL)
      if (user.kind !== 'user') return answer({ tag: level, value: null }, resumeHandle, WinError.ACCESS_DENIED)
      const page = pageOf(entries(), resumeHandle ?? 0, preferredMaximumLength, ({ path }) => path.length * 2 + 32)
      const isOver = page.entries.length === 0
      const next = (resumeHandle ?? 0) + page.entries.length
      const value = { entries: page.entries.map(valueOf) }
      // At the end there are no more items, rather than none (MS-DFSNM 3.1.4.1.6).
      return answer(
        { tag: level, value: isOver ? null : value },
        resumeHandle === null ? null : next,
        isOver ? WinError.NO_MORE_ITEMS : WinError.SUCCESS,
      )
    },
  })
}
