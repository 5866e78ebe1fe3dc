import type { Filetime } from '../bytes/filetime.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { upcase } from '../wire/fscc/index.ts'
import type { BackendPath, Opened, OpenHow } from './backend.ts'
import type { Share } from './share.ts'
import { looksShortened, shortNameOf } from './short-name.ts'
import { type Steps, wait } from './steps.ts'

/**
 * Opens in the backend; a component that is nothing there may be the short name of something, and what is made by a short
 * name gets the long one that went with it a moment before `now`.
 */
export function* openByName(share: Share, path: BackendPath, how: OpenHow, now: Filetime): Steps<Opened | Failure> {
  const hasShortNames = share.options.shortNames === true && how.caseSensitive !== true
  if (!hasShortNames || !path.some(looksShortened)) return yield* wait(share.backend.open(path, how))
  const existing: OpenHow = { ...how, disposition: 'open' }
  const opened = yield* wait(share.backend.open(path, existing))
  const isMissing =
    failed(opened) &&
    (opened.status === NtStatus.OBJECT_NAME_NOT_FOUND || opened.status === NtStatus.OBJECT_PATH_NOT_FOUND)
  if (!isMissing) {
    if (how.disposition === 'open' || failed(opened)) return opened
    yield* wait(opened.file.close())
    return yield* wait(share.backend.open(path, how))
  }
  const long = yield* lengthen(share, path)
  return yield* wait(share.backend.open(how.disposition === 'open' ? long : share.tunnel.recall(long, now), how))
}

/** The path with its short names replaced by the names that they stand for. */
function* lengthen(share: Share, path: BackendPath): Steps<BackendPath> {
  const long: string[] = []
  for (const component of path)
    long.push(looksShortened(component) ? yield* longName(share, long, component) : component)
  return long
}

function* longName(share: Share, directory: BackendPath, short: string): Steps<string> {
  const found = yield* wait(
    share.backend.open(directory, { disposition: 'open', kind: 'directory', read: true, write: false }),
  )
  if (failed(found)) return short
  const names = yield* wait(found.file.list())
  yield* wait(found.file.close())
  if (failed(names)) return short
  const wanted = upcase(short)
  return names.find((name) => upcase(name) === wanted) ?? names.find((name) => shortNameOf(name) === wanted) ?? short
}
