import {
  BROWSE_MAILSLOT,
  DATAGRAM_NAMES_SIZE,
  DatagramType,
  DirectDatagram,
  HostAnnouncement,
  MailslotWrite,
  ServerType,
} from '../../wire/netbios/index.ts'
import { Smb1Command } from '../../wire/smb1/index.ts'

/** Servers say every twelve minutes that they are there (MS-BRWS 3.2.6). */
export const ANNOUNCE_EVERY_MS = 12 * 60_000

/** Master browsers of a workgroup listen to this one. */
const MASTER_BROWSER = 0x1d

/** MS-BRWS 2.2.1: with its zero 43 bytes. */
const MAX_COMMENT_LENGTH = 42

export interface Announced {
  readonly name: string
  readonly workgroup: string
  readonly comment: string
  /** Our IPv4 address on the network that hears it. */
  readonly address: Uint8Array
  readonly hasPrinters: boolean
}

/** "I am a file server": a datagram to whoever browses for the workgroup. MS-BRWS 3.2.6, MS-MAIL 2.2.1. */
export function hostAnnouncement(announced: Announced, datagramId: number): Uint8Array {
  const { name, workgroup, comment, address, hasPrinters } = announced
  const { WORKSTATION, SERVER, UNIX, PRINT_QUEUE_SERVER } = ServerType
  const data = HostAnnouncement.encode({
    periodicity: ANNOUNCE_EVERY_MS,
    serverName: name,
    serverType: WORKSTATION | SERVER | UNIX | (hasPrinters ? PRINT_QUEUE_SERVER : 0),
    comment: comment.slice(0, MAX_COMMENT_LENGTH),
  })
  const header = { command: Smb1Command.TRANSACTION, flags: 0, flags2: 0, securityFeatures: new Uint8Array(8) }
  const userData = MailslotWrite.encode({ header, mailslotName: BROWSE_MAILSLOT, data })
  return DirectDatagram.encode({
    messageType: DatagramType.DIRECT_GROUP,
    datagramId,
    sourceAddress: address,
    datagramLength: DATAGRAM_NAMES_SIZE + userData.length,
    sourceName: { name, suffix: 0x00, scope: '' },
    destinationName: { name: workgroup, suffix: MASTER_BROWSER, scope: '' },
    userData,
  })
}
