/** Block types of pcapng (draft-ietf-opsawg-pcapng, 4). */
export const PcapngBlockType = {
  INTERFACE_DESCRIPTION: 0x0000_0001,
  /** Obsolete: before Enhanced Packet Blocks there were these (appendix A). */
  PACKET: 0x0000_0002,
  SIMPLE_PACKET: 0x0000_0003,
  ENHANCED_PACKET: 0x0000_0006,
  SECTION_HEADER: 0x0a0d_0d0a,
} as const

/** Options of blocks. pcapng 3.5, 4.1, 4.2. */
export const BlockOption = {
  END: 0,
  COMMENT: 1,
  SECTION_APPLICATION: 4,
  INTERFACE_RESOLUTION: 9,
  INTERFACE_TIME_OFFSET: 14,
} as const
