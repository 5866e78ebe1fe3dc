import { unixNsFromFiletime } from '../../bytes/filetime.ts'
import { viewOf } from '../../bytes/utf16.ts'
import {
  FileDispositionInformation,
  FileDispositionInformationEx,
  FileInformationClass,
  FileRenameInformation,
  FileRenameInformationEx,
} from '../../wire/fscc/index.ts'
import type { Struct } from '../../wire/schema/index.ts'
import {
  Command,
  type CreateContext,
  CreateContextName,
  CreateRequest,
  CreateResponse,
  FsctlCode,
  InfoType,
  IoctlRequest,
  LeaseBreakAcknowledgment,
  LeaseBreakFlags,
  LeaseBreakNotification,
  LeaseV1,
  LockRequest,
  NegotiateRequest,
  NegotiateResponse,
  OplockBreakAcknowledgment,
  QueryDirectoryRequest,
  QueryDirectoryResponse,
  QueryInfoRequest,
  ReadRequest,
  SessionSetupRequest,
  SetInfoRequest,
  TreeConnectRequest,
  WriteFlags,
  WriteRequest,
} from '../../wire/smb2/index.ts'
import type { Detail } from '../model.ts'
import { decoded, fixedPart } from './layout.ts'

/** Where a body lies: `origin` is its header, from which offsets count. */
export interface BodyPlace {
  readonly view: DataView
  readonly at: number
  readonly end: number
  readonly origin: number
}

type DetailOf<K extends Detail['kind']> = Extract<Detail, { readonly kind: K }>

const whole = <T>(declared: Struct<T, never>, { view, at, end, origin }: BodyPlace): T | undefined =>
  decoded(declared, view, at, end, origin)
const start = <T>(declared: Struct<T, never>, { view, at, end }: BodyPlace): T | undefined =>
  fixedPart(declared, view, at, end)

const other: Detail = { kind: 'other' }

/** What a request asks for, as far as its bytes are there. */
export function requestDetail(command: number, body: BodyPlace): Detail {
  return requestReaders[command]?.(body) ?? other
}

const requestReaders: Readonly<Record<number, (body: BodyPlace) => Detail | undefined>> = {
  [Command.NEGOTIATE]: negotiateDetail,
  [Command.SESSION_SETUP](body) {
    const request = start(SessionSetupRequest, body)
    return (
      request && {
        kind: 'session-setup',
        offered: [],
        mechanism: undefined,
        previousSessionId: request.previousSessionId,
      }
    )
  },
  [Command.TREE_CONNECT](body) {
    const request = whole(TreeConnectRequest, body)
    return request && { kind: 'tree-connect', path: request.path }
  },
  [Command.CREATE]: createDetail,
  [Command.READ](body) {
    const request = start(ReadRequest, body)
    return request && { kind: 'read', offset: request.offset, length: request.length }
  },
  [Command.WRITE](body) {
    const request = start(WriteRequest, body)
    return (
      request && {
        kind: 'write',
        offset: request.offset,
        length: body.view.getUint32(body.at + WRITE_LENGTH_AT, true),
        isWriteThrough: (request.flags & WriteFlags.WRITE_THROUGH) !== 0,
      }
    )
  },
  [Command.IOCTL](body) {
    const request = start(IoctlRequest, body)
    return request && { kind: 'ioctl', controlCode: request.ctlCode, controlName: controlName(request.ctlCode) }
  },
  [Command.QUERY_DIRECTORY](body) {
    const request = whole(QueryDirectoryRequest, body)
    if (request === undefined) return undefined
    const { fileName, fileInformationClass } = request
    return { kind: 'query-directory', pattern: fileName, informationClass: fileInformationClass, entries: undefined }
  },
  [Command.QUERY_INFO](body) {
    const request = start(QueryInfoRequest, body)
    if (request === undefined) return undefined
    const { infoType, fileInfoClass } = request
    return {
      kind: 'query-info',
      infoType,
      informationClass: fileInfoClass,
      newName: undefined,
      deletePending: undefined,
    }
  },
  [Command.SET_INFO]: setInfoDetail,
  [Command.LOCK](body) {
    const request = whole(LockRequest, body)
    if (request === undefined) return undefined
    return { kind: 'lock', locks: request.locks.map(({ offset, length, flags }) => ({ offset, length, flags })) }
  },
  [Command.OPLOCK_BREAK]: acknowledgmentDetail,
}

function negotiateDetail(body: BodyPlace): Detail | undefined {
  const request = whole(NegotiateRequest, body)
  return (
    request && {
      kind: 'negotiate',
      dialects: request.dialects,
      dialectNames: [],
      securityMode: request.securityMode,
      serverSecurityMode: undefined,
      chosen: undefined,
      serverTimeNs: undefined,
    }
  )
}

const leaseOf = (contexts: readonly CreateContext[]): LeaseV1 | undefined => {
  const data = contexts.find((context) => context.name === CreateContextName.LEASE)?.data
  return data !== undefined && data.length >= LeaseV1.size ? LeaseV1.read(viewOf(data), 0) : undefined
}

function createDetail(body: BodyPlace): Detail | undefined {
  const request = whole(CreateRequest, body)
  if (request === undefined) return undefined
  const { createContexts } = request
  const lease = leaseOf(createContexts)
  return {
    kind: 'create',
    name: request.name,
    desiredAccess: request.desiredAccess,
    shareAccess: request.shareAccess,
    disposition: request.createDisposition,
    options: request.createOptions,
    requestedOplock: request.requestedOplockLevel,
    requestedLease: lease?.leaseState,
    leaseKey: lease?.leaseKey,
    contexts: createContexts.map(({ name }) => name),
    grantedOplock: undefined,
    grantedLease: undefined,
    action: undefined,
    size: undefined,
  }
}

