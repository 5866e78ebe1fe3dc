import { ENTRIES_BYTES, type Libc, Place } from './libc.ts'

const SEEK_SET = 0
/** struct linux_dirent64: inode 8, offset 8, length of the record 2, type 1 (before the name), name with a NUL. */
const LENGTH_AT = 16
const NAME_AT = 19

/** d_type, where the file system tells it. */
export const DirectoryEntryType = { UNKNOWN: 0, DIRECTORY: 4 } as const

/**
 * Calls `each` with the place of every name in an open directory (from, to, in `libc.buffer`) and its type. The order is
 * the file system's own and stays while nothing changes. 0, or the negative error number.
 */
export function eachName(
  libc: Libc,
  descriptor: number,
  each: (from: number, to: number, type: number) => void,
): number {
  const { bytes, view } = libc
  const at = libc.address + Place.entries
  const rewound = libc.call(libc.numbers.lseek, descriptor, 0, SEEK_SET)
  if (rewound < 0) return rewound
  for (;;) {
    const length = libc.call(libc.numbers.getdents64, descriptor, at, ENTRIES_BYTES)
    if (length <= 0) return length
    const end = Place.entries + length
    for (let record = Place.entries; record < end; ) {
      const from = record + NAME_AT
      record += view.getUint16(record + LENGTH_AT, true)
      let to = from
      while (bytes[to] !== 0) to++
      const dots = bytes[from] === 0x2e && (to === from + 1 || (to === from + 2 && bytes[from + 1] === 0x2e))
      if (!dots) each(from, to, bytes[from - 1] as number)
    }
  }
}
