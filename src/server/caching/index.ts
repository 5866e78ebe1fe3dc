/**
 * What clients may cache of files and directories: oplocks and leases. This is the door: whatever has to break them, or
 * asks for one, comes in here. Where nobody caches it costs the look at one property.
 */
export {
  afterBreaks,
  Breaks,
  breakForData,
  breakForDirectory,
  breakForHandles,
  breakForOpen,
  breakForRename,
  breakToClose,
} from './breaking.ts'
export { describeCaching } from './description.ts'
export { grantCaching, oplockLevelOf } from './granting.ts'
export { Lease } from './lease.ts'
export { type LeaseRequest, leaseAnswer, leaseFits, leaseRequestOf, readLease } from './lease-request.ts'
export { restoreLease, restoreOplock } from './restoring.ts'
