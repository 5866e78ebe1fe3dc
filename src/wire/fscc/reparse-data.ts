import type { Guid } from '../../bytes/guid.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { bytes, guid, type Infer, struct, tail, u16, u32, u64, utf16, WireError } from '../schema/index.ts'
import { isMicrosoftTag, ReparseTag } from './reparse-tag.ts'

/** Bytes of the largest reparse data buffer (MS-FSCC 2.1.2.2). */
export const MAX_REPARSE_DATA_BYTES = 16_384

/** A reparse point of a tag that Microsoft owns; what is in it depends on the tag. MS-FSCC 2.1.2.2. */
export const ReparseDataBuffer = struct('REPARSE_DATA_BUFFER', '2.1.2.2', {
  reparseTag: u32.oneOf(ReparseTag),
  reparseDataLength: u16.lengthOf('data'),
  reserved: u16.reserved,
  data: tail(bytes),
})
export type ReparseDataBuffer = Infer<typeof ReparseDataBuffer>

/** A reparse point of any other tag. MS-FSCC 2.1.2.3. */
export const ReparseGuidDataBuffer = struct('REPARSE_GUID_DATA_BUFFER', '2.1.2.3', {
  reparseTag: u32.oneOf(ReparseTag),
  reparseDataLength: u16.lengthOf('data'),
  reserved: u16.reserved,
  reparseGuid: guid,
  data: tail(bytes),
})
export type ReparseGuidDataBuffer = Infer<typeof ReparseGuidDataBuffer>

/** Flags of a symbolic link (MS-FSCC 2.1.2.4): its target starts where the link is. */
export const SymlinkFlags = { RELATIVE: 1 } as const

/** The data of a symbolic link: what follows the buffer's first 8 bytes. MS-FSCC 2.1.2.4. */
export const SymbolicLinkReparseData = struct('SymbolicLinkReparseBuffer', '2.1.2.4', {
  substituteNameOffset: u16.offsetOf('substituteName'),
  substituteNameLength: u16.lengthOf('substituteName'),
  printNameOffset: u16.offsetOf('printName'),
  printNameLength: u16.lengthOf('printName'),
  flags: u32.flags(SymlinkFlags),
  substituteName: tail(utf16, { from: 'fixedEnd' }),
  printName: tail(utf16, { from: 'fixedEnd' }),
})
export type SymbolicLinkReparseData = Infer<typeof SymbolicLinkReparseData>

/** The data of a mount point (junction): what follows the buffer's first 8 bytes. MS-FSCC 2.1.2.5. */
export const MountPointReparseData = struct('MountPointReparseBuffer', '2.1.2.5', {
  substituteNameOffset: u16.offsetOf('substituteName'),
  substituteNameLength: u16.lengthOf('substituteName'),
  printNameOffset: u16.offsetOf('printName'),
  printNameLength: u16.lengthOf('printName'),
  substituteName: tail(utf16, { from: 'fixedEnd' }),
  printName: tail(utf16, { from: 'fixedEnd' }),
})
export type MountPointReparseData = Infer<typeof MountPointReparseData>

/** What a file of the NFS server stands for (MS-FSCC 2.1.2.6). */
export const NfsType = {
  LINK: 0x014b_4e4cn,
  CHARACTER_DEVICE: 0x0052_4843n,
  BLOCK_DEVICE: 0x004b_4c42n,
  FIFO: 0x4f46_4946n,
  SOCKET: 0x4b43_4f53n,
} as const

/** The data of a special file. MS-FSCC 2.1.2.6. `data`: the link's target in UTF-16LE, or two 32-bit device numbers. */
export const NfsReparseData = struct('NfsReparseDataBuffer', '2.1.2.6', {
  type: u64.hex,
  data: tail(bytes),
})
export type NfsReparseData = Infer<typeof NfsReparseData>

/** A reparse point. */
export type ReparsePoint =
  | {
      readonly kind: 'symlink'
      readonly substituteName: string
      readonly printName: string
      /** SymlinkFlags bits. */
      readonly flags: number
    }
  | { readonly kind: 'mountPoint'; readonly substituteName: string; readonly printName: string }
  | { readonly kind: 'nfs'; readonly type: bigint; readonly data: Uint8Array }
  /** Any other tag of Microsoft's. */
  | { readonly kind: 'raw'; readonly tag: number; readonly data: Uint8Array }
  /** A tag of somebody else's. */
  | { readonly kind: 'guid'; readonly tag: number; readonly guid: Guid; readonly data: Uint8Array }

/**
 * Decodes what FSCTL_SET_REPARSE_POINT and FSCTL_GET_REPARSE_POINT carry, into an object of its own. The length
 * must be exactly what the buffer says (MS-FSCC 2.3.82: STATUS_IO_REPARSE_DATA_INVALID).
 * @throws WireError
 */
export function decodeReparsePoint(source: Uint8Array): ReparsePoint {
  if (source.length > MAX_REPARSE_DATA_BYTES)
    throw new WireError('REPARSE_DATA_BUFFER', 0, '2.1.2', `${source.length} bytes, at most ${MAX_REPARSE_DATA_BYTES}`)
  const view = viewOf(source)
  const plain = ReparseDataBuffer.decode(view)
  const tag = plain.reparseTag
  if (!isMicrosoftTag(tag)) {
    const { reparseGuid, data } = ReparseGuidDataBuffer.decode(view)
    exactly(source.length, ReparseGuidDataBuffer.size + data.length)
    return { kind: 'guid', tag, guid: reparseGuid, data: data.slice() }
  }
  const { data } = plain
  exactly(source.length, ReparseDataBuffer.size + data.length)
  if (tag === ReparseTag.SYMLINK) {
    const { substituteName, printName, flags } = SymbolicLinkReparseData.decode(viewOf(data))
    return { kind: 'symlink', substituteName, printName, flags }
  }
  if (tag === ReparseTag.MOUNT_POINT) {
    const { substituteName, printName } = MountPointReparseData.decode(viewOf(data))
    return { kind: 'mountPoint', substituteName, printName }
  }
  if (tag === ReparseTag.NFS) {
    const nfs = NfsReparseData.decode(viewOf(data))
    return { kind: 'nfs', type: nfs.type, data: nfs.data.slice() }
  }
  return { kind: 'raw', tag, data: data.slice() }
}

function exactly(given: number, said: number): void {
  if (given !== said)
    throw new WireError('REPARSE_DATA_BUFFER', 4, '2.1.2.2', `says that it has ${said} bytes, has ${given}`)
}

/** The bytes of a reparse point. */
export function encodeReparsePoint(point: ReparsePoint): Uint8Array<ArrayBuffer> {
  if (point.kind === 'guid')
    return ReparseGuidDataBuffer.encode({ reparseTag: point.tag, reparseGuid: point.guid, data: point.data })
  const [reparseTag, data] = tagAndData(point)
  return ReparseDataBuffer.encode({ reparseTag, data })
}

function tagAndData(point: Exclude<ReparsePoint, { kind: 'guid' }>): [number, Uint8Array] {
  if (point.kind === 'symlink') return [ReparseTag.SYMLINK, SymbolicLinkReparseData.encode(point)]
  if (point.kind === 'mountPoint') return [ReparseTag.MOUNT_POINT, MountPointReparseData.encode(point)]
  if (point.kind === 'nfs') return [ReparseTag.NFS, NfsReparseData.encode(point)]
  return [point.tag, point.data]
}
