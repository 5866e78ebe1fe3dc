import { ReadResponse, SMB2_HEADER_SIZE } from '../wire/smb2/index.ts'
import type { DataFrame } from './reply.ts'

const TRANSPORT_HEADER_BYTES = 4
const DATA_OFFSET = SMB2_HEADER_SIZE + ReadResponse.size

/** Room for `length` bytes of data with their headers in front of them. */
export function newDataFrame(length: number): { data: Uint8Array; filled(count: number): DataFrame } {
  const bytes = Buffer.allocUnsafe(TRANSPORT_HEADER_BYTES + DATA_OFFSET + length)
  const dataAt = TRANSPORT_HEADER_BYTES + DATA_OFFSET
  return {
    data: bytes.subarray(dataAt),
    filled: (count) => ({ bytes, headerAt: TRANSPORT_HEADER_BYTES, dataAt, dataEnd: dataAt + count }),
  }
}
