/** UNIX mode, owner and group as entries of a DACL that allow and deny nothing (Apple's SUPPORTS_NFS_ACE). */
import {
  AceType,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  type SecurityDescriptor,
} from '../../wire/dtyp/index.ts'
import type { FileStat } from '../backend.ts'

const NFS = 'S-1-5-88-'
const OWNER = `${NFS}1-`
const GROUP = `${NFS}2-`
const MODE = `${NFS}3-`

/** A self-relative descriptor with the entries that say what UNIX knows. Without a DACL there is no place for them. */
export function withNfsAces(descriptor: Uint8Array, { posix }: FileStat): Uint8Array {
  const decoded = decodeSecurityDescriptor(descriptor)
  // Where everybody may do everything an entry would say that somebody may not.
  const { dacl } = decoded
  if (posix === undefined || dacl === undefined || dacl === null) return descriptor
  const entry = (sid: string) => ({ kind: 'basic', type: AceType.ACCESS_DENIED, flags: 0, mask: 0, sid }) as const
  const said = [entry(`${MODE}${posix.mode}`), entry(`${OWNER}${posix.uid}`), entry(`${GROUP}${posix.gid}`)]
  const others = dacl.aces.filter((ace) => !isNfs(ace))
  return encodeSecurityDescriptor({ ...decoded, dacl: { ...dacl, aces: [...said, ...others] } })
}

/**
 * A descriptor that a Mac sets, without those entries, and the mode that they say. `saysOnlyMode`: there was nothing else
 * in its DACL.
 * @throws WireError where it is no descriptor
 */
export function withoutNfsAces(descriptor: Uint8Array): {
  readonly descriptor: Uint8Array
  readonly mode: number | undefined
  readonly saysOnlyMode: boolean
} {
  const decoded = decodeSecurityDescriptor(descriptor)
  const { dacl } = decoded
  if (dacl === undefined || dacl === null || !dacl.aces.some(isNfs))
    return { descriptor, mode: undefined, saysOnlyMode: false }
  const said = dacl.aces.map(sidOf).find((sid) => sid.startsWith(MODE))
  const mode = said === undefined ? Number.NaN : Number(said.slice(MODE.length))
  const aces = dacl.aces.filter((ace) => !isNfs(ace))
  return {
    descriptor: encodeSecurityDescriptor({ ...decoded, dacl: { ...dacl, aces } }),
    mode: Number.isNaN(mode) ? undefined : mode & 0o7777,
    saysOnlyMode: aces.length === 0,
  }
}

type Ace = NonNullable<NonNullable<SecurityDescriptor['dacl']>>['aces'][number]
const sidOf = (ace: Ace): string => ('sid' in ace ? ace.sid : '')
const isNfs = (ace: Ace): boolean => sidOf(ace).startsWith(NFS)
