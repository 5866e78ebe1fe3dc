import { WireError } from '../../bytes/errors.ts'
import { hexNumber } from '../../bytes/hex.ts'
import { NtStatus, ntStatusName } from '../erref/ntstatus.ts'
import { FileInformationClass, FsInformationClass } from '../fscc/information-class.ts'
import { flagNames, type Struct } from '../schema/index.ts'
import { ChangeNotifyRequest } from './change-notify.ts'
import { COMPRESSION_PROTOCOL_ID } from './compression.ts'
import { Command, Dialect, HeaderFlags } from './constants.ts'
import { CreateRequest, CreateResponse } from './create.ts'
import { CompletionFilter, CreateAction, CreateContextName, CreateDisposition, InfoType } from './file-constants.ts'
import { type FileId, isRelatedFileId } from './file-id.ts'
import { FsctlCode } from './fsctl.ts'
import { SMB2_HEADER_SIZE, Smb2Header } from './header.ts'
import { IoctlRequest, IoctlResponse } from './ioctl.ts'
import { LeaseBreakAcknowledgment, LeaseBreakNotification, LeaseBreakResponse } from './lease-break.ts'
import { LockRequest } from './lock.ts'
import { NegotiateRequest, NegotiateResponse } from './negotiate.ts'
import { QueryDirectoryRequest } from './query-directory.ts'
import { QueryInfoRequest } from './query-info.ts'
import { ReadRequest, ReadResponse } from './read.ts'
import { SessionSetupRequest, SessionSetupResponse } from './session-setup.ts'
import { SetInfoRequest } from './set-info.ts'
import { type Body, commandName, requestBody, responseBody } from './table.ts'
import { TRANSFORM_PROTOCOL_ID, TransformHeader } from './transform.ts'
import { TreeConnectRequest, TreeConnectResponse } from './tree-connect.ts'
import { WriteRequest, WriteResponse } from './write.ts'

/**
 * One message in one line for people: message id, command, what it is about, and the status of a response. Damaged
 * messages give a line too. The text is for reading: programs should not take it apart.
 */
export function summarize(view: DataView, start = 0, end: number = view.byteLength): string {
  try {
    return line(view, start, end)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return `malformed message: ${error.message}`
  }
}

function line(view: DataView, start: number, end: number): string {
  const protocolId = start + 4 <= end ? view.getUint32(start, true) : 0
  if (protocolId === TRANSFORM_PROTOCOL_ID) {
    const { sessionId, originalMessageSize } = TransformHeader.decode(view, start, end)
    return `sealed message session=${hexNumber(sessionId)} ${originalMessageSize} bytes`
  }
  if (protocolId === COMPRESSION_PROTOCOL_ID) return `compressed message ${end - start} bytes`
  const header = Smb2Header.decode(view, start, end)
  const fromServer = (header.flags & HeaderFlags.SERVER_TO_REDIR) !== 0
  const parts = [`#${header.messageId === UNSOLICITED ? '-' : header.messageId}`, commandName(header.command)]
  if (fromServer && header.status !== NtStatus.SUCCESS) parts.push(ntStatusName(header.status))
  else if (fromServer) parts.push('ok')
  if ((header.flags & HeaderFlags.RELATED_OPERATIONS) !== 0) parts.push('related')
  if ((header.flags & HeaderFlags.ASYNC_COMMAND) !== 0)
    parts.push(`async=${hexNumber(view.getBigUint64(start + 32, true))}`)

  const bodyStart = start + SMB2_HEADER_SIZE
  const structureSize = bodyStart + 2 <= end ? view.getUint16(bodyStart, true) : undefined
  const declared = fromServer
    ? responseBody(header.command, header.status, structureSize)
    : requestBody(header.command, structureSize)
  const text = declared && texts.get(declared)
  if (declared === undefined || text === undefined) return parts.join(' ')
  try {
    parts.push(...text(declared.decode(view, bodyStart, end, start)))
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    parts.push(`malformed: ${error.message}`)
  }
  return parts.join(' ')
}

/** Message id of what a server sends unasked. */
const UNSOLICITED = 0xffff_ffff_ffff_ffffn

const texts = new Map<Body, (message: object) => string[]>()
const say = <T extends object>(declared: Struct<T, never>, text: (message: T) => string[]): void =>
  void texts.set(declared, text as (message: object) => string[])

const nameOf = (names: Readonly<Record<string, number | string>>, value: number | string): string =>
  Object.entries(names).find(([, code]) => code === value)?.[0] ??
  (typeof value === 'number' ? hexNumber(value) : value)

const file = (id: FileId): string =>
  isRelatedFileId(id) ? 'file=previous' : `file=${id.persistent.toString(16)}:${id.volatile.toString(16)}`

/** Peers choose how long names and lists are; a line of a log is not theirs to fill. */
const MAX_SHOWN_CHARACTERS = 260
const MAX_SHOWN_ELEMENTS = 8

const quote = (text: string): string =>
  text.length > MAX_SHOWN_CHARACTERS
    ? `${JSON.stringify(text.slice(0, MAX_SHOWN_CHARACTERS))}… (${text.length} characters)`
    : JSON.stringify(text)

