/** Traffic that was never sent: what the engine would tell of it, for rules. */
import type {
  Conversation,
  Detail,
  Fact,
  Finding,
  Holder,
  KerberosExchange,
  Observer,
  Open,
  Rule,
  Session,
  TcpDirection,
  Transaction,
  Tree,
} from '../../src/trace/model.ts'

type Changes<T> = { -readonly [K in keyof T]?: T[K] }

const said = <T>(value: T): Fact<T> => ({ value, frame: 1, isInferred: false })

const direction: TcpDirection = {
  segments: 100,
  bytes: 10_000,
  retransmissions: 0,
  outOfOrder: 0,
  duplicateAcknowledgments: 0,
  zeroWindows: 0,
  largestWindow: 1024 * 1024,
  missingBytes: 0,
}

export const MS = 1e6
export const SECOND = 1e9

interface ConversationChanges
  extends Changes<Omit<Conversation, 'fromClient' | 'fromServer' | 'dialect' | 'client' | 'server'>> {
  readonly fromClient?: Changes<TcpDirection>
  readonly fromServer?: Changes<TcpDirection>
  readonly dialect?: number | 'NT1'
  readonly client?: string
  readonly server?: string
  readonly port?: number
  readonly lastNs?: number
}

interface SessionChanges {
  readonly user?: string
  readonly domain?: string
  readonly mechanism?: NonNullable<Session['mechanism']>['value']
  readonly isGuest?: boolean
  readonly isSigned?: boolean
  readonly isSealed?: boolean
}

interface Told extends Changes<Omit<Transaction, 'time' | 'detail' | 'path'>> {
  readonly time?: Changes<Transaction['time']>
  readonly path?: string
  /** When the request was sent; after the one before if it is not said. */
  readonly atNs?: number
  readonly tookNs?: number
  readonly unanswered?: boolean
}

/** A capture as it is told, step by step. */
export class Story {
  #frame = 0
  #nowNs = 0
  #stream = 0
  #transactions = 0
  /** All that was opened: nobody closes. */
  readonly #holders: Holder[] = []
  readonly #rule: Observer & { findings(): readonly Finding[] }

  constructor(rule: Rule) {
    this.#rule = rule.start()
  }

