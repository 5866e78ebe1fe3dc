import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  FileFullEaInformation,
  FileGetEaInformation,
  FileInformationClass,
  FsInformationClass,
} from '../../wire/fscc/index.ts'
import {
  Command,
  Dialect,
  ErrorResponse,
  InfoType,
  QueryInfoRequest,
  QueryInfoResponse,
} from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import { fileQuery } from '../file-queries.ts'
import { withNfsAces } from '../mac/nfs-aces.ts'
import { Open, type PipeOpen } from '../open.ts'
import { pipeQuery } from '../pipe-queries.ts'
import { speaksPosix } from '../posix/posix-create.ts'
import { queryQuotas } from '../quotas.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { rightsToRead, selectSecurity } from '../security.ts'
import { negotiatedMaximum } from '../sizes.ts'
import { type Steps, wait } from '../steps.ts'
import { volumeQuery } from '../volume-queries.ts'

/** MS-SMB2 3.3.5.20. */
export const queryInfo = defineCommand({
  command: Command.QUERY_INFO,
  needs: 'tree',
  body: QueryInfoRequest,
  payload: (body) => Math.max(body.outputBufferLength, body.inputBuffer.length),
  *handler(request, body) {
    const open = request.anyOpen(body.fileId)
    if (failed(open)) return open
    if (body.outputBufferLength > negotiatedMaximum(request.connection, 'maxTransactBytes'))
      return fail(NtStatus.INVALID_PARAMETER)
    if (!(open instanceof Open)) return queryPipe(open, body)
    open.use()
    try {
      return yield* serveQuery(request, body, open)
    } finally {
      open.release()
    }
  },
})

function* serveQuery(request: Request, body: QueryInfoRequest, open: Open): Steps<Reply | Failure> {
  switch (body.infoType) {
    case InfoType.FILE:
      return yield* queryFile(request, open, body)
    case InfoType.FILESYSTEM:
      return yield* queryVolume(request, open, body)
    case InfoType.SECURITY:
      return yield* querySecurity(open, body)
    case InfoType.QUOTA: {
      const data = yield* queryQuotas(open, body.inputBuffer, body.outputBufferLength)
      return failed(data) ? data : reply(QueryInfoResponse, { outputBuffer: data })
    }
    default:
      return fail(NtStatus.INVALID_PARAMETER)
  }
}

/** Cuts an answer to the client's buffer: what does not fit is STATUS_BUFFER_OVERFLOW (MS-SMB2 3.3.5.20.1). */
function fit(data: Uint8Array, minimum: number, room: number): Reply | Failure {
  if (room < minimum) return fail(NtStatus.INFO_LENGTH_MISMATCH)
  if (data.length <= room) return reply(QueryInfoResponse, { outputBuffer: data })
  return reply(QueryInfoResponse, { outputBuffer: data.subarray(0, room) }, NtStatus.BUFFER_OVERFLOW)
}

function* queryFile(request: Request, open: Open, body: QueryInfoRequest): Steps<Reply | Failure> {
  if (body.fileInfoClass === FileInformationClass.FileFullEaInformation && body.inputBuffer.length > 0)
    return yield* queryNamedAttributes(open, body)
  const isPosix = body.fileInfoClass === FileInformationClass.FilePosixInformation
  const query = isPosix && !speaksPosix(request, open.share) ? undefined : fileQuery(body.fileInfoClass)
  if (query === undefined) return fail(NtStatus.INVALID_INFO_CLASS)
  // MS-SMB2 3.3.5.20.1: the normalized name is one of 3.1.1.
  const isNormalized = body.fileInfoClass === FileInformationClass.FileNormalizedNameInformation
  if (isNormalized && request.connection.negotiated?.dialect !== Dialect.SMB_3_1_1) return fail(NtStatus.NOT_SUPPORTED)
  if ((open.grantedAccess & query.access) !== query.access) return fail(NtStatus.ACCESS_DENIED)
  if (body.outputBufferLength < query.minimum) return fail(NtStatus.INFO_LENGTH_MISMATCH)
  const data = yield* query.encode(open)
  if (failed(data)) return data
  // A list of attributes that does not fit whole is of no use to anybody.
  const isEaList = body.fileInfoClass === FileInformationClass.FileFullEaInformation
  if (isEaList && data.length > body.outputBufferLength) return tooSmall(data.length)
  return fit(data, query.minimum, body.outputBufferLength)
}

