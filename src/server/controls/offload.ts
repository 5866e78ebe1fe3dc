/** Copies by tokens: one request names the data, another one, perhaps of another client, where it is to go. */
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  OffloadReadInput,
  OffloadReadOutput,
  OffloadTokenType,
  OffloadWriteInput,
  OffloadWriteOutput,
} from '../../wire/fscc/index.ts'
import type { IoctlRequest } from '../../wire/smb2/index.ts'
import type { ByteRange, FileStat } from '../backend.ts'
import { reportModified } from '../change-notifier.ts'
import type { ControlResult } from '../control.ts'
import { copyRange } from '../copy-range.ts'
import { narrow } from '../narrow.ts'
import type { OffloadedRange } from '../offload-tokens.ts'
import type { Open } from '../open.ts'
import type { Request } from '../request.ts'
import { type Steps, wait } from '../steps.ts'

/** One token stands for at most so much, as on Windows. */
const MAX_TRANSFER_BYTES = 256 * 1024 * 1024
const SECTOR_BYTES = 512
/** A token of this server; those of storage arrays have numbers of their own. */
const TOKEN_TYPE = 0x0000_0001

/** FSCTL_OFFLOAD_READ (MS-FSA 2.1.5.10.20): a token for a range, as it is now. */
export function* offloadRead(request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  const { share } = open
  if (open.file.isDirectory) return fail(NtStatus.OFFLOAD_READ_FILE_NOT_SUPPORTED)
  const asked = OffloadReadInput.decode(viewOf(body.input))
  if (asked.size !== OffloadReadInput.size || body.maxOutputResponse < OffloadReadOutput.size)
    return fail(NtStatus.INVALID_PARAMETER)
  if (!isAligned(asked.fileOffset, asked.copyLength)) return fail(NtStatus.INVALID_PARAMETER)
  if ((open.grantedAccess & AccessMask.FILE_READ_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const offset = narrow(asked.fileOffset)
  if (offset === undefined || offset >= stat.endOfFile) return fail(NtStatus.END_OF_FILE)
  if (open.stream.locks.blocksRead(open, asked.fileOffset, asked.copyLength)) return fail(NtStatus.FILE_LOCK_CONFLICT)
  const most = Math.min(narrow(asked.copyLength) ?? MAX_TRANSFER_BYTES, MAX_TRANSFER_BYTES)
  // The last sector of a file counts whole: zeros follow its end.
  const length = Math.min(most, Math.ceil((stat.endOfFile - offset) / SECTOR_BYTES) * SECTOR_BYTES)
  const tokenId = request.connection.server.offloadTokens.make(
    {
      share,
      path: open.path,
      stream: open.file.stream,
      stat,
      range: { offset, length },
      sid: open.session.identity?.sid,
    },
    asked.tokenTimeToLive,
  )
  const output = OffloadReadOutput.encode({
    flags: 0,
    transferLength: BigInt(length),
    token: { tokenType: TOKEN_TYPE, tokenIdLength: tokenId.length, tokenId },
  })
  return { output }
}

/** FSCTL_OFFLOAD_WRITE (MS-FSA 2.1.5.10.21): the data of a token, or zeros. */
export function* offloadWrite(request: Request, body: IoctlRequest, open: Open): Steps<ControlResult | Failure> {
  if (open.file.isDirectory) return fail(NtStatus.OFFLOAD_WRITE_FILE_NOT_SUPPORTED)
  const asked = OffloadWriteInput.decode(viewOf(body.input))
  const { fileOffset, copyLength, transferOffset, token } = asked
  if (asked.size !== OffloadWriteInput.size || body.maxOutputResponse < OffloadWriteOutput.size)
    return fail(NtStatus.INVALID_PARAMETER)
  const skipped = narrow(transferOffset)
  if (!isAligned(fileOffset, copyLength) || skipped === undefined || skipped % SECTOR_BYTES !== 0)
    return fail(NtStatus.INVALID_PARAMETER)
  if ((open.grantedAccess & AccessMask.FILE_WRITE_DATA) === 0) return fail(NtStatus.ACCESS_DENIED)
  const stat = yield* wait(open.file.stat())
  if (failed(stat)) return stat
  const to = narrow(fileOffset)
  if (to === undefined || to >= stat.endOfFile) return fail(NtStatus.END_OF_FILE)
  if (open.stream.locks.blocksWrite(open, fileOffset, copyLength)) return fail(NtStatus.FILE_LOCK_CONFLICT)
  const wanted = Math.min(narrow(copyLength) ?? MAX_TRANSFER_BYTES, MAX_TRANSFER_BYTES)
  const length = Math.min(wanted, stat.endOfFile - to)
  const written =
    token.tokenType === OffloadTokenType.ZERO_DATA
      ? yield* writeZeros(open, { offset: to, length }, length)
      : yield* writeToken(request, open, token.tokenId, skipped, { offset: to, length })
  if (failed(written)) return written
  reportModified(open, 'written')
  // What the end of the file has cut off counts as written: nothing is left to do (MS-FSCC 2.3.44).
  const lengthWritten = BigInt(written === length ? wanted : written)
  return { output: OffloadWriteOutput.encode({ lengthWritten }) }
}

const isAligned = (offset: bigint, length: bigint): boolean =>
  (offset | length) % BigInt(SECTOR_BYTES) === 0n && length > 0n && BigInt.asIntN(64, offset) >= 0n

/** Zeros, and how many bytes are written with them. */
function* writeZeros(open: Open, range: ByteRange, written: number): Steps<number | Failure> {
  const zeroed = yield* wait(open.file.zero(range))
  return failed(zeroed) ? zeroed : written
}

function* writeToken(
  request: Request,
  open: Open,
  tokenId: Uint8Array,
  skipped: number,
  target: ByteRange,
): Steps<number | Failure> {
  const kept = request.connection.server.offloadTokens.find(tokenId)
  if (kept === undefined || kept.sid !== open.session.identity?.sid) return fail(NtStatus.INVALID_TOKEN)
  if (skipped >= kept.range.length) return fail(NtStatus.INVALID_PARAMETER)
  const { backend } = kept.share
  const source = yield* wait(
    backend.open(kept.path, {
      disposition: 'open',
      read: true,
      write: false,
      ...(kept.stream === undefined ? {} : { stream: kept.stream }),
    }),
  )
  if (failed(source)) return fail(NtStatus.INVALID_TOKEN)
  try {
    const now = yield* wait(source.file.stat())
    // The token is for the data as it was: what was written since is nobody's to copy with it.
    if (failed(now) || !isUnchanged(kept, now)) return fail(NtStatus.INVALID_TOKEN)
    const offset = kept.range.offset + skipped
    const length = Math.min(target.length, kept.range.length - skipped)
    const isSame = now.fileId === open.file.fileId && source.file.stream === open.file.stream
    if (isSame && offset < target.offset + length && target.offset < offset + length)
      return fail(NtStatus.INVALID_PARAMETER)
    const present = Math.max(0, Math.min(length, now.endOfFile - offset))
    const isCancelled = () => request.connection.isClosed
    const copied = yield* copyRange(source.file, { offset, length: present }, open.file, target.offset, isCancelled)
    if (copied !== undefined) return copied
    return present === length
      ? length
      : yield* writeZeros(open, { offset: target.offset + present, length: length - present }, length)
  } finally {
    yield* wait(source.file.close())
  }
}

function isUnchanged({ stat }: OffloadedRange, now: FileStat): boolean {
  return (
    now.fileId === stat.fileId &&
    now.endOfFile === stat.endOfFile &&
    now.lastWriteTime === stat.lastWriteTime &&
    now.changeTime === stat.changeTime
  )
}
