import { viewOf } from '../../bytes/utf16.ts'
import {
  BROWSE_MAILSLOT,
  BrowserCommand,
  DATAGRAM_SERVICE_PORT,
  DirectDatagram,
  HostAnnouncement,
  MailslotWrite,
} from '../../wire/netbios/index.ts'
import { decoded } from './layout.ts'

export { DATAGRAM_SERVICE_PORT }

/** A host that tells of itself. */
export interface Announcement {
  readonly name: string
  readonly everyMs: number
}

/** The announcement in a NetBIOS datagram; undefined where it holds another thing. MS-BRWS 2.2.1. */
export function announcementIn(datagram: Uint8Array): Announcement | undefined {
  const view = viewOf(datagram)
  const data = decoded(DirectDatagram, view, 0, datagram.length, 0)?.userData
  if (data === undefined) return undefined
  const write = decoded(MailslotWrite, viewOf(data), 0, data.length, 0)
  if (write?.mailslotName.toUpperCase() !== BROWSE_MAILSLOT) return undefined
  const message = write.data
  if (message[0] !== BrowserCommand.HOST_ANNOUNCEMENT && message[0] !== BrowserCommand.LOCAL_MASTER_ANNOUNCEMENT)
    return undefined
  const found = decoded(HostAnnouncement, viewOf(message), 0, message.length, 0)
  return found && { name: found.serverName, everyMs: found.periodicity }
}
