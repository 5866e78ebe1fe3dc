/**
 * The extended attribute `user.DOSATTRIB` in Samba's encoding (NDR of xattr_DOSATTRIB): attributes that POSIX has no
 * place for, and the creation time. Read are versions 1 to 5 and the old text alone; written is version 5, as Samba 4.17
 * does:
 *
 *     text, empty here      1 byte 0, 1 byte of padding
 *     version               u16, and once more as the union's discriminant, 2 bytes of padding
 *     valid flags           u32: 0x01 attributes, 0x10 creation time
 *     attributes            u32
 *     creation time         FILETIME
 */
import type { Filetime } from '../../bytes/filetime.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'

export const DOS_ATTRIB = 'user.DOSATTRIB'

export interface DosAttributes {
  /** FILE_ATTRIBUTE_* bits; undefined where only the time is kept. */
  readonly attributes: number | undefined
  /** Undefined where none is kept. */
  readonly creationTime: Filetime | undefined
}

const VALID_ATTRIBUTES = 0x01
const VALID_CREATION_TIME = 0x10

/** The bits that are kept; DIRECTORY follows from what the file is, NORMAL means no other. */
export const KEPT_ATTRIBUTES =
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

const NONE: DosAttributes = { attributes: undefined, creationTime: undefined }

/** Reads a stored value; what cannot be read says nothing. */
export function decodeDosAttributes(value: Uint8Array): DosAttributes {
  const textEnd = value.indexOf(0)
  const text = Buffer.from(value.subarray(0, textEnd < 0 ? value.length : textEnd)).toString('latin1')
  // The text is followed by the version where there is one, at the next multiple of two.
  const at = textEnd < 0 ? value.length : textEnd + 1 + ((textEnd + 1) & 1)
  if (at + 4 > value.length) return fromText(text)
  const view = viewOf(value)
  const version = view.getUint16(at, true)
  if (view.getUint16(at + 2, true) !== version) return fromText(text)
  return decodeVersion(view, version, (at + 4 + 3) & ~3) ?? fromText(text)
}

/** Bytes from the start of each version's structure: valid flags, attributes, creation time; -1: has none. */
const LAYOUTS: Readonly<Record<number, { valid: number; attributes: number; creation: number; size: number }>> = {
  // attributes, EA size, size, allocation size, creation time, change time
  1: { valid: -1, attributes: 0, creation: 24, size: 40 },
  // flags (what is valid), attributes, EA size, size, allocation size, creation, change, write time, name
  2: { valid: 0, attributes: 4, creation: 28, size: 52 },
  // valid flags, attributes, EA size, size, allocation size, creation time, change time
  3: { valid: 0, attributes: 4, creation: 28, size: 44 },
  // valid flags, attributes, inode time, creation time
  4: { valid: 0, attributes: 4, creation: 16, size: 24 },
  // valid flags, attributes, creation time
  5: { valid: 0, attributes: 4, creation: 8, size: 16 },
}

function decodeVersion(view: DataView, version: number, at: number): DosAttributes | undefined {
  const layout = LAYOUTS[version]
  if (layout === undefined || at + layout.size > view.byteLength) return undefined
  const valid = layout.valid < 0 ? VALID_ATTRIBUTES | VALID_CREATION_TIME : view.getUint32(at + layout.valid, true)
  const creationTime = view.getBigUint64(at + layout.creation, true)
  return {
    attributes: (valid & VALID_ATTRIBUTES) === 0 ? undefined : view.getUint32(at + layout.attributes, true),
    creationTime: (valid & VALID_CREATION_TIME) === 0 || creationTime === 0n ? undefined : creationTime,
  }
}

function fromText(text: string): DosAttributes {
  return /^0x[0-9a-fA-F]{1,8}$/.test(text) ? { attributes: Number(text), creationTime: undefined } : NONE
}

/** The stored form; `attributes` includes DIRECTORY for a directory, as Samba writes it. */
export function encodeDosAttributes(attributes: number, creationTime: Filetime | undefined): Uint8Array {
  const value = new Uint8Array(24)
  const view = viewOf(value)
  view.setUint16(2, 5, true)
  view.setUint16(4, 5, true)
  view.setUint32(8, creationTime === undefined ? VALID_ATTRIBUTES : VALID_ATTRIBUTES | VALID_CREATION_TIME, true)
  view.setUint32(12, attributes, true)
  view.setBigUint64(16, creationTime ?? 0n, true)
  return value
}
