import { WireError } from '../../bytes/errors.ts'
import { FILE_GENERIC_READ, FILE_GENERIC_WRITE } from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Command,
  CreateDisposition,
  CreateOptions,
  type FileId,
  InfoType,
  ReadRequest,
  ReadResponse,
} from '../../wire/smb2/index.ts'
import type { OpenFlags } from '../api/file-handle.ts'
import type { FileContent, FileTimes, ReadFileOptions, WriteFileOptions } from '../api/share.ts'
import { wholeKept } from '../cache/by-name.ts'
import { type Call, encodeCall } from '../call.ts'
import { flushCall, writeCall } from '../calls/file.ts'
import { setInfoCall } from '../calls/information.ts'
import { contentParts, wholeContent } from '../content.ts'
import { type Occasion, StatusError, UsageError } from '../errors.ts'
import { RemoteHandle, readToEnd } from '../handle.ts'
import { basicInformation } from '../information.ts'
import { meaningOf } from '../open-flags.ts'
import { once, openAt, type Spot } from '../spot.ts'
import type { Volume } from '../volume.ts'

/** A READ from the beginning, whose answer is as large as the file and not as the room for it. */
function readFirst(fileId: FileId, length: number, occasion: Occasion): Call<Buffer> {
  return {
    command: Command.READ,
    frame: encodeCall(ReadRequest, { length, offset: 0n, fileId }),
    answerBytes: length,
    accepts: [NtStatus.END_OF_FILE],
    occasion,
    read(answer) {
      if (answer.status === NtStatus.END_OF_FILE) return Buffer.alloc(0)
      const { data } = answer.body(ReadResponse)
      if (data.length > length)
        throw new WireError(
          'SMB2 READ Response.dataLength',
          4,
          '2.2.20',
          `${data.length} bytes where ${length} were asked for`,
        )
      return Buffer.from(data)
    },
  }
}

/** A small file in one round trip, a large one with as many requests at a time as there are credits for. */
export const readFile = (volume: Volume, path: string, options: ReadFileOptions = {}): Promise<Buffer> =>
  volume.at(path, 'readFile', async (spot) => {
    const kept = await wholeKept(spot, options.signal)
    return kept ?? (await readSmall(spot, options)).whole ?? readLarge(spot, options)
  })

/** `whole` is undefined where the file is larger than what one request is to bring. */
export async function readSmall(
  spot: Spot,
  { signal, sizeHint }: ReadFileOptions,
): Promise<{ readonly whole: Buffer | undefined }> {
  const how = { access: FILE_GENERIC_READ, options: CreateOptions.NON_DIRECTORY_FILE }
  const on = await spot.tree.ready(signal)
  const most = Math.min(
    spot.tree.link.settings.limits.maxSmallFileBytes,
    on.live.negotiated.maxReadBytes,
    on.connection.maxTransferBytes,
    // Not nothing, which some servers refuse to read.
    Math.max(1, sizeHint ?? Number.POSITIVE_INFINITY),
  )
  const { opened, results } = await once(spot, how, (fileId) => [readFirst(fileId, most, spot.occasion)], {
    signal,
    repeatable: true,
  })
  const [data] = results
  return { whole: opened.endOfFile > data.length ? undefined : data }
}

/** A server that is back may go again soon. */
const MAX_LOSSES = 5

/** Who only names a file need not know that it was open: one that is lost with its connection is read from its beginning. */
async function readLarge(spot: Spot, { signal }: ReadFileOptions): Promise<Buffer> {
  const how = {
    access: FILE_GENERIC_READ,
    options: CreateOptions.NON_DIRECTORY_FILE | CreateOptions.SEQUENTIAL_ONLY,
  }
  for (let losses = 0; ; losses++) {
    const file = await openAt(spot, how, { signal })
    try {
      return await readToEnd(file, 0, spot.occasion, signal)
    } catch (error) {
      if (losses >= MAX_LOSSES || !(error instanceof UsageError && error.code === 'EBADF')) throw error
    } finally {
      await file.close()
    }
  }
}

