import type { BackendFile, BackendPath, ByteRange, FileStat, StreamEntry } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Finder } from './finder.ts'

const refuse = (): Failure => fail(NtStatus.MEDIA_WRITE_PROTECTED)

/** A handle to a file or directory that a program makes up. All that changes something is refused. */
export class VirtualFile implements BackendFile {
  readonly fileId: bigint
  readonly isDirectory: boolean
  readonly setStat = refuse
  readonly write = refuse
  readonly truncate = refuse
  readonly allocate = refuse
  readonly zero = refuse
  readonly setExtendedAttributes = refuse
  readonly setSecurityDescriptor = refuse
  readonly rename = refuse
  readonly renameStream = refuse
  readonly link = refuse
  readonly remove = refuse
  readonly #finder: Finder
  readonly #path: BackendPath
  readonly #atOpen: FileStat

  constructor(finder: Finder, path: BackendPath, stat: FileStat) {
    this.fileId = stat.fileId
    this.isDirectory = stat.isDirectory
    this.#finder = finder
    this.#path = path
    this.#atOpen = stat
  }

  /** As it is now; a file that the tree has no more stays as it was when it was opened. */
  async stat(): Promise<FileStat | Failure> {
    return (await this.#finder.stat(this.#path)) ?? { ...this.#atOpen, links: 0 }
  }

  async read(into: Uint8Array, offset: number): Promise<number | Failure> {
    if (this.isDirectory) return fail(NtStatus.INVALID_DEVICE_REQUEST)
    let done = 0
    while (done < into.length) {
      const piece = await this.#finder.tree.read(this.#path, offset + done, into.length - done)
      if (failed(piece)) return piece
      if (piece.length === 0) break
      const part = piece.subarray(0, into.length - done)
      into.set(part, done)
      done += part.length
    }
    return done
  }

  flush(): undefined {
    return undefined
  }

  async allocatedRanges({ offset, length }: ByteRange): Promise<ByteRange[] | Failure> {
    if (this.isDirectory) return fail(NtStatus.INVALID_DEVICE_REQUEST)
    const stat = await this.stat()
    if (failed(stat)) return stat
    const end = Math.min(offset + length, stat.endOfFile)
    return end > offset ? [{ offset, length: end - offset }] : []
  }

  async list(): Promise<string[] | Failure> {
    if (!this.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
    const names = await this.#finder.tree.list(this.#path)
    return failed(names) ? names : [...names]
  }

  async statEntries(names: readonly string[]): Promise<(FileStat | undefined)[] | Failure> {
    if (!this.isDirectory) return fail(NtStatus.INVALID_PARAMETER)
    const stats = await Promise.all(names.map((name) => this.#finder.stat([...this.#path, name])))
    // What cannot be looked at is left out, so that it does not hide the others.
    return stats.map((stat) => (failed(stat) ? undefined : stat))
  }

  async streams(): Promise<StreamEntry[] | Failure> {
    if (this.isDirectory) return []
    const stat = await this.stat()
    return failed(stat) ? stat : [{ name: '', size: stat.endOfFile, allocationSize: stat.allocationSize }]
  }

  extendedAttributes(): Failure {
    return fail(NtStatus.EAS_NOT_SUPPORTED)
  }

  securityDescriptor(): undefined {
    return undefined
  }

  close(): void {}
}
