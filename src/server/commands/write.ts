import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Command, CreateOptions, WriteFlags, WriteRequest, WriteResponse } from '../../wire/smb2/index.ts'
import { breakForData } from '../caching/index.ts'
import { reportWritten } from '../change-notifier.ts'
import { defineCommand } from '../command.ts'
import { keepFrozenTimes } from '../frozen-times.ts'
import { isFileRange, MAX_FILE_SIZE, narrow } from '../narrow.ts'
import { Open } from '../open.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { negotiatedMaximum } from '../sizes.ts'
import { type Steps, wait } from '../steps.ts'
import { fitsVolume } from '../volume-size.ts'

const { FILE_APPEND_DATA, FILE_WRITE_DATA } = AccessMask

/** MS-SMB2 3.3.5.13. */
export const write = defineCommand({
  command: Command.WRITE,
  needs: 'tree',
  body: WriteRequest,
  payload: (body) => body.length,
  handler: serveWrite,
})

function* serveWrite(request: Request, body: WriteRequest): Steps<Reply | Failure> {
  const open = request.anyOpen(body.fileId)
  if (failed(open)) return open
  const { data } = body
  if (data.length > negotiatedMaximum(request.connection, 'maxWriteBytes')) return fail(NtStatus.INVALID_PARAMETER)
  if (!(open instanceof Open)) {
    const written = yield* wait(open.pipe.write(data))
    return failed(written) ? written : reply(WriteResponse, { count: data.length })
  }
  if (open.file.isDirectory && open.file.stream === undefined) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  const appendsOnly = (open.grantedAccess & FILE_WRITE_DATA) === 0
  if (appendsOnly && (open.grantedAccess & FILE_APPEND_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  if (!isFileRange(body.offset, data.length)) return fail(NtStatus.INVALID_PARAMETER)
  if (data.length === 0) return reply(WriteResponse, { count: 0 })
  const offset = narrow(body.offset)
  if (offset === undefined || offset + data.length > MAX_FILE_SIZE) return fail(NtStatus.INVALID_PARAMETER)
  open.use()
  try {
    if (appendsOnly) {
      // MS-SMB2 3.3.5.13: who may only append does not touch what is there.
      const stat = yield* wait(open.file.stat())
      if (failed(stat)) return stat
      if (offset < stat.endOfFile) return fail(NtStatus.ACCESS_DENIED)
    }
    const fits = yield* fitsVolume(open, offset + data.length)
    if (fits !== true) return failed(fits) ? fits : fail(NtStatus.DISK_FULL)
    breakForData(open)
    if (open.stream.locks.blocksWrite(open, body.offset, BigInt(data.length))) return fail(NtStatus.FILE_LOCK_CONFLICT)
    const through =
      (body.flags & WriteFlags.WRITE_THROUGH) !== 0 ||
      (open.createOptions & CreateOptions.WRITE_THROUGH) !== 0 ||
      open.share.options.continuouslyAvailable === true
    const held = yield* open.shared.writeTime.beforeWrite(open)
    if (failed(held)) return held
    const written = yield* wait(open.file.write(data, offset, through))
    if (failed(written)) return written
    yield* keepFrozenTimes(open)
    open.currentByteOffset = body.offset + BigInt(data.length)
    reportWritten(open)
    return reply(WriteResponse, { count: data.length })
  } finally {
    open.release()
  }
}
