/**
 * The access control list of the system in the form that Samba hashes beside a security descriptor (NDR of
 * smb_acl_wrapper): access list, default list of a directory, owner, group, mode.
 *
 *     pointers              u32 to the access list, u32 to the default list (0: not a directory)
 *     owner, group          u64 each
 *     mode                  u32, with the type of the file
 *     each list             u32 number of entries; at a multiple of eight that number again, u32 0, the entries
 *     each entry            at a multiple of eight: u16 tag, u16 the same, for users and groups u64 id, u32 permissions
 */
import { viewOf } from '../../bytes/utf16.ts'
import { type AttributeCalls, isErrno, type RawStat } from './calls.ts'

interface Entry {
  readonly tag: number
  readonly permissions: number
  readonly id: number
}

/** Tags of the kernel's `system.posix_acl_*`. */
const USER_OBJ = 0x01
const USER = 0x02
const GROUP_OBJ = 0x04
const GROUP = 0x08
const MASK = 0x10
const OTHER = 0x20
const SAMBA_TAGS: Readonly<Record<number, number>> = {
  [USER]: 1,
  [USER_OBJ]: 2,
  [GROUP]: 3,
  [GROUP_OBJ]: 4,
  [OTHER]: 5,
  [MASK]: 6,
}
const NO_ID = 0xffff_ffff
const S_IFDIR = 0o040000
const S_IFREG = 0o100000

export function systemAclBlob(calls: AttributeCalls, descriptor: number, raw: RawStat): Uint8Array {
  const isDirectory = raw.kind === 'directory'
  const access = entriesOf(calls, descriptor, 'system.posix_acl_access') ?? fromMode(raw.mode)
  const initial = isDirectory ? (entriesOf(calls, descriptor, 'system.posix_acl_default') ?? []) : undefined
  const room = 48 + (access.length + (initial?.length ?? 0)) * 24 + 16
  const blob = new Uint8Array(room)
  const view = viewOf(blob)
  view.setUint32(0, 0x20000, true)
  view.setUint32(4, isDirectory ? 0x20004 : 0, true)
  view.setBigUint64(8, BigInt(raw.uid), true)
  view.setBigUint64(16, BigInt(raw.gid), true)
  view.setUint32(24, raw.mode | (isDirectory ? S_IFDIR : S_IFREG), true)
  let end = putList(view, 28, access)
  if (initial !== undefined) end = putList(view, end, initial)
  return blob.subarray(0, end)
}

function putList(view: DataView, start: number, entries: readonly Entry[]): number {
  const count = align4(start)
  view.setUint32(count, entries.length, true)
  let at = align8(count + 4)
  view.setUint32(at, entries.length, true)
  at += 8
  for (const { tag, permissions, id } of entries) {
    at = align8(at)
    const sambaTag = SAMBA_TAGS[tag] ?? 0
    view.setUint16(at, sambaTag, true)
    view.setUint16(at + 2, sambaTag, true)
    at += 4
    if (tag === USER || tag === GROUP) {
      at = align8(at)
      view.setBigUint64(at, BigInt(id), true)
      at += 8
    }
    view.setUint32(at, permissions, true)
    at += 4
  }
  return at
}

/** The entries of a list that the kernel keeps: version u32, then tag u16, permissions u16, id u32 each. */
function entriesOf(calls: AttributeCalls, descriptor: number, name: string): Entry[] | undefined {
  const value = calls.read(descriptor, name)
  if (isErrno(value) || value.length < 4) return undefined
  const view = viewOf(value)
  const entries: Entry[] = []
  for (let at = 4; at + 8 <= view.byteLength; at += 8) {
    entries.push({
      tag: view.getUint16(at, true),
      permissions: view.getUint16(at + 2, true),
      id: view.getUint32(at + 4, true),
    })
  }
  return entries
}

/** What a file without a list of its own has. */
function fromMode(mode: number): Entry[] {
  return [
    { tag: USER_OBJ, permissions: (mode >> 6) & 7, id: NO_ID },
    { tag: GROUP_OBJ, permissions: (mode >> 3) & 7, id: NO_ID },
    { tag: OTHER, permissions: mode & 7, id: NO_ID },
  ]
}

const align4 = (at: number): number => (at + 3) & ~3
const align8 = (at: number): number => (at + 7) & ~7
