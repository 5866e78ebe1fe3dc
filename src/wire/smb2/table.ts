import { NtStatus } from '../erref/ntstatus.ts'
import type { Struct } from '../schema/index.ts'
import { CancelRequest } from './cancel.ts'
import { ChangeNotifyRequest, ChangeNotifyResponse } from './change-notify.ts'
import { CloseRequest, CloseResponse } from './close.ts'
import { Command } from './constants.ts'
import { CreateRequest, CreateResponse } from './create.ts'
import { EchoRequest, EchoResponse } from './echo.ts'
import { ErrorResponse } from './error.ts'
import { FlushRequest, FlushResponse } from './flush.ts'
import { IoctlRequest, IoctlResponse } from './ioctl.ts'
import { LeaseBreakAcknowledgment, LeaseBreakNotification, LeaseBreakResponse } from './lease-break.ts'
import { LockRequest, LockResponse } from './lock.ts'
import { LogoffRequest, LogoffResponse } from './logoff.ts'
import { NegotiateRequest, NegotiateResponse } from './negotiate.ts'
import { ServerToClientNotification } from './notification.ts'
import { OplockBreakAcknowledgment, OplockBreakResponse } from './oplock-break.ts'
import { QueryDirectoryRequest, QueryDirectoryResponse } from './query-directory.ts'
import { QueryInfoRequest, QueryInfoResponse } from './query-info.ts'
import { ReadRequest, ReadResponse } from './read.ts'
import { SessionSetupRequest, SessionSetupResponse } from './session-setup.ts'
import { SetInfoRequest, SetInfoResponse } from './set-info.ts'
import { TreeConnectRequest, TreeConnectResponse } from './tree-connect.ts'
import { TreeDisconnectRequest, TreeDisconnectResponse } from './tree-disconnect.ts'
import { WriteRequest, WriteResponse } from './write.ts'

/** Any declared body, for code that only takes bodies apart. */
export type Body = Struct<object, never>

interface Row {
  readonly name: string
  readonly request: Body
  readonly response: Body
  /** Statuses other than success that come with the command's own response. MS-SMB2 3.3.4.4. */
  readonly also: readonly number[]
}

const row = (name: string, request: Body, response: Body, also: readonly number[] = []): Row => ({
  name,
  request,
  response,
  also,
})

const { BUFFER_OVERFLOW, INVALID_PARAMETER, MORE_PROCESSING_REQUIRED } = NtStatus

const rows: Readonly<Record<number, Row>> = {
  [Command.NEGOTIATE]: row('NEGOTIATE', NegotiateRequest, NegotiateResponse),
  [Command.SESSION_SETUP]: row('SESSION_SETUP', SessionSetupRequest, SessionSetupResponse, [MORE_PROCESSING_REQUIRED]),
  [Command.LOGOFF]: row('LOGOFF', LogoffRequest, LogoffResponse),
  [Command.TREE_CONNECT]: row('TREE_CONNECT', TreeConnectRequest, TreeConnectResponse),
  [Command.TREE_DISCONNECT]: row('TREE_DISCONNECT', TreeDisconnectRequest, TreeDisconnectResponse),
  [Command.CREATE]: row('CREATE', CreateRequest, CreateResponse),
  [Command.CLOSE]: row('CLOSE', CloseRequest, CloseResponse),
  [Command.FLUSH]: row('FLUSH', FlushRequest, FlushResponse),
  [Command.READ]: row('READ', ReadRequest, ReadResponse, [BUFFER_OVERFLOW]),
  [Command.WRITE]: row('WRITE', WriteRequest, WriteResponse),
  [Command.LOCK]: row('LOCK', LockRequest, LockResponse),
  // Copychunk tells its limits with STATUS_INVALID_PARAMETER.
  [Command.IOCTL]: row('IOCTL', IoctlRequest, IoctlResponse, [BUFFER_OVERFLOW, INVALID_PARAMETER]),
  [Command.CANCEL]: row('CANCEL', CancelRequest, ErrorResponse),
  [Command.ECHO]: row('ECHO', EchoRequest, EchoResponse),
  [Command.QUERY_DIRECTORY]: row('QUERY_DIRECTORY', QueryDirectoryRequest, QueryDirectoryResponse, [BUFFER_OVERFLOW]),
  [Command.CHANGE_NOTIFY]: row('CHANGE_NOTIFY', ChangeNotifyRequest, ChangeNotifyResponse),
  [Command.QUERY_INFO]: row('QUERY_INFO', QueryInfoRequest, QueryInfoResponse, [BUFFER_OVERFLOW]),
  [Command.SET_INFO]: row('SET_INFO', SetInfoRequest, SetInfoResponse),
  [Command.OPLOCK_BREAK]: row('OPLOCK_BREAK', OplockBreakAcknowledgment, OplockBreakResponse),
  [Command.SERVER_TO_CLIENT_NOTIFICATION]: row(
    'SERVER_TO_CLIENT_NOTIFICATION',
    ServerToClientNotification,
    ServerToClientNotification,
  ),
}

const ERROR_STRUCTURE_SIZE = 9
/** Responses whose own StructureSize is that of an error response too: only the status tells them apart. */
const sameSizeAsError: ReadonlySet<number> = new Set([
  Command.SESSION_SETUP,
  Command.QUERY_DIRECTORY,
  Command.CHANGE_NOTIFY,
  Command.QUERY_INFO,
])
const LEASE_STRUCTURE_SIZE = 36
const LEASE_NOTIFICATION_STRUCTURE_SIZE = 44

/** `READ`, or a number for a command that the specification does not know. */
export const commandName = (command: number): string => rows[command]?.name ?? `command ${command}`

/**
 * The declaration of a request's body; undefined for an unknown command. `structureSize`, the first 16 bits of the
 * body, tells lease break acknowledgments from oplock break acknowledgments.
 */
export function requestBody(command: number, structureSize?: number): Body | undefined {
  if (command === Command.OPLOCK_BREAK && structureSize === LEASE_STRUCTURE_SIZE) return LeaseBreakAcknowledgment
  return rows[command]?.request
}

/** True for statuses that come with the command's own response and not with an error response. MS-SMB2 3.3.4.4. */
export function isSuccessResponse(command: number, status: number): boolean {
  // An interim response has the form of an error response (MS-SMB2 3.3.4.2).
  if (status === NtStatus.PENDING) return false
  return status >>> 30 === 0 || (rows[command]?.also.includes(status) ?? false)
}

/**
 * The declaration of a response's body, by command and status; undefined for an unknown command. `structureSize`, the
 * first 16 bits of the body, decides where a status comes with either form (servers are known to answer a failed pipe
 * READ with a READ response), and tells lease breaks from oplock breaks.
 */
export function responseBody(command: number, status: number, structureSize?: number): Body | undefined {
  const found = rows[command]
  if (found === undefined) return status === NtStatus.SUCCESS ? undefined : ErrorResponse
  if (status !== NtStatus.SUCCESS) {
    const looksLikeError = structureSize === ERROR_STRUCTURE_SIZE && !sameSizeAsError.has(command)
    const mayBeError = structureSize === undefined || structureSize === ERROR_STRUCTURE_SIZE
    if (looksLikeError || (mayBeError && !isSuccessResponse(command, status))) return ErrorResponse
  }
  if (command === Command.OPLOCK_BREAK) {
    if (structureSize === LEASE_STRUCTURE_SIZE) return LeaseBreakResponse
    if (structureSize === LEASE_NOTIFICATION_STRUCTURE_SIZE) return LeaseBreakNotification
  }
  return found.response
}
