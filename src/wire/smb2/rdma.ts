/** What lies in `channelInfo` of READ and WRITE. MS-SMB2 2.2.43, MS-SMBD 2.2.3.1. */
import { bytes, type Infer, struct, tail, u16, u32, u64 } from '../schema/index.ts'
import { Channel, RdmaTransform } from './constants.ts'

/** SMB_DIRECT_BUFFER_DESCRIPTOR_V1: memory of the peer. MS-SMBD 2.2.3.1. */
export const SmbDirectBufferDescriptorV1 = struct('SMB_DIRECT_BUFFER_DESCRIPTOR_V1', 'MS-SMBD 2.2.3.1', {
  offset: u64.hex,
  token: u32.hex,
  length: u32,
})
export type SmbDirectBufferDescriptorV1 = Infer<typeof SmbDirectBufferDescriptorV1>

/** SMB2_RDMA_TRANSFORM: the transforms follow it, then the descriptors. MS-SMB2 2.2.43. */
export const SmbRdmaTransform = struct('SMB2_RDMA_TRANSFORM', '2.2.43', {
  rdmaDescriptorOffset: u16,
  rdmaDescriptorLength: u16,
  channel: u32.oneOf(Channel),
  transformCount: u16,
  reserved1: u16.reserved,
  reserved2: u32.reserved,
})
export type SmbRdmaTransform = Infer<typeof SmbRdmaTransform>

/** SMB2_RDMA_CRYPTO_TRANSFORM. MS-SMB2 2.2.43.1. */
export const SmbRdmaCryptoTransform = struct('SMB2_RDMA_CRYPTO_TRANSFORM', '2.2.43.1', {
  transformType: u16.oneOf(RdmaTransform),
  signatureLength: u16.lengthOf('signature'),
  nonceLength: u16.lengthOf('nonce'),
  reserved: u16.reserved,
  signature: tail(bytes),
  nonce: tail(bytes),
})
export type SmbRdmaCryptoTransform = Infer<typeof SmbRdmaCryptoTransform>
