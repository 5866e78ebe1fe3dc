import type { InitialState, Opened, OpenHow } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { upcase } from '../../wire/fscc/upcase.ts'
import { MemoryFile, MemoryStream, setExtendedAttributes, setSecurityDescriptor } from './file.ts'
import { type Link, MemoryNode, type StreamNode } from './node.ts'
import type { MemoryVolume } from './volume.ts'

/** Opens or creates, in the order of checks of MS-FSA 2.1.5.1. */
export function open(volume: MemoryVolume, path: readonly string[], how: OpenHow): Opened | Failure {
  if (how.stream !== undefined) {
    if (!volume.features.namedStreams || !volume.validLength(how.stream)) return fail(NtStatus.OBJECT_NAME_INVALID)
    // A named stream is data, whatever carries it.
    if (how.kind === 'directory') return fail(NtStatus.NOT_A_DIRECTORY)
  }
  if (path.length === 0) return openExisting(volume, volume.root, how)
  const place = volume.place(path)
  if (failed(place)) return place
  if (place.link !== undefined) return openExisting(volume, place.link, how)
  if (how.disposition === 'open') return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  if (volume.features.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  const node = newNode(volume, how, place.parent)
  if (failed(node)) return node
  return handle(volume, volume.addLink(place.parent, place.name, node), how, true, true)
}

function openExisting(volume: MemoryVolume, link: Link, how: OpenHow): Opened | Failure {
  const { node } = link
  if (how.stream === undefined) {
    if (how.disposition === 'create') return fail(NtStatus.OBJECT_NAME_COLLISION)
    if (how.kind === 'file' && node.isDirectory) return fail(NtStatus.FILE_IS_A_DIRECTORY)
    if (how.kind === 'directory' && !node.isDirectory) return fail(NtStatus.NOT_A_DIRECTORY)
    if (how.write && volume.features.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
    return handle(volume, link, how, false)
  }
  const exists = node.streams?.has(upcase(how.stream)) === true
  if (exists && how.disposition === 'create') return fail(NtStatus.OBJECT_NAME_COLLISION)
  if (!exists && how.disposition === 'open') return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  if ((!exists || how.write) && volume.features.readOnly) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  if (!exists) {
    if (addStream(node, how.stream) === undefined) return fail(NtStatus.DISK_FULL)
    node.touchChanged()
  }
  return handle(volume, link, how, !exists)
}

/** A file or directory without a name yet; nothing is left behind when it cannot be made. */
function newNode(volume: MemoryVolume, how: OpenHow, parent: MemoryNode): MemoryNode | Failure {
  if (!volume.takeFile()) return fail(NtStatus.DISK_FULL)
  const node = new MemoryNode(volume, how.kind === 'directory')
  const refusal = begin(node, how.initial ?? {}, how.stream, parent)
  if (refusal === undefined) return node
  volume.releaseUnused(node)
  return refusal
}

function begin(
  node: MemoryNode,
  initial: InitialState,
  stream: string | undefined,
  parent: MemoryNode,
): Failure | undefined {
  node.attributes = (initial.attributes ?? 0) | (parent.attributes & (initial.inheritedAttributes ?? 0))
  const inherited = initial.inherit?.(parent.securityDescriptor)
  if (failed(inherited)) return inherited
  const descriptor = initial.securityDescriptor ?? inherited
  if (descriptor !== undefined) {
    const refusal = setSecurityDescriptor(node, descriptor)
    if (refusal !== undefined) return refusal
  }
  if (initial.extendedAttributes !== undefined && initial.extendedAttributes.length > 0) {
    const refusal = setExtendedAttributes(node, initial.extendedAttributes)
    if (refusal !== undefined) return refusal
  }
  const opened = stream === undefined ? node.unnamed : addStream(node, stream)
  if (opened === undefined) return fail(NtStatus.DISK_FULL)
  if (initial.allocationSize === undefined || node.isDirectory) return undefined
  const status = opened.content.allocate(initial.allocationSize)
  return status === NtStatus.SUCCESS ? undefined : fail(status)
}

function addStream(node: MemoryNode, name: string): StreamNode | undefined {
  if (!node.volume.takeFile()) return undefined
  const stream = node.newStream(name)
  node.streams ??= new Map()
  node.streams.set(upcase(name), stream)
  return stream
}

function handle(volume: MemoryVolume, link: Link, how: OpenHow, created: boolean, madeFile = false): Opened {
  const stream = how.stream === undefined ? undefined : link.node.streams?.get(upcase(how.stream))
  const file = stream === undefined ? new MemoryFile(link, link.node.unnamed) : new MemoryStream(link, stream)
  return { file, created, fileCreated: madeFile, path: volume.pathOf(link) }
}
