/** Types that Windows' interfaces share (MS-DTYP 2.3, 2.4). */
import { readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import { checkSid, readSid, type Sid, sidSize, writeSid } from '../../wire/dtyp/sid.ts'
import type { NdrType } from './type.ts'

const MAX_UNITS = 0x7fff

/**
 * RPC_UNICODE_STRING (MS-DTYP 2.3.10): text without a terminator, its length and room in bytes beside the pointer.
 * `spareUnits`: how much more room than text is told when it is written.
 */
export function unicodeString(spareUnits = 0): NdrType<string | null, string | null, true> {
  const typeName = 'RPC_UNICODE_STRING'
  return {
    typeName,
    align: 4,
    minSize: 8,
    needed: true,
    read(reader, set) {
      reader.align(4)
      const at = reader.takeIntegers(4, [2, 2], typeName)
      const length = reader.view.getUint16(at, true)
      if (reader.u32(typeName) === 0) {
        set(null)
        return
      }
      reader.defer(() => {
        const maxCount = reader.u32(typeName)
        const offset = reader.u32(typeName)
        const actual = reader.u32(typeName)
        if (offset !== 0 || actual > maxCount || actual * 2 !== length - (length % 2))
          throw reader.error(typeName, `${length} bytes told, ${actual} of ${maxCount} characters sent`)
        set(readUtf16(reader.view, reader.takeText(actual, typeName), actual * 2))
      })
    },
    write(writer, value) {
      const units = value?.length ?? 0
      if (units + spareUnits > MAX_UNITS) throw new RangeError(`${units} characters do not fit ${typeName}`)
      const room = value === null ? 0 : units + spareUnits
      writer.align(4)
      const at = writer.reserve(4)
      writer.view.setUint16(at, units * 2, true)
      writer.view.setUint16(at + 2, room * 2, true)
      writer.u32(value === null ? 0 : writer.referentId())
      if (value === null) return
      writer.defer(() => {
        writer.u32(room)
        writer.u32(0)
        writer.u32(units)
        const text = writer.reserve(units * 2)
        writeUtf16(writer.view, text, value)
      })
    },
  }
}

const subAuthorities = (sid: Sid): number => (sidSize(sid) - 8) / 4

/** RPC_SID (MS-DTYP 2.4.2.3) as text: a conformant structure. */
export const sid: NdrType<Sid, Sid, true> = {
  typeName: 'RPC_SID',
  align: 4,
  minSize: 12,
  needed: true,
  maxCount: subAuthorities,
  read(reader, set, maxCount) {
    const count = maxCount ?? reader.u32('RPC_SID')
    reader.align(4)
    checkSid(reader.view, reader.at, reader.end, 'RPC_SID')
    const at = reader.take(8, 'RPC_SID')
    const told = reader.view.getUint8(at + 1)
    if (told !== count) throw reader.error('RPC_SID', `${told} sub-authorities told, ${count} sent`)
    for (let i = 0; i < count; i++) reader.takeIntegers(4, [4], 'RPC_SID')
    set(readSid(reader.view, at))
  },
  write(writer, value, countSent) {
    if (countSent !== true) writer.u32(subAuthorities(value))
    writer.align(4)
    const at = writer.reserve(sidSize(value))
    writeSid(writer.view, at, value)
  },
}

/** RPC_SID of something that has none: Samba writes one of zeros. Where a pointer to it is null, there is none either. */
export const sidIfAny: NdrType<Sid | null, Sid | null, true> = {
  ...sid,
  maxCount: (value) => (value === null ? 0 : subAuthorities(value)),
  read(reader, set, maxCount) {
    const count = maxCount ?? reader.u32('RPC_SID')
    reader.align(4)
    const isNone = reader.end - reader.at >= 8 && reader.view.getUint16(reader.at, true) === 0
    if (!isNone) {
      sid.read(reader, set, count)
      return
    }
    reader.take(8, 'RPC_SID')
    if (count !== 0) throw reader.error('RPC_SID', `no sub-authorities told, ${count} sent`)
    set(null)
  },
  write(writer, value, countSent) {
    if (value !== null) {
      sid.write(writer, value, countSent)
      return
    }
    if (countSent !== true) writer.u32(0)
    writer.align(4)
    writer.reserve(8)
  },
}
