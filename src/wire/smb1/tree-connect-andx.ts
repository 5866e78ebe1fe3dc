import { bytes, struct, tail, u8, u16, u32 } from '../schema/index.ts'
import { andX } from './andx.ts'
import { byText, type InferText, oemText } from './text.ts'

/** Flags of the request. MS-CIFS 2.2.4.55.1, MS-SMB 2.2.4.7.1. */
export const Smb1TreeConnectFlags = {
  /** The tree of the header is to be disconnected first. */
  DISCONNECT_TID: 0x0001,
  /** The session key is to be hashed once, so that a tree's owner cannot sign as its user elsewhere. */
  EXTENDED_SIGNATURES: 0x0004,
  EXTENDED_RESPONSE: 0x0008,
} as const

/** OptionalSupport of the answer. MS-CIFS 2.2.4.55.2, MS-SMB 2.2.4.7.2. */
export const Smb1OptionalSupport = {
  SEARCH_BITS: 0x0001,
  SHARE_IS_IN_DFS: 0x0002,
  UNIQUE_FILE_NAME: 0x0010,
  EXTENDED_SIGNATURES: 0x0020,
} as const

/** What a client asks for, and is given. MS-CIFS 2.2.4.55.1. */
export const Smb1Service = { DISK: 'A:', PRINTER: 'LPT1:', PIPE: 'IPC', COMM: 'COMM', ANY: '?????' } as const

/** MS-CIFS 2.2.4.55.1. */
export const Smb1TreeConnectRequest = byText((text) =>
  struct('SMB1 TREE_CONNECT_ANDX Request', 'MS-CIFS 2.2.4.55.1', {
    wordCount: u8.fixed(4),
    ...andX,
    flags: u16.flags(Smb1TreeConnectFlags),
    passwordLength: u16.lengthOf('password'),
    byteCount: u16.lengthOfRest,
    password: tail(bytes),
    path: text.aligned,
    service: oemText,
  }),
)
export type Smb1TreeConnectRequest = InferText<typeof Smb1TreeConnectRequest>

/** MS-CIFS 2.2.4.55.2. */
export const Smb1TreeConnectResponse = byText((text) =>
  struct('SMB1 TREE_CONNECT_ANDX Response', 'MS-CIFS 2.2.4.55.2', {
    wordCount: u8.fixed(3),
    ...andX,
    optionalSupport: u16.flags(Smb1OptionalSupport),
    byteCount: u16.lengthOfRest,
    service: oemText,
    nativeFileSystem: text.aligned,
  }),
)
export type Smb1TreeConnectResponse = InferText<typeof Smb1TreeConnectResponse>

/** The answer to who asks for more. MS-SMB 2.2.4.7.2. */
export const Smb1TreeConnectExtendedResponse = byText((text) =>
  struct('SMB1 TREE_CONNECT_ANDX extended Response', 'MS-SMB 2.2.4.7.2', {
    wordCount: u8.fixed(7),
    ...andX,
    optionalSupport: u16.flags(Smb1OptionalSupport),
    maximalShareAccessRights: u32.hex,
    guestMaximalShareAccessRights: u32.hex,
    byteCount: u16.lengthOfRest,
    service: oemText,
    nativeFileSystem: text.aligned,
  }),
)
export type Smb1TreeConnectExtendedResponse = InferText<typeof Smb1TreeConnectExtendedResponse>
