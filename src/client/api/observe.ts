import type { Filetime } from '../../bytes/filetime.ts'

/** One transport connection, as an observer tells them apart. */
export interface ObservedConnection {
  /** 1 for the first of the process, and so on. */
  readonly id: number
  /** Name or address that was asked for. */
  readonly host: string
  readonly port: number
  /** Addresses and ports of both ends, as far as the transport knows them. */
  readonly local: string
  readonly remote: string
}

/** What went over a connection, as it is without sealing and compression. */
export interface ObservedMessage {
  readonly connection: ObservedConnection
  readonly direction: 'sent' | 'received'
  readonly time: Filetime
  /**
   * One message or a chain of them (`messagesIn` takes them apart), from the header on and without the transport's
   * length. In pieces that follow each other. They are used again when the observer returns: copy what is to stay.
   */
  readonly parts: readonly Uint8Array[]
  /** It was sealed on the wire. */
  readonly sealed: boolean
}

/** The reason of a disconnection by this end. */
export const CLOSED_HERE = 'closed by this end'

/** What happened beside the messages. */
export type ObservedEvent =
  | { readonly kind: 'connected' | 'reconnected'; readonly connection: ObservedConnection }
  | { readonly kind: 'disconnected'; readonly connection: ObservedConnection; readonly reason: string }
  /** A mechanism to log on by could not be used, and the next one is taken. */
  | {
      readonly kind: 'fallback'
      readonly connection: ObservedConnection
      readonly mechanism: string
      readonly reason: string
    }
  | { readonly kind: 'referral'; readonly path: string; readonly targets: readonly string[] }

/** Is told as things happen, within the client's own work: it must be quick, and what it throws ends the process. */
export interface Observer {
  message?(message: ObservedMessage): void
  event?(event: ObservedEvent): void
}
