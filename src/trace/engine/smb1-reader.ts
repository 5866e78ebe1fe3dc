import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import {
  NO_ANDX_COMMAND,
  SMB1_HEADER_SIZE,
  Smb1AndXFidWords,
  Smb1AndXWords,
  Smb1Command,
  Smb1FidWords,
  Smb1Flags,
  Smb1Flags2,
  Smb1Header,
  Smb1LockingWords,
  Smb1NegotiateExtendedResponse,
  Smb1NtCreateResponseWords,
  Smb1NtTransactResponseWords,
  Smb1OpenAndXResponseWords,
  Smb1ReadAndXResponseWords,
  Smb1SessionSetupResponse,
  Smb1SetupAction,
  Smb1TransactionResponseWords,
  Smb1TreeConnectResponse,
  Smb1WriteAndXResponseWords,
} from '../../wire/smb1/index.ts'
import { allowsWriting } from './caching.ts'
import { decoded, fixedPart, offsetOf } from './layout.ts'
import type { Place } from './message-scanner.ts'
import { asInferred, inferred, OpenRecord, renamed, said, type TransactionRecord } from './records.ts'
import type { SmbConversation } from './smb-conversation.ts'
import { type Smb1Body, words } from './smb1-body.ts'
import { readSmb1Request } from './smb1-requests.ts'
import { entriesIn } from './smb1-transactions.ts'

/** The server takes none of the dialects. MS-CIFS 2.2.4.52.2. */
const NO_DIALECT = 0xffff
/** Data of READ and WRITE lie behind so many bytes of a message, and are not needed. */
const transferHeadBytes = 256
/** Heads of other messages are read up to this. */
const maxHeadBytes = 64 * 1024
/** Most commands that are read of one message: an AndX chain that has more only means harm. */
const maxChain = 16

const commandAt = offsetOf(Smb1Header, 'command')
const flagsAt = offsetOf(Smb1Header, 'flags')
/** Names of commands, as MS-CIFS 2.2.2.1 has them. */
const commandNames = new Map<number, string>(Object.entries(Smb1Command).map(([name, code]) => [code, name]))
const nameOf = (command: number): string =>
  commandNames.get(command) ?? `command 0x${command.toString(16).padStart(2, '0')}`
/** Commands that another one may follow. MS-CIFS 2.2.3.4. */
const chainable: ReadonlySet<number> = new Set(
  Object.entries(Smb1Command).flatMap(([name, code]) => (name.endsWith('_ANDX') ? [code] : [])),
)
/** They go on with a request that is under way, and have no answer of their own. MS-CIFS 2.2.4.34. */
const secondary: ReadonlySet<number> = new Set([
  Smb1Command.TRANSACTION_SECONDARY,
  Smb1Command.TRANSACTION2_SECONDARY,
  Smb1Command.NT_TRANSACT_SECONDARY,
  Smb1Command.NT_CANCEL,
])
/** The MID of what a server says unasked. MS-CIFS 2.2.4.32.1. */
const BREAK_MID = 0xffff
/** In place of a tree's or a user's number. */
const NONE = 0xffff

interface Part {
  readonly transaction: TransactionRecord
  readonly isRequest: boolean
  readonly chainIndex: number
}

/** Reads the SMB1 messages of a conversation. Each command of an AndX chain is a transaction of its own. */
export class Smb1Reader {
  readonly #owner: SmbConversation
  readonly #parts: Part[] = []
  /** An answer of which this message is a part, and not the last. */
  #partial: TransactionRecord | undefined

  constructor(owner: SmbConversation) {
    this.#owner = owner
  }

  wanted(view: DataView, start: number, have: number, left: number): number {
    if (have < SMB1_HEADER_SIZE) return SMB1_HEADER_SIZE
    const command = view.getUint8(start + commandAt)
    const isReply = (view.getUint8(start + flagsAt) & Smb1Flags.REPLY) !== 0
    const isTransfer = command === (isReply ? Smb1Command.READ_ANDX : Smb1Command.WRITE_ANDX)
    return Math.min(left, isTransfer ? transferHeadBytes : maxHeadBytes)
  }

  part(view: DataView, start: number, have: number, left: number): number {
    if (have < SMB1_HEADER_SIZE) return left
    const header = Smb1Header.read(view, start)
    const isReply = (header.flags & Smb1Flags.REPLY) !== 0
    const isBreak = header.mid === BREAK_MID && header.command === Smb1Command.LOCKING_ANDX
    this.#owner.sendsAs(isReply || isBreak ? 'server' : 'client')
    const isUnicode = (header.flags2 & Smb1Flags2.UNICODE) !== 0
    const chain = chainOf(header.command, {
      view,
      at: start + SMB1_HEADER_SIZE,
      end: start + have,
      origin: start,
      isUnicode,
    })
    if (isReply) this.#answer(header, chain)
    else if (isBreak) this.#break(header, chain)
    else this.#request(header, chain)
    return left
  }

