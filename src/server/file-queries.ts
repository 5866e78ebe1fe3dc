import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  CompressionFormat,
  FileAccessInformation,
  FileAlignmentInformation,
  FileAllInformation,
  FileAlternateNameInformation,
  FileAttributes,
  FileAttributeTagInformation,
  FileBasicInformation,
  FileCompressionInformation,
  FileEaInformation,
  FileFullEaInformation,
  FileIdInformation,
  FileInformationClass,
  FileInternalInformation,
  FileModeInformation,
  FileNetworkOpenInformation,
  FileNormalizedNameInformation,
  FilePositionInformation,
  FilePosixInformation,
  FileStandardInformation,
  FileStreamEntry,
  FileStreamInformation,
} from '../wire/fscc/index.ts'
import type { FileStat } from './backend.ts'
import { commonInformation, wireAttributes } from './file-information.ts'
import { shownFileId } from './mac/session.ts'
import { macStreams } from './mac/streams.ts'
import type { Open } from './open.ts'
import { deviceIdOf, posixInformation } from './posix/information.ts'
import { shortNameOf } from './short-name.ts'
import { type Steps, wait } from './steps.ts'

/** How one information class of a file is answered. */
export interface FileQuery {
  /** What the handle must allow. */
  readonly access: number
  /** Smallest buffer that is taken: below, it is STATUS_INFO_LENGTH_MISMATCH. */
  readonly minimum: number
  encode(open: Open): Steps<Uint8Array | Failure>
}

const { FILE_READ_ATTRIBUTES, FILE_READ_EA } = AccessMask
const QUERY = FileInformationClass

/** A class whose answer comes from what `stat` says. */
function ofStat(access: number, minimum: number, encode: (open: Open, stat: FileStat) => Uint8Array): FileQuery {
  return {
    access,
    minimum,
    *encode(open) {
      const stat = yield* wait(open.file.stat())
      return failed(stat) ? stat : encode(open, open.shared.writeTime.shown(stat))
    },
  }
}

/** What a structure with a name at its end takes at the least: the name's first unit, and its alignment to 8 or 4. */
const padded = (fixed: number): number => Math.ceil((fixed + 2) / (fixed > 8 ? 8 : 4)) * (fixed > 8 ? 8 : 4)

const basic = (stat: FileStat) => ({
  creationTime: stat.creationTime,
  lastAccessTime: stat.lastAccessTime,
  lastWriteTime: stat.lastWriteTime,
  changeTime: stat.changeTime,
  fileAttributes: wireAttributes(stat),
})

/** A file that is about to be deleted has no link any more (MS-FSA 2.1.5.12.27). */
const standard = (open: Open, stat: FileStat) => {
  const deletePending = open.shared.deletePending || open.shared.streamsToDelete.has(open.stream.key)
  return {
    allocationSize: BigInt(stat.allocationSize),
    endOfFile: BigInt(stat.endOfFile),
    numberOfLinks: Math.max(0, stat.links - (deletePending ? 1 : 0)),
    deletePending,
    directory: stat.isDirectory && open.file.stream === undefined,
  }
}

const PLAIN = { compressionFormat: CompressionFormat.NONE, compressionUnitShift: 0, chunkShift: 0, clusterShift: 0 }
/** As NTFS does it, with clusters of 4 KiB: units of 16 clusters. */
const COMPRESSED = {
  compressionFormat: CompressionFormat.LZNT1,
  compressionUnitShift: 16,
  chunkShift: 12,
  clusterShift: 12,
}

/** As FileNameInformation has it: from the root of the share. */
const fullName = (open: Open): string => `\\${open.displayPath}`

const streamNames = (open: Open) =>
  function* (): Steps<Uint8Array | Failure> {
    const streams = yield* wait(open.file.streams())
    if (failed(streams)) return streams
    return FileStreamInformation.encode({
      entries: macStreams(streams, open.session, open.share).map((stream) => ({
        streamName: `:${stream.name}:$DATA`,
        streamSize: BigInt(stream.size),
        streamAllocationSize: BigInt(stream.allocationSize),
      })),
    })
  }

