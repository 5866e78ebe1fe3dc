import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Struct } from '../wire/schema/index.ts'
import type { Command } from '../wire/smb2/index.ts'
import type { Maybe } from './backend.ts'
import type { Reply } from './reply.ts'
import type { Request } from './request.ts'
import type { Steps } from './steps.ts'

/** Serves one command: at once, later, or in steps. */
export type Handler<B> = (request: Request, body: B) => Maybe<Reply | Failure> | Steps<Reply | Failure>

/** How a command is served. `defineCommand` ties the types of body and handler together. */
export interface CommandDefinition {
  readonly command: Command
  /** What must be there before it is served. */
  readonly needs: 'nothing' | 'session' | 'tree'
  serve(request: Request): Maybe<Reply | Failure> | Steps<Reply | Failure>
}

const SMB2_HEADER_BYTES = 64
/** One credit pays for this much (MS-SMB2 3.1.5.2). */
const BYTES_PER_CREDIT = 65_536

/** Headers, names and create contexts come on top of what credits pay for. */
const OVERHEAD_BYTES = 128 * 1024

/** A large message wants credits for its size, whatever is in it (MS-SMB2 3.3.5.2.5). */
function maxMessageBytes({ connection, header }: Request): number {
  const charge = connection.negotiated?.supportsMultiCredit === true ? Math.max(1, header.creditCharge) : 1
  return charge * BYTES_PER_CREDIT + OVERHEAD_BYTES
}

/** A command with the type of its body, for who asks for it in other words (SMB1). */
export interface DefinedCommand<B, I> extends CommandDefinition {
  readonly body: Struct<B, I>
}

export function defineCommand<B, I>(definition: {
  command: Command
  needs: CommandDefinition['needs']
  body: Struct<B, I>
  handler: Handler<B>
  /** Bytes that the request carries or asks for, whichever is more: what credits are charged for. */
  payload?: (body: B) => number
}): DefinedCommand<B, I> {
  return {
    command: definition.command,
    needs: definition.needs,
    body: definition.body,
    serve(request) {
      const { view, start, end, connection } = request
      if (end - start > maxMessageBytes(request)) return fail(NtStatus.INVALID_PARAMETER)
      const body = definition.body.decode(view, start + SMB2_HEADER_BYTES, end, start)
      if (definition.payload !== undefined && connection.negotiated?.supportsMultiCredit === true) {
        // MS-SMB2 3.3.5.2.5: the charge must cover the larger of what is sent and what is asked for.
        const needed = Math.max(1, Math.ceil(definition.payload(body) / BYTES_PER_CREDIT))
        if (Math.max(1, request.header.creditCharge) < needed) return fail(NtStatus.INVALID_PARAMETER)
      }
      return definition.handler(request, body)
    },
  }
}
