/** The database of accounts (MS-SAMR), to be read: whom a permission dialog offers, and `net user` lists. */
import { proceed } from '../../auth/maybe.ts'
import { type ContextHandles, type HandleKind, nullHandle } from '../../rpc/context-handles.ts'
import { fault, type RpcFault } from '../../rpc/fault.ts'
import { SidNameUse } from '../../rpc/lsarpc/lookup.ts'
import type { Maybe } from '../../rpc/maybe.ts'
import { type ContextHandle, type InputOf, otherArm } from '../../rpc/ndr/index.ts'
import type { AnswerOf } from '../../rpc/operation.ts'
import {
  type DisplayInformation,
  type DomainInformation,
  DomainInformationClass,
  DomainServerRole,
  NEVER,
} from '../../rpc/samr/domain.ts'
import { MAX_SAMR_LOOKUPS, Samr } from '../../rpc/samr/samr.ts'
import { GROUP_ATTRIBUTES } from '../../rpc/samr/user.ts'
import { type Handlers, type RpcService, service } from '../../rpc/service.ts'
import { FaultStatus } from '../../wire/dcerpc/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { AccountDirectory, DirectoryUser } from '../account-directory.ts'
import { RID_USERS } from './account-names.ts'
import { DEFAULT_DOMAIN, type ServiceContext } from './context.ts'
import { controlOf, Domain, type DomainMember, userInformation } from './samr-domain.ts'
import { objectDescriptor, partsOf } from './security-objects.ts'

type Operations = typeof Samr.operations

/** What handles stand for, beside `Domain`. */
class SamrServer {
  /** Who has connected may see both domains. */
  readonly domains: readonly Domain[]

  constructor(accounts: AccountDirectory) {
    this.domains = [new Domain(accounts, false), new Domain(accounts, true)]
  }
}
class Member {
  readonly domain: Domain
  readonly relativeId: number
  readonly name: string
  readonly comment: string

  constructor(domain: Domain, { relativeId, name, comment }: DomainMember) {
    this.domain = domain
    this.relativeId = relativeId
    this.name = name
    this.comment = comment
  }
}
class User extends Member {
  readonly user: DirectoryUser

  constructor(domain: Domain, member: DomainMember, user: DirectoryUser) {
    super(domain, member)
    this.user = user
  }
}
class Group extends Member {}
class Alias extends Member {}

type Opened = { readonly handle: ContextHandle; readonly result: number }

/** Runs `work` for who has the handle; one of another kind, or of somebody else, is a fault. */
function held<T, A>(
  handles: ContextHandles,
  handle: ContextHandle,
  kind: HandleKind<T>,
  work: (found: T) => A,
): A | RpcFault {
  const found = handles.find(handle, kind)
  return found === undefined ? fault(FaultStatus.CONTEXT_MISMATCH) : work(found)
}

const refused = (result: number): Opened => ({ handle: nullHandle, result })

function opened(handles: ContextHandles, value: object): Opened {
  const handle = handles.open(value)
  return handle === undefined ? refused(NtStatus.INSUFFICIENT_RESOURCES) : { handle, result: 0 }
}

/** A list in pieces of about as many bytes as the client wants; at least one entry, so that it gets on. */
function piece<T extends { readonly name: string }>(
  all: readonly T[],
  start: number,
  preferredBytes: number,
): { readonly entries: readonly T[]; readonly next: number; readonly isAll: boolean } {
  const FIXED_BYTES = 32
  let room = preferredBytes
  let end = start
  while (end < all.length) {
    room -= FIXED_BYTES + (all[end] as T).name.length * 2
    if (room < 0 && end > start) break
    end++
  }
  return { entries: all.slice(start, end), next: end, isAll: end >= all.length }
}

function enumerated(
  all: readonly DomainMember[],
  resumeHandle: number,
  preferredBytes: number,
): AnswerOf<Operations['SamrEnumerateUsers']> {
  const { entries, next, isAll } = piece(all, Math.min(resumeHandle, all.length), preferredBytes)
  return {
    resumeHandle: next,
    buffer: { entries: entries.map(({ name, relativeId }) => ({ name, relativeId })) },
    countReturned: entries.length,
    result: isAll ? 0 : NtStatus.MORE_ENTRIES,
  }
}