  message(first: Place, last: Place, length: number): void {
    const begin = { frame: first.frame, timeNs: first.timeNs }
    if (this.#partial !== undefined) this.#partial.answerBegins ??= begin
    this.#partial = undefined
    if (this.#parts.length === 0) return
    const end = first.frame === last.frame ? begin : { frame: last.frame, timeNs: last.timeNs }
    for (const { transaction, isRequest, chainIndex } of this.#parts) {
      const spot = { first: begin, last: end, length, chainIndex }
      if (isRequest) {
        transaction.request = spot
        if (chainIndex === 0) this.#owner.sent(transaction)
        continue
      }
      transaction.response = { ...spot, first: transaction.answerBegins ?? begin }
      this.#owner.answered(transaction, chainIndex === 0)
    }
    this.#parts.length = 0
  }

  #request(header: Smb1Header, chain: readonly Command[]): void {
    const waiting: TransactionRecord[] = []
    let open: OpenRecord | undefined
    for (const [chainIndex, { command, body }] of chain.entries()) {
      const transaction = this.#new(header, command)
      transaction.isUnanswered = secondary.has(command)
      const found = readSmb1Request(command, body)
      transaction.commandName = found.commandName ?? transaction.commandName
      transaction.detail = found.detail
      // Nobody answers to the answer to a break. MS-CIFS 3.3.5.30.
      if (found.detail.kind === 'break') transaction.isUnanswered = true
      const { session } = transaction
      if (session !== undefined && (header.flags2 & Smb1Flags2.SECURITY_SIGNATURE) !== 0) session.isSigned = true
      if (found.path !== undefined) transaction.path = said(found.path, this.#owner.frame)
      if (found.fid !== undefined && session !== undefined) {
        // In a chain behind its opening, a file has no number yet. MS-CIFS 2.2.3.4.
        open = found.fid === NONE ? open : this.#owner.open(session, transaction.tree, [found.fid, 0, 0, SMB1_FILE])
        transaction.open = open
        transaction.path = asInferred(open?.path)
      }
      this.#owner.acknowledges(transaction)
      this.#owner.acknowledged(transaction)
      if (found.logon !== undefined) {
        if (session !== undefined) this.#owner.logsOn(session, found.logon, this.#owner.frame)
        else this.#owner.logons.set(transaction, found.logon)
      }
      this.#parts.push({ transaction, isRequest: true, chainIndex })
      waiting.push(transaction)
    }
    const [primary] = waiting
    if (primary === undefined || primary.isUnanswered) return
    primary.chain = waiting
    this.#owner.await(primary)
  }

  #answer(header: Smb1Header, chain: readonly Command[]): void {
    const primary = this.#owner.awaited(header.mid, pendingKey(header))
    const [first] = chain
    const isKnown = primary !== undefined && (first === undefined || primary.command === first.command)
    if (!isKnown) this.#owner.record.answersAlone++
    const waiting = isKnown ? (primary.chain ?? [primary]) : [this.#new(header, header.command)]
    if (isKnown && first !== undefined && isSuccess(header.status)) countEntries(primary, first.body)
    if (isKnown && first !== undefined && isSuccess(header.status) && hasMore(header.command, first.body)) {
      this.#partial = primary
      return
    }
    // A locking request may be answered twice, an echo as often as it asked for (MS-CIFS 2.2.4.39): the first counts.
    for (const [chainIndex, transaction] of waiting.entries()) {
      transaction.status = header.status
      const answer = chain[chainIndex]
      if (answer !== undefined && isSuccess(header.status)) this.#succeeded(transaction, header, answer.body)
      this.#parts.push({ transaction, isRequest: false, chainIndex })
    }
  }

  /** A server asks for its oplock back, by a request that has no answer but another request. MS-CIFS 3.2.5.42. */
  #break(header: Smb1Header, [first]: readonly Command[]): void {
    const transaction = this.#new(header, header.command)
    const fid = first && words(Smb1AndXFidWords, first.body)?.fid
    const level = first && words(Smb1LockingWords, first.body)?.newOplockLevel
    transaction.detail = {
      kind: 'break',
      from: undefined,
      to: level ?? 0,
      isLease: false,
      key: undefined,
      needsAnswer: true,
    }
    if (fid !== undefined) {
      const open = this.#owner.knownOpen([fid, 0, 0, SMB1_FILE])
      transaction.open = open
      transaction.session ??= open?.tree?.session
      transaction.tree ??= open?.tree
      transaction.path = asInferred(open?.path)
      const needsAnswer = allowsWriting(open?.caching)
      transaction.detail = { ...transaction.detail, needsAnswer }
    }
    this.#owner.breaks(transaction)
    this.#parts.push({ transaction, isRequest: false, chainIndex: 0 })
  }

  #new(header: Smb1Header, command: number): TransactionRecord {
    const transaction = this.#owner.newTransaction('smb1', command, nameOf(command), header.mid, 0)
    transaction.pendingKey = pendingKey(header)
    if (header.uid !== 0 && header.uid !== NONE) transaction.session = this.#owner.session(header.uid, 0)
    if (header.tid !== 0 && header.tid !== NONE && transaction.session !== undefined)
      transaction.tree = this.#owner.tree(transaction.session, header.tid)
    return transaction
  }

