/** Previous versions: a share as it was when a snapshot was made of it (MS-SMB2 3.3.5.9.4, 3.3.5.15.1). */
import { dateFromFiletime, type Filetime, filetimeFromDate } from '../bytes/filetime.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { type IoctlRequest, SrvSnapshotArray } from '../wire/smb2/index.ts'
import type { Backend, Maybe } from './backend.ts'
import type { ControlResult } from './control.ts'
import type { Open } from './open.ts'
import type { PathName } from './path-name.ts'
import type { Request } from './request.ts'
import { Share } from './share.ts'
import { run, type Steps, wait } from './steps.ts'

const SECOND_100NS = 10_000_000n
/** Answers are never smaller than this, nor may the room for them be. */
const SMALLEST_ANSWER_BYTES = 16
const GMT_TOKEN = /^@GMT-(\d{4})\.(\d\d)\.(\d\d)-(\d\d)\.(\d\d)\.(\d\d)$/i

/** `@GMT-2026.11.21-09.30.00`: how a snapshot is named on the wire (MS-SMB 2.2.1.1.1). */
export function gmtToken(time: Filetime): string {
  const [date = '', clock = ''] = dateFromFiletime(time).toISOString().split(/[T.]/)
  return `@GMT-${date.replaceAll('-', '.')}-${clock.replaceAll(':', '.')}`
}

/** A name with the component that says of which time it is taken out of it. */
export function withoutGmtToken(name: PathName): { readonly name: PathName; readonly time: Filetime } | undefined {
  const at = name.path.findIndex((component) => component[0] === '@' && GMT_TOKEN.test(component))
  const parts = GMT_TOKEN.exec(name.path[at] ?? '')
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second] = parts
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(date.getTime())) return undefined
  return { name: { ...name, path: name.path.toSpliced(at, 1) }, time: filetimeFromDate(date) }
}

/** A share as it was: nothing in it can be changed, and what is open in it has nothing to do with the files of today. */
class PastShare extends Share {
  readonly #present: Share
  readonly #end: () => Maybe<void>
  #users = 0

  constructor(present: Share, backend: Backend, end: () => Maybe<void>) {
    super({ ...present.options, backend, readOnly: true, oplocks: false })
    this.#present = present
    this.#end = end
  }

  override get present(): Share {
    return this.#present
  }

  override use(): void {
    this.#users++
  }

  override release(): Maybe<void> {
    this.#users--
    return this.#users === 0 ? this.#end() : undefined
  }
}

/** The share as it was at `time`; to be released by who has asked. */
export function* enterPast(present: Share, time: Filetime): Steps<Share | Failure> {
  const { past } = present
  const whole = time - (time % SECOND_100NS)
  let found = past.get(whole)
  if (found === undefined) {
    found = run(openPast(present, whole))
    past.set(whole, found)
  }
  let share: Share | Failure | undefined
  try {
    share = yield* wait(found)
  } finally {
    if (share === undefined || failed(share)) past.delete(whole)
    else share.use()
  }
  return share
}

function* openPast(present: Share, time: Filetime): Steps<Share | Failure> {
  const backend = yield* wait(present.backend.snapshots?.open(time))
  // MS-SMB2 3.3.5.9.4: there has to be a snapshot of that time.
  if (backend === undefined) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  if (failed(backend)) return backend
  return new PastShare(present, backend, () => {
    present.past.delete(time)
    return backend.close()
  })
}

/** Tells of which times there are versions of the share in which the file is (MS-SMB2 3.3.5.15.1). */
export function* enumerateSnapshots(_request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (body.maxOutputResponse < SMALLEST_ANSWER_BYTES) return fail(NtStatus.INVALID_PARAMETER)
  const times = (yield* wait(open.share.present.backend.snapshots?.times())) ?? []
  if (failed(times)) return times
  const names = times.map((time) => `${gmtToken(time)}\0`)
  const list = `${names.join('')}\0`
  const fits = names.length > 0 && SrvSnapshotArray.size + list.length * 2 <= body.maxOutputResponse
  const output = SrvSnapshotArray.encode({
    numberOfSnapShots: names.length,
    numberOfSnapShotsReturned: fits ? names.length : 0,
    snapShotArraySize: names.length === 0 ? 0 : list.length * 2,
    // Clients want 16 bytes at least, whatever there is to be told.
    snapShots: fits ? list : '\0\0',
  })
  return { output }
}
