/** The byte stream below a connection, handed in by who has sockets (src/net) or by a test that has none. */
export interface Transport {
  /** For logs: address and port of the peer. */
  readonly remote: string
  /** This end's own address on this connection. */
  readonly local: string
  /** It is a NetBIOS session: lengths of messages have 17 bits (RFC 1002 4.3.1). */
  readonly overNetbios?: boolean
  /** Bytes given to `send` that the peer has not taken. */
  readonly unsentBytes: number
  /** Takes the bytes over: they must not change before `sent` is called (also when the connection is gone). */
  send(parts: readonly Uint8Array[], sent?: () => void): void
  /**
   * Bytes given to `send` so far, and how many of them the peer is known to have; absent, or undefined, where that
   * cannot be told.
   */
  progress?(): { readonly sent: number; readonly acknowledged: number } | undefined
  /** Stops and resumes what is received. */
  pause(): void
  resume(): void
  /** Ends the stream; what was sent is delivered first when `flush` says so. */
  close(flush: boolean): void
}

/** What a transport tells its connection. */
export interface TransportEvents {
  /** Where a transport may put what it receives; or it gives its own bytes to `received`, for good. */
  space(): Uint8Array
  filled(count: number): void
  received(chunk: Uint8Array): void
  /** `unsentBytes` has become small again. */
  drained(): void
  /** `cause`: the system's error, where there was one. */
  closed(cause?: Error): void
}
