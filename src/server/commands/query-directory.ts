import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  type DirectoryEntryWriter,
  type DirectoryInformationClass,
  directoryEntries,
  directoryEntryWriter,
  FileInformationClass,
} from '../../wire/fscc/index.ts'
import { Command, QueryDirectoryFlags, QueryDirectoryRequest, QueryDirectoryResponse } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import { DirectoryScan } from '../directory-scan.ts'
import { macEntryWriter } from '../mac/directory-entry.ts'
import type { Open } from '../open.ts'
import { deviceIdOf } from '../posix/information.ts'
import { speaksPosix } from '../posix/posix-create.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { negotiatedMaximum } from '../sizes.ts'
import { type Steps, wait } from '../steps.ts'

const { INDEX_SPECIFIED, REOPEN, RESTART_SCANS, RETURN_SINGLE_ENTRY } = QueryDirectoryFlags

/** MS-SMB2 3.3.5.18. */
export const queryDirectory = defineCommand({
  command: Command.QUERY_DIRECTORY,
  needs: 'tree',
  body: QueryDirectoryRequest,
  payload: (body) => body.outputBufferLength,
  handler: serveQueryDirectory,
})

const isDirectoryClass = (infoClass: number): infoClass is DirectoryInformationClass => infoClass in directoryEntries

/** Macs have agreed with the server upon a layout of their own for one class. */
const entryWriter = ({ session }: Open, infoClass: DirectoryInformationClass): DirectoryEntryWriter =>
  session.mac?.readDirAttr === true && infoClass === FileInformationClass.FileIdBothDirectoryInformation
    ? macEntryWriter
    : directoryEntryWriter(infoClass)

function* serveQueryDirectory(request: Request, body: QueryDirectoryRequest): Steps<Reply | Failure> {
  const open = request.open(body.fileId)
  if (failed(open)) return open
  if (body.outputBufferLength > negotiatedMaximum(request.connection, 'maxTransactBytes'))
    return fail(NtStatus.INVALID_PARAMETER)
  if (!open.file.isDirectory || open.file.stream !== undefined) return fail(NtStatus.INVALID_PARAMETER)
  if ((open.grantedAccess & AccessMask.FILE_READ_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const infoClass = body.fileInformationClass
  const isPosixClass = infoClass === FileInformationClass.FilePosixInformation
  if (!isDirectoryClass(infoClass) || (isPosixClass && !speaksPosix(request, open.share)))
    return fail(NtStatus.INVALID_INFO_CLASS)
  const pattern = body.fileName
  if ((open.isPosix ? /[/\u0000]/ : /[\\/\u0000]/).test(pattern)) return fail(NtStatus.OBJECT_NAME_INVALID)
  const writer = entryWriter(open, infoClass)
  if (body.outputBufferLength < writer.fixedSize) return fail(NtStatus.INFO_LENGTH_MISMATCH)
  open.use()
  // One goes on with the listing at a time: nothing is told twice, and nothing left out.
  const before = open.scanned
  const { promise, resolve } = Promise.withResolvers<void>()
  open.scanned = promise
  try {
    if (before !== undefined) yield* wait(before)
    if (pattern === '' && (open.scan === undefined || (body.flags & REOPEN) !== 0))
      return fail(NtStatus.OBJECT_NAME_INVALID)
    const begins = open.scan === undefined || (body.flags & (RESTART_SCANS | REOPEN)) !== 0
    if (begins) {
      // A restart may bring another pattern; without one, the listing goes by the one it began with.
      const scan = yield* DirectoryScan.begin(open, pattern === '' ? '*' : pattern)
      if (failed(scan)) return scan
      open.scan = scan
    }
    const scan = open.scan as DirectoryScan
    if ((body.flags & INDEX_SPECIFIED) !== 0 && !begins) scan.resumeAfter(body.fileIndex)
    const out = Buffer.allocUnsafe(body.outputBufferLength)
    const limit = (body.flags & RETURN_SINGLE_ENTRY) !== 0 ? 1 : Number.POSITIVE_INFINITY
    const deviceId = isPosixClass ? deviceIdOf(yield* open.share.volumeId()) : undefined
    const filled = yield* scan.fill(viewOf(out), writer, limit, deviceId)
    if (failed(filled)) return filled
    if (filled === 'too small') return fail(NtStatus.INFO_LENGTH_MISMATCH)
    // MS-FSA 2.1.5.6.3: nothing at all is NO_SUCH_FILE, nothing more is NO_MORE_FILES.
    if (filled === 0) return fail(begins ? NtStatus.NO_SUCH_FILE : NtStatus.NO_MORE_FILES)
    return reply(QueryDirectoryResponse, { outputBuffer: out.subarray(0, filled) })
  } finally {
    if (open.scanned === promise) open.scanned = undefined
    resolve()
    open.release()
  }
}
