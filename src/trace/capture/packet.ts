/**
 * A packet as a capture file holds it. One object is used for all packets of a capture: who wants to keep something of
 * it copies that before it returns.
 */
export interface Packet {
  /** Memory that holds the packet, and more. The two are the same bytes. */
  readonly bytes: Uint8Array
  readonly view: DataView
  /** Where the packet lies in them. */
  readonly start: number
  readonly end: number
  /** Bytes that were on the wire and are not in the capture, because whoever captured cut them off. */
  readonly missing: number
  /** What the packet begins with: a number of `LinkType`. */
  readonly linkType: number
  /** Its number, as Wireshark counts: from 1. */
  readonly frame: number
  /** Nanoseconds since the first packet of the capture. */
  readonly timeNs: number
}

/** A packet that its maker fills in again and again. */
export type MutablePacket = { -readonly [K in keyof Packet]: Packet[K] }

const nothing = new Uint8Array(0)

export const emptyPacket = (): MutablePacket => ({
  bytes: nothing,
  view: new DataView(nothing.buffer),
  start: 0,
  end: 0,
  missing: 0,
  linkType: 0,
  frame: 0,
  timeNs: 0,
})

/**
 * What is counted over all files of a capture: frames, and the time of the first one, from which all times count.
 * Differences of times fit a number exactly (104 days in nanoseconds), which times since 1970 do not.
 */
export interface Timeline {
  frames: number
  /** Nanoseconds since 1970 of the first frame; undefined before there is one. */
  originNs: bigint | undefined
}

export const newTimeline = (): Timeline => ({ frames: 0, originNs: undefined })
