import { viewOf } from '../../bytes/utf16.ts'
import { FILE_GENERIC_READ, FILE_GENERIC_WRITE } from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { DuplicateExtentsData, FileSystemAttributes } from '../../wire/fscc/index.ts'
import {
  CreateContextName,
  CreateDisposition,
  CreateOptions,
  type FileId,
  FsctlCode,
  InfoType,
  QueryOnDiskIdResponse,
  SrvCopychunkCopy,
  SrvCopychunkResponse,
  SrvRequestResumeKeyResponse,
} from '../../wire/smb2/index.ts'
import type { CopyFileOptions } from '../api/share.ts'
import type { Call } from '../call.ts'
import { ioctlCall, setInfoCall } from '../calls/information.ts'
import { StatusError, UsageError } from '../errors.ts'
import { endOfFileInformation } from '../information.ts'
import type { OpenFile } from '../open-file.ts'
import type { Volumes } from '../remote-share.ts'
import { openAt, type Spot } from '../spot.ts'
import { readRange, together, writeRange } from '../transfer.ts'
import type { Volume } from '../volume.ts'
import { statfs } from './volume-info.ts'

/** What every server takes (MS-SMB2 3.3.3): bytes of a chunk, chunks and bytes of a request. */
const CHUNK_BYTES = 1024 * 1024
const CHUNKS = 16
const REQUESTS_AT_ONCE = 4
const SPAN_BYTES = CHUNK_BYTES * CHUNKS
/** What stands this far before the end of a copy that was cut off is whole. */
export const COPY_WINDOW_BYTES = SPAN_BYTES * REQUESTS_AT_ONCE
/** Connections that may be lost one after the other while nothing is copied. */
const MAX_LOSSES = 8
const RESUME_KEY_BYTES = 32
/** Extents are whole clusters: what the file system says of them is known, and smaller ones divide it. */
const EXTENT_ALIGNMENT = 64 * 1024
/** Copying a small file costs the server less than looking whether it can share its blocks. */
const LEAST_SHARED_BYTES = 1024 * 1024

/** One file within a server; the data does not leave it where it can be helped. */
export const copyFile = (
  { from: there, to: here }: Volumes,
  from: string,
  to: string,
  options: CopyFileOptions = {},
): Promise<void> =>
  there.at(
    from,
    'copyFile',
    (source) =>
      here.at(to, 'copyFile', (target) => copyBetween(here, source, { ...target, occasion: source.occasion }, options)),
    to,
  )

