import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import type { Smb1Signer } from '../../crypto/smb1-signing.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  dosError,
  encodeSmb1Frame,
  Smb1Command,
  Smb1Empty,
  Smb1Flags,
  Smb1Flags2,
  Smb1Header,
  type Smb1Part,
  smb1Chain,
  smb1Part,
} from '../../wire/smb1/index.ts'
import type { Connection } from '../connection.ts'
import { run, type Steps } from '../steps.ts'
import { serveCommand } from './commands.ts'
import { refuse, Smb1Context, type Smb1Result } from './context.ts'
import type { Smb1State } from './state.ts'

/** Requests that a client may have under way; NEGOTIATE tells it. */
export const MAX_MPX_COUNT = 50

const FRAME_HEADER_BYTES = 4
const SIGNATURE = new Uint8Array(8)

/** Of the request's Flags2, what its answer has, too. */
const ECHOED_FLAGS2 =
  Smb1Flags2.LONG_NAMES |
  Smb1Flags2.EAS |
  Smb1Flags2.SECURITY_SIGNATURE |
  Smb1Flags2.EXTENDED_SECURITY |
  Smb1Flags2.NT_STATUS |
  Smb1Flags2.UNICODE

/** A connection on which NT LM 0.12 was agreed: messages are served one after the other. MS-SMB 3.3, MS-CIFS 3.3. */
export class Smb1Connection {
  readonly #connection: Connection
  readonly #state: Smb1State
  readonly #waiting: Uint8Array[] = []
  #isBusy = false
  /** From the first logon on that both ends want signed. */
  #signer: Smb1Signer | undefined
  /** Of the next request (MS-CIFS 3.3.1.4, Server.Connection.ServerNextReceiveSequenceNumber). */
  #sequence = 0

  constructor(connection: Connection, state: Smb1State) {
    this.#connection = connection
    this.#state = state
  }

  /** Serves one message; a promise if that takes longer than this call. The bytes are used again when it returns. */
  receive(message: Uint8Array): Promise<void> | undefined {
    if (this.#isBusy) {
      if (this.#waiting.length >= MAX_MPX_COUNT)
        throw new ProtocolError(`more than ${MAX_MPX_COUNT} requests at a time`)
      this.#waiting.push(new Uint8Array(message))
      return undefined
    }
    const done = run(this.#serveAll(message))
    if (!(done instanceof Promise)) return undefined
    return done.catch((error: unknown) => {
      if (!(error instanceof ProtocolError || error instanceof WireError))
        this.#connection.server.reportError(error, this.#connection.transport.remote)
      this.#connection.disconnect(error instanceof Error ? error.message : 'internal error')
    })
  }

  *#serveAll(first: Uint8Array): Steps<void> {
    this.#isBusy = true
    try {
      for (let message: Uint8Array | undefined = first; message !== undefined; message = this.#waiting.shift()) {
        if (this.#connection.isClosed) return
        yield* this.#serve(message)
      }
    } finally {
      this.#isBusy = false
    }
  }

  *#serve(message: Uint8Array): Steps<void> {
    const view = viewOf(message)
    const header = Smb1Header.decode(view)
    if ((header.flags & Smb1Flags.REPLY) !== 0) throw new ProtocolError('an answer where a request was due')
    // MS-CIFS 3.3.5.42: there is one NEGOTIATE.
    if (header.command === Smb1Command.NEGOTIATE) throw new ProtocolError('a second NEGOTIATE')
    const sequence = this.#sequence
    this.#checkSignature(message, header)
    // CANCEL has no answer, and waits for nothing here (MS-CIFS 2.2.4.65).
    if (header.command === Smb1Command.NT_CANCEL) return
    const context = new Smb1Context(this.#connection, this.#state, header, view)
    const parts: Smb1Part[] = []
    let status: number = NtStatus.SUCCESS
    let started: Smb1Signer | undefined
    for (const link of smb1Chain(view)) {
      const result: Smb1Result = yield* this.#guarded(context, link, (signer) => {
        started = signer
      })
      if (this.#connection.isClosed) return
      status = result.status
      if (result.part !== undefined) parts.push(result.part)
      // MS-CIFS 3.3.5.2.3: what follows something that has failed is not looked at.
      else if (status !== NtStatus.SUCCESS) parts.push(smb1Part(link.command, Smb1Empty, {}))
      if (status !== NtStatus.SUCCESS) break
    }
    // The first signature is that of the answer which lets somebody in: number 1 (MS-CIFS 3.3.4.1.1).
    if (started !== undefined && this.#signer === undefined) {
      this.#signer = started
      this.#sequence = 2
      this.#send(context, parts, status, 1)
    } else if (parts.length > 0) this.#send(context, parts, status, sequence + 1)
  }

  *#guarded(
    context: Smb1Context,
    link: Parameters<typeof serveCommand>[1],
    start: (signer: Smb1Signer) => void,
  ): Steps<Smb1Result> {
    try {
      return yield* serveCommand(context, link, start)
    } catch (error) {
      if (error instanceof WireError) return refuse(NtStatus.INVALID_PARAMETER)
      throw error
    }
  }

  /** A wrong signature ends the connection: nobody knows who has sent what since (MS-CIFS 3.3.5.2.1). */
  #checkSignature(message: Uint8Array, { command }: Smb1Header): void {
    if (this.#signer === undefined) return
    const sequence = this.#sequence
    this.#sequence += command === Smb1Command.NT_CANCEL ? 1 : 2
    if (!this.#signer.verify(message, sequence)) throw new ProtocolError('a message of SMB1 with a wrong signature')
  }

  #send(context: Smb1Context, parts: readonly Smb1Part[], status: number, sequence: number): void {
    const { header } = context
    const command = header.command
    const answer = {
      command,
      status: context.has('NT_STATUS') ? status : dosError(status),
      flags: Smb1Flags.REPLY | (header.flags & (Smb1Flags.CASE_INSENSITIVE | Smb1Flags.CANONICALIZED_PATHS)),
      flags2: header.flags2 & ECHOED_FLAGS2,
      pidHigh: header.pidHigh,
      securityFeatures: SIGNATURE,
      tid: context.tid,
      pidLow: header.pidLow,
      uid: context.uid,
      mid: header.mid,
    }
    const frames = context.further.map((part) => encodeSmb1Frame(answer, [part]))
    frames.push(encodeSmb1Frame(answer, parts))
    for (const frame of frames) this.#signer?.sign(frame.subarray(FRAME_HEADER_BYTES), sequence)
    this.#connection.transport.send(frames)
  }
}
