import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Struct } from '../../wire/schema/index.ts'
import {
  ChangeNotifyRequest,
  ChangeNotifyResponse,
  Command,
  type FileId,
  type InfoType,
  IoctlFlags,
  IoctlRequest,
  IoctlResponse,
  QueryDirectoryRequest,
  QueryDirectoryResponse,
  QueryInfoRequest,
  QueryInfoResponse,
  SetInfoRequest,
  SetInfoResponse,
} from '../../wire/smb2/index.ts'
import { type Answer, type Call, encodeCall } from '../call.ts'
import type { Occasion } from '../errors.ts'

/** What is asked of a file, its file system, its rights or quotas. */
export interface InformationKind {
  readonly infoType: InfoType
  /** FileInformationClass or FsInformationClass. */
  readonly infoClass: number
  /** Bits of `AdditionalInformation`. */
  readonly additional?: number
}

export interface QueryInfoArguments extends InformationKind {
  readonly fileId: FileId
  /** Room for the answer. */
  readonly outputBytes: number
  readonly input?: Uint8Array
  /** Bits of `QueryInfoFlags`. */
  readonly flags?: number
  readonly accepts?: readonly NtStatus[]
}

/** An output buffer larger than was asked for is not one. */
function within(output: Uint8Array, room: number, path: string): Uint8Array {
  if (output.length > room) throw new WireError(path, 0, '', `${output.length} bytes where ${room} were asked for`)
  return output
}

/** MS-SMB2 2.2.37. `take` gets the information while its bytes are there. */
export function queryInfoCall<T>(
  given: QueryInfoArguments,
  occasion: Occasion,
  take: (output: Uint8Array, status: NtStatus) => T,
): Call<T> {
  return {
    command: Command.QUERY_INFO,
    frame: encodeCall(QueryInfoRequest, {
      infoType: given.infoType,
      fileInfoClass: given.infoClass,
      outputBufferLength: given.outputBytes,
      additionalInformation: given.additional ?? 0,
      flags: given.flags ?? 0,
      fileId: given.fileId,
      ...(given.input && { inputBuffer: given.input }),
    }),
    answerBytes: given.outputBytes,
    ...(given.accepts && { accepts: given.accepts }),
    occasion,
    read(answer) {
      if (given.accepts?.includes(answer.status) === true && answer.status !== NtStatus.BUFFER_OVERFLOW)
        return take(NOTHING, answer.status)
      const { outputBuffer } = answer.body(QueryInfoResponse)
      return take(within(outputBuffer, given.outputBytes, 'SMB2 QUERY_INFO Response.outputBuffer'), answer.status)
    },
  }
}

const NOTHING = new Uint8Array(0)

/** The same for information with a declaration: a view, whose bytes are gone when `take` returns. */
export const queryStructCall = <V, I, T>(
  given: QueryInfoArguments,
  declaration: Struct<V, I>,
  occasion: Occasion,
  take: (information: V) => T,
): Call<T> => queryInfoCall(given, occasion, (output) => take(declaration.decode(viewOf(output))))

/** MS-SMB2 2.2.39. */
export const setInfoCall = (
  given: InformationKind & { readonly fileId: FileId; readonly buffer: Uint8Array; readonly flags?: number },
  occasion: Occasion,
): Call<void> => ({
  command: Command.SET_INFO,
  frame: encodeCall(SetInfoRequest, {
    infoType: given.infoType,
    fileInfoClass: given.infoClass,
    additionalInformation: (given.additional ?? 0) >>> 0,
    fileId: given.fileId,
    buffer: given.buffer,
  }),
  ...(given.flags !== undefined && { flags: given.flags }),
  occasion,
  read: (answer) => void answer.body(SetInfoResponse),
})

export interface QueryDirectoryArguments {
  readonly fileId: FileId
  readonly infoClass: number
  readonly pattern: string
  /** Bits of `QueryDirectoryFlags`. */
  readonly flags: number
  readonly outputBytes: number
}

/** MS-SMB2 2.2.33. Undefined where there are no more entries, or none that fit. */
export function queryDirectoryCall<T>(
  given: QueryDirectoryArguments,
  occasion: Occasion,
  take: (output: Uint8Array) => T,
): Call<T | undefined> {
  return {
    command: Command.QUERY_DIRECTORY,
    frame: encodeCall(QueryDirectoryRequest, {
      fileInformationClass: given.infoClass,
      flags: given.flags,
      fileId: given.fileId,
      outputBufferLength: given.outputBytes,
      fileName: given.pattern,
    }),
    answerBytes: given.outputBytes,
    accepts: [NtStatus.NO_MORE_FILES, NtStatus.NO_SUCH_FILE],
    occasion,
    read(answer) {
      if (answer.status === NtStatus.NO_MORE_FILES || answer.status === NtStatus.NO_SUCH_FILE) return undefined
      const { outputBuffer } = answer.body(QueryDirectoryResponse)
      // Nothing is no progress: there would be no end of it.
      if (outputBuffer.length === 0) return undefined
      return take(within(outputBuffer, given.outputBytes, 'SMB2 QUERY_DIRECTORY Response.outputBuffer'))
    },
  }
}

export interface IoctlArguments {
  readonly fileId: FileId
  readonly ctlCode: number
  readonly input?: Uint8Array
  readonly maxOutputBytes: number
  readonly accepts?: readonly NtStatus[]
  readonly flags?: number
}

/** MS-SMB2 2.2.31. `take` gets the output while its bytes are there. */
export function ioctlCall<T>(
  given: IoctlArguments,
  occasion: Occasion,
  take: (output: Uint8Array, answer: Answer) => T,
): Call<T> {
  const input = given.input ?? NOTHING
  return {
    command: Command.IOCTL,
    frame: encodeCall(IoctlRequest, {
      ctlCode: given.ctlCode,
      fileId: given.fileId,
      input,
      maxOutputResponse: given.maxOutputBytes,
      flags: IoctlFlags.IS_FSCTL,
    }),
    answerBytes: Math.max(input.length, given.maxOutputBytes),
    ...(given.accepts && { accepts: given.accepts }),
    ...(given.flags !== undefined && { flags: given.flags }),
    occasion,
    read(answer) {
      const { output } = answer.body(IoctlResponse)
      return take(within(output, given.maxOutputBytes, 'SMB2 IOCTL Response.output'), answer)
    },
  }
}

export interface NotifyArguments {
  readonly fileId: FileId
  /** Bits of `CompletionFilter`. */
  readonly filter: number
  /** Bits of `NotifyFlags`. */
  readonly flags: number
  readonly outputBytes: number
}

/** MS-SMB2 2.2.35. Undefined where more has changed than the answer has room for. */
export function notifyCall<T>(
  given: NotifyArguments,
  occasion: Occasion,
  take: (output: Uint8Array) => T,
): Call<T | undefined> {
  return {
    command: Command.CHANGE_NOTIFY,
    frame: encodeCall(ChangeNotifyRequest, {
      flags: given.flags,
      outputBufferLength: given.outputBytes,
      fileId: given.fileId,
      completionFilter: given.filter,
    }),
    answerBytes: given.outputBytes,
    accepts: [NtStatus.NOTIFY_ENUM_DIR],
    occasion,
    read(answer) {
      if (answer.status === NtStatus.NOTIFY_ENUM_DIR) return undefined
      const { outputBuffer } = answer.body(ChangeNotifyResponse)
      if (outputBuffer.length === 0) return undefined
      return take(within(outputBuffer, given.outputBytes, 'SMB2 CHANGE_NOTIFY Response.outputBuffer'))
    },
  }
}