const queries = new Map<number, FileQuery>([
  [
    QUERY.FileBasicInformation,
    ofStat(FILE_READ_ATTRIBUTES, FileBasicInformation.size, (_open, stat) => FileBasicInformation.encode(basic(stat))),
  ],
  [
    QUERY.FileStandardInformation,
    ofStat(0, FileStandardInformation.size, (open, stat) => FileStandardInformation.encode(standard(open, stat))),
  ],
  [
    QUERY.FileInternalInformation,
    ofStat(0, FileInternalInformation.size, (open, stat) =>
      FileInternalInformation.encode({ indexNumber: shownFileId(open.session, stat.fileId) }),
    ),
  ],
  [
    QUERY.FileEaInformation,
    ofStat(0, FileEaInformation.size, (_open, stat) => FileEaInformation.encode({ eaSize: stat.eaSize })),
  ],
  [
    QUERY.FileAccessInformation,
    ofStat(0, FileAccessInformation.size, (open) => FileAccessInformation.encode({ accessFlags: open.grantedAccess })),
  ],
  [
    QUERY.FilePositionInformation,
    ofStat(0, FilePositionInformation.size, (open) =>
      FilePositionInformation.encode({ currentByteOffset: open.currentByteOffset }),
    ),
  ],
  [
    QUERY.FileModeInformation,
    ofStat(0, FileModeInformation.size, (open) => FileModeInformation.encode({ mode: open.mode })),
  ],
  [
    QUERY.FileAlignmentInformation,
    ofStat(0, FileAlignmentInformation.size, () => FileAlignmentInformation.encode({ alignmentRequirement: 0 })),
  ],
  [
    QUERY.FileAllInformation,
    ofStat(FILE_READ_ATTRIBUTES, padded(FileAllInformation.size), (open, stat) =>
      FileAllInformation.encode({
        basic: basic(stat),
        standard: standard(open, stat),
        internal: { indexNumber: shownFileId(open.session, stat.fileId) },
        ea: { eaSize: stat.eaSize },
        access: { accessFlags: open.grantedAccess },
        position: { currentByteOffset: open.currentByteOffset },
        mode: { mode: open.mode },
        alignment: { alignmentRequirement: 0 },
        fileName: fullName(open),
      }),
    ),
  ],
  [
    QUERY.FileNetworkOpenInformation,
    ofStat(FILE_READ_ATTRIBUTES, FileNetworkOpenInformation.size, (_open, stat) =>
      FileNetworkOpenInformation.encode(commonInformation(stat)),
    ),
  ],
  [
    QUERY.FileAttributeTagInformation,
    ofStat(FILE_READ_ATTRIBUTES, FileAttributeTagInformation.size, (_open, stat) =>
      FileAttributeTagInformation.encode({ fileAttributes: wireAttributes(stat), reparseTag: stat.reparseTag }),
    ),
  ],
  [
    QUERY.FileCompressionInformation,
    ofStat(0, FileCompressionInformation.size, (_open, stat) =>
      FileCompressionInformation.encode({
        compressedFileSize: BigInt(stat.allocationSize),
        ...((stat.attributes & FileAttributes.COMPRESSED) === 0 ? PLAIN : COMPRESSED),
      }),
    ),
  ],
  [
    QUERY.FileAlternateNameInformation,
    {
      access: 0,
      minimum: padded(FileAlternateNameInformation.size),
      *encode(open) {
        // Also where listings have none and none is opened by: `allinfo` of smbclient gives up without it.
        return FileAlternateNameInformation.encode({ fileName: shortNameOf(open.path.at(-1) ?? '') })
      },
    },
  ],
  // Without the leading separator, unlike the name in FileAllInformation (MS-FSCC 2.4.34).
  [
    QUERY.FileNormalizedNameInformation,
    ofStat(0, padded(FileNormalizedNameInformation.size), (open) =>
      FileNormalizedNameInformation.encode({ fileName: open.displayPath }),
    ),
  ],
  [
    QUERY.FilePosixInformation,
    {
      access: FILE_READ_ATTRIBUTES,
      minimum: FilePosixInformation.size,
      *encode(open) {
        const stat = yield* wait(open.file.stat())
        if (failed(stat)) return stat
        return posixInformation(open.shared.writeTime.shown(stat), deviceIdOf(yield* open.share.volumeId()))
      },
    },
  ],
  [
    QUERY.FileIdInformation,
    {
      access: 0,
      minimum: FileIdInformation.size,
      *encode(open) {
        const stat = yield* wait(open.file.stat())
        if (failed(stat)) return stat
        const volumeSerialNumber = yield* open.share.volumeId()
        return FileIdInformation.encode({ volumeSerialNumber, fileId: shownFileId(open.session, stat.fileId) })
      },
    },
  ],
  [
    QUERY.FileStreamInformation,
    { access: 0, minimum: padded(FileStreamEntry.size), encode: (open) => streamNames(open)() },
  ],
  [
    QUERY.FileFullEaInformation,
    {
      access: FILE_READ_EA,
      minimum: 0,
      *encode(open) {
        const attributes = yield* wait(open.file.extendedAttributes())
        if (failed(attributes)) return attributes
        if (attributes.length === 0) return fail(NtStatus.NO_EAS_ON_FILE)
        return FileFullEaInformation.encode({
          entries: attributes.map(({ name, value, flags }) => ({ eaName: name, eaValue: value, flags })),
        })
      },
    },
  ],
])

export const fileQuery = (infoClass: number): FileQuery | undefined => queries.get(infoClass)
