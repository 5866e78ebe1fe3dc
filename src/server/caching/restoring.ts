import { stateOfOplock } from '../../wire/smb2/index.ts'
import type { Open } from '../open.ts'
import { Lease, type LeaseDetails } from './lease.ts'
import { Oplock } from './oplock.ts'
import { NONE, type Rights } from './rights.ts'

/** Gives an open the oplock back that it had. */
export function restoreOplock(open: Open, level: number): void {
  const rights = stateOfOplock(level)
  if (rights === NONE) return
  const oplock = new Oplock(open)
  open.caching = oplock
  oplock.rights = rights
}

/** Gives an open its lease back: with those rights that all of its opens have been kept with. */
export function restoreLease(open: Open, had: Omit<LeaseDetails, 'server' | 'stream'> & { rights: Rights }): void {
  const { server, stream } = open
  const known = server.leases.find(had.clientGuid, had.key)
  const lease = known?.stream === stream ? known : new Lease({ ...had, server, stream })
  if (lease !== known) server.leases.add(lease)
  lease.opens.add(open)
  open.caching = lease
  if (open.deleteOnClose) lease.deletesOnClose = true
  lease.rights = lease === known ? lease.rights & had.rights : had.rights
  // The later one of two numbers that go round.
  if (((had.epoch - lease.epoch) & 0xffff) < 0x8000) lease.epoch = had.epoch
}