function few<T>(list: readonly T[], show: (element: T) => string, separator = ','): string {
  const shown = list.slice(0, MAX_SHOWN_ELEMENTS).map(show).join(separator)
  return list.length > MAX_SHOWN_ELEMENTS ? `${shown}… (${list.length})` : shown
}

const contexts = (list: readonly { readonly name: string }[]): string[] =>
  list.length === 0 ? [] : [`contexts=${few(list, ({ name }) => contextName(name))}`]

/** Four letters stay as they are; GUIDs get their name. */
const contextName = (name: string): string =>
  /^[ -~]{1,8}$/.test(name) ? name : nameOf(CreateContextName, name).replace(/[^ -~]/g, '?')

/** The class by its name; security and quota have none. */
function information({ infoType, fileInfoClass }: { infoType: number; fileInfoClass: number }): string {
  if (infoType === InfoType.FILE) return nameOf(FileInformationClass, fileInfoClass)
  return infoType === InfoType.FILESYSTEM ? nameOf(FsInformationClass, fileInfoClass) : nameOf(InfoType, infoType)
}

const ioctlName = (code: number): string => nameOf(FsctlCode, code)

say(NegotiateRequest, (m) => [
  `dialects=${few(m.dialects, (dialect) => nameOf(Dialect, dialect))}`,
  `client=${m.clientGuid}`,
])
say(NegotiateResponse, (m) => [
  nameOf(Dialect, m.dialectRevision),
  `maxRead=${m.maxReadSize} maxWrite=${m.maxWriteSize} maxTransact=${m.maxTransactSize}`,
])
say(SessionSetupRequest, (m) => [
  `token=${m.securityBuffer.length} bytes`,
  ...(m.previousSessionId === 0n ? [] : [`previous=${hexNumber(m.previousSessionId)}`]),
])
say(SessionSetupResponse, (m) => [`token=${m.securityBuffer.length} bytes`, `flags=${m.sessionFlags}`])
say(TreeConnectRequest, (m) => [quote(m.path)])
say(TreeConnectResponse, (m) => [`type=${m.shareType} access=${hexNumber(m.maximalAccess, 8)}`])
say(CreateRequest, (m) => [
  quote(m.name),
  nameOf(CreateDisposition, m.createDisposition),
  `access=${hexNumber(m.desiredAccess, 8)} share=${m.shareAccess} options=${hexNumber(m.createOptions)}`,
  ...contexts(m.createContexts),
])
say(CreateResponse, (m) => [
  file(m.fileId),
  nameOf(CreateAction, m.createAction),
  `size=${m.endOfFile} attributes=${hexNumber(m.fileAttributes)}`,
  ...contexts(m.createContexts),
])
say(ReadRequest, (m) => [file(m.fileId), `offset=${m.offset} length=${m.length}`])
say(ReadResponse, (m) => [`${m.data.length} bytes`])
say(WriteRequest, (m) => [file(m.fileId), `offset=${m.offset} length=${m.data.length}`])
say(WriteResponse, (m) => [`${m.count} bytes`])
say(LockRequest, (m) => [
  file(m.fileId),
  few(m.locks, ({ offset, length, flags }) => `[${offset}+${length} flags=${hexNumber(flags)}]`, ' '),
])
say(IoctlRequest, (m) => [
  ioctlName(m.ctlCode),
  // All ones without a chain: the command needs no file.
  ...(isRelatedFileId(m.fileId) ? [] : [file(m.fileId)]),
  `input=${m.input.length} bytes`,
])
say(IoctlResponse, (m) => [ioctlName(m.ctlCode), `output=${m.output.length} bytes`])
say(QueryDirectoryRequest, (m) => [
  file(m.fileId),
  quote(m.fileName),
  `${nameOf(FileInformationClass, m.fileInformationClass)} flags=${hexNumber(m.flags)} room=${m.outputBufferLength}`,
])
say(ChangeNotifyRequest, (m) => [
  file(m.fileId),
  flagNames(CompletionFilter, m.completionFilter).replaceAll(' ', ''),
  (m.flags & 1) === 0 ? 'here' : 'tree',
])
say(QueryInfoRequest, (m) => [file(m.fileId), `${information(m)} room=${m.outputBufferLength}`])
say(SetInfoRequest, (m) => [file(m.fileId), `${information(m)} ${m.buffer.length} bytes`])
say(LeaseBreakNotification, (m) => [`lease=${m.leaseKey} ${m.currentLeaseState}->${m.newLeaseState}`])
say(LeaseBreakAcknowledgment, (m) => [`lease=${m.leaseKey} ->${m.leaseState}`])
say(LeaseBreakResponse, (m) => [`lease=${m.leaseKey} ->${m.leaseState}`])
for (const command of [Command.CLOSE, Command.FLUSH, Command.OPLOCK_BREAK]) {
  const declared = requestBody(command)
  if (declared !== undefined) say(declared as Struct<{ readonly fileId: FileId }, never>, (m) => [file(m.fileId)])
}
