import { type Infer, struct, tail, u32, utf16 } from '../schema/index.ts'

const nameFields = { fileNameLength: u32.lengthOf('fileName'), fileName: tail(utf16) } as const

/** MS-FSCC 2.1.7, 2.4.32. */
export const FileNameInformation = struct('FileNameInformation', '2.4.32', nameFields)
export type FileNameInformation = Infer<typeof FileNameInformation>

/** The 8.3 name. MS-FSCC 2.4.5. */
export const FileAlternateNameInformation = struct('FileAlternateNameInformation', '2.4.5', nameFields)
export type FileAlternateNameInformation = Infer<typeof FileAlternateNameInformation>

/** The path in the spelling that is stored. MS-FSCC 2.4.35. */
export const FileNormalizedNameInformation = struct('FileNormalizedNameInformation', '2.4.35', nameFields)
export type FileNormalizedNameInformation = Infer<typeof FileNormalizedNameInformation>

/** Sets the 8.3 name. MS-FSCC 2.4.46. */
export const FileShortNameInformation = struct('FileShortNameInformation', '2.4.46', nameFields)
export type FileShortNameInformation = Infer<typeof FileShortNameInformation>
