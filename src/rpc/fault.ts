import { SmbError } from '../bytes/errors.ts'
import { hexNumber } from '../bytes/hex.ts'
import { FaultStatus } from '../wire/dcerpc/index.ts'

/** A call that failed as a call: what a handler returns, and what is sent in a fault packet. */
export class RpcFault {
  readonly status: FaultStatus
  /** The call had no effect, because it was never handed to the service. */
  readonly didNotExecute: boolean

  constructor(status: FaultStatus, didNotExecute = false) {
    this.status = status
    this.didNotExecute = didNotExecute
  }
}

export const fault = (status: FaultStatus): RpcFault => new RpcFault(status)
export const isFault = (value: unknown): value is RpcFault => value instanceof RpcFault

/** A fault status for people. */
export function faultName(status: FaultStatus): string {
  for (const [name, code] of Object.entries(FaultStatus)) if (code === status) return name
  return hexNumber(status, 8)
}

/**
 * What a client is told when a call, a bind or a logon is refused. `status` is of `FaultStatus`, `BindRejection` or
 * `NtStatus`.
 */
export class RpcError extends SmbError {
  readonly status: number

  constructor(
    code: 'RPC_FAULT' | 'RPC_BIND_REFUSED' | 'RPC_LOGON_FAILED' | 'RPC_PROTOCOL',
    message: string,
    status = 0,
  ) {
    super(code, message)
    this.status = status
  }
}
