import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CreateAction, Dialect, type IoctlRequest, NetworkResiliencyRequest } from '../../wire/smb2/index.ts'
import { type ControlResult, NO_OUTPUT } from '../control.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import type { Steps } from '../steps.ts'

/** FSCTL_LMR_REQUEST_RESILIENCY: an open is to wait for its client in any case (MS-SMB2 3.3.5.15.9). */
export function* requestResiliency(request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const { session } = request
  if (session.negotiated.dialect === Dialect.SMB_2_0_2) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if (body.input.length < NetworkResiliencyRequest.size) return fail(NtStatus.INVALID_PARAMETER)
  const { limits } = session.server
  const { timeout } = NetworkResiliencyRequest.decode(viewOf(body.input))
  if (timeout > limits.maxDurableTimeoutMs) return fail(NtStatus.INVALID_PARAMETER)
  const { identity } = session
  const isFile = !open.file.isDirectory || open.file.stream !== undefined
  if (!isFile || open.share.isPast || identity?.kind !== 'user' || open.share.options.durableHandles === false)
    return fail(NtStatus.NOT_SUPPORTED)
  open.durability ??= {
    owner: identity.sid,
    ownerName: identity.user,
    clientGuid: session.clientGuid,
    desiredAccess: open.grantedAccess,
    createOptions: open.createOptions,
    createAction: CreateAction.OPENED,
    timeoutMs: 0,
    isDurable: false,
    isPersistent: false,
    isResilient: true,
    isReplayEligible: false,
    disconnectedAt: undefined,
  }
  open.durability.isDurable = false
  open.durability.isResilient = true
  open.durability.timeoutMs = timeout === 0 ? limits.durableTimeoutMs : timeout
  open.stateChanged()
  return NO_OUTPUT
}
