/** What packets of a capture begin with: the numbers that capture files have for it (www.tcpdump.org/linktypes.html). */
export const LinkType = {
  /** BSD's loopback: the address family in the byte order of the machine that captured. */
  NULL: 0,
  ETHERNET: 1,
  /** IP without anything before it, as OpenBSD, and as old files number it. */
  RAW_BSD: 12,
  RAW_OPENBSD: 14,
  RAW: 101,
  /** OpenBSD's loopback: the address family in network byte order. */
  LOOP: 108,
  /** Linux "any" interface. */
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const
export type LinkType = (typeof LinkType)[keyof typeof LinkType]
