import { LeaseState, OplockLevel } from '../../wire/smb2/index.ts'

/**
 * What a client may cache, as the bits of LeaseState (MS-SMB2 2.2.13.2.8). Oplocks are the same with other names: level
 * II is R, exclusive RW, batch RWH.
 */
export type Rights = number

export const { HANDLE_CACHING, NONE, READ_CACHING, WRITE_CACHING } = LeaseState

/** The combinations that are granted (MS-FSA 2.1.5.18). */
const LEGAL: ReadonlySet<Rights> = new Set([
  NONE,
  READ_CACHING,
  READ_CACHING | WRITE_CACHING,
  READ_CACHING | HANDLE_CACHING,
  READ_CACHING | WRITE_CACHING | HANDLE_CACHING,
])

export const isLegal = (rights: Rights): boolean => LEGAL.has(rights)

const LEVELS = new Map<Rights, OplockLevel>([
  [NONE, OplockLevel.NONE],
  [READ_CACHING, OplockLevel.II],
  [READ_CACHING | WRITE_CACHING, OplockLevel.EXCLUSIVE],
  [READ_CACHING | WRITE_CACHING | HANDLE_CACHING, OplockLevel.BATCH],
])

/** The level of an oplock with these rights. */
export const levelOf = (rights: Rights): OplockLevel => LEVELS.get(rights) ?? OplockLevel.NONE

/** The rights of an oplock of this level; none for what is not one. */
export function rightsOf(level: number): Rights {
  for (const [rights, known] of LEVELS) if (known === level) return rights
  return NONE
}

/** For people: `RWH`, `RH`, or nothing. */
export const describeRights = (rights: Rights): string =>
  [
    (rights & READ_CACHING) === 0 ? '' : 'R',
    (rights & WRITE_CACHING) === 0 ? '' : 'W',
    (rights & HANDLE_CACHING) === 0 ? '' : 'H',
  ].join('')
