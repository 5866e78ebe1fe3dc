/** Named streams as macOS has them, first of all those in which it keeps what Windows has no place for: AFP_AfpInfo and AFP_Resource. */
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CreateDisposition } from '../../wire/smb2/index.ts'
import type { BackendFile, Opened, StreamEntry } from '../backend.ts'
import type { Creation } from '../creation.ts'
import type { Open } from '../open.ts'
import type { Session } from '../session.ts'
import type { Share } from '../share.ts'
import { type Steps, wait } from '../steps.ts'
import { AFP_INFO_BYTES, AfpInfoFile, readAfpInfo } from './afp-info.ts'
import { followsMacRules } from './session.ts'

const INFO = 'AFP_AFPINFO'
const RESOURCE = 'AFP_RESOURCE'

/** Macs have no use for streams in which there is nothing; other clients for those alone that are not Macs' own. */
function emptyIsNone(stream: string, session: Session | undefined, share: Share): boolean {
  const upper = stream.toUpperCase()
  if (upper === INFO || upper === RESOURCE) return followsMacRules(session, share)
  return session?.mac !== undefined && followsMacRules(session, share)
}

const isStream = (file: BackendFile, name: string): boolean => file.stream?.toUpperCase() === name

/** A resource fork is deleted by making it empty, and in no other way. */
export const outlivesDeletion = (open: Open): boolean =>
  isStream(open.file, RESOURCE) && followsMacRules(open.maybeSession, open.share)

/**
 * What was opened for a CREATE, as a Mac is to see it: a stream in which there is nothing is none. Where the answer is a
 * failure the file is closed.
 */
export function* asMacStream({ request, share, body }: Creation, opened: Opened): Steps<Opened | Failure> {
  const { file, created } = opened
  if (file.stream === undefined || !emptyIsNone(file.stream, request.session, share)) return opened
  const isInfo = isStream(file, INFO)
  const { createDisposition } = body
  const mustBeThere = createDisposition === CreateDisposition.OPEN || createDisposition === CreateDisposition.OVERWRITE
  if (!created && mustBeThere) {
    const holds = yield* holdsSomething(file, isInfo)
    if (holds !== true) {
      yield* wait(file.close())
      return failed(holds) ? holds : fail(NtStatus.OBJECT_NAME_NOT_FOUND)
    }
  }
  return isInfo ? { ...opened, file: new AfpInfoFile(file) } : opened
}

function* holdsSomething(file: BackendFile, isInfo: boolean): Steps<boolean | Failure> {
  const stat = yield* wait(file.stat())
  if (failed(stat)) return stat
  if (!isInfo) return stat.endOfFile > 0
  if (stat.endOfFile !== AFP_INFO_BYTES) return false
  const info = yield* readAfpInfo(file)
  // A handle for attributes alone may not read; what has the size of one is taken for one.
  return info === undefined ? false : failed(info) || true
}

/** The streams of a file that there are for a Mac. */
export const macStreams = (streams: readonly StreamEntry[], session: Session, share: Share): readonly StreamEntry[] =>
  streams.filter(({ name, size }) => {
    if (name === '' || !emptyIsNone(name, session, share)) return true
    return name.toUpperCase() === INFO ? size === AFP_INFO_BYTES : size > 0
  })

/** Whether a stream goes with its last handle because there is nothing in it. */
export function* goesEmpty(open: Open): Steps<boolean> {
  const { file, maybeSession, share } = open
  if (file.stream === undefined || !emptyIsNone(file.stream, maybeSession, share)) return false
  // Who could only look leaves what others have made.
  if (!open.wasCreated && (open.grantedAccess & AccessMask.FILE_WRITE_DATA) === 0) return false
  if (file instanceof AfpInfoFile) return yield* file.isEmpty()
  const stat = yield* wait(file.stat())
  return !failed(stat) && stat.endOfFile === 0
}
