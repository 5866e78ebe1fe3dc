import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Command, ReadFlags, ReadRequest, ReadResponse } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import { NewDataFrame } from '../data-frame.ts'
import { isFileRange, narrow } from '../narrow.ts'
import { Open, type PipeOpen } from '../open.ts'
import { waitForPipe } from '../pipe-wait.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { negotiatedMaximum } from '../sizes.ts'
import { type Steps, wait } from '../steps.ts'

const { FILE_EXECUTE, FILE_READ_DATA } = AccessMask

/** MS-SMB2 3.3.5.12. */
export const read = defineCommand({
  command: Command.READ,
  needs: 'tree',
  body: ReadRequest,
  payload: (body) => body.length,
  handler: serveRead,
})

function* serveRead(request: Request, body: ReadRequest): Steps<Reply | Failure> {
  const open = request.anyOpen(body.fileId)
  if (failed(open)) return open
  if (body.length > negotiatedMaximum(request.connection, 'maxReadBytes')) return fail(NtStatus.INVALID_PARAMETER)
  if (!(open instanceof Open)) return yield* readPipe(request, open, body.length)
  if (open.file.isDirectory && open.file.stream === undefined) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if ((open.grantedAccess & (FILE_READ_DATA | FILE_EXECUTE)) === 0) return fail(NtStatus.ACCESS_DENIED)
  if (!isFileRange(body.offset, body.length)) return fail(NtStatus.INVALID_PARAMETER)
  const offset = narrow(body.offset)
  if (body.length === 0 && body.minimumCount === 0) return reply(ReadResponse, { data: new Uint8Array(0) })
  if (offset === undefined) return fail(NtStatus.END_OF_FILE)
  if (open.stream.locks.blocksRead(open, body.offset, BigInt(body.length))) return fail(NtStatus.FILE_LOCK_CONFLICT)
  request.compressReply = (body.flags & ReadFlags.REQUEST_COMPRESSED) !== 0
  const frame = new NewDataFrame(request.connection.server.buffers, body.length)
  open.use()
  try {
    const count = yield* wait(open.file.read(frame.data, offset))
    const problem = failed(count) ? count : isPastEnd(count, body) ? fail(NtStatus.END_OF_FILE) : undefined
    if (problem !== undefined || count === 0 || failed(count)) {
      frame.drop()
      return problem ?? reply(ReadResponse, { data: new Uint8Array(0) })
    }
    // Whoever reads on from where this ended is told where that is (FilePositionInformation).
    open.currentByteOffset = body.offset + BigInt(count)
    return { ...reply(ReadResponse, { data: frame.data.subarray(0, count) }), frame: frame.filled(count) }
  } finally {
    open.release()
  }
}

/** MS-SMB2 3.3.5.12: nothing to read, or less than asked for at the least, is the end of the file. */
const isPastEnd = (count: number, body: ReadRequest): boolean =>
  (count === 0 && body.length > 0) || count < body.minimumCount

/** A pipe's next message; waits for one (MS-SMB2 3.3.5.12). */
function* readPipe(request: Request, open: PipeOpen, length: number): Steps<Reply | Failure> {
  const message = yield* wait(waitForPipe(request, open, open.pipe.read(length)))
  if (failed(message)) return message
  return reply(ReadResponse, { data: message.data }, message.more ? NtStatus.BUFFER_OVERFLOW : NtStatus.SUCCESS)
}
