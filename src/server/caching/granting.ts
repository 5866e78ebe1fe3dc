import { OplockLevel, oplockOfState, stateOfOplock } from '../../wire/smb2/index.ts'
import type { FileStat } from '../backend.ts'
import type { Creation } from '../creation.ts'
import type { Open } from '../open.ts'
import type { Holder } from './holder.ts'
import { Lease } from './lease.ts'
import { leaseAnswer } from './lease-request.ts'
import { Oplock } from './oplock.ts'
import { HANDLE_CACHING, isLegal, NONE, type Rights, WRITE_CACHING } from './rights.ts'
import { onlyLooks } from './stat-open.ts'

/** Gives an open what it asks for, as far as it can be had, and says so: contexts for the answer. */
export function grantCaching(
  { body, lease, share }: Creation,
  open: Open,
  stat: FileStat,
): { name: string; data: Uint8Array }[] {
  if (lease === undefined) {
    if (share.options.oplocks !== false && !open.isDirectory) grantOplock(open, body.requestedOplockLevel, stat)
    return []
  }
  // The first version of leases is one for files.
  if (open.isDirectory && lease.version === 1) return []
  const { clientGuid, server } = open.session
  const known = server.leases.find(clientGuid, lease.key)
  // The key of a file that is about to go may serve for another one.
  const isNew = known?.stream !== open.stream
  const holder = isNew ? new Lease({ server, stream: open.stream, clientGuid, ...lease }) : known
  if (isNew) server.leases.add(holder)
  holder.opens.add(open)
  open.caching = holder
  open.parentLeaseKey = lease.parentKey
  if (open.deleteOnClose) holder.deletesOnClose = true
  if (grantLease(holder, open, lease.rights, stat)) holder.countUp()
  return [leaseAnswer(holder)]
}

/** Gives an open the oplock that it asks for, or level II instead, or none (MS-SMB2 3.3.5.9, Oplock Acquisition). */
function grantOplock(open: Open, level: number, stat: FileStat): void {
  const wanted = stateOfOplock(level)
  if (wanted === NONE) return
  const oplock = new Oplock(open)
  const granted = [wanted, stateOfOplock(OplockLevel.II)].find((rights) => mayHave(oplock, open, rights, stat))
  if (granted === undefined) return
  open.caching = oplock
  oplock.rights = granted
}

/**
 * Gives a lease what is asked for with `open`, one of its opens. What it has it keeps; more it gets as a whole or not at
 * all. Only where it has nothing yet does it get less than was asked for (MS-SMB2 3.3.5.9, 3.3.5.9.8).
 */
function grantLease(lease: Lease, open: Open, asked: Rights, stat: FileStat): boolean {
  if (lease.isBreaking || !isLegal(asked)) return false
  // MS-SMB2 3.3.5.9.11: what is in a directory is not written by way of a cache.
  const wanted = open.isDirectory ? asked & ~WRITE_CACHING : asked
  if (wanted === lease.rights || (lease.rights & ~wanted) !== 0) return false
  const less = [wanted & ~WRITE_CACHING, wanted & ~WRITE_CACHING & ~HANDLE_CACHING]
  const choices = lease.rights === NONE ? [wanted, ...less] : [wanted]
  const granted = choices.find((rights) => rights !== NONE && mayHave(lease, open, rights, stat))
  if (granted === undefined) return false
  lease.rights = granted
  return true
}

/** True if nothing that others have or do stands against it (MS-FSA 2.1.5.18.1, 2.1.5.18.2). */
function mayHave(holder: Holder, open: Open, rights: Rights, stat: FileStat): boolean {
  const { shared, stream } = open
  const isGoing = shared.deletePending || shared.streamsToDelete.has(stream.key)
  if ((rights & HANDLE_CACHING) !== 0 && isGoing) return false
  // Others' locks are not seen through a cache. Who is alone has only its own.
  if ((rights & WRITE_CACHING) !== 0) return isAlone(holder, open)
  // Beyond its end there is nothing to be read.
  const bytes = BigInt(Math.max(stat.allocationSize, stat.endOfFile))
  if (stream.locks.held.some(({ offset }) => offset < bytes)) return false
  for (const other of stream.caching?.holders ?? [])
    if (other !== holder && !goTogether(holder, rights, other)) return false
  return true
}

/** Nobody else caches the stream, or has it open but to look at what is beside the data. */
function isAlone(holder: Holder, open: Open): boolean {
  for (const other of open.stream.caching?.holders ?? []) if (other !== holder) return false
  for (const other of open.shared.opens)
    if (other.stream === open.stream && !holder.opens.has(other) && !onlyLooks(other.grantedAccess)) return false
  return true
}

/** Reading may be cached by many; an oplock of level II and a lease on handles do not go together. */
function goTogether(holder: Holder, rights: Rights, other: Holder): boolean {
  if (other.isBreaking || (other.rights & WRITE_CACHING) !== 0) return false
  if (holder.kind === other.kind) return true
  return ((holder.kind === 'lease' ? rights : other.rights) & HANDLE_CACHING) === 0
}

/** The level that a CREATE is answered with (MS-SMB2 2.2.14). */
export function oplockLevelOf({ caching }: Open): OplockLevel {
  if (caching === undefined) return OplockLevel.NONE
  return caching.kind === 'lease' ? OplockLevel.LEASE : oplockOfState(caching.rights)
}
