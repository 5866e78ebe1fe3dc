import { viewOf } from '../bytes/utf16.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { PipePeekReply, PipeWaitRequest } from '../wire/fscc/index.ts'
import { FsctlCode, type IoctlRequest } from '../wire/smb2/index.ts'
import { type ControlResult, NO_OUTPUT } from './control.ts'
import { namedPipeExists } from './named-pipe.ts'
import type { PipeOpen } from './open.ts'
import { waitForPipe } from './pipe-wait.ts'
import type { Request } from './request.ts'
import { serviceContext } from './service-context.ts'
import { type Steps, wait } from './steps.ts'

/** Every pipe that exists can be opened at once: nobody waits (MS-SMB2 3.3.5.15.10). */
export function* pipeWait(request: Request, body: IoctlRequest): Steps<ControlResult | Failure> {
  if (request.tree.share !== undefined) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  const { name } = PipeWaitRequest.decode(viewOf(body.input))
  const context = serviceContext(request.connection.server, request.session)
  return namedPipeExists(name, context) ? NO_OUTPUT : fail(NtStatus.OBJECT_NAME_NOT_FOUND)
}

/** Controls on an open pipe. */
export function* pipeControl(request: Request, body: IoctlRequest, open: PipeOpen): Steps<ControlResult | Failure> {
  switch (body.ctlCode) {
    case FsctlCode.PIPE_TRANSCEIVE: {
      const answer = yield* wait(waitForPipe(request, open, open.pipe.transceive(body.input, body.maxOutputResponse)))
      if (failed(answer)) return answer
      return { output: answer.data, ...(answer.more ? { status: NtStatus.BUFFER_OVERFLOW } : {}) }
    }
    case FsctlCode.PIPE_PEEK: {
      const room = Math.max(0, body.maxOutputResponse - PipePeekReply.size)
      const output = PipePeekReply.encode(open.pipe.peek(room))
      return body.maxOutputResponse < output.length ? fail(NtStatus.BUFFER_TOO_SMALL) : { output }
    }
    default:
      return fail(NtStatus.NOT_SUPPORTED)
  }
}