  connection(changes: ConversationChanges = {}): Conversation & { sessions: Session[] } {
    const {
      fromClient,
      fromServer,
      dialect = 0x0311,
      client = '10.0.0.5',
      server = '10.0.0.1',
      port = 445,
      lastNs,
      ...rest
    } = changes
    const conversation = {
      stream: this.#stream++,
      client: { address: client, port: 50_000 },
      server: { address: server, port },
      first: { frame: ++this.#frame, timeNs: this.#nowNs },
      last: { frame: 1000, timeNs: lastNs ?? 60 * SECOND },
      hasBeginning: true,
      unseen: { end: undefined, lostPlaces: 0, lostAt: undefined, cutMessages: 0, answersAlone: 0 },
      fromClient: { ...direction, ...fromClient },
      fromServer: { ...direction, ...fromServer },
      roundTripNs: 0.2 * MS,
      end: undefined,
      protocol: 'smb' as const,
      dialect: said(dialect),
      sessions: [] as Session[],
      ...rest,
    }
    this.#rule.conversationBegins?.(conversation)
    return conversation as Conversation & { sessions: Session[] }
  }

  session(conversation: Conversation & { sessions: Session[] }, changes: SessionChanges = {}): Session {
    const { user = 'anna', domain = 'CORP', mechanism = 'NTLMv2', ...rest } = changes
    const session: Session = {
      conversation,
      id: BigInt(conversation.sessions.length + 1),
      user: said(user),
      domain: said(domain),
      workstation: said('PC1'),
      mechanism: said(mechanism),
      serviceName: undefined,
      ticket: undefined,
      isGuest: false,
      isSigned: true,
      isSealed: false,
      isOpaque: false,
      trees: [],
      first: { frame: ++this.#frame, timeNs: this.#nowNs },
      ...rest,
    }
    conversation.sessions.push(session)
    return session
  }

  tree(session: Session, path = String.raw`\\srv\docs`, kind: 'disk' | 'pipe' = 'disk'): Tree {
    return { session, id: 1, path: said(path), kind: said(kind) }
  }

  /** A request of a command with its answer. */
  say(conversation: Conversation, commandName: string, detail: Detail, told: Told = {}): Transaction {
    const { time, path, atNs, tookNs = 0.5 * MS, unanswered = false, ...rest } = told
    const sentNs = atNs ?? this.#nowNs
    const request = { frame: ++this.#frame, timeNs: sentNs }
    const response = { frame: ++this.#frame, timeNs: sentNs + tookNs }
    this.#nowNs = Math.max(this.#nowNs, response.timeNs)
    const transaction: Transaction = {
      id: ++this.#transactions,
      conversation,
      session: conversation.sessions[0],
      tree: undefined,
      open: undefined,
      protocol: 'smb2',
      command: 0,
      commandName,
      messageId: BigInt(this.#transactions),
      path: path === undefined ? undefined : said(path),
      request: { first: request, last: request, length: 100, chainIndex: 0 },
      interim: undefined,
      response: unanswered ? undefined : { first: response, last: response, length: 100, chainIndex: 0 },
      status: unanswered ? undefined : 0,
      creditCharge: 1,
      creditsRequested: 1,
      creditsGranted: 1,
      depth: 1,
      creditsLeft: 8,
      time: {
        responseNs: unanswered ? undefined : tookNs,
        serverNs: unanswered ? undefined : tookNs,
        transferNs: 0,
        idleBeforeNs: 0,
        creditWaitNs: 0,
        retransmissions: 0,
        zeroWindows: 0,
        ...time,
      },
      dataBytes: 0,
      requestSignature: undefined,
      responseSignature: undefined,
      caching: undefined,
      cacheUse: undefined,
      heldBy: [],
      detail,
      ...rest,
    }
    this.#rule.transaction?.(transaction)
    return transaction
  }

  /** A CREATE of a file, and the open that comes of it. */
  open(tree: Tree, path: string, told: Told = {}, detail: Partial<Extract<Detail, { kind: 'create' }>> = {}): Open {
    const open = {
      tree,
      id: `${this.#transactions}`.padStart(32, '0'),
      path: said(path),
      isDirectory: said(false),
      openedBy: undefined as Transaction | undefined,
      closedBy: undefined,
      caching: undefined,
    }
    const create: Detail = {
      kind: 'create',
      name: path,
      desiredAccess: 0x0012_0089,
      shareAccess: 7,
      disposition: 1,
      options: 0,
      requestedOplock: 0,
      requestedLease: undefined,
      leaseKey: undefined,
      contexts: [],
      grantedOplock: 0,
      grantedLease: undefined,
      action: 1,
      size: 0n,
      ...detail,
    }
    const { session } = tree
    const { conversation } = session
    const isGranted = (told.status ?? 0) === 0
    const heldBy = isGranted ? [] : this.#holders.filter((holder) => holder.open.path?.value === path)
    const opening = this.say(conversation, 'CREATE', create, {
      ...{ session, tree, path, heldBy, ...(isGranted ? { open } : {}) },
      ...told,
    })
    open.openedBy = opening
    if (isGranted) this.#holders.push({ open, lock: undefined, frame: opening.response?.last.frame ?? 0 })
    return open
  }

  kerberos(changes: Changes<KerberosExchange> = {}): void {
    const at = { frame: ++this.#frame, timeNs: this.#nowNs }
    this.#rule.kerberos?.({
      kind: 'TGS',
      transport: 'tcp',
      client: { address: '10.0.0.5', port: 50_001 },
      kdc: { address: '10.0.0.9', port: 88 },
      request: at,
      response: { frame: ++this.#frame, timeNs: this.#nowNs },
      clientName: 'anna',
      serviceName: 'cifs/srv',
      realm: 'CORP.EXAMPLE',
      requestedEncryption: [18],
      ticketEncryption: undefined,
      errorCode: undefined,
      clockSkewNs: undefined,
      kdcTimeNs: undefined,
      askedAgain: undefined,
      usesFast: false,
      ...changes,
    })
  }

  ends(...conversations: readonly Conversation[]): void {
    for (const conversation of conversations) this.#rule.conversationEnds?.(conversation)
  }

  findings(): readonly Finding[] {
    this.#rule.end?.()
    return this.#rule.findings()
  }
}
