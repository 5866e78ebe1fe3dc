import { viewOf } from '../bytes/utf16.ts'
import { AccessMask } from '../wire/dtyp/index.ts'
import { FileNotifyInformation, NotifyAction } from '../wire/fscc/index.ts'
import { CompletionFilter, CreateOptions, NotifyFlags } from '../wire/smb2/index.ts'
import type { WatchEvent, WatchOptions } from './api/share.ts'
import { notifyCall } from './calls/information.ts'
import { StatusError, TransportError } from './errors.ts'
import { openFile } from './open.ts'
import { isSafeName, shownPath } from './paths.ts'
import type { Spot } from './spot.ts'
import type { Volume } from './volume.ts'

const F = CompletionFilter
const DEFAULT_FILTER = F.FILE_NAME | F.DIR_NAME | F.ATTRIBUTES | F.SIZE | F.LAST_WRITE | F.CREATION
/** What the server keeps for a watch, and sends at a time: more than this it cannot for older dialects. */
const NOTIFY_BYTES = 64 * 1024
/** A server that is back may need a moment for the folder, too. */
const MAX_LOSSES_IN_A_ROW = 5

type RawChange = { readonly action: number; readonly name: string }

/**
 * Changes below a folder, as they come. The server collects from the first request on, also between two of them; so the
 * folder stays open. After a lost connection the folder is watched again before it is told that something was missed:
 * who lists it then misses nothing.
 */
export async function* watch(volume: Volume, path: string, options: WatchOptions = {}): AsyncGenerator<WatchEvent> {
  const { signal } = options
  let watched: Watched | undefined
  const names = new NamePairs()
  let isMissing = false
  let losses = 0
  try {
    for (;;) {
      signal?.throwIfAborted()
      let changes: RawChange[] | undefined
      try {
        watched ??= await volume.at(path, 'watch', (spot) => openFolder(spot, options))
        const coming = watched.next()
        coming.catch(() => undefined)
        if (isMissing) {
          isMissing = false
          yield OVERFLOW
        }
        if (names.isWaiting && !(await isSoon(coming, volume))) yield* names.giveUp()
        changes = await coming
        losses = 0
      } catch (error) {
        const isLost = error instanceof TransportError || (error instanceof StatusError && watched?.isLost === true)
        if (!isLost || ++losses > MAX_LOSSES_IN_A_ROW || !volume.settings.reconnect) throw error
        await watched?.close()
        watched = undefined
        isMissing = true
        yield* names.giveUp()
        continue
      }
      if (changes === undefined) yield OVERFLOW
      else for (const change of changes) yield* names.eventsOf(change)
    }
  } finally {
    await watched?.close()
  }
}

/** A folder that is open to be watched. */
interface Watched {
  readonly isLost: boolean
  next(): Promise<RawChange[] | undefined>
  close(): Promise<void>
}

async function openFolder(spot: Spot, options: WatchOptions): Promise<Watched> {
  const { recursive = false, filter = DEFAULT_FILTER, signal } = options
  const access = AccessMask.FILE_READ_DATA | AccessMask.FILE_READ_ATTRIBUTES | AccessMask.SYNCHRONIZE
  const given = { name: spot.name, access, options: CreateOptions.DIRECTORY_FILE, contexts: spot.contexts }
  const file = await openFile(spot.tree, given, spot.occasion, { signal })
  // Only by this open: another does not know what this one would miss.
  const { connection, context } = file.on
  const { fileId } = file.opened
  const flags = recursive ? NotifyFlags.WATCH_TREE : 0
  return {
    get isLost() {
      return connection.isClosed
    },
    next: () =>
      connection.call(
        context,
        notifyCall({ fileId, filter, flags, outputBytes: NOTIFY_BYTES }, file.occasion, changesIn),
        signal,
      ),
    close: async () => {
      if (connection.isClosed) file.abandon()
      else await file.close().catch(() => undefined)
    },
  }
}

const OVERFLOW: WatchEvent = { eventType: 'rename', filename: null, action: 'overflow', isStream: false }

function changesIn(output: Uint8Array): RawChange[] {
  const changes: RawChange[] = []
  for (const { action, fileName } of FileNotifyInformation.decode(viewOf(output)).entries) {
    // A name that leads elsewhere is none of what is watched.
    if (fileName.split('\\').every(isSafeName)) changes.push({ action, name: shownPath(fileName) })
  }
  return changes
}

const A = NotifyAction

/** Both names of a rename: the new one may come with the answer after that with the old one. */
class NamePairs {
  #old: string | undefined

  get isWaiting(): boolean {
    return this.#old !== undefined
  }

  *eventsOf({ action, name }: RawChange): Generator<WatchEvent> {
    // What only changed may come between the two.
    if (action !== A.RENAMED_NEW_NAME && action !== A.MODIFIED) yield* this.giveUp()
    if (action === A.RENAMED_OLD_NAME) {
      this.#old = name
      return
    }
    const event = eventOf(action, name, this.#old)
    if (action === A.RENAMED_NEW_NAME) this.#old = undefined
    if (event !== undefined) yield event
  }

  /** It was renamed to where nobody watches. */
  *giveUp(): Generator<WatchEvent> {
    if (this.#old !== undefined) yield gone(this.#old)
    this.#old = undefined
  }
}

/** How long the new name of a rename is waited for. */
const PAIR_MS = 200

function isSoon(coming: Promise<unknown>, volume: Volume): Promise<boolean> {
  const arrived = coming.then(
    () => true,
    () => true,
  )
  return Promise.race([arrived, volume.tree.link.pause(PAIR_MS).then(() => false)])
}

const gone = (filename: string): WatchEvent => ({ eventType: 'rename', filename, action: 'removed', isStream: false })

const STREAM_ACTIONS: ReadonlySet<number> = new Set([A.ADDED_STREAM, A.REMOVED_STREAM, A.MODIFIED_STREAM])

function eventOf(action: number, name: string, renamedFrom: string | undefined): WatchEvent | undefined {
  const isStream = STREAM_ACTIONS.has(action)
  switch (action) {
    case A.ADDED:
    case A.ADDED_STREAM:
      return { eventType: 'rename', filename: name, action: 'added', isStream }
    case A.REMOVED:
    case A.REMOVED_BY_DELETE:
    case A.REMOVED_STREAM:
      return { eventType: 'rename', filename: name, action: 'removed', isStream }
    case A.MODIFIED:
    case A.MODIFIED_STREAM:
      return { eventType: 'change', filename: name, action: 'modified', isStream }
    case A.RENAMED_NEW_NAME:
      // Without its old name it has come from where nobody watches.
      if (renamedFrom === undefined) return { eventType: 'rename', filename: name, action: 'added', isStream }
      return { eventType: 'rename', filename: name, action: 'renamed', oldFilename: renamedFrom, isStream }
    default:
      return undefined
  }
}
