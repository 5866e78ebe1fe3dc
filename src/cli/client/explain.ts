/** What goes over the wire, for people as it happens (`--explain`) and for Wireshark (`--capture`). */
import { closeSync, openSync, writeSync } from 'node:fs'
import { unixNsFromFiletime } from '../../bytes/filetime.ts'
import { viewOf } from '../../bytes/utf16.ts'
import {
  CLOSED_HERE,
  type ObservedConnection,
  type ObservedEvent,
  type ObservedMessage,
  type Observer,
} from '../../client/api/observe.ts'
import { messagesIn } from '../../client/messages-in.ts'
import { systemReason } from '../../config/config-error.ts'
import { SmbCapture } from '../../trace/capture/smb-capture.ts'
import { explainStatus } from '../../wire/erref/explain.ts'
import { isError } from '../../wire/erref/ntstatus.ts'
import { SMB1_PROTOCOL_ID } from '../../wire/smb1/index.ts'
import { commandName, SMB2_HEADER_SIZE, summarize } from '../../wire/smb2/index.ts'
import { type Ends, endpointOf, LiveFindings } from '../live-findings.ts'
import { printable, UsageError } from '../report.ts'

/** Tells each message in a line, and at the end what is wrong or slow in all of them. */
export class Explainer implements Observer {
  readonly #write: (line: string) => void
  readonly #findings = new LiveFindings(() => this.#nowNs)
  #nowNs = 0n
  #first: bigint | undefined
  #connections = 0

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  message(message: ObservedMessage): void {
    const time = this.#time(message.time)
    const arrow = message.direction === 'sent' ? '->' : '<-'
    const sealed = message.sealed ? ' (sealed)' : ''
    for (const one of messagesIn(message)) this.#say(message.connection, `${time} ${arrow} ${lineOf(one)}${sealed}`)
    this.#nowNs = unixNsFromFiletime(message.time)
    const { connection, direction } = message
    this.#findings.message(
      connection.id,
      endsOf(connection),
      direction === 'sent' ? 'client' : 'server',
      wholeOf(message),
    )
  }

  /** Nothing more is said: what was wrong or slow. */
  close(): void {
    this.#write(this.#findings.text())
  }

  event(event: ObservedEvent): void {
    if (event.kind === 'referral') {
      this.#write(`${printable(`   ${event.path} is at ${event.targets.join(', ')}`)}\n`)
      return
    }
    const { connection } = event
    if (event.kind === 'disconnected')
      this.#findings.closed(connection.id, event.reason === CLOSED_HERE ? 'client' : 'server')
    this.#connections = Math.max(this.#connections, connection.id)
    const reason =
      event.kind === 'disconnected'
        ? `: ${event.reason}`
        : event.kind === 'fallback'
          ? ` from ${event.mechanism}: ${event.reason}`
          : ` to ${connection.remote}`
    this.#say(connection, `   ${event.kind}${reason}`)
  }

  /** Seconds since the first message. */
  #time(time: bigint): string {
    this.#first ??= time
    return (Number((time - this.#first) / 10_000n) / 1000).toFixed(3).padStart(7)
  }

  #say({ id }: ObservedConnection, text: string): void {
    this.#write(`${this.#connections > 1 ? `[${id}] ` : ''}${printable(text)}\n`)
  }
}

const STATUS_AT = 8
const COMMAND_AT = 12
const FLAGS_AT = 16
const FROM_SERVER = 1

function lineOf(message: Uint8Array): string {
  const view = viewOf(message)
  if (message.length >= 4 && view.getUint32(0, true) === SMB1_PROTOCOL_ID)
    return `SMB1 message, ${message.length} bytes`
  const text = summarize(view)
  if (message.length < SMB2_HEADER_SIZE || (view.getUint32(FLAGS_AT, true) & FROM_SERVER) === 0) return text
  const status = view.getUint32(STATUS_AT, true)
  const command = commandName(view.getUint16(COMMAND_AT, true))
  return isError(status) ? `${text}: ${explainStatus(status, command)}` : text
}

/** Writes all messages to a file. */
export class CaptureFile implements Observer {
  readonly #path: string
  readonly #file: number
  readonly #capture: SmbCapture
  #timeNs = 0n
  /** Blocks that are written together. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0

  /** @throws UsageError where the file cannot be made */
  constructor(path: string, application: string) {
    this.#path = path
    try {
      // Its content may be secret: it is what was sealed on the wire.
      this.#file = openSync(path, 'w', 0o600)
    } catch (error) {
      throw new UsageError(`${path}: cannot write the capture: ${systemReason(error)}`, { cause: error })
    }
    const write = (block: Uint8Array) => this.#append(block)
    this.#capture = new SmbCapture(write, application, () => this.#timeNs)
  }

  message({ connection, direction, time, parts }: ObservedMessage): void {
    this.#timeNs = unixNsFromFiletime(time)
    const message = wholeOf({ parts })
    this.#capture.message(connection.id, endsOf(connection), direction === 'sent' ? 'client' : 'server', message)
  }

  event(event: ObservedEvent): void {
    if (event.kind === 'disconnected') this.#capture.closed(event.connection.id, 'client')
  }

  /** @throws UsageError where the rest cannot be written */
  close(): void {
    try {
      this.#flush()
    } finally {
      closeSync(this.#file)
    }
  }

  #append(block: Uint8Array): void {
    this.#pending.push(block)
    this.#pendingBytes += block.length
    if (this.#pendingBytes >= flushBytes) this.#flush()
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
    } catch (error) {
      throw new UsageError(`${this.#path}: cannot write the capture: ${systemReason(error)}`, { cause: error })
    }
  }
}

const flushBytes = 256 * 1024

const endsOf = ({ local, remote }: ObservedConnection): Ends => ({
  client: endpointOf(local),
  server: endpointOf(remote),
})

const wholeOf = ({ parts }: Pick<ObservedMessage, 'parts'>): Uint8Array =>
  parts.length === 1 ? (parts[0] as Uint8Array) : new Uint8Array(Buffer.concat(parts))

/** One observer for several. */
export function together(observers: readonly Observer[]): Observer | undefined {
  if (observers.length === 0) return undefined
  return {
    message: (message) => observers.forEach((observer) => observer.message?.(message)),
    event: (event) => observers.forEach((observer) => observer.event?.(event)),
  }
}
