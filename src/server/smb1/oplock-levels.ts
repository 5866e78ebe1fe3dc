import { Smb1NewOplockLevel, Smb1OplockLevel } from '../../wire/smb1/index.ts'
import { OplockLevel, oplockOfState } from '../../wire/smb2/index.ts'
import { oplockLevelOf } from '../caching/index.ts'
import { Open, type PipeOpen } from '../open.ts'
import type { Smb1Context } from './context.ts'

/** Flags of NT_CREATE_ANDX. MS-CIFS 2.2.4.64.1. */
const WANTS_OPLOCK = 0x02
const WANTS_BATCH = 0x04

const SHOWN: Readonly<Record<number, number>> = {
  [OplockLevel.EXCLUSIVE]: Smb1OplockLevel.EXCLUSIVE,
  [OplockLevel.BATCH]: Smb1OplockLevel.BATCH,
  [OplockLevel.II]: Smb1OplockLevel.LEVEL_II,
}

export function oplockLevel(flags: number): OplockLevel {
  if ((flags & WANTS_OPLOCK) === 0) return OplockLevel.NONE
  return (flags & WANTS_BATCH) === 0 ? OplockLevel.EXCLUSIVE : OplockLevel.BATCH
}

/** What the client is told that it has; one that knows no level II has none then. */
export function shownOplockLevel({ state }: Smb1Context, open: Open | PipeOpen): number {
  if (!(open instanceof Open)) return 0
  if (oplockLevelOf(open) === OplockLevel.II && !state.clientHasLevelII) open.caching?.drop()
  return SHOWN[oplockLevelOf(open)] ?? Smb1OplockLevel.NONE
}

/** What a break leaves, as the client is told; `rights`: as caching counts them. */
export const newOplockLevel = (rights: number, clientHasLevelII: boolean): number =>
  oplockOfState(rights) === OplockLevel.II && clientHasLevelII ? Smb1NewOplockLevel.LEVEL_II : Smb1NewOplockLevel.NONE

/** What the client says that it has gone down to. */
export const releasedLevel = (newLevel: number): OplockLevel =>
  newLevel === Smb1NewOplockLevel.LEVEL_II ? OplockLevel.II : OplockLevel.NONE
