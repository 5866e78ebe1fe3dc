import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Struct } from '../wire/schema/index.ts'

/** What a command answers: a body, and the status that goes with it (not always SUCCESS: BUFFER_OVERFLOW has a body). */
export interface Reply {
  readonly body: Struct<unknown, never>
  readonly value: unknown
  readonly status: NtStatus
  /** A body that stands ready in its own frame; see `DataFrame`. */
  readonly frame?: DataFrame
  /** Sees the encoded message, header and all (for the pre-authentication hash). */
  readonly onEncoded?: (message: Uint8Array) => void
}

export function reply<T, I>(body: Struct<T, I>, value: NoInfer<I>, status: NtStatus = NtStatus.SUCCESS): Reply {
  return { body, value, status }
}

/**
 * A frame with room for transport header, SMB2 header and fixed body in front of its data, so that what a READ brings
 * from the backend is sent from where it was put.
 */
export interface DataFrame {
  readonly bytes: Uint8Array
  /** Where the SMB2 header begins. */
  readonly headerAt: number
  /** Where the data begins, and one past its end. */
  readonly dataAt: number
  readonly dataEnd: number
  /** Nobody needs the bytes any more. */
  release(): void
}
