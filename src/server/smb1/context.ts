import { WireError } from '../../bytes/errors.ts'
import { bytesOf } from '../../bytes/utf16.ts'
import { type Failure, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Struct } from '../../wire/schema/index.ts'
import {
  type ByText,
  Smb1Flags2,
  type Smb1Header,
  type Smb1Link,
  type Smb1Part,
  Smb1Status,
  type Smb1Text,
  smb1Text,
} from '../../wire/smb1/index.ts'
import type { Connection } from '../connection.ts'
import type { Open, PipeOpen } from '../open.ts'
import type { Request } from '../request.ts'
import type { Session } from '../session.ts'
import type { TreeConnect } from '../tree-connect.ts'
import type { Smb1State } from './state.ts'

/** What one command of a message comes to; without a body it has failed. */
export interface Smb1Result {
  readonly status: number
  readonly part?: Smb1Part
}

export const succeed = (part: Smb1Part, status: number = NtStatus.SUCCESS): Smb1Result => ({ part, status })
export const refuse = (status: number | Failure): Smb1Result => ({ status: failed(status) ? status.status : status })

/** Bytes of a message, counted from its header. */
export interface Extent {
  readonly start: number
  readonly end: number
}

/** A message that is being served: what its commands leave for each other, and for the header of the answer. */
export class Smb1Context {
  readonly connection: Connection
  readonly state: Smb1State
  readonly header: Smb1Header
  readonly message: DataView
  uid: number
  tid: number
  /** Answers before the last (ECHO may be asked for several, and transactions come in pieces). */
  readonly further: Smb1Part[] = []
  /** What the last command of the chain has opened: the next ones are about that (MS-CIFS 2.2.3.4). */
  opened: Open | PipeOpen | undefined
  /** What of it is being served, as the server knows it. */
  request: Request | undefined

  constructor(connection: Connection, state: Smb1State, header: Smb1Header, message: DataView) {
    this.connection = connection
    this.state = state
    this.header = header
    this.message = message
    this.uid = header.uid
    this.tid = header.tid
  }

  /** It waits for something that others have to do first. */
  get isWaiting(): boolean {
    return this.request?.asyncId !== undefined
  }

  cancel(): void {
    this.request?.cancel()
  }

  has(flag: keyof typeof Smb1Flags2): boolean {
    return (this.header.flags2 & Smb1Flags2[flag]) !== 0
  }

  form<T, I>(declaration: ByText<T, I>): Struct<T, I> {
    return this.has('UNICODE') ? declaration.unicode : declaration.oem
  }

  /** @throws WireError */
  body<T, I>(declaration: Struct<T, I>, { at }: Smb1Link): T {
    return declaration.decode(this.message, at, this.message.byteLength, 0)
  }

  /** The words of a command; newer forms have more of them than are declared. @throws WireError */
  words<T, I>(declaration: Struct<T, I>, { at, wordCount }: Smb1Link): T {
    return declaration.decode(this.message, at + 1, at + 1 + wordCount * 2, 0)
  }

  /** Where the bytes of a command lie. @throws WireError */
  data({ at, wordCount }: Smb1Link): Extent {
    const counted = at + 1 + wordCount * 2
    const start = counted + 2
    const isCounted = start <= this.message.byteLength
    const end = isCounted ? start + this.message.getUint16(counted, true) : start
    if (!isCounted || end > this.message.byteLength)
      throw new WireError('SMB1 ByteCount', counted, 'MS-CIFS 2.2.3.3', 'leads out of the message')
    return { start, end }
  }

  /** Bytes that a field says lie at `start`. @throws WireError */
  slice(start: number, length: number): Uint8Array {
    const end = start + length
    if (end > this.message.byteLength)
      throw new WireError('SMB1 data', start, 'MS-CIFS 2.2.3.3', 'lies outside of the message')
    return bytesOf(this.message, start, end)
  }

  text(start: number, end: number): Smb1Text {
    return smb1Text(this.message, this.has('UNICODE'), start, end)
  }

  /** Who is logged on by the message's UID. */
  session(): Session | Smb1Result {
    const session = this.state.session(this.uid)
    if (session === undefined) return refuse(Smb1Status.BAD_UID)
    const { expiresAt } = session
    if (expiresAt !== undefined && expiresAt <= this.connection.server.clock.now()) session.state = 'expired'
    // MS-SMB 3.3.5.2: only who said that it can renew a session is told that it should.
    return session.state === 'expired' && this.state.canRenew(this.uid)
      ? refuse(NtStatus.NETWORK_SESSION_EXPIRED)
      : session
  }

  /** The tree of the message's TID, if it is this user's. */
  tree(session: Session): TreeConnect | Smb1Result {
    return this.state.tree(this.tid, session) ?? refuse(Smb1Status.BAD_TID)
  }
}

/** Nothing that could be asked for instead has a status. */
export const isResult = (value: object): value is Smb1Result => 'status' in value
