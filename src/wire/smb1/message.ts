import { WireError } from '../../bytes/errors.ts'
import type { InferInput, Struct } from '../schema/index.ts'
import { NO_ANDX_COMMAND, SMB1_HEADER_SIZE, Smb1Command, Smb1Header } from './header.ts'

/** One command of a message, with its body. */
export interface Smb1Part {
  readonly command: number
  readonly body: Struct<unknown, never>
  readonly value: unknown
}

/** Ties the types of a body and its value together. */
export const smb1Part = <T, I>(command: number, body: Struct<T, I>, value: NoInfer<I>): Smb1Part => ({
  command,
  body,
  value,
})

/** The length that the transport puts before each message (MS-SMB 2.1). */
const FRAME_HEADER_BYTES = 4
/** Where a body may begin that follows another. */
const CHAIN_ALIGNMENT = 4

const alignUp = (at: number): number => (at + CHAIN_ALIGNMENT - 1) & -CHAIN_ALIGNMENT

/** A message with one command or a chain of them (MS-CIFS 2.2.3.4), and the transport's length before it. */
export function encodeSmb1Frame(header: InferInput<typeof Smb1Header>, parts: readonly Smb1Part[]): Uint8Array {
  const places: number[] = []
  let end = SMB1_HEADER_SIZE
  for (const { body, value } of parts) {
    const at = places.length === 0 ? end : alignUp(end)
    places.push(at)
    end = at + body.sizeOfEncoded(value as never, at)
  }
  const frame = new Uint8Array(FRAME_HEADER_BYTES + end)
  const view = new DataView(frame.buffer)
  view.setUint32(0, end, false)
  Smb1Header.encodeInto(view, FRAME_HEADER_BYTES, header)
  parts.forEach(({ body, value }, i) => {
    const next = parts[i + 1]
    const link = next === undefined ? {} : { andXCommand: next.command, andXOffset: places[i + 1] }
    const at = FRAME_HEADER_BYTES + (places[i] ?? 0)
    body.encodeInto(view, at, { ...(value as object), ...link } as never, FRAME_HEADER_BYTES)
  })
  return frame
}

/** One command of a message that came. */
export interface Smb1Link {
  readonly command: number
  /** Where its WordCount is, from the header. */
  readonly at: number
  readonly wordCount: number
}

/** Commands that another may follow. MS-CIFS 2.2.3.4. */
const ANDX_COMMANDS: ReadonlySet<number> = new Set([
  Smb1Command.LOCKING_ANDX,
  Smb1Command.OPEN_ANDX,
  Smb1Command.READ_ANDX,
  Smb1Command.WRITE_ANDX,
  Smb1Command.SESSION_SETUP_ANDX,
  Smb1Command.LOGOFF_ANDX,
  Smb1Command.TREE_CONNECT_ANDX,
  Smb1Command.NT_CREATE_ANDX,
])

/** No client has use for more. */
const MAX_CHAIN_LENGTH = 8
/** Words of the link itself. */
const LINK_WORDS = 2

/** The commands of a message, in their order. Each lies behind the one before. @throws WireError */
export function* smb1Chain(message: DataView): Generator<Smb1Link> {
  let { command } = Smb1Header.decode(message, 0, message.byteLength)
  let at = SMB1_HEADER_SIZE
  for (let n = 0; ; n++) {
    if (n >= MAX_CHAIN_LENGTH) throw new WireError('SMB1 chain', at, 'MS-CIFS 2.2.3.4', 'has no end')
    if (at >= message.byteLength) throw new WireError('SMB1 chain', at, 'MS-CIFS 2.2.3.4', 'leads out of the message')
    const wordCount = message.getUint8(at)
    yield { command, at, wordCount }
    if (!ANDX_COMMANDS.has(command) || wordCount < LINK_WORDS || at + 5 > message.byteLength) return
    const next = message.getUint8(at + 1)
    const offset = message.getUint16(at + 3, true)
    if (next === NO_ANDX_COMMAND) return
    if (offset <= at) throw new WireError('SMB1 chain', at + 3, 'MS-CIFS 2.2.3.4', 'leads backwards')
    command = next
    at = offset
  }
}
