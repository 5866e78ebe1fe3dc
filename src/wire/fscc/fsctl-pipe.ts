import { bytes, type Infer, octets, optionalTail, struct, tail, u32, u64, utf16 } from '../schema/index.ts'
import { bool8 } from './kinds.ts'
import { PipeState } from './pipe-information.ts'

/** Input of FSCTL_PIPE_WAIT. `timeout` in 100 ns, used if `timeoutSpecified`. MS-FSCC 2.3.49. */
export const PipeWaitRequest = struct('FSCTL_PIPE_WAIT Request', '2.3.49', {
  timeout: u64,
  nameLength: u32.lengthOf('name'),
  timeoutSpecified: bool8,
  padding: octets(1).reserved,
  name: tail(utf16),
})
export type PipeWaitRequest = Infer<typeof PipeWaitRequest>

/** Output of FSCTL_PIPE_PEEK: what can be read, without taking it. MS-FSCC 2.3.46. */
export const PipePeekReply = struct('FSCTL_PIPE_PEEK Reply', '2.3.46', {
  namedPipeState: u32.oneOf(PipeState),
  readDataAvailable: u32,
  numberOfMessages: u32,
  messageLength: u32,
  data: optionalTail(bytes, new Uint8Array(0)),
})
export type PipePeekReply = Infer<typeof PipePeekReply>
