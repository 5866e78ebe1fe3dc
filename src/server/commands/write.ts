import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Command, CreateOptions, WriteFlags, WriteRequest, WriteResponse } from '../../wire/smb2/index.ts'
import { reportModified } from '../change-notifier.ts'
import { defineCommand } from '../command.ts'
import { MAX_FILE_SIZE, narrow } from '../narrow.ts'
import { Open } from '../open.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { negotiatedMaximum } from '../sizes.ts'
import { type Steps, wait } from '../steps.ts'

const { FILE_APPEND_DATA, FILE_WRITE_DATA } = AccessMask

/** MS-SMB2 3.3.5.13. */
export const write = defineCommand({
  command: Command.WRITE,
  needs: 'tree',
  body: WriteRequest,
  payload: (body) => body.length,
  handler: serveWrite,
})

/** An offset that means the end of the file (MS-FSA 2.1.5.3). */
const AT_END_OF_FILE = 0xffff_ffff_ffff_ffffn

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
  open.use()
  try {
    const offset = yield* whereTo(open, body.offset, appendsOnly)
    if (failed(offset)) return offset
    if (offset + data.length > MAX_FILE_SIZE) return fail(NtStatus.INVALID_PARAMETER)
    if (open.stream.locks.blocksWrite(open, BigInt(offset), BigInt(data.length)))
      return fail(NtStatus.FILE_LOCK_CONFLICT)
    if (data.length > 0) {
      const through =
        (body.flags & WriteFlags.WRITE_THROUGH) !== 0 || (open.createOptions & CreateOptions.WRITE_THROUGH) !== 0
      const written = yield* wait(open.file.write(data, offset, through))
      if (failed(written)) return written
      yield* keepFrozenTimes(open)
      reportModified(open, 'written')
    }
    return reply(WriteResponse, { count: data.length })
  } finally {
    open.release()
  }
}

/** Who may only append writes at the end, wherever the request says. */
function* whereTo(open: Open, asked: bigint, appendsOnly: boolean): Steps<number | Failure> {
  if (asked !== AT_END_OF_FILE && !appendsOnly) return narrow(asked) ?? fail(NtStatus.INVALID_PARAMETER)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  if (appendsOnly && asked !== AT_END_OF_FILE && asked < BigInt(stat.endOfFile)) return fail(NtStatus.ACCESS_DENIED)
  return asked === AT_END_OF_FILE ? stat.endOfFile : (narrow(asked) ?? fail(NtStatus.INVALID_PARAMETER))
}

/** A client that set a time to -1 keeps it from being moved by its own writes (MS-FSCC 2.4.7). */
function* keepFrozenTimes(open: Open): Steps<void> {
  if (open.frozenLastWriteTime === undefined) return
  yield* wait(open.file.setStat({ lastWriteTime: open.frozenLastWriteTime }))
}
