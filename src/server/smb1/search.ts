import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type DirectoryInformationClass, FileInformationClass } from '../../wire/fscc/index.ts'
import {
  Smb1Empty,
  Smb1FidWords,
  Smb1FindFirst2Answer,
  Smb1FindFirst2Parameters,
  Smb1FindFlags,
  Smb1FindNext2Answer,
  Smb1FindNext2Parameters,
  type Smb1Link,
  smb1Part,
} from '../../wire/smb1/index.ts'
import type { Steps } from '../steps.ts'
import { refuse, type Smb1Result, succeed } from './context.ts'
import type { Place } from './core.ts'
import { closeOpenOf } from './files.ts'
import { entriesOf, type Found, isWanted, openDirectory } from './find.ts'
import { searchOf } from './names.ts'
import type { Search } from './state.ts'
import type { Answer, Transaction } from './transaction.ts'

/** Levels of listings, by the class that says the same. MS-CIFS 2.2.2.3.1, MS-SMB 2.2.2.3.1. */
const LEVELS: Readonly<Record<number, DirectoryInformationClass>> = {
  0x0101: FileInformationClass.FileDirectoryInformation,
  0x0102: FileInformationClass.FileFullDirectoryInformation,
  0x0103: FileInformationClass.FileNamesInformation,
  0x0104: FileInformationClass.FileBothDirectoryInformation,
  0x0105: FileInformationClass.FileIdFullDirectoryInformation,
  0x0106: FileInformationClass.FileIdBothDirectoryInformation,
}

/** TRANS2_FIND_FIRST2. MS-CIFS 3.3.5.58.2. */
export function* findFirst(place: Place, transaction: Transaction): Steps<Answer | Failure> {
  const { context, tree } = place
  const { start, end } = transaction.parameters
  const asked = Smb1FindFirst2Parameters.decode(context.message, start, end, 0)
  const infoClass = LEVELS[asked.informationLevel]
  if (infoClass === undefined) return fail(NtStatus.INVALID_LEVEL)
  const names = searchOf(context.text(start + Smb1FindFirst2Parameters.size, end).value, tree)
  if (failed(names)) return names
  const open = yield* openDirectory(place, names.directory)
  if (failed(open)) return open
  const { pattern } = names
  const search: Search = { open, pattern, searchAttributes: asked.searchAttributes, told: new Map(), after: undefined }
  const sid = context.state.addSearch(search)
  const batch =
    sid === undefined
      ? fail(NtStatus.INSUFFICIENT_RESOURCES)
      : yield* goOn(place, search, infoClass, asked, transaction)
  const found = failed(batch) || batch.entries.length > 0 ? batch : fail(NtStatus.NO_SUCH_FILE)
  if (failed(found) || sid === undefined || isOver(asked.flags, found)) {
    yield* closeOpenOf(place, open)
    if (sid !== undefined) context.state.endSearch(sid)
  }
  if (failed(found)) return found
  return { parameters: Smb1FindFirst2Answer.encode({ sid: sid ?? 0, ...found.counts }), data: found.data }
}

/** TRANS2_FIND_NEXT2. MS-CIFS 3.3.5.58.3. */
export function* findNext(place: Place, transaction: Transaction): Steps<Answer | Failure> {
  const { context, tree } = place
  const { start, end } = transaction.parameters
  const asked = Smb1FindNext2Parameters.decode(context.message, start, end, 0)
  const infoClass = LEVELS[asked.informationLevel]
  if (infoClass === undefined) return fail(NtStatus.INVALID_LEVEL)
  const search = context.state.search(asked.sid)
  if (search === undefined || search.open.tree !== tree) return fail(NtStatus.INVALID_HANDLE)
  const name = context.text(start + Smb1FindNext2Parameters.size, end).value
  // MS-CIFS 2.2.6.3.1: behind the entry that the client names, or else where the last answer ended.
  if ((asked.flags & Smb1FindFlags.CONTINUE_FROM_LAST) === 0) search.after = search.told.get(name) ?? search.after
  const found = yield* goOn(place, search, infoClass, asked, transaction)
  if (failed(found)) return found
  if (isOver(asked.flags, found)) {
    yield* closeOpenOf(place, search.open)
    context.state.endSearch(asked.sid)
  }
  return { parameters: Smb1FindNext2Answer.encode(found.counts), data: found.data }
}

/** SMB_COM_FIND_CLOSE2. MS-CIFS 3.3.5.35. */
export function* serveFindClose(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context, tree } = place
  const { fid: sid } = context.words(Smb1FidWords, link)
  const search = context.state.search(sid)
  if (search === undefined || search.open.tree !== tree) return refuse(NtStatus.INVALID_HANDLE)
  context.state.endSearch(sid)
  const closed = yield* closeOpenOf(place, search.open)
  return failed(closed) ? refuse(closed) : succeed(smb1Part(link.command, Smb1Empty, {}))
}

const isOver = (flags: number, { ended }: Batch): boolean =>
  (flags & Smb1FindFlags.CLOSE_AFTER_REQUEST) !== 0 || (ended && (flags & Smb1FindFlags.CLOSE_AT_EOS) !== 0)

interface Batch {
  readonly entries: readonly Found[]
  readonly ended: boolean
  readonly data: Uint8Array
  readonly counts: { readonly searchCount: number; readonly endOfSearch: number; readonly lastNameOffset: number }
}

/** Entries of MS-FSCC begin at multiples of this. */
const ENTRY_ALIGNMENT = 8

/** The next entries that are wanted, as many as were asked for and as there is room for. */
function* goOn(
  place: Place,
  search: Search,
  infoClass: DirectoryInformationClass,
  { searchCount }: { readonly searchCount: number },
  { maxDataCount: room }: Transaction,
): Steps<Batch | Failure> {
  const { open, pattern } = search
  const entries: Found[] = []
  let size = 0
  let ended = false
  let hasMore = false
  const next = (single: boolean) => {
    const after = search.after === undefined ? {} : { after: search.after }
    return entriesOf(place, open, { infoClass, pattern, room, single, ...after })
  }
  while (entries.length === 0 && !ended) {
    const found = yield* next(false)
    if (failed(found)) return found
    ended = found.length === 0
    for (const entry of found) {
      hasMore = entries.length >= Math.max(1, searchCount)
      if (hasMore) break
      search.after = entry.index
      if (!isWanted(entry.attributes, search.searchAttributes)) continue
      entries.push(entry)
    }
  }
  // Who is told at once that there is no more need not ask.
  if (!ended && !hasMore) {
    const further = yield* next(true)
    ended = !failed(further) && further.length === 0
  }
  search.told.clear()
  for (const { name, index } of entries) search.told.set(name, index)
  const places = entries.map(({ bytes }) => {
    const at = Math.ceil(size / ENTRY_ALIGNMENT) * ENTRY_ALIGNMENT
    size = at + bytes.length
    return at
  })
  const counts = { searchCount: entries.length, endOfSearch: ended ? 1 : 0, lastNameOffset: places.at(-1) ?? 0 }
  return { entries, ended, data: join(entries, places, size), counts }
}

/** Entries as a list of their own: each says where the next one is. */
function join(entries: readonly Found[], places: readonly number[], size: number): Uint8Array {
  const data = new Uint8Array(size)
  const view = new DataView(data.buffer)
  entries.forEach(({ bytes }, i) => {
    const at = places[i] as number
    data.set(bytes, at)
    view.setUint32(at, i + 1 < entries.length ? (places[i + 1] as number) - at : 0, true)
  })
  return data
}
