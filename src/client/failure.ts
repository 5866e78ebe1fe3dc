import { viewOf } from '../bytes/utf16.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  ErrorResponse,
  errorContexts,
  responseBody,
  SMB2_HEADER_SIZE,
  SymbolicLinkErrorResponse,
  SymbolicLinkFlags,
} from '../wire/smb2/index.ts'
import type { Answer, Call } from './call.ts'
import { StatusError } from './errors.ts'

/** The path goes through a symbolic link, which the client has to follow (MS-SMB2 2.2.2.2.1). */
export class SymlinkError extends StatusError {
  /** As the link has it: relative to where it is, or absolute (`\??\...`). */
  readonly target: string
  readonly isRelative: boolean
  /** How much of the name, in UTF-16 units from its end, is behind the link. */
  readonly unparsedUnits: number

  constructor(call: Pick<Call<unknown>, 'command' | 'occasion'>, link: SymbolicLinkErrorResponse) {
    super(NtStatus.STOPPED_ON_SYMLINK, call.command, call.occasion)
    this.target = link.substituteName
    this.isRelative = link.flags === SymbolicLinkFlags.RELATIVE
    this.unparsedUnits = link.unparsedPathLength / 2
  }
}

/**
 * The error for an answer that is none of those that the call takes.
 * @throws WireError where its bytes do not add up
 */
export function failureOf(answer: Answer, call: Pick<Call<unknown>, 'command' | 'occasion'>): StatusError {
  if (answer.status === NtStatus.STOPPED_ON_SYMLINK) {
    const data = errorContexts(answer.body(ErrorResponse))[0]?.errorContextData
    if (data !== undefined) return new SymlinkError(call, SymbolicLinkErrorResponse.decode(viewOf(data)))
  }
  return new StatusError(answer.status, call.command, call.occasion)
}

/** True for an answer that has the form of an error (MS-SMB2 2.2.2), or whose status is one. */
export function isFailure({ header, message, view }: Answer): boolean {
  const { command, status } = header
  const structureSize = message.length < SMB2_HEADER_SIZE + 2 ? undefined : view.getUint16(SMB2_HEADER_SIZE, true)
  return responseBody(command, status, structureSize) === ErrorResponse
}