/** Small content in one round trip: opened, written and closed. */
export function writeFile(
  volume: Volume,
  path: string,
  data: FileContent,
  options: WriteFileOptions = {},
  operation = 'writeFile',
): Promise<void> {
  const { flag = 'w', encoding } = options
  const whole = wholeContent(data, encoding)
  return volume.at(path, operation, async (spot) => {
    const isSmall = whole !== undefined && whole.length <= (await mostAtOnce(spot, options))
    if (isSmall && !meaningOf(flag).appends && (await writesSmall(spot, whole, flag, options))) return
    await writeLarge(spot, data, flag, options)
  })
}

async function mostAtOnce(spot: Spot, { signal }: WriteFileOptions): Promise<number> {
  const { live, connection } = await spot.tree.ready(signal)
  const { maxSmallFileBytes } = spot.tree.link.settings.limits
  return Math.min(maxSmallFileBytes, live.negotiated.maxWriteBytes, connection.maxTransferBytes)
}

/** False where the server would have to keep the data while it waits for somebody's lease: they are sent after that. */
async function writesSmall(spot: Spot, data: Uint8Array, flag: OpenFlags, options: WriteFileOptions): Promise<boolean> {
  try {
    await writeSmall(spot, data, flag, options)
    return true
  } catch (error) {
    const isOpening = error instanceof StatusError && error.command === 'CREATE'
    if (isOpening && error.status === NtStatus.INSUFFICIENT_RESOURCES) return false
    throw error
  }
}

const OPTIONS = CreateOptions.NON_DIRECTORY_FILE | CreateOptions.SEQUENTIAL_ONLY

export async function writeSmall(
  spot: Spot,
  data: Uint8Array,
  flag: OpenFlags,
  { signal, attributes, times, flush = false }: WriteFileOptions,
): Promise<void> {
  const { disposition } = meaningOf(flag)
  const how = {
    access: FILE_GENERIC_WRITE,
    disposition,
    options: OPTIONS,
    ...(attributes !== undefined && { attributes }),
  }
  const { occasion } = spot
  // The same content once more makes no difference; a file that is to be new would be there already.
  const repeatable = disposition !== CreateDisposition.CREATE
  const { results } = await once(
    spot,
    how,
    (fileId): Call<unknown>[] => [
      ...(data.length > 0 ? [writeCall({ fileId, offset: 0, data }, occasion)] : []),
      ...(times === undefined ? [] : [timesCall(fileId, times, attributes, occasion)]),
      ...(flush ? [flushCall(fileId, occasion)] : []),
    ],
    { signal, repeatable },
  )
  if (data.length > 0 && results[0] !== data.length) throw new StatusError(NtStatus.DISK_FULL, 'WRITE', occasion)
}

const timesCall = (fileId: FileId, times: FileTimes, attributes: number | undefined, occasion: Occasion): Call<void> =>
  setInfoCall({ fileId, infoType: InfoType.FILE, ...basicInformation({ ...times, attributes }) }, occasion)

async function writeLarge(
  spot: Spot,
  data: FileContent,
  flag: OpenFlags,
  { signal, attributes, times, encoding, flush = false }: WriteFileOptions,
): Promise<void> {
  const { access, disposition, appends } = meaningOf(flag)
  const how = { access, disposition, options: OPTIONS, ...(attributes !== undefined && { attributes }) }
  const file = await openAt(spot, how, { signal })
  const { operation = 'writeFile', path = '' } = spot.occasion
  const handle = new RemoteHandle(file, { path, appends, writeThrough: false, operation })
  try {
    for await (const part of contentParts(data, encoding)) await handle.writeFile(part, signal ? { signal } : {})
    if (times !== undefined)
      await file.call((fileId) => timesCall(fileId, times, attributes, spot.occasion), { signal, repeatable: true })
    if (flush) await handle.sync(signal ? { signal } : {})
  } catch (error) {
    await handle.close().catch(() => undefined)
    throw error
  }
  await handle.close()
}
