import { type Infer, octets, struct, u8, u16, u32 } from '../schema/index.ts'

/** First four bytes of an SMB1 message: 0xFF 'SMB'. */
export const SMB1_PROTOCOL_ID = 0x424d_53ff
/** Bytes of the SMB1 header. */
export const SMB1_HEADER_SIZE = 32

/** SMB_COM_*. MS-CIFS 2.2.2.1, without what the specification calls obsolete or reserved. */
export const Smb1Command = {
  CREATE_DIRECTORY: 0x00,
  DELETE_DIRECTORY: 0x01,
  OPEN: 0x02,
  CREATE: 0x03,
  CLOSE: 0x04,
  FLUSH: 0x05,
  DELETE: 0x06,
  RENAME: 0x07,
  QUERY_INFORMATION: 0x08,
  SET_INFORMATION: 0x09,
  READ: 0x0a,
  WRITE: 0x0b,
  LOCK_BYTE_RANGE: 0x0c,
  UNLOCK_BYTE_RANGE: 0x0d,
  CREATE_TEMPORARY: 0x0e,
  CREATE_NEW: 0x0f,
  CHECK_DIRECTORY: 0x10,
  PROCESS_EXIT: 0x11,
  SEEK: 0x12,
  LOCK_AND_READ: 0x13,
  WRITE_AND_UNLOCK: 0x14,
  READ_RAW: 0x1a,
  WRITE_RAW: 0x1d,
  WRITE_COMPLETE: 0x20,
  SET_INFORMATION2: 0x22,
  QUERY_INFORMATION2: 0x23,
  LOCKING_ANDX: 0x24,
  TRANSACTION: 0x25,
  TRANSACTION_SECONDARY: 0x26,
  IOCTL: 0x27,
  ECHO: 0x2b,
  WRITE_AND_CLOSE: 0x2c,
  OPEN_ANDX: 0x2d,
  READ_ANDX: 0x2e,
  WRITE_ANDX: 0x2f,
  TRANSACTION2: 0x32,
  TRANSACTION2_SECONDARY: 0x33,
  FIND_CLOSE2: 0x34,
  TREE_CONNECT: 0x70,
  TREE_DISCONNECT: 0x71,
  NEGOTIATE: 0x72,
  SESSION_SETUP_ANDX: 0x73,
  LOGOFF_ANDX: 0x74,
  TREE_CONNECT_ANDX: 0x75,
  QUERY_INFORMATION_DISK: 0x80,
  SEARCH: 0x81,
  FIND: 0x82,
  FIND_UNIQUE: 0x83,
  FIND_CLOSE: 0x84,
  NT_TRANSACT: 0xa0,
  NT_TRANSACT_SECONDARY: 0xa1,
  NT_CREATE_ANDX: 0xa2,
  NT_CANCEL: 0xa4,
  NT_RENAME: 0xa5,
  OPEN_PRINT_FILE: 0xc0,
  WRITE_PRINT_FILE: 0xc1,
  CLOSE_PRINT_FILE: 0xc2,
} as const

/** As an AndXCommand: no further command follows. MS-CIFS 2.2.2.1. */
export const NO_ANDX_COMMAND = 0xff

/** MS-CIFS 2.2.3.1. */
export const Smb1Flags = { CASE_INSENSITIVE: 0x08, CANONICALIZED_PATHS: 0x10, REPLY: 0x80 } as const

/** MS-CIFS 2.2.3.1, MS-SMB 2.2.3.1. */
export const Smb1Flags2 = {
  LONG_NAMES: 0x0001,
  EAS: 0x0002,
  SECURITY_SIGNATURE: 0x0004,
  COMPRESSED: 0x0008,
  SECURITY_SIGNATURE_REQUIRED: 0x0010,
  IS_LONG_NAME: 0x0040,
  REPARSE_PATH: 0x0400,
  EXTENDED_SECURITY: 0x0800,
  DFS: 0x1000,
  PAGING_IO: 0x2000,
  NT_STATUS: 0x4000,
  UNICODE: 0x8000,
} as const

/** MS-CIFS 2.2.3.1. */
export const Smb1Header = struct('SMB1 header', 'MS-CIFS 2.2.3.1', {
  protocolId: u32.hex.fixed(SMB1_PROTOCOL_ID),
  command: u8.oneOf(Smb1Command),
  status: u32.hex.or(0),
  flags: u8.flags(Smb1Flags),
  flags2: u16.flags(Smb1Flags2),
  pidHigh: u16.or(0),
  securityFeatures: octets(8),
  reserved: u16.reserved,
  tid: u16.or(0),
  pidLow: u16.or(0),
  uid: u16.or(0),
  mid: u16.or(0),
})
export type Smb1Header = Infer<typeof Smb1Header>

/** Where the signature lies in a message. MS-CIFS 2.2.3.1: SecurityFeatures. */
export const SMB1_SIGNATURE_AT = 14
export const SMB1_SIGNATURE_BYTES = 8
