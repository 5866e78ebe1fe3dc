import type {
  Conversation,
  Detail,
  Endpoint,
  Fact,
  FrameSpot,
  Holder,
  KerberosExchange,
  MessageSpot,
  Open,
  Session,
  SignatureState,
  TcpDirection,
  Transaction,
  TransactionTime,
  Tree,
  Unseen,
} from '../model.ts'
import type { CachingRecord } from './caching.ts'
import { IdMap } from './id-map.ts'
import type { SharedFile } from './shared-files.ts'

/** What a conversation is carried by: a TCP connection of a capture, or one in process. */
export interface Carrier {
  readonly stream: number
  readonly client: Endpoint
  readonly server: Endpoint
  readonly fromClient: TcpDirection
  readonly fromServer: TcpDirection
  readonly hasBeginning: boolean
  readonly roundTripNs: number | undefined
  readonly firstFrame: number
  readonly firstNs: number
  readonly lastFrame: number
  readonly lastNs: number
  readonly isFirstClient: boolean
  readonly end:
    | { readonly byFirst: boolean; readonly how: 'fin' | 'reset'; readonly frame: number; readonly timeNs: number }
    | undefined
}

/** Something that a packet says. */
export const said = <T>(value: T, frame: number): Fact<T> => ({ value, frame, isInferred: false })
/** Something that follows from another packet, which says it in `frame`. */
export const inferred = <T>(value: T, frame: number): Fact<T> => ({ value, frame, isInferred: true })

/** What a packet says, known of another one. */
export const asInferred = <T>(fact: Fact<T> | undefined): Fact<T> | undefined =>
  fact === undefined || fact.isInferred ? fact : { ...fact, isInferred: true }

export class ConversationRecord implements Conversation {
  readonly #carrier: Carrier
  protocol: Conversation['protocol']
  dialect: Fact<number | 'NT1'> | undefined
  readonly sessions: SessionRecord[] = []
  lostPlaces = 0
  lostAt: FrameSpot | undefined
  cutMessages = 0
  answersAlone = 0

  constructor(carrier: Carrier, protocol: Conversation['protocol']) {
    this.#carrier = carrier
    this.protocol = protocol
  }

  get stream(): number {
    return this.#carrier.stream
  }
  get client(): Endpoint {
    return this.#carrier.client
  }
  get server(): Endpoint {
    return this.#carrier.server
  }
  get first(): FrameSpot {
    return { frame: this.#carrier.firstFrame, timeNs: this.#carrier.firstNs }
  }
  get last(): FrameSpot {
    return { frame: this.#carrier.lastFrame, timeNs: this.#carrier.lastNs }
  }
  get hasBeginning(): boolean {
    return this.#carrier.hasBeginning
  }
  get fromClient(): TcpDirection {
    return this.#carrier.fromClient
  }
  get fromServer(): TcpDirection {
    return this.#carrier.fromServer
  }
  get roundTripNs(): number | undefined {
    return this.#carrier.roundTripNs
  }
  get unseen(): Unseen {
    const { fromClient, fromServer } = this.#carrier
    const isSilent = ({ segments }: TcpDirection, other: TcpDirection): boolean => segments === 0 && other.bytes > 0
    const end = isSilent(fromServer, fromClient) ? 'server' : isSilent(fromClient, fromServer) ? 'client' : undefined
    const { lostPlaces, lostAt, cutMessages, answersAlone } = this
    return { end, lostPlaces, lostAt, cutMessages, answersAlone }
  }
  get end(): Conversation['end'] {
    const { end, isFirstClient } = this.#carrier
    if (end === undefined) return undefined
    const by = end.byFirst === isFirstClient ? 'client' : 'server'
    return { by, how: end.how, at: { frame: end.frame, timeNs: end.timeNs } }
  }
}

/** What the channels of a session share. */
export class SessionGroup {
  readonly trees = new Map<number, TreeRecord>()
  readonly opens = new IdMap<OpenRecord>()
  /** The channel on which the session was first seen. */
  first: SessionRecord | undefined
  channels = 0
}

export class SessionRecord implements Session {
  readonly conversation: ConversationRecord
  readonly group: SessionGroup
  readonly low: number
  readonly high: number
  readonly first: FrameSpot
  user: Fact<string> | undefined
  domain: Fact<string> | undefined
  workstation: Fact<string> | undefined
  mechanism: Session['mechanism']
  serviceName: Fact<string> | undefined
  ticket: KerberosExchange | undefined
  isGuest = false
  isSigned = false
  isSealed = false
  isOpaque = false

  constructor(conversation: ConversationRecord, group: SessionGroup, low: number, high: number, first: FrameSpot) {
    this.conversation = conversation
    this.group = group
    this.low = low
    this.high = high
    this.first = first
    group.first ??= this
    group.channels++
  }

  get id(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low)
  }
  get trees(): readonly Tree[] {
    return [...this.group.trees.values()]
  }
}

export class TreeRecord implements Tree {
  readonly session: SessionRecord
  readonly id: number
  path: Fact<string> | undefined
  kind: Tree['kind']

