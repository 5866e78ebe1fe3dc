/** What is in the `data` of Apple's create context, and what a directory's entries are where it has been agreed upon. */
import { WireError } from '../../bytes/errors.ts'
import { readUtf16, writeUtf16 } from '../../bytes/utf16.ts'
import { AccessMask } from '../dtyp/access-mask.ts'
import { directoryEntryStart } from '../fscc/directory-information.ts'
import {
  type Content,
  type Infer,
  octets,
  optionalTail,
  struct,
  tail,
  u8,
  u16,
  u32,
  u64,
  utf16,
} from '../schema/index.ts'

/** Commands and bits of Apple's create context. */
export const Aapl = {
  SERVER_QUERY: 1,
  RESOLVE_ID: 2,
  QUERY_SERVER_CAPS: 0x01n,
  QUERY_VOLUME_CAPS: 0x02n,
  QUERY_MODEL_INFO: 0x04n,
} as const

/** What client and server can do. */
export const AaplCapabilities = {
  /** Directory entries with what the Finder wants to know: `AaplDirectoryEntry`. */
  SUPPORTS_READ_DIR_ATTR: 0x01n,
  /** SRV_COPYCHUNK without chunks copies the whole file. */
  SUPPORTS_OSX_COPYFILE: 0x02n,
  UNIX_BASED: 0x04n,
  /** UNIX mode, owner and group travel as entries of the DACL. */
  SUPPORTS_NFS_ACE: 0x08n,
} as const

/** What the share can do. */
export const AaplVolumeCapabilities = {
  SUPPORT_RESOLVE_ID: 0x01n,
  CASE_SENSITIVE: 0x02n,
  /** FLUSH with 0xFFFF in its first reserved field brings everything to the medium: Time Machine wants it. */
  SUPPORTS_FULL_SYNC: 0x04n,
} as const

/** Apple's create context: what a client asks of the server. */
export const AaplServerQueryRequest = struct('AAPL server query Request', '', {
  command: u32.fixed(Aapl.SERVER_QUERY),
  reserved: u32.reserved,
  requestBitmap: u64.hex,
  clientCapabilities: u64.hex,
})
export type AaplServerQueryRequest = Infer<typeof AaplServerQueryRequest>

/** 64 bits that are there only if the bitmap says so. */
const optionalBits: Content<bigint | null> = {
  contentName: 'a number of 64 bits',
  check(_view, start, end, place) {
    if (start !== end && end - start < 8) throw new WireError(place.path, start, place.spec, 'a number is cut off')
  },
  read: (view, start, end) => (start === end ? null : view.getBigUint64(start, true)),
  measure: (value) => (value === null ? 0 : 8),
  write(view, start, value) {
    if (value !== null) view.setBigUint64(start, value, true)
  },
  extent: (_view, start, end) => Math.min(8, end - start),
  display: (value) => (value === null ? 'none' : `0x${value.toString(16)}`),
}

/** The model's name behind its length, the length behind four bytes of nothing; there only if the bitmap says so. */
const optionalModel: Content<string | null> = {
  contentName: 'model',
  check(view, start, end, place) {
    if (start === end) return
    if (
      end - start < 8 ||
      view.getUint32(start + 4, true) > end - start - 8 ||
      view.getUint32(start + 4, true) % 2 !== 0
    )
      throw new WireError(place.path, start, place.spec, 'the model is cut off')
  },
  read: (view, start, end) => (start === end ? null : readUtf16(view, start + 8, view.getUint32(start + 4, true))),
  measure: (value) => (value === null ? 0 : 8 + value.length * 2),
  write(view, start, value) {
    if (value === null) return
    view.setUint32(start, 0, true)
    view.setUint32(start + 4, value.length * 2, true)
    writeUtf16(view, start + 8, value)
  },
  display: (value) => (value === null ? 'none' : JSON.stringify(value)),
}

const asked =
  (bit: bigint) =>
  (view: DataView, base: number): boolean =>
    (view.getBigUint64(base + 8, true) & bit) !== 0n

/** Each part is there if it was asked for. */
export const AaplServerQueryResponse = struct('AAPL server query Response', '', {
  command: u32.fixed(Aapl.SERVER_QUERY),
  reserved: u32.reserved,
  replyBitmap: u64.hex,
  serverCapabilities: optionalTail(optionalBits, null, { when: asked(Aapl.QUERY_SERVER_CAPS) }),
  volumeCapabilities: optionalTail(optionalBits, null, { when: asked(Aapl.QUERY_VOLUME_CAPS) }),
  modelString: optionalTail(optionalModel, null, { when: asked(Aapl.QUERY_MODEL_INFO) }),
})
export type AaplServerQueryResponse = Infer<typeof AaplServerQueryResponse>

/** Apple's create context: which path has this file id. */
export const AaplResolveIdRequest = struct('AAPL resolve id Request', '', {
  command: u32.fixed(Aapl.RESOLVE_ID),
  reserved: u32.reserved,
  fileId: u64.hex,
})
export type AaplResolveIdRequest = Infer<typeof AaplResolveIdRequest>

/** The path that was found, from the share's root. */
export const AaplResolveIdResponse = struct('AAPL resolve id Response', '', {
  command: u32.fixed(Aapl.RESOLVE_ID),
  reserved: u32.reserved,
  status: u32.hex,
  pathLength: u32.lengthOf('path'),
  path: tail(utf16),
})
export type AaplResolveIdResponse = Infer<typeof AaplResolveIdResponse>

/**
 * An entry of FileIdBothDirectoryInformation where SUPPORTS_READ_DIR_ATTR is agreed upon: the size of extended attributes
 * and the short name give way to what the Finder wants to know.
 */
export const AaplDirectoryEntry = struct('FileIdBothDirectoryInformation with READ_DIR_ATTR', '', {
  ...directoryEntryStart,
  maximalAccess: u32.flags(AccessMask),
  /** Of the two fields that follow, although they are no name: so macOS itself has it. */
  shortNameLength: u8.or(24),
  reserved: u8.reserved,
  resourceForkSize: u64,
  /** Type and creator, the Finder's flags, its extended flags, and seconds since 2000 (big-endian). */
  finderInfo: octets(16),
  mode: u16,
  fileId: u64.hex,
  fileName: tail(utf16),
})
export type AaplDirectoryEntry = Infer<typeof AaplDirectoryEntry>
