import { viewOf } from '../bytes/utf16.ts'
import { BufferPool } from '../protocol/buffer-pool.ts'
import { type Clock, systemClock } from '../protocol/clock.ts'
import { FrameAssembler, ProtocolError } from '../protocol/frame-assembler.ts'
import type { TransportEvents } from '../protocol/transport.ts'
import { SessionPacketHeader } from '../wire/nbss/index.ts'
import {
  NO_DIALECT_IN_COMMON,
  SMB1_HEADER_SIZE,
  SMB1_PROTOCOL_ID,
  Smb1Command,
  Smb1Flags2,
  Smb1Header,
  Smb1NegotiateRequest,
} from '../wire/smb1/index.ts'
import type { ConnectOptions } from './api/options.ts'
import type { ClientTransport, Dial, Target } from './dial.ts'
import { codeOf, TransportError } from './errors.ts'
import { defaultClientLimits } from './limits.ts'

/** The newest dialect of SMB1, and the only one that is worth asking for. MS-SMB 2.2.4.5.1. */
const NT_LM = 'NT LM 0.12'
/** Longer answers to this question are none. */
const MAX_ANSWER_BYTES = 64 * 1024
/** Where the answer says which of the dialects it takes: behind the count of words (MS-CIFS 2.2.4.52.2). */
const DIALECT_INDEX_AT = SMB1_HEADER_SIZE + 1

/**
 * Whether a server takes a connection that offers SMB1 alone. One that hangs up does not.
 * @throws TransportError where it cannot be reached, or does not answer; the signal's reason
 */
export async function askForSmb1(
  dial: Dial,
  target: Target,
  { limits, signal }: ConnectOptions,
  clock: Clock = systemClock,
): Promise<boolean> {
  const { connectTimeoutMs, silenceTimeoutMs } = { ...defaultClientLimits, ...limits }
  const timeout = new AbortController()
  const stop = clock.after(connectTimeoutMs + silenceTimeoutMs, () => timeout.abort(), true)
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const give = (): void => reject(new TransportError('ETIMEDOUT', 'NEGOTIATE of SMB1', 'the server does not answer'))
  timeout.signal.addEventListener('abort', give, { once: true })
  signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  let transport: ClientTransport | undefined
  try {
    const ending = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
    const accept = (made: ClientTransport): TransportEvents => {
      transport = made
      made.send([question()])
      return listener(resolve)
    }
    const dialled = dial(target, accept, ending)
    dialled.catch(reject)
    return await promise
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof TransportError) throw error
    const step = `connect to ${target.host}:${target.port}`
    throw new TransportError(codeOf(error) ?? 'ECONNREFUSED', step, 'the connection could not be made', {
      cause: error,
    })
  } finally {
    stop()
    transport?.close(false)
  }
}

/** What is told of the connection: the first message is the answer, and an end without one is a no. */
function listener(answer: (speaks: boolean) => void): TransportEvents {
  const frames = new FrameAssembler(MAX_ANSWER_BYTES, new BufferPool(0), (frame) => {
    answer(isTaken(frame))
    return undefined
  })
  /** What is framed otherwise is no SMB at all. */
  const guarded = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      answer(false)
    }
  }
  return {
    space: () => frames.space(),
    filled: (count) => guarded(() => frames.filled(count)),
    received: (chunk) => guarded(() => void frames.push(chunk)),
    drained: () => undefined,
    closed: () => answer(false),
  }
}

function question(): Uint8Array {
  const header = Smb1Header.encode({
    command: Smb1Command.NEGOTIATE,
    flags: 0,
    flags2: Smb1Flags2.LONG_NAMES | Smb1Flags2.NT_STATUS | Smb1Flags2.UNICODE | Smb1Flags2.EXTENDED_SECURITY,
    securityFeatures: new Uint8Array(8),
  })
  const body = Smb1NegotiateRequest.encode({ dialects: [NT_LM] })
  const length = header.length + body.length
  return Buffer.concat([SessionPacketHeader.encode({ length }), header, body])
}

function isTaken(frame: Uint8Array): boolean {
  const view = viewOf(frame)
  if (frame.length < DIALECT_INDEX_AT + 2 || view.getUint32(0, true) !== SMB1_PROTOCOL_ID) return false
  return view.getUint16(DIALECT_INDEX_AT, true) !== NO_DIALECT_IN_COMMON
}
