/** What a client takes upon itself, and for how long it waits. Bytes and milliseconds. */
export interface ClientLimits {
  /** From the first packet to the connection of the transport, for one address. */
  readonly connectTimeoutMs: number
  /** So long nothing is heard of a server that owes an answer before it is asked for a sign of life (ECHO). */
  readonly probeAfterMs: number
  /** So long nothing is heard after that before the connection is given up. */
  readonly silenceTimeoutMs: number
  /** A server that lives, but neither answers a request nor says that it is at work on it, fails that request. */
  readonly answerTimeoutMs: number
  /** How long a service behind a pipe may be at work on an answer, or on the next piece of it. */
  readonly pipeTimeoutMs: number
  /** How long a KDC, and logons before this one, may take to give a ticket. */
  readonly kerberosTimeoutMs: number
  /** How long a cut connection is tried again before what waits for it fails. */
  readonly reconnectTimeoutMs: number
  /** How long a cut connection is waited for where another server of a namespace may do as well. */
  readonly failoverMs: number
  /** Largest read, write and other buffer that is asked for, where the server allows it. */
  readonly maxReadBytes: number
  readonly maxWriteBytes: number
  readonly maxTransactBytes: number
  /** Credits that are asked for. */
  readonly maxCredits: number
  /** Read ahead and written behind in one stream or copy. */
  readonly windowBytes: number
  /** Files of one recursive copy or removal that are under way at a time. */
  readonly maxFilesAtOnce: number
  /** Entries that one call gathers. */
  readonly maxEntries: number
  /** Largest file that is read by one compound. */
  readonly maxSmallFileBytes: number
  /** Buffers kept for the next large messages. */
  readonly maxIdleBufferBytes: number
  /** File data, and entries of folders, kept under leases; for each server. */
  readonly maxCachedBytes: number
  readonly maxCachedEntries: number
  /**
   * How long times, attributes, and that a file has not been removed, are taken for true: leases stand for data and
   * lengths, and not with every server for names.
   */
  readonly metadataMs: number
  /** So long what is written behind may wait for more. */
  readonly writeBehindMs: number
  /** Handles kept open behind the caller's close, and for how long after their last use; 0 for none. */
  readonly maxDeferredHandles: number
  readonly deferredCloseMs: number
  /** Links, and referrals of a namespace, that one path may lead through. */
  readonly maxLinks: number
  /** Targets of one referral that are tried, and referrals that are remembered. */
  readonly maxReferralTargets: number
  readonly maxReferrals: number
  /** Servers of a namespace that are logged on to at a time, beside those where something is open. */
  readonly maxServers: number
}

const MIB = 1024 * 1024

export const defaultClientLimits: ClientLimits = {
  connectTimeoutMs: 15_000,
  probeAfterMs: 10_000,
  silenceTimeoutMs: 20_000,
  pipeTimeoutMs: 60_000,
  answerTimeoutMs: 120_000,
  kerberosTimeoutMs: 30_000,
  reconnectTimeoutMs: 60_000,
  failoverMs: 3_000,
  maxReadBytes: MIB,
  maxWriteBytes: MIB,
  maxTransactBytes: MIB,
  maxCredits: 2048,
  windowBytes: 16 * MIB,
  maxFilesAtOnce: 32,
  maxEntries: 5_000_000,
  maxSmallFileBytes: 256 * 1024,
  maxIdleBufferBytes: 32 * MIB,
  maxCachedBytes: 64 * MIB,
  maxCachedEntries: 20_000,
  metadataMs: 1_000,
  writeBehindMs: 1_000,
  maxDeferredHandles: 128,
  deferredCloseMs: 1_000,
  maxLinks: 16,
  maxReferralTargets: 32,
  maxReferrals: 1000,
  maxServers: 32,
}
