import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import {
  ChangeNotifyRequest,
  CloseRequest,
  Command,
  CreateOptions,
  CreateResponse,
  commandName,
  FlushRequest,
  HeaderFlags,
  IoctlRequest,
  isSuccessResponse,
  LockRequest,
  NegotiateResponse,
  OplockBreakAcknowledgment,
  QueryDirectoryRequest,
  QueryInfoRequest,
  ReadRequest,
  ReadResponse,
  SessionFlags,
  SessionSetupRequest,
  SessionSetupResponse,
  SetInfoRequest,
  ShareType,
  SMB2_HEADER_SIZE,
  Smb2Header,
  TreeConnectResponse,
  WriteRequest,
  WriteResponse,
} from '../../wire/smb2/index.ts'
import type { ConnectionKeys } from '../keys/connection-keys.ts'
import type { MessageSpot, SignatureState } from '../model.ts'
import { allowsWriting } from './caching.ts'
import { decoded, fixedPart, offsetOf } from './layout.ts'
import { readKerberosRefusal, readLogonToken } from './logon.ts'
import type { Place } from './message-scanner.ts'
import {
  asInferred,
  inferred,
  OpenRecord,
  renamed,
  type SessionRecord,
  said,
  type TransactionRecord,
  type TreeRecord,
} from './records.ts'
import type { SmbConversation } from './smb-conversation.ts'
import { answeredDetail, type BodyPlace, breakDetail, requestDetail } from './smb2-details.ts'

const at = {
  creditCharge: offsetOf(Smb2Header, 'creditCharge'),
  status: offsetOf(Smb2Header, 'status'),
  command: offsetOf(Smb2Header, 'command'),
  credits: offsetOf(Smb2Header, 'credits'),
  flags: offsetOf(Smb2Header, 'flags'),
  nextCommand: offsetOf(Smb2Header, 'nextCommand'),
  messageId: offsetOf(Smb2Header, 'messageId'),
  treeId: offsetOf(Smb2Header, 'treeId'),
  sessionId: offsetOf(Smb2Header, 'sessionId'),
} as const

/** Where requests have the file id, bytes from the body's start. */
const fileIdAt = new Map<number, number>(
  (
    [
      [Command.CLOSE, CloseRequest],
      [Command.FLUSH, FlushRequest],
      [Command.READ, ReadRequest],
      [Command.WRITE, WriteRequest],
      [Command.LOCK, LockRequest],
      [Command.IOCTL, IoctlRequest],
      [Command.QUERY_DIRECTORY, QueryDirectoryRequest],
      [Command.CHANGE_NOTIFY, ChangeNotifyRequest],
      [Command.QUERY_INFO, QueryInfoRequest],
      [Command.SET_INFO, SetInfoRequest],
    ] as const
  ).map(([command, declared]) => [command, offsetOf(declared, 'fileId')]),
)
const oplockFileIdAt = offsetOf(OplockBreakAcknowledgment, 'fileId')
const createFileIdAt = offsetOf(CreateResponse, 'fileId')
const readLengthAt = offsetOf(ReadResponse, 'dataLength')

const ALL_ONES = 0xffff_ffff
/** A message that has no request: what a server tells of its own accord. MS-SMB2 2.2.23. */
const isUnasked = (low: number, high: number): boolean => low === ALL_ONES && high === ALL_ONES
/** Heads of messages are read up to this; what is behind it is looked at by nobody. */
const maxHeadBytes = 64 * 1024

/** One message of a chain, between its head and its last byte. */
interface Part {
  readonly transaction: TransactionRecord
  readonly isRequest: boolean
  readonly isInterim: boolean
  readonly chainIndex: number
}

/** What is signed where nothing else is: TREE_CONNECT of 3.1.1, and questions after the negotiation. MS-SMB2 3.2.5.5, 3.2.4.1.1. */
const ALWAYS_SIGNED: ReadonlySet<number> = new Set([Command.SESSION_SETUP, Command.TREE_CONNECT, Command.IOCTL])

/** Reads the SMB2 messages of a conversation, and finds out what they belong to. */
export class Smb2Reader {
  readonly #owner: SmbConversation
  readonly #parts: Part[] = []
  /** The chain that is being read: related requests mean what the one before them meant. MS-SMB2 3.3.5.2.7.2. */
  #chainSession: SessionRecord | undefined
  #chainTree: TreeRecord | undefined
  #chainOpen: OpenRecord | undefined
  #chainCreate: TransactionRecord | undefined

