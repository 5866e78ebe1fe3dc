import { leaseText, OplockLevel, oplockName } from '../../wire/smb2/index.ts'
import { leftState, oplockState } from '../engine/caching.ts'
import type { Detail, Transaction } from '../model.ts'

/** `lease RWH`, `batch oplock`; `nothing`. MS-SMB2 2.2.13.2.8, 2.2.13. */
export function cachingName(kind: 'oplock' | 'lease', state: number): string {
  if (state === 0) return 'nothing'
  return kind === 'lease' ? `lease ${leaseText(state)}` : `${oplockName(state)} oplock`.trim()
}

/** What a CREATE was granted; `nothing`. */
export function grantedName({ detail, protocol }: Transaction): string {
  if (detail.kind !== 'create' || detail.grantedOplock === undefined) return 'nothing'
  if (protocol === 'smb2' && detail.grantedOplock === OplockLevel.LEASE)
    return cachingName('lease', detail.grantedLease ?? 0)
  return cachingName('oplock', oplockState(protocol, detail.grantedOplock))
}

/** What a break, or the answer to one, leaves. */
export function levelName(
  protocol: Transaction['protocol'],
  { to, isLease }: Extract<Detail, { readonly kind: 'break' }>,
): string {
  return isLease ? cachingName('lease', to) : cachingName('oplock', leftState(protocol, to))
}
