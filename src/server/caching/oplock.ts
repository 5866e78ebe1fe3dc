import { Command, OplockBreakNotification, oplockOfState } from '../../wire/smb2/index.ts'
import { deliver } from '../notification.ts'
import type { Open } from '../open.ts'
import { Holder, type Taking } from './holder.ts'
import { HANDLE_CACHING, NONE, READ_CACHING, type Rights, WRITE_CACHING } from './rights.ts'

/** An oplock: one open's (MS-SMB2 3.3.1.10: Open.OplockLevel). */
export class Oplock extends Holder {
  override readonly kind = 'oplock'
  readonly open: Open

  constructor(open: Open) {
    const { server } = open
    super(open.stream, server.clock, server.limits.oplockBreakTimeoutMs)
    this.open = open
    this.opens.add(open)
  }

  /** MS-SMB2 3.3.4.6. */
  protected override send(_from: Rights, to: Rights, { isDue }: { isDue: () => boolean }): boolean {
    const { fileId, maybeSession, connection } = this.open
    if (maybeSession === undefined) return false
    if (connection?.smb1 !== undefined) return connection.smb1.breakOplock(this.open, to)
    const value = { oplockLevel: oplockOfState(to), fileId }
    const message = { command: Command.OPLOCK_BREAK, body: OplockBreakNotification, value }
    return deliver(message, maybeSession.channelsFrom(connection), isDue)
  }

  protected override left(rights: Rights, taking: Taking): Rights {
    switch (taking) {
      case 'look':
      case 'open':
        return (rights & WRITE_CACHING) === 0 ? rights : READ_CACHING
      case 'data':
        return NONE
      case 'name':
        return (rights & HANDLE_CACHING) === 0 ? rights : NONE
      case 'handles':
        return rights
    }
  }

  /** Level II goes without a word; the others may have something to write. */
  protected override delays(): boolean {
    return this.rights !== READ_CACHING
  }
}