  constructor(owner: SmbConversation) {
    this.#owner = owner
  }

  /** How much of a message has to be in one piece: its data are not needed. */
  wanted(view: DataView, start: number, have: number, left: number): number {
    if (have < SMB2_HEADER_SIZE) return SMB2_HEADER_SIZE
    const next = view.getUint32(start + at.nextCommand, true)
    const length = next >= SMB2_HEADER_SIZE && next < left ? next : left
    const command = view.getUint16(start + at.command, true)
    const isResponse = (view.getUint32(start + at.flags, true) & HeaderFlags.SERVER_TO_REDIR) !== 0
    if (command === Command.READ && isResponse) return Math.min(length, SMB2_HEADER_SIZE + ReadResponse.size)
    if (command === Command.WRITE && !isResponse) return Math.min(length, SMB2_HEADER_SIZE + WriteRequest.size)
    return Math.min(length, maxHeadBytes)
  }

  /** The head of a message at `start`. Returns the length of the message in its chain. */
  part(view: DataView, start: number, have: number, left: number): number {
    if (have < SMB2_HEADER_SIZE) return left
    const next = view.getUint32(start + at.nextCommand, true)
    const length = next >= SMB2_HEADER_SIZE && next < left ? next : left
    const body: BodyPlace = {
      view,
      at: start + SMB2_HEADER_SIZE,
      end: start + Math.min(have, length),
      origin: start,
    }
    const isResponse = (view.getUint32(start + at.flags, true) & HeaderFlags.SERVER_TO_REDIR) !== 0
    this.#owner.sendsAs(isResponse ? 'server' : 'client')
    if (isResponse) this.#answer(view, start, body)
    else this.#request(view, start, body)
    return length
  }

  /** The answer to a session setup was read last: whose key opens the ticket that it is about. */
  triedTicket(ticketKeyOf: string | undefined): void {
    const transaction = this.#parts.at(-1)?.transaction
    if (ticketKeyOf !== undefined && transaction?.detail.kind === 'session-setup')
      transaction.detail = { ...transaction.detail, ticketKeyOf }
  }

  /** Computes the signature of the part that was read last again: it is whole. */
  check(bytes: Uint8Array, keys: ConnectionKeys): void {
    const last = this.#parts.at(-1)
    if (last === undefined || last.isInterim) return
    const { transaction, isRequest } = last
    const state = isRequest ? transaction.requestSignature : transaction.responseSignature
    if (state !== 'unchecked' || transaction.session === undefined) return
    const isRight = keys.verify(transaction.session.id, bytes)
    if (isRight === undefined) return
    transaction[isRequest ? 'requestSignature' : 'responseSignature'] = isRight ? 'right' : 'wrong'
  }

  /** The message, with all of its chain, ends. */
  message(first: Place, last: Place, length: number): void {
    const begin = { frame: first.frame, timeNs: first.timeNs }
    const end = first.frame === last.frame ? begin : { frame: last.frame, timeNs: last.timeNs }
    for (const { transaction, isRequest, isInterim, chainIndex } of this.#parts) {
      const spot: MessageSpot = { first: begin, last: end, length, chainIndex }
      if (isRequest) {
        transaction.request = spot
        this.#owner.sent(transaction)
      } else if (isInterim) this.#owner.parked(transaction, spot)
      else {
        transaction.response = spot
        this.#owner.answered(transaction)
      }
    }
    this.#parts.length = 0
    this.#chainSession = undefined
    this.#chainTree = undefined
    this.#chainOpen = undefined
    this.#chainCreate = undefined
  }