/** No rules for passwords: they are made elsewhere. */
const noRules = { minPasswordLength: 0, passwordProperties: 0 }
const rules = () => ({ passwordInformation: noRules, result: 0 })
const ENABLED = 1
const HALF_AN_HOUR = -18_000_000_000n

function domainInformation(
  context: ServiceContext,
  domain: Domain,
  { userCount, aliasCount }: { readonly userCount: number; readonly aliasCount: number },
  informationClass: number,
): InputOf<typeof DomainInformation> | undefined {
  const Class = DomainInformationClass
  const general = {
    forceLogoff: NEVER,
    oemInformation: context.comment,
    domainName: domain.isBuiltin ? domain.name : (context.domainName ?? DEFAULT_DOMAIN),
    replicaSourceNodeName: context.serverName,
    domainModifiedCount: 1n,
    domainServerState: ENABLED,
    domainServerRole: DomainServerRole.PRIMARY,
    uasCompatibilityRequired: 1,
    userCount,
    groupCount: domain.groups.length,
    aliasCount,
  }
  const lockout = {
    lockoutDuration: BigInt.asUintN(64, HALF_AN_HOUR),
    lockoutObservationWindow: BigInt.asUintN(64, HALF_AN_HOUR),
    lockoutThreshold: 0,
  }
  const modified = { ...general, creationTime: 0n, modifiedCountAtLastPromotion: 0n }
  const password = { ...noRules, passwordHistoryLength: 0, maxPasswordAge: NEVER, minPasswordAge: 0n }
  const values: Readonly<Record<number, object>> = {
    [Class.PASSWORD]: password,
    [Class.GENERAL]: general,
    [Class.LOGOFF]: general,
    [Class.OEM]: general,
    [Class.NAME]: general,
    [Class.REPLICATION]: general,
    [Class.SERVER_ROLE]: general,
    [Class.MODIFIED]: modified,
    [Class.STATE]: general,
    [Class.GENERAL2]: { general, ...lockout },
    [Class.LOCKOUT]: lockout,
    [Class.MODIFIED2]: modified,
  }
  const value = values[informationClass]
  return value && ({ tag: informationClass, value } as InputOf<typeof DomainInformation>)
}

