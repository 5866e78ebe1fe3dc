import { WireError } from '../../bytes/errors.ts'
import type { Place } from '../schema/content.ts'
import type { Kind, Located } from '../schema/kind.ts'

/** A NetBIOS name: up to 15 characters of Latin-1 without the blanks that fill it up, and its service. */
export interface NetbiosName {
  readonly name: string
  /** The sixteenth byte: 0x20 is a file server, 0x00 a workstation. */
  readonly suffix: number
  /** Labels of the scope, joined by dots; usually ''. */
  readonly scope: string
}

const NAME_BYTES = 16
const NAME_LABEL_BYTES = NAME_BYTES * 2
const LETTER_A = 0x41
const BLANK = 0x20
/** RFC 1002 4.1: labels of up to 63 bytes, 255 bytes in all. */
const MAX_LABEL_BYTES = 63
const MAX_ENCODED_NAME_BYTES = 255

/** One past the end of the name at `at`. */
export function checkName(view: DataView, at: number, end: number, place: Place): number {
  const bad = (offset: number, problem: string): WireError => new WireError(place.path, offset, place.spec, problem)
  if (at + NAME_LABEL_BYTES + 2 > end) throw bad(at, 'name is cut off')
  if (view.getUint8(at) !== NAME_LABEL_BYTES) throw bad(at, 'name does not begin with a label of 32 bytes')
  for (let i = 1; i <= NAME_LABEL_BYTES; i++) {
    const half = view.getUint8(at + i) - LETTER_A
    if (half < 0 || half > 15) throw bad(at + i, 'not a letter from A to P')
  }
  for (let label = at + 1 + NAME_LABEL_BYTES; label < end; ) {
    const length = view.getUint8(label)
    if (length === 0) return label + 1
    if (length > MAX_LABEL_BYTES || label + length - at >= MAX_ENCODED_NAME_BYTES) throw bad(label, 'label is too long')
    label += length + 1
  }
  throw bad(at, 'name is cut off')
}

export function readName(view: DataView, at: number): { readonly value: NetbiosName; readonly end: number } {
  let name = ''
  for (let i = 0; i < NAME_BYTES - 1; i++) name += String.fromCharCode(readHalves(view, at + 1 + i * 2))
  const suffix = readHalves(view, at + 1 + (NAME_BYTES - 1) * 2)
  const labels: string[] = []
  let label = at + 1 + NAME_LABEL_BYTES
  for (let length = view.getUint8(label); length !== 0; length = view.getUint8(label)) {
    let text = ''
    for (let i = 1; i <= length; i++) text += String.fromCharCode(view.getUint8(label + i))
    labels.push(text)
    label += length + 1
  }
  return { value: { name: name.replace(/ +$/, ''), suffix, scope: labels.join('.') }, end: label + 1 }
}

/** Each byte is two letters, high half first: A is 0, P is 15. */
const readHalves = (view: DataView, at: number): number =>
  ((view.getUint8(at) - LETTER_A) << 4) | (view.getUint8(at + 1) - LETTER_A)

export const measureName = (name: NetbiosName): number =>
  1 + NAME_LABEL_BYTES + (name.scope === '' ? 0 : name.scope.length + 1) + 1

export function writeName(view: DataView, at: number, { name, suffix, scope }: NetbiosName): number {
  if (name.length >= NAME_BYTES) throw new RangeError(`NetBIOS name of more than 15 characters: ${name}`)
  view.setUint8(at, NAME_LABEL_BYTES)
  for (let i = 0; i < NAME_BYTES; i++) {
    const letter = i < name.length ? name.charCodeAt(i) : BLANK
    const byte = i === NAME_BYTES - 1 ? suffix : letter
    view.setUint8(at + 1 + i * 2, LETTER_A + ((byte >>> 4) & 0xf))
    view.setUint8(at + 2 + i * 2, LETTER_A + (byte & 0xf))
  }
  let end = at + 1 + NAME_LABEL_BYTES
  for (const label of scope === '' ? [] : scope.split('.')) {
    if (label.length === 0 || label.length > MAX_LABEL_BYTES) throw new RangeError(`not a NetBIOS scope: ${scope}`)
    view.setUint8(end++, label.length)
    for (let i = 0; i < label.length; i++) view.setUint8(end++, label.charCodeAt(i) & 0xff)
  }
  view.setUint8(end, 0)
  return end + 1
}

/** `NAME<20>`. */
export const displayName = ({ name, suffix, scope }: NetbiosName): string =>
  `${name}<${suffix.toString(16).padStart(2, '0')}>${scope === '' ? '' : `.${scope}`}`

/** Bytes of a name without a scope. */
const NAME_SIZE = 1 + NAME_LABEL_BYTES + 1

/** A name without a scope, which is what there is: nobody has used scopes since the nineties. RFC 1002 4.1. */
export const netbiosName: Kind<NetbiosName, true> = {
  kindName: 'NetBIOS name',
  size: NAME_SIZE,
  needed: true,
  getter: (offset) =>
    function (this: Located) {
      return readName(this.view, this.base + offset).value
    },
  read: (view, at) => readName(view, at).value,
  write(view, at, value) {
    if (value.scope !== '') throw new RangeError(`a NetBIOS name with a scope: ${displayName(value)}`)
    writeName(view, at, value)
  },
  display: displayName,
  problem(view, at) {
    const end = at + NAME_SIZE
    try {
      const place = { path: '', spec: '' }
      return checkName(view, at, end, place) === end ? undefined : 'has a scope'
    } catch (error) {
      return error instanceof WireError ? 'is no NetBIOS name without a scope' : String(error)
    }
  },
}
