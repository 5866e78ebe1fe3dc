import { AccessMask } from '../../wire/dtyp/index.ts'
import { failed } from '../../wire/erref/failure.ts'
import { upcase } from '../../wire/fscc/index.ts'
import type { FileStat, Opened, OpenHow } from '../backend.ts'
import { restoreLease, restoreOplock } from '../caching/index.ts'
import { closeOpen } from '../close-open.ts'
import { SharedFile } from '../file-table.ts'
import { Open } from '../open.ts'
import type { ServerCore } from '../server-core.ts'
import type { Share } from '../share.ts'
import { run, type Steps, wait } from '../steps.ts'
import { decodeKeptOpen, type KeptOpen } from './kept-open.ts'
import { LockSequences } from './lock-sequence.ts'
import type { Persistence } from './persistence.ts'

const { FILE_APPEND_DATA, FILE_EXECUTE, FILE_READ_DATA, FILE_WRITE_DATA } = AccessMask

/**
 * Opens again what clients had open persistently when the server ended; from now on it waits for them. What is not there
 * any more, or is something else by now, is forgotten.
 */
export async function restoreOpens(server: ServerCore, { store }: Persistence): Promise<void> {
  for (const { id, state } of store.load()) {
    const kept = decodeKeptOpen(state)
    const isBack = kept !== undefined && (await run(restore(server, id, kept)))
    if (!isBack) await store.remove(id)
  }
}

/** False: there is nothing to come back to. */
function* restore(server: ServerCore, id: bigint, kept: KeptOpen): Steps<boolean> {
  const share = server.share(kept.share)
  if (share?.options.continuouslyAvailable !== true) return false
  const opened = yield* wait(share.backend.open(kept.path, howOf(share, kept)))
  if (failed(opened)) return false
  const { file } = opened
  const stat = file.fileId === kept.fileId ? yield* wait(file.stat()) : undefined
  if (stat === undefined || failed(stat)) {
    yield* wait(file.close())
    return false
  }
  const open = register(server, share, id, kept, opened, stat)
  if (server.durableOpens.disconnected(open)) return true
  yield* wait(closeOpen(open))
  return false
}

function howOf({ readOnly }: Share, { grantedAccess, isPosix, stream }: KeptOpen): OpenHow {
  return {
    disposition: 'open',
    ...(stream === undefined ? {} : { stream }),
    ...(isPosix ? { caseSensitive: true } : {}),
    read: (grantedAccess & (FILE_READ_DATA | FILE_EXECUTE)) !== 0,
    write: !readOnly && (grantedAccess & (FILE_WRITE_DATA | FILE_APPEND_DATA)) !== 0,
  }
}

function register(
  server: ServerCore,
  share: Share,
  id: bigint,
  kept: KeptOpen,
  { file, path }: Opened,
  stat: FileStat,
): Open {
  const shared = share.files.find(file.fileId) ?? new SharedFile(file.fileId, share.files)
  const { createOptions, grantedAccess, isPosix, shareAccess } = kept
  const open = new Open({
    ...{ id, server, share, file, shared, path },
    ...{ createOptions, grantedAccess, isPosix, shareAccess },
  })
  const { appInstance, clientGuid, createAction, createGuid, desiredAccess, owner, ownerName, timeoutMs } = kept
  open.durability = {
    ...{ owner, ownerName, clientGuid, createGuid, desiredAccess, createOptions, createAction, timeoutMs },
    ...(appInstance === undefined ? {} : { appInstance }),
    isDurable: true,
    isPersistent: true,
    isResilient: false,
    isReplayEligible: false,
    disconnectedAt: undefined,
  }
  open.deleteOnClose = kept.deleteOnClose
  open.parentLeaseKey = kept.parentLeaseKey
  if (kept.lockSequences !== undefined) open.lockSequences = new LockSequences(kept.lockSequences)
  share.use()
  server.opens.set(id, open)
  share.files.add(open)
  shared.writeTime.opened(stat)
  if (kept.fileGoes) shared.markForDeletion(open)
  if (kept.streamGoes) shared.markStream(upcase(kept.stream ?? ''), true)
  for (const lock of kept.locks) open.stream.locks.lock(open, lock, lock.exclusive)
  if (kept.lease === undefined) restoreOplock(open, kept.oplockLevel)
  else restoreLease(open, { ...kept.lease, clientGuid, parentKey: kept.lease.parentKey })
  server.durableOpens.add(open)
  return open
}
