import { LeaseState } from '../../wire/smb2/index.ts'

/** What a client may cache, as the bits of LeaseState (MS-SMB2 2.2.13.2.8), also by an oplock (`stateOfOplock`). */
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
