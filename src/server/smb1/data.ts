import type { Failure } from '../../wire/erref/failure.ts'
import { failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileEndOfFileInformation, FileInformationClass } from '../../wire/fscc/index.ts'
import {
  Smb1CoreTransferWords,
  Smb1DataBlock,
  type Smb1Link,
  Smb1OffsetHigh,
  Smb1ReadAndXResponse,
  Smb1ReadAndXWords,
  Smb1ReadResponse,
  Smb1WriteAndXResponse,
  Smb1WriteAndXWords,
  Smb1WriteResponse,
  smb1Part,
} from '../../wire/smb1/index.ts'
import { InfoType, ReadResponse, WriteFlags, WriteResponse } from '../../wire/smb2/index.ts'
import { read } from '../commands/read.ts'
import { setInfo } from '../commands/set-info.ts'
import { write } from '../commands/write.ts'
import { MAX_SINGLE_CREDIT_BYTES } from '../sizes.ts'
import type { Steps } from '../steps.ts'
import { refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'
import { answered, ask, openOf, type Place } from './core.ts'

/** What fits into one answer: its bytes are counted with 16 bits, and one fills up to an even place. */
const MAX_READ_BYTES = 0xfffe
/** In the older form a format and a length stand before them. MS-CIFS 2.2.4.11.2. */
const MAX_CORE_READ_BYTES = 0xffff - 3
/** Words of the form without OffsetHigh. MS-CIFS 2.2.4.42.1, 2.2.4.43.1. */
const SHORT_READ_WORDS = 10
const SHORT_WRITE_WORDS = 12
/** In place of the upper half of the count: a pipe's client waits as long as it takes. */
const FOR_EVER = 0xffff_ffff
const WRITE_THROUGH = 0x0001

/** OffsetHigh, where the request has it: the words behind those of the short form. */
function offsetOf(context: Smb1Context, { at, wordCount }: Smb1Link, shortWords: number, low: number): bigint {
  if (wordCount < shortWords + 2) return BigInt(low)
  const place = at + 1 + shortWords * 2
  return (BigInt(Smb1OffsetHigh.decode(context.message, place, place + 4, 0).offsetHigh) << 32n) | BigInt(low)
}

/** SMB_COM_READ_ANDX. MS-CIFS 3.3.5.36, MS-SMB 3.3.5.7. */
export function* serveReadAndX(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const words = place.context.words(Smb1ReadAndXWords, link)
  const { fid, maxCount, maxCountHigh } = words
  const asked = maxCount + (maxCountHigh === FOR_EVER ? 0 : (maxCountHigh & 0xffff) * 0x1_0000)
  const offset = offsetOf(place.context, link, SHORT_READ_WORDS, words.offset)
  const answer = yield* readFrom(place, fid, offset, Math.min(asked, MAX_READ_BYTES))
  if (failed(answer)) return refuse(answer)
  return succeed(smb1Part(link.command, Smb1ReadAndXResponse, { data: answer.data }), answer.status)
}

/** SMB_COM_READ. MS-CIFS 3.3.5.13. */
export function* serveRead(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { fid, offset, count } = place.context.words(Smb1CoreTransferWords, link)
  const answer = yield* readFrom(place, fid, BigInt(offset), Math.min(count, MAX_CORE_READ_BYTES))
  if (failed(answer)) return refuse(answer)
  const { data, status } = answer
  return succeed(smb1Part(link.command, Smb1ReadResponse, { count: data.length, data }), status)
}

function* readFrom(
  place: Place,
  fid: number,
  offset: bigint,
  length: number,
): Steps<{ data: Uint8Array; status: number } | Failure> {
  const open = openOf(place, fid)
  if (failed(open)) return open
  const reply = yield* ask(place, read, { length, offset, fileId: open.fileId })
  // MS-CIFS 3.3.5.36: at the end of the file there is nothing, and nothing wrong.
  if (failed(reply)) return reply.status === NtStatus.END_OF_FILE ? { data: new Uint8Array(0), status: 0 } : reply
  const { data } = answered(reply, ReadResponse)
  if (reply.frame === undefined) return { data, status: reply.status }
  const copy = data.slice()
  reply.frame.release()
  return { data: copy, status: reply.status }
}

/** SMB_COM_WRITE_ANDX. MS-CIFS 3.3.5.37, MS-SMB 3.3.5.8. */
export function* serveWriteAndX(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context } = place
  const words = context.words(Smb1WriteAndXWords, link)
  const { fid, dataLength, dataLengthHigh, dataOffset, writeMode } = words
  const data = context.slice(dataOffset, dataLength + dataLengthHigh * 0x1_0000)
  const offset = offsetOf(context, link, SHORT_WRITE_WORDS, words.offset)
  const count = yield* writeTo(place, fid, offset, data, (writeMode & WRITE_THROUGH) !== 0)
  if (failed(count)) return refuse(count)
  const value = { count: count & 0xffff, countHigh: count >>> 16 }
  return succeed(smb1Part(link.command, Smb1WriteAndXResponse, value))
}

/** SMB_COM_WRITE: without data it cuts the file off, or extends it. MS-CIFS 3.3.5.14. */
export function* serveWrite(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context } = place
  const { fid, count, offset } = context.words(Smb1CoreTransferWords, link)
  const { start, end } = context.data(link)
  const block = Smb1DataBlock.decode(context.message, start, end, 0)
  if (block.dataLength !== count) return refuse(NtStatus.INVALID_PARAMETER)
  const written =
    count === 0 ? yield* setEnd(place, fid, offset) : yield* writeTo(place, fid, BigInt(offset), block.data, false)
  return failed(written) ? refuse(written) : succeed(smb1Part(link.command, Smb1WriteResponse, { count: written }))
}

/** Larger writes than one request of this dialect may have go on in another; what is written by then counts. */
function* writeTo(
  place: Place,
  fid: number,
  offset: bigint,
  data: Uint8Array,
  through: boolean,
): Steps<number | Failure> {
  const open = openOf(place, fid)
  if (failed(open)) return open
  const flags = through ? WriteFlags.WRITE_THROUGH : 0
  let count = 0
  do {
    const piece = data.subarray(count, count + MAX_SINGLE_CREDIT_BYTES)
    const reply = yield* ask(place, write, { offset: offset + BigInt(count), fileId: open.fileId, flags, data: piece })
    if (failed(reply)) return count === 0 ? reply : count
    count += answered(reply, WriteResponse).count
  } while (count < data.length)
  return count
}

function* setEnd(place: Place, fid: number, offset: number): Steps<number | Failure> {
  const open = openOf(place, fid)
  if (failed(open)) return open
  const reply = yield* ask(place, setInfo, {
    infoType: InfoType.FILE,
    fileInfoClass: FileInformationClass.FileEndOfFileInformation,
    fileId: open.fileId,
    buffer: FileEndOfFileInformation.encode({ endOfFile: BigInt(offset) }),
  })
  return failed(reply) ? reply : 0
}
