import { failed } from '../../wire/erref/failure.ts'
import { ReparseDataBuffer, ReparseTag } from '../../wire/fscc/index.ts'
import type { Backend, BackendPath } from '../backend.ts'
import { type Steps, wait } from '../steps.ts'
import type { DfsLink, Namespace } from './namespace.ts'

const linkData = (): Uint8Array => ReparseDataBuffer.encode({ reparseTag: ReparseTag.DFS, data: new Uint8Array(0) })

/**
 * Makes folders for the links, so that listings show them: reparse points, as Windows does. Where the backend does not
 * let it, links are not listed; they are found by their names all the same.
 */
export function* makeLinkFolders(backend: Backend, namespace: Namespace): Steps<void> {
  for (const link of namespace.links) yield* makeLinkFolder(backend, link)
}

export function* makeLinkFolder(backend: Backend, { path }: DfsLink): Steps<void> {
  for (let depth = 1; depth < path.length; depth++) yield* folder(backend, path.slice(0, depth), false)
  yield* folder(backend, path, true)
}

function* folder(backend: Backend, path: BackendPath, isLink: boolean): Steps<void> {
  const how = { disposition: 'openOrCreate', kind: 'directory', read: isLink, write: isLink } as const
  const opened = yield* wait(backend.open(path, how))
  if (failed(opened)) return
  const { file } = opened
  try {
    if (!isLink || file.setReparsePoint === undefined) return
    const [stat, names] = [yield* wait(file.stat()), yield* wait(file.list())]
    // A folder with something in it stays one (MS-FSA 2.1.5.10.38), though nobody gets there.
    if (!failed(stat) && stat.reparseTag === 0 && !failed(names) && names.length === 0)
      yield* wait(file.setReparsePoint(linkData()))
  } finally {
    yield* wait(file.close())
  }
}

/** Takes away the folder of a link that is no more, if it is one of those made here. */
export function* removeLinkFolder(backend: Backend, path: BackendPath): Steps<void> {
  const opened = yield* wait(backend.open(path, { disposition: 'open', kind: 'directory', read: false, write: true }))
  if (failed(opened)) return
  const { file } = opened
  try {
    const stat = yield* wait(file.stat())
    if (!failed(stat) && stat.reparseTag === ReparseTag.DFS) yield* wait(file.remove())
  } finally {
    yield* wait(file.close())
  }
}
