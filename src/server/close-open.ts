import { failed } from '../wire/erref/failure.ts'
import type { BackendFile } from './backend.ts'
import { breakForHandles } from './caching/breaking.ts'
import { releaseCaching } from './caching/release.ts'
import { reportClosing, reportRemoved } from './change-notifier.ts'
import { goesEmpty, outlivesDeletion } from './mac/streams.ts'
import { Open, type PipeOpen } from './open.ts'
import { endDocument } from './printing.ts'
import { run, type Steps, wait } from './steps.ts'

/**
 * Ends an open: its locks, its notification, its share mode; and the file itself if it was to be deleted and this was
 * the last open of it (MS-FSA 2.1.5.5). Resolves when the backend is done. Nothing here fails: the client cannot do
 * anything about it.
 */
export function closeOpen(open: Open | PipeOpen): Promise<void> | undefined {
  if (open instanceof Open) return endOpen(open, finish)
  if (open.session.opens.delete(open.volatileId)) closePipe(open)
  return undefined
}

/** The server ends, and the open does not: its file is closed, and neither deleted nor forgotten by the store. */
export const suspendOpen = (open: Open): Promise<void> | undefined => endOpen(open, suspend)

function endOpen(open: Open, last: (open: Open) => Steps<void>): Promise<void> | undefined {
  open.maybeSession?.opens.delete(open.volatileId)
  // Two that close it at the same time close it once.
  if (open.closed) return undefined
  open.closed = true
  open.server.opens.delete(open.id)
  open.server.durableOpens.closed(open)
  for (const request of [...open.waiting]) request.fileClosed()
  open.watch?.end()
  open.stream.locks.releaseAll(open)
  const done = run(last(open))
  return done instanceof Promise ? done : undefined
}

function closePipe(open: PipeOpen): void {
  // Reads that wait are told that the pipe is gone; what else there may be is cancelled.
  open.pipe.close()
  for (const request of [...open.waiting]) request.fileClosed()
}

function* finish(open: Open): Steps<void> {
  const { shared } = open
  const unused = open.unused
  if (unused !== undefined) yield* wait(unused)
  yield* reporting(open, open.shared.writeTime.beforeClose(open))
  if (open.deleteOnClose) {
    if (open.stream.key === '') shared.markForDeletion(open)
    else shared.markStream(open.stream.key, true)
    // Others that have it open for a cache only had better close it: it goes with the last of them.
    void breakForHandles(open)
  }
  if (!shared.deletePending) reportClosing(open)
  // Its client has thought better of it.
  if (shared.deletePending) open.document = undefined
  yield* reporting(open, leave(open))
  yield* reporting(open, closeFile(open))
  if (open.durability?.isPersistent === true) open.server.persistence?.ended(open)
}

function* suspend(open: Open): Steps<void> {
  const { shared, unused } = open
  if (unused !== undefined) yield* wait(unused)
  yield* reporting(open, shared.writeTime.beforeClose(open))
  shared.opens.delete(open)
  open.share.files.forgetUnused(shared)
  releaseCaching(open)
  yield* reporting(open, closeFile(open))
}

function* closeFile(open: Open): Steps<void> {
  const { file, share, document } = open
  const { printer } = share.options
  if (document !== undefined && printer !== undefined) yield* endDocument(open, document, printer)
  else yield* wait(file.close())
  yield* wait(share.release())
}

/** What a backend throws is told, and nothing else is left undone for it. */
function* reporting(open: Open, steps: Steps<void>): Steps<void> {
  try {
    yield* steps
  } catch (error) {
    open.server.reportError(error, open.maybeSession?.remote ?? '')
  }
}

/** Until what goes is gone, nobody gets it open: it stays in the table, marked for deletion. */
function* leave(open: Open): Steps<void> {
  const { shared, stream } = open
  shared.opens.delete(open)
  let isLastOfFile = false
  let isLastOfStream = false
  try {
    const isEmpty = stream.key !== '' && !shared.deletePending && !shared.hasOpen(stream) && (yield* goesEmpty(open))
    // While that was found out somebody else may have come.
    isLastOfFile = shared.opens.size === 0
    isLastOfStream = isLastOfFile || !shared.hasOpen(stream)
    // POSIX opens let the name go, and keep the file.
    const lastName = [...shared.opens].every((other) => other.isPosix)
    const isToGo = shared.streamsToDelete.has(stream.key) && !outlivesDeletion(open)
    const streamGoes = isLastOfStream && (isEmpty || isToGo)
    if (streamGoes) shared.streamsToDelete.add(stream.key)
    const fileGoes = lastName && shared.deletePending
    if (streamGoes || fileGoes) yield* remove(open, !fileGoes)
    if (lastName && !isLastOfFile) shared.unmarkForDeletion()
  } finally {
    if (isLastOfStream) shared.streamsToDelete.delete(stream.key)
    open.share.files.forgetUnused(shared)
    // Who waits for the cache to be given up finds the file as it is now.
    releaseCaching(open)
    if (!isLastOfFile) shared.forgetUnused(stream)
  }
}

function* remove(open: Open, onlyStream: boolean): Steps<void> {
  let file: BackendFile = open.file
  if (!onlyStream && file.stream !== undefined) {
    // The last handle is one of a named stream, but the whole file has to go.
    const main = yield* wait(open.share.backend.open(open.path, { disposition: 'open', read: false, write: false }))
    if (failed(main)) return
    file = main.file
    // Somebody else has given its name to another file meanwhile.
    if (file.fileId !== open.shared.fileId) return yield* wait(file.close())
  }
  const removed = yield* wait(file.remove())
  if (!failed(removed)) {
    reportRemoved(open, onlyStream)
    const { options, tunnel } = open.share
    if (options.shortNames === true && !onlyStream) tunnel.remember(open.path, open.server.clock.now())
  }
  if (file !== open.file) yield* wait(file.close())
}
