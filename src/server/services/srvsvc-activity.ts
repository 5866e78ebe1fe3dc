/** Who is connected and what is open, for administrators: MS-SRVS 3.1.4.1 to 3.1.4.6. */
import { type InputOf, otherArm } from '../../rpc/ndr/index.ts'
import type { Handlers } from '../../rpc/service.ts'
import {
  type ConnectionEnum,
  type FileEnum,
  FilePermission,
  type SessionEnum,
  SessionFlag,
} from '../../rpc/srvsvc/activity.ts'
import { ShareType } from '../../rpc/srvsvc/share-info.ts'
import type { Srvsvc } from '../../rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../rpc/werror.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import type { Administration, ConnectionFacts, OpenFacts, SessionFacts } from '../administration.ts'
import type { ServiceContext } from './context.ts'
import { pageOf } from './paging.ts'

type Operations = typeof Srvsvc.operations

/** What Windows counts for an entry, roughly: numbers and pointers, and the text behind them. */
const bytesOf = (...texts: readonly string[]): number => texts.reduce((sum, text) => sum + 4 + text.length * 2, 24)

/** A name as clients write it, with backslashes or without; undefined where all are meant. */
const wanted = (name: string | null): string | undefined => {
  const plain = (name ?? '').replace(/^\\+/, '')
  return plain === '' ? undefined : plain.toUpperCase()
}

const matches = (text: string, name: string | undefined): boolean => name === undefined || text.toUpperCase() === name

interface Paging {
  readonly preferredMaximumLength: number
  readonly resumeHandle: number | null
}

/** Entries of a level, or why there are none; in the form that all enumerations answer in. */
function enumerated<T, I>(
  input: Paging,
  level: number,
  facts: readonly T[] | number,
  bytes: (entry: T) => number,
  infoAt: (level: number, entries: readonly T[]) => I | undefined,
) {
  const refused = (result: number) => ({
    info: infoAt(level, []) ?? otherArm(level),
    totalEntries: 0,
    resumeHandle: input.resumeHandle,
    result,
  })
  if (infoAt(level, []) === undefined) return refused(WinError.INVALID_LEVEL)
  if (typeof facts === 'number') return refused(facts)
  const page = pageOf(facts, input.resumeHandle ?? 0, input.preferredMaximumLength, bytes)
  return {
    info: infoAt(level, page.entries) ?? otherArm(level),
    totalEntries: page.total,
    resumeHandle: input.resumeHandle === null ? null : page.resumeAt,
    result: page.result,
  }
}

function sessionsAt(level: number, sessions: readonly SessionFacts[]): InputOf<typeof SessionEnum>['info'] | undefined {
  const entries = sessions.map(({ client, user, opens, activeSeconds, idleSeconds, isGuest }) => ({
    clientName: client,
    userName: user,
    openCount: opens,
    time: activeSeconds,
    idleTime: idleSeconds,
    userFlags: isGuest ? SessionFlag.GUEST : 0,
    clientType: '',
    transport: '',
  }))
  switch (level) {
    case 0:
    case 1:
    case 2:
    case 10:
    case 502:
      return { tag: level, value: { entries } }
    default:
      return undefined
  }
}

function filesAt(level: number, opens: readonly OpenFacts[]): InputOf<typeof FileEnum>['info'] | undefined {
  const entries = opens.map(fileInfo)
  return level === 2 || level === 3 ? { tag: level, value: { entries } } : undefined
}

const fileInfo = ({ id, grantedAccess, locks, path, user }: OpenFacts) => ({
  id,
  permissions: permissionsOf(grantedAccess),
  lockCount: locks,
  pathName: path,
  userName: user,
})

const RIGHTS: readonly (readonly [number, number])[] = [
  [AccessMask.FILE_READ_DATA, FilePermission.READ],
  [AccessMask.FILE_WRITE_DATA | AccessMask.FILE_APPEND_DATA, FilePermission.WRITE],
  [AccessMask.FILE_EXECUTE, FilePermission.EXECUTE],
  [AccessMask.DELETE, FilePermission.DELETE],
]
const permissionsOf = (access: number): number =>
  RIGHTS.reduce((all, [mask, permission]) => ((access & mask) === 0 ? all : all | permission), 0)

