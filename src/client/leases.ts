import { randomUUID } from 'node:crypto'
import { viewOf } from '../bytes/utf16.ts'
import { upcase } from '../wire/fscc/index.ts'
import {
  Capabilities,
  Command,
  CreateContextName,
  Dialect,
  type FileId,
  LeaseBreakAcknowledgment,
  LeaseBreakFlags,
  LeaseBreakNotification,
  LeaseBreakResponse,
  LeaseFlags,
  LeaseState,
  LeaseV1,
  LeaseV2,
  OplockBreakAcknowledgment,
  OplockBreakNotification,
  OplockBreakResponse,
  OplockLevel,
  SMB2_HEADER_SIZE,
  stateOfOplock,
} from '../wire/smb2/index.ts'
import type { FileCache } from './cache/file-cache.ts'
import { type Answer, type Call, encodeCall } from './call.ts'
import type { Opened } from './calls/create.ts'
import type { Negotiated } from './negotiation.ts'
import { parentOf } from './paths.ts'
import type { On } from './tree.ts'

export const READ = LeaseState.READ_CACHING
export const HANDLE = LeaseState.HANDLE_CACHING
export const WRITE = LeaseState.WRITE_CACHING

/** What is to be done before a lease is given up in part or whole. */
export interface LeaseHolder {
  /** `lost`: bits of `LeaseState`. Resolves when nothing depends on them any more; does not fail. */
  losing(lost: number): Promise<void>
}

/** What the server promises about one file, or part of it, until it says otherwise (MS-SMB2 3.2.1.5). */
export class Lease {
  /** GUID; the same for every open of the file. */
  readonly key = randomUUID()
  /** Of share and name, as `pathKey` makes it. */
  readonly path: string
  /** As the name was given: servers may tell upper and lower case apart. */
  readonly name: string
  /** Bits of `LeaseState` that are held now. */
  state = 0
  epoch = 0
  readonly cache: FileCache
  readonly holders: Set<LeaseHolder>
  /** Opens that were made with it, or are to be. */
  uses = 0
  /** Those that the server has, and has not been told to close: while there is one, the lease is there. */
  readonly held = new Set<string>()
  /** Opens that have locks. */
  lockers = 0
  /** It is an oplock, which is one open's, and there have been others: what it promises is nobody's any more. */
  isDivided = false
  /** In whose name a break is answered: servers want the share, too. */
  on: On | undefined

  constructor(path: string, name: string, cacheOf: (lease: Lease) => FileCache) {
    this.path = path
    this.name = name
    this.cache = cacheOf(this)
    this.holders = new Set([this.cache])
  }

  get canRead(): boolean {
    return (this.state & READ) !== 0 && !this.isDivided
  }

  get canKeepHandle(): boolean {
    return (this.state & HANDLE) !== 0 && !this.isDivided
  }

  get canWrite(): boolean {
    return (this.state & WRITE) !== 0 && !this.isDivided
  }
}

/** Whether the server has leases; otherwise it has oplocks (MS-SMB2 3.2.4.3.8). */
export const hasLeases = ({ dialect, capabilities }: Negotiated): boolean =>
  dialect >= Dialect.SMB_2_1 && (capabilities & Capabilities.LEASING) !== 0

/** All leases of one session's files. */
export class LeaseTable {
  readonly #cacheOf: (lease: Lease) => FileCache
  readonly #byKey = new Map<string, Lease>()
  /** Names that differ in upper and lower case are several leases: the server knows whether they are one file. */
  readonly #byPath = new Map<string, Lease[]>()
  readonly #byOpen = new Map<string, Lease>()
  /** The share of the last lease that was granted. */
  on: On | undefined

  constructor(cacheOf: (lease: Lease) => FileCache) {
    this.#cacheOf = cacheOf
  }

