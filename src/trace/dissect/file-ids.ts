import { readGuid } from '../../bytes/guid.ts'
import { Command } from '../../wire/smb2/index.ts'

/** How people see a FileId: as Wireshark does, like a GUID. */
export const fileIdText = (view: DataView, at: number): string => readGuid(view, at)

/** In a related request: the file of the request before. */
export const NO_FILE = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** Where the FileId of a request lies in its body. MS-SMB2 2.2.15 to 2.2.39. */
export const fileIdAt: Readonly<Record<number, number>> = {
  [Command.CLOSE]: 8,
  [Command.FLUSH]: 8,
  [Command.READ]: 16,
  [Command.WRITE]: 16,
  [Command.LOCK]: 8,
  [Command.IOCTL]: 8,
  [Command.QUERY_DIRECTORY]: 8,
  [Command.CHANGE_NOTIFY]: 8,
  [Command.QUERY_INFO]: 24,
  [Command.SET_INFO]: 16,
}