  constructor(session: SessionRecord, id: number) {
    this.session = session
    this.id = id
  }
}

export class OpenRecord implements Open {
  readonly tree: TreeRecord | undefined
  /** As four words, in their order on the wire; SMB1 has one. */
  readonly words: readonly [number, number, number, number]
  readonly #hasLongId: boolean
  path: Fact<string> | undefined
  isDirectory: Fact<boolean> | undefined
  openedBy: TransactionRecord | undefined
  closedBy: TransactionRecord | undefined
  caching: CachingRecord | undefined
  /** Where all opens of its file are known together. */
  file: SharedFile | undefined
  locks: (NonNullable<Holder['lock']> & { readonly frame: number })[] | undefined
  /** Of a file that is cached: reads that were asked for, those without an answer, and where the last one ends. */
  reads = 0
  readsUnderWay = 0
  readEnd = -1

  constructor(tree: TreeRecord | undefined, words: readonly [number, number, number, number], hasLongId = true) {
    this.tree = tree
    this.words = words
    this.#hasLongId = hasLongId
  }

  get id(): string {
    if (!this.#hasLongId) return this.words[0].toString(16).padStart(4, '0')
    return this.words.map((word) => swapped(word).toString(16).padStart(8, '0')).join('')
  }
}

/** A little-endian word with its bytes in their order on the wire. */
const swapped = (word: number): number =>
  ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0

const otherDetail: Detail = { kind: 'other' }
const nobody: readonly Holder[] = []
const noTime: TransactionTime = {
  responseNs: undefined,
  serverNs: undefined,
  transferNs: undefined,
  idleBeforeNs: 0,
  creditWaitNs: undefined,
  retransmissions: 0,
  zeroWindows: 0,
}

export class TransactionRecord implements Transaction {
  readonly id: number
  readonly conversation: ConversationRecord
  session: SessionRecord | undefined
  tree: TreeRecord | undefined
  open: OpenRecord | undefined
  readonly protocol: 'smb2' | 'smb1'
  readonly command: number
  commandName: string
  readonly messageLow: number
  readonly messageHigh: number
  path: Fact<string> | undefined
  request: MessageSpot | undefined
  interim: MessageSpot | undefined
  response: MessageSpot | undefined
  status: number | undefined
  creditCharge = 0
  creditsRequested = 0
  creditsGranted = 0
  depth = 0
  creditsLeft: number | undefined
  time: TransactionTime = noTime
  dataBytes = 0
  requestSignature: SignatureState | undefined
  responseSignature: SignatureState | undefined
  caching: CachingRecord | undefined
  cacheUse: Transaction['cacheUse']
  heldBy: readonly Holder[] = nobody
  detail: Detail = otherDetail
  /** The upper half of what it waits under for its answer. */
  pendingKey: number
  /** It has no answer. */
  isUnanswered = false
  /** SMB1: where the first message of an answer began that comes in several. */
  answerBegins: FrameSpot | undefined
  /** SMB1: the commands of its message, of which it is the first. */
  chain: readonly TransactionRecord[] | undefined
  /** The CREATE of the same chain, whose file this request means. */
  openOf: TransactionRecord | undefined
  idleBeforeNs = 0
  creditWaitNs: number | undefined
  /** What the connection had counted when the request was sent. */
  retransmissionsBefore = 0
  zeroWindowsBefore = 0

  constructor(
    id: number,
    conversation: ConversationRecord,
    protocol: 'smb2' | 'smb1',
    command: number,
    commandName: string,
    messageLow: number,
    messageHigh: number,
  ) {
    this.id = id
    this.conversation = conversation
    this.protocol = protocol
    this.command = command
    this.commandName = commandName
    this.messageLow = messageLow
    this.messageHigh = messageHigh
    this.pendingKey = messageHigh
  }

  get messageId(): bigint {
    return (BigInt(this.messageHigh) << 32n) | BigInt(this.messageLow)
  }
}

/** From here on the file has its new name. */
export function renamed({ detail, open, request }: TransactionRecord): void {
  if (detail.kind === 'set-info' && detail.newName !== undefined && open !== undefined)
    open.path = inferred(detail.newName, request?.last.frame ?? 0)
}
