import type {
  BackendFile,
  BackendPath,
  ByteRange,
  ExtendedAttribute,
  FileStat,
  StatChange,
  StreamEntry,
} from '../../server/backend.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import { extendedAttributesSize, type Link, type MemoryNode, type StreamNode } from './node.ts'

/** Bytes of all extended attributes of one file, as NTFS limits them. */
const MAX_EXTENDED_ATTRIBUTES_BYTES = 65_535
/** Bytes of a security descriptor, as NTFS limits it. */
const MAX_SECURITY_DESCRIPTOR_BYTES = 65_536

/** Bytes of one property. */
const MAX_PROPERTY_BYTES = 4096

const ok = undefined
/** What a call that changes something answers. */
type Done = Failure | undefined

/** A handle to the unnamed stream of a file, or to a directory. */
export class MemoryFile implements BackendFile {
  protected readonly node: MemoryNode
  protected readonly opened: StreamNode
  readonly #link: Link
  #closed = false

  constructor(link: Link, stream: StreamNode) {
    this.#link = link
    this.node = link.node
    this.opened = stream
    stream.opens++
  }

  get fileId(): bigint {
    return this.node.fileId
  }

  get isDirectory(): boolean {
    return this.node.isDirectory
  }

  stat(): FileStat {
    return this.node.stat(this.opened)
  }

  setStat(change: StatChange): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    const { node } = this
    node.touchChanged()
    if (change.attributes !== undefined) node.attributes = change.attributes
    if (change.creationTime !== undefined) node.creationTime = change.creationTime
    if (change.lastAccessTime !== undefined) node.lastAccessTime = change.lastAccessTime
    if (change.lastWriteTime !== undefined) node.lastWriteTime = change.lastWriteTime
    if (change.changeTime !== undefined) node.changeTime = change.changeTime
    return ok
  }

  read(into: Uint8Array, offset: number): number | Failure {
    if (this.isDirectory) return fail(NtStatus.INVALID_DEVICE_REQUEST)
    return this.opened.content.read(into, offset)
  }

  write(data: Uint8Array, offset: number): Done {
    return this.#change(() => this.opened.content.write(data, offset))
  }

  flush(): Done {
    return ok
  }

  truncate(size: number): Done {
    return this.#change(() => this.opened.content.truncate(size))
  }

  allocate(size: number): Done {
    if (this.isDirectory) return fail(NtStatus.INVALID_DEVICE_REQUEST)
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    return answer(this.opened.content.allocate(size))
  }

  zero(range: ByteRange): Done {
    return this.#change(() => {
      this.opened.content.zero(range)
      return NtStatus.SUCCESS
    })
  }

  allocatedRanges(range: ByteRange): ByteRange[] | Failure {
    if (this.isDirectory) return fail(NtStatus.INVALID_DEVICE_REQUEST)
    return this.opened.content.allocatedRanges(range)
  }

  list(): string[] | Failure {
    // MS-FSA 2.1.5.6.3: only directories can be listed.
    return this.isDirectory ? this.node.listing().slice() : fail(NtStatus.INVALID_PARAMETER)
  }

  statEntries(names: readonly string[]): (FileStat | undefined)[] | Failure {
    const children = this.isDirectory ? this.node.children : undefined
    if (children === undefined) return fail(NtStatus.INVALID_PARAMETER)
    return names.map((name) => {
      const node = children.get(upcase(name))?.node
      return node?.stat(node.unnamed)
    })
  }

  streams(): StreamEntry[] {
    const entries: StreamEntry[] = this.node.isDirectory ? [] : [streamEntry(this.node.unnamed)]
    for (const stream of this.node.streams?.values() ?? []) entries.push(streamEntry(stream))
    return entries
  }

  extendedAttributes(): ExtendedAttribute[] | Failure {
    if (!this.node.volume.features.extendedAttributes) return fail(NtStatus.EAS_NOT_SUPPORTED)
    return [...(this.node.extendedAttributes?.values() ?? [])].map(copyOf)
  }

  setExtendedAttributes(changes: readonly ExtendedAttribute[]): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    const refusal = setExtendedAttributes(this.node, changes)
    if (refusal === undefined) this.node.touchChanged()
    return refusal
  }

  securityDescriptor(): Uint8Array | undefined {
    return this.node.securityDescriptor?.slice()
  }

  setSecurityDescriptor(descriptor: Uint8Array): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    const refusal = setSecurityDescriptor(this.node, descriptor)
    if (refusal === undefined) this.node.touchChanged()
    return refusal
  }

  property(name: string): Uint8Array | undefined {
    return this.node.properties?.get(name)?.slice()
  }

  setProperty(name: string, value: Uint8Array | undefined): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    if (value !== undefined && value.length > MAX_PROPERTY_BYTES) return fail(NtStatus.INVALID_PARAMETER)
    this.node.properties ??= new Map()
    if (value === undefined) this.node.properties.delete(name)
    else this.node.properties.set(name, value.slice())
    return ok
  }

  reparsePoint(): Uint8Array | undefined {
    return this.node.reparsePoint?.slice()
  }

  setReparsePoint(data: Uint8Array | undefined): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    this.node.reparsePoint = data?.slice()
    this.node.touchChanged()
    return ok
  }

  rename(to: BackendPath, replace: boolean): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    return this.node.volume.rename(this.#link, to, replace)
  }

  renameStream(_to: string, _replace: boolean): Done {
    return fail(NtStatus.INVALID_PARAMETER)
  }

  link(to: BackendPath, replace: boolean): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    return this.node.volume.link(this.#link, to, replace)
  }

  remove(): Done {
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    return this.node.volume.remove(this.#link)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.opened.opens--
    if (this.opened.removed && this.opened.opens === 0) this.node.volume.releaseStream(this.opened)
    this.node.volume.releaseUnused(this.node)
  }

  get #readOnly(): boolean {
    return this.node.volume.features.readOnly
  }

  #change(change: () => NtStatus): Done {
    if (this.isDirectory) return fail(NtStatus.INVALID_DEVICE_REQUEST)
    if (this.#readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    const refusal = answer(change())
    if (refusal === undefined) this.node.touchWritten()
    return refusal
  }
}