/** Connecting, domains, and what is asked of them. */
function domainHandlers(context: ServiceContext, accounts: AccountDirectory): Handlers<Operations> {
  /** Accounts are told to who has one (MS-SAMR 3.1.1.1.1 leaves it to the server). */
  const connect = (handles: ContextHandles): Opened =>
    context.user.kind === 'user' ? opened(handles, new SamrServer(accounts)) : refused(NtStatus.ACCESS_DENIED)
  const query: Handlers<Operations>['SamrQueryInformationDomain'] = (input, { handles }) =>
    held(handles, input.domain, Domain, (domain) =>
      proceed(domain.all(), (all) => {
        const count = (use: number): number => all.filter((each) => each.use === use).length
        const counts = { userCount: count(SidNameUse.USER), aliasCount: count(SidNameUse.ALIAS) }
        const information = domainInformation(context, domain, counts, input.informationClass)
        return information === undefined
          ? { information: null, result: NtStatus.INVALID_INFO_CLASS }
          : { information, result: 0 }
      }),
    )
  return {
    SamrConnect: (_input, { handles }) => connect(handles),
    SamrConnect2: (_input, { handles }) => connect(handles),
    SamrConnect4: (_input, { handles }) => connect(handles),
    SamrConnect5: (_input, { handles }) => ({
      outRevisionInfo: { tag: 1, value: { revision: 3, supportedFeatures: 0 } },
      ...connect(handles),
    }),
    SamrCloseHandle: ({ handle }, { handles }) =>
      handles.close(handle, SamrServer, Domain, Member)
        ? { handle: nullHandle, result: 0 }
        : fault(FaultStatus.CONTEXT_MISMATCH),
    SamrQuerySecurityObject({ handle, securityInformation }, { handles }) {
      if (handles.find(handle, Object) === undefined) return fault(FaultStatus.CONTEXT_MISMATCH)
      const descriptor = partsOf(objectDescriptor(0x0002_0031, 0x000f_003f), securityInformation)
      return { securityDescriptor: { descriptor }, result: 0 }
    },
    SamrLookupDomain: ({ server, name }, { handles }) =>
      held(handles, server, SamrServer, ({ domains }) => {
        const found = domains.find((domain) => domain.name.toUpperCase() === name?.toUpperCase())
        return { domainSid: found?.sid ?? null, result: found === undefined ? NtStatus.NO_SUCH_DOMAIN : 0 }
      }),
    SamrEnumerateDomains: ({ server, resumeHandle, preferredMaximumLength }, { handles }) =>
      held(handles, server, SamrServer, ({ domains }) => {
        const list = domains.map(({ name }) => ({ name, relativeId: 0, use: SidNameUse.DOMAIN, comment: '' }))
        return enumerated(list, resumeHandle, preferredMaximumLength)
      }),
    SamrOpenDomain: ({ server, domainSid }, { handles }) =>
      held(handles, server, SamrServer, ({ domains }) => {
        const found = domains.find(({ sid }) => sid === domainSid)
        return found === undefined ? refused(NtStatus.NO_SUCH_DOMAIN) : opened(handles, found)
      }),
    SamrQueryInformationDomain: query,
    SamrQueryInformationDomain2: query,
    SamrGetDomainPasswordInformation: rules,
    SamrRidToSid: ({ handle, relativeId }, { handles }) => {
      const found = handles.find(handle, Domain) ?? handles.find(handle, Member)?.domain
      return found === undefined ? fault(FaultStatus.CONTEXT_MISMATCH) : { sid: found.sidOf(relativeId), result: 0 }
    },
  }
}

type Listing = AnswerOf<Operations['SamrQueryDisplayInformation']>
type Display = InputOf<typeof DisplayInformation>

/** SAMPR_DISPLAY_INFO_BUFFER of a class; undefined for one that is not there. */
function displayed(informationClass: number, entries: readonly DomainMember[], first: number): Display | undefined {
  const wide = entries.map(({ name, relativeId, comment, user }, i) => ({
    index: first + i + 1,
    rid: relativeId,
    attributes: user === undefined ? GROUP_ATTRIBUTES : controlOf(user),
    accountName: name,
    adminComment: comment,
    fullName: user?.fullName ?? '',
  }))
  const narrow = entries.map(({ name }, i) => {
    const buffer = [...Buffer.from(name, 'latin1')]
    return {
      index: first + i + 1,
      accountName: { length: buffer.length, maximumLength: buffer.length, buffer },
    }
  })
  switch (informationClass) {
    case 1:
      return { tag: 1, value: { entries: wide } }
    case 2:
      return { tag: 2, value: { entries: wide } }
    case 3:
      return { tag: 3, value: { entries: wide } }
    case 4:
      return { tag: 4, value: { entries: narrow } }
    case 5:
      return { tag: 5, value: { entries: narrow } }
    default:
      return undefined
  }
}

/** MS-SAMR 3.1.5.3.1: users, machines (there are none) or groups, from an index on. */
function displayOf(
  domain: Domain,
  input: Parameters<NonNullable<Handlers<Operations>['SamrQueryDisplayInformation']>>[0],
): Maybe<Listing> {
  const { informationClass, index, entryCount, preferredMaximumLength } = input
  const isUsers = informationClass === 1 || informationClass === 4
  const isGroups = informationClass === 3 || informationClass === 5
  return proceed(isUsers ? domain.users() : isGroups ? domain.groups : [], (all) => {
    const wanted = all.slice(0, index + entryCount)
    const { entries, next } = piece(wanted, Math.min(index, wanted.length), preferredMaximumLength)
    const information = displayed(informationClass, entries, index)
    if (information === undefined)
      return {
        totalAvailable: 0,
        totalReturned: 0,
        information: otherArm(informationClass),
        result: NtStatus.INVALID_INFO_CLASS,
      }
    const bytesOf = (list: readonly DomainMember[]): number =>
      list.reduce((sum, { name }) => sum + 32 + name.length * 2, 0)
    return {
      totalAvailable: bytesOf(all),
      totalReturned: bytesOf(entries),
      information,
      result: next < all.length ? NtStatus.MORE_ENTRIES : 0,
    }
  })
}

