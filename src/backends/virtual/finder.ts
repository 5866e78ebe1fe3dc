import { createHash } from 'node:crypto'
import { type Filetime, filetimeFromDate } from '../../bytes/filetime.ts'
import type { BackendPath, FileStat } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import type { VirtualStat, VirtualTree } from './index.ts'

/** Where something is, in the spelling of the tree. */
export interface Found {
  readonly path: BackendPath
  readonly stat: FileStat
}

/** Asks the tree, and says it in the words of a backend. */
export class Finder {
  readonly tree: VirtualTree
  readonly #now: Filetime

  constructor(tree: VirtualTree, now: Filetime) {
    this.tree = tree
    this.#now = now
  }

  /** The stat under exactly this path. */
  async stat(path: BackendPath): Promise<FileStat | undefined | Failure> {
    const stat = (await this.tree.stat(path)) ?? (path.length === 0 ? {} : undefined)
    return stat === undefined || failed(stat) ? stat : this.#fileStat(path, stat)
  }

  async find(path: BackendPath): Promise<Found | Failure> {
    let stat = await this.stat([])
    let stored: BackendPath = []
    for (const [depth, name] of path.entries()) {
      if (failed(stat)) return stat
      if (stat?.isDirectory !== true) return fail(NtStatus.OBJECT_PATH_NOT_FOUND)
      const child = await this.#child(stored, name)
      if (failed(child)) return child
      stat = child?.stat
      stored = child?.path ?? [...stored, name]
      if (stat === undefined && depth === path.length - 1) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
    }
    if (stat === undefined || failed(stat)) return stat ?? fail(NtStatus.OBJECT_NAME_NOT_FOUND)
    return { path: stored, stat }
  }

  /** What has this name in a directory, without regard to case. */
  async #child(parent: BackendPath, name: string): Promise<Found | undefined | Failure> {
    const path = [...parent, name]
    const stat = await this.stat(path)
    if (failed(stat)) return stat
    if (stat !== undefined) return { path, stat }
    const names = await this.tree.list(parent)
    if (failed(names)) return names
    const key = upcase(name)
    const other = names.find((listed) => listed !== name && upcase(listed) === key)
    if (other === undefined) return undefined
    const found = await this.stat([...parent, other])
    return found === undefined || failed(found) ? found : { path: [...parent, other], stat: found }
  }

  #fileStat(path: BackendPath, stat: VirtualStat): FileStat {
    const isDirectory = stat.size === undefined
    const written = stat.modified === undefined ? this.#now : filetimeFromDate(stat.modified)
    return {
      fileId: idOf(path),
      isDirectory,
      attributes: isDirectory ? FileAttributes.DIRECTORY : FileAttributes.READONLY,
      creationTime: stat.created === undefined ? written : filetimeFromDate(stat.created),
      lastAccessTime: written,
      lastWriteTime: written,
      changeTime: written,
      endOfFile: stat.size ?? 0,
      allocationSize: stat.size ?? 0,
      links: 1,
      eaSize: 0,
      reparseTag: 0,
    }
  }
}

/** An id that lasts over restarts and costs no memory: 64 bits of a hash of the path. */
function idOf(path: BackendPath): bigint {
  return createHash('sha256').update(path.join('/')).digest().readBigUInt64LE(0)
}
