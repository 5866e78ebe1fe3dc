/** A frame of the capture: its number as Wireshark counts, from 1 over all files. Times count from the first frame. */
export interface FrameSpot {
  readonly frame: number
  /** Nanoseconds since the first frame of the capture. */
  readonly timeNs: number
}

/**
 * Something that is known, and from where. What was not in the packet itself, but follows from others, is inferred:
 * people see it in square brackets.
 */
export interface Fact<T> {
  readonly value: T
  /** The frame that says so. */
  readonly frame: number
  readonly isInferred: boolean
}

/** One end of a connection. */
export interface Endpoint {
  /** As text, IPv6 without brackets. */
  readonly address: string
  readonly port: number
}

/** What TCP did in one direction of a conversation. */
export interface TcpDirection {
  readonly segments: number
  /** Bytes of the stream, each once. */
  readonly bytes: number
  readonly retransmissions: number
  readonly outOfOrder: number
  readonly duplicateAcknowledgments: number
  /** Segments by which the receiver said that it can take nothing more. */
  readonly zeroWindows: number
  /** The largest window that this end told, scaled, bytes. */
  readonly largestWindow: number
  /** Bytes that the capture does not hold: lost by whoever captured, or before it began. */
  readonly missingBytes: number
}

/** What of a conversation could not be seen, beside bytes that are missing. It grows until the conversation ends. */
export interface Unseen {
  /** The end of which the capture has nothing. */
  readonly end: 'client' | 'server' | undefined
  /** How often it was not known where the next message begins; what came before it was found is passed over. */
  readonly lostPlaces: number
  /** The first time. */
  readonly lostAt: FrameSpot | undefined
  /** Messages of which the capture has not all bytes. */
  readonly cutMessages: number
  /** Answers to requests that the capture does not have. */
  readonly answersAlone: number
}

/** A TCP connection that carries SMB, or what is read beside it. */
export interface Conversation {
  /** Its number among all TCP connections of the capture, from 0: Wireshark's `tcp.stream`. */
  readonly stream: number
  readonly client: Endpoint
  readonly server: Endpoint
  readonly first: FrameSpot
  readonly last: FrameSpot
  /** False where the capture began in its middle: what came before is not known. */
  readonly hasBeginning: boolean
  readonly fromClient: TcpDirection
  readonly fromServer: TcpDirection
  /** Between SYN and its answer's acknowledgement, nanoseconds; undefined if these were not captured. */
  readonly roundTripNs: number | undefined
  /** Who ended it first, and how. */
  readonly end: { readonly by: 'client' | 'server'; readonly how: 'fin' | 'reset'; readonly at: FrameSpot } | undefined
  readonly protocol: 'smb' | 'kerberos' | 'dcerpc' | 'other'
  readonly unseen: Unseen
  /** The SMB2 dialect's number (MS-SMB2 2.2.4), or `NT1` for SMB1. */
  readonly dialect: Fact<number | 'NT1'> | undefined
  readonly sessions: readonly Session[]
}

/** How a session was logged on. */
export interface Session {
  readonly conversation: Conversation
  /** The session's id, or the UID of SMB1. */
  readonly id: bigint
  readonly user: Fact<string> | undefined
  readonly domain: Fact<string> | undefined
  readonly workstation: Fact<string> | undefined
  readonly mechanism: Fact<'NTLMv2' | 'NTLMv1' | 'LM' | 'Kerberos' | 'anonymous' | 'unknown'> | undefined
  /** Kerberos: the service that the ticket is for. */
  readonly serviceName: Fact<string> | undefined
  /** Kerberos: the exchange that gave the ticket, where it was captured. */
  readonly ticket: KerberosExchange | undefined
  readonly isGuest: boolean
  /** Requests are signed; those that are signed in every session do not count. */
  readonly isSigned: boolean
  readonly isSealed: boolean
  /** Sealed, and no key was given that opens it. */
  readonly isOpaque: boolean
  readonly trees: readonly Tree[]
  readonly first: FrameSpot
}

