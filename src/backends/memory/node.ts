import type { Filetime } from '../../bytes/filetime.ts'
import { viewOf } from '../../bytes/utf16.ts'
import type { ExtendedAttribute, FileStat } from '../../server/backend.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'
import { Content } from './content.ts'
import type { MemoryVolume } from './volume.ts'

/** What a caller may set; the others follow from what the file is. */
const SETTABLE_ATTRIBUTES =
  FileAttributes.READONLY |
  FileAttributes.HIDDEN |
  FileAttributes.SYSTEM |
  FileAttributes.ARCHIVE |
  FileAttributes.TEMPORARY |
  FileAttributes.SPARSE_FILE |
  FileAttributes.COMPRESSED |
  FileAttributes.OFFLINE |
  FileAttributes.NOT_CONTENT_INDEXED |
  FileAttributes.INTEGRITY_STREAM |
  FileAttributes.NO_SCRUB_DATA |
  FileAttributes.PINNED |
  FileAttributes.UNPINNED

/** One name of a file or directory in its parent. It moves with a rename, so every handle that holds it follows. */
export interface Link {
  readonly node: MemoryNode
  /** Undefined only for the root. */
  parent: MemoryNode | undefined
  name: string
  removed: boolean
}

/** A stream with its content; the unnamed one has the name ''. */
export interface StreamNode {
  name: string
  readonly content: Content
  removed: boolean
  opens: number
}

/** A file or a directory: what all its names and handles share. */
export class MemoryNode {
  readonly volume: MemoryVolume
  readonly fileId: bigint
  /** By upper-case name; undefined for files. */
  readonly children: Map<string, Link> | undefined
  readonly unnamed: StreamNode
  /** By upper-case name; made when the first one is. */
  streams: Map<string, StreamNode> | undefined
  /** By upper-case name. */
  extendedAttributes: Map<string, ExtendedAttribute> | undefined
  securityDescriptor: Uint8Array | undefined
  reparsePoint: Uint8Array | undefined
  /** What the server keeps with it; made when there is something. */
  properties: Map<string, Uint8Array> | undefined
  creationTime: Filetime
  lastAccessTime: Filetime
  lastWriteTime: Filetime
  changeTime: Filetime
  links = 0
  /** Its room was given back: no name and no handle is left. */
  released = false
  #attributes = 0
  #listing: string[] | undefined

  constructor(volume: MemoryVolume, isDirectory: boolean, content?: Content) {
    const now = volume.now()
    this.volume = volume
    this.fileId = volume.nextFileId()
    this.children = isDirectory ? new Map() : undefined
    this.unnamed = this.newStream('', content)
    this.creationTime = now
    this.lastAccessTime = now
    this.lastWriteTime = now
    this.changeTime = now
  }

  get isDirectory(): boolean {
    return this.children !== undefined
  }

  get attributes(): number {
    return this.#attributes
  }

  set attributes(value: number) {
    this.#attributes = value & SETTABLE_ATTRIBUTES
  }

  newStream(name: string, content = new Content(this.volume.space, this.volume.maxFileBytes)): StreamNode {
    return { name, content, removed: false, opens: 0 }
  }

  /** The same file in a volume that keeps what was; `copies`: files that have been copied already, by what they copy. */
  copyTo(volume: MemoryVolume, copies: Map<MemoryNode, MemoryNode>): MemoryNode {
    const known = copies.get(this)
    if (known !== undefined) return known
    const copy = new MemoryNode(volume, this.isDirectory, this.unnamed.content.copyTo(volume.space))
    copies.set(this, copy)
    for (const [key, { name, content }] of this.streams ?? []) {
      copy.streams ??= new Map()
      copy.streams.set(key, copy.newStream(name, content.copyTo(volume.space)))
    }
    if (this.extendedAttributes !== undefined) copy.extendedAttributes = new Map(this.extendedAttributes)
    copy.securityDescriptor = this.securityDescriptor
    for (const { name, node } of this.children?.values() ?? []) {
      volume.addLink(copy, name, node.copyTo(volume, copies))
    }
    copy.#attributes = this.#attributes
    copy.creationTime = this.creationTime
    copy.lastAccessTime = this.lastAccessTime
    copy.lastWriteTime = this.lastWriteTime
    copy.changeTime = this.changeTime
    return copy
  }

  stat(stream: StreamNode): FileStat {
    const isDirectory = this.isDirectory && stream === this.unnamed
    const reparse = this.reparsePoint
    return {
      fileId: this.fileId,
      isDirectory,
      attributes:
        this.#attributes |
        (isDirectory ? FileAttributes.DIRECTORY : 0) |
        (reparse === undefined ? 0 : FileAttributes.REPARSE_POINT),
      creationTime: this.creationTime,
      lastAccessTime: this.lastAccessTime,
      lastWriteTime: this.lastWriteTime,
      changeTime: this.changeTime,
      endOfFile: stream.content.size,
      allocationSize: stream.content.allocationSize,
      links: this.links,
      eaSize: extendedAttributesSize(this.extendedAttributes?.values() ?? []),
      reparseTag: reparse === undefined ? 0 : viewOf(reparse).getUint32(0, true),
    }
  }

  /** Content or names changed. */
  touchWritten(): void {
    const now = this.volume.now()
    this.lastWriteTime = now
    this.changeTime = now
    this.#listing = undefined
  }

  /** Only what is known about it changed. */
  touchChanged(): void {
    this.changeTime = this.volume.now()
  }

  /** Stored names in the order of their upper-case form, as NTFS has them. */
  listing(): string[] {
    if (this.#listing === undefined) {
      const keys = [...(this.children?.keys() ?? [])].toSorted()
      this.#listing = keys.map((key) => this.children?.get(key)?.name ?? '')
    }
    return this.#listing
  }
}

/** Bytes of the entries as FileFullEaInformation lays them out: each but the last padded to 4 (MS-FSCC 2.4.16). */
export function extendedAttributesSize(attributes: Iterable<ExtendedAttribute>): number {
  let size = 0
  for (const { name, value } of attributes) size = Math.ceil(size / 4) * 4 + 8 + name.length + 1 + value.length
  return size
}