/** Lists of a domain, and translations between names and relative ids. */
function listHandlers(): Handlers<Operations> {
  const display: Handlers<Operations>['SamrQueryDisplayInformation'] = (input, { handles }) =>
    held(handles, input.domain, Domain, (domain) => displayOf(domain, input))
  const mapped = (found: number, wanted: number): number =>
    found === wanted ? 0 : found === 0 ? NtStatus.NONE_MAPPED : NtStatus.SOME_NOT_MAPPED
  return {
    SamrEnumerateUsers: (input, { handles }) =>
      held(handles, input.domain, Domain, (domain) =>
        proceed(domain.users(), (users) => {
          const { userAccountControl: bits } = input
          const wanted = users.filter(
            ({ user }) => bits === 0 || (user !== undefined && (controlOf(user) & bits) !== 0),
          )
          return enumerated(wanted, input.resumeHandle, input.preferredMaximumLength)
        }),
      ),
    SamrEnumerateGroups: (input, { handles }) =>
      held(handles, input.domain, Domain, ({ groups }) =>
        enumerated(groups, input.resumeHandle, input.preferredMaximumLength),
      ),
    SamrEnumerateAliases: (input, { handles }) =>
      held(handles, input.domain, Domain, (domain) =>
        proceed(domain.aliases(), (aliases) => enumerated(aliases, input.resumeHandle, input.preferredMaximumLength)),
      ),
    SamrQueryDisplayInformation: display,
    SamrQueryDisplayInformation2: display,
    SamrQueryDisplayInformation3: display,
    SamrLookupNames: (input, { handles }) =>
      held(handles, input.domain, Domain, (domain) => {
        if (input.names.length > MAX_SAMR_LOOKUPS)
          return { relativeIds: { entries: [] }, use: { entries: [] }, result: NtStatus.INVALID_PARAMETER }
        return proceed(domain.all(), (all) => {
          const byName = new Map(all.map((each) => [each.name.toUpperCase(), each]))
          const found = input.names.map((name) => byName.get((name ?? '').toUpperCase()))
          return {
            relativeIds: { entries: found.map((each) => each?.relativeId ?? 0) },
            use: { entries: found.map((each) => each?.use ?? SidNameUse.UNKNOWN) },
            result: mapped(found.filter((each) => each !== undefined).length, found.length),
          }
        })
      }),
    SamrLookupIds: (input, { handles }) =>
      held(handles, input.domain, Domain, (domain) => {
        if (input.relativeIds.length > MAX_SAMR_LOOKUPS)
          return { names: { entries: [] }, use: { entries: [] }, result: NtStatus.INVALID_PARAMETER }
        return proceed(domain.all(), (all) => {
          const byId = new Map(all.map((each) => [each.relativeId, each]))
          const found = input.relativeIds.map((relativeId) => byId.get(relativeId))
          return {
            names: { entries: found.map((each) => each?.name ?? null) },
            use: { entries: found.map((each) => each?.use ?? SidNameUse.UNKNOWN) },
            result: mapped(found.filter((each) => each !== undefined).length, found.length),
          }
        })
      }),
    SamrGetAliasMembership: (input, { handles }) =>
      held(handles, input.domain, Domain, (domain) =>
        proceed(domain.aliasesOf((input.sids.entries ?? []).map(({ sid }) => sid)), (entries) => ({
          membership: { entries },
          result: 0,
        })),
      ),
  }
}

