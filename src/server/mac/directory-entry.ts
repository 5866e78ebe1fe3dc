import { dateFromFiletime } from '../../bytes/filetime.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { failed } from '../../wire/erref/failure.ts'
import type { DirectoryEntryWriter, FlatDirectoryEntry } from '../../wire/fscc/index.ts'
import { AaplDirectoryEntry } from '../../wire/smb2/index.ts'
import { maximalAccess } from '../access-check.ts'
import type { BackendFile, BackendPath, FileStat } from '../backend.ts'
import type { Open } from '../open.ts'
import { type Steps, wait } from '../steps.ts'
import { FINDER_INFO, readAfpInfo } from './afp-info.ts'

/** What an entry has beside the usual, for a Mac. */
export interface MacDetails {
  readonly maximalAccess: number
  readonly resourceForkSize: number
  readonly finderInfo: Uint8Array
  readonly mode: number
}

const FINDER_BYTES = 16
/** Seconds from 1970 to 2000, from which the Finder counts. */
const EPOCH_2000_S = 946_684_800
const S_IFDIR = 0o040000
const S_IFREG = 0o100000

/** Looks at an entry of an open directory; `.` and `..` are the directory itself. */
export function* macDetails(open: Open, name: string, stat: FileStat): Steps<MacDetails> {
  const isSelf = name === '.' || name === '..'
  const path: BackendPath = isSelf ? open.path : [...open.path, name]
  const finderInfo = new Uint8Array(FINDER_BYTES)
  const added = Math.floor(dateFromFiletime(stat.creationTime).getTime() / 1000) - EPOCH_2000_S
  new DataView(finderInfo.buffer).setInt32(12, Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, added)))
  const opened = yield* wait(open.share.backend.open(path, { disposition: 'open', read: false, write: false }))
  // What may not be looked at is shown as something with which nothing may be done.
  if (failed(opened)) return { maximalAccess: 0, resourceForkSize: 0, finderInfo, mode: modeOf(stat, 0) }
  const { file } = opened
  try {
    const resourceForkSize = yield* streamDetails(open, path, file, stat, finderInfo)
    const access = yield* accessTo(open, file)
    return { maximalAccess: access, resourceForkSize, finderInfo, mode: modeOf(stat, access) }
  } finally {
    yield* wait(file.close())
  }
}

/** Fills in what AFP_AfpInfo says; returns the size of the resource fork. */
function* streamDetails(
  open: Open,
  path: BackendPath,
  file: BackendFile,
  stat: FileStat,
  into: Uint8Array,
): Steps<number> {
  const streams = open.share.backend.features.namedStreams ? yield* wait(file.streams()) : []
  if (failed(streams)) return 0
  let resourceForkSize = 0
  for (const { name, size } of streams) {
    const upper = name.toUpperCase()
    if (upper === 'AFP_RESOURCE' && !stat.isDirectory) resourceForkSize = size
    if (upper !== 'AFP_AFPINFO') continue
    const how = { disposition: 'open', read: true, write: false, stream: name } as const
    const opened = yield* wait(open.share.backend.open(path, how))
    if (failed(opened)) continue
    const info = yield* readAfpInfo(opened.file)
    yield* wait(opened.file.close())
    if (info === undefined || failed(info)) continue
    const finder = info.subarray(FINDER_INFO.offset)
    // Type and creator are a file's; where a folder's window stands does not travel.
    if (!stat.isDirectory) into.set(finder.subarray(0, 8))
    into.set(finder.subarray(8, 10), 8)
    into.set(finder.subarray(24, 26), 10)
  }
  return resourceForkSize
}

function* accessTo(open: Open, file: BackendFile): Steps<number> {
  const allowed = open.tree?.maximalAccess ?? 0
  if (!open.share.backend.features.securityDescriptors) return allowed
  const descriptor = yield* wait(file.securityDescriptor())
  return failed(descriptor) ? 0 : (maximalAccess(descriptor, open.session.identity) & allowed) >>> 0
}

/** The UNIX mode that the place has, or one that says the same as the access. */
function modeOf({ isDirectory, posix }: FileStat, access: number): number {
  if (posix !== undefined) return (posix.type << 12) | posix.mode
  const { FILE_EXECUTE, FILE_READ_DATA, FILE_WRITE_DATA } = AccessMask
  const has = (right: number, bits: number): number => ((access & right) === 0 ? 0 : bits)
  const rights = has(FILE_READ_DATA, 0o444) | has(FILE_WRITE_DATA, 0o200) | has(FILE_EXECUTE, isDirectory ? 0o111 : 0)
  return (isDirectory ? S_IFDIR : S_IFREG) | rights
}

type MacEntry = FlatDirectoryEntry & { readonly mac: MacDetails }

/** An entry as `macEntryWriter` writes it. */
export const asMacEntry = (entry: FlatDirectoryEntry, mac: MacDetails): MacEntry => ({ ...entry, mac })

/** Writes entries as a Mac has asked for them. */
export const macEntryWriter: DirectoryEntryWriter = {
  fixedSize: AaplDirectoryEntry.size,
  measure: (name) => AaplDirectoryEntry.size + name.length * 2,
  write(view, at, entry) {
    const { mac, ...rest } = entry as MacEntry
    const bytes = AaplDirectoryEntry.encode({
      ...rest,
      ...mac,
      endOfFile: BigInt(rest.endOfFile),
      allocationSize: BigInt(rest.allocationSize),
      resourceForkSize: BigInt(mac.resourceForkSize),
      fileId: 0n,
    })
    new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes)
    return bytes.length
  },
}