/** The attributes that the client names; those that are not there come back empty (MS-FSA 2.1.5.12.10). */
function* queryNamedAttributes(open: Open, body: QueryInfoRequest): Steps<Reply | Failure> {
  if ((open.grantedAccess & AccessMask.FILE_READ_EA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const wanted = FileGetEaInformation.decode(viewOf(body.inputBuffer)).entries
  const kept = yield* wait(open.file.extendedAttributes())
  if (failed(kept)) return kept
  const byName = new Map(kept.map((attribute) => [attribute.name.toUpperCase(), attribute]))
  // However often a name is asked for, it is answered once: the answer is not larger than the attributes are.
  const names = new Map(wanted.map(({ eaName }) => [eaName.toUpperCase(), eaName]))
  const entries = [...names].map(([upper, eaName]) => {
    const found = byName.get(upper)
    return { eaName: found?.name ?? eaName, eaValue: found?.value ?? new Uint8Array(0), flags: found?.flags ?? 0 }
  })
  const data = FileFullEaInformation.encode({ entries })
  return data.length > body.outputBufferLength
    ? tooSmall(data.length)
    : reply(QueryInfoResponse, { outputBuffer: data })
}

function* queryVolume(request: Request, open: Open, body: QueryInfoRequest): Steps<Reply | Failure> {
  const isPosix = body.fileInfoClass === FsInformationClass.FileFsPosixInformation
  const query = isPosix && !speaksPosix(request, open.share) ? undefined : volumeQuery(body.fileInfoClass)
  if (query === undefined) return fail(NtStatus.INVALID_INFO_CLASS)
  const data = yield* query.encode(open.share)
  return failed(data) ? data : fit(data, query.minimum, body.outputBufferLength)
}

function* querySecurity(open: Open, body: QueryInfoRequest): Steps<Reply | Failure> {
  const parts = body.additionalInformation
  const needs = rightsToRead(parts)
  if ((open.grantedAccess & needs) !== needs) return fail(NtStatus.ACCESS_DENIED)
  const stored = yield* wait(open.file.securityDescriptor())
  if (failed(stored)) return stored
  const plain = selectSecurity(stored, parts, open.session.identity, open.file.isDirectory)
  const stat = open.session.mac?.nfsAces === true ? yield* wait(open.file.stat()) : undefined
  if (failed(stat)) return stat
  const data = stat === undefined ? plain : withNfsAces(plain, stat)
  // MS-SMB2 3.3.5.20.3: a descriptor is never cut; the client is told how much room it needs.
  return data.length > body.outputBufferLength
    ? tooSmall(data.length)
    : reply(QueryInfoResponse, { outputBuffer: data })
}

/** STATUS_BUFFER_TOO_SMALL with the size that would do (MS-SMB2 2.2.2.2). */
function tooSmall(needed: number): Reply {
  const errorData = new Uint8Array(4)
  viewOf(errorData).setUint32(0, needed, true)
  return reply(ErrorResponse, { errorData }, NtStatus.BUFFER_TOO_SMALL)
}

function queryPipe(open: PipeOpen, body: QueryInfoRequest): Reply | Failure {
  if (body.infoType === InfoType.SECURITY)
    return reply(QueryInfoResponse, {
      outputBuffer: selectSecurity(undefined, body.additionalInformation, open.session.identity, false),
    })
  if (body.infoType !== InfoType.FILE) return fail(NtStatus.INVALID_INFO_CLASS)
  const data = pipeQuery(open, body.fileInfoClass)
  return data === undefined ? fail(NtStatus.INVALID_INFO_CLASS) : fit(data, 0, body.outputBufferLength)
}
