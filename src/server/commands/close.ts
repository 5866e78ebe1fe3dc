import { failed } from '../../wire/erref/failure.ts'
import { CloseFlags, CloseRequest, CloseResponse, Command } from '../../wire/smb2/index.ts'
import { closeOpen } from '../close-open.ts'
import { defineCommand } from '../command.ts'
import { commonInformation } from '../file-information.ts'
import { Open } from '../open.ts'
import { reply } from '../reply.ts'
import { wait } from '../steps.ts'

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
    const wantsStat = (body.flags & CloseFlags.POSTQUERY_ATTRIB) !== 0 && open instanceof Open
    const stat = wantsStat ? yield* wait(open.file.stat()) : undefined
    yield* wait(closeOpen(open))
    if (stat === undefined || failed(stat)) return reply(CloseResponse, { flags: 0, ...NOTHING })
    return reply(CloseResponse, { flags: CloseFlags.POSTQUERY_ATTRIB, ...commonInformation(stat) })
  },
})
