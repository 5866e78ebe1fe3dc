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
import { isStillOffered } from '../share-access.ts'
import { type Steps, wait } from '../steps.ts'
import { isResult, refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'
import { type StartSigning, serveSessionSetup } from './session-setup.ts'
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
      return serveOther(context, link)
  }
}

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

/** Files are for dialects from 2.0.2 on: whoever is logged on learns that. */
function serveOther(context: Smb1Context, { command }: Smb1Link): Smb1Result {
  if (!KNOWN.has(command)) return refuse(Smb1Status.BAD_COMMAND)
  const session = context.session()
  if (isResult(session)) return session
  const tree = context.tree(session)
  if (isResult(tree)) return tree
  return refuse(isStillOffered(tree) ? NtStatus.NOT_SUPPORTED : Smb1Status.BAD_TID)
}
