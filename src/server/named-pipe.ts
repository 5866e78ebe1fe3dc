import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Answer } from './backend.ts'
import { builtInPipes } from './named-pipes.ts'
import type { PipeEndpoint, PipeLimits, PipeTransport, ServiceContext } from './services/context.ts'

/** What a read of a pipe gives. `more`: the message is longer, and its rest is read next (STATUS_BUFFER_OVERFLOW). */
export interface PipeRead {
  readonly data: Uint8Array
  readonly more: boolean
}

/** FilePipeInformation, MS-FSCC 2.4.37. */
export interface PipeModes {
  /** 0: as a stream of bytes; 1: message by message. */
  readonly readMode: number
  /** 0: an empty pipe waits; 1: it answers at once. */
  readonly completionMode: number
}

/** FilePipeLocalInformation, MS-FSCC 2.4.38. */
export interface PipeLocalInformation {
  readonly namedPipeType: number
  readonly namedPipeConfiguration: number
  readonly maximumInstances: number
  readonly currentInstances: number
  readonly inboundQuota: number
  readonly readDataAvailable: number
  readonly outboundQuota: number
  readonly writeQuotaAvailable: number
  readonly namedPipeState: number
  readonly namedPipeEnd: number
}

/** FSCTL_PIPE_PEEK reply, MS-FSCC 2.3.50. */
export interface PipePeek {
  readonly namedPipeState: number
  readonly readDataAvailable: number
  readonly numberOfMessages: number
  readonly messageLength: number
  readonly data: Uint8Array
}

/** FILE_PIPE_CONNECTED_STATE and FILE_PIPE_CLOSING_STATE, MS-FSCC 2.4.38. */
const CONNECTED = 3
const CLOSING = 4
const QUOTA_BYTES = 4096

interface Reader {
  readonly maxLength: number
  readonly promise: Promise<PipeRead | Failure>
  settle(value: PipeRead | Failure): void
}

/**
 * The client's end of a named pipe, in message mode: what is written goes to the endpoint behind it, what that sends
 * is read message by message.
 */
export class NamedPipe {
  readonly name: string
  readonly #endpoint: PipeEndpoint
  readonly #limits: PipeLimits
  readonly #messages: Uint8Array[] = []
  /** Bytes of the first message that were read. */
  #offset = 0
  #available = 0
  readonly #readers: Reader[] = []
  #modes: PipeModes = { readMode: 1, completionMode: 0 }
  /** The server's end is closed: what was sent can still be read. */
  #ended = false
  #closed = false

  constructor(name: string, limits: PipeLimits, connect: (transport: PipeTransport) => PipeEndpoint) {
    this.name = name
    this.#limits = limits
    this.#endpoint = connect({ send: (message) => this.#deliver(message), close: () => this.#end() })
  }

