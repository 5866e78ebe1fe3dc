import { closeOpen, suspendOpen } from '../close-open.ts'
import type { Open } from '../open.ts'
import type { ServerCore } from '../server-core.ts'

const PENDING = Symbol('a CREATE that is under way')

/** Opens that wait for their clients, and those that a client can name by the GUID of the CREATE that made them. */
export class DurableOpens {
  readonly #server: ServerCore
  /** By client and create GUID: those whose CREATE may be sent again, and those whose CREATE is under way. */
  readonly #replayable = new Map<string, Open | typeof PENDING>()
  /** Persistent opens by create GUID. */
  readonly #persistent = new Map<string, Open>()
  /** Those that wait, and what ends the waiting. */
  readonly #waiting = new Map<Open, () => void>()
  /** How many wait for a user, by SID. */
  readonly #waitingByOwner = new Map<string, number>()

  constructor(server: ServerCore) {
    this.#server = server
  }

  /** A CREATE of this GUID is under way, and not to be done a second time. False if there is one already. */
  begin(clientGuid: string, createGuid: string): boolean {
    const key = keyOf(clientGuid, createGuid)
    if (this.#replayable.has(key)) return false
    this.#replayable.set(key, PENDING)
    return true
  }

  /** It came to nothing. */
  abandon(clientGuid: string, createGuid: string): void {
    const key = keyOf(clientGuid, createGuid)
    if (this.#replayable.get(key) === PENDING) this.#replayable.delete(key)
  }

  /** It has made this open. */
  add(open: Open): void {
    const { durability } = open
    if (durability?.createGuid === undefined) return
    const key = keyOf(durability.clientGuid, durability.createGuid)
    if (durability.isReplayEligible) this.#replayable.set(key, open)
    else this.abandon(durability.clientGuid, durability.createGuid)
    if (!durability.isPersistent) return
    this.#persistent.set(durability.createGuid, open)
    open.stateChanged()
  }

  /** What a CREATE of this GUID has made, or 'pending' while it is at work. Undefined also where it has been used since. */
  madeBy(clientGuid: string, createGuid: string): Open | 'pending' | undefined {
    const found = this.#replayable.get(keyOf(clientGuid, createGuid))
    return found === PENDING ? 'pending' : found
  }

  persistentBy(createGuid: string): Open | undefined {
    return this.#persistent.get(createGuid)
  }

  /** Something is done with it: from now on its CREATE is history (MS-SMB2 3.3.5.12: Open.IsReplayEligible). */
  used(open: Open): void {
    const { durability } = open
    if (durability?.isReplayEligible !== true) return
    durability.isReplayEligible = false
    this.#forget(open)
  }

  /** Nobody has it any more. False if too many wait already: then it is to be closed. */
  disconnected(open: Open): boolean {
    const { durability } = open
    const { limits, clock } = this.#server
    if (durability === undefined) return false
    const ofOwner = this.#waitingByOwner.get(durability.owner) ?? 0
    if (this.#waiting.size >= limits.maxDisconnectedOpens || ofOwner >= limits.maxDisconnectedOpensPerUser) return false
    durability.disconnectedAt = clock.now()
    this.#waitingByOwner.set(durability.owner, ofOwner + 1)
    this.#waiting.set(
      open,
      clock.after(durability.timeoutMs, () => {
        void closeOpen(open)
      }),
    )
    return true
  }

  /** A session has it again. */
  reconnected(open: Open): void {
    this.#stopWaiting(open)
    if (open.durability !== undefined) open.durability.disconnectedAt = undefined
  }

  /** Its client cannot be reached, and others want the file: it is closed for them (MS-SMB2 3.3.4.6, 3.3.4.7). */
  giveWay(open: Open): Promise<void> | undefined {
    const { durability } = open
    return durability?.isPersistent === true || durability?.isResilient === true ? undefined : closeOpen(open)
  }

  /** The server ends: all that wait are closed; of those that are kept the files only. */
  async end(): Promise<void> {
    const isKept = (open: Open): boolean => open.durability?.isPersistent === true
    await Promise.all([...this.#waiting.keys()].flatMap((open) => (isKept(open) ? [] : (closeOpen(open) ?? []))))
    // Kept as they are, and not as they are when they are closed.
    await this.#server.persistence?.pending?.catch(() => {})
    await Promise.all([...this.#waiting.keys()].flatMap((open) => suspendOpen(open) ?? []))
  }

  /** It is closed. */
  closed(open: Open): void {
    const { durability } = open
    if (durability === undefined) return
    this.#stopWaiting(open)
    this.#forget(open)
    if (durability.createGuid !== undefined && this.#persistent.get(durability.createGuid) === open)
      this.#persistent.delete(durability.createGuid)
  }

  /** Those that nobody has now. */
  get waiting(): Iterable<Open> {
    return this.#waiting.keys()
  }

  #forget(open: Open): void {
    if (open.durability?.createGuid === undefined) return
    const key = keyOf(open.durability.clientGuid, open.durability.createGuid)
    if (this.#replayable.get(key) === open) this.#replayable.delete(key)
  }

  #stopWaiting(open: Open): void {
    const cancel = this.#waiting.get(open)
    if (cancel === undefined || open.durability === undefined) return
    cancel()
    this.#waiting.delete(open)
    const { owner } = open.durability
    const left = (this.#waitingByOwner.get(owner) ?? 1) - 1
    if (left === 0) this.#waitingByOwner.delete(owner)
    else this.#waitingByOwner.set(owner, left)
  }
}

const keyOf = (clientGuid: string, createGuid: string): string => `${clientGuid}/${createGuid}`
