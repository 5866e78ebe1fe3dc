import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FsInformationClass } from '../../wire/fscc/index.ts'
import { AdditionalInformation, Command, InfoType, SetInfoRequest, SetInfoResponse } from '../../wire/smb2/index.ts'
import { afterBreaks, breakForHandles } from '../caching/index.ts'
import { reportModified } from '../change-notifier.ts'
import { defineCommand } from '../command.ts'
import { changeFile } from '../file-changes.ts'
import { withoutNfsAces } from '../mac/nfs-aces.ts'
import { Open } from '../open.ts'
import { chosenPermissions } from '../posix/permissions.ts'
import { setQuotaControl, setQuotas } from '../quotas.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { mergeSecurity, rightsToSet } from '../security.ts'
import { negotiatedMaximum } from '../sizes.ts'
import { type Steps, wait } from '../steps.ts'

/** MS-SMB2 3.3.5.21. */
export const setInfo = defineCommand({
  command: Command.SET_INFO,
  needs: 'tree',
  body: SetInfoRequest,
  payload: (body) => body.buffer.length,
  *handler(request, body) {
    const open = request.anyOpen(body.fileId)
    if (failed(open)) return open
    if (body.buffer.length > negotiatedMaximum(request.connection, 'maxTransactBytes'))
      return fail(NtStatus.INVALID_PARAMETER)
    if (!(open instanceof Open)) return fail(NtStatus.NOT_SUPPORTED)
    open.use()
    try {
      return yield* serveSet(request, body, open)
    } finally {
      open.release()
    }
  },
})

function* serveSet(request: Request, body: SetInfoRequest, open: Open): Steps<Reply | Failure> {
  switch (body.infoType) {
    case InfoType.FILE:
      return answer(yield* changeFile(request, open, body.fileInfoClass, body.buffer))
    case InfoType.SECURITY:
      return yield* setSecurity(request, open, body)
    case InfoType.FILESYSTEM:
      // Labels and object ids of a volume are for its administrator, on the machine itself.
      return body.fileInfoClass === FsInformationClass.FileFsControlInformation
        ? answer(yield* setQuotaControl(open, body.buffer))
        : fail(NtStatus.ACCESS_DENIED)
    case InfoType.QUOTA:
      return answer(yield* setQuotas(open, body.buffer))
    default:
      return fail(NtStatus.INVALID_PARAMETER)
  }
}

const answer = (done: Failure | void): Reply | Failure => (failed(done) ? done : reply(SetInfoResponse, {}))

/** Of a mode: what owner, group and others may do. A Mac sets no other bits. */
const PERMISSIONS = 0o777

/** MS-SMB2 3.3.5.21.3, MS-FSA 2.1.5.17. */
function* setSecurity(request: Request, open: Open, body: SetInfoRequest): Steps<Reply | Failure> {
  const parts = body.additionalInformation
  const needs = rightsToSet(parts)
  if ((open.grantedAccess & needs) !== needs) return fail(NtStatus.ACCESS_DENIED)
  // Who names no part changes nothing, and needs no right for it.
  if (needs === 0) return reply(SetInfoResponse, {})
  const permissions = open.isPosix ? chosenPermissions(body.buffer, parts) : undefined
  if (permissions !== undefined) return yield* setPermissions(open, permissions)
  if (!open.share.backend.features.securityDescriptors) return fail(NtStatus.NOT_SUPPORTED)
  const refused = yield* afterBreaks(request, open, function* () {
    return breakForHandles(open)
  })
  if (refused !== undefined) return refused
  const stored = yield* wait(open.file.securityDescriptor())
  if (failed(stored)) return stored
  const isOfMac = open.session.mac?.nfsAces === true && (parts & AdditionalInformation.DACL) !== 0
  const set = isOfMac
    ? yield* setMacSecurity(open, body, stored)
    : yield* setDescriptor(open, stored, body.buffer, parts)
  if (failed(set)) return set
  reportModified(open, 'security')
  return reply(SetInfoResponse, {})
}

function* setDescriptor(
  open: Open,
  stored: Uint8Array | undefined,
  descriptor: Uint8Array,
  parts: number,
): Steps<Failure | void> {
  const changed = mergeSecurity(stored, descriptor, parts, open.session.identity, open.file.isDirectory)
  return failed(changed) ? changed : yield* wait(open.file.setSecurityDescriptor(changed))
}

/** A Mac's list may say the mode, too. */
function* setMacSecurity(
  open: Open,
  { additionalInformation: parts, buffer }: SetInfoRequest,
  stored: Uint8Array | undefined,
): Steps<Failure | void> {
  const { descriptor, mode, saysOnlyMode } = withoutNfsAces(buffer)
  const stat = mode === undefined ? undefined : yield* wait(open.file.stat())
  if (failed(stat)) return stat
  if (mode !== undefined && stat?.posix !== undefined) {
    const permissions = (stat.posix.mode & ~PERMISSIONS) | (mode & PERMISSIONS)
    const changed = yield* wait(open.file.setStat({ permissions }))
    if (failed(changed)) return changed
  }
  // A list that says nothing but the mode leaves the list that there is; it is kept anew, for it goes with the mode.
  if (saysOnlyMode && stored === undefined) return undefined
  return yield* setDescriptor(open, stored, descriptor, saysOnlyMode ? parts & ~AdditionalInformation.DACL : parts)
}

/** A POSIX client's chmod: the mode and nothing else is taken over. */
function* setPermissions(open: Open, permissions: number): Steps<Reply | Failure> {
  if (open.share.isPast) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  const set = yield* wait(open.file.setStat({ permissions }))
  if (failed(set)) return set
  reportModified(open, 'security')
  return reply(SetInfoResponse, {})
}
