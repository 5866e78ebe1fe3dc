import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileNotifyInformation } from '../../wire/fscc/index.ts'
import { ChangeNotifyRequest, ChangeNotifyResponse, Command, NotifyFlags } from '../../wire/smb2/index.ts'
import type { Changes, Watch } from '../change-notifier.ts'
import { defineCommand } from '../command.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'
import { negotiatedMaximum } from '../sizes.ts'
import { type Steps, wait } from '../steps.ts'

/** Watches of one session: each gathers changes, also while nobody waits for them, and every change looks at each. */
const MAX_WATCHES = 1024

/** MS-SMB2 3.3.5.19. */
export const changeNotify = defineCommand({
  command: Command.CHANGE_NOTIFY,
  needs: 'tree',
  body: ChangeNotifyRequest,
  payload: (body) => body.outputBufferLength,
  *handler(request, body) {
    const open = request.open(body.fileId)
    if (failed(open)) return open
    if (body.outputBufferLength > negotiatedMaximum(request.connection, 'maxTransactBytes'))
      return fail(NtStatus.INVALID_PARAMETER)
    if (open.share.options.changeNotify === false) return fail(NtStatus.NOT_IMPLEMENTED)
    if (!open.file.isDirectory || open.file.stream !== undefined) return fail(NtStatus.INVALID_PARAMETER)
    if ((open.grantedAccess & AccessMask.FILE_READ_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
    if (open.shared.deletePending) return fail(NtStatus.DELETE_PENDING)
    if (open.watch === undefined && open.session.watchCount >= MAX_WATCHES) return fail(NtStatus.INSUFFICIENT_RESOURCES)
    // The first request on a handle settles what it watches, for good (MS-FSA 2.1.5.11).
    open.watch ??= open.share.notifier.watch(
      open,
      body.completionFilter,
      (body.flags & NotifyFlags.WATCH_TREE) !== 0,
      body.outputBufferLength,
    )
    return yield* waitForChanges(request, open.watch, body.outputBufferLength)
  },
})

function* waitForChanges(request: Request, watch: Watch, room: number): Steps<Reply | Failure> {
  if (!watch.hasChanges) {
    // What would wait in the midst of a chain keeps nobody waiting: Windows refuses it (MS-SMB2 3.3.5.2.7.2).
    if (request.header.nextCommand !== 0) return fail(NtStatus.INTERNAL_ERROR)
    const { promise, resolve } = Promise.withResolvers<Failure | undefined>()
    const forget = watch.whenReady(() => resolve(undefined))
    const refused = request.goAsync(watch.open, () => {
      forget()
      resolve(request.endedWith(fail(endStatus(request, watch))))
    })
    if (refused !== undefined) {
      forget()
      return refused
    }
    const ended = yield* wait(promise)
    if (ended !== undefined) return ended
    if (!watch.hasChanges) return fail(endStatus(request, watch))
  }
  return answer(watch.take(), Math.min(room, watch.room))
}

/** Why a watch ends without a change: its directory was closed or goes, or the client cancelled. */
function endStatus(request: Request, watch: Watch): number {
  if (watch.open.shared.deletePending) return NtStatus.DELETE_PENDING
  return request.closedMeanwhile ? NtStatus.NOTIFY_CLEANUP : NtStatus.CANCELLED
}

function answer(changes: Changes, room: number): Reply {
  // MS-SMB2 3.3.5.19: too many changes for the buffer means that the client has to look for itself.
  if (changes === 'overflow') return tooMany()
  const outputBuffer = FileNotifyInformation.encode({ entries: changes })
  return outputBuffer.length > room ? tooMany() : reply(ChangeNotifyResponse, { outputBuffer })
}

const tooMany = (): Reply => reply(ChangeNotifyResponse, { outputBuffer: new Uint8Array(0) }, NtStatus.NOTIFY_ENUM_DIR)
