import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Command,
  Dialect,
  LeaseBreakAcknowledgment,
  LeaseBreakResponse,
  OplockBreakAcknowledgment,
  OplockBreakResponse,
  OplockLevel,
  oplockOfState,
  stateOfOplock,
} from '../../wire/smb2/index.ts'
import { type CommandDefinition, defineCommand } from '../command.ts'
import { type Reply, reply } from '../reply.ts'
import type { Request } from '../request.ts'

export const acknowledgeOplock = defineCommand({
  command: Command.OPLOCK_BREAK,
  needs: 'tree',
  body: OplockBreakAcknowledgment,
  handler: serveOplock,
})

const acknowledgeLease = defineCommand({
  command: Command.OPLOCK_BREAK,
  needs: 'tree',
  body: LeaseBreakAcknowledgment,
  handler: serveLease,
})

const SMB2_HEADER_BYTES = 64

/** Acknowledgements of breaks, told apart by their StructureSize (MS-SMB2 3.3.5.22). */
export const oplockBreak: CommandDefinition = {
  command: Command.OPLOCK_BREAK,
  needs: 'tree',
  serve(request) {
    const { connection, end, start, view } = request
    const at = start + SMB2_HEADER_BYTES
    const isLease = at + 2 <= end && view.getUint16(at, true) === LeaseBreakAcknowledgment.size
    return isLease && connection.negotiated?.dialect !== Dialect.SMB_2_0_2
      ? acknowledgeLease.serve(request)
      : acknowledgeOplock.serve(request)
  },
}

/** MS-SMB2 3.3.5.22.1. */
function serveOplock(request: Request, body: OplockBreakAcknowledgment): Reply | Failure {
  const open = request.open(body.fileId)
  if (failed(open)) return open
  const { caching } = open
  const told = caching?.breakingTo
  if (caching?.kind !== 'oplock' || told === undefined) return fail(NtStatus.INVALID_OPLOCK_PROTOCOL)
  const problem = levelProblem(oplockOfState(caching.rights), body.oplockLevel)
  // Exclusive is more than a batch oplock can break to, yet no error: there is nothing left then.
  const rights =
    body.oplockLevel === OplockLevel.II ? stateOfOplock(OplockLevel.II) & told : stateOfOplock(OplockLevel.NONE)
  caching.acknowledge(problem === undefined ? rights : stateOfOplock(OplockLevel.NONE))
  return problem ?? reply(OplockBreakResponse, { oplockLevel: oplockOfState(rights), fileId: open.fileId })
}

function levelProblem(held: number, level: number): Failure | undefined {
  if (level === OplockLevel.LEASE) return fail(NtStatus.INVALID_PARAMETER)
  const isLess = level === OplockLevel.NONE || level === OplockLevel.II
  const isAllowed = isLess || (held === OplockLevel.BATCH && level === OplockLevel.EXCLUSIVE)
  return isAllowed ? undefined : fail(NtStatus.INVALID_OPLOCK_PROTOCOL)
}

/** MS-SMB2 3.3.5.22.2. */
function serveLease(request: Request, body: LeaseBreakAcknowledgment): Reply | Failure {
  const { leaseKey, leaseState } = body
  const { clientGuid = '' } = request.connection.negotiated ?? {}
  const lease = request.session.server.leases.find(clientGuid, leaseKey)
  if (lease === undefined) return fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  const told = lease.breakingTo
  if (told === undefined) return fail(NtStatus.UNSUCCESSFUL)
  if ((leaseState & ~told) !== 0) return fail(NtStatus.REQUEST_NOT_ACCEPTED)
  return reply(LeaseBreakResponse, { leaseKey, leaseState: lease.acknowledge(leaseState) })
}
