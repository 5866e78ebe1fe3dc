import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { dialectName } from '../evidence/dialects.ts'
import { Durations } from '../evidence/durations.ts'
import { pathOf, serverOf, shareOf, statusOf, userOf } from '../evidence/names.ts'
import { maySleep } from '../evidence/speed.ts'
import type { Conversation, KerberosExchange, Observer, Session, Transaction, Unseen } from '../model.ts'
import { Recent } from '../recent.ts'
import { CachingStories } from './caching-stories.ts'
import { Contention } from './contention.ts'
import { type UserAction, UserActions } from './user-actions.ts'

/** What is counted for one user, file, share, command or server. */
export interface Roll {
  readonly name: string
  count: number
  errors: number
  bytes: number
  readonly durations: Durations
  /** When the first request of it was sent and the last answer came, nanoseconds. */
  firstNs: number
  lastNs: number
}

/** By what the traffic is rolled up. */
export type RollBy = 'server' | 'share' | 'user' | 'file' | 'command' | 'status'

/** Rolls of one kind that are kept. */
const MAX_ROLLS = 20_000
const MAX_SLOWEST = 100
/** Sessions that are listed. */
const MAX_LOGONS = 1000
/** How many pieces a capture's time is cut into, for plots. */
const SLICES = 240

/** What happened in a slice of the capture's time. */
export interface Slice {
  count: number
  errors: number
  readBytes: number
  writtenBytes: number
  maxNs: number
}

/** Answers that are no success and yet none of an error. */
const NO_ERRORS: readonly number[] = [
  NtStatus.SUCCESS,
  NtStatus.PENDING,
  NtStatus.MORE_PROCESSING_REQUIRED,
  NtStatus.NO_MORE_FILES,
  NtStatus.NO_MORE_ENTRIES,
  NtStatus.BUFFER_OVERFLOW,
  NtStatus.NOTIFY_ENUM_DIR,
  NtStatus.NOTIFY_CLEANUP,
  NtStatus.CANCELLED,
  NtStatus.END_OF_FILE,
]

/** Whether a transaction failed, as somebody who looks for trouble counts. */
export const isFailure = ({ status }: Transaction): boolean => status !== undefined && !NO_ERRORS.includes(status)

/** Gathers what a report begins with: who, what, how much, how fast. */
export class Overview implements Observer {
  readonly rolls: Readonly<Record<RollBy, Recent<string, Roll>>> = {
    server: new Recent(MAX_ROLLS),
    share: new Recent(MAX_ROLLS),
    user: new Recent(MAX_ROLLS),
    file: new Recent(MAX_ROLLS),
    command: new Recent(MAX_ROLLS),
    status: new Recent(MAX_ROLLS),
  }
  readonly #userActions = new UserActions()
  /** What became of oplocks and leases. */
  readonly caching = new CachingStories()
  /** What requests waited for, or were refused for, because of others. */
  readonly contention = new Contention()
  readonly dialects = new Set<string>()
  readonly mechanisms = new Set<string>()
  readonly clients = new Set<string>()
  readonly kdcs = new Set<string>()
  conversations = 0
  sessions = 0
  /** The first of the sessions. */
  readonly logons: Session[] = []
  withoutBeginning = 0
  readonly servers = new Set<string>()
  missingBytes = 0
  /** Connections of which the capture has one half, by the end that is missing. */
  readonly oneSided = { client: 0, server: 0 }
  lostPlaces = 0
  /** The first frame at which it was not known where a message begins. */
  lostAt: number | undefined
  cutMessages = 0
  answersAlone = 0
  sealed = 0
  opaque = 0
  transactions = 0
  unanswered = 0
  failures = 0
  kerberosExchanges = 0
  lastNs = 0
  /** The slowest answers that should have come at once, slowest first. */
  slowest: Transaction[] = []
  #sliceNs = 1e6
  slices: Slice[] = []

  /** Nanoseconds that one slice covers. */
  get sliceNs(): number {
    return this.#sliceNs
  }

  conversationEnds(conversation: Conversation): void {
    this.lastNs = Math.max(this.lastNs, conversation.last.timeNs)
    if (conversation.protocol !== 'smb') return
    this.conversations++
    this.clients.add(conversation.client.address)
    this.servers.add(serverOf(conversation.server))
    if (conversation.dialect !== undefined) this.dialects.add(dialectName(conversation.dialect.value))
    if (!conversation.hasBeginning) this.withoutBeginning++
    this.missingBytes += conversation.fromClient.missingBytes + conversation.fromServer.missingBytes
    this.#unseen(conversation.unseen)
    for (const session of conversation.sessions) {
      const { mechanism, isSealed, isOpaque } = session
      if (this.logons.length < MAX_LOGONS) this.logons.push(session)
      this.sessions++
      if (mechanism !== undefined && mechanism.value !== 'unknown') this.mechanisms.add(mechanism.value)
      if (isSealed) this.sealed++
      if (isOpaque) this.opaque++
    }
  }