  #add(transaction: TransactionRecord, isRequest: boolean, isInterim: boolean): void {
    this.#parts.push({ transaction, isRequest, isInterim, chainIndex: this.#parts.length })
  }

  #request(view: DataView, start: number, body: BodyPlace): void {
    const command = view.getUint16(start + at.command, true)
    const flags = view.getUint32(start + at.flags, true)
    const low = view.getUint32(start + at.messageId, true)
    const high = view.getUint32(start + at.messageId + 4, true)
    const transaction = this.#owner.newTransaction('smb2', command, commandName(command), low, high)
    transaction.requestSignature = signatureIn(flags)
    transaction.creditCharge = view.getUint16(start + at.creditCharge, true)
    transaction.creditsRequested = view.getUint16(start + at.credits, true)
    const isRelated = (flags & HeaderFlags.RELATED_OPERATIONS) !== 0
    const session = this.#sessionOf(view, start, isRelated)
    if (session !== undefined && (flags & HeaderFlags.SIGNED) !== 0 && !ALWAYS_SIGNED.has(command))
      session.isSigned = true
    transaction.session = session
    transaction.tree = this.#treeOf(view, start, flags, session, isRelated)
    transaction.detail = requestDetail(command, body)
    const { detail } = transaction
    if (detail.kind === 'create') transaction.path = said(pathInShare(detail.name, flags), this.#owner.frame)
    else if (detail.kind === 'tree-connect') transaction.path = undefined
    else this.#useFile(transaction, command, body)
    if (command === Command.SESSION_SETUP) this.#readLogon(transaction, body)
    if (command === Command.OPLOCK_BREAK) this.#owner.acknowledges(transaction)
    if (command === Command.CREATE) {
      this.#chainCreate = transaction
      this.#chainOpen = undefined
    }
    this.#chainSession = session
    this.#chainTree = transaction.tree
    transaction.isUnanswered = command === Command.CANCEL
    if (!transaction.isUnanswered) this.#owner.await(transaction)
    this.#add(transaction, true, false)
  }

  #sessionOf(view: DataView, start: number, isRelated: boolean): SessionRecord | undefined {
    const low = view.getUint32(start + at.sessionId, true)
    const high = view.getUint32(start + at.sessionId + 4, true)
    if (low === 0 && high === 0) return undefined
    if (isRelated && low === ALL_ONES && high === ALL_ONES) return this.#chainSession
    return this.#owner.session(low, high)
  }

  #treeOf(
    view: DataView,
    start: number,
    flags: number,
    session: SessionRecord | undefined,
    isRelated: boolean,
  ): TreeRecord | undefined {
    if (session === undefined || (flags & HeaderFlags.ASYNC_COMMAND) !== 0) return undefined
    const id = view.getUint32(start + at.treeId, true)
    if (isRelated && id === ALL_ONES) return this.#chainTree
    return id === 0 && !session.group.trees.has(id) ? undefined : this.#owner.tree(session, id)
  }

  /** The file that a request names by its id, or by the one before it in its chain. */
  #useFile(transaction: TransactionRecord, command: number, body: BodyPlace): void {
    const offset =
      fileIdAt.get(command) ??
      (transaction.detail.kind === 'break' && !transaction.detail.isLease ? oplockFileIdAt : undefined)
    if (offset === undefined || body.at + offset + 16 > body.end || transaction.session === undefined) return
    const { view } = body
    const place = body.at + offset
    const a = view.getUint32(place, true)
    const b = view.getUint32(place + 4, true)
    const c = view.getUint32(place + 8, true)
    const d = view.getUint32(place + 12, true)
    if (a === ALL_ONES && b === ALL_ONES && c === ALL_ONES && d === ALL_ONES) {
      transaction.open = this.#chainOpen
      if (this.#chainOpen !== undefined) transaction.path = asInferred(this.#chainOpen.path)
      else if (this.#chainCreate !== undefined) {
        transaction.openOf = this.#chainCreate
        transaction.path = asInferred(this.#chainCreate.path)
      }
      return
    }
    const open = this.#owner.open(transaction.session, transaction.tree, [a, b, c, d])
    transaction.open = open
    transaction.tree ??= open.tree
    transaction.path = open.path
    this.#chainOpen = open
    this.#chainCreate = undefined
  }

  #readLogon(transaction: TransactionRecord, body: BodyPlace): void {
    const token = decoded(SessionSetupRequest, body.view, body.at, body.end, body.origin)?.securityBuffer
    if (token === undefined || token.length === 0 || transaction.detail.kind !== 'session-setup') return
    const found = readLogonToken(token)
    transaction.detail = { ...transaction.detail, offered: found.offered, mechanism: found.mechanism }
    if (transaction.session !== undefined) this.#owner.logsOn(transaction.session, found, this.#owner.frame)
    else this.#owner.logons.set(transaction, found)
  }

  #answer(view: DataView, start: number, body: BodyPlace): void {
    const low = view.getUint32(start + at.messageId, true)
    const high = view.getUint32(start + at.messageId + 4, true)
    const command = view.getUint16(start + at.command, true)
    const status = view.getUint32(start + at.status, true)
    const credits = view.getUint16(start + at.credits, true)
    if (isUnasked(low, high)) return this.#unasked(view, start, command, status, body)
    let transaction = this.#owner.awaited(low, high)
    if (transaction === undefined && command === Command.NEGOTIATE) transaction = this.#owner.smb1Negotiate()
    else if (transaction?.command !== command) transaction = undefined
    if (transaction === undefined) {
      // The request was not captured, or what waits under this number is of another time.
      this.#owner.record.answersAlone++
      transaction = this.#owner.newTransaction('smb2', command, commandName(command), low, high)
      transaction.session = this.#sessionOf(view, start, false)
      transaction.tree = this.#treeOf(view, start, view.getUint32(start + at.flags, true), transaction.session, false)
    }
    transaction.creditsGranted += credits
    this.#owner.grants(credits, command)
    const isInterim = status === NtStatus.PENDING
    if (isInterim) this.#owner.await(transaction)
    else {
      transaction.status = status
      transaction.responseSignature = signatureIn(view.getUint32(start + at.flags, true))
      this.#takeSession(transaction, view, start, status)
      if (command === Command.SESSION_SETUP && status !== NtStatus.SUCCESS) readRefusal(transaction, body)
      if (isSuccessResponse(command, status)) this.#succeeded(transaction, status, view, start, body)
    }
    transaction.open ??= transaction.openOf?.open
    this.#add(transaction, false, isInterim)
  }

  /** A logon gets its session's id with the first answer. MS-SMB2 3.3.5.5. */
  #takeSession(transaction: TransactionRecord, view: DataView, start: number, status: number): void {
    if (transaction.command !== Command.SESSION_SETUP) return
    transaction.session ??= this.#sessionOf(view, start, false)
    const { session } = transaction
    const logon = this.#owner.logons.get(transaction)
    if (logon === undefined) return
    if (session !== undefined) this.#owner.logsOn(session, logon, transaction.request?.last.frame ?? this.#owner.frame)
    if (status !== NtStatus.MORE_PROCESSING_REQUIRED || session !== undefined) this.#owner.logons.delete(transaction)
  }

  #unasked(view: DataView, start: number, command: number, status: number, body: BodyPlace): void {
    const transaction = this.#owner.newTransaction('smb2', command, commandName(command), ALL_ONES, ALL_ONES)
    transaction.status = status
    if (command === Command.OPLOCK_BREAK) transaction.detail = breakDetail(body)
    transaction.session = this.#sessionOf(view, start, false)
    const { detail } = transaction
    if (detail.kind === 'break' && !detail.isLease) {
      const place = body.at + oplockFileIdAt
      const word = (index: number): number => body.view.getUint32(place + index * 4, true)
      const open = this.#owner.knownOpen([word(0), word(1), word(2), word(3)])
      transaction.open = open
      transaction.path = asInferred(open?.path)
      transaction.tree = open?.tree
      transaction.detail = { ...detail, needsAnswer: allowsWriting(open?.caching) }
    }
    this.#owner.breaks(transaction)
    this.#add(transaction, false, false)
  }

  #succeeded(transaction: TransactionRecord, status: number, view: DataView, start: number, body: BodyPlace): void {
    const { frame } = this.#owner
    transaction.detail = answeredDetail(transaction.detail, body, this.#owner.originNs)
    // A negotiation that began with SMB1 has that command's number.
    switch (view.getUint16(start + at.command, true)) {
      case Command.NEGOTIATE: {
        const response = fixedPart(NegotiateResponse, body.view, body.at, body.end)
        if (response !== undefined) this.#owner.speaks(said(response.dialectRevision, frame))
        break
      }
      case Command.SESSION_SETUP: {
        const response = fixedPart(SessionSetupResponse, body.view, body.at, body.end)
        if (response === undefined || transaction.session === undefined || status !== NtStatus.SUCCESS) break
        transaction.session.isGuest = (response.sessionFlags & SessionFlags.IS_GUEST) !== 0
        if ((response.sessionFlags & SessionFlags.ENCRYPT_DATA) !== 0) transaction.session.isSealed = true
        break
      }
      case Command.LOGOFF:
        if (transaction.session !== undefined) this.#owner.loggedOff(transaction.session)
        break
      case Command.TREE_CONNECT:
        this.#connected(transaction, view, start, body)
        break
      case Command.TREE_DISCONNECT:
        if (transaction.tree !== undefined) this.#owner.disconnected(transaction.tree)
        break
      case Command.CREATE:
        this.#opened(transaction, body)
        break
      case Command.CLOSE:
        if (transaction.open !== undefined) this.#owner.closed(transaction.open, transaction)
        break
      case Command.READ:
        if (body.at + readLengthAt + 4 <= body.end)
          transaction.dataBytes = body.view.getUint32(body.at + readLengthAt, true)
        break
      case Command.WRITE:
        transaction.dataBytes = fixedPart(WriteResponse, body.view, body.at, body.end)?.count ?? 0
        break
      case Command.LOCK:
        this.#owner.locked(transaction)
        break
      case Command.OPLOCK_BREAK:
        this.#owner.acknowledged(transaction)
        break
      case Command.SET_INFO:
        renamed(transaction)
        break
      default:
    }
  }

  #connected(transaction: TransactionRecord, view: DataView, start: number, body: BodyPlace): void {
    const { session, detail } = transaction
    if (session === undefined) return
    const tree = this.#owner.newTree(session, view.getUint32(start + at.treeId, true))
    transaction.tree = tree
    if (detail.kind === 'tree-connect')
      tree.path = said(detail.path, transaction.request?.last.frame ?? this.#owner.frame)
    const shareType = fixedPart(TreeConnectResponse, body.view, body.at, body.end)?.shareType
    const kind = shareType === undefined ? undefined : shareKinds[shareType]
    if (kind !== undefined) tree.kind = said(kind, this.#owner.frame)
  }

  #opened(transaction: TransactionRecord, body: BodyPlace): void {
    const { session, detail } = transaction
    const response = fixedPart(CreateResponse, body.view, body.at, body.end)
    if (response === undefined || session === undefined) return
    const place = body.at + createFileIdAt
    const word = (index: number): number => body.view.getUint32(place + index * 4, true)
    const open = new OpenRecord(transaction.tree, [word(0), word(1), word(2), word(3)])
    open.openedBy = transaction
    open.path = asInferred(transaction.path)
    const isDirectory =
      (response.fileAttributes & FileAttributes.DIRECTORY) !== 0 ||
      (detail.kind === 'create' && (detail.options & CreateOptions.DIRECTORY_FILE) !== 0)
    open.isDirectory = inferred(isDirectory, this.#owner.frame)
    this.#owner.created(transaction, open)
  }
}

