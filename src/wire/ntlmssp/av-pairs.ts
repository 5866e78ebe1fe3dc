import { displayFiletime } from '../../bytes/filetime.ts'
import { hex } from '../../bytes/hex.ts'
import { utf16Bytes, utf16Text, viewOf } from '../../bytes/utf16.ts'
import {
  bytes,
  type Content,
  type FieldNode,
  flagNames,
  type Infer,
  struct,
  tail,
  u16,
  WireError,
} from '../schema/index.ts'
import { AvFlags, AvId } from './flags.ts'

/** One attribute and its value. MS-NLMP 2.2.2.1. */
export const AvPair = struct('NTLMSSP AV_PAIR', '2.2.2.1', {
  id: u16.oneOf(AvId),
  length: u16.lengthOf('value'),
  value: tail(bytes),
})
export interface AvPair extends Pick<Infer<typeof AvPair>, 'id' | 'value'> {}

/** No message needs more; Windows sends up to ten. */
export const MAX_AV_PAIRS = 64

const TEXTS: ReadonlySet<number> = new Set([
  AvId.NB_COMPUTER_NAME,
  AvId.NB_DOMAIN_NAME,
  AvId.DNS_COMPUTER_NAME,
  AvId.DNS_DOMAIN_NAME,
  AvId.DNS_TREE_NAME,
  AvId.TARGET_NAME,
])

function displayValue({ id, value }: AvPair): string {
  if (TEXTS.has(id)) return JSON.stringify(utf16Text(value))
  if (id === AvId.FLAGS && value.length === 4) return flagNames(AvFlags, viewOf(value).getUint32(0, true))
  if (id === AvId.TIMESTAMP && value.length === 8) return displayFiletime(viewOf(value).getBigUint64(0, true))
  return hex(value, 32)
}

/**
 * A list of AV pairs, up to and without the one that ends it. What follows the end is padding and not looked at; a
 * list that is empty altogether is taken for none.
 */
export const avPairs: Content<AvPair[], readonly AvPair[]> = {
  contentName: 'AV pairs',
  check(view, start, end, place) {
    for (let at = start, n = 0; at < end || n > 0; n++) {
      if (n > MAX_AV_PAIRS) throw new WireError(place.path, at, place.spec, `more than ${MAX_AV_PAIRS} AV pairs`)
      if (at + AvPair.size > end) throw new WireError(place.path, at, place.spec, 'the AV pairs have no end')
      const stop = at + AvPair.size + view.getUint16(at + 2, true)
      AvPair.check(view, at, end, place)
      if (view.getUint16(at, true) === AvId.EOL) return
      at = stop
    }
  },
  read(view, start, end) {
    const pairs: AvPair[] = []
    for (let at = start; at < end; ) {
      const id = view.getUint16(at, true)
      if (id === AvId.EOL) break
      const stop = at + AvPair.size + view.getUint16(at + 2, true)
      pairs.push(AvPair.read(view, at, stop))
      at = stop
    }
    return pairs
  },
  measure: (pairs) => pairs.reduce((sum, pair) => sum + AvPair.size + pair.value.length, AvPair.size),
  write(view, start, pairs) {
    let at = start
    for (const pair of pairs) at = AvPair.encodeInto(view, at, pair)
    AvPair.encodeInto(view, at, { id: AvId.EOL, value: new Uint8Array(0) })
  },
  count: (pairs) => pairs.length,
  display: (pairs) => `${pairs.length} AV pairs`,
  dissect(view, start, end) {
    const nodes: FieldNode[] = []
    for (let at = start; at + AvPair.size <= end; ) {
      const stop = at + AvPair.size + view.getUint16(at + 2, true)
      const children = AvPair.dissect(view, at, Math.min(stop, end))
      const pair = stop <= end ? AvPair.read(view, at, stop) : undefined
      const name = Object.entries(AvId).find(([, id]) => id === view.getUint16(at, true))?.[0] ?? 'AV pair'
      nodes.push({
        label: name,
        path: `AV pairs.${name}`,
        start: at,
        end: Math.min(stop, end),
        value: pair?.value,
        display: pair === undefined ? '' : displayValue(pair),
        spec: AvPair.spec,
        children: pair === undefined ? children : [],
        ...(pair === undefined ? { problem: 'cut off' } : {}),
      })
      if (pair === undefined || pair.id === AvId.EOL) break
      at = stop
    }
    return nodes
  },
}

/** The value of the first pair with this id. */
export const avValue = (pairs: readonly AvPair[], id: number): Uint8Array | undefined =>
  pairs.find((pair) => pair.id === id)?.value

/** The value of a text pair. */
export function avText(pairs: readonly AvPair[], id: number): string | undefined {
  const value = avValue(pairs, id)
  return value === undefined ? undefined : utf16Text(value)
}

/** The AvFlags; 0 where there are none. */
export function avFlags(pairs: readonly AvPair[]): number {
  const value = avValue(pairs, AvId.FLAGS)
  return value === undefined || value.length !== 4 ? 0 : viewOf(value).getUint32(0, true)
}

export const textPair = (id: number, text: string): AvPair => ({ id, value: utf16Bytes(text) })

export function flagsPair(flags: number): AvPair {
  const value = new Uint8Array(4)
  viewOf(value).setUint32(0, flags, true)
  return { id: AvId.FLAGS, value }
}

export function timestampPair(time: bigint): AvPair {
  const value = new Uint8Array(8)
  viewOf(value).setBigUint64(0, time, true)
  return { id: AvId.TIMESTAMP, value }
}
