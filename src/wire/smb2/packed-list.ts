import { WireError } from '../../bytes/errors.ts'
import type { Content, Place } from '../schema/content.ts'
import type { FieldNode, Struct } from '../schema/index.ts'

/**
 * A counted list of elements of different lengths without links from one to the next: each starts at the next
 * multiple of `align` from the list's start, where the one before ends. Negotiate, tree connect and error contexts
 * are such lists. The count comes from a count field; `limit` is how many elements are accepted.
 */
export function packedList<T, Input>(
  element: Struct<T, Input>,
  { align, limit = 1024 }: { align: number; limit?: number },
): Content<T[], readonly Input[]> {
  const alignUp = (value: number): number => Math.ceil(value / align) * align

  function* walk(
    view: DataView,
    start: number,
    end: number,
    place: Place,
    count = 0,
  ): Generator<{ at: number; stop: number; value: T }> {
    if (count > limit) throw new WireError(place.path, start, place.spec, `more than ${limit} elements`)
    let at = start
    for (let n = 0; n < count; n++) {
      if (at + element.size > end)
        throw new WireError(place.path, Math.min(at, end), place.spec, `element ${n} of ${count} is cut off`)
      const value = element.decode(view, at, end)
      const stop = at + element.measure(value as unknown as Input)
      yield { at, stop, value }
      at = start + alignUp(stop - start)
    }
  }

  return {
    contentName: `${element.structName} list`,
    element,
    check(view, start, end, place, count) {
      for (const _ of walk(view, start, end, place, count)) continue
    },
    read(view, start, end, count) {
      const values: T[] = []
      for (const { value } of walk(view, start, end, { path: element.structName, spec: element.spec }, count))
        values.push(value)
      return values
    },
    measure(values) {
      let total = 0
      for (const value of values) total = alignUp(total) + element.measure(value)
      return total
    },
    write(view, start, values) {
      let at = start
      for (const value of values) {
        const next = start + alignUp(at - start)
        for (; at < next; at++) view.setUint8(at, 0)
        at = element.encodeInto(view, at, value)
      }
    },
    count: (values) => values.length,
    display: (values) => `${values.length} elements`,
    dissect(view, start, end, place, count) {
      const nodes: FieldNode[] = []
      const base = { label: element.structName, path: place.path, spec: element.spec, value: undefined, display: '' }
      let last = start
      try {
        for (const { at, stop } of walk(view, start, end, place, count)) {
          nodes.push({ ...base, start: at, end: stop, children: element.dissect(view, at, stop) })
          last = stop
        }
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        nodes.push({ ...base, start: last, end, children: [], problem: error.message })
      }
      return nodes
    },
  }
}
