import { unixNsFromFiletime } from '../../bytes/filetime.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Smb1Command } from '../../wire/smb1/index.ts'
import { Command, OplockLevel } from '../../wire/smb2/index.ts'
import type { Fact, MessageSpot } from '../model.ts'
import { CachingRecord, leftState, noteCacheAnswer, noteCacheUse, oplockState } from './caching.ts'
import type { CaptureState } from './capture-state.ts'
import { CreditAccount } from './credit-account.ts'
import { IdMap } from './id-map.ts'
import type { LogonToken } from './logon.ts'
import type { Place } from './message-scanner.ts'
import {
  asInferred,
  type Carrier,
  ConversationRecord,
  inferred,
  OpenRecord,
  SessionRecord,
  said,
  TransactionRecord,
  TreeRecord,
} from './records.ts'

/** Most requests of a connection that may be without an answer. Servers grant 8192 credits. */
const maxPendingRequests = 65_536
/** Most sessions that are known of a connection, trees of a session, and opens of a session. */
export const maxSessions = 4096
const maxTrees = 4096
const maxOpens = 262_144

/** RFC 8062 3. */
const ANONYMOUS_PRINCIPAL = 'WELLKNOWN/ANONYMOUS@'

type Sender = 'client' | 'server'

/** What is known of the SMB traffic of one connection. */
export class SmbConversation {
  readonly record: ConversationRecord
  readonly #capture: CaptureState
  readonly #carrier: Carrier & { isFirstClient: boolean }
  readonly #sessions = new IdMap<SessionRecord>()
  readonly #pending = new IdMap<TransactionRecord>()
  /** Requests that the server works on: those that it has put aside with an interim answer do not count. */
  #underWay = 0
  #idleSinceNs: number | undefined
  readonly #credits = new CreditAccount()
  #smb1Negotiate: TransactionRecord | undefined
  readonly #parkedOnes = new Set<TransactionRecord>()
  /** What logons said before their session had an id. */
  readonly logons = new Map<TransactionRecord, LogonToken>()
  /** The frame that is being read. */
  frame = 0
  #timeNs = 0
  /** Which end the direction that is being read comes from, by the connection. */
  #isFromFirst = true

  constructor(capture: CaptureState, carrier: Carrier & { isFirstClient: boolean }) {
    this.#capture = capture
    this.#carrier = carrier
    this.record = new ConversationRecord(carrier, 'smb')
  }

  get originNs(): bigint {
    return this.#capture.originNs
  }

