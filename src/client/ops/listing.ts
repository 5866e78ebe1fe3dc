import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  type DirectoryInformationClass,
  directoryEntries,
  FileInformationClass,
  isNameInExpression,
} from '../../wire/fscc/index.ts'
import { chain, type Struct } from '../../wire/schema/index.ts'
import { CreateOptions, type FileId, QueryDirectoryFlags, RELATED_FILE_ID } from '../../wire/smb2/index.ts'
import type { Dir, ReaddirOptions } from '../api/share.ts'
import { folderKept } from '../cache/folder-watch.ts'
import type { Call } from '../call.ts'
import { createCall, type Opened } from '../calls/create.ts'
import { closeCall } from '../calls/file.ts'
import { queryDirectoryCall } from '../calls/information.ts'
import { StatusError, UsageError } from '../errors.ts'
import { factsOfEntry, type ListedEntry } from '../facts.ts'
import { openFile } from '../open.ts'
import { OpenFile } from '../open-file.ts'
import { isSafeName, joinShown } from '../paths.ts'
import type { Spot } from '../spot.ts'
import { Dirent, Stats } from '../stats.ts'
import { together } from '../transfer.ts'
import { nameOn, type On } from '../tree.ts'
import type { Volume } from '../volume.ts'

const C = FileInformationClass
/** The smallest that has all that is wanted first; older servers may know only the others. */
const FULL_CLASSES: readonly DirectoryInformationClass[] = [
  C.FileIdFullDirectoryInformation,
  C.FileIdBothDirectoryInformation,
  C.FileBothDirectoryInformation,
  C.FileDirectoryInformation,
]
const NAME_CLASSES: readonly DirectoryInformationClass[] = [C.FileNamesInformation, ...FULL_CLASSES]

const EVERYTHING = '*'
const DIRECTORY_OPTIONS = CreateOptions.DIRECTORY_FILE
/** Answers may become longer and longer: the first entries are here soon, and many need few requests. */
const FIRST_OUTPUT_BYTES = 64 * 1024
/** In longer ones more time would go by before who reads gets to work. */
const MOST_OUTPUT_BYTES = 256 * 1024
/** While one is read the server is at work on the next. */
const QUERIES_AT_ONCE = 2

/** Asks for entries, as many as there is room for; undefined behind the last. */
type Ask<T> = (fileId: FileId, flags: number, outputBytes: number) => Call<T[] | undefined>

/** What an entry of any class has. */
type AnyEntry = Partial<ListedEntry> & { readonly fileName: string }

/** Lists of entries by class, as they are decoded. */
const lists = new Map<number, ReturnType<typeof chain<AnyEntry, object>>>()
for (const [infoClass, declaration] of Object.entries(directoryEntries))
  lists.set(Number(infoClass), chain(declaration as unknown as Struct<AnyEntry, object>, { align: 8 }))

/** @throws WireError */
function entriesIn<T>(output: Uint8Array, infoClass: number, make: (entry: AnyEntry) => T): T[] {
  const list = lists.get(infoClass)
  if (list === undefined) throw new TypeError(`class ${infoClass} is none of a listing`)
  const view = viewOf(output)
  list.check(view, 0, output.length, { path: 'SMB2 QUERY_DIRECTORY Response.outputBuffer', spec: '2.2.34' })
  const found: T[] = []
  for (const entry of list.read(view, 0, output.length)) {
    const { fileName } = entry
    if (fileName === '.' || fileName === '..') continue
    // Who takes it for a path would be led somewhere else.
    if (!isSafeName(fileName))
      throw new WireError('directory entry.fileName', 0, 'MS-FSCC 2.1.5', `${JSON.stringify(fileName)} is no name`)
    found.push(make(entry))
  }
  return found
}

/** How a folder is listed. */
interface Wanted<T> {
  readonly pattern: string
  readonly classes: readonly DirectoryInformationClass[]
  readonly make: (entry: AnyEntry) => T
}

/**
 * A folder that is being listed, some answers ahead of who reads it, so that both ends are at work. It ends with its
 * connection.
 */
class Listing<T> {
  readonly #spot: Spot
  readonly #on: On
  readonly #fileId: FileId
  /** Where it is known by more than its number: closing it is that one's work. */
  readonly #file: OpenFile | undefined
  readonly #ask: Ask<T>
  readonly #ahead: Promise<T[] | undefined>[] = []
  readonly #signal: AbortSignal | undefined
  #outputBytes = FIRST_OUTPUT_BYTES
  readonly #maxOutputBytes: number
  #underWay = 0
  #isBegun = false
  /** The server has said that there is no more. */
  #sawEnd = false
  #isAtEnd = false

