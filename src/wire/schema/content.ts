import { WireError } from '../../bytes/errors.ts'
import { hex } from '../../bytes/hex.ts'
import { bytesOf, readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import type { FieldNode } from './dissect.ts'
import type { Kind } from './kind.ts'

/** Where in a declaration a piece of content stands: for error texts and trees. */
export interface Place {
  readonly path: string
  readonly spec: string
}

/**
 * Something of variable length: how its bytes are checked, read, measured, written and taken apart.
 * `check` must be called before `read`; after it `read` cannot fail. `count` is the number of elements, where a
 * count field says it.
 */
export interface Content<T, Input = T> {
  readonly contentName: string
  /** The kind or structure of its elements, where it has any: for who walks declarations. */
  readonly element?: unknown
  check(view: DataView, start: number, end: number, place: Place, count?: number): void
  read(view: DataView, start: number, end: number, count?: number): T
  measure(value: Input): number
  write(view: DataView, start: number, value: Input): void
  /** Number of elements, for a count field. */
  count?(value: Input): number
  /** Bytes that `count` elements take, when that is known beforehand. */
  sizeOf?(count: number): number
  /** Bytes that it takes from `start`, where it tells that itself: never reads past `end`, at most `end - start`. */
  extent?(view: DataView, start: number, end: number): number
  display(value: T): string
  dissect?(view: DataView, start: number, end: number, place: Place, count?: number): FieldNode[]
}

/** Any bytes. */
export const bytes: Content<Uint8Array> = {
  contentName: 'bytes',
  check: () => {},
  read: (view, start, end) => bytesOf(view, start, end),
  measure: (value) => value.length,
  write(view, start, value) {
    // What was put in its place beforehand (the data of a READ) is not copied onto itself.
    if (value.buffer === view.buffer && value.byteOffset === view.byteOffset + start) return
    bytesOf(view, start, start + value.length).set(value)
  },
  display: (value) => hex(value, 32),
}

/** UTF-16LE text without a terminator; lone surrogates are kept. */
export const utf16: Content<string> = {
  contentName: 'utf16',
  check(_view, start, end, place) {
    if ((end - start) % 2 !== 0) throw new WireError(place.path, start, place.spec, 'UTF-16 text of an odd length')
  },
  read: (view, start, end) => readUtf16(view, start, end - start),
  measure: (value) => value.length * 2,
  write: writeUtf16,
  display: (value) => JSON.stringify(value),
}

/** ASCII / Latin-1 text without a terminator. */
export const latin1: Content<string> = {
  contentName: 'latin1',
  check: () => {},
  read(view, start, end) {
    let text = ''
    for (let at = start; at < end; at++) text += String.fromCharCode(view.getUint8(at))
    return text
  },
  measure: (value) => value.length,
  write(view, start, value) {
    for (let i = 0; i < value.length; i++) view.setUint8(start + i, value.charCodeAt(i) & 0xff)
  },
  display: (value) => JSON.stringify(value),
}

/** Elements of one fixed size, one after the other. */
export function array<T, Input = T>(
  kind: Pick<Kind<T>, 'kindName' | 'size' | 'read' | 'display' | 'problem'> & {
    write(view: DataView, at: number, value: Input): void
    /** Structures have fields of their own to show. */
    dissect?(view: DataView, start: number, end: number): FieldNode[]
  },
): Content<T[], readonly Input[]> {
  return {
    ...(kind.dissect !== undefined && {
      dissect: (view: DataView, start: number, end: number, place: Place) =>
        Array.from({ length: Math.floor((end - start) / kind.size) }, (_, i) => {
          const at = start + i * kind.size
          const node = { label: kind.kindName, path: place.path, start: at, end: at + kind.size, value: undefined }
          return { ...node, display: '', spec: place.spec, children: kind.dissect?.(view, at, at + kind.size) ?? [] }
        }),
    }),
    contentName: `${kind.kindName}[]`,
    element: kind,
    check(view, start, end, place, count) {
      const room = end - start
      if (count === undefined ? room % kind.size !== 0 : count * kind.size > room)
        throw new WireError(place.path, start, place.spec, `${room} bytes do not hold elements of ${kind.size}`)
      if (kind.problem === undefined) return
      for (let at = start; at + kind.size <= end; at += kind.size) {
        const problem = kind.problem(view, at)
        if (problem !== undefined) throw new WireError(place.path, at, place.spec, problem)
      }
    },
    read(view, start, end, count) {
      const n = count ?? Math.floor((end - start) / kind.size)
      const values: T[] = []
      for (let i = 0; i < n; i++) values.push(kind.read(view, start + i * kind.size))
      return values
    },
    measure: (values) => values.length * kind.size,
    write(view, start, values) {
      for (let i = 0; i < values.length; i++) kind.write(view, start + i * kind.size, values[i] as Input)
    },
    count: (values) => values.length,
    sizeOf: (count) => count * kind.size,
    display: (values) =>
      `[${values
        .slice(0, 16)
        .map((v) => kind.display(v))
        .join(', ')}]`,
  }
}
