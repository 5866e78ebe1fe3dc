import type { Identity } from '../auth/mechanism.ts'
import { viewOf } from '../bytes/utf16.ts'
import type { Server, ServerEvents } from '../server/index.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { type NtStatus, ntStatusName } from '../wire/erref/ntstatus.ts'
import { type FieldNode, formatTree } from '../wire/schema/index.ts'
import { dissectSmb1, SMB1_PROTOCOL_ID, smb1StatusName, summarizeSmb1 } from '../wire/smb1/index.ts'
import { dissectMessage, SMB2_HEADER_SIZE, summarize } from '../wire/smb2/index.ts'
import { printable, printableLines, sentence } from './report.ts'

/** How much a server tells: what goes wrong and who logs on; each request in a line; its fields as well. */
export type Verbosity = 'quiet' | 'verbose' | 'debug'

type Told<E extends keyof ServerEvents> = ServerEvents[E][0]

const who = (identity: Identity | undefined): string => {
  if (identity === undefined) return 'nobody'
  return identity.kind === 'user'
    ? identity.user
    : `${identity.kind}${identity.user === '' ? '' : ` (${identity.user})`}`
}

/** Writes what a server does, a line at a time, to `write`. */
export function watch(server: Server, verbosity: Verbosity, write: (text: string) => void): void {
  const line = (remote: string, text: string): void => {
    write(`${new Date().toISOString().slice(11, 23)} ${remote} ${printable(text)}\n`)
  }
  server.on('logon', ({ remote, identity }) => line(remote, `${who(identity)} logged on`))
  server.on('logonFailed', ({ remote, status, user, reason }) => {
    const whose = user === undefined || user === '' ? '' : ` of ${user}`
    line(remote, `logon${whose} refused: ${ntStatusName(status)}${reason === undefined ? '' : ` (${reason})`}`)
  })
  server.on('disconnect', ({ remote, reason }) => line(remote, `disconnected by the server: ${reason}`))
  server.on('fault', ({ remote, error }) => {
    line(remote, 'a fault of the server:')
    write(`${sentence(error)}\n`)
  })
  if (verbosity === 'quiet') return
  server.on('connect', ({ remote }) => line(remote, 'connected'))
  server.on('close', ({ remote }) => line(remote, 'gone'))
  server.on('logoff', ({ remote, identity }) => line(remote, `${who(identity)} logged off`))
  server.on('request', (told) => {
    line(told.remote, requestLine(told))
    if (verbosity === 'debug') write(requestFields(told))
  })
  server.on('smb1', ({ remote, session, tree, message, status, answers }) => {
    line(remote, `${placeOf(session, tree)} ${summarizeSmb1(viewOf(message))} -> ${smb1StatusName(status)}`)
    if (verbosity !== 'debug') return
    write(printableLines(formatTree(dissectSmb1(viewOf(message), false), '  > ')))
    for (const answer of answers) write(printableLines(formatTree(answerTree(answer), '  < ')))
  })
}

const placeOf = (session: Told<'request'>['session'], tree: string | undefined): string =>
  `${session === undefined ? '-' : who(session.identity)}@${tree ?? '-'}`

const requestLine = ({ session, tree, message, status }: Told<'request'>): string =>
  `${placeOf(session, tree)} ${summarize(viewOf(message))} -> ${ntStatusName(status)}`

/** A NEGOTIATE of SMB1 may have an answer of SMB2. */
function answerTree(answer: Uint8Array): FieldNode[] {
  const view = viewOf(answer)
  return view.getUint32(0, true) === SMB1_PROTOCOL_ID
    ? dissectSmb1(view, true)
    : dissectMessage(view, 0, answer.length, true)
}

function requestFields({ message, answer, status }: Told<'request'>): string {
  const asked = formatTree(dissectMessage(viewOf(message), 0, message.length, false), '  > ')
  return printableLines(failed(answer) ? asked : asked + answerFields(message, answer, status))
}

type Answer = Exclude<Told<'request'>['answer'], Failure>

/** The body of an answer as it will be sent. Its header is made later: the request's stands in for it, and is not shown. */
function answerFields(asked: Uint8Array, { body, value, frame }: Answer, status: NtStatus): string {
  if (frame !== undefined) return `  < ${frame.dataEnd - frame.dataAt} bytes of data\n`
  const input = value as never
  const message = new Uint8Array(SMB2_HEADER_SIZE + body.sizeOfEncoded(input, SMB2_HEADER_SIZE))
  message.set(asked.subarray(0, SMB2_HEADER_SIZE))
  const view = viewOf(message)
  view.setUint32(STATUS_AT, status, true)
  body.encodeInto(view, SMB2_HEADER_SIZE, input, 0)
  return formatTree(dissectMessage(view, 0, message.length, true).slice(1), '  < ')
}

/** Where the header has the status, in bytes. MS-SMB2 2.2.1. */
const STATUS_AT = 8
