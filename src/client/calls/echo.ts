import { Command, EchoRequest, EchoResponse } from '../../wire/smb2/index.ts'
import { type Call, encodeCall } from '../call.ts'

/** ECHO: whether the server is there. MS-SMB2 2.2.28. */
export const echoCall = (): Call<void> => ({
  command: Command.ECHO,
  frame: encodeCall(EchoRequest, {}),
  read: (answer) => void answer.body(EchoResponse),
})