  #unseen({ end, lostPlaces, lostAt, cutMessages, answersAlone }: Unseen): void {
    if (end !== undefined) this.oneSided[end]++
    this.lostPlaces += lostPlaces
    if (lostAt !== undefined) this.lostAt = Math.min(this.lostAt ?? lostAt.frame, lostAt.frame)
    this.cutMessages += cutMessages
    this.answersAlone += answersAlone
  }

  kerberos({ kdc, request, response }: KerberosExchange): void {
    this.kerberosExchanges++
    this.kdcs.add(kdc.address)
    this.lastNs = Math.max(this.lastNs, response?.timeNs ?? request?.timeNs ?? 0)
  }

  /** What users did, as several requests together tell it. */
  get actions(): readonly UserAction[] {
    return this.#userActions.actions
  }

  transaction(transaction: Transaction): void {
    this.transactions++
    this.#userActions.transaction(transaction)
    this.caching.transaction(transaction)
    this.contention.transaction(transaction)
    const isBad = isFailure(transaction)
    if (isBad) this.failures++
    if (transaction.request !== undefined && transaction.response === undefined) this.unanswered++
    this.#roll('server', serverOf(transaction.conversation.server), transaction, isBad)
    this.#roll('command', transaction.commandName, transaction, isBad)
    if (transaction.tree !== undefined) this.#roll('share', shareOf(transaction), transaction, isBad)
    if (transaction.session?.user !== undefined || transaction.tree !== undefined)
      this.#roll('user', userOf(transaction.session), transaction, isBad)
    if (transaction.path !== undefined && transaction.path.value !== '')
      this.#roll('file', pathOf(transaction), transaction, isBad)
    if (transaction.status !== undefined) this.#roll('status', statusOf(transaction), transaction, isBad)
    this.#slow(transaction)
    this.#slice(transaction, isBad)
  }

  end(): void {
    this.caching.end()
  }

  /** The rolls with most of something, most first. */
  busiest(by: RollBy, most: number, weight: (roll: Roll) => number): Roll[] {
    return [...this.rolls[by].values()].toSorted((left, right) => weight(right) - weight(left)).slice(0, most)
  }

  #roll(by: RollBy, name: string, { time, dataBytes, request, response }: Transaction, isBad: boolean): void {
    const roll = this.rolls[by].take(name, () => newRoll(name))
    roll.count++
    const fromNs = (request ?? response)?.first.timeNs ?? 0
    const toNs = (response ?? request)?.last.timeNs ?? 0
    if (fromNs < roll.firstNs) roll.firstNs = fromNs
    if (toNs > roll.lastNs) roll.lastNs = toNs
    roll.bytes += dataBytes
    if (isBad) roll.errors++
    if (time.responseNs !== undefined) roll.durations.add(time.responseNs)
  }

  #slow(transaction: Transaction): void {
    const ns = transaction.time.responseNs
    if (ns === undefined || maySleep(transaction)) return
    const last = this.slowest[MAX_SLOWEST - 1]
    if (last !== undefined && (last.time.responseNs ?? 0) >= ns) return
    const at = this.slowest.findIndex((one) => (one.time.responseNs ?? 0) < ns)
    this.slowest.splice(at < 0 ? this.slowest.length : at, 0, transaction)
    if (this.slowest.length > MAX_SLOWEST) this.slowest.length = MAX_SLOWEST
  }

  #slice(transaction: Transaction, isBad: boolean): void {
    const timeNs = transaction.response?.last.timeNs ?? transaction.request?.last.timeNs
    if (timeNs === undefined || timeNs < 0) return
    this.lastNs = Math.max(this.lastNs, timeNs)
    // Slices grow as the capture does: two become one.
    while (timeNs / this.#sliceNs >= SLICES) {
      const before = this.slices
      this.slices = []
      for (let at = 0; at < before.length; at += 2) this.slices.push(joined(before[at], before[at + 1]))
      this.#sliceNs *= 2
    }
    const index = Math.floor(timeNs / this.#sliceNs)
    while (this.slices.length <= index) this.slices.push(emptySlice())
    const slice = this.slices[index] ?? emptySlice()
    slice.count++
    if (isBad) slice.errors++
    if (transaction.detail.kind === 'write') slice.writtenBytes += transaction.dataBytes
    else slice.readBytes += transaction.dataBytes
    if (!maySleep(transaction)) slice.maxNs = Math.max(slice.maxNs, transaction.time.responseNs ?? 0)
  }
}

const newRoll = (name: string): Roll => ({
  ...{ name, count: 0, errors: 0, bytes: 0, durations: new Durations() },
  ...{ firstNs: Number.POSITIVE_INFINITY, lastNs: 0 },
})

const emptySlice = (): Slice => ({ count: 0, errors: 0, readBytes: 0, writtenBytes: 0, maxNs: 0 })

function joined(left: Slice = emptySlice(), right: Slice = emptySlice()): Slice {
  return {
    count: left.count + right.count,
    errors: left.errors + right.errors,
    readBytes: left.readBytes + right.readBytes,
    writtenBytes: left.writtenBytes + right.writtenBytes,
    maxNs: Math.max(left.maxNs, right.maxNs),
  }
}