  #succeeded(transaction: TransactionRecord, header: Smb1Header, body: Smb1Body): void {
    const { command, session } = transaction
    switch (command) {
      case Smb1Command.NEGOTIATE:
        this.#negotiated(transaction, body)
        break
      case Smb1Command.SESSION_SETUP_ANDX:
        this.#loggedOn(transaction, header, body)
        break
      case Smb1Command.LOGOFF_ANDX:
        if (session !== undefined) this.#owner.loggedOff(session)
        break
      case Smb1Command.TREE_CONNECT:
      case Smb1Command.TREE_CONNECT_ANDX:
        this.#connected(transaction, header, body)
        break
      case Smb1Command.TREE_DISCONNECT:
        if (transaction.tree !== undefined) this.#owner.disconnected(transaction.tree)
        break
      case Smb1Command.NT_CREATE_ANDX: {
        const found = words(Smb1NtCreateResponseWords, body)
        if (found === undefined) break
        const { fid, fileAttributes, createAction: action, endOfFile: size, oplockLevel: grantedOplock } = found
        if (transaction.detail.kind === 'create')
          transaction.detail = { ...transaction.detail, grantedOplock, action, size }
        this.#opened(transaction, fid, found.isDirectory !== 0 || (fileAttributes & FileAttributes.DIRECTORY) !== 0)
        break
      }
      case Smb1Command.OPEN_ANDX:
        this.#opened(transaction, words(Smb1OpenAndXResponseWords, body)?.fid, false)
        break
      case Smb1Command.OPEN:
      case Smb1Command.CREATE:
      case Smb1Command.CREATE_NEW:
        this.#opened(transaction, words(Smb1FidWords, body)?.fid, false)
        break
      case Smb1Command.LOCKING_ANDX:
        this.#owner.locked(transaction)
        break
      case Smb1Command.CLOSE:
        if (transaction.open !== undefined) this.#owner.closed(transaction.open, transaction)
        break
      case Smb1Command.READ_ANDX: {
        const found = words(Smb1ReadAndXResponseWords, body)
        if (found !== undefined) transaction.dataBytes = found.dataLengthHigh * 0x1_0000 + found.dataLength
        break
      }
      case Smb1Command.WRITE_ANDX: {
        const found = words(Smb1WriteAndXResponseWords, body)
        if (found !== undefined) transaction.dataBytes = found.countHigh * 0x1_0000 + found.count
        break
      }
      case Smb1Command.TRANSACTION2:
        renamed(transaction)
        break
      case Smb1Command.TRANSACTION:
        transaction.dataBytes = words(Smb1TransactionResponseWords, body)?.totalDataCount ?? 0
        break
      default:
    }
  }

  /** MS-CIFS 2.2.4.52.2, MS-SMB 2.2.4.5.2: both forms begin alike. */
  #negotiated(transaction: TransactionRecord, { view, at, end }: Smb1Body): void {
    const response = fixedPart(Smb1NegotiateExtendedResponse, view, at, end)
    this.#owner.speaks(said('NT1', this.#owner.frame))
    if (transaction.detail.kind !== 'negotiate') return
    // All forms have the index of the dialect behind the number of words; 0xffff is none.
    const index = at + 3 <= end ? view.getUint16(at + 1, true) : NO_DIALECT
    if (index !== NO_DIALECT) transaction.detail = { ...transaction.detail, chosen: index }
    if (response === undefined) return
    const serverTimeNs = this.#owner.sinceStartNs(response.systemTime)
    transaction.detail = { ...transaction.detail, serverSecurityMode: response.securityMode, serverTimeNs }
  }

  #loggedOn(transaction: TransactionRecord, header: Smb1Header, { view, at, end }: Smb1Body): void {
    if (header.uid === 0) return
    const session = this.#owner.session(header.uid, 0)
    transaction.session = session
    const logon = this.#owner.logons.get(transaction)
    if (logon !== undefined) this.#owner.logsOn(session, logon, transaction.request?.last.frame ?? this.#owner.frame)
    this.#owner.logons.delete(transaction)
    const response = fixedPart(Smb1SessionSetupResponse.oem, view, at, end)
    if (header.status === NtStatus.SUCCESS && response !== undefined)
      session.isGuest = (response.action & Smb1SetupAction.GUEST) !== 0
  }

  #connected(transaction: TransactionRecord, header: Smb1Header, body: Smb1Body): void {
    if (header.uid === 0 || header.tid === NONE) return
    transaction.session ??= this.#owner.session(header.uid, 0)
    const tree = this.#owner.newTree(transaction.session, header.tid)
    transaction.tree = tree
    const { detail } = transaction
    if (detail.kind === 'tree-connect')
      tree.path = said(detail.path, transaction.request?.last.frame ?? this.#owner.frame)
    const declared = body.isUnicode ? Smb1TreeConnectResponse.unicode : Smb1TreeConnectResponse.oem
    const service = decoded(declared, body.view, body.at, body.end, body.origin)?.service
    const kind = service === undefined ? undefined : kinds[service]
    if (kind !== undefined) tree.kind = said(kind, this.#owner.frame)
  }

  #opened(transaction: TransactionRecord, fid: number | undefined, isDirectory: boolean): void {
    if (fid === undefined || transaction.session === undefined) return
    const open = new OpenRecord(transaction.tree, [fid, 0, 0, SMB1_FILE], false)
    open.openedBy = transaction
    open.path = asInferred(transaction.path)
    open.isDirectory = inferred(isDirectory, this.#owner.frame)
    this.#owner.created(transaction, open)
  }
}

