/** Who is connected to a server and what is open there, by srvsvc; for administrators. MS-SRVS 3.1.4.2 to 3.1.4.6. */
import type { Bound } from '../../rpc/client.ts'
import { FilePermission, SessionFlag } from '../../rpc/srvsvc/activity.ts'
import { Srvsvc } from '../../rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../rpc/werror.ts'
import type { OpenFileListing, SessionListing } from '../api/client.ts'
import { withPipe } from '../pipe.ts'
import type { Tree } from '../tree.ts'
import { ensure, MAX_ANSWERS, PREFERRED_BYTES, serverNameOf } from './srvsvc.ts'

type Server = Bound<typeof Srvsvc.operations>

interface Answer<T> {
  readonly entries: readonly T[]
  readonly resumeHandle: number | null
  readonly result: number
}

/** All entries, from as many answers as the server has for them. */
async function allOf<T>(
  ask: (resumeHandle: number) => Promise<Answer<T>>,
  call: string,
  operation: string,
): Promise<T[]> {
  const found: T[] = []
  let resumeHandle = 0
  for (let answers = 0; answers < MAX_ANSWERS; answers++) {
    const answer = await ask(resumeHandle)
    ensure(answer.result, call, operation)
    found.push(...answer.entries)
    resumeHandle = answer.resumeHandle ?? 0
    if (answer.result !== WinError.MORE_DATA || answer.entries.length === 0) break
  }
  return found
}

function asked<T>(
  ipc: Tree,
  operation: string,
  signal: AbortSignal | undefined,
  work: (server: Server) => Promise<T>,
): Promise<T> {
  return withPipe(ipc, Srvsvc.pipe, operation, signal, async (client) => work(await client.bind(Srvsvc)))
}

/** NetrSessionEnum, MS-SRVS 3.1.4.5, level 1. */
export const listSessions = (ipc: Tree, signal: AbortSignal | undefined): Promise<SessionListing[]> =>
  asked(ipc, 'sessions', signal, async (server) => {
    const entries = await allOf(
      async (resumeHandle) => {
        const { sessions, ...answer } = await server.NetrSessionEnum({
          serverName: serverNameOf(ipc),
          clientName: null,
          userName: null,
          sessions: { info: { tag: 1, value: { entries: null } } },
          preferredMaximumLength: PREFERRED_BYTES,
          resumeHandle,
        })
        return { ...answer, entries: sessions.info.tag === 1 ? (sessions.info.value?.entries ?? []) : [] }
      },
      'NetrSessionEnum',
      'sessions',
    )
    return entries.map(({ clientName, userName, openCount, time, idleTime, userFlags }) => ({
      client: clientName ?? '',
      user: userName ?? '',
      openFiles: openCount,
      activeSeconds: time,
      idleSeconds: idleTime,
      isGuest: (userFlags & SessionFlag.GUEST) !== 0,
    }))
  })

/** NetrFileEnum, MS-SRVS 3.1.4.2, level 3. */
export const listOpenFiles = (ipc: Tree, signal: AbortSignal | undefined): Promise<OpenFileListing[]> =>
  asked(ipc, 'openFiles', signal, async (server) => {
    const entries = await allOf(
      async (resumeHandle) => {
        const { files, ...answer } = await server.NetrFileEnum({
          serverName: serverNameOf(ipc),
          basePath: null,
          userName: null,
          files: { info: { tag: 3, value: { entries: null } } },
          preferredMaximumLength: PREFERRED_BYTES,
          resumeHandle,
        })
        return { ...answer, entries: files.info.tag === 3 ? (files.info.value?.entries ?? []) : [] }
      },
      'NetrFileEnum',
      'openFiles',
    )
    return entries.map(({ id, permissions, lockCount, pathName, userName }) => ({
      id,
      path: pathName ?? '',
      user: userName ?? '',
      locks: lockCount,
      reads: (permissions & FilePermission.READ) !== 0,
      writes: (permissions & FilePermission.WRITE) !== 0,
    }))
  })

/** NetrFileClose, MS-SRVS 3.1.4.4. */
export const closeOpenFile = (ipc: Tree, fileId: number, signal: AbortSignal | undefined): Promise<void> =>
  asked(ipc, 'closeOpenFile', signal, async (server) => {
    const { result } = await server.NetrFileClose({ serverName: serverNameOf(ipc), fileId })
    ensure(result, 'NetrFileClose', 'closeOpenFile')
  })

/** NetrSessionDel, MS-SRVS 3.1.4.6. */
export const endSessions = (
  ipc: Tree,
  { client, user }: { readonly client?: string; readonly user?: string },
  signal: AbortSignal | undefined,
): Promise<void> =>
  asked(ipc, 'endSessions', signal, async (server) => {
    const { result } = await server.NetrSessionDel({
      serverName: serverNameOf(ipc),
      clientName: client === undefined ? null : `\\\\${client.replace(/^\\+/, '')}`,
      userName: user ?? null,
    })
    ensure(result, 'NetrSessionDel', 'endSessions')
  })
