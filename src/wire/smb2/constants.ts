/** Names of numbers in the header, in NEGOTIATE, SESSION_SETUP and TREE_CONNECT. Bits are unsigned 32-bit numbers. */

/** MS-SMB2 2.2.1.2. */
export const Command = {
  NEGOTIATE: 0x0000,
  SESSION_SETUP: 0x0001,
  LOGOFF: 0x0002,
  TREE_CONNECT: 0x0003,
  TREE_DISCONNECT: 0x0004,
  CREATE: 0x0005,
  CLOSE: 0x0006,
  FLUSH: 0x0007,
  READ: 0x0008,
  WRITE: 0x0009,
  LOCK: 0x000a,
  IOCTL: 0x000b,
  CANCEL: 0x000c,
  ECHO: 0x000d,
  QUERY_DIRECTORY: 0x000e,
  CHANGE_NOTIFY: 0x000f,
  QUERY_INFO: 0x0010,
  SET_INFO: 0x0011,
  OPLOCK_BREAK: 0x0012,
  SERVER_TO_CLIENT_NOTIFICATION: 0x0013,
} as const
export type Command = (typeof Command)[keyof typeof Command]

/** Flags of the header. MS-SMB2 2.2.1.2. */
export const HeaderFlags = {
  SERVER_TO_REDIR: 0x0000_0001,
  ASYNC_COMMAND: 0x0000_0002,
  RELATED_OPERATIONS: 0x0000_0004,
  SIGNED: 0x0000_0008,
  PRIORITY_MASK: 0x0000_0070,
  DFS_OPERATIONS: 0x1000_0000,
  REPLAY_OPERATION: 0x2000_0000,
} as const

/** MS-SMB2 2.2.3; the last is what a multi-protocol negotiation answers (2.2.4). */
export const Dialect = {
  SMB_2_0_2: 0x0202,
  SMB_2_1: 0x0210,
  SMB_3_0: 0x0300,
  SMB_3_0_2: 0x0302,
  SMB_3_1_1: 0x0311,
  WILDCARD: 0x02ff,
} as const
export type Dialect = (typeof Dialect)[keyof typeof Dialect]

/** MS-SMB2 2.2.3. */
export const SecurityMode = {
  SIGNING_ENABLED: 0x0001,
  SIGNING_REQUIRED: 0x0002,
} as const

/** Global capabilities. MS-SMB2 2.2.3. */
export const Capabilities = {
  DFS: 0x0000_0001,
  LEASING: 0x0000_0002,
  LARGE_MTU: 0x0000_0004,
  MULTI_CHANNEL: 0x0000_0008,
  PERSISTENT_HANDLES: 0x0000_0010,
  DIRECTORY_LEASING: 0x0000_0020,
  ENCRYPTION: 0x0000_0040,
  NOTIFICATIONS: 0x0000_0080,
} as const

/** MS-SMB2 2.2.3.1; POSIX_EXTENSIONS is Samba's and Linux's. */
export const NegotiateContextType = {
  PREAUTH_INTEGRITY_CAPABILITIES: 0x0001,
  ENCRYPTION_CAPABILITIES: 0x0002,
  COMPRESSION_CAPABILITIES: 0x0003,
  NETNAME_NEGOTIATE_CONTEXT_ID: 0x0005,
  TRANSPORT_CAPABILITIES: 0x0006,
  RDMA_TRANSFORM_CAPABILITIES: 0x0007,
  SIGNING_CAPABILITIES: 0x0008,
  POSIX_EXTENSIONS: 0x0100,
} as const

/** MS-SMB2 2.2.3.1.1. */
export const HashAlgorithm = { SHA_512: 0x0001 } as const

/** MS-SMB2 2.2.3.1.2. */
export const Cipher = {
  AES_128_CCM: 0x0001,
  AES_128_GCM: 0x0002,
  AES_256_CCM: 0x0003,
  AES_256_GCM: 0x0004,
} as const
export type Cipher = (typeof Cipher)[keyof typeof Cipher]

/** MS-SMB2 2.2.3.1.7. */
export const SigningAlgorithm = {
  HMAC_SHA256: 0x0000,
  AES_CMAC: 0x0001,
  AES_GMAC: 0x0002,
} as const
export type SigningAlgorithm = (typeof SigningAlgorithm)[keyof typeof SigningAlgorithm]