/** A listing tells in its answer's parameters how much it has found; the first request of one names the folder. */
function countEntries(transaction: TransactionRecord, body: Smb1Body): void {
  const { detail, command } = transaction
  if (detail.kind !== 'query-directory' || command !== Smb1Command.TRANSACTION2) return
  const entries = entriesIn(body, transaction.path !== undefined)
  if (entries !== undefined) transaction.detail = { ...detail, entries }
}

const transactions: ReadonlySet<number> = new Set([Smb1Command.TRANSACTION, Smb1Command.TRANSACTION2])

/** Answers to transactions may come in several messages. MS-CIFS 3.2.5.1.4. */
function hasMore(command: number, body: Smb1Body): boolean {
  const isNt = command === Smb1Command.NT_TRANSACT
  if (!isNt && !transactions.has(command)) return false
  const found = isNt ? words(Smb1NtTransactResponseWords, body) : words(Smb1TransactionResponseWords, body)
  if (found === undefined) return false
  const { totalParameterCount, parameterDisplacement, parameterCount } = found
  const { totalDataCount, dataDisplacement, dataCount } = found
  return parameterDisplacement + parameterCount < totalParameterCount || dataDisplacement + dataCount < totalDataCount
}

/** MS-CIFS 2.2.4.55.1. */
const kinds: Readonly<Record<string, 'disk' | 'pipe' | 'print'>> = { 'A:': 'disk', IPC: 'pipe', 'LPT1:': 'print' }
/** In the fourth word of a file's id: it is a number of SMB1. */
const SMB1_FILE = 1
/** DOS errors have a class in their lowest byte; statuses of NT have none of severity below. MS-CIFS 2.2.2.4. */
const isSuccess = (status: number): boolean => status === 0 || status === NtStatus.MORE_PROCESSING_REQUIRED
/** Requests are told apart by MID and PID (MS-CIFS 3.2.4.1.6); with a bit that no message id of SMB2 reaches. */
const pendingKey = ({ pidLow }: Smb1Header): number => (0x8000_0000 | pidLow) >>> 0

interface Command {
  readonly command: number
  readonly body: Smb1Body
}

/** The commands of a message, as far as they are there and lie behind each other. MS-CIFS 2.2.3.4. */
function chainOf(first: number, body: Smb1Body): Command[] {
  const chain: Command[] = []
  let command = first
  let at = body.at
  while (at < body.end && chain.length < maxChain) {
    const here = { ...body, at }
    chain.push({ command, body: here })
    const next = chainable.has(command) ? words(Smb1AndXWords, here) : undefined
    if (next === undefined || next.andXCommand === NO_ANDX_COMMAND) break
    const nextAt = body.origin + next.andXOffset
    if (nextAt <= at) break
    command = next.andXCommand
    at = nextAt
  }
  return chain
}
