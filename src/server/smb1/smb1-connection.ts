import { WireError } from '../../bytes/errors.ts'
import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import type { Smb1Signer } from '../../crypto/smb1-signing.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  dosError,
  encodeSmb1Frame,
  isSmb1Error,
  Smb1Command,
  Smb1Empty,
  Smb1Flags,
  Smb1Flags2,
  Smb1Header,
  Smb1LockType,
  Smb1OplockBreak,
  type Smb1Part,
  smb1Chain,
  smb1Part,
} from '../../wire/smb1/index.ts'
import type { Connection } from '../connection.ts'
import type { Open } from '../open.ts'
import { guarded, run, type Steps } from '../steps.ts'
import { serveCommand } from './commands.ts'
import { refuse, Smb1Context, type Smb1Result } from './context.ts'
import { newOplockLevel } from './oplock-levels.ts'
import type { Smb1State } from './state.ts'

/** Requests that a client may have under way; NEGOTIATE tells it. */
export const MAX_MPX_COUNT = 50

const FRAME_HEADER_BYTES = 4
/** What answers no request has no number of one. MS-CIFS 2.2.1.6.2. */
const NO_ID = 0xffff
const SIGNATURE = new Uint8Array(8)

/** Of the request's Flags2, what its answer has, too. */
const ECHOED_FLAGS2 =
  Smb1Flags2.LONG_NAMES |
  Smb1Flags2.EAS |
  Smb1Flags2.SECURITY_SIGNATURE |
  Smb1Flags2.EXTENDED_SECURITY |
  Smb1Flags2.NT_STATUS |
  Smb1Flags2.UNICODE

interface Begun {
  readonly context: Smb1Context
  /** Of the request, for signatures. */
  readonly sequence: number
}

/** What tells requests of a connection apart (MS-CIFS 2.2.1.6). */
const isSame = (a: Smb1Header, b: Smb1Header): boolean =>
  a.mid === b.mid && a.pidLow === b.pidLow && a.pidHigh === b.pidHigh && a.uid === b.uid && a.tid === b.tid

/** A connection on which NT LM 0.12 was agreed: messages are served one after the other. MS-SMB 3.3, MS-CIFS 3.3. */
export class Smb1Connection {
  readonly #connection: Connection
  readonly #state: Smb1State
  readonly #waiting: Uint8Array[] = []
  readonly #served = new Set<Smb1Context>()
  #isBusy = false
  /** From the first logon on that both ends want signed. */
  #signer: Smb1Signer | undefined
  /** Of the next request (MS-CIFS 3.3.1.4, Server.Connection.ServerNextReceiveSequenceNumber). */
  #sequence = 0

  constructor(connection: Connection, state: Smb1State) {
    this.#connection = connection
    this.#state = state
  }

