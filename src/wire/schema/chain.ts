import { WireError } from '../../bytes/errors.ts'
import type { Content, Place } from './content.ts'
import type { FieldNode } from './dissect.ts'
import type { Struct } from './fields.ts'

/**
 * A list whose elements start with a 32-bit NextEntryOffset: relative to the element, zero in the last one. Create
 * contexts, directory entries, extended attributes and notify records are such lists. Forward only, each element
 * within its own stretch, so that a hostile list can neither loop nor overlap.
 *
 * `align` is where elements start when written (4 or 8); `limit` how many are accepted.
 */
export function chain<T, Input>(
  element: Struct<T, Input>,
  { align, limit = 65_536 }: { align: number; limit?: number },
): Content<T[], readonly Input[]> {
  type Visit = (at: number, stop: number) => void
  function walk(view: DataView, start: number, end: number, place: Place, visit: Visit): void {
    if (start === end) return
    for (let at = start, n = 0; ; n++) {
      if (n >= limit) throw new WireError(place.path, at, place.spec, `more than ${limit} elements`)
      if (at + element.size > end)
        throw new WireError(place.path, at, place.spec, `element ${n} is cut off: ${end - at} of ${element.size} bytes`)
      const next = view.getUint32(at, true)
      if (next === 0) {
        visit(at, end)
        return
      }
      if (next < element.size || at + next > end)
        throw new WireError(place.path, at, place.spec, `next element at +${next} is not within the list`)
      visit(at, at + next)
      at += next
    }
  }
  const step = (value: Input): number => Math.ceil(element.measure(value) / align) * align
  return {
    contentName: `${element.structName} list`,
    element,
    check(view, start, end, place) {
      walk(view, start, end, place, (at, stop) => element.check(view, at, stop, place))
    },
    read(view, start, end) {
      const values: T[] = []
      const place = { path: element.structName, spec: element.spec }
      walk(view, start, end, place, (at, stop) => values.push(element.read(view, at, stop)))
      return values
    },
    measure(values) {
      let total = 0
      for (let i = 0; i < values.length; i++)
        total += i === values.length - 1 ? element.measure(values[i] as Input) : step(values[i] as Input)
      return total
    },
    write(view, start, values) {
      let at = start
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as Input
        const stop = element.encodeInto(view, at, value)
        if (i === values.length - 1) return
        const next = step(value)
        for (let gap = stop; gap < at + next; gap++) view.setUint8(gap, 0)
        view.setUint32(at, next, true)
        at += next
      }
    },
    count: (values) => values.length,
    display: (values) => `${values.length} elements`,
    dissect(view, start, end, place) {
      const nodes: FieldNode[] = []
      const base = { label: element.structName, path: place.path, spec: element.spec, value: undefined, display: '' }
      let last = start
      try {
        walk(view, start, end, place, (at, stop) => {
          nodes.push({ ...base, start: at, end: stop, children: element.dissect(view, at, stop) })
          last = stop
        })
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        nodes.push({ ...base, start: last, end, children: [], problem: error.message })
      }
      return nodes
    },
  }
}
