import type { NtStatus } from './ntstatus.ts'

/** An expected failure, returned and not thrown: what a backend or a command answers when it cannot. */
export class Failure {
  readonly isFailure = true
  readonly status: NtStatus
  constructor(status: NtStatus) {
    this.status = status
  }
}

const known = new Map<NtStatus, Failure>()

/** The failure for a status; one object a status, so that it costs nothing. */
export function fail(status: NtStatus): Failure {
  let failure = known.get(status)
  if (failure === undefined) {
    failure = new Failure(status)
    known.set(status, failure)
  }
  return failure
}

export const failed = (value: unknown): value is Failure => value instanceof Failure