/** A connected share. */
export interface Tree {
  readonly session: Session
  readonly id: number
  /** `\\server\share` as it was asked for; undefined where its connecting was not captured. */
  readonly path: Fact<string> | undefined
  readonly kind: Fact<'disk' | 'pipe' | 'print'> | undefined
}

/** A file, folder or pipe that was opened. */
export interface Open {
  readonly tree: Tree | undefined
  /** 16 bytes as 32 hexadecimal digits, as they are on the wire; the FID of SMB1 as 4. */
  readonly id: string
  /** Path in the share, `\` between its parts; undefined where its opening was not captured. */
  readonly path: Fact<string> | undefined
  readonly isDirectory: Fact<boolean> | undefined
  readonly openedBy: Transaction | undefined
  readonly closedBy: Transaction | undefined
  /** What its client may keep of the file for now; undefined where it was granted nothing. */
  readonly caching: Caching | undefined
}

/** What a client may keep of a file, by an oplock or a lease. Leases are shared by the opens with their key. */
export interface Caching {
  readonly kind: 'oplock' | 'lease'
  /**
   * Bits of MS-SMB2 2.2.13.2.8: 1 read, 2 handle, 4 write. An oplock of level II is to read, an exclusive one to read and
   * to write, a batch one is all three.
   */
  readonly state: number
  /** A lease's key, a GUID. */
  readonly key: string | undefined
  /** The answer that granted it. */
  readonly frame: number
  /** How many opens have it. */
  readonly opens: number
}

/** An open, or a lock of one, that stands in the way of somebody's request. */
export interface Holder {
  readonly open: Open
  /** Bytes that it has locked; undefined where the open itself is in the way. */
  readonly lock: { readonly offset: bigint; readonly length: bigint; readonly isExclusive: boolean } | undefined
  /** The answer that opened it, or granted the lock. */
  readonly frame: number
}

/** Where a message lies in the capture. */
export interface MessageSpot {
  /** The frame with its first byte. */
  readonly first: FrameSpot
  /** The frame with its last byte: where Wireshark shows it. */
  readonly last: FrameSpot
  /** Its bytes, NetBIOS header and transform header included. */
  readonly length: number
  /** Its place among the messages of a compound chain, from 0. */
  readonly chainIndex: number
}

/** A request, its interim answer and its final one: what one command asked for and what became of it. */
export interface Transaction {
  /** In the order of requests, from 1. */
  readonly id: number
  readonly conversation: Conversation
  readonly session: Session | undefined
  readonly tree: Tree | undefined
  readonly open: Open | undefined
  readonly protocol: 'smb2' | 'smb1'
  /** MS-SMB2 2.2.1.2; MS-CIFS 2.2.2.1. */
  readonly command: number
  /** As MS-SMB2 2.2.1.2 and MS-CIFS 2.2.2.1 name it. */
  readonly commandName: string
  /** MessageId, or the MID of SMB1. */
  readonly messageId: bigint
  /** Path in the share; inferred wherever the request carries a file id. */
  readonly path: Fact<string> | undefined
  readonly request: MessageSpot | undefined
  readonly interim: MessageSpot | undefined
  readonly response: MessageSpot | undefined
  /** NTSTATUS of the final answer, unsigned; undefined without one. */
  readonly status: number | undefined
  readonly creditCharge: number
  readonly creditsRequested: number
  readonly creditsGranted: number
  /**
   * Requests of this connection that were under way when this one was sent, itself included, and those not that the
   * server had put aside with an interim answer.
   */
  readonly depth: number
  /** Credits that the client had left when this was sent; undefined where the beginning was not captured. */
  readonly creditsLeft: number | undefined
  readonly time: TransactionTime
  /** Of the request, and of its final answer; undefined where that was not captured, and for SMB1. */
  readonly requestSignature: SignatureState | undefined
  readonly responseSignature: SignatureState | undefined
  /** Bytes of file data that were moved by READ and WRITE, or by a pipe's transaction. */
  readonly dataBytes: number
  /** Of a CREATE what was granted, of a break what is broken: as it is now, not as it was then. */
  readonly caching: Caching | undefined
  /**
   * Where the client's cache is at work. `read-ahead`: asked for before the part ahead of it was there. `write-behind`:
   * what the client had kept of what was written. `cached-reads`, of a CLOSE: opened to read, and nothing was read on the
   * wire, since its content had come before under the same lease.
   */
  readonly cacheUse: 'read-ahead' | 'write-behind' | 'cached-reads' | undefined
  /** Who stood in its way, as far as it was captured: a file that is open and not shared, locks that overlap. */
  readonly heldBy: readonly Holder[]
  readonly detail: Detail
}