/** A handle to a named stream of a file or directory. */
export class MemoryStream extends MemoryFile {
  get stream(): string {
    return this.opened.name
  }

  /** A stream is data, also that of a directory. */
  override get isDirectory(): boolean {
    return false
  }

  override rename(): Done {
    return fail(NtStatus.INVALID_PARAMETER)
  }

  override link(): Done {
    return fail(NtStatus.INVALID_PARAMETER)
  }

  override renameStream(to: string, replace: boolean): Done {
    const { node, opened } = this
    if (node.volume.features.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    if (!node.volume.validLength(to)) return fail(NtStatus.OBJECT_NAME_INVALID)
    if (opened.removed) return fail(NtStatus.ACCESS_DENIED)
    const target = node.streams?.get(upcase(to))
    if (target !== undefined && target !== opened) {
      if (!replace) return fail(NtStatus.OBJECT_NAME_COLLISION)
      removeStream(node, target)
    }
    node.streams?.delete(upcase(opened.name))
    opened.name = to
    node.streams ??= new Map()
    node.streams.set(upcase(to), opened)
    node.touchChanged()
    return ok
  }

  override remove(): Done {
    if (this.node.volume.features.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    if (this.opened.removed) return fail(NtStatus.FILE_DELETED)
    removeStream(this.node, this.opened)
    this.node.touchChanged()
    return ok
  }
}

function removeStream(node: MemoryNode, stream: StreamNode): void {
  node.streams?.delete(upcase(stream.name))
  stream.removed = true
  if (stream.opens === 0) node.volume.releaseStream(stream)
}

/** All of the changes or none. */
export function setExtendedAttributes(node: MemoryNode, changes: readonly ExtendedAttribute[]): Done {
  if (!node.volume.features.extendedAttributes) return fail(NtStatus.EAS_NOT_SUPPORTED)
  const next = new Map(node.extendedAttributes)
  for (const change of changes) {
    if (change.value.length === 0) next.delete(upcase(change.name))
    else next.set(upcase(change.name), copyOf(change))
  }
  if (extendedAttributesSize(next.values()) > MAX_EXTENDED_ATTRIBUTES_BYTES) return fail(NtStatus.EA_TOO_LARGE)
  node.extendedAttributes = next.size === 0 ? undefined : next
  return ok
}

export function setSecurityDescriptor(node: MemoryNode, descriptor: Uint8Array): Done {
  if (!node.volume.features.securityDescriptors) return fail(NtStatus.INVALID_DEVICE_REQUEST)
  if (descriptor.length > MAX_SECURITY_DESCRIPTOR_BYTES) return fail(NtStatus.INVALID_PARAMETER)
  node.securityDescriptor = descriptor.slice()
  return ok
}

const answer = (status: NtStatus): Done => (status === NtStatus.SUCCESS ? ok : fail(status))

/** Handed in or out by value: nobody changes what is stored behind its back. */
const copyOf = ({ name, value, flags }: ExtendedAttribute): ExtendedAttribute => ({ name, value: value.slice(), flags })

const streamEntry = ({ name, content }: StreamNode): StreamEntry => ({
  name,
  size: content.size,
  allocationSize: content.allocationSize,
})
