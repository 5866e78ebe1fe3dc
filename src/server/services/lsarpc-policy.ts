/** Open policies of the local security authority: MS-LSAD 3.1.1.7. */
import type { ContextHandles } from '../../rpc/context-handles.ts'
import { fault, type RpcFault } from '../../rpc/fault.ts'
import type { ContextHandle } from '../../rpc/ndr/index.ts'
import { FaultStatus } from '../../wire/dcerpc/index.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'

/** MS-LSAD 2.2.1.1.2: all rights on a policy, and those that everybody has. */
export const POLICY_ALL_ACCESS = 0x000f_1fff
export const POLICY_READ = 0x0002_0801

/** What MAXIMUM_ALLOWED and generic rights stand for, where nothing can be changed. */
const WHOLE = AccessMask.MAXIMUM_ALLOWED | AccessMask.GENERIC_ALL | AccessMask.GENERIC_READ | AccessMask.GENERIC_EXECUTE

/** An open policy: what it was opened for. */
export class Policy {
  readonly #access: number

  constructor(desiredAccess: number) {
    this.#access = (desiredAccess & WHOLE) !== 0 ? POLICY_ALL_ACCESS : desiredAccess
  }

  may(right: number): boolean {
    return (this.#access & right) !== 0
  }
}

/** The policy, or what is wrong with the handle: one of somebody else is a fault (MS-RPCE 3.3.1.5.9). */
export const policyOf = (handles: ContextHandles, handle: ContextHandle): Policy | RpcFault =>
  handles.find(handle, Policy) ?? fault(FaultStatus.CONTEXT_MISMATCH)
