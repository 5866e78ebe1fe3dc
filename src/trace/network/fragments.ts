import { hex } from '../../bytes/hex.ts'
import { viewOf } from '../../bytes/utf16.ts'
import type { Packet } from '../capture/packet.ts'

/** Most datagrams of which fragments are kept. The oldest one goes. */
const maxFragmentedDatagrams = 128
/** Longest datagram: what IP's lengths allow. */
const maxDatagramBytes = 0x1_0000
/** Most fragments of a datagram: one of that length, cut as small as links are. */
const maxFragments = 256

/** A fragment: places in the packet's memory, but `addresses` counts from the header and `offset` in the datagram. */
export interface Fragment {
  readonly header: number
  readonly addresses: number
  readonly addressBytes: number
  readonly identification: number
  readonly protocol: number
  readonly offset: number
  readonly isLast: boolean
  readonly start: number
  readonly end: number
}

interface Datagram {
  /** The header up to its addresses' end, and then what the fragments carry. */
  readonly bytes: Uint8Array
  readonly headerBytes: number
  /** Which parts are there: pairs of first byte and one past the last, in order, with no overlap. */
  readonly parts: { start: number; end: number }[]
  length: number | undefined
}

/** Puts datagrams together that IP had cut. RFC 791 3.2, RFC 8200 4.5. */
export class FragmentTable {
  readonly #datagrams = new Map<string, Datagram>()

  /** The whole datagram, with this fragment as the last that was missing. */
  add(packet: Packet, fragment: Fragment): Packet | undefined {
    const { start, end, offset } = fragment
    const length = end - start
    // What the capture cut off cannot be put together.
    if (length <= 0 || end > packet.end || offset + length > maxDatagramBytes) return undefined
    const headerBytes = fragment.addresses + 2 * fragment.addressBytes
    const addresses = packet.bytes.subarray(fragment.header + fragment.addresses, fragment.header + headerBytes)
    const key = `${hex(addresses)} ${fragment.protocol} ${fragment.identification}`
    let datagram = this.#datagrams.get(key)
    if (datagram === undefined) {
      datagram = { bytes: new Uint8Array(headerBytes + maxDatagramBytes), headerBytes, parts: [], length: undefined }
      datagram.bytes.set(packet.bytes.subarray(fragment.header, fragment.header + headerBytes))
      this.#datagrams.set(key, datagram)
      this.#makeRoom()
    }
    if (datagram.parts.length >= maxFragments) return undefined
    datagram.bytes.set(packet.bytes.subarray(start, end), headerBytes + offset)
    addPart(datagram.parts, offset, offset + length)
    if (fragment.isLast) datagram.length = offset + length
    const [first, second] = datagram.parts
    if (first === undefined || second !== undefined || first.start !== 0 || first.end !== datagram.length)
      return undefined
    this.#datagrams.delete(key)
    return {
      ...packet,
      bytes: datagram.bytes,
      view: viewOf(datagram.bytes),
      start: headerBytes,
      end: headerBytes + first.end,
      missing: 0,
    }
  }

  #makeRoom(): void {
    for (const key of this.#datagrams.keys()) {
      if (this.#datagrams.size <= maxFragmentedDatagrams) return
      this.#datagrams.delete(key)
    }
  }
}

/** Adds a part, joined with those that it touches. */
function addPart(parts: { start: number; end: number }[], from: number, to: number): void {
  let start = from
  let end = to
  let index = 0
  while (index < parts.length && (parts[index]?.end ?? 0) < start) index++
  let count = 0
  for (let at = index; at < parts.length; at++, count++) {
    const part = parts[at]
    if (part === undefined || part.start > end) break
    start = Math.min(start, part.start)
    end = Math.max(end, part.end)
  }
  parts.splice(index, count, { start, end })
}
