import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CloseFlags, CloseRequest, CloseResponse, Command } from '../../wire/smb2/index.ts'
import type { FileStat } from '../backend.ts'
import { closeOpen } from '../close-open.ts'
import { defineCommand } from '../command.ts'
import { commonInformation } from '../file-information.ts'
import { Open } from '../open.ts'
import { reply } from '../reply.ts'
import { type Steps, wait } from '../steps.ts'

const NOTHING = {
  creationTime: 0n,
  lastAccessTime: 0n,
  lastWriteTime: 0n,
  changeTime: 0n,
  allocationSize: 0n,
  endOfFile: 0n,
  fileAttributes: 0,
}

/** MS-SMB2 3.3.5.10. */
export const close = defineCommand({
  command: Command.CLOSE,
  needs: 'tree',
  body: CloseRequest,
  *handler(request, body) {
    const open = request.anyOpen(body.fileId)
    if (failed(open)) return open
    const wantsStat = (body.flags & CloseFlags.POSTQUERY_ATTRIB) !== 0
    const stat = wantsStat && open instanceof Open ? yield* statOf(open) : undefined
    // Somebody else may have closed it meanwhile.
    if (request.session.opens.get(open.volatileId) !== open) return fail(NtStatus.FILE_CLOSED)
    if (open instanceof Open && open.document !== undefined) open.document.isComplete = true
    yield* wait(closeOpen(open))
    if (stat === undefined || failed(stat)) return reply(CloseResponse, { flags: 0, ...NOTHING })
    return reply(CloseResponse, { flags: CloseFlags.POSTQUERY_ATTRIB, ...commonInformation(stat) })
  },
})

function* statOf(open: Open): Steps<FileStat | Failure> {
  open.use()
  try {
    yield* open.shared.writeTime.beforeClose(open)
    const stat = yield* wait(open.file.stat())
    return failed(stat) ? stat : open.shared.writeTime.shown(stat)
  } finally {
    open.release()
  }
}