  constructor(
    spot: Spot,
    on: On,
    open: FileId | OpenFile,
    ask: Ask<T>,
    ahead: readonly Promise<T[] | undefined>[],
    signal: AbortSignal | undefined,
  ) {
    this.#spot = spot
    this.#on = on
    this.#file = open instanceof OpenFile ? open : undefined
    this.#fileId = open instanceof OpenFile ? open.opened.fileId : open
    this.#ask = ask
    this.#signal = signal
    this.#maxOutputBytes = maxOutputBytesOn(on)
    for (const answer of ahead) this.#expect(answer)
  }

  /** Whether it ended with its connection, and may be begun anew on another. */
  isLost(error: unknown): boolean {
    return this.#spot.tree.link.mayRepeat(error, this.#on.live, true)
  }

  /** The next entries; undefined behind the last. */
  async next(): Promise<T[] | undefined> {
    if (this.#isAtEnd) return undefined
    if (this.#isBegun) this.#lookAhead()
    // Most folders are told whole by the first two answers, which come together.
    this.#isBegun = true
    const found = await this.#ahead.shift()
    if (found === undefined) this.#isAtEnd = true
    return found
  }

  #lookAhead(): void {
    while (!this.#sawEnd && this.#underWay < QUERIES_AT_ONCE && this.#ahead.length <= QUERIES_AT_ONCE) {
      this.#outputBytes = Math.min(this.#outputBytes * 2, this.#maxOutputBytes)
      const query = this.#ask(this.#fileId, 0, this.#outputBytes)
      this.#expect(this.#on.connection.call(this.#on.context, query, this.#signal))
    }
  }

  #expect(answer: Promise<T[] | undefined>): void {
    this.#ahead.push(answer)
    this.#underWay++
    const over = (isEnd: boolean): void => {
      this.#underWay--
      this.#sawEnd ||= isEnd
    }
    // Who reads on hears of an error himself.
    answer.then(
      (found) => over(found === undefined),
      () => over(true),
    )
  }

