import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Smb1Command,
  Smb1EchoRequest,
  Smb1EchoResponse,
  type Smb1Link,
  Smb1Logoff,
  Smb1Status,
  Smb1TreeDisconnect,
  smb1Part,
} from '../../wire/smb1/index.ts'
import { endSession, endTree } from '../session-end.ts'
import { type Steps, wait } from '../steps.ts'
import { isResult, refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'
import { findPlace, type Place } from './core.ts'
import { serveRead, serveReadAndX, serveWrite, serveWriteAndX } from './data.ts'
import { serveClose, serveCreate, serveFlush } from './files.ts'
import { serveLocking } from './locks.ts'
import { serveNtTransact } from './nt-transact.ts'
import { serveOpenAndX } from './open-andx.ts'
import {
  serveCheckDirectory,
  serveCreateDirectory,
  serveDelete,
  serveDeleteDirectory,
  serveQueryDisk,
  serveQueryInformation,
  serveRename,
  serveSetInformation,
} from './paths.ts'
import { serveTransaction } from './pipes.ts'
import { serveFindClose } from './search.ts'
import { type StartSigning, serveSessionSetup } from './session-setup.ts'
import { serveTransaction2 } from './trans2.ts'
import { serveTreeConnect } from './tree-connect.ts'

/** Answers to one ECHO: more would cost the server more than the client. */
const MAX_ECHOES = 16

const KNOWN: ReadonlySet<number> = new Set(Object.values(Smb1Command))

/** One command of a message. */
export function* serveCommand(context: Smb1Context, link: Smb1Link, start: StartSigning): Steps<Smb1Result> {
  switch (link.command) {
    case Smb1Command.SESSION_SETUP_ANDX:
      return yield* serveSessionSetup(context, link, start)
    case Smb1Command.TREE_CONNECT_ANDX:
      return yield* serveTreeConnect(context, link)
    case Smb1Command.TREE_DISCONNECT:
      return yield* serveTreeDisconnect(context, link)
    case Smb1Command.LOGOFF_ANDX:
      return yield* serveLogoff(context, link)
    case Smb1Command.ECHO:
      return serveEcho(context, link)
    default:
      return yield* serveOnTree(context, link)
  }
}

type Serve = (place: Place, link: Smb1Link) => Steps<Smb1Result>

/** What needs a tree. */
const onTree = new Map<number, Serve>([
  [Smb1Command.NT_CREATE_ANDX, serveCreate],
  [Smb1Command.OPEN_ANDX, serveOpenAndX],
  [Smb1Command.CLOSE, serveClose],
  [Smb1Command.FLUSH, serveFlush],
  [Smb1Command.READ_ANDX, serveReadAndX],
  [Smb1Command.READ, serveRead],
  [Smb1Command.WRITE_ANDX, serveWriteAndX],
  [Smb1Command.WRITE, serveWrite],
  [Smb1Command.LOCKING_ANDX, serveLocking],
  [Smb1Command.CREATE_DIRECTORY, serveCreateDirectory],
  [Smb1Command.DELETE_DIRECTORY, serveDeleteDirectory],
  [Smb1Command.CHECK_DIRECTORY, serveCheckDirectory],
  [Smb1Command.DELETE, serveDelete],
  [Smb1Command.RENAME, serveRename],
  [Smb1Command.QUERY_INFORMATION, serveQueryInformation],
  [Smb1Command.SET_INFORMATION, serveSetInformation],
  [Smb1Command.QUERY_INFORMATION_DISK, serveQueryDisk],
  [Smb1Command.TRANSACTION, serveTransaction],
  [Smb1Command.TRANSACTION2, serveTransaction2],
  [Smb1Command.FIND_CLOSE2, serveFindClose],
  [Smb1Command.NT_TRANSACT, serveNtTransact],
])

/** MS-CIFS 3.3.5.44. */
function* serveLogoff(context: Smb1Context, link: Smb1Link): Steps<Smb1Result> {
  context.body(Smb1Logoff, link)
  const session = context.state.session(context.uid)
  if (session === undefined) return refuse(Smb1Status.BAD_UID)
  yield* wait(endSession(session, 'logged off'))
  return succeed(smb1Part(link.command, Smb1Logoff, {}))
}

/** MS-CIFS 3.3.5.41. */
function* serveTreeDisconnect(context: Smb1Context, link: Smb1Link): Steps<Smb1Result> {
  context.body(Smb1TreeDisconnect, link)
  const session = context.state.session(context.uid)
  if (session === undefined) return refuse(Smb1Status.BAD_UID)
  const tree = context.tree(session)
  if (isResult(tree)) return tree
  yield* wait(endTree(tree))
  return succeed(smb1Part(link.command, Smb1TreeDisconnect, {}))
}

/** MS-CIFS 3.3.5.32. Nobody need have logged on. */
function serveEcho(context: Smb1Context, link: Smb1Link): Smb1Result {
  const { echoCount, data } = context.body(Smb1EchoRequest, link)
  const parts = Array.from({ length: Math.min(echoCount, MAX_ECHOES) }, (_, i) =>
    smb1Part(link.command, Smb1EchoResponse, { sequenceNumber: i + 1, data }),
  )
  const last = parts.pop()
  context.further.push(...parts)
  return last === undefined ? { status: NtStatus.SUCCESS } : succeed(last)
}

/** Files, directories and pipes; what is not in the table is refused to who may use the tree. */
function* serveOnTree(context: Smb1Context, link: Smb1Link): Steps<Smb1Result> {
  if (!KNOWN.has(link.command)) return refuse(Smb1Status.BAD_COMMAND)
  const place = yield* findPlace(context)
  if (isResult(place)) return place
  const serve = onTree.get(link.command)
  return serve === undefined ? refuse(NtStatus.NOT_SUPPORTED) : yield* serve(place, link)
}
