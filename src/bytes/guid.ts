/** GUID, as text `3f5cf209-a4e5-0049-a7d6-6a456d5ca5cf`: first three groups little-endian on the wire (MS-DTYP 2.3.4.2). */
export type Guid = string

export const NULL_GUID: Guid = '00000000-0000-0000-0000-000000000000'

const hex2 = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))
const ORDER = [3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15]

export function readGuid(view: DataView, at: number): Guid {
  let text = ''
  for (const i of ORDER) text += i < 0 ? '-' : hex2[view.getUint8(at + i)]
  return text
}

export function writeGuid(view: DataView, at: number, guid: Guid): void {
  const digits = guid.replaceAll('-', '')
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) throw new TypeError(`not a GUID: ${guid}`)
  let from = 0
  for (const i of ORDER) {
    if (i < 0) continue
    view.setUint8(at + i, Number.parseInt(digits.slice(from, from + 2), 16))
    from += 2
  }
}
