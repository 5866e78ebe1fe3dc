import { chain, type Infer, struct, tail, u32, utf16 } from '../schema/index.ts'

/** What happened to a name (MS-FSCC 2.7.1). */
export const NotifyAction = {
  ADDED: 1,
  REMOVED: 2,
  MODIFIED: 3,
  RENAMED_OLD_NAME: 4,
  RENAMED_NEW_NAME: 5,
  ADDED_STREAM: 6,
  REMOVED_STREAM: 7,
  MODIFIED_STREAM: 8,
  REMOVED_BY_DELETE: 9,
  ID_NOT_TUNNELLED: 10,
  TUNNELLED_ID_COLLISION: 11,
} as const
export type NotifyAction = (typeof NotifyAction)[keyof typeof NotifyAction]

/** One change. MS-FSCC 2.7.1. */
export const FileNotifyEntry = struct('FILE_NOTIFY_INFORMATION', '2.7.1', {
  nextEntryOffset: u32.reserved,
  action: u32.oneOf(NotifyAction),
  fileNameLength: u32.lengthOf('fileName'),
  fileName: tail(utf16),
})
export type FileNotifyEntry = Infer<typeof FileNotifyEntry>

/** MS-FSCC 2.7.1. */
export const FileNotifyInformation = struct('FileNotifyInformation', '2.7.1', {
  entries: tail(chain(FileNotifyEntry, { align: 4 })),
})
export type FileNotifyInformation = Infer<typeof FileNotifyInformation>