/** Users, groups and aliases, each by its handle. */
function memberHandlers(): Handlers<Operations> {
  const query: Handlers<Operations>['SamrQueryInformationUser'] = (input, { handles }) =>
    held(handles, input.user, User, ({ user, relativeId }) => {
      const information = userInformation(user, relativeId, input.informationClass)
      return information === undefined
        ? { information: null, result: NtStatus.INVALID_INFO_CLASS }
        : { information, result: 0 }
    })
  return {
    SamrOpenUser: ({ domain: handle, relativeId }, { handles }) =>
      held(handles, handle, Domain, (domain) =>
        proceed(domain.find(relativeId, SidNameUse.USER), (found) =>
          found?.user === undefined
            ? refused(NtStatus.NO_SUCH_USER)
            : opened(handles, new User(domain, found, found.user)),
        ),
      ),
    SamrOpenGroup: ({ domain: handle, relativeId }, { handles }) =>
      held(handles, handle, Domain, (domain) => {
        const found = domain.groups.find((each) => each.relativeId === relativeId)
        return found === undefined ? refused(NtStatus.NO_SUCH_GROUP) : opened(handles, new Group(domain, found))
      }),
    SamrOpenAlias: ({ domain: handle, relativeId }, { handles }) =>
      held(handles, handle, Domain, (domain) =>
        proceed(domain.find(relativeId, SidNameUse.ALIAS), (found) =>
          found === undefined ? refused(NtStatus.NO_SUCH_ALIAS) : opened(handles, new Alias(domain, found)),
        ),
      ),
    SamrQueryInformationUser: query,
    SamrQueryInformationUser2: query,
    SamrGetUserDomainPasswordInformation: ({ user }, { handles }) => held(handles, user, User, rules),
    SamrGetGroupsForUser: ({ user }, { handles }) =>
      held(handles, user, User, () => ({
        groups: { entries: [{ relativeId: RID_USERS, attributes: GROUP_ATTRIBUTES }] },
        result: 0,
      })),
    SamrQueryInformationGroup: (input, { handles }) =>
      held(handles, input.group, Group, (group) =>
        proceed(group.domain.users(), (users) => {
          const value = {
            name: group.name,
            attributes: GROUP_ATTRIBUTES,
            memberCount: users.length,
            adminComment: group.comment,
          }
          const tag = input.informationClass
          if (tag !== 1 && tag !== 2 && tag !== 3 && tag !== 4 && tag !== 5)
            return { information: null, result: NtStatus.INVALID_INFO_CLASS }
          return { information: { tag, value }, result: 0 }
        }),
      ),
    SamrGetMembersInGroup: ({ group }, { handles }) =>
      held(handles, group, Group, ({ domain }) =>
        proceed(domain.users(), (users) => ({
          members: {
            members: users.map(({ relativeId }) => relativeId),
            attributes: users.map(() => GROUP_ATTRIBUTES),
          },
          result: 0,
        })),
      ),
    SamrQueryInformationAlias: (input, { handles }) =>
      held(handles, input.alias, Alias, (alias) =>
        proceed(alias.domain.membersOf(alias.domain.sidOf(alias.relativeId)), (members) => {
          const value = { name: alias.name, memberCount: members.length, adminComment: alias.comment }
          const tag = input.informationClass
          if (tag !== 1 && tag !== 2 && tag !== 3) return { information: null, result: NtStatus.INVALID_INFO_CLASS }
          return { information: { tag, value }, result: 0 }
        }),
      ),
    SamrGetMembersInAlias: ({ alias: handle }, { handles }) =>
      held(handles, handle, Alias, ({ domain, relativeId }) =>
        proceed(domain.membersOf(domain.sidOf(relativeId)), (members) => ({
          members: { entries: members.map((sid) => ({ sid })) },
          result: 0,
        })),
      ),
  }
}

/** The service for one caller. */
export function samr(context: ServiceContext, accounts: AccountDirectory): RpcService {
  return service(Samr, {
    ...domainHandlers(context, accounts),
    ...listHandlers(),
    ...memberHandlers(),
  })
}
