import { Command, LogoffRequest, LogoffResponse } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import { reply } from '../reply.ts'
import { endSession } from '../session-end.ts'
import { wait } from '../steps.ts'

/** MS-SMB2 3.3.5.6: answered, still signed with the session's key, when its files are closed. */
export const logoff = defineCommand({
  command: Command.LOGOFF,
  needs: 'session',
  body: LogoffRequest,
  *handler(request) {
    yield* wait(endSession(request.session, 'logged off'))
    return reply(LogoffResponse, {})
  },
})