/** MS-SMB2 2.2.3.1.3. */
export const CompressionAlgorithm = {
  NONE: 0x0000,
  LZNT1: 0x0001,
  LZ77: 0x0002,
  LZ77_HUFFMAN: 0x0003,
  PATTERN_V1: 0x0004,
  LZ4: 0x0005,
} as const
export type CompressionAlgorithm = (typeof CompressionAlgorithm)[keyof typeof CompressionAlgorithm]

/** MS-SMB2 2.2.3.1.3. */
export const CompressionCapabilityFlags = { CHAINED: 0x0000_0001 } as const

/** MS-SMB2 2.2.3.1.5. */
export const TransportCapabilityFlags = { ACCEPT_TRANSPORT_LEVEL_SECURITY: 0x0000_0001 } as const

/** MS-SMB2 2.2.3.1.6. */
export const RdmaTransform = { NONE: 0x0000, ENCRYPTION: 0x0001, SIGNING: 0x0002 } as const

/** Flags of the SESSION_SETUP request. MS-SMB2 2.2.5. */
export const SessionSetupFlags = { BINDING: 0x01 } as const

/** Flags of the SESSION_SETUP response. MS-SMB2 2.2.6. */
export const SessionFlags = { IS_GUEST: 0x0001, IS_NULL: 0x0002, ENCRYPT_DATA: 0x0004 } as const

/** Flags of the TREE_CONNECT request. MS-SMB2 2.2.9. */
export const TreeConnectFlags = {
  CLUSTER_RECONNECT: 0x0001,
  REDIRECT_TO_OWNER: 0x0002,
  EXTENSION_PRESENT: 0x0004,
} as const

/** MS-SMB2 2.2.9.2. */
export const TreeConnectContextType = { REMOTED_IDENTITY: 0x0001 } as const

/** MS-SMB2 2.2.10. */
export const ShareType = { DISK: 0x01, PIPE: 0x02, PRINT: 0x03 } as const
export type ShareType = (typeof ShareType)[keyof typeof ShareType]

/** MS-SMB2 2.2.10. The caching policy is the two bits 0x30 as a number. */
export const ShareFlags = {
  MANUAL_CACHING: 0x0000_0000,
  DFS: 0x0000_0001,
  DFS_ROOT: 0x0000_0002,
  AUTO_CACHING: 0x0000_0010,
  VDO_CACHING: 0x0000_0020,
  NO_CACHING: 0x0000_0030,
  RESTRICT_EXCLUSIVE_OPENS: 0x0000_0100,
  FORCE_SHARED_DELETE: 0x0000_0200,
  ALLOW_NAMESPACE_CACHING: 0x0000_0400,
  ACCESS_BASED_DIRECTORY_ENUM: 0x0000_0800,
  FORCE_LEVELII_OPLOCK: 0x0000_1000,
  ENABLE_HASH_V1: 0x0000_2000,
  ENABLE_HASH_V2: 0x0000_4000,
  ENCRYPT_DATA: 0x0000_8000,
  IDENTITY_REMOTING: 0x0004_0000,
  COMPRESS_DATA: 0x0010_0000,
  ISOLATED_TRANSPORT: 0x0020_0000,
} as const

/** MS-SMB2 2.2.10. */
export const ShareCapabilities = {
  DFS: 0x0000_0008,
  CONTINUOUS_AVAILABILITY: 0x0000_0010,
  SCALEOUT: 0x0000_0020,
  CLUSTER: 0x0000_0040,
  ASYMMETRIC: 0x0000_0080,
  REDIRECT_TO_OWNER: 0x0000_0100,
} as const

/** MS-SMB2 2.2.19 and 2.2.21. */
export const Channel = {
  NONE: 0x0000_0000,
  RDMA_V1: 0x0000_0001,
  RDMA_V1_INVALIDATE: 0x0000_0002,
  RDMA_TRANSFORM: 0x0000_0003,
} as const

/** Identifies the error data of an error context. MS-SMB2 2.2.2.1. */
export const ErrorId = { DEFAULT: 0x0000_0000, SHARE_REDIRECT: 0x7264_5253 } as const

/** MS-SMB2 2.2.44.1. */
export const NotificationType = { NOTIFY_SESSION_CLOSED: 0x0000_0000 } as const