/** Servers that refuse a ticket may say why, beside the status. MS-SMB2 3.3.5.5.3. */
function readRefusal(transaction: TransactionRecord, body: BodyPlace): void {
  const token = decoded(SessionSetupResponse, body.view, body.at, body.end, body.origin)?.securityBuffer
  const refusal = token === undefined || token.length === 0 ? undefined : readKerberosRefusal(token)
  if (refusal !== undefined && transaction.detail.kind === 'session-setup')
    transaction.detail = { ...transaction.detail, ...refusal }
}

const signatureIn = (flags: number): SignatureState => ((flags & HeaderFlags.SIGNED) === 0 ? 'none' : 'unchecked')

const shareKinds: Readonly<Record<number, 'disk' | 'pipe' | 'print'>> = {
  [ShareType.DISK]: 'disk',
  [ShareType.PIPE]: 'pipe',
  [ShareType.PRINT]: 'print',
}

/** A name with SMB2_FLAGS_DFS_OPERATIONS begins with server and share (MS-SMB2 3.3.5.9, MS-DFSC 2.2.1.3). */
function pathInShare(name: string, flags: number): string {
  if ((flags & HeaderFlags.DFS_OPERATIONS) === 0) return name
  return name.replace(/^\\+/, '').split('\\').slice(2).join('\\')
}
