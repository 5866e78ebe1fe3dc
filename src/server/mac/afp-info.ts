import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type {
  Answer,
  BackendFile,
  BackendPath,
  ByteRange,
  ExtendedAttribute,
  FileStat,
  Maybe,
  StatChange,
  StreamEntry,
} from '../backend.ts'
import { run, type Steps, wait } from '../steps.ts'

/** Bytes of an AFP_AfpInfo: signature, version, backup time, Finder info, ProDOS info. */
export const AFP_INFO_BYTES = 60
const SIGNATURE = 0x4146_5000
const VERSION = 0x0000_0100
/** No backup yet. */
const NEVER = 0x8000_0000
export const FINDER_INFO = { offset: 16, length: 32 } as const
/** Less than this says nothing of the Finder. */
const SMALLEST_WRITE = 3

/** What a file without AFP_AfpInfo has. */
function emptyInfo(): Uint8Array {
  const info = new Uint8Array(AFP_INFO_BYTES)
  const view = new DataView(info.buffer)
  view.setUint32(0, SIGNATURE)
  view.setUint32(4, VERSION)
  view.setUint32(12, NEVER)
  return info
}

/** Whether what is stored in a stream is an AFP_AfpInfo. */
export const isAfpInfo = (content: Uint8Array): boolean =>
  content.length === AFP_INFO_BYTES && content[0] === 0x41 && content[1] === 0x46 && content[2] === 0x50

/** The whole content of a stream that has one; undefined where it has another. */
export function* readAfpInfo(file: BackendFile): Steps<Uint8Array | undefined | Failure> {
  const content = new Uint8Array(AFP_INFO_BYTES + 1)
  const length = yield* wait(file.read(content, 0))
  if (failed(length)) return length
  const info = content.subarray(0, length)
  return isAfpInfo(info) ? info : undefined
}

/**
 * The stream AFP_AfpInfo as macOS has it: always 60 bytes, read and written as a whole whatever the offset says, and gone
 * when there is nothing in it that the Finder wants to know. While it is gone, and still open, nothing is stored in it.
 */
export class AfpInfoFile implements BackendFile {
  readonly #stored: BackendFile
  readonly fileId: bigint
  readonly isDirectory = false
  readonly stream: string

  constructor(stored: BackendFile) {
    this.#stored = stored
    this.fileId = stored.fileId
    this.stream = stored.stream ?? ''
  }

  /** Whether there is nothing in it, so that it goes when it is closed. */
  *isEmpty(): Steps<boolean> {
    const stat = yield* wait(this.#stored.stat())
    return !failed(stat) && stat.endOfFile === 0
  }

  stat(): Answer<FileStat> {
    return run(this.#stat())
  }

  *#stat(): Steps<FileStat | Failure> {
    const stat = yield* wait(this.#stored.stat())
    return failed(stat) ? stat : { ...stat, endOfFile: AFP_INFO_BYTES }
  }

  read(into: Uint8Array, offset: number): Answer<number> {
    return run(this.#read(into, offset))
  }

  *#read(into: Uint8Array, offset: number): Steps<number | Failure> {
    if (offset > AFP_INFO_BYTES) return 0
    const info = yield* readAfpInfo(this.#stored)
    if (info !== undefined && failed(info)) return info
    const part = (info ?? emptyInfo()).subarray(0, into.length)
    into.set(part)
    return part.length
  }

  write(data: Uint8Array, offset: number, through: boolean): Answer<void> {
    return run(this.#write(data, offset, through))
  }

  *#write(data: Uint8Array, offset: number, through: boolean): Steps<void | Failure> {
    // Elsewhere than at the beginning only a whole one is taken, and then from the beginning.
    if (offset !== 0 && data.length < AFP_INFO_BYTES) return fail(NtStatus.INVALID_PARAMETER)
    const says = data.length >= SMALLEST_WRITE && data[0] === 0x41 && data[1] === 0x46 && data[2] === 0x50
    if (!says) return fail(NtStatus.INVALID_PARAMETER)
    if (data.length <= FINDER_INFO.offset) return undefined
    const stored = yield* readAfpInfo(this.#stored)
    if (stored !== undefined && failed(stored)) return stored
    const info = stored?.slice() ?? emptyInfo()
    info.set(data.subarray(0, AFP_INFO_BYTES))
    const finderInfo = info.subarray(FINDER_INFO.offset, FINDER_INFO.offset + FINDER_INFO.length)
    if (finderInfo.every((byte) => byte === 0)) return yield* wait(this.#stored.truncate(0))
    const cut = stored === undefined ? yield* wait(this.#stored.truncate(0)) : undefined
    return failed(cut) ? cut : yield* wait(this.#stored.write(info, 0, through))
  }

  /** It has its size. */
  truncate(size: number): Answer<void> {
    return size > AFP_INFO_BYTES ? fail(NtStatus.ALLOTTED_SPACE_EXCEEDED) : undefined
  }

  allocate(): Answer<void> {}

  zero(range: ByteRange): Answer<void> {
    return range.length === 0 ? undefined : fail(NtStatus.INVALID_PARAMETER)
  }

  allocatedRanges(): Answer<ByteRange[]> {
    return [{ offset: 0, length: AFP_INFO_BYTES }]
  }

  setStat(change: StatChange): Answer<void> {
    return this.#stored.setStat(change)
  }

  flush(): Answer<void> {
    return this.#stored.flush()
  }

  list(): Answer<string[]> {
    return this.#stored.list()
  }

  statEntries(names: readonly string[]): Answer<(FileStat | undefined)[]> {
    return this.#stored.statEntries(names)
  }

  streams(): Answer<StreamEntry[]> {
    return this.#stored.streams()
  }

  extendedAttributes(): Answer<ExtendedAttribute[]> {
    return this.#stored.extendedAttributes()
  }

  setExtendedAttributes(changes: readonly ExtendedAttribute[]): Answer<void> {
    return this.#stored.setExtendedAttributes(changes)
  }

  securityDescriptor(): Answer<Uint8Array | undefined> {
    return this.#stored.securityDescriptor()
  }

  setSecurityDescriptor(descriptor: Uint8Array): Answer<void> {
    return this.#stored.setSecurityDescriptor(descriptor)
  }

  rename(to: BackendPath, replace: boolean): Answer<void> {
    return this.#stored.rename(to, replace)
  }

  renameStream(to: string, replace: boolean): Answer<void> {
    return this.#stored.renameStream(to, replace)
  }

  link(to: BackendPath, replace: boolean): Answer<void> {
    return this.#stored.link(to, replace)
  }

  remove(): Answer<void> {
    return this.#stored.remove()
  }

  close(): Maybe<void> {
    return this.#stored.close()
  }
}
