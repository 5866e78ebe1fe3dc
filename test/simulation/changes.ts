/** Changes of a file or directory by SET_INFO, for tests: as requests that may have to wait. */

import {
  FileAllocationInformation,
  FileBasicInformation,
  FileDispositionInformation,
  FileEndOfFileInformation,
  FileInformationClass,
  FileLinkInformation,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import type { InferInput } from '../../src/wire/schema/index.ts'
import { Command, type FileId, InfoType, SetInfoRequest } from '../../src/wire/smb2/index.ts'
import { start, type Waiting } from './files.ts'
import { encodeBody } from './messages.ts'
import type { RawClient } from './raw-client.ts'

export type Change = (client: RawClient, fileId: FileId) => Promise<Waiting>

const setting =
  (fileInfoClass: number, buffer: Uint8Array): Change =>
  (client, fileId) =>
    start(
      client,
      Command.SET_INFO,
      encodeBody(SetInfoRequest, { infoType: InfoType.FILE, fileInfoClass, fileId, buffer }),
    )

export const renamed = (fileName: string, replaceIfExists = false): Change =>
  setting(FileInformationClass.FileRenameInformation, FileRenameInformation.encode({ fileName, replaceIfExists }))

export const linked = (fileName: string, replaceIfExists = false): Change =>
  setting(FileInformationClass.FileLinkInformation, FileLinkInformation.encode({ fileName, replaceIfExists }))

export const disposed = (deletePending = true): Change =>
  setting(FileInformationClass.FileDispositionInformation, FileDispositionInformation.encode({ deletePending }))

export const sized = (endOfFile: bigint): Change =>
  setting(FileInformationClass.FileEndOfFileInformation, FileEndOfFileInformation.encode({ endOfFile }))

export const allocated = (allocationSize: bigint): Change =>
  setting(FileInformationClass.FileAllocationInformation, FileAllocationInformation.encode({ allocationSize }))

export const basic = (value: Partial<InferInput<typeof FileBasicInformation>>): Change =>
  setting(
    FileInformationClass.FileBasicInformation,
    FileBasicInformation.encode({
      creationTime: 0n,
      lastAccessTime: 0n,
      lastWriteTime: 0n,
      changeTime: 0n,
      fileAttributes: 0,
      ...value,
    }),
  )
