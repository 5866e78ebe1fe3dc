import {
  FileAllInformation,
  FileAttributes,
  FileBasicInformation,
  FileInformationClass,
  FileInternalInformation,
  FileNameInformation,
  FilePipeInformation,
  FilePipeLocalInformation,
  FileStandardInformation,
} from '../wire/fscc/index.ts'
import type { PipeOpen } from './open.ts'

const STANDARD = { allocationSize: 4096n, endOfFile: 0n, numberOfLinks: 1, deletePending: true, directory: false }
const BASIC = {
  creationTime: 0n,
  lastAccessTime: 0n,
  lastWriteTime: 0n,
  changeTime: 0n,
  fileAttributes: FileAttributes.NORMAL,
}

/** What a named pipe says of itself; undefined for a class that pipes do not have (MS-FSCC 2.4). */
export function pipeQuery(open: PipeOpen, infoClass: number): Uint8Array | undefined {
  switch (infoClass) {
    case FileInformationClass.FilePipeInformation:
      return FilePipeInformation.encode(open.pipe.modes)
    case FileInformationClass.FilePipeLocalInformation:
      return FilePipeLocalInformation.encode(open.pipe.localInformation)
    case FileInformationClass.FileStandardInformation:
      return FileStandardInformation.encode(STANDARD)
    case FileInformationClass.FileBasicInformation:
      return FileBasicInformation.encode(BASIC)
    case FileInformationClass.FileInternalInformation:
      return FileInternalInformation.encode({ indexNumber: open.id })
    case FileInformationClass.FileNameInformation:
      return FileNameInformation.encode({ fileName: `\\${open.name}` })
    case FileInformationClass.FileAllInformation:
      return FileAllInformation.encode({
        basic: BASIC,
        standard: STANDARD,
        internal: { indexNumber: open.id },
        ea: { eaSize: 0 },
        access: { accessFlags: open.grantedAccess },
        position: { currentByteOffset: 0n },
        mode: { mode: 0 },
        alignment: { alignmentRequirement: 0 },
        fileName: `\\${open.name}`,
      })
    default:
      return undefined
  }
}
