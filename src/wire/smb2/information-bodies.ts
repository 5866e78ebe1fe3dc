/** What QUERY_INFO, SET_INFO, QUERY_DIRECTORY and CHANGE_NOTIFY carry, by information type and class. */
import { SecurityDescriptorStructure } from '../dtyp/index.ts'
import {
  directoryEntries,
  FileInformationClass as F,
  FileAccessInformation,
  FileAlignmentInformation,
  FileAllInformation,
  FileAllocationInformation,
  FileAlternateNameInformation,
  FileAttributeTagInformation,
  FileBasicInformation,
  FileCaseSensitiveInformation,
  FileCompressionInformation,
  FileDispositionInformation,
  FileDispositionInformationEx,
  FileEaInformation,
  FileEndOfFileInformation,
  FileFsAttributeInformation,
  FileFsControlInformation,
  FileFsDeviceInformation,
  FileFsDriverPathInformation,
  FileFsFullSizeInformation,
  FileFsLabelInformation,
  FileFsObjectIdInformation,
  FileFsPosixInformation,
  FileFsSectorSizeInformation,
  FileFsSizeInformation,
  FileFsVolumeInformation,
  FileFullEaInformation,
  FileHardLinkInformation,
  FileIdInformation,
  FileInternalInformation,
  FileLinkInformation,
  FileLinkInformationEx,
  FileModeInformation,
  FileNameInformation,
  FileNetworkOpenInformation,
  FileNormalizedNameInformation,
  FilePipeInformation,
  FilePipeLocalInformation,
  FilePipeRemoteInformation,
  FilePositionInformation,
  FilePosixInformation,
  FileQuotaInformation,
  FileRenameInformation,
  FileRenameInformationEx,
  FileShortNameInformation,
  FileStandardInformation,
  FileStandardLinkInformation,
  FileStatBasicInformation,
  FileStatInformation,
  FileStatLxInformation,
  FileStreamInformation,
  FileValidDataLengthInformation,
  FsInformationClass as S,
} from '../fscc/index.ts'
import { chain, type Struct, struct, tail } from '../schema/index.ts'
import { InfoType } from './file-constants.ts'
import type { Body } from './table.ts'

const files: Readonly<Record<number, Body>> = {
  [F.FileAccessInformation]: FileAccessInformation,
  [F.FileAlignmentInformation]: FileAlignmentInformation,
  [F.FileAllInformation]: FileAllInformation,
  [F.FileAllocationInformation]: FileAllocationInformation,
  [F.FileAlternateNameInformation]: FileAlternateNameInformation,
  [F.FileAttributeTagInformation]: FileAttributeTagInformation,
  [F.FileBasicInformation]: FileBasicInformation,
  [F.FileCaseSensitiveInformation]: FileCaseSensitiveInformation,
  [F.FileCompressionInformation]: FileCompressionInformation,
  [F.FileDispositionInformation]: FileDispositionInformation,
  [F.FileDispositionInformationEx]: FileDispositionInformationEx,
  [F.FileEaInformation]: FileEaInformation,
  [F.FileEndOfFileInformation]: FileEndOfFileInformation,
  [F.FileFullEaInformation]: FileFullEaInformation,
  [F.FileHardLinkInformation]: FileHardLinkInformation,
  [F.FileIdInformation]: FileIdInformation,
  [F.FileInternalInformation]: FileInternalInformation,
  [F.FileLinkInformation]: FileLinkInformation,
  [F.FileLinkInformationEx]: FileLinkInformationEx,
  [F.FileModeInformation]: FileModeInformation,
  [F.FileNameInformation]: FileNameInformation,
  [F.FileNetworkOpenInformation]: FileNetworkOpenInformation,
  [F.FileNormalizedNameInformation]: FileNormalizedNameInformation,
  [F.FilePipeInformation]: FilePipeInformation,
  [F.FilePipeLocalInformation]: FilePipeLocalInformation,
  [F.FilePipeRemoteInformation]: FilePipeRemoteInformation,
  [F.FilePositionInformation]: FilePositionInformation,
  [F.FilePosixInformation]: FilePosixInformation,
  [F.FileRenameInformation]: FileRenameInformation,
  [F.FileRenameInformationEx]: FileRenameInformationEx,
  [F.FileShortNameInformation]: FileShortNameInformation,
  [F.FileStandardInformation]: FileStandardInformation,
  [F.FileStandardLinkInformation]: FileStandardLinkInformation,
  [F.FileStatBasicInformation]: FileStatBasicInformation,
  [F.FileStatInformation]: FileStatInformation,
  [F.FileStatLxInformation]: FileStatLxInformation,
  [F.FileStreamInformation]: FileStreamInformation,
  [F.FileValidDataLengthInformation]: FileValidDataLengthInformation,
}

const fileSystems: Readonly<Record<number, Body>> = {
  [S.FileFsAttributeInformation]: FileFsAttributeInformation,
  [S.FileFsControlInformation]: FileFsControlInformation,
  [S.FileFsDeviceInformation]: FileFsDeviceInformation,
  [S.FileFsDriverPathInformation]: FileFsDriverPathInformation,
  [S.FileFsFullSizeInformation]: FileFsFullSizeInformation,
  [S.FileFsLabelInformation]: FileFsLabelInformation,
  [S.FileFsObjectIdInformation]: FileFsObjectIdInformation,
  [S.FileFsPosixInformation]: FileFsPosixInformation,
  [S.FileFsSectorSizeInformation]: FileFsSectorSizeInformation,
  [S.FileFsSizeInformation]: FileFsSizeInformation,
  [S.FileFsVolumeInformation]: FileFsVolumeInformation,
}

/** The answers of QUERY_DIRECTORY: entries aligned to 8 bytes (MS-SMB2 3.3.5.18). */
const listings = new Map<number, Body>()
for (const [infoClass, entry] of Object.entries(directoryEntries)) {
  const entries = tail(chain(entry as unknown as Struct<object, object>, { align: 8 }))
  listings.set(Number(infoClass), struct(`${entry.structName} entries`, entry.spec, { entries }))
}

/** What a query asks for, or a change sets. */
export interface Information {
  readonly infoType: number
  /** FileInformationClass or FsInformationClass; of no meaning for security and quota. */
  readonly infoClass: number
  /** It is about the entries of a directory. */
  readonly isListing?: true
}

/** The declaration of this information; undefined for an unknown class. */
export function informationBody({ infoType, infoClass, isListing }: Information): Body | undefined {
  if (infoType === InfoType.FILE) return isListing === true ? listings.get(infoClass) : files[infoClass]
  if (infoType === InfoType.FILESYSTEM) return fileSystems[infoClass]
  if (infoType === InfoType.SECURITY) return SecurityDescriptorStructure
  return infoType === InfoType.QUOTA ? FileQuotaInformation : undefined
}
