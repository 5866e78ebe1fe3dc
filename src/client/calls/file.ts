import { WireError } from '../../bytes/errors.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  CloseFlags,
  CloseRequest,
  CloseResponse,
  Command,
  type FileId,
  FlushRequest,
  FlushResponse,
  type LockElement,
  LockRequest,
  LockResponse,
  ReadRequest,
  ReadResponse,
  WriteFlags,
  WriteRequest,
  WriteResponse,
} from '../../wire/smb2/index.ts'
import { type Answer, type Call, encodeCall } from '../call.ts'
import type { Occasion } from '../errors.ts'
import { narrow } from '../narrow.ts'
import type { BasicFacts } from '../stats.ts'

/** What CLOSE tells of a file when it is asked to. */
export type LastFacts = BasicFacts

/** MS-SMB2 2.2.15. With `query` the file's last state comes back, if the server still knows it. */
export function closeCall(fileId: FileId, occasion: Occasion, query = false): Call<LastFacts | undefined> {
  return {
    command: Command.CLOSE,
    frame: encodeCall(CloseRequest, { flags: query ? CloseFlags.POSTQUERY_ATTRIB : 0, fileId }),
    occasion,
    read(answer) {
      const body = answer.body(CloseResponse)
      if ((body.flags & CloseFlags.POSTQUERY_ATTRIB) === 0) return undefined
      const { creationTime, lastAccessTime, lastWriteTime, changeTime, fileAttributes } = body
      return {
        creationTime,
        lastAccessTime,
        lastWriteTime,
        changeTime,
        allocationSize: narrow(body.allocationSize, 'SMB2 CLOSE Response.allocationSize'),
        endOfFile: narrow(body.endOfFile, 'SMB2 CLOSE Response.endOfFile'),
        fileAttributes,
      }
    },
  }
}

export interface ReadArguments {
  readonly fileId: FileId
  readonly offset: number
  /** What is read comes to lie at its beginning; as much as it has room for is asked for. */
  readonly into: Uint8Array
}

/** MS-SMB2 2.2.19. Gives the bytes that were read: 0 at the end of the file. */
export function readCall({ fileId, offset, into }: ReadArguments, occasion: Occasion): Call<number> {
  return reading({ fileId, offset, length: into.length }, occasion, (data) => {
    into.set(data)
    return data.length
  })
}

/** Bytes of the server that lie where they were received, until they are given back: once. */
export interface Lent {
  readonly bytes: Uint8Array
  readonly give: () => void
}

/** As `readCall`, without a copy. */
export function lendCall(
  given: { readonly fileId: FileId; readonly offset: number; readonly length: number },
  occasion: Occasion,
): Call<Lent> {
  const late = (lent: Lent): void => lent.give()
  return { ...reading(given, occasion, (bytes, answer) => ({ bytes, give: answer.keep() })), late }
}

/** A READ; `take` gets what was read, which is nothing at the end of the file. */
function reading<T>(
  { fileId, offset, length }: { readonly fileId: FileId; readonly offset: number; readonly length: number },
  occasion: Occasion,
  take: (data: Uint8Array, answer: Answer) => T,
): Call<T> {
  return {
    command: Command.READ,
    frame: encodeCall(ReadRequest, { length, offset: BigInt(offset), fileId }),
    answerBytes: length,
    accepts: [NtStatus.END_OF_FILE],
    occasion,
    read(answer) {
      if (answer.status === NtStatus.END_OF_FILE) return take(NOTHING, answer)
      const { data } = answer.body(ReadResponse)
      if (data.length <= length) return take(data, answer)
      const problem = `${data.length} bytes where ${length} were asked for`
      throw new WireError('SMB2 READ Response.dataLength', 4, '2.2.20', problem)
    },
  }
}

export interface WriteArguments {
  readonly fileId: FileId
  readonly offset: number
  /** Is not copied: it must stay as it is until the answer is there. */
  readonly data: Uint8Array
  readonly writeThrough?: boolean
  /** Of the header: REPLAY_OPERATION. */
  readonly flags?: number
}

const WRITE_DATA_AT = 64 + WriteRequest.size
const NOTHING = new Uint8Array(0)

/** MS-SMB2 2.2.21. Gives the bytes that were written. */
export function writeCall(given: WriteArguments, occasion: Occasion): Call<number> {
  const { fileId, offset, data } = given
  const flags = given.writeThrough === true ? WriteFlags.WRITE_THROUGH : 0
  // The body without its data, which is sent from where it lies.
  const frame = encodeCall(WriteRequest, { offset: BigInt(offset), fileId, flags, data: NOTHING }).subarray(
    0,
    4 + WRITE_DATA_AT,
  )
  const view = new DataView(frame.buffer, frame.byteOffset + 4 + 64)
  view.setUint16(2, WRITE_DATA_AT, true)
  view.setUint32(4, data.length, true)
  return {
    command: Command.WRITE,
    frame,
    data,
    ...(given.flags !== undefined && { flags: given.flags }),
    occasion,
    read(answer) {
      const { count } = answer.body(WriteResponse)
      if (count > data.length)
        throw new WireError('SMB2 WRITE Response.count', 4, '2.2.22', `${count} bytes where ${data.length} were sent`)
      return count
    },
  }
}

/** MS-SMB2 2.2.17. */
export const flushCall = (fileId: FileId, occasion: Occasion): Call<void> => ({
  command: Command.FLUSH,
  frame: encodeCall(FlushRequest, { fileId }),
  occasion,
  read: (answer) => void answer.body(FlushResponse),
})

export type LockPart = Pick<LockElement, 'offset' | 'length' | 'flags'>

/** MS-SMB2 2.2.26. `lockSequence` lets the server know a request that it has answered already (3.3.5.14). */
export const lockCall = (
  fileId: FileId,
  locks: readonly LockPart[],
  lockSequence: number,
  occasion: Occasion,
): Call<void> => ({
  command: Command.LOCK,
  frame: encodeCall(LockRequest, { fileId, locks, lockSequence }),
  occasion,
  read: (answer) => void answer.body(LockResponse),
})
