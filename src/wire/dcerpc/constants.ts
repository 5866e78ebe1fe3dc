/** Codes of connection-oriented DCE/RPC (C706 chapter 12, MS-RPCE 2.2). */
import type { Guid } from '../../bytes/guid.ts'

/** PTYPE, C706 12.6.1 (those of the connection-oriented protocol) and MS-RPCE 2.2.2.5 (AUTH3). */
export const PacketType = {
  REQUEST: 0,
  RESPONSE: 2,
  FAULT: 3,
  BIND: 11,
  BIND_ACK: 12,
  BIND_NAK: 13,
  ALTER_CONTEXT: 14,
  ALTER_CONTEXT_RESPONSE: 15,
  AUTH3: 16,
  SHUTDOWN: 17,
  CANCEL: 18,
  ORPHANED: 19,
} as const
export type PacketType = (typeof PacketType)[keyof typeof PacketType]

/** pfc_flags, C706 12.6.3.1. Bit 2 means header signing in bind and alter_context (MS-RPCE 2.2.2.3). */
export const PacketFlags = {
  FIRST_FRAGMENT: 0x01,
  LAST_FRAGMENT: 0x02,
  PENDING_CANCEL_OR_HEADER_SIGN: 0x04,
  CONCURRENT_MULTIPLEXING: 0x10,
  DID_NOT_EXECUTE: 0x20,
  MAYBE: 0x40,
  OBJECT_UUID: 0x80,
} as const

/** The data representation that is spoken: little-endian integers, ASCII characters, IEEE floating point. */
export const LITTLE_ENDIAN_ASCII_IEEE = 0x0000_0010

/** p_result_t of bind_ack (C706 12.6.3.1) and negotiate_ack (MS-RPCE 2.2.2.4). */
export const ContextResult = {
  ACCEPTANCE: 0,
  USER_REJECTION: 1,
  PROVIDER_REJECTION: 2,
  NEGOTIATE_ACK: 3,
} as const

/** p_provider_reason_t, C706 12.6.3.1. */
export const ContextReason = {
  NOT_SPECIFIED: 0,
  ABSTRACT_SYNTAX_NOT_SUPPORTED: 1,
  TRANSFER_SYNTAXES_NOT_SUPPORTED: 2,
  LOCAL_LIMIT_EXCEEDED: 3,
} as const

/** Bits of bind-time feature negotiation, MS-RPCE 2.2.2.14. */
export const BindTimeFeatures = {
  SECURITY_CONTEXT_MULTIPLEXING: 0x01,
  KEEP_CONNECTION_ON_ORPHAN: 0x02,
} as const

/** p_reject_reason_t of bind_nak, C706 12.6.3.1 and MS-RPCE 2.2.2.5. */
export const BindRejection = {
  NOT_SPECIFIED: 0,
  TEMPORARY_CONGESTION: 1,
  LOCAL_LIMIT_EXCEEDED: 2,
  PROTOCOL_VERSION_NOT_SUPPORTED: 4,
  USER_DATA_NOT_READABLE: 6,
  AUTHENTICATION_TYPE_NOT_RECOGNIZED: 8,
  INVALID_CHECKSUM: 9,
} as const
export type BindRejection = (typeof BindRejection)[keyof typeof BindRejection]

/** Status of a fault: C706 appendix E, and the Win32 codes that Windows uses there (MS-RPCE 3.3.3.1.3). */
export const FaultStatus = {
  ACCESS_DENIED: 0x0000_0005,
  /** RPC_S_CALL_CANCELLED. */
  CALL_CANCELLED: 0x0000_071a,
  /** RPC_X_BAD_STUB_DATA: the parameters are not what the interface says. */
  BAD_STUB_DATA: 0x0000_06f7,
  /** RPC_S_NO_CALL_ACTIVE. */
  NO_CALL_ACTIVE: 0x0000_06bd,
  /** RPC_S_SEC_PKG_ERROR: a packet is not as it was signed. */
  SEC_PKG_ERROR: 0x0000_0721,
  /** RPC_X_NULL_REF_POINTER. */
  NULL_REF_POINTER: 0x0000_06f4,
  /** ERROR_NOT_ENOUGH_MEMORY, for requests and answers above a limit. */
  NOT_ENOUGH_MEMORY: 0x0000_0008,
  CANNOT_PERFORM: 0x0000_06d8,
  OPERATION_RANGE_ERROR: 0x1c01_0002,
  UNKNOWN_INTERFACE: 0x1c01_0003,
  PROTOCOL_ERROR: 0x1c01_000b,
  SERVER_TOO_BUSY: 0x1c01_0014,
  UNSUPPORTED_TYPE: 0x1c01_0017,
  INVALID_TAG: 0x1c00_0006,
  INVALID_BOUND: 0x1c00_0007,
  CONTEXT_MISMATCH: 0x1c00_001a,
  REMOTE_NO_MEMORY: 0x1c00_001b,
  FAULT_UNSPECIFIED: 0x1c00_0012,
  FAULT_CANCEL: 0x1c00_000d,
} as const
export type FaultStatus = number

/** auth_type, MS-RPCE 2.2.1.1.7. */
export const AuthenticationType = {
  NONE: 0,
  SPNEGO: 9,
  NTLM: 10,
  SCHANNEL: 14,
  KERBEROS: 16,
  NETLOGON: 68,
} as const

/** auth_level, MS-RPCE 2.2.1.1.8. */
export const AuthenticationLevel = {
  NONE: 1,
  CONNECT: 2,
  CALL: 3,
  PACKET: 4,
  INTEGRITY: 5,
  PRIVACY: 6,
} as const

/** An interface or a transfer syntax: UUID and version. */
export interface Syntax {
  readonly uuid: Guid
  readonly versionMajor: number
  readonly versionMinor: number
}

/** Transfer syntaxes, C706 appendix I and MS-RPCE 2.2.4.12. */
export const TransferSyntax = {
  NDR20: { uuid: '8a885d04-1ceb-11c9-9fe8-08002b104860', versionMajor: 2, versionMinor: 0 },
  NDR64: { uuid: '71710533-beba-4937-8319-b5dbef9ccc36', versionMajor: 1, versionMinor: 0 },
} as const satisfies Record<string, Syntax>

const BIND_TIME_PREFIX = '6cb71c2c-9812-4540-'

/** The features that a transfer syntax stands for, where it is the one of MS-RPCE 2.2.2.14: its last 8 bytes are bits. */
export function bindTimeFeatures(syntax: Syntax): number | undefined {
  if (!syntax.uuid.startsWith(BIND_TIME_PREFIX) || syntax.versionMajor !== 1) return undefined
  return Number.parseInt(syntax.uuid.slice(19, 21), 16)
}

/** The transfer syntax that asks for features, MS-RPCE 2.2.2.14. */
export function bindTimeSyntax(features: number): Syntax {
  const bits = features.toString(16).padStart(2, '0')
  return { uuid: `${BIND_TIME_PREFIX}${bits}00-000000000000`, versionMajor: 1, versionMinor: 0 }
}

/** Smallest fragment that every implementation takes (MustRecvFragSize): 1432 in C706 12.6.3.1, 2048 as Windows speaks it. */
export const MIN_FRAGMENT_BYTES = 2048