  /** Takes all of `data`, as one message; nothing of it is kept after the call. */
  write(data: Uint8Array): Answer<number> {
    if (this.#ended || this.#closed) return fail(NtStatus.PIPE_DISCONNECTED)
    if (this.#available >= this.#limits.maxUnreadBytes) return fail(NtStatus.INSUFFICIENT_RESOURCES)
    this.#endpoint.receive(data)
    return data.length
  }

  /**
   * The next message, or as much of it as `maxLength` allows. Where nothing is there it waits: the promise settles
   * when something arrives, when the pipe ends (STATUS_PIPE_DISCONNECTED), or after `cancelRead`.
   */
  read(maxLength: number): Answer<PipeRead> {
    if (this.#closed) return fail(NtStatus.PIPE_DISCONNECTED)
    // Who waits already is served first.
    if (this.#messages.length > 0 && this.#readers.length === 0) return this.#take(maxLength)
    if (this.#ended) return fail(NtStatus.PIPE_DISCONNECTED)
    if (this.#modes.completionMode === 1) return fail(NtStatus.PIPE_EMPTY)
    if (this.#readers.length >= this.#limits.maxReaders) return fail(NtStatus.INSUFFICIENT_RESOURCES)
    const { promise, resolve } = Promise.withResolvers<PipeRead | Failure>()
    this.#readers.push({ maxLength, promise, settle: resolve })
    return promise
  }

  /** Ends a read that waits, or a transceive: its promise settles with STATUS_CANCELLED. Nothing if it is over. */
  cancelRead(pending: Promise<PipeRead | Failure>): void {
    const index = this.#readers.findIndex(({ promise }) => promise === pending)
    const [reader] = index < 0 ? [] : this.#readers.splice(index, 1)
    reader?.settle(fail(NtStatus.CANCELLED))
  }

  /** FSCTL_PIPE_TRANSCEIVE: one message there, one back (MS-FSCC 2.3.55). */
  transceive(data: Uint8Array, maxLength: number): Answer<PipeRead> {
    if (this.#modes.readMode !== 1) return fail(NtStatus.INVALID_PIPE_STATE)
    // MS-FSCC 2.3.56: not while there is something unread, which would be taken for the answer.
    if (this.#messages.length > 0 || this.#readers.length > 0) return fail(NtStatus.PIPE_BUSY)
    const written = this.write(data)
    return typeof written === 'number' ? this.read(maxLength) : (written as Failure)
  }

  /** What could be read, without taking it. */
  peek(maxLength: number): PipePeek {
    const first = this.#messages[0]?.subarray(this.#offset) ?? new Uint8Array(0)
    return {
      namedPipeState: this.#state,
      readDataAvailable: this.#available,
      numberOfMessages: this.#messages.length,
      messageLength: first.length,
      data: first.subarray(0, maxLength),
    }
  }

  get modes(): PipeModes {
    return this.#modes
  }

  set modes(modes: PipeModes) {
    this.#modes = modes
  }

  get localInformation(): PipeLocalInformation {
    return {
      namedPipeType: 1,
      namedPipeConfiguration: 2,
      maximumInstances: 0xffff_ffff,
      currentInstances: 1,
      inboundQuota: QUOTA_BYTES,
      readDataAvailable: this.#available,
      outboundQuota: QUOTA_BYTES,
      writeQuotaAvailable: QUOTA_BYTES,
      namedPipeState: this.#state,
      namedPipeEnd: 0,
    }
  }

  /** The client closes its handle. Reads that wait end. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#endpoint.close()
    this.#limits.give(this.#available)
    this.#messages.length = 0
    this.#available = 0
    this.#endReaders(NtStatus.PIPE_BROKEN)
  }

  get #state(): number {
    return this.#ended ? CLOSING : CONNECTED
  }

  #deliver(message: Uint8Array): void {
    if (this.#closed || this.#ended) return
    if (this.#messages.length >= this.#limits.maxUnreadMessages || !this.#limits.take(message.length)) {
      // The client does not read, or all pipes together hold more than they may: this one is given up.
      this.#endpoint.close()
      this.#end()
      return
    }
    this.#messages.push(message)
    this.#available += message.length
    while (this.#messages.length > 0) {
      const reader = this.#readers.shift()
      if (reader === undefined) return
      reader.settle(this.#take(reader.maxLength))
    }
  }

  #end(): void {
    this.#ended = true
    this.#endReaders(NtStatus.PIPE_DISCONNECTED)
  }

  #endReaders(status: NtStatus): void {
    for (const reader of this.#readers.splice(0)) reader.settle(fail(status))
  }

  #take(maxLength: number): PipeRead {
    return this.#modes.readMode === 1 ? this.#takeMessage(maxLength) : this.#takeBytes(maxLength)
  }

  #takeMessage(maxLength: number): PipeRead {
    const message = this.#messages[0] as Uint8Array
    const data = message.subarray(this.#offset, this.#offset + maxLength)
    const more = this.#offset + data.length < message.length
    if (more) this.#offset += data.length
    else this.#dropFirst()
    this.#count(data.length)
    return { data, more }
  }

  /** Messages run together, as much as there is. */
  #takeBytes(maxLength: number): PipeRead {
    const data = new Uint8Array(Math.min(maxLength, this.#available))
    for (let at = 0; at < data.length; ) {
      const message = this.#messages[0] as Uint8Array
      const piece = message.subarray(this.#offset, this.#offset + data.length - at)
      data.set(piece, at)
      at += piece.length
      this.#offset += piece.length
      if (this.#offset === message.length) this.#dropFirst()
    }
    this.#count(data.length)
    return { data, more: false }
  }

  #dropFirst(): void {
    this.#messages.shift()
    this.#offset = 0
  }

  #count(bytes: number): void {
    this.#available -= bytes
    this.#limits.give(bytes)
  }
}

/** Opens a pipe on IPC$. Names are without regard to case; one that is not there is STATUS_OBJECT_NAME_NOT_FOUND. */
export function openNamedPipe(name: string, context: ServiceContext): NamedPipe | Failure {
  const pipes = context.pipes ?? builtInPipes
  // A name that begins with a backslash is none (smbtorture, rpc.samba3.smb2-pipe-name).
  const definition = name.startsWith('\\') ? undefined : pipes.find(name)
  if (definition === undefined) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  return new NamedPipe(definition.name, pipes, (transport) => definition.connect(context, transport))
}

/** True for a pipe that can be opened: FSCTL_PIPE_WAIT answers with it. */
export function namedPipeExists(name: string, context: ServiceContext): boolean {
  return (context.pipes ?? builtInPipes).find(name) !== undefined
}
