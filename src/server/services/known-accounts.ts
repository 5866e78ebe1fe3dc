/** Accounts that every machine of Windows knows (MS-DTYP 2.4.2.4), with the names that it has for them. */
import { SidNameUse } from '../../rpc/lsarpc/lookup.ts'
import { type Sid, WellKnownSid as W } from '../../wire/dtyp/index.ts'

export interface KnownDomain {
  readonly name: string
  readonly sid: Sid
}

export interface KnownAccount {
  readonly sid: Sid
  readonly name: string
  readonly domain: KnownDomain
  readonly use: number
  /** Of those that have members. */
  readonly comment?: string
}

const WORLD = { name: '', sid: 'S-1-1' }
const CREATOR = { name: '', sid: 'S-1-3' }
const AUTHORITY = { name: 'NT AUTHORITY', sid: 'S-1-5' }
export const BUILTIN: KnownDomain = { name: 'BUILTIN', sid: 'S-1-5-32' }

const GROUP = SidNameUse.WELL_KNOWN_GROUP
const ALIAS = SidNameUse.ALIAS

export const KNOWN_DOMAINS: readonly KnownDomain[] = [AUTHORITY, BUILTIN]

/** Groups of BUILTIN with members here: who is in one is told by a user's group SIDs. */
export const builtinAliases: readonly KnownAccount[] = [
  {
    sid: W.BUILTIN_ADMINISTRATORS,
    name: 'Administrators',
    domain: BUILTIN,
    use: ALIAS,
    comment: 'Members may see and change what concerns the server itself',
  },
  { sid: W.BUILTIN_USERS, name: 'Users', domain: BUILTIN, use: ALIAS, comment: 'Everybody with an account' },
  { sid: W.BUILTIN_GUESTS, name: 'Guests', domain: BUILTIN, use: ALIAS, comment: 'Who logs on without an account' },
]

const others: readonly (readonly [Sid, KnownDomain, string, number])[] = [
  [W.EVERYONE, WORLD, 'Everyone', GROUP],
  [W.CREATOR_OWNER, CREATOR, 'CREATOR OWNER', GROUP],
  [W.CREATOR_GROUP, CREATOR, 'CREATOR GROUP', GROUP],
  [W.OWNER_RIGHTS, CREATOR, 'OWNER RIGHTS', GROUP],
  [W.DIALUP, AUTHORITY, 'DIALUP', GROUP],
  [W.NETWORK, AUTHORITY, 'NETWORK', GROUP],
  [W.BATCH, AUTHORITY, 'BATCH', GROUP],
  [W.INTERACTIVE, AUTHORITY, 'INTERACTIVE', GROUP],
  [W.SERVICE, AUTHORITY, 'SERVICE', GROUP],
  [W.ANONYMOUS, AUTHORITY, 'ANONYMOUS LOGON', GROUP],
  [W.PROXY, AUTHORITY, 'PROXY', GROUP],
  [W.ENTERPRISE_DOMAIN_CONTROLLERS, AUTHORITY, 'ENTERPRISE DOMAIN CONTROLLERS', GROUP],
  [W.PRINCIPAL_SELF, AUTHORITY, 'SELF', GROUP],
  [W.AUTHENTICATED_USERS, AUTHORITY, 'Authenticated Users', GROUP],
  [W.RESTRICTED_CODE, AUTHORITY, 'RESTRICTED', GROUP],
  [W.TERMINAL_SERVER_USER, AUTHORITY, 'TERMINAL SERVER USER', GROUP],
  [W.REMOTE_INTERACTIVE_LOGON, AUTHORITY, 'REMOTE INTERACTIVE LOGON', GROUP],
  [W.THIS_ORGANIZATION, AUTHORITY, 'This Organization', GROUP],
  [W.LOCAL_SYSTEM, AUTHORITY, 'SYSTEM', GROUP],
  [W.LOCAL_SERVICE, AUTHORITY, 'LOCAL SERVICE', GROUP],
  [W.NETWORK_SERVICE, AUTHORITY, 'NETWORK SERVICE', GROUP],
  [W.POWER_USERS, BUILTIN, 'Power Users', ALIAS],
  [W.ACCOUNT_OPERATORS, BUILTIN, 'Account Operators', ALIAS],
  [W.SERVER_OPERATORS, BUILTIN, 'Server Operators', ALIAS],
  [W.PRINTER_OPERATORS, BUILTIN, 'Print Operators', ALIAS],
  [W.BACKUP_OPERATORS, BUILTIN, 'Backup Operators', ALIAS],
  [W.REPLICATOR, BUILTIN, 'Replicator', ALIAS],
  [W.REMOTE_DESKTOP, BUILTIN, 'Remote Desktop Users', ALIAS],
]

const known: readonly KnownAccount[] = [
  ...builtinAliases,
  ...others.map(([sid, domain, name, use]) => ({ sid, domain, name, use })),
]

export const knownBySid: ReadonlyMap<Sid, KnownAccount> = new Map(known.map((account) => [account.sid, account]))
export const knownByName: ReadonlyMap<string, KnownAccount> = new Map(
  known.map((account) => [account.name.toUpperCase(), account]),
)