function connectionsAt(
  level: number,
  connections: readonly ConnectionFacts[],
  byClient: boolean,
): InputOf<typeof ConnectionEnum>['info'] | undefined {
  const entries = connections.map(({ id, share, isPipe, client, user, opens, activeSeconds }) => ({
    id,
    type: isPipe ? ShareType.IPC : ShareType.DISK,
    openCount: opens,
    userCount: 1,
    time: activeSeconds,
    userName: user,
    netName: byClient ? share : client,
  }))
  return level === 0 || level === 1 ? { tag: level, value: { entries } } : undefined
}

/** MS-SRVS leaves to administrators who else is here. */
export function activityHandlers({ administration, user }: ServiceContext): Handlers<Operations> {
  const may = user.isAdministrator === true
  /** For who may know; otherwise the code that says so. */
  const known = <T>(facts: (from: Administration) => T): T | number =>
    may && administration !== undefined ? facts(administration) : WinError.ACCESS_DENIED
  return {
    NetrSessionEnum(input) {
      const [client, name] = [wanted(input.clientName), wanted(input.userName)]
      const facts = known(({ sessions }) =>
        sessions.filter((each) => matches(each.client, client) && matches(each.user, name)),
      )
      const { info, ...rest } = enumerated(
        input,
        input.sessions.level,
        facts,
        (each) => bytesOf(each.client, each.user),
        sessionsAt,
      )
      return { sessions: { info }, ...rest }
    },
    NetrFileEnum(input) {
      const [path, name] = [(input.basePath ?? '').toUpperCase(), wanted(input.userName)]
      const facts = known(({ opens }) =>
        opens.filter((each) => each.path.toUpperCase().startsWith(path) && matches(each.user, name)),
      )
      const { info, ...rest } = enumerated(
        input,
        input.files.level,
        facts,
        (each) => bytesOf(each.path, each.user),
        filesAt,
      )
      return { files: { info }, ...rest }
    },
    NetrConnectionEnum(input) {
      const qualifier = wanted(input.qualifier)
      const byClient = (input.qualifier ?? '').startsWith('\\\\')
      const facts =
        qualifier === undefined
          ? known(() => WinError.INVALID_PARAMETER)
          : known(({ connections }) =>
              connections.filter(({ client, share }) => matches(byClient ? client : share, qualifier)),
            )
      const { info, ...rest } = enumerated(
        input,
        input.connections.level,
        facts,
        (each) => bytesOf(each.user),
        (level, list) => connectionsAt(level, list, byClient),
      )
      return { connections: { info }, ...rest }
    },
    NetrFileGetInfo({ fileId, level }) {
      if (level !== 2 && level !== 3) return { info: otherArm(level), result: WinError.INVALID_LEVEL }
      const found = known(({ opens }) => opens.find(({ id }) => id === fileId) ?? WinError.FILE_ID_NOT_FOUND)
      if (typeof found === 'number') return { info: { tag: level, value: null }, result: found }
      return { info: { tag: level, value: fileInfo(found) }, result: WinError.SUCCESS }
    },
    async NetrFileClose({ fileId }) {
      const closed = await known(async (from) => from.closeFile(fileId))
      return { result: typeof closed === 'number' ? closed : closed ? WinError.SUCCESS : WinError.FILE_ID_NOT_FOUND }
    },
    async NetrSessionDel({ clientName, userName }) {
      const [client, name] = [wanted(clientName), wanted(userName)]
      // Neither would mean everybody (MS-SRVS 3.1.4.6).
      if (client === undefined && name === undefined) return { result: WinError.INVALID_PARAMETER }
      if (!may || administration === undefined) return { result: WinError.ACCESS_DENIED }
      const ended = await administration.endSessions(client, name)
      return { result: ended === 0 ? WinError.CLIENT_NAME_NOT_FOUND : WinError.SUCCESS }
    },
  }
}