  /** A time of the server's clock, in nanoseconds since the capture's first frame. */
  sinceStartNs(time: bigint): number {
    return Number(unixNsFromFiletime(time) - this.#capture.originNs)
  }

  /** What follows is read at this place, from this end. */
  reads(place: Place, isFromFirst: boolean): void {
    this.frame = place.frame
    this.#timeNs = place.timeNs
    this.#isFromFirst = isFromFirst
  }

  isFromServer(isFromFirst: boolean): boolean {
    return isFromFirst !== this.#carrier.isFirstClient
  }

  /** Where a capture begins in the middle, the first message tells who is the client. */
  sendsAs(sender: Sender): void {
    if (!this.#carrier.hasBeginning) this.#carrier.isFirstClient = this.#isFromFirst === (sender === 'client')
  }

  newTransaction(
    protocol: 'smb2' | 'smb1',
    command: number,
    name: string,
    low: number,
    high: number,
  ): TransactionRecord {
    return new TransactionRecord(this.#capture.nextTransactionId(), this.record, protocol, command, name, low, high)
  }

  /** An answer to it is to come. */
  await(transaction: TransactionRecord): void {
    if (this.#pending.size >= maxPendingRequests) this.#giveUp()
    const before = this.#pending.get(transaction.messageLow, transaction.pendingKey)
    // The same number again before there was an answer: that one was not captured, or there is none.
    if (before !== undefined && before !== transaction) this.#abandon(before)
    this.#pending.set(transaction, transaction.messageLow, transaction.pendingKey)
    if (transaction.protocol === 'smb1' && transaction.command === Smb1Command.NEGOTIATE)
      this.#smb1Negotiate = transaction
  }

  awaited(low: number, high: number): TransactionRecord | undefined {
    return this.#pending.get(low, high)
  }

  /** A negotiation of SMB1 that an answer of SMB2 may be to. MS-SMB2 3.3.5.3.1. */
  smb1Negotiate(): TransactionRecord | undefined {
    const found = this.#smb1Negotiate
    this.#smb1Negotiate = undefined
    return found
  }

  /** The request's last byte was seen. */
  sent(transaction: TransactionRecord): void {
    if (transaction.isUnanswered) {
      transaction.depth = this.#underWay
      this.#capture.tell(transaction)
      return
    }
    const { fromClient, fromServer, roundTripNs = 0 } = this.#carrier
    if (!this.#carrier.hasBeginning) this.#credits.lose()
    // A negotiation that began with SMB1 takes the credit as well. MS-SMB2 3.3.5.3.1.
    transaction.creditWaitNs = this.#credits.spend(Math.max(1, transaction.creditCharge), this.#timeNs, roundTripNs)
    transaction.creditsLeft = this.#credits.left
    transaction.cacheUse = noteCacheUse(transaction)
    if (this.#underWay === 0 && this.#idleSinceNs !== undefined)
      transaction.idleBeforeNs = Math.max(0, this.#timeNs - this.#idleSinceNs)
    this.#underWay++
    transaction.depth = this.#underWay
    transaction.retransmissionsBefore = fromClient.retransmissions + fromServer.retransmissions
    transaction.zeroWindowsBefore = fromClient.zeroWindows + fromServer.zeroWindows
  }

  /** An answer gives the client leave to ask for more. */
  grants(credits: number, command: number): void {
    // Nothing can be asked before a logon is over.
    const isAwaited = command === Command.NEGOTIATE || command === Command.SESSION_SETUP
    this.#credits.grant(credits, this.#timeNs, isAwaited)
  }

  /** The server answers later. */
  parked(transaction: TransactionRecord, spot: MessageSpot): void {
    transaction.interim ??= spot
    if (transaction.detail.kind === 'lock') transaction.heldBy = this.#capture.files.lockers(transaction)
    if (this.#parkedOnes.has(transaction)) return
    this.#parkedOnes.add(transaction)
    if (transaction.request !== undefined) this.#lessUnderWay()
  }

  /** The final answer's last byte was seen. Of an AndX chain, the first request counts for all. */
  answered(transaction: TransactionRecord, isCounted = true): void {
    if (!isCounted) return this.#finish(transaction)
    // An answer to what was not captured may have the number of another request.
    if (this.#pending.get(transaction.messageLow, transaction.pendingKey) === transaction)
      this.#pending.delete(transaction.messageLow, transaction.pendingKey)
    const wasParked = this.#parkedOnes.delete(transaction)
    if (transaction.request !== undefined && !wasParked) this.#lessUnderWay()
    this.#finish(transaction)
  }

  session(low: number, high: number): SessionRecord {
    let found = this.#sessions.get(low, high)
    if (found === undefined) {
      const { server } = this.#carrier
      const group = this.#capture.group(`${server.address} ${server.port}`, low, high)
      const { first } = group
      found = new SessionRecord(this.record, group, low, high, { frame: this.frame, timeNs: this.#timeNs })
      // Another channel of a session that was logged on elsewhere.
      if (first !== undefined && first !== found) {
        found.user = first.user && { ...first.user, isInferred: true }
        found.domain = first.domain && { ...first.domain, isInferred: true }
        found.workstation = first.workstation && { ...first.workstation, isInferred: true }
        found.mechanism = first.mechanism && { ...first.mechanism, isInferred: true }
      }
      if (this.#sessions.size >= maxSessions) this.#sessions.clear()
      else this.record.sessions.push(found)
      this.#sessions.set(found, low, high)
    }
    return found
  }

  /** The tree of that id: one of which the connecting was not captured, if need be. */
  tree(session: SessionRecord, id: number): TreeRecord {
    return session.group.trees.get(id) ?? this.newTree(session, id)
  }

  newTree(session: SessionRecord, id: number): TreeRecord {
    const { trees } = session.group
    const tree = new TreeRecord(session, id)
    if (trees.size >= maxTrees) trees.clear()
    trees.set(id, tree)
    return tree
  }

  /** The open of that id: one of which the opening was not captured, if need be. */
  open(session: SessionRecord, tree: TreeRecord | undefined, words: OpenRecord['words']): OpenRecord {
    const { opens } = session.group
    const found = opens.get(...words)
    if (found !== undefined) return found
    const open = new OpenRecord(tree, words)
    this.opened(session, open)
    return open
  }

  opened(session: SessionRecord, open: OpenRecord): void {
    const { opens } = session.group
    if (opens.size >= maxOpens) opens.clear()
    opens.set(open, ...open.words)
  }

  /** A CREATE has opened a file, and may have granted an oplock or a lease of it. */
  created(transaction: TransactionRecord, open: OpenRecord): void {
    if (transaction.session === undefined) return
    this.opened(transaction.session, open)
    transaction.open = open
    this.#capture.files.opened(open, transaction)
    open.caching = this.#grantedCaching(transaction)
    transaction.caching = open.caching
  }

  #grantedCaching(transaction: TransactionRecord): CachingRecord | undefined {
    const { detail, protocol } = transaction
    if (detail.kind !== 'create') return undefined
    const { grantedOplock = 0, grantedLease, leaseKey } = detail
    if (protocol === 'smb1' || grantedOplock !== OplockLevel.LEASE) {
      const state = oplockState(protocol, grantedOplock)
      return state === 0 ? undefined : new CachingRecord('oplock', state, undefined, transaction, this.frame)
    }
    if (grantedLease === undefined || leaseKey === undefined) return undefined
    const known = this.#capture.lease(this.#holder, leaseKey)
    if (known !== undefined) {
      known.opens++
      known.state = grantedLease
      return known
    }
    const lease = new CachingRecord('lease', grantedLease, leaseKey, transaction, this.frame)
    this.#capture.keepLease(this.#holder, leaseKey, lease)
    return lease
  }

  /** Whose leases have keys of their own: a client's at a server. */
  get #holder(): string {
    return `${this.#carrier.server.address} ${this.#carrier.client.address}`
  }

  /** The server takes an oplock or a lease back, and perhaps waits for the client's answer. */
  breaks(transaction: TransactionRecord): void {
    const { detail } = transaction
    if (detail.kind !== 'break') return
    const caching = this.#brokenCaching(transaction)
    this.#nameLease(transaction, caching)
    if (caching !== undefined && !detail.needsAnswer) caching.state = this.#stateAfter(transaction, caching)
  }

  /** A client says which lease it gives up: whose that is. */
  acknowledges(transaction: TransactionRecord): void {
    this.#nameLease(transaction, this.#brokenCaching(transaction))
  }

  /** The server takes the client's answer to a break. */
  acknowledged(transaction: TransactionRecord): void {
    const caching = this.#brokenCaching(transaction)
    if (caching !== undefined) caching.state = this.#stateAfter(transaction, caching)
  }

  #brokenCaching({ detail, open }: TransactionRecord): CachingRecord | undefined {
    if (detail.kind !== 'break') return undefined
    return detail.key === undefined ? open?.caching : this.#capture.lease(this.#holder, detail.key)
  }

  #stateAfter({ detail, protocol }: TransactionRecord, { kind }: CachingRecord): number {
    if (detail.kind !== 'break') return 0
    return kind === 'lease' ? detail.to : leftState(protocol, detail.to)
  }

  /** A lease is of a file, which its messages do not name. */
  #nameLease(transaction: TransactionRecord, caching: CachingRecord | undefined): void {
    transaction.caching = caching
    const grantedTo = caching?.key === undefined ? undefined : caching.grantedTo
    if (grantedTo === undefined) return
    transaction.path ??= asInferred(grantedTo.open?.path ?? grantedTo.path)
    transaction.tree ??= grantedTo.tree
  }

  /** An open of any session of the connection: a break does not name its session. */
  knownOpen(words: OpenRecord['words']): OpenRecord | undefined {
    for (const session of this.record.sessions) {
      const found = session.group.opens.get(...words)
      if (found !== undefined) return found
    }
    return undefined
  }

  closed(open: OpenRecord, by: TransactionRecord): void {
    open.closedBy = by
    by.session?.group.opens.delete(...open.words)
    this.#gone(open)
  }

  #gone(open: OpenRecord): void {
    this.#capture.files.closed(open)
    const { caching } = open
    if (caching?.key !== undefined && --caching.opens === 0) this.#capture.forgetLease(this.#holder, caching.key)
  }

  /** A LOCK was granted. */
  locked(transaction: TransactionRecord): void {
    this.#capture.files.locked(transaction, this.frame)
  }

  disconnected(tree: TreeRecord): void {
    const { group } = tree.session
    // It stays known: clients are seen to use it still, and what they mean is worth knowing.
    for (const open of [...group.opens.values()]) {
      if (open.tree !== tree) continue
      group.opens.delete(...open.words)
      this.#gone(open)
    }
  }

  loggedOff(session: SessionRecord): void {
    this.#sessions.delete(session.low, session.high)
    for (const open of session.group.opens.values()) this.#gone(open)
    session.group.opens.clear()
  }

  /** Who logs on, as the token in this frame says it. */
  logsOn(session: SessionRecord, token: LogonToken, frame: number): void {
    const { user, domain, workstation, mechanism, serviceName } = token
    if (user !== undefined) session.user = said(user, frame)
    if (domain !== undefined) session.domain = said(domain, frame)
    if (workstation !== undefined) session.workstation = said(workstation, frame)
    if (mechanism !== undefined) session.mechanism = said(mechanism, frame)
    if (serviceName === undefined) return
    session.serviceName = said(serviceName, frame)
    const ticket = this.#capture.ticket(this.#carrier.client.address, serviceName)
    session.ticket = ticket
    // A request that is armoured (FAST) does not tell: who had asked for the ticket-granting ticket does.
    const isHidden = ticket?.clientName?.startsWith(ANONYMOUS_PRINCIPAL) === true
    const name = isHidden ? this.#capture.asker(this.#carrier.client.address) : ticket?.clientName
    const [client = '', realm] = name?.split('@') ?? []
    if (ticket?.response === undefined || client === '') return
    // The ticket's own names are sealed: who asked for it is who logs on with it.
    session.user ??= inferred(client, ticket.response.frame)
    if (realm !== undefined) session.domain ??= inferred(realm, ticket.response.frame)
  }

  speaks(dialect: Fact<number | 'NT1'>): void {
    this.record.dialect = dialect
  }

  /** The connection is over: what has no answer gets none. */
  finish(): void {
    this.#giveUp()
  }

  #giveUp(): void {
    const open = [...this.#pending.values()].toSorted((a, b) => a.id - b.id)
    this.#pending.clear()
    this.#parkedOnes.clear()
    this.logons.clear()
    this.#underWay = 0
    for (const first of open) for (const transaction of first.chain ?? [first]) this.#finish(transaction)
  }

  #abandon(transaction: TransactionRecord): void {
    const wasParked = this.#parkedOnes.delete(transaction)
    if (transaction.request !== undefined && !wasParked) this.#lessUnderWay()
    for (const one of transaction.chain ?? [transaction]) this.#finish(one)
  }

  #lessUnderWay(): void {
    if (this.#underWay > 0) this.#underWay--
    if (this.#underWay === 0) this.#idleSinceNs = this.#timeNs
  }

  #finish(transaction: TransactionRecord): void {
    const { request, response } = transaction
    const { fromClient, fromServer } = this.#carrier
    const lengthNs = (spot: MessageSpot): number => spot.last.timeNs - spot.first.timeNs
    const since = (from: MessageSpot, to: number): number => Math.max(0, to - from.last.timeNs)
    const isWhole = request !== undefined && response !== undefined
    transaction.time = {
      responseNs: isWhole ? since(request, response.last.timeNs) : undefined,
      serverNs: isWhole ? since(request, response.first.timeNs) : undefined,
      transferNs: isWhole ? lengthNs(request) + lengthNs(response) : undefined,
      idleBeforeNs: transaction.idleBeforeNs,
      creditWaitNs: transaction.creditWaitNs,
      retransmissions: fromClient.retransmissions + fromServer.retransmissions - transaction.retransmissionsBefore,
      zeroWindows: fromClient.zeroWindows + fromServer.zeroWindows - transaction.zeroWindowsBefore,
    }
    const { status } = transaction
    if (status !== undefined && status !== NtStatus.SUCCESS) this.#findHolders(transaction, status)
    noteCacheAnswer(transaction)
    this.#capture.tell(transaction)
  }

  #findHolders(transaction: TransactionRecord, status: number): void {
    const { files } = this.#capture
    if (status === NtStatus.SHARING_VIOLATION) transaction.heldBy = files.holders(transaction)
    else if (status === NtStatus.LOCK_NOT_GRANTED || status === NtStatus.FILE_LOCK_CONFLICT)
      transaction.heldBy = files.lockers(transaction)
  }
}
