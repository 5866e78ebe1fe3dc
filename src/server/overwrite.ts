import { type Failure, failed } from '../wire/erref/failure.ts'
import { FileAttributes } from '../wire/fscc/index.ts'
import { CreateDisposition } from '../wire/smb2/index.ts'
import type { BackendFile, FileStat, Opened } from './backend.ts'
import type { Creation } from './creation.ts'
import { SETTABLE_ATTRIBUTES } from './file-information.ts'
import type { Share } from './share.ts'
import { type Steps, wait } from './steps.ts'

/** Empties a file and gives it new attributes (MS-FSA 2.1.5.1.2, overwrite). */
export function* overwrite(creation: Creation, opened: Opened, before: FileStat): Steps<FileStat | Failure> {
  const { share, body, contexts } = creation
  const { file, path } = opened
  const truncated = yield* wait(file.truncate(0))
  if (failed(truncated)) return truncated
  if (file.stream === undefined) {
    const keep = body.createDisposition === CreateDisposition.SUPERSEDE ? 0 : before.attributes & ~SETTABLE_ATTRIBUTES
    const attributes = (body.fileAttributes & SETTABLE_ATTRIBUTES) | FileAttributes.ARCHIVE | keep
    const changed = yield* wait(file.setStat({ attributes }))
    if (failed(changed)) return changed
    if (share.backend.features.namedStreams) yield* removeStreams(share, file, path)
    if (contexts.extendedAttributes !== undefined) {
      const set = yield* wait(file.setExtendedAttributes(contexts.extendedAttributes))
      if (failed(set)) return set
    }
  }
  if (contexts.allocationSize !== undefined) {
    const reserved = yield* wait(file.allocate(contexts.allocationSize))
    if (failed(reserved)) return reserved
  }
  return yield* wait(file.stat())
}

function* removeStreams(share: Share, file: BackendFile, path: Opened['path']): Steps<void> {
  const streams = yield* wait(file.streams())
  if (failed(streams)) return
  for (const { name } of streams) {
    if (name === '') continue
    const stream = yield* wait(
      share.backend.open(path, { disposition: 'open', read: false, write: true, stream: name }),
    )
    if (failed(stream)) continue
    yield* wait(stream.file.remove())
    yield* wait(stream.file.close())
  }
}