/** Where the declaration has a length, its type has none: it is what the data's tail is found by. */
const WRITE_LENGTH_AT = 4

function setInfoDetail(body: BodyPlace): Detail | undefined {
  const fixed = start(SetInfoRequest, body)
  if (fixed === undefined) return undefined
  const { infoType, fileInfoClass } = fixed
  const buffer = infoType === InfoType.FILE ? whole(SetInfoRequest, body)?.buffer : undefined
  const found = { newName: undefined, deletePending: undefined, ...(buffer && changeOf(fileInfoClass, viewOf(buffer))) }
  return { kind: 'set-info', infoType, informationClass: fileInfoClass, ...found }
}

/** What setting an information class changes of a file's name, or of its being deleted. */
export function changeOf(informationClass: number, view: DataView): { newName?: string; deletePending?: boolean } {
  const read = <T>(declared: Struct<T, never>): T | undefined => decoded(declared, view, 0, view.byteLength, 0)
  switch (informationClass) {
    case FileInformationClass.FileRenameInformation: {
      const name = read(FileRenameInformation)?.fileName
      return name === undefined ? {} : { newName: name }
    }
    case FileInformationClass.FileRenameInformationEx: {
      const name = read(FileRenameInformationEx)?.fileName
      return name === undefined ? {} : { newName: name }
    }
    case FileInformationClass.FileDispositionInformation: {
      const pending = read(FileDispositionInformation)?.deletePending
      return pending === undefined ? {} : { deletePending: pending }
    }
    case FileInformationClass.FileDispositionInformationEx: {
      const flags = read(FileDispositionInformationEx)?.flags
      return flags === undefined ? {} : { deletePending: (flags & 1) !== 0 }
    }
    default:
      return {}
  }
}

const LEASE_ACKNOWLEDGMENT_SIZE = 36
const acknowledgment = { kind: 'break', from: undefined, needsAnswer: false } as const

function acknowledgmentDetail(body: BodyPlace): Detail | undefined {
  const isLease = body.view.getUint16(body.at, true) === LEASE_ACKNOWLEDGMENT_SIZE
  if (isLease) {
    const lease = start(LeaseBreakAcknowledgment, body)
    return lease && { ...acknowledgment, to: lease.leaseState, isLease, key: lease.leaseKey }
  }
  const oplock = start(OplockBreakAcknowledgment, body)
  return oplock && { ...acknowledgment, to: oplock.oplockLevel, isLease, key: undefined }
}

/** What a server tells of its own accord: that an oplock or a lease is broken. */
export function breakDetail(body: BodyPlace): Detail {
  if (body.end - body.at < 2) return other
  if (body.view.getUint16(body.at, true) !== LEASE_NOTIFICATION_SIZE) return acknowledgmentDetail(body) ?? other
  const lease = start(LeaseBreakNotification, body)
  if (lease === undefined) return other
  const { currentLeaseState: from, newLeaseState: to, leaseKey: key, flags } = lease
  return { kind: 'break', from, to, isLease: true, key, needsAnswer: (flags & LeaseBreakFlags.ACK_REQUIRED) !== 0 }
}

const LEASE_NOTIFICATION_SIZE = 44

const controlNames = new Map<number, string>(Object.entries(FsctlCode).map(([name, code]) => [code, `FSCTL_${name}`]))
/** `FSCTL_PIPE_TRANSCEIVE`, or the number. */
export const controlName = (code: number): string => controlNames.get(code) ?? `0x${code.toString(16).padStart(8, '0')}`

/** The detail with what a successful answer adds to it. */
export function answeredDetail(detail: Detail, body: BodyPlace, originNs: bigint): Detail {
  switch (detail.kind) {
    case 'negotiate':
      return negotiated(detail, body, originNs)
    case 'create':
      return created(detail, body)
    case 'query-directory': {
      const buffer = whole(QueryDirectoryResponse, body)?.outputBuffer
      return buffer === undefined ? detail : { ...detail, entries: countEntries(viewOf(buffer)) }
    }
    default:
      return detail
  }
}

/** The server's clock when it answered, in nanoseconds since the capture's first frame. */
function negotiated(detail: DetailOf<'negotiate'>, body: BodyPlace, originNs: bigint): Detail {
  const response = start(NegotiateResponse, body)
  if (response === undefined) return detail
  const serverTimeNs = Number(unixNsFromFiletime(response.systemTime) - originNs)
  return { ...detail, serverSecurityMode: response.securityMode, chosen: response.dialectRevision, serverTimeNs }
}

function created(detail: DetailOf<'create'>, body: BodyPlace): Detail {
  const response = start(CreateResponse, body)
  if (response === undefined) return detail
  const contexts = whole(CreateResponse, body)?.createContexts
  return {
    ...detail,
    grantedOplock: response.oplockLevel,
    grantedLease: contexts === undefined ? undefined : leaseOf(contexts)?.leaseState,
    action: response.createAction,
    size: response.endOfFile,
  }
}

/** Each entry tells where the next one is (MS-FSCC 2.4); the last one has a zero there. */
export function countEntries(view: DataView): number {
  let count = 0
  for (let at = 0; at + 4 <= view.byteLength; count++) {
    const next = view.getUint32(at, true)
    if (next === 0) return count + 1
    at += next
  }
  return count
}
