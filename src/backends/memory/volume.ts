import type { Filetime } from '../../bytes/filetime.ts'
import type { BackendFeatures, BackendPath } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import type { Space } from './content.ts'
import { type Link, MemoryNode, type StreamNode } from './node.ts'

export interface VolumeSettings {
  readonly features: BackendFeatures
  readonly now: () => Filetime
  readonly space: Space
  readonly maxFileBytes: number
  readonly maxFiles: number
  readonly maxLinks: number
  /** The id of the first file; 1 when absent. */
  readonly firstFileId?: bigint
}

/** Where a name is, or would be. */
interface Place {
  readonly parent: MemoryNode
  readonly name: string
  readonly link: Link | undefined
}

/** The tree of names, and what all files share. */
export class MemoryVolume {
  readonly features: BackendFeatures
  readonly now: () => Filetime
  readonly space: Space
  readonly maxFileBytes: number
  readonly root: Link
  readonly #maxFiles: number
  readonly #maxLinks: number
  /** Directories have one name. */
  readonly #directoryLinks = new WeakMap<MemoryNode, Link>()
  #files = 0
  #lastFileId: bigint

  /** `of`: what it begins as a copy of. */
  constructor(settings: VolumeSettings, of?: MemoryVolume) {
    this.#lastFileId = (settings.firstFileId ?? 1n) - 1n
    this.features = settings.features
    this.now = settings.now
    this.space = settings.space
    this.maxFileBytes = settings.maxFileBytes
    this.#maxFiles = settings.maxFiles
    this.#maxLinks = settings.maxLinks
    const root = of === undefined ? new MemoryNode(this, true) : of.root.node.copyTo(this, new Map())
    root.links = 1
    this.root = { node: root, parent: undefined, name: '', removed: false }
  }

  /** Never one that was given before, so that a late request cannot mean another file. */
  nextFileId(): bigint {
    return ++this.#lastFileId
  }

  /** Files and named streams together have a limit: each costs memory though it may take no cluster. */
  takeFile(): boolean {
    if (this.#files >= this.#maxFiles) return false
    this.#files++
    return true
  }

  /** The parent of `path` and what it has under the last name. `path` is not the root. */
  place(path: BackendPath): Place | Failure {
    for (const name of path) if (!this.validLength(name)) return fail(NtStatus.OBJECT_NAME_INVALID)
    let parent = this.root.node
    const last = path.length - 1
    for (let depth = 0; depth < last; depth++) {
      const next = parent.children?.get(upcase(path[depth] ?? ''))?.node
      if (next?.reparsePoint !== undefined) return fail(NtStatus.STOPPED_ON_SYMLINK)
      // MS-FSA 2.1.5.1: a missing component, or a file where a directory must be, before the last one.
      if (next === undefined || !next.isDirectory) return fail(NtStatus.OBJECT_PATH_NOT_FOUND)
      parent = next
    }
    const name = path[last] ?? ''
    return { parent, name, link: parent.children?.get(upcase(name)) }
  }

  validLength(name: string): boolean {
    return name.length > 0 && name.length <= this.features.maxNameLength
  }

  pathOf(link: Link): string[] {
    const path: string[] = []
    for (let at: Link | undefined = link; at?.parent !== undefined; at = this.#linkOf(at.parent)) path.push(at.name)
    return path.toReversed()
  }

  #linkOf(directory: MemoryNode): Link | undefined {
    return this.#directoryLinks.get(directory)
  }

  addLink(parent: MemoryNode, name: string, node: MemoryNode): Link {
    const link: Link = { node, parent, name, removed: false }
    parent.children?.set(upcase(name), link)
    parent.touchWritten()
    node.links++
    if (node.isDirectory) this.#directoryLinks.set(node, link)
    return link
  }

  removeLink(link: Link): void {
    link.parent?.children?.delete(upcase(link.name))
    link.parent?.touchWritten()
    link.removed = true
    link.node.links--
    link.node.touchChanged()
    this.releaseUnused(link.node)
  }

  /** Gives back the room of a file that has no name and no handle left. */
  releaseUnused(node: MemoryNode): void {
    if (node.released || node.links > 0 || node.unnamed.opens > 0) return
    for (const stream of node.streams?.values() ?? []) if (stream.opens > 0) return
    for (const stream of node.streams?.values() ?? []) this.releaseStream(stream)
    node.streams = undefined
    this.releaseStream(node.unnamed)
    node.released = true
  }

  releaseStream(stream: StreamNode): void {
    stream.content.release()
    this.#files--
  }

  rename(link: Link, to: BackendPath, replace: boolean): Failure | undefined {
    // The root has no name to change, and a removed name cannot come back (MS-FSA 2.1.5.15.11).
    if (link.parent === undefined || link.removed || to.length === 0) return fail(NtStatus.ACCESS_DENIED)
    const place = this.place(to)
    if (failed(place)) return place
    // A directory cannot become its own descendant.
    for (let at: MemoryNode | undefined = place.parent; at !== undefined; at = this.#linkOf(at)?.parent) {
      if (at === link.node) return fail(NtStatus.ACCESS_DENIED)
    }
    if (place.link === link && link.name === place.name) return undefined
    if (place.link !== undefined && place.link !== link) {
      const refusal = giveWay(place.link, replace)
      if (refusal !== undefined) return refusal
      if (link.node.isDirectory) return fail(NtStatus.ACCESS_DENIED)
      this.removeLink(place.link)
    }
    link.parent.children?.delete(upcase(link.name))
    link.parent.touchWritten()
    link.parent = place.parent
    link.name = place.name
    place.parent.children?.set(upcase(place.name), link)
    place.parent.touchWritten()
    link.node.touchChanged()
    return undefined
  }

  link(from: Link, to: BackendPath, replace: boolean): Failure | undefined {
    if (from.node.isDirectory) return fail(NtStatus.FILE_IS_A_DIRECTORY)
    if (from.removed || to.length === 0) return fail(NtStatus.ACCESS_DENIED)
    const place = this.place(to)
    if (failed(place)) return place
    if (place.link !== undefined) {
      const refusal = giveWay(place.link, replace)
      if (refusal !== undefined) return refusal
      // Another name of the same file is what was asked for.
      if (place.link.node === from.node) return undefined
    }
    if (from.node.links >= this.#maxLinks) return fail(NtStatus.TOO_MANY_LINKS)
    if (place.link !== undefined) this.removeLink(place.link)
    this.addLink(place.parent, place.name, from.node)
    from.node.touchChanged()
    return undefined
  }

  remove(link: Link): Failure | undefined {
    // MS-FSA 2.1.5.15.3: the root cannot go.
    if (link.parent === undefined) return fail(NtStatus.CANNOT_DELETE)
    if (link.removed) return fail(NtStatus.FILE_DELETED)
    if ((link.node.children?.size ?? 0) > 0) return fail(NtStatus.DIRECTORY_NOT_EMPTY)
    this.removeLink(link)
    return undefined
  }
}

/** What stands in the way of taking an existing name (MS-FSA 2.1.5.15.11): only files can be replaced. */
function giveWay(target: Link, replace: boolean): Failure | undefined {
  if (!replace) return fail(NtStatus.OBJECT_NAME_COLLISION)
  return target.node.isDirectory ? fail(NtStatus.ACCESS_DENIED) : undefined
}