  /** The lease of a file: `tree` and `name` say which. */
  of(tree: string, name: string): Lease {
    const known = this.find(tree, name)
    if (known !== undefined) return known
    const lease = new Lease(pathKey(tree, name), name, this.#cacheOf)
    const others = this.#byPath.get(lease.path)
    if (others === undefined) this.#byPath.set(lease.path, [lease])
    else others.push(lease)
    this.#byKey.set(lease.key, lease)
    return lease
  }

  /** Where the lease of a file is known; undefined otherwise. */
  find(tree: string, name: string): Lease | undefined {
    if (this.#byPath.size === 0) return undefined
    return this.#byPath.get(pathKey(tree, name))?.find((lease) => lease.name === name)
  }

  /** Key of the lease of the folder that a file is in, where it is held. */
  parentKeyOf(tree: string, name: string): string | undefined {
    if (this.#byPath.size === 0 || name === '') return undefined
    const lease = this.find(tree, parentOf(name))
    return lease?.canRead === true ? lease.key : undefined
  }

  /** Those that a name may mean. */
  at(tree: string, name: string): readonly Lease[] {
    return this.#byPath.size === 0 ? [] : (this.#byPath.get(pathKey(tree, name)) ?? [])
  }

  /** The name, and those below it, mean other files now: who opens them gets other leases. */
  forget(tree: string, name: string): void {
    const gone = pathKey(tree, name)
    for (const path of this.#byPath.keys()) if (path === gone || path.startsWith(`${gone}\\`)) this.#byPath.delete(path)
  }

  /** One open more, before its CREATE is sent: until it is over a break may be about it. */
  wanted(lease: Lease): void {
    lease.uses++
  }

  /** Takes over what CREATE granted. To be called when its answer comes, and before anything that comes after it. */
  granted(lease: Lease, opened: Opened, on: On, version: number): void {
    this.on = on
    // Who wanted it has given up.
    if (lease.uses === 0) return
    lease.on = on
    lease.held.add(openKey(opened.fileId))
    const data = opened.contexts.get(CreateContextName.LEASE)
    if (opened.oplockLevel === OplockLevel.LEASE && data !== undefined) {
      const isLong = data.length >= LeaseV2.size
      const granted = isLong ? LeaseV2.decode(viewOf(data)) : LeaseV1.decode(viewOf(data))
      if (granted.leaseKey !== lease.key) return
      // A break is quicker than what was granted before it (MS-SMB2 3.2.5.7.5).
      const epoch = isLong ? (granted as LeaseV2).epoch : lease.epoch
      const isOld = lease.epoch !== 0 && isBefore(epoch, lease.epoch)
      const isBreaking = (granted.leaseFlags & LeaseFlags.BREAK_IN_PROGRESS) !== 0
      if (!isOld) lease.state = isBreaking ? lease.state & granted.leaseState : granted.leaseState
      if (!isOld) lease.epoch = epoch
    } else {
      lease.state = stateOfOplock(opened.oplockLevel)
      if (lease.state !== 0) this.#byOpen.set(openKey(opened.fileId), lease)
      if (lease.uses > 1) lease.isDivided = true
    }
    if (lease.canRead) lease.cache.opened(opened.endOfFile, version)
  }

  /**
   * An open is about to be closed. After the last one the server promises nothing (MS-SMB2 3.3.4.7), also where another
   * is asked for already: it may be given its lease when others have been here.
   */
  closing(lease: Lease, fileId: FileId): void {
    if (!lease.held.delete(openKey(fileId)) || lease.held.size > 0) return
    lease.state = 0
    lease.epoch = 0
    lease.cache.changedAll()
  }

  /** One open less; without any the lease ends by itself (MS-SMB2 3.3.4.7). */
  released(lease: Lease, fileId: FileId | undefined): void {
    if (fileId !== undefined) {
      this.#byOpen.delete(openKey(fileId))
      lease.held.delete(openKey(fileId))
    }
    if (--lease.uses > 0) return
    lease.state = 0
    lease.isDivided = false
    lease.cache.changedAll()
    this.#byKey.delete(lease.key)
    const others = this.#byPath.get(lease.path)?.filter((other) => other !== lease) ?? []
    if (others.length > 0) this.#byPath.set(lease.path, others)
    else this.#byPath.delete(lease.path)
  }

  /** What was granted to an open that is closed at once, since it is of another file or of another state of it. */
  undone(lease: Lease, fileId: FileId): void {
    this.#byOpen.delete(openKey(fileId))
    const { state } = lease
    lease.state = 0
    lease.epoch = 0
    if (state !== 0) void giveUp(lease, state)
  }

  /** Nothing is kept by what is held: the server may have said already that it is over. */
  doubted(): void {
    for (const lease of this.#byKey.values()) {
      const { state } = lease
      // An oplock is still to be answered for.
      if ([...this.#byOpen.values()].includes(lease)) lease.isDivided = true
      else lease.state = 0
      if (state !== 0) void giveUp(lease, state)
    }
  }

  /** The session is gone, and all that it was promised. */
  lost(): void {
    const ended = [...this.#byKey.values(), ...this.#byOpen.values()]
    this.#byOpen.clear()
    for (const lease of new Set(ended)) {
      const { state } = lease
      lease.state = 0
      lease.epoch = 0
      lease.held.clear()
      if (state !== 0) void giveUp(lease, state)
    }
  }

  /** MS-SMB2 3.2.5.19. */
  broken(answer: Answer): void {
    const structureSize = answer.view.getUint16(SMB2_HEADER_SIZE, true)
    if (structureSize === LEASE_BREAK_SIZE) this.#leaseBroken(answer.body(LeaseBreakNotification))
    else this.#oplockBroken(answer.body(OplockBreakNotification))
  }

  #leaseBroken(notification: LeaseBreakNotification): void {
    const { leaseKey, newLeaseState, newEpoch, flags } = notification
    const lease = this.#byKey.get(leaseKey)
    if (lease === undefined) {
      // Of an open that was made when the connection was cut: whoever waits for it need not wait any longer.
      const { on } = this
      if (on !== undefined) void acknowledge({ on }, leaseAcknowledgment(leaseKey, newLeaseState))
      return
    }
    const answerBreak = async (): Promise<void> => {
      if ((flags & LeaseBreakFlags.ACK_REQUIRED) === 0) return
      // All handles may have been closed meanwhile: then there is no lease any more, and that is well.
      await acknowledge(lease, leaseAcknowledgment(leaseKey, newLeaseState))
    }
    if (newEpoch !== 0) lease.epoch = newEpoch
    void this.#lower(lease, newLeaseState, answerBreak)
  }

  #oplockBroken(notification: OplockBreakNotification): void {
    const { fileId, oplockLevel } = notification
    const lease = this.#byOpen.get(openKey(fileId))
    if (lease === undefined) return
    const { persistent, volatile } = fileId
    const wasExclusive = (lease.state & WRITE) !== 0
    const answerBreak = async (): Promise<void> => {
      // Level II is given up without a word (MS-SMB2 3.2.5.19.1).
      if (!wasExclusive) return
      await acknowledge(lease, oplockAcknowledgment({ persistent, volatile }, oplockLevel as OplockLevel))
    }
    void this.#lower(lease, stateOfOplock(oplockLevel), answerBreak)
  }

  /** What depends on it goes first, then the server is told. */
  async #lower(lease: Lease, state: number, answerBreak: () => Promise<void>): Promise<void> {
    const lost = lease.state & ~state
    // From now on nobody begins to rely on it.
    lease.state &= state
    await giveUp(lease, lost)
    await answerBreak()
  }
}

/** Does not fail: all handles may have been closed meanwhile, and then there is nothing to be answered for. */
async function acknowledge({ on }: Pick<Lease, 'on'>, call: Call<void>): Promise<void> {
  await on?.connection.call(on.context, call).catch(() => undefined)
}

async function giveUp(lease: Lease, lost: number): Promise<void> {
  await Promise.all([...lease.holders].map((holder) => holder.losing(lost)))
}

const LEASE_BREAK_SIZE = 44

/** The same for all names that may mean one file. */
export const pathKey = (tree: string, name: string): string => `${upcase(tree)}\\${upcase(name)}`
/** Whether one number was before another, in 16 bits that begin anew (MS-SMB2 3.2.5.19.2). */
const isBefore = (epoch: number, other: number): boolean => ((epoch - other) & 0x8000) !== 0

const openKey = ({ persistent, volatile }: FileId): string => `${persistent}:${volatile}`

/** MS-SMB2 2.2.24.2. */
const leaseAcknowledgment = (leaseKey: string, leaseState: number): Call<void> => ({
  command: Command.OPLOCK_BREAK,
  frame: encodeCall(LeaseBreakAcknowledgment, { leaseKey, leaseState }),
  occasion: { operation: 'lease break' },
  read: (answer) => void answer.body(LeaseBreakResponse),
})

/** MS-SMB2 2.2.24.1. */
const oplockAcknowledgment = (fileId: FileId, oplockLevel: OplockLevel): Call<void> => ({
  command: Command.OPLOCK_BREAK,
  frame: encodeCall(OplockBreakAcknowledgment, { fileId, oplockLevel }),
  occasion: { operation: 'oplock break' },
  read: (answer) => void answer.body(OplockBreakResponse),
})

/** What is asked for with a lease. */
interface LeaseWish {
  /** Bits of `LeaseState`. */
  readonly wanted: number
  /** Key of the lease of the folder that the file is in, where it is held: what is done by the open does not break it. */
  readonly parentKey: string | undefined
}

/** The create context that asks for a lease, as the dialect has it. MS-SMB2 2.2.13.2.8, 2.2.13.2.10. */
export function leaseContext(
  { key, epoch }: Pick<Lease, 'key' | 'epoch'>,
  { wanted, parentKey }: LeaseWish,
  { dialect }: Negotiated,
): { name: string; data: Uint8Array } {
  const values = { leaseKey: key, leaseState: wanted }
  const leaseFlags = parentKey === undefined ? 0 : LeaseFlags.PARENT_LEASE_KEY_SET
  const data =
    dialect >= Dialect.SMB_3_0
      ? LeaseV2.encode({ ...values, leaseFlags, parentLeaseKey: parentKey ?? NO_PARENT, epoch })
      : LeaseV1.encode(values)
  return { name: CreateContextName.LEASE, data }
}

/**
 * For an open that is to have no lease and may change something: a lease of nothing, which names the one of the folder
 * (MS-SMB2 3.2.4.3.8).
 */
export const parentOnly = (parentKey: string, negotiated: Negotiated): { name: string; data: Uint8Array } =>
  leaseContext({ key: randomUUID(), epoch: 0 }, { wanted: LeaseState.NONE, parentKey }, negotiated)

const NO_PARENT = '00000000-0000-0000-0000-000000000000'