async function copyBetween(volume: Volume, from: Spot, to: Spot, options: CopyFileOptions): Promise<void> {
  const { signal, exclusive = false, start = 0 } = options
  const source = await openAt(
    from,
    { access: FILE_GENERIC_READ, options: CreateOptions.NON_DIRECTORY_FILE | CreateOptions.SEQUENTIAL_ONLY },
    { signal },
  )
  try {
    // Not emptied before it is known to be another file.
    const how = {
      access: FILE_GENERIC_READ | FILE_GENERIC_WRITE,
      disposition: exclusive ? CreateDisposition.CREATE : CreateDisposition.OPEN_IF,
      options: CreateOptions.NON_DIRECTORY_FILE,
      attributes: source.opened.fileAttributes,
    }
    const target = await openAt(to, how, { signal })
    try {
      if (isSameFile(source, target))
        throw new UsageError('EINVAL', 'The file cannot be copied to itself.', from.occasion)
      const moved = options.onBytes ?? (() => undefined)
      await copyContent(volume, { source, target, size: source.endOfFile, signal, moved }, start)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** Two shares may have the same file: emptied as the target it would be lost as the source. @throws UsageError (EXDEV) */
function isSameFile(a: OpenFile, b: OpenFile): boolean {
  if (a.tree.link !== b.tree.link) return false
  const [first, second] = [a, b].map(({ opened }) => {
    const data = opened.contexts.get(CreateContextName.QUERY_ON_DISK_ID)
    if (data === undefined) return undefined
    const { diskFileId, volumeId } = QueryOnDiskIdResponse.decode(viewOf(data))
    return `${volumeId}:${diskFileId}`
  })
  if (first !== undefined && second !== undefined) return first === second
  if (a.tree === b.tree) return a.name.toLowerCase() === b.name.toLowerCase()
  throw new UsageError('EXDEV', 'The server does not tell whether these are two files.', a.occasion)
}

interface Copying {
  readonly source: OpenFile
  readonly target: OpenFile
  readonly size: number
  readonly signal: AbortSignal | undefined
  readonly moved: (bytes: number) => void
}

/** A file's content into another, behind what is there already; on the server where it can. */
async function copyContent(volume: Volume, copying: Copying, start: number): Promise<void> {
  const { source, target, size, signal, moved } = copying
  // After a lost connection it may be got again as it has become.
  target.hasWritten = true
  let at = Math.min(start, size, target.endOfFile)
  if (target.endOfFile > (at === 0 ? 0 : size)) await resize(target, at === 0 ? 0 : size, signal)
  if (at === size) return
  if (source.tree.link === target.tree.link) {
    if (at === 0 && size >= LEAST_SHARED_BYTES && (await sharesBlocks(volume, copying))) return moved(size)
    at = await copyOnServer(copying, at)
  }
  await relay(copying, at)
}

async function resize(file: OpenFile, size: number, signal: AbortSignal | undefined): Promise<void> {
  await file.call(
    (fileId, flags) =>
      setInfoCall({ fileId, infoType: InfoType.FILE, ...endOfFileInformation(size), flags }, file.occasion),
    { signal, repeatable: true },
  )
  file.endOfFile = size
}

/** The blocks of both files become the same (MS-FSCC 2.3.7). False where the file system does not do that. */
async function sharesBlocks(volume: Volume, { source, target, size, signal }: Copying): Promise<boolean> {
  if (source.tree !== target.tree) return false
  const { attributes } = await statfs(volume, '', signal ? { signal } : {})
  if ((attributes & FileSystemAttributes.SUPPORTS_BLOCK_REFCOUNTING) === 0) return false
  await resize(target, size, signal)
  const byteCount = BigInt(Math.ceil(size / EXTENT_ALIGNMENT) * EXTENT_ALIGNMENT)
  const call = (fileId: FileId): Call<void> => {
    const sourceFileId = source.opened.fileId
    const input = DuplicateExtentsData.encode({ sourceFileId, sourceFileOffset: 0n, targetFileOffset: 0n, byteCount })
    return ioctlCall(
      { fileId, ctlCode: FsctlCode.DUPLICATE_EXTENTS_TO_FILE, input, maxOutputBytes: 0 },
      target.occasion,
      () => undefined,
    )
  }
  try {
    await target.call(call, { signal, repeatable: true })
    return true
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    // From now on its length says how much of it is there.
    await resize(target, 0, signal)
    return false
  }
}

/** MS-SMB2 3.2.4.20.2, as far as the server does that: up to where it has copied. No piece lies farther behind than the window. */
async function copyOnServer(copying: Copying, start: number): Promise<number> {
  const { source, target, size, signal, moved } = copying
  let at = start
  for (let losses = 0; at < size; ) {
    const sourceKey = await keyOf(source, signal)
    if (sourceKey === undefined) return at
    const { live } = source.on
    let end = at
    while (at < size) {
      end = Math.min(size, at + COPY_WINDOW_BYTES)
      if (!(await copiesSpans(target, sourceKey, at, end, signal))) break
      target.endOfFile = Math.max(target.endOfFile, end)
      moved(end - at)
      at = end
      losses = 0
    }
    // After a lost connection the key is another.
    if (at < size && (target.on.live === live || losses++ >= MAX_LOSSES)) return at
  }
  return at
}

async function keyOf(source: OpenFile, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  try {
    return await source.call((fileId) => resumeKeyCall(source, fileId), { signal, repeatable: true })
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

async function copiesSpans(
  target: OpenFile,
  sourceKey: Uint8Array,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let isTaken = true
  await together(Math.ceil((end - start) / SPAN_BYTES), REQUESTS_AT_ONCE, async (index) => {
    if (!isTaken) return
    const from = start + index * SPAN_BYTES
    isTaken = (await copyChunks(target, sourceKey, from, Math.min(end, from + SPAN_BYTES), signal)) && isTaken
  })
  return isTaken
}

const resumeKeyCall = (source: OpenFile, fileId: FileId): Call<Uint8Array> =>
  ioctlCall(
    { fileId, ctlCode: FsctlCode.SRV_REQUEST_RESUME_KEY, maxOutputBytes: RESUME_KEY_BYTES },
    source.occasion,
    (output) => SrvRequestResumeKeyResponse.decode(viewOf(output)).resumeKey.slice(),
  )

async function copyChunks(
  target: OpenFile,
  sourceKey: Uint8Array,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let at = start
  while (at < end) {
    const chunks: { sourceOffset: bigint; targetOffset: bigint; length: number }[] = []
    for (let from = at; from < end && chunks.length < CHUNKS; from += CHUNK_BYTES)
      chunks.push({
        sourceOffset: BigInt(from),
        targetOffset: BigInt(from),
        length: Math.min(CHUNK_BYTES, end - from),
      })
    const input = SrvCopychunkCopy.encode({ sourceKey, chunks })
    try {
      const { status, bytes } = await target.call(
        (fileId, flags) =>
          ioctlCall(
            {
              fileId,
              ctlCode: FsctlCode.SRV_COPYCHUNK,
              input,
              maxOutputBytes: SrvCopychunkResponse.size,
              flags,
            },
            target.occasion,
            (output, answer) => ({
              status: answer.status,
              bytes: SrvCopychunkResponse.decode(viewOf(output)).totalBytesWritten,
            }),
          ),
        { signal, repeatable: true },
      )
      // A server with smaller limits says so (MS-SMB2 3.3.5.15.6.1): then the data goes through here.
      if (status === NtStatus.INVALID_PARAMETER || bytes === 0) return false
      at += bytes
    } catch (error) {
      if (error instanceof StatusError && CANNOT_COPY.has(error.status)) return false
      throw error
    }
  }
  return true
}

const CANNOT_COPY: ReadonlySet<number> = new Set([
  NtStatus.NOT_SUPPORTED,
  NtStatus.INVALID_DEVICE_REQUEST,
  NtStatus.INVALID_PARAMETER,
  NtStatus.OBJECT_NAME_NOT_FOUND,
])

/** Through this end: read here, written there. No piece lies farther behind one that is missing than the window. */
async function relay({ source, target, size, signal, moved }: Copying, start: number): Promise<void> {
  const { buffers } = source.tree.link
  const step = Math.min(source.on.live.negotiated.maxReadBytes, target.on.live.negotiated.maxWriteBytes)
  const atOnce = Math.max(1, Math.floor(source.tree.link.settings.limits.windowBytes / step))
  for (let first = start; first < size; first += COPY_WINDOW_BYTES) {
    const end = Math.min(size, first + COPY_WINDOW_BYTES)
    await together(Math.ceil((end - first) / step), atOnce, async (index) => {
      const at = first + index * step
      const buffer = buffers.take(step)
      try {
        const into = buffer.subarray(0, Math.min(step, end - at))
        const count = await readRange(source, into, at, source.occasion, signal)
        await writeRange(target, into.subarray(0, count), at, { occasion: target.occasion, signal })
        moved(count)
      } finally {
        buffers.give(buffer)
      }
    })
  }
}
