import { Command, EchoRequest, EchoResponse } from '../../wire/smb2/index.ts'
import { defineCommand } from '../command.ts'
import { reply } from '../reply.ts'

/** MS-SMB2 3.3.5.17. */
export const echo = defineCommand({
  command: Command.ECHO,
  needs: 'nothing',
  body: EchoRequest,
  handler: () => reply(EchoResponse, {}),
})
