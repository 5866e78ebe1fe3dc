/** Everything has a limit, and reaching it is a status or a closed connection, never a crash. */
export interface ServerLimits {
  /** Connections at a time; more are closed at once. */
  readonly maxConnections: number
  /** Sessions on one connection. */
  readonly maxSessionsPerConnection: number
  /** Connections of one session. */
  readonly maxChannelsPerSession: number
  readonly maxTreesPerSession: number
  readonly maxOpensPerSession: number
  /** Open files that wait for clients which have lost their connections; of all users, and of one. */
  readonly maxDisconnectedOpens: number
  readonly maxDisconnectedOpensPerUser: number
  /** Byte-range locks of one open. */
  readonly maxLocksPerOpen: number
  /** Largest read, write and other buffer that is offered to clients of 2.1 and later. */
  readonly maxReadBytes: number
  readonly maxWriteBytes: number
  readonly maxTransactBytes: number
  /** Credits that one connection may hold. */
  readonly maxCredits: number
  /** Tokens of offloaded reads that are good at a time; the oldest give way. */
  readonly maxOffloadTokens: number
  /** Requests of one connection that wait (locks, notifications, pipe reads). */
  readonly maxAsyncRequests: number
  /**
   * Answers waiting to be taken by the client; above, its requests are left unread. More than what keeps the connection
   * busy only makes the answers leave the processor's cache.
   */
  readonly maxUnsentBytes: number
  /** Buffers kept for the next large messages, of all connections together. */
  readonly maxIdleBufferBytes: number
  /** From connecting to the end of NEGOTIATE, and from there to a logon. */
  readonly negotiateTimeoutMs: number
  readonly logonTimeoutMs: number
  /** What each wrong password costs its source and its account, and the longest that anybody is made to wait for that. */
  readonly failedLogonDelayMs: number
  readonly maxFailedLogonDelayMs: number
  /** Sources and accounts whose wrong passwords are remembered; the oldest give way. */
  readonly maxFailedLogons: number
  /** Logons by Kerberos that wait for those before them, and how long one may take. */
  readonly maxKerberosWaiting: number
  readonly kerberosTimeoutMs: number
  /** How long an open file waits for a client that has lost its connection: where it asks for no time, and at most. */
  readonly durableTimeoutMs: number
  readonly maxDurableTimeoutMs: number
  /** A connection with no open file and no traffic is closed after this. */
  readonly idleTimeoutMs: number
  /** A client that was told to give up an oplock or a lease, and does not say that it has, has none after this. */
  readonly oplockBreakTimeoutMs: number
  /** A client that takes none of its answers for this long is disconnected. */
  readonly stalledTimeoutMs: number
}

const MIB = 1024 * 1024

export const defaultLimits: ServerLimits = {
  maxConnections: 4096,
  maxSessionsPerConnection: 64,
  maxChannelsPerSession: 32,
  maxTreesPerSession: 1024,
  maxOpensPerSession: 16_384,
  maxDisconnectedOpens: 4096,
  maxDisconnectedOpensPerUser: 1024,
  maxLocksPerOpen: 8192,
  maxReadBytes: 8 * MIB,
  maxWriteBytes: 8 * MIB,
  maxTransactBytes: 8 * MIB,
  maxCredits: 8192,
  maxOffloadTokens: 1024,
  maxAsyncRequests: 1024,
  maxUnsentBytes: 2 * MIB,
  maxIdleBufferBytes: 48 * MIB,
  negotiateTimeoutMs: 30_000,
  logonTimeoutMs: 60_000,
  failedLogonDelayMs: 2000,
  maxFailedLogonDelayMs: 20_000,
  maxFailedLogons: 16_384,
  maxKerberosWaiting: 256,
  kerberosTimeoutMs: 15_000,
  durableTimeoutMs: 2 * 60_000,
  maxDurableTimeoutMs: 5 * 60_000,
  idleTimeoutMs: 15 * 60_000,
  oplockBreakTimeoutMs: 35_000,
  stalledTimeoutMs: 5 * 60_000,
}
