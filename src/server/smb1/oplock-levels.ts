import { OplockLevel } from '../../wire/smb2/index.ts'
import { oplockLevelOf } from '../caching/index.ts'
import { levelOf } from '../caching/rights.ts'
import { Open, type PipeOpen } from '../open.ts'
import type { Smb1Context } from './context.ts'

/** Flags of NT_CREATE_ANDX. MS-CIFS 2.2.4.64.1. */
const WANTS_OPLOCK = 0x02
const WANTS_BATCH = 0x04

/** OplockLevel of its answer. MS-CIFS 2.2.4.64.2. */
const SHOWN: Readonly<Record<number, number>> = {
  [OplockLevel.NONE]: 0,
  [OplockLevel.EXCLUSIVE]: 1,
  [OplockLevel.BATCH]: 2,
  [OplockLevel.II]: 3,
}
/** NewOplockLevel of LOCKING_ANDX: there is nothing between none and level II. MS-CIFS 2.2.4.32.1. */
const LEVEL_II = 1

export function oplockLevel(flags: number): OplockLevel {
  if ((flags & WANTS_OPLOCK) === 0) return OplockLevel.NONE
  return (flags & WANTS_BATCH) === 0 ? OplockLevel.EXCLUSIVE : OplockLevel.BATCH
}

/** What the client is told that it has; one that knows no level II has none then. */
export function shownOplockLevel({ state }: Smb1Context, open: Open | PipeOpen): number {
  if (!(open instanceof Open)) return 0
  if (oplockLevelOf(open) === OplockLevel.II && !state.clientHasLevelII) open.caching?.drop()
  return SHOWN[oplockLevelOf(open)] ?? 0
}

/** What a break leaves, as the client is told; `rights`: as caching counts them. */
export const newOplockLevel = (rights: number, clientHasLevelII: boolean): number =>
  levelOf(rights) === OplockLevel.II && clientHasLevelII ? LEVEL_II : 0

/** What the client says that it has gone down to. */
export const releasedLevel = (newLevel: number): OplockLevel =>
  newLevel === LEVEL_II ? OplockLevel.II : OplockLevel.NONE
