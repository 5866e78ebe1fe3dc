/** The two domains that every server has for samr: its own accounts, and the groups that are built in. */
import { proceed } from '../../auth/maybe.ts'
import type { Maybe } from '../../auth/mechanism.ts'
import { SidNameUse } from '../../rpc/lsarpc/lookup.ts'
import type { InputOf } from '../../rpc/ndr/index.ts'
import {
  ALL_FIELDS,
  noBlob,
  UserAccountControl,
  type UserInformation,
  UserInformationClass,
} from '../../rpc/samr/user.ts'
import { type Sid, WellKnownSid } from '../../wire/dtyp/index.ts'
import type { AccountDirectory, DirectoryUser } from '../account-directory.ts'
import { PRIMARY_GROUP_NAME, RID_USERS } from './account-names.ts'
import { BUILTIN, builtinAliases } from './known-accounts.ts'

/** A user, group or alias of a domain. */
export interface DomainMember {
  readonly name: string
  readonly relativeId: number
  /** Of `SidNameUse`. */
  readonly use: number
  readonly comment: string
  /** Where it is a user. */
  readonly user?: DirectoryUser
}

/** One of the domains, as an open handle has it. */
export class Domain {
  readonly name: string
  readonly sid: Sid
  readonly isBuiltin: boolean
  readonly accounts: AccountDirectory

  constructor(accounts: AccountDirectory, isBuiltin: boolean) {
    this.accounts = accounts
    this.isBuiltin = isBuiltin
    this.name = isBuiltin ? 'Builtin' : accounts.name
    this.sid = isBuiltin ? BUILTIN.sid : accounts.sid
  }

  /** Users, by relative id. */
  users(): Maybe<readonly DomainMember[]> {
    if (this.isBuiltin) return []
    return proceed(this.accounts.own(), (users) =>
      users.map((user) => ({
        name: user.name,
        relativeId: this.accounts.relativeId(user.sid) ?? 0,
        use: SidNameUse.USER,
        comment: user.comment,
        user,
      })),
    )
  }

  get groups(): readonly DomainMember[] {
    if (this.isBuiltin) return []
    const comment = 'Ordinary users'
    return [{ name: PRIMARY_GROUP_NAME, relativeId: RID_USERS, use: SidNameUse.GROUP, comment }]
  }

  aliases(): Maybe<readonly DomainMember[]> {
    if (!this.isBuiltin)
      return proceed(this.accounts.groups(), (groups) =>
        groups.map(({ name, sid }) => ({
          name,
          relativeId: this.accounts.relativeId(sid) ?? 0,
          use: SidNameUse.ALIAS,
          comment: '',
        })),
      )
    return builtinAliases.map(({ sid, name, use, comment = '' }) => ({
      name,
      relativeId: Number(sid.slice(BUILTIN.sid.length + 1)),
      use,
      comment,
    }))
  }

  all(): Maybe<readonly DomainMember[]> {
    return proceed(this.users(), (users) =>
      proceed(this.aliases(), (aliases) => [...users, ...this.groups, ...aliases]),
    )
  }

  find(relativeId: number, use: number): Maybe<DomainMember | undefined> {
    return proceed(this.all(), (all) => all.find((each) => each.relativeId === relativeId && each.use === use))
  }

  sidOf(relativeId: number): Sid {
    return `${this.sid}-${relativeId}`
  }

  /** Who is in an alias. */
  membersOf(alias: Sid): Maybe<readonly Sid[]> {
    return proceed(this.accounts.all(), (users) => users.filter((user) => isIn(user, alias)).map(({ sid }) => sid))
  }

  /** The aliases of this domain in which one of these is, as relative ids. */
  aliasesOf(sids: readonly (Sid | null)[]): Maybe<readonly number[]> {
    return proceed(this.accounts.all(), (users) =>
      proceed(this.aliases(), (aliases) => {
        const meant = users.filter(({ sid }) => sids.includes(sid))
        return aliases
          .filter(({ relativeId }) => meant.some((user) => isIn(user, this.sidOf(relativeId))))
          .map(({ relativeId }) => relativeId)
      }),
    )
  }
}

const isIn = (user: DirectoryUser, alias: Sid): boolean =>
  alias === WellKnownSid.BUILTIN_USERS || user.groupSids.includes(alias)

/** A point of time that never comes. */
const NEVER = 0x7fff_ffff_ffff_ffffn
const HOURS_A_WEEK = 168
/** A bit an hour, all set: no hour in which a user may not log on. */
const allHours = { unitsPerWeek: HOURS_A_WEEK, logonHours: Array.from({ length: HOURS_A_WEEK / 8 }, () => 0xff) }

export const controlOf = ({ disabled }: DirectoryUser): number =>
  UserAccountControl.NORMAL_ACCOUNT |
  UserAccountControl.DONT_EXPIRE_PASSWORD |
  (disabled ? UserAccountControl.ACCOUNT_DISABLED : 0)

/** What a user is to samr. When passwords were changed and users logged on is not kept. */
function everything(user: DirectoryUser, relativeId: number) {
  return {
    lastLogon: 0n,
    lastLogoff: 0n,
    passwordLastSet: 0n,
    accountExpires: NEVER,
    passwordCanChange: 0n,
    passwordMustChange: NEVER,
    userName: user.name,
    fullName: user.fullName,
    homeDirectory: '',
    homeDirectoryDrive: '',
    scriptPath: '',
    profilePath: '',
    adminComment: user.comment,
    workStations: '',
    userComment: '',
    parameters: noBlob,
    lmOwfPassword: noBlob,
    ntOwfPassword: noBlob,
    privateData: '',
    securityDescriptor: { descriptor: null },
    userId: relativeId,
    primaryGroupId: RID_USERS,
    userAccountControl: controlOf(user),
    whichFields: ALL_FIELDS,
    logonHours: allHours,
    badPasswordCount: 0,
    logonCount: 0,
    countryCode: 0,
    codePage: 0,
    lmPasswordPresent: 0,
    ntPasswordPresent: 0,
    passwordExpired: 0,
    privateDataSensitive: 0,
    reserved: '',
  }
}

const userClasses: readonly number[] = Object.values(UserInformationClass)

/** SAMPR_USER_INFO_BUFFER of any class that is declared; every one is a part of all. */
export function userInformation(
  user: DirectoryUser,
  relativeId: number,
  informationClass: number,
): InputOf<typeof UserInformation> | undefined {
  if (!userClasses.includes(informationClass)) return undefined
  return { tag: informationClass, value: everything(user, relativeId) } as InputOf<typeof UserInformation>
}
