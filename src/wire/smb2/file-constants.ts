/** Names of numbers in the commands that work on files. Bits are unsigned 32-bit numbers. */

/** MS-SMB2 2.2.13. */
export const OplockLevel = {
  NONE: 0x00,
  II: 0x01,
  EXCLUSIVE: 0x08,
  BATCH: 0x09,
  LEASE: 0xff,
} as const
export type OplockLevel = (typeof OplockLevel)[keyof typeof OplockLevel]

/** MS-SMB2 2.2.13.2.8. */
export const LeaseState = {
  NONE: 0x00,
  READ_CACHING: 0x01,
  HANDLE_CACHING: 0x02,
  WRITE_CACHING: 0x04,
} as const

/** MS-SMB2 2.2.13.2.8 and 2.2.14.2.10. */
export const LeaseFlags = { BREAK_IN_PROGRESS: 0x02, PARENT_LEASE_KEY_SET: 0x04 } as const

/** MS-SMB2 2.2.23.2. */
export const LeaseBreakFlags = { ACK_REQUIRED: 0x01 } as const

/** MS-SMB2 2.2.13. */
export const ImpersonationLevel = {
  ANONYMOUS: 0x0000_0000,
  IDENTIFICATION: 0x0000_0001,
  IMPERSONATION: 0x0000_0002,
  DELEGATE: 0x0000_0003,
} as const

/** MS-SMB2 2.2.13. */
export const ShareAccess = { READ: 0x0000_0001, WRITE: 0x0000_0002, DELETE: 0x0000_0004 } as const

/** MS-SMB2 2.2.13. */
export const CreateDisposition = {
  SUPERSEDE: 0x0000_0000,
  OPEN: 0x0000_0001,
  CREATE: 0x0000_0002,
  OPEN_IF: 0x0000_0003,
  OVERWRITE: 0x0000_0004,
  OVERWRITE_IF: 0x0000_0005,
} as const
export type CreateDisposition = (typeof CreateDisposition)[keyof typeof CreateDisposition]

/** MS-SMB2 2.2.13. */
export const CreateOptions = {
  DIRECTORY_FILE: 0x0000_0001,
  WRITE_THROUGH: 0x0000_0002,
  SEQUENTIAL_ONLY: 0x0000_0004,
  NO_INTERMEDIATE_BUFFERING: 0x0000_0008,
  SYNCHRONOUS_IO_ALERT: 0x0000_0010,
  SYNCHRONOUS_IO_NONALERT: 0x0000_0020,
  NON_DIRECTORY_FILE: 0x0000_0040,
  CREATE_TREE_CONNECTION: 0x0000_0080,
  COMPLETE_IF_OPLOCKED: 0x0000_0100,
  NO_EA_KNOWLEDGE: 0x0000_0200,
  OPEN_REMOTE_INSTANCE: 0x0000_0400,
  RANDOM_ACCESS: 0x0000_0800,
  DELETE_ON_CLOSE: 0x0000_1000,
  OPEN_BY_FILE_ID: 0x0000_2000,
  OPEN_FOR_BACKUP_INTENT: 0x0000_4000,
  NO_COMPRESSION: 0x0000_8000,
  OPEN_REQUIRING_OPLOCK: 0x0001_0000,
  DISALLOW_EXCLUSIVE: 0x0002_0000,
  RESERVE_OPFILTER: 0x0010_0000,
  OPEN_REPARSE_POINT: 0x0020_0000,
  OPEN_NO_RECALL: 0x0040_0000,
  OPEN_FOR_FREE_SPACE_QUERY: 0x0080_0000,
} as const

/** MS-SMB2 2.2.14. */
export const CreateAction = {
  SUPERSEDED: 0x0000_0000,
  OPENED: 0x0000_0001,
  CREATED: 0x0000_0002,
  OVERWRITTEN: 0x0000_0003,
} as const
export type CreateAction = (typeof CreateAction)[keyof typeof CreateAction]

/** Flags of the CREATE response. MS-SMB2 2.2.14. */
export const CreateResponseFlags = { REPARSEPOINT: 0x01 } as const

/** MS-SMB2 2.2.15 and 2.2.16. */
export const CloseFlags = { POSTQUERY_ATTRIB: 0x0001 } as const

/** MS-SMB2 2.2.19. */
export const ReadFlags = { READ_UNBUFFERED: 0x01, REQUEST_COMPRESSED: 0x02 } as const

/** Flags of the READ response. MS-SMB2 2.2.20. */
export const ReadResponseFlags = { RDMA_TRANSFORM: 0x0000_0001 } as const