/**
 * What is known of a signature. MS-SMB2 3.1.4.1, 3.1.5.1. `none`: the message says that it has none. `unchecked`: there
 * is one, and no key to check it with. Otherwise it was computed again.
 */
export type SignatureState = 'none' | 'unchecked' | 'right' | 'wrong'

/** Where the time of a transaction went, nanoseconds. Undefined: not captured. */
export interface TransactionTime {
  /** From the request's last byte to the final answer's last byte: Wireshark's `smb2.time`. */
  readonly responseNs: number | undefined
  /** From the request's last byte to the answer's first. */
  readonly serverNs: number | undefined
  /** From the first to the last byte of request and answer, together. */
  readonly transferNs: number | undefined
  /** Nothing was under way on the connection before this request for so long. */
  readonly idleBeforeNs: number
  /**
   * How long the client had too few credits for it before it was sent: from the request that took them to the answer that
   * gave new ones, where it was sent at once after that. Undefined where the beginning was not captured.
   */
  readonly creditWaitNs: number | undefined
  /** Retransmissions and closed windows of the connection while it was under way. */
  readonly retransmissions: number
  readonly zeroWindows: number
}

/**
 * What a command asked for, as far as the analysis needs it. Read from the messages when the transaction ends, so that
 * no message has to be kept.
 */
export type Detail =
  | {
      readonly kind: 'negotiate'
      readonly dialects: readonly number[]
      readonly dialectNames: readonly string[]
      readonly securityMode: number | undefined
      readonly serverSecurityMode: number | undefined
      /** The dialect's number (MS-SMB2 2.2.4); of SMB1, its index in `dialectNames`. */
      readonly chosen: number | undefined
      /** The server's clock when it answered, nanoseconds since the capture's first frame. */
      readonly serverTimeNs: number | undefined
    }
  | {
      readonly kind: 'session-setup'
      readonly offered: readonly string[]
      readonly mechanism: string | undefined
      readonly previousSessionId: bigint
      /** Why the server refuses the ticket, where its answer has a KRB-ERROR. RFC 4120 5.9.1. */
      readonly kerberosError?: number
      /** The server's clock minus the client's as that error tells it, nanoseconds. */
      readonly clockSkewNs?: number
      /** Whose key in a key table that was given opens the ticket (`fs1$@EXAMPLE.ORG`); empty: none does. */
      readonly ticketKeyOf?: string
    }
  | { readonly kind: 'tree-connect'; readonly path: string }
  | {
      readonly kind: 'create'
      readonly name: string
      readonly desiredAccess: number
      readonly shareAccess: number
      readonly disposition: number
      readonly options: number
      readonly requestedOplock: number
      readonly requestedLease: number | undefined
      /** A GUID. */
      readonly leaseKey: string | undefined
      readonly contexts: readonly string[]
      readonly grantedOplock: number | undefined
      readonly grantedLease: number | undefined
      readonly action: number | undefined
      readonly size: bigint | undefined
    }
  | {
      readonly kind: 'read' | 'write'
      readonly offset: bigint
      readonly length: number
      /** To be on the disk before it is answered. */
      readonly isWriteThrough?: boolean
    }
  | { readonly kind: 'ioctl'; readonly controlCode: number; readonly controlName: string }
  | {
      readonly kind: 'query-directory'
      readonly pattern: string
      readonly informationClass: number
      readonly entries: number | undefined
    }
  | {
      readonly kind: 'query-info' | 'set-info'
      readonly infoType: number
      readonly informationClass: number
      readonly newName: string | undefined
      readonly deletePending: boolean | undefined
    }
  | {
      readonly kind: 'lock'
      readonly locks: readonly { readonly offset: bigint; readonly length: bigint; readonly flags: number }[]
    }
  | {
      readonly kind: 'break'
      readonly from: number | undefined
      /** A lease's state, or an oplock's level as the protocol numbers them. */
      readonly to: number
      readonly isLease: boolean
      /** The server waits for an answer. MS-SMB2 2.2.23.2, 3.3.4.6. */
      readonly needsAnswer: boolean
      readonly key: string | undefined
    }
  | { readonly kind: 'other' }

