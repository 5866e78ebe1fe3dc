import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'

/** SMB2_CREATE_DURABLE_HANDLE_REQUEST_V2 (MS-SMB2 2.2.13.2.11). */
export interface DurableV2 {
  readonly createGuid: string
  /** 0: as the server likes. */
  readonly timeoutMs: number
  readonly persistent: boolean
}

/** SMB2_CREATE_DURABLE_HANDLE_RECONNECT and _V2 (MS-SMB2 2.2.13.2.4, 2.2.13.2.12). */
export interface Reconnect {
  /** The persistent part of the id. */
  readonly id: bigint
  /** Absent in version 1. */
  readonly v2?: { readonly createGuid: string; readonly persistent: boolean }
}

/** The create contexts about durable opens that a CREATE came with. */
export interface DurableContexts {
  readonly durable?: true
  readonly durableV2?: DurableV2
  readonly reconnect?: Reconnect
  readonly reconnectV2?: Reconnect
}

/** What a CREATE wants: an open that can be taken up again, or to take up one that it has. */
export type DurableWish =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly v2?: DurableV2 }
  | { readonly kind: 'reconnect'; readonly reconnect: Reconnect }

const NONE: DurableWish = { kind: 'none' }

/** Which contexts go together (MS-SMB2 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12). */
export function durableWish(contexts: DurableContexts): DurableWish | Failure {
  const { durable, durableV2, reconnect, reconnectV2 } = contexts
  // One of version 2 stands alone.
  const v2 = durableV2 ?? reconnectV2
  if (v2 !== undefined) {
    const others =
      durable !== undefined || reconnect !== undefined || (durableV2 !== undefined && reconnectV2 !== undefined)
    if (others) return fail(NtStatus.INVALID_PARAMETER)
  }
  if (reconnectV2 !== undefined) return { kind: 'reconnect', reconnect: reconnectV2 }
  if (durableV2 !== undefined) return { kind: 'open', v2: durableV2 }
  // Who takes up an open need not ask for what it has.
  if (reconnect !== undefined) return { kind: 'reconnect', reconnect }
  return durable === undefined ? NONE : { kind: 'open' }
}
