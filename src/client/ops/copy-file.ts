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
import type { Call } from '../call.ts'
import { ioctlCall, setInfoCall } from '../calls/information.ts'
import { StatusError, UsageError } from '../errors.ts'
import { endOfFileInformation } from '../information.ts'
import type { OpenFile } from '../open-file.ts'
import type { CopyFileOptions, Volumes } from '../remote-share.ts'
import { openAt, type Spot } from '../spot.ts'
import { readRange, together, writeRange } from '../transfer.ts'
import type { Volume } from '../volume.ts'
import { statfs } from './volume-info.ts'

/** What every server takes (MS-SMB2 3.3.3): bytes of a chunk, chunks and bytes of a request. */
const CHUNK_BYTES = 1024 * 1024
const CHUNKS = 16
const REQUESTS_AT_ONCE = 4
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
  const { signal, exclusive = false } = options
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
      await copyContent(volume, source, target, signal)
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

/** All of a file's content into another, which is emptied first; on the server where it can. */
export async function copyContent(
  volume: Volume,
  source: OpenFile,
  target: OpenFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const size = source.endOfFile
  if (target.endOfFile > 0) await resize(target, 0, signal)
  if (size === 0) return
  if (source.tree.link === target.tree.link) {
    if (size >= LEAST_SHARED_BYTES && (await sharesBlocks(volume, source, target, size, signal))) return
    if (await copiesChunks(source, target, size, signal)) return
  }
  await relay(source, target, size, signal)
}

const resize = (file: OpenFile, size: number, signal: AbortSignal | undefined): Promise<void> =>
  file.call(
    (fileId, flags) =>
      setInfoCall({ fileId, infoType: InfoType.FILE, ...endOfFileInformation(size), flags }, file.occasion),
    { signal, repeatable: true },
  )

/** The blocks of both files become the same (MS-FSCC 2.3.7). False where the file system does not do that. */
async function sharesBlocks(
  volume: Volume,
  source: OpenFile,
  target: OpenFile,
  size: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
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
    if (error instanceof StatusError) return false
    throw error
  }
}

/** MS-SMB2 3.2.4.20.2. False where the server does not do that. */
async function copiesChunks(
  source: OpenFile,
  target: OpenFile,
  size: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let sourceKey: Uint8Array
  try {
    sourceKey = await source.call((fileId) => resumeKeyCall(source, fileId), { signal, repeatable: true })
  } catch (error) {
    if (error instanceof StatusError) return false
    throw error
  }
  const generation = source.on
  const span = CHUNK_BYTES * CHUNKS
  let isTaken = true
  await together(Math.ceil(size / span), REQUESTS_AT_ONCE, async (index) => {
    if (!isTaken) return
    const start = index * span
    isTaken = (await copyChunks(target, sourceKey, start, Math.min(size, start + span), signal)) && isTaken
  })
  // After a lost connection the key is another: what was copied with the old one stays.
  return isTaken && source.on === generation
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

/** Through this end: read here, written there. */
async function relay(source: OpenFile, target: OpenFile, size: number, signal: AbortSignal | undefined): Promise<void> {
  const { buffers } = source.tree.link
  const step = Math.min(source.on.live.negotiated.maxReadBytes, target.on.live.negotiated.maxWriteBytes)
  const atOnce = Math.max(1, Math.floor(source.tree.link.settings.limits.windowBytes / step))
  await together(Math.ceil(size / step), atOnce, async (index) => {
    const at = index * step
    const buffer = buffers.take(step)
    try {
      const into = buffer.subarray(0, Math.min(step, size - at))
      const count = await readRange(source, into, at, source.occasion, signal)
      await writeRange(target, into.subarray(0, count), at, { occasion: target.occasion, signal })
    } finally {
      buffers.give(buffer)
    }
  })
}