/** A question to a Kerberos KDC and its answer. RFC 4120 5.4, 5.9. */
export interface KerberosExchange {
  readonly kind: 'AS' | 'TGS'
  readonly transport: 'tcp' | 'udp'
  readonly client: Endpoint
  readonly kdc: Endpoint
  readonly request: FrameSpot | undefined
  /** When the same question was asked again for the last time, since no answer came. */
  readonly askedAgain: FrameSpot | undefined
  readonly response: FrameSpot | undefined
  /** `name@REALM` where it is told. */
  readonly clientName: string | undefined
  readonly serviceName: string | undefined
  readonly realm: string | undefined
  readonly requestedEncryption: readonly number[]
  readonly ticketEncryption: number | undefined
  /** RFC 4120 7.5.9; undefined when a ticket was given. */
  readonly errorCode: number | undefined
  /** The server's clock minus the client's as told by an error, nanoseconds. */
  readonly clockSkewNs: number | undefined
  /** The KDC's clock as told by an error, nanoseconds since the first frame by the clock of who captured. */
  readonly kdcTimeNs: number | undefined
  readonly usesFast: boolean
}

/** How bad a finding is: something does not work; works badly; is worth knowing. */
export type Severity = 'problem' | 'warning' | 'note'

/** What a rule found. */
export interface Finding {
  /** The rule's id, which is its file's name: `clock-skew`. */
  readonly rule: string
  readonly severity: Severity
  /** One line: what is wrong, with names. */
  readonly title: string
  /** The frames that show it, the telling ones first, at most 20. */
  readonly frames: readonly number[]
  /** How often it was seen. */
  readonly count: number
  /** Why it happens, a paragraph. */
  readonly cause: string
  /** What to do: for each place the policy, option or setting that governs it. */
  readonly advice: readonly Advice[]
  readonly conversation: Conversation | undefined
}

/** One thing to try, and where. */
export interface Advice {
  readonly where: 'windows' | 'samba' | 'smbkit' | 'network' | 'user'
  readonly text: string
}

/**
 * Whoever listens to the engine: statistics, rules, tables. Each call comes when what it tells is complete, in the
 * order of the frames that completed it; nothing that it hands over changes afterwards but what is still growing
 * (conversations and sessions until their end).
 */
export interface Observer {
  conversationBegins?(conversation: Conversation): void
  transaction?(transaction: Transaction): void
  kerberos?(exchange: KerberosExchange): void
  /** NetBIOS host announcement. MS-BRWS 2.2.1. */
  announcement?(name: string, from: string, everyMs: number, at: FrameSpot): void
  conversationEnds?(conversation: Conversation): void
  /** The capture is over. */
  end?(): void
}

/** A rule: it listens, and tells what it found when the capture is over. A file of its own in `diagnoses/`. */
export interface Rule {
  readonly id: string
  /** What it looks for, in a sentence, for the list of rules. */
  readonly looksFor: string
  /** Begins to listen. */
  start(): Observer & { findings(): readonly Finding[] }
}
