import { type Infer, octets, struct, u16, u32, u64 } from '../schema/index.ts'

/** First four bytes of a sealed message: 0xFD 'SMB'. */
export const TRANSFORM_PROTOCOL_ID = 0x424d_53fd
/** Bytes of the transform header. */
export const TRANSFORM_HEADER_SIZE = 52

/** MS-SMB2 2.2.41; in dialects 3.0 and 3.0.2 the field is EncryptionAlgorithm, and 1 is AES-128-CCM. */
export const TransformFlags = { ENCRYPTED: 0x0001 } as const

/**
 * SMB2 TRANSFORM_HEADER. MS-SMB2 2.2.41. Of `nonce` the first 11 bytes are used with CCM, the first 12 with GCM. The
 * bytes from `nonce` to the end of the header are what the signature covers beside the message.
 */
export const TransformHeader = struct('SMB2 TRANSFORM_HEADER', '2.2.41', {
  protocolId: u32.hex.fixed(TRANSFORM_PROTOCOL_ID),
  signature: octets(16),
  nonce: octets(16),
  originalMessageSize: u32,
  reserved: u16.reserved,
  flags: u16.hex,
  sessionId: u64.hex,
})
export type TransformHeader = Infer<typeof TransformHeader>