  /** Serves one message; a promise if that takes longer than this call. The bytes are used again when it is served. */
  receive(message: Uint8Array): Promise<void> | undefined {
    if (this.#isBusy) {
      if (this.#waiting.length >= MAX_MPX_COUNT)
        throw new ProtocolError(`more than ${MAX_MPX_COUNT} requests at a time`)
      this.#waiting.push(new Uint8Array(message))
      return undefined
    }
    const done = run(this.#inTurn(message))
    return done instanceof Promise ? done.catch((error: unknown) => this.#failed(error)) : undefined
  }

  /** One message after the other; but nobody waits for one that waits for somebody else (a break, a lock, a change). */
  *#inTurn(message: Uint8Array): Steps<void> {
    const begun = this.#begin(message)
    if (begun === undefined) return
    const { context } = begun
    let hasTurn = true
    const leave = (): void => {
      if (!hasTurn) return
      hasTurn = false
      this.#isBusy = false
      this.#serveWaiting()
    }
    this.#isBusy = true
    this.#served.add(context)
    const steps = guarded(this.#answer(begun))
    try {
      let result = steps.next()
      while (result.done !== true) {
        if (context.isWaiting) leave()
        result = steps.next(yield result.value)
      }
    } finally {
      this.#served.delete(context)
      leave()
    }
  }

  /** What waits has its turn, until something takes longer: a CANCEL takes no time. */
  #serveWaiting(): void {
    try {
      while (!this.#isBusy && !this.#connection.isClosed) {
        const next = this.#waiting.shift()
        if (next === undefined) return
        void this.receive(next)
      }
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Tells the client what is left of an oplock; false if there is nobody to tell. MS-CIFS 2.2.4.32.1. */
  breakOplock(open: Open, rights: number): boolean {
    const fid = this.#state.fidOf(open)
    const place = open.maybeSession && this.#state.placeOf(open.maybeSession, open.tree)
    if (this.#connection.isClosed || fid === undefined || place === undefined) return false
    const newLevel = newOplockLevel(rights, this.#state.clientHasLevelII)
    const header = {
      command: Smb1Command.LOCKING_ANDX,
      flags: 0,
      flags2: Smb1Flags2.NT_STATUS | Smb1Flags2.UNICODE,
      securityFeatures: SIGNATURE,
      pidHigh: NO_ID,
      pidLow: NO_ID,
      mid: NO_ID,
      ...place,
    }
    const value = { fid, typeOfLock: Smb1LockType.OPLOCK_RELEASE, newOplockLevel: newLevel }
    this.#connection.sendFrames([encodeSmb1Frame(header, [smb1Part(header.command, Smb1OplockBreak, value)])])
    return true
  }

  #failed(error: unknown): void {
    if (!(error instanceof ProtocolError || error instanceof WireError))
      this.#connection.server.reportError(error, this.#connection.transport.remote)
    this.#connection.disconnect(error instanceof Error ? error.message : 'internal error')
  }

  /** What there is to be served; undefined where a message has no answer. */
  #begin(message: Uint8Array): Begun | undefined {
    const view = viewOf(message)
    const header = Smb1Header.decode(view)
    if ((header.flags & Smb1Flags.REPLY) !== 0) throw new ProtocolError('an answer where a request was due')
    // MS-CIFS 3.3.5.42: there is one NEGOTIATE.
    if (header.command === Smb1Command.NEGOTIATE) throw new ProtocolError('a second NEGOTIATE')
    const sequence = this.#sequence
    this.#checkSignature(message, header)
    if (header.command !== Smb1Command.NT_CANCEL)
      return { context: new Smb1Context(this.#connection, this.#state, header, view), sequence }
    // MS-CIFS 3.3.5.52: what it names is cancelled, and has an answer; CANCEL itself has none.
    for (const context of this.#served) if (isSame(context.header, header)) context.cancel()
    this.#observe(new Smb1Context(this.#connection, this.#state, header, view), NtStatus.SUCCESS, [])
    return undefined
  }

  *#answer({ context, sequence }: Begun): Steps<void> {
    const parts: Smb1Part[] = []
    let status: number = NtStatus.SUCCESS
    let started: Smb1Signer | undefined
    for (const link of smb1Chain(context.message)) {
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
    else this.#observe(context, status, [])
  }

  *#guarded(
    context: Smb1Context,
    link: Parameters<typeof serveCommand>[1],
    start: (signer: Smb1Signer) => void,
  ): Steps<Smb1Result> {
    try {
      return yield* serveCommand(context, link, start)
    } catch (error) {
      if (error instanceof ProtocolError) throw error
      if (error instanceof WireError) return refuse(NtStatus.INVALID_PARAMETER)
      this.#connection.server.reportError(error, this.#connection.transport.remote)
      return refuse(NtStatus.INTERNAL_ERROR)
    }
  }

  /** A wrong signature ends the connection: nobody knows who has sent what since (MS-CIFS 3.3.5.2.1). */
  #checkSignature(message: Uint8Array, { command }: Smb1Header): void {
    if (this.#signer === undefined) return
    const sequence = this.#sequence
    this.#sequence += command === Smb1Command.NT_CANCEL ? 1 : 2
    if (!this.#signer.verify(message, sequence)) throw new ProtocolError('a message of SMB1 with a wrong signature')
  }

  #observe(context: Smb1Context, status: number, frames: readonly Uint8Array[]): void {
    const connection = this.#connection
    if (connection.server.listenerCount('smb1') === 0) return
    const session = this.#state.session(context.uid)
    const tree = session && this.#state.tree(context.tid, session)
    connection.server.observeSmb1({ connection, session, tree, message: bytesOf(context.message), status, frames })
  }

  #send(context: Smb1Context, parts: readonly Smb1Part[], status: number, sequence: number): void {
    const { header } = context
    const command = header.command
    // What only SMB1 knows as an error is none of NT: whoever took it for one would take it for a success.
    const hasNtStatus = context.has('NT_STATUS') && !isSmb1Error(status)
    const answer = {
      command,
      status: hasNtStatus ? status : dosError(status),
      flags: Smb1Flags.REPLY | (header.flags & (Smb1Flags.CASE_INSENSITIVE | Smb1Flags.CANONICALIZED_PATHS)),
      flags2: header.flags2 & ECHOED_FLAGS2 & ~(hasNtStatus ? 0 : Smb1Flags2.NT_STATUS),
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
    this.#connection.sendFrames(frames)
    this.#observe(context, status, frames)
  }
}
