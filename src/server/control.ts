import type { Failure } from '../wire/erref/failure.ts'
import type { NtStatus } from '../wire/erref/ntstatus.ts'
import type { IoctlRequest } from '../wire/smb2/index.ts'
import type { Open } from './open.ts'
import type { Request } from './request.ts'
import type { Steps } from './steps.ts'

/** What a file system control gives back. */
export interface ControlResult {
  readonly output: Uint8Array
  /** Where it is not SUCCESS. */
  readonly status?: NtStatus
}

/** A control that needs no file. */
export type Control = (request: Request, body: IoctlRequest) => Steps<ControlResult | Failure>
/** A control on an open file. */
export type FileControl = (request: Request, body: IoctlRequest, open: Open) => Steps<ControlResult | Failure>

export const NO_OUTPUT: ControlResult = { output: new Uint8Array(0) }
