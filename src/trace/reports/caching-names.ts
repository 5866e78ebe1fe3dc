import { OplockLevel } from '../../wire/smb2/index.ts'
import { oplockState } from '../engine/caching.ts'
import type { Detail, Transaction } from '../model.ts'

const oplockNames: Readonly<Record<number, string>> = { 1: 'level II oplock', 5: 'exclusive oplock', 7: 'batch oplock' }

/** `lease RWH`, `batch oplock`; `nothing`. MS-SMB2 2.2.13.2.8, 2.2.13. */
export function cachingName(kind: 'oplock' | 'lease', state: number): string {
  if (state === 0) return 'nothing'
  if (kind === 'oplock') return oplockNames[state] ?? 'oplock'
  return `lease ${(state & 1) === 0 ? '' : 'R'}${(state & 4) === 0 ? '' : 'W'}${(state & 2) === 0 ? '' : 'H'}`
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
  if (isLease) return cachingName('lease', to)
  // SMB1 has two levels here: none and II. MS-CIFS 2.2.4.32.1.
  return cachingName('oplock', protocol === 'smb1' ? Math.min(1, to) : oplockState(protocol, to))
}
