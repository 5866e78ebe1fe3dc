import { AccessMask } from '../../wire/dtyp/index.ts'
import { fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Command, FlushRequest, FlushResponse } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import { Open } from '../open.ts'
import { reply } from '../reply.ts'
import { wait } from '../steps.ts'

const { FILE_APPEND_DATA, FILE_WRITE_DATA } = AccessMask

/** MS-SMB2 3.3.5.11: answered when what was written is on the medium. */
export const flush = defineCommand({
  command: Command.FLUSH,
  needs: 'tree',
  body: FlushRequest,
  *handler(request, body) {
    const open = request.anyOpen(body.fileId)
    if (failed(open)) return open
    if (!(open instanceof Open)) return reply(FlushResponse, {})
    // A directory takes any of the rights to add to it; a file the right to write.
    if ((open.grantedAccess & (FILE_WRITE_DATA | FILE_APPEND_DATA)) === 0) return fail(NtStatus.ACCESS_DENIED)
    open.use()
    try {
      const flushed = yield* wait(open.file.flush())
      if (failed(flushed)) return flushed
      yield* open.shared.writeTime.show(open)
      return reply(FlushResponse, {})
    } finally {
      open.release()
    }
  },
})
