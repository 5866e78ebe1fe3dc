import type { BufferPool } from '../protocol/buffer-pool.ts'
import { ReadResponse, SMB2_HEADER_SIZE } from '../wire/smb2/index.ts'
import type { DataFrame } from './reply.ts'

const TRANSPORT_HEADER_BYTES = 4
const DATA_OFFSET = SMB2_HEADER_SIZE + ReadResponse.size

/** Room for `length` bytes of data with their headers in front of them. */
export class NewDataFrame {
  /** Exactly `length` bytes. */
  readonly data: Uint8Array
  readonly #bytes: Uint8Array
  readonly #pool: BufferPool

  constructor(pool: BufferPool, length: number) {
    this.#pool = pool
    this.#bytes = pool.take(TRANSPORT_HEADER_BYTES + DATA_OFFSET + length)
    const dataAt = TRANSPORT_HEADER_BYTES + DATA_OFFSET
    this.data = this.#bytes.subarray(dataAt, dataAt + length)
  }

  /** With the first `count` bytes of the data filled in. */
  filled(count: number): DataFrame {
    const dataAt = TRANSPORT_HEADER_BYTES + DATA_OFFSET
    return {
      bytes: this.#bytes,
      headerAt: TRANSPORT_HEADER_BYTES,
      dataAt,
      dataEnd: dataAt + count,
      release: () => this.drop(),
    }
  }

  /** It will not be sent. */
  drop(): void {
    this.#pool.give(this.#bytes)
  }
}
