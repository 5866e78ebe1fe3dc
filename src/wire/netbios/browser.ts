import { bytesOf } from '../../bytes/utf16.ts'
import { type Infer, struct, tail, u8, u16, u32 } from '../schema/index.ts'
import type { Kind, Located } from '../schema/kind.ts'
import { oemString } from '../smb1/text.ts'

/** Mailslot of the browser's messages. MS-BRWS 2.1. */
export const BROWSE_MAILSLOT = String.raw`\MAILSLOT\BROWSE`

/** MS-BRWS 2.2. */
export const BrowserCommand = {
  HOST_ANNOUNCEMENT: 1,
  ANNOUNCEMENT_REQUEST: 2,
  REQUEST_ELECTION: 8,
  GET_BACKUP_LIST_REQUEST: 9,
  GET_BACKUP_LIST_RESPONSE: 10,
  BECOME_BACKUP: 11,
  DOMAIN_ANNOUNCEMENT: 12,
  MASTER_ANNOUNCEMENT: 13,
  RESET_STATE: 14,
  LOCAL_MASTER_ANNOUNCEMENT: 15,
} as const
export type BrowserCommand = (typeof BrowserCommand)[keyof typeof BrowserCommand]

/** SV_TYPE bits. MS-SRVS 2.2.2.7. */
export const ServerType = {
  WORKSTATION: 0x0000_0001,
  SERVER: 0x0000_0002,
  SQL_SERVER: 0x0000_0004,
  DOMAIN_CONTROLLER: 0x0000_0008,
  BACKUP_DOMAIN_CONTROLLER: 0x0000_0010,
  TIME_SOURCE: 0x0000_0020,
  AFP: 0x0000_0040,
  NOVELL: 0x0000_0080,
  DOMAIN_MEMBER: 0x0000_0100,
  PRINT_QUEUE_SERVER: 0x0000_0200,
  DIAL_IN: 0x0000_0400,
  UNIX: 0x0000_0800,
  NT: 0x0000_1000,
  NT_SERVER: 0x0000_8000,
  POTENTIAL_BROWSER: 0x0001_0000,
  BACKUP_BROWSER: 0x0002_0000,
  MASTER_BROWSER: 0x0004_0000,
  DOMAIN_MASTER: 0x0008_0000,
  DFS: 0x0080_0000,
} as const

const NAME_BYTES = 16

/** A name in ASCII, filled up with zeros. MS-BRWS 2.2.1. */
const paddedName: Kind<string, true> = {
  kindName: 'name of 16 bytes',
  size: NAME_BYTES,
  needed: true,
  getter: (offset) =>
    function (this: Located) {
      return readPadded(this.view, this.base + offset)
    },
  read: readPadded,
  write(view, at, value) {
    if (value.length >= NAME_BYTES) throw new RangeError(`a name of more than 15 characters: ${value}`)
    for (let i = 0; i < NAME_BYTES; i++) view.setUint8(at + i, i < value.length ? value.charCodeAt(i) & 0xff : 0)
  },
  display: (value) => JSON.stringify(value),
}

function readPadded(view: DataView, at: number): string {
  const bytes = bytesOf(view, at, at + NAME_BYTES)
  const end = bytes.indexOf(0)
  return String.fromCharCode(...bytes.subarray(0, end < 0 ? NAME_BYTES : end))
}

/** "Here I am", every few minutes. MS-BRWS 2.2.1; a local master browser says the same (2.2.10). */
export const HostAnnouncement = struct('HostAnnouncement', 'MS-BRWS 2.2.1', {
  command: u8.oneOf(BrowserCommand).or(BrowserCommand.HOST_ANNOUNCEMENT),
  updateCount: u8.or(0),
  /** Milliseconds between two announcements. */
  periodicity: u32,
  serverName: paddedName,
  osVersionMajor: u8.or(6),
  osVersionMinor: u8.or(1),
  serverType: u32.flags(ServerType),
  browserVersionMajor: u8.or(15),
  browserVersionMinor: u8.or(1),
  signature: u16.hex.or(0xaa55),
  comment: tail(oemString, { from: 'fixedEnd' }),
})
export type HostAnnouncement = Infer<typeof HostAnnouncement>
