import { LeaseState, OplockLevel } from './file-constants.ts'

const { HANDLE_CACHING, NONE, READ_CACHING, WRITE_CACHING } = LeaseState

/** By what they allow: oplocks are what leases are, with other names. MS-SMB2 2.2.13, MS-FSA 2.1.1.10. */
const oplocks: ReadonlyMap<number, { readonly level: OplockLevel; readonly name: string }> = new Map([
  [NONE, { level: OplockLevel.NONE, name: '' }],
  [READ_CACHING, { level: OplockLevel.II, name: 'level II' }],
  [READ_CACHING | WRITE_CACHING, { level: OplockLevel.EXCLUSIVE, name: 'exclusive' }],
  [READ_CACHING | WRITE_CACHING | HANDLE_CACHING, { level: OplockLevel.BATCH, name: 'batch' }],
])
const states = new Map<number, number>([...oplocks].map(([state, { level }]) => [level, state]))

/** What an oplock of this level allows, as bits of `LeaseState`; none for what is not one. */
export const stateOfOplock = (level: number): number => states.get(level) ?? NONE

/** The level of an oplock that allows this, bits of `LeaseState`; none where there is no such level. */
export const oplockOfState = (state: number): OplockLevel => oplocks.get(state)?.level ?? OplockLevel.NONE

/** For people: `batch`, `exclusive`, `level II`; '' where there is no such oplock. */
export const oplockName = (state: number): string => oplocks.get(state)?.name ?? ''

/** For people: `RWH`, `RH`, or nothing. */
export const leaseText = (state: number): string =>
  [
    (state & READ_CACHING) === 0 ? '' : 'R',
    (state & WRITE_CACHING) === 0 ? '' : 'W',
    (state & HANDLE_CACHING) === 0 ? '' : 'H',
  ].join('')
