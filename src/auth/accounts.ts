import { createHash } from 'node:crypto'
import type { Identity, Maybe } from './mechanism.ts'

/** What is known of an account. */
export interface Account {
  /** The name as it is kept. */
  readonly user: string
  /** 16 bytes; see `ntHash`. */
  readonly ntHash: Uint8Array
  /** As text; made from the name where it is absent. */
  readonly sid?: string
  /** In addition to the groups that everybody is in. */
  readonly groupSids?: readonly string[]
  /** By name (`Administrators`, a group of the server's own) or as a SID; in addition to `groupSids`. */
  readonly groups?: readonly string[]
  /** Where the account belongs, if not to the server itself. */
  readonly domain?: string
  /** The Unix user as whom files are used where the server impersonates. Default: the one of the same name. */
  readonly unixUser?: string
  readonly disabled?: boolean
  /** FILETIME. */
  readonly expiresAt?: bigint
  /** 21 bytes, a bit an hour, from Sunday 00:00 UTC on (MS-SAMR 2.2.6.5). Absent: always. */
  readonly logonHours?: Uint8Array
  /** NetBIOS names of the machines that the user may come from, as these say. Absent: all. */
  readonly workstations?: readonly string[]
  /** False: the account is for the machine itself, or for services. */
  readonly mayUseNetwork?: boolean
  readonly mustChangePassword?: boolean
  /** FILETIME. */
  readonly passwordExpiresAt?: bigint
  /** 16 bytes; see `lmHash`. For clients that know nothing newer than LM; where there is none, LM is refused. */
  readonly lmHash?: Uint8Array
  /** For people; default ''. */
  readonly fullName?: string
  readonly comment?: string
}

/** Where accounts are looked up. Names are to be compared without regard to case. */
export interface AccountSource {
  /** `user` and `domain` are as the client sent them: anything at all, up to 256 UTF-16 units. */
  find(user: string, domain: string): Maybe<Account | undefined>
  /** All accounts, for clients that list users. Absent: they are told of those who are logged on. */
  list?(): Maybe<Iterable<Account>>
}

/** MS-DTYP 2.4.2.4. */
export const WellKnownSid = {
  EVERYONE: 'S-1-1-0',
  NETWORK: 'S-1-5-2',
  ANONYMOUS: 'S-1-5-7',
  AUTHENTICATED_USERS: 'S-1-5-11',
  USERS: 'S-1-5-32-545',
  GUESTS: 'S-1-5-32-546',
} as const

/** Groups that every machine has, by the names that people know them by. MS-DTYP 2.4.2.4. */
const BUILT_IN_GROUPS: Readonly<Record<string, string>> = {
  administrators: 'S-1-5-32-544',
  users: WellKnownSid.USERS,
  guests: WellKnownSid.GUESTS,
  'power users': 'S-1-5-32-547',
  'backup operators': 'S-1-5-32-551',
  everyone: WellKnownSid.EVERYONE,
  'authenticated users': WellKnownSid.AUTHENTICATED_USERS,
}

const RID_GUEST = 501
const RID_USERS = 513
const RID_GUESTS = 514

/** A machine SID that is always the same for a name, for servers that keep none. */
export function machineSidOf(name: string): string {
  const digest = createHash('sha256').update(`machine ${name.toUpperCase()}`).digest()
  return `S-1-5-21-${digest.readUInt32LE(0)}-${digest.readUInt32LE(4)}-${digest.readUInt32LE(8)}`
}

/** A SID of the machine that is always the same for an account's name; above all that are given out one by one. */
export function accountSidOf(machineSid: string, user: string): string {
  const digest = createHash('sha256').update(`account ${user.toLowerCase()}`).digest()
  return `${machineSid}-${(digest.readUInt32LE(0) | 0x4000_0000) & 0x7fff_ffff}`
}

/** The SID of a group: one that all machines have, one that is written as a SID, or the machine's own. */
export function groupSidOf(machineSid: string, group: string): string {
  const digest = (): Buffer => createHash('sha256').update(`group ${group.toLowerCase()}`).digest()
  if (/^S-1-\d/i.test(group)) return group.toUpperCase()
  return (
    BUILT_IN_GROUPS[group.toLowerCase()] ?? `${machineSid}-${(digest().readUInt32LE(0) | 0x4000_0000) & 0x7fff_ffff}`
  )
}

/** Makes identities of what a logon found out. */
export class Identities {
  readonly #domain: string
  readonly #machineSid: string

  /** `domain`: what accounts belong to that say nothing else; for a server of its own, its name. */
  constructor(domain: string, machineSid: string) {
    this.#domain = domain
    this.#machineSid = machineSid
  }

  /** The SID of a group that is named; see `groupSidOf`. */
  groupSid(group: string): string {
    return groupSidOf(this.#machineSid, group)
  }

  user(account: Account, workstation: string): Identity {
    return {
      kind: 'user',
      user: account.user,
      domain: account.domain ?? this.#domain,
      workstation,
      sid: account.sid ?? accountSidOf(this.#machineSid, account.user),
      ...(account.unixUser === undefined ? {} : { unixUser: account.unixUser }),
      groupSids: [
        `${this.#machineSid}-${RID_USERS}`,
        ...(account.groupSids ?? []),
        ...(account.groups ?? []).map((group) => this.groupSid(group)),
        WellKnownSid.EVERYONE,
        WellKnownSid.USERS,
        WellKnownSid.NETWORK,
        WellKnownSid.AUTHENTICATED_USERS,
      ],
    }
  }

  /** `user`: the name that was given and is not known. */
  guest(user: string, workstation: string): Identity {
    return {
      kind: 'guest',
      user,
      domain: this.#domain,
      workstation,
      sid: `${this.#machineSid}-${RID_GUEST}`,
      groupSids: [
        `${this.#machineSid}-${RID_GUESTS}`,
        WellKnownSid.EVERYONE,
        WellKnownSid.GUESTS,
        WellKnownSid.NETWORK,
      ],
    }
  }

  /** An anonymous user is not one of Everyone. */
  anonymous(workstation: string): Identity {
    return {
      kind: 'anonymous',
      user: '',
      domain: '',
      workstation,
      sid: WellKnownSid.ANONYMOUS,
      groupSids: [WellKnownSid.NETWORK],
    }
  }
}
