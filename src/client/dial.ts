import type { Transport, TransportEvents } from '../protocol/transport.ts'

/** A transport of this end. */
export interface ClientTransport extends Transport {
  /** Whether the process is to live on for it: somebody waits for an answer. */
  hold?(active: boolean): void
}

/** Where a connection leads. */
export interface Target {
  readonly host: string
  readonly port: number
}

/**
 * Makes a transport connection: `src/net` by TCP, a test in memory. `accept` is given the transport once it stands, and
 * gives back what is to be told of what it receives.
 * @throws the system's error (ECONNREFUSED, ENOTFOUND ...); the signal's reason
 */
export type Dial = (
  target: Target,
  accept: (transport: ClientTransport) => TransportEvents,
  signal: AbortSignal,
) => Promise<void>