/** MS-SMB2 2.2.21. */
export const WriteFlags = { WRITE_THROUGH: 0x0000_0001, WRITE_UNBUFFERED: 0x0000_0002 } as const

/** MS-SMB2 2.2.26.1. */
export const LockFlags = {
  SHARED_LOCK: 0x0000_0001,
  EXCLUSIVE_LOCK: 0x0000_0002,
  UNLOCK: 0x0000_0004,
  FAIL_IMMEDIATELY: 0x0000_0010,
} as const

/** MS-SMB2 2.2.31. */
export const IoctlFlags = { IS_FSCTL: 0x0000_0001 } as const

/** MS-SMB2 2.2.33. */
export const QueryDirectoryFlags = {
  RESTART_SCANS: 0x01,
  RETURN_SINGLE_ENTRY: 0x02,
  INDEX_SPECIFIED: 0x04,
  REOPEN: 0x10,
} as const

/** MS-SMB2 2.2.37 and 2.2.39. */
export const InfoType = { FILE: 0x01, FILESYSTEM: 0x02, SECURITY: 0x03, QUOTA: 0x04 } as const
export type InfoType = (typeof InfoType)[keyof typeof InfoType]

/** Which parts of a security descriptor: SECURITY_INFORMATION. MS-SMB2 2.2.37, MS-DTYP 2.4.7. */
export const AdditionalInformation = {
  OWNER: 0x0000_0001,
  GROUP: 0x0000_0002,
  DACL: 0x0000_0004,
  SACL: 0x0000_0008,
  LABEL: 0x0000_0010,
  ATTRIBUTE: 0x0000_0020,
  SCOPE: 0x0000_0040,
  BACKUP: 0x0001_0000,
} as const

/** Flags of QUERY_INFO for extended attributes. MS-SMB2 2.2.37. */
export const QueryInfoFlags = {
  RESTART_SCAN: 0x0000_0001,
  RETURN_SINGLE_ENTRY: 0x0000_0002,
  INDEX_SPECIFIED: 0x0000_0004,
} as const

/** MS-SMB2 2.2.35. */
export const NotifyFlags = { WATCH_TREE: 0x0001 } as const

/** MS-SMB2 2.2.35. */
export const CompletionFilter = {
  FILE_NAME: 0x0000_0001,
  DIR_NAME: 0x0000_0002,
  ATTRIBUTES: 0x0000_0004,
  SIZE: 0x0000_0008,
  LAST_WRITE: 0x0000_0010,
  LAST_ACCESS: 0x0000_0020,
  CREATION: 0x0000_0040,
  EA: 0x0000_0080,
  SECURITY: 0x0000_0100,
  STREAM_NAME: 0x0000_0200,
  STREAM_SIZE: 0x0000_0400,
  STREAM_WRITE: 0x0000_0800,
} as const

/**
 * Names of create contexts as they are compared: four ASCII characters, or the sixteen bytes of a GUID as Latin-1.
 * MS-SMB2 2.2.13.2.
 */
export const CreateContextName = {
  EXTENDED_ATTRIBUTES: 'ExtA',
  SECURITY_DESCRIPTOR: 'SecD',
  DURABLE_HANDLE_REQUEST: 'DHnQ',
  DURABLE_HANDLE_RECONNECT: 'DHnC',
  ALLOCATION_SIZE: 'AlSi',
  MAXIMAL_ACCESS: 'MxAc',
  TIMEWARP_TOKEN: 'TWrp',
  QUERY_ON_DISK_ID: 'QFid',
  LEASE: 'RqLs',
  DURABLE_HANDLE_REQUEST_V2: 'DH2Q',
  DURABLE_HANDLE_RECONNECT_V2: 'DH2C',
  AAPL: 'AAPL',
  APP_INSTANCE_ID: '\x45\xbc\xa6\x6a\xef\xa7\xf7\x4a\x90\x08\xfa\x46\x2e\x14\x4d\x74',
  APP_INSTANCE_VERSION: '\xb9\x82\xd0\xb7\x3b\x56\x07\x4f\xa0\x7b\x52\x4a\x81\x16\xa0\x10',
  SVHDX_OPEN_DEVICE: '\x9c\xcb\xcf\x9e\x04\xc1\xe6\x43\x98\x0e\x15\x8d\xa1\xf6\xec\x83',
  POSIX: '\x93\xad\x25\x50\x9c\xb4\x11\xe7\xb4\x23\x83\xde\x96\x8b\xcd\x7c',
} as const

/** MS-SMB2 2.2.13.2.11 and 2.2.14.2.12. */
export const DurableHandleFlags = { PERSISTENT: 0x0000_0002 } as const
