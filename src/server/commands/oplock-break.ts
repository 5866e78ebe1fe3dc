import { fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Command, OplockBreakAcknowledgment } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'

/**
 * An acknowledgement of an oplock break. This server grants no oplocks, so there is none to acknowledge:
 * MS-SMB2 3.3.5.22.1 has STATUS_INVALID_OPLOCK_PROTOCOL for it.
 */
export const oplockBreak = defineCommand({
  command: Command.OPLOCK_BREAK,
  needs: 'tree',
  body: OplockBreakAcknowledgment,
  handler: (request, body) => {
    const open = request.open(body.fileId)
    return 'status' in open ? open : fail(NtStatus.INVALID_OPLOCK_PROTOCOL)
  },
})
