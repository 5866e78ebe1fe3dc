import { FileAllInformation, FileInformationClass } from '../../wire/fscc/index.ts'
import { type FileId, InfoType } from '../../wire/smb2/index.ts'
import type { Call } from '../call.ts'
import type { Occasion } from '../errors.ts'
import { factsOf } from '../facts.ts'
import type { FileFacts } from '../stats.ts'
import { queryStructCall } from './information.ts'

/** Room for the name in FileAllInformation, which is not looked at: one credit's worth. */
const ALL_INFORMATION_BYTES = 64 * 1024

/** All that FileAllInformation tells of a file. */
export const allCall = (fileId: FileId, occasion: Occasion): Call<FileFacts> =>
  queryStructCall(
    {
      fileId,
      infoType: InfoType.FILE,
      infoClass: FileInformationClass.FileAllInformation,
      outputBytes: ALL_INFORMATION_BYTES,
    },
    FileAllInformation,
    occasion,
    factsOf,
  )
