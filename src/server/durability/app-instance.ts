import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Opened } from '../backend.ts'
import { closeOpen } from '../close-open.ts'
import type { Creation } from '../creation.ts'
import type { SharedFile } from '../file-table.ts'
import { streamKeyOf } from '../open.ts'
import { type Steps, wait } from '../steps.ts'
import type { AppInstanceVersion } from './durability.ts'

const { FILE_READ_ATTRIBUTES, FILE_READ_DATA, FILE_READ_EA, READ_CONTROL, SYNCHRONIZE } = AccessMask
/** What GENERIC_READ means for a file. */
const READ_ACCESS = FILE_READ_ATTRIBUTES | FILE_READ_DATA | FILE_READ_EA | READ_CONTROL | SYNCHRONIZE

/**
 * A program that has moved to another machine opens what it had open on the one before: that open is closed (MS-SMB2
 * 3.3.5.9.13). Fails where it is the older one of the two that asks. `most`: all that the user may do with the file.
 */
export function* closeOtherInstances(
  creation: Creation,
  { file }: Opened,
  shared: SharedFile,
  most: number,
): Steps<Failure | undefined> {
  const { appInstanceId, appInstanceVersion } = creation.contexts
  if (appInstanceId === undefined) return undefined
  const { clientGuid } = creation.request.session
  const streamKey = streamKeyOf(file)
  for (const open of [...shared.opens]) {
    const { durability } = open
    if (durability?.appInstance?.id !== appInstanceId || open.stream.key !== streamKey) continue
    if (durability.clientGuid === clientGuid) continue
    if (!isLater(appInstanceVersion, durability.appInstance.version)) return fail(NtStatus.FILE_FORCED_CLOSED)
    if ((most & READ_ACCESS) === READ_ACCESS) yield* wait(closeOpen(open))
  }
  return undefined
}

/** Where the open has a version, only a later one may take its place. */
function isLater(asked: AppInstanceVersion | undefined, has: AppInstanceVersion | undefined): boolean {
  if (has === undefined) return true
  if (asked === undefined) return false
  return asked.high > has.high || (asked.high === has.high && asked.low > has.low)
}