  /** Nobody waits for the answer: there is nothing that could fail in a way that matters. */
  close(): void {
    const { connection, context } = this.#on
    if (this.#file !== undefined) {
      if (connection.isClosed) this.#file.abandon()
      else this.#file.close().catch(() => undefined)
    } else connection.call(context, closeCall(this.#fileId, this.#spot.occasion)).catch(() => undefined)
  }
}

const maxOutputBytesOn = ({ live, connection }: On): number =>
  Math.min(MOST_OUTPUT_BYTES, live.negotiated.maxTransactBytes, connection.maxTransferBytes)

/** Opens a folder and asks for what is in it, in one round trip; most folders have no more than that. */
async function openListing<T>(spot: Spot, wanted: Wanted<T>, signal: AbortSignal | undefined): Promise<Listing<T>> {
  const access = AccessMask.FILE_READ_DATA | AccessMask.FILE_READ_ATTRIBUTES | AccessMask.SYNCHRONIZE
  return spot.tree.run(
    async (on) => {
      const { connection, context } = on
      const firstBytes = Math.min(FIRST_OUTPUT_BYTES, maxOutputBytesOn(on))
      for (const infoClass of wanted.classes) {
        const { occasion } = spot
        const name = nameOn(on, spot.tree, spot.name)
        const given = { name, access, options: DIRECTORY_OPTIONS, contexts: spot.contexts }
        const late = ({ fileId }: Opened): void =>
          void connection.call(context, closeCall(fileId, occasion)).catch(() => undefined)
        const ask: Ask<T> = (fileId, flags, outputBytes) =>
          queryDirectoryCall({ fileId, infoClass, pattern: wanted.pattern, flags, outputBytes }, occasion, (output) =>
            entriesIn(output, infoClass, wanted.make),
          )
        if (connection.count > 1) {
          // If the connection is lost on which it is opened, the others go on, and so would the folder.
          const how = { ...given, name: spot.name }
          const file = await openFile(spot.tree, how, occasion, { signal })
          const query = ask(file.opened.fileId, QueryDirectoryFlags.RESTART_SCANS, firstBytes)
          const first = file.on.connection.call(file.on.context, query, signal)
          const listing = new Listing(spot, file.on, file, ask, [first], signal)
          if (!(await isUnknownClass(first)) || infoClass === wanted.classes.at(-1)) return listing
          listing.close()
          continue
        }
        const create = { ...createCall(given, occasion), late }
        const calls = [
          create,
          ask(RELATED_FILE_ID, QueryDirectoryFlags.RESTART_SCANS, firstBytes),
          ask(RELATED_FILE_ID, 0, firstBytes),
        ] as const
        const [opening, first, second] = connection.chain(context, calls, signal)
        const { fileId } = await opening
        const listing = new Listing(spot, on, fileId, ask, [first, second], signal)
        if (!(await isUnknownClass(first)) || infoClass === wanted.classes.at(-1)) return listing
        listing.close()
      }
      throw new TypeError('a listing has a class')
    },
    { signal, repeatable: true },
  )
}

async function isUnknownClass(answer: Promise<unknown>): Promise<boolean> {
  const status = await answer.then(
    () => 0,
    (error: unknown) => (error instanceof StatusError ? error.status : 0),
  )
  return (
    status === NtStatus.INVALID_INFO_CLASS || status === NtStatus.NOT_SUPPORTED || status === NtStatus.INVALID_LEVEL
  )
}

/** All of a folder, from the beginning again where the connection is lost meanwhile. */
async function listAll<T>(spot: Spot, wanted: Wanted<T>, signal: AbortSignal | undefined): Promise<T[]> {
  const { maxEntries } = spot.tree.link.settings.limits
  return spot.tree.run(
    async () => {
      const listing = await openListing(spot, wanted, signal)
      try {
        const found: T[] = []
        for (let some = await listing.next(); some !== undefined; some = await listing.next()) {
          for (const entry of some) found.push(entry)
          if (found.length > maxEntries)
            throw new UsageError(
              'EOVERFLOW',
              'The folder has too many entries to be gathered: use opendir.',
              spot.occasion,
            )
        }
        return found
      } finally {
        listing.close()
      }
    },
    { signal, repeatable: true },
  )
}

const direntIn =
  (parentPath: string) =>
  (entry: AnyEntry): Dirent =>
    new Dirent(entry.fileName, parentPath, new Stats(factsOfEntry(entry as ListedEntry)))

/** Of one folder. */
export const listFolder = (
  volume: Volume,
  path: string,
  operation: string,
  { signal, pattern = EVERYTHING }: Pick<ReaddirOptions, 'signal' | 'pattern'> = {},
): Promise<Dirent[]> => volume.at(path, operation, (spot) => listEntries(spot, path, signal, pattern)())

export async function readdir(volume: Volume, path: string, options: ReaddirOptions = {}): Promise<string[]> {
  const { recursive = false, signal, pattern = EVERYTHING } = options
  if (recursive) return (await readdirRecursive(volume, path, options)).map((entry) => below(path, entry))
  return volume.at(path, 'readdir', async (spot) => {
    const kept =
      pattern === EVERYTHING ? await folderKept(spot, false, listEntries(spot, path, signal), signal) : undefined
    if (kept !== undefined) return kept.map(({ name }) => name)
    return listAll(spot, { pattern, classes: NAME_CLASSES, make: ({ fileName }) => fileName }, signal)
  })
}

const listEntries =
  (spot: Spot, path: string, signal: AbortSignal | undefined, pattern = EVERYTHING) =>
  (): Promise<Dirent[]> =>
    listAll(spot, { pattern, classes: FULL_CLASSES, make: direntIn(path) }, signal)

/** With what is below; folders come before what is in them. */
export async function readdirEntries(volume: Volume, path: string, options: ReaddirOptions = {}): Promise<Dirent[]> {
  const { recursive = false, signal, pattern = EVERYTHING } = options
  if (recursive) return readdirRecursive(volume, path, options)
  return volume.at(path, 'readdir', async (spot) => {
    const list = listEntries(spot, path, signal, pattern)
    const kept = pattern === EVERYTHING ? await folderKept(spot, true, list, signal) : undefined
    // The path may have been spelled in another way.
    return kept?.map(({ name, stats }) => new Dirent(name, path, stats)) ?? list()
  })
}

/** What leads to an entry from where the listing began, as Node has it. */
function below(path: string, entry: Dirent): string {
  const full = joinShown(entry.parentPath, entry.name)
  return path === '' ? full : full.slice(joinShown(path, '').length)
}

async function readdirRecursive(volume: Volume, path: string, options: ReaddirOptions): Promise<Dirent[]> {
  const { signal, pattern = EVERYTHING } = options
  const { maxFilesAtOnce, maxEntries } = volume.settings.limits
  const found: Dirent[] = []
  let count = 0
  for (let folders = [path]; folders.length > 0; ) {
    const current = folders
    const listed: Dirent[][] = current.map(() => [])
    await together(current.length, maxFilesAtOnce, async (index) => {
      listed[index] = await listFolder(volume, current[index] as string, 'readdir', signal ? { signal } : {})
    })
    const entries = listed.flat()
    count += entries.length
    if (count > maxEntries)
      throw new UsageError('EOVERFLOW', 'There are too many entries to be gathered: use opendir.', {
        operation: 'readdir',
        path,
      })
    // Folders that do not fit the pattern are looked into all the same: so it is looked for here.
    for (const entry of entries) if (fits(entry, pattern)) found.push(entry)
    folders = entries.filter((entry) => entry.isDirectory()).map((entry) => joinShown(entry.parentPath, entry.name))
  }
  return found
}

const fits = ({ name }: Dirent, pattern: string): boolean => pattern === EVERYTHING || isNameInExpression(name, pattern)

export async function opendir(volume: Volume, path: string, options: ReaddirOptions = {}): Promise<Dir> {
  if (options.recursive !== true) return OpenFolder.open(volume, path, options)
  const { pattern = EVERYTHING, ...all } = options
  return new DeepFolder(volume, await OpenFolder.open(volume, path, all), pattern, all)
}

/** A server that is back may go again soon. */
const MAX_LOSSES_IN_A_ROW = 5

/**
 * The first entries behind one of that name. Servers list a folder in the same order again, as long as it is the same.
 * @throws UsageError (ESTALE) where that entry is gone, and nobody knows where it was
 */
async function behind(listing: Listing<Dirent>, name: string | undefined): Promise<Dirent[] | undefined> {
  for (;;) {
    const found = await listing.next()
    if (name === undefined) return found
    if (found === undefined)
      throw new UsageError(
        'ESTALE',
        `The connection was lost, and '${name}', which was listed last, has gone meanwhile: list the folder again.`,
      )
    const at = found.findIndex((entry) => entry.name === name)
    if (at >= 0) return found.slice(at + 1)
  }
}

/** What can be read step by step can be gone through. */
abstract class Steps implements Dir {
  abstract readonly path: string
  abstract read(): Promise<Dirent | null>
  abstract close(): Promise<void>

  async *[Symbol.asyncIterator](): AsyncGenerator<Dirent> {
    try {
      for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry
    } finally {
      await this.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** A folder, step by step: no more of it is here than one answer of the server brings. */
class OpenFolder extends Steps {
  readonly path: string
  readonly #open: () => Promise<Listing<Dirent>>
  #listing: Listing<Dirent>
  #entries: Dirent[] = []
  #at = 0
  /** What was given last. */
  #last: string | undefined
  #isClosed = false

  private constructor(path: string, open: () => Promise<Listing<Dirent>>, listing: Listing<Dirent>) {
    super()
    this.path = path
    this.#open = open
    this.#listing = listing
  }

  static async open(volume: Volume, path: string, options: ReaddirOptions): Promise<OpenFolder> {
    const { signal, pattern = EVERYTHING } = options
    const open = (): Promise<Listing<Dirent>> =>
      volume.at(path, 'opendir', (spot) =>
        openListing(spot, { pattern, classes: FULL_CLASSES, make: direntIn(path) }, signal),
      )
    return new OpenFolder(path, open, await open())
  }

  async read(): Promise<Dirent | null> {
    while (this.#at >= this.#entries.length) {
      const next = await this.#next()
      if (next === undefined) return null
      this.#entries = next
      this.#at = 0
      this.#last = next.at(-1)?.name ?? this.#last
    }
    return this.#entries[this.#at++] as Dirent
  }

  /** The next entries; after a lost connection the folder is gone through again, up to the last one that was given. */
  async #next(): Promise<Dirent[] | undefined> {
    for (let losses = 0; ; losses++) {
      const listing = this.#listing
      try {
        return losses === 0 ? await listing.next() : await behind(listing, this.#last)
      } catch (error) {
        if (this.#isClosed || losses >= MAX_LOSSES_IN_A_ROW || !listing.isLost(error)) throw error
      }
      listing.close()
      this.#listing = await this.#open()
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#listing.close()
  }
}

/** The same with what is below, a folder at a time. */
class DeepFolder extends Steps {
  readonly path: string
  readonly #volume: Volume
  readonly #pattern: string
  readonly #options: ReaddirOptions
  #current: OpenFolder | undefined
  readonly #waiting: string[] = []

  constructor(volume: Volume, folder: OpenFolder, pattern: string, options: ReaddirOptions) {
    super()
    this.#volume = volume
    this.#pattern = pattern
    this.path = folder.path
    this.#current = folder
    this.#options = options
  }

  async read(): Promise<Dirent | null> {
    while (this.#current !== undefined) {
      const entry = await this.#current.read()
      if (entry !== null) {
        if (entry.isDirectory()) this.#waiting.push(joinShown(entry.parentPath, entry.name))
        if (fits(entry, this.#pattern)) return entry
        continue
      }
      await this.#current.close()
      this.#current = undefined
      const next = this.#waiting.shift()
      if (next !== undefined) this.#current = await OpenFolder.open(this.#volume, next, this.#options)
    }
    return null
  }

  async close(): Promise<void> {
    this.#waiting.length = 0
    await this.#current?.close()
    this.#current = undefined
  }
}
