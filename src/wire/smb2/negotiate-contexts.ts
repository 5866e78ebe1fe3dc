/** What is in the `data` of negotiate contexts; requests and responses have the same form. MS-SMB2 2.2.3.1, 2.2.4.1. */
import { array, bytes, type Infer, optionalTail, struct, tail, u16, u32, utf16 } from '../schema/index.ts'
import {
  Cipher,
  CompressionAlgorithm,
  CompressionCapabilityFlags,
  HashAlgorithm,
  RdmaTransform,
  SigningAlgorithm,
  TransportCapabilityFlags,
} from './constants.ts'

/** MS-SMB2 2.2.3.1.1. */
export const PreauthIntegrityCapabilities = struct('SMB2_PREAUTH_INTEGRITY_CAPABILITIES', '2.2.3.1.1', {
  hashAlgorithmCount: u16.countOf('hashAlgorithms'),
  saltLength: u16.lengthOf('salt'),
  hashAlgorithms: tail(array(u16.oneOf(HashAlgorithm))),
  salt: tail(bytes),
})
export type PreauthIntegrityCapabilities = Infer<typeof PreauthIntegrityCapabilities>

/** MS-SMB2 2.2.3.1.2. */
export const EncryptionCapabilities = struct('SMB2_ENCRYPTION_CAPABILITIES', '2.2.3.1.2', {
  cipherCount: u16.countOf('ciphers'),
  ciphers: tail(array(u16.oneOf(Cipher))),
})
export type EncryptionCapabilities = Infer<typeof EncryptionCapabilities>

/** MS-SMB2 2.2.3.1.3. */
export const CompressionCapabilities = struct('SMB2_COMPRESSION_CAPABILITIES', '2.2.3.1.3', {
  compressionAlgorithmCount: u16.countOf('compressionAlgorithms'),
  padding: u16.reserved,
  flags: u32.flags(CompressionCapabilityFlags),
  compressionAlgorithms: tail(array(u16.oneOf(CompressionAlgorithm))),
})
export type CompressionCapabilities = Infer<typeof CompressionCapabilities>

/** The server's name as the client was given it. MS-SMB2 2.2.3.1.4. */
export const NetnameNegotiateContext = struct('SMB2_NETNAME_NEGOTIATE_CONTEXT_ID', '2.2.3.1.4', {
  netName: tail(utf16),
})
export type NetnameNegotiateContext = Infer<typeof NetnameNegotiateContext>

/** MS-SMB2 2.2.3.1.5. */
export const TransportCapabilities = struct('SMB2_TRANSPORT_CAPABILITIES', '2.2.3.1.5', {
  flags: u32.flags(TransportCapabilityFlags),
})
export type TransportCapabilities = Infer<typeof TransportCapabilities>

/** MS-SMB2 2.2.3.1.6. */
export const RdmaTransformCapabilities = struct('SMB2_RDMA_TRANSFORM_CAPABILITIES', '2.2.3.1.6', {
  transformCount: u16.countOf('rdmaTransformIds'),
  reserved1: u16.reserved,
  reserved2: u32.reserved,
  rdmaTransformIds: tail(array(u16.oneOf(RdmaTransform))),
})
export type RdmaTransformCapabilities = Infer<typeof RdmaTransformCapabilities>

/** MS-SMB2 2.2.3.1.7. */
export const SigningCapabilities = struct('SMB2_SIGNING_CAPABILITIES', '2.2.3.1.7', {
  signingAlgorithmCount: u16.countOf('signingAlgorithms'),
  signingAlgorithms: tail(array(u16.oneOf(SigningAlgorithm))),
})
export type SigningCapabilities = Infer<typeof SigningCapabilities>

/** Samba's POSIX extensions: the GUIDs of the versions that are understood, 16 bytes each, in their order of bytes. */
export const PosixExtensionsCapabilities = struct('SMB2_POSIX_EXTENSIONS_AVAILABLE', '', {
  versions: optionalTail(bytes, new Uint8Array(0)),
})
export type PosixExtensionsCapabilities = Infer<typeof PosixExtensionsCapabilities>
