import { Command, LeaseBreakFlags, LeaseBreakNotification } from '../../wire/smb2/index.ts'
import type { Channel } from '../channel.ts'
import type { SharedStream } from '../file-table.ts'
import { deliver } from '../notification.ts'
import type { ServerCore } from '../server-core.ts'
import { Holder, type Taking } from './holder.ts'
import type { LeasedDirectories } from './leased-directories.ts'
import { HANDLE_CACHING, NONE, type Rights, WRITE_CACHING } from './rights.ts'

export interface LeaseDetails {
  readonly server: ServerCore
  readonly stream: SharedStream
  readonly clientGuid: string
  readonly key: string
  /** The format that it was first asked for in, and is answered in. */
  readonly version: 1 | 2
  /** Version 2: the client's count of its states. */
  readonly epoch: number
  /** Version 2: the client's lease on the directory, if it has said so. */
  readonly parentKey: string | undefined
}

/** A lease (MS-SMB2 3.3.1.12): known by its key to the client that it belongs to, shared by several opens of one file. */
export class Lease extends Holder {
  override readonly kind = 'lease'
  readonly server: ServerCore
  readonly clientGuid: string
  readonly key: string
  readonly version: 1 | 2
  readonly parentKey: string | undefined
  epoch: number
  /** One of its opens deletes the file: the key may serve for another file before it is gone (FileDeleteOnClose). */
  deletesOnClose = false
  /** Where it is known as one of a directory. */
  #directories: LeasedDirectories | undefined

  constructor(details: LeaseDetails) {
    const { server } = details
    super(details.stream, server.clock, server.limits.oplockBreakTimeoutMs)
    this.server = server
    this.clientGuid = details.clientGuid
    this.key = details.key
    this.version = details.version
    this.epoch = details.epoch
    this.parentKey = details.parentKey
  }

  /** Each state that the client hears of has a number. */
  countUp(): void {
    this.epoch = (this.epoch + 1) & 0xffff
    this.stateChanged()
  }

  override end(): void {
    super.end()
    this.server.leases.remove(this)
  }

  /** MS-SMB2 3.3.4.7: on any connection of this client. */
  protected override send(
    from: Rights,
    to: Rights,
    how: { mustAcknowledge: boolean; isFurther: boolean; isDue: () => boolean },
  ): boolean {
    // The steps of one break are one change.
    if (!how.isFurther) this.countUp()
    const value = {
      newEpoch: this.version === 2 ? this.epoch : 0,
      flags: how.mustAcknowledge ? LeaseBreakFlags.ACK_REQUIRED : 0,
      leaseKey: this.key,
      currentLeaseState: from,
      newLeaseState: to,
    }
    // The lease is the client's and not a session's: the header names none.
    const message = { command: Command.OPLOCK_BREAK, body: LeaseBreakNotification, value, sessionId: 0n }
    return deliver(message, this.#channels(), how.isDue)
  }

  /** The client's connections, each by a session of the user who has the lease. */
  *#channels(): Generator<Channel> {
    for (const connection of this.server.connections) {
      if (connection.negotiated?.clientGuid !== this.clientGuid) continue
      const channels = [...connection.channels.values()]
      const channel = channels.find((one) => one.isEstablished && one.session.identity?.sid === this.#sid)
      if (channel !== undefined) yield channel
    }
  }

  get #sid(): string | undefined {
    const [open] = this.opens
    return open?.durability?.owner ?? open?.maybeSession?.identity?.sid
  }

  protected override changed(rights: Rights): void {
    const [open] = this.opens
    if (open?.isDirectory === true && rights !== NONE) {
      this.#directories = open.share.files.leasedDirectories
      this.#directories.add(this, open.path)
    } else this.#directories?.delete(this)
  }

  protected override left(rights: Rights, taking: Taking): Rights {
    switch (taking) {
      case 'look':
        return rights
      case 'open':
        return rights & ~WRITE_CACHING
      case 'data':
        return NONE
      case 'handles':
      case 'name':
        return rights & ~HANDLE_CACHING
    }
  }

  /** Handles must be closed and writes be sent first; who gives up more than was waited for need not be waited for. */
  protected override delays(taking: Taking): boolean {
    const needed = taking === 'handles' || taking === 'name' ? HANDLE_CACHING : WRITE_CACHING
    return (this.rights & needed) !== 0
  }
}
