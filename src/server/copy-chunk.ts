import { viewOf } from '../bytes/utf16.ts'
import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  FsctlCode,
  type IoctlRequest,
  SrvCopychunkCopy,
  SrvCopychunkResponse,
  SrvRequestResumeKeyResponse,
} from '../wire/smb2/index.ts'
import { reportModified } from './change-notifier.ts'
import type { ControlResult } from './control.ts'
import { shareRange } from './copy-range.ts'
import { copyFile } from './mac/copy-file.ts'
import { narrow } from './narrow.ts'
import type { Open } from './open.ts'
import type { Request } from './request.ts'
import { type Steps, wait } from './steps.ts'

/** Limits of one SRV_COPYCHUNK (MS-SMB2 3.3.3: ServerSideCopyMaxNumberofChunks and so on, with Windows' values). */
export const COPY_LIMITS = { maxChunks: 256, maxChunkBytes: 1024 * 1024, maxTotalBytes: 16 * 1024 * 1024 } as const

const { FILE_APPEND_DATA, FILE_EXECUTE, FILE_READ_DATA, FILE_WRITE_DATA } = AccessMask

/** A key that names this open as the source of copies (MS-SMB2 3.3.5.15.5): its id, and zeros. */
export function* requestResumeKey(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const resumeKey = new Uint8Array(24)
  viewOf(resumeKey).setBigUint64(0, open.id, true)
  const output = SrvRequestResumeKeyResponse.encode({ resumeKey })
  return body.maxOutputResponse < output.length ? fail(NtStatus.INVALID_PARAMETER) : { output }
}

/** Copies on the server (MS-SMB2 3.3.5.15.6). */
export function* copyChunk(request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (body.maxOutputResponse < SrvCopychunkResponse.size) return fail(NtStatus.INVALID_PARAMETER)
  const { sourceKey, chunks } = SrvCopychunkCopy.decode(viewOf(body.input))
  const source = request.session.server.opens.get(viewOf(sourceKey).getBigUint64(0, true))
  if (source === undefined || source.maybeSession !== request.session) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  const problem = checkAccess(body.ctlCode, source, open)
  if (problem !== undefined) return problem
  let total = 0
  for (const { length } of chunks) {
    total += length
    if (length === 0 || length > COPY_LIMITS.maxChunkBytes) return limitsExceeded()
  }
  if (chunks.length > COPY_LIMITS.maxChunks || total > COPY_LIMITS.maxTotalBytes) return limitsExceeded()
  source.use()
  try {
    if (chunks.length === 0 && request.session.mac !== undefined) {
      const copied = yield* copyFile(request, source, open)
      return failed(copied) ? copied : done(NtStatus.SUCCESS, 0, copied)
    }
    return yield* copyAll(source, open, chunks)
  } finally {
    source.release()
  }
}

function checkAccess(code: number, source: Open, target: Open): Failure | undefined {
  if (source.file.isDirectory || target.file.isDirectory) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if ((source.grantedAccess & (FILE_READ_DATA | FILE_EXECUTE)) === 0) return fail(NtStatus.ACCESS_DENIED)
  if ((target.grantedAccess & (FILE_WRITE_DATA | FILE_APPEND_DATA)) === 0) return fail(NtStatus.ACCESS_DENIED)
  // Only the plain variant wants the target readable, too.
  if (code === FsctlCode.SRV_COPYCHUNK && (target.grantedAccess & FILE_READ_DATA) === 0)
    return fail(NtStatus.ACCESS_DENIED)
  return undefined
}

/** MS-SMB2 3.3.5.15.6.2: the client is told what the limits are. */
const limitsExceeded = (): ControlResult => ({
  status: NtStatus.INVALID_PARAMETER,
  output: SrvCopychunkResponse.encode({
    chunksWritten: COPY_LIMITS.maxChunks,
    chunkBytesWritten: COPY_LIMITS.maxChunkBytes,
    totalBytesWritten: COPY_LIMITS.maxTotalBytes,
  }),
})

/** Smaller chunks are copied sooner than it is found out whether their room can be shared. */
const MIN_SHARED_BYTES = 64 * 1024
const NOT_SHARED = fail(NtStatus.NOT_SUPPORTED)

type Chunk = SrvCopychunkCopy['chunks'][number]

function* copyAll(source: Open, target: Open, chunks: readonly Chunk[]): Steps<ControlResult | Failure> {
  let total = 0
  let copied = 0
  let problem: Failure | undefined
  for (const chunk of chunks) {
    problem = yield* copyOne(source, target, chunk)
    if (problem !== undefined) break
    total += chunk.length
    copied++
  }
  if (total > 0) reportModified(target, 'written')
  return done(problem?.status ?? NtStatus.SUCCESS, copied, total)
}

function* copyOne(source: Open, target: Open, chunk: Chunk): Steps<Failure | undefined> {
  const from = narrow(chunk.sourceOffset)
  const to = narrow(chunk.targetOffset)
  if (from === undefined || to === undefined) return fail(NtStatus.INVALID_PARAMETER)
  const length = BigInt(chunk.length)
  if (source.stream.locks.blocksRead(source, chunk.sourceOffset, length)) return fail(NtStatus.FILE_LOCK_CONFLICT)
  if (target.stream.locks.blocksWrite(target, chunk.targetOffset, length)) return fail(NtStatus.FILE_LOCK_CONFLICT)
  const range = { offset: from, length: chunk.length }
  const shared = chunk.length < MIN_SHARED_BYTES ? NOT_SHARED : yield* shareRange(source.file, range, target.file, to)
  if (shared === undefined || shared.status !== NtStatus.NOT_SUPPORTED) return shared
  const data = Buffer.allocUnsafe(chunk.length)
  const count = yield* wait(source.file.read(data, from))
  if (failed(count)) return count
  // A chunk that goes past the end of the source is an error, not a shorter copy.
  if (count < chunk.length) return fail(NtStatus.INVALID_VIEW_SIZE)
  const written = yield* wait(target.file.write(data, to, false))
  return failed(written) ? written : undefined
}

const done = (status: number, chunksWritten: number, totalBytesWritten: number): ControlResult => ({
  status,
  output: SrvCopychunkResponse.encode({ chunksWritten, chunkBytesWritten: 0, totalBytesWritten }),
})
