/** The local security authority (MS-LSAD, MS-LSAT): whose accounts these are, names and SIDs, who may what. */
import { NULL_GUID } from '../../bytes/guid.ts'
import type { ContextHandles } from '../../rpc/context-handles.ts'
import { nullHandle } from '../../rpc/context-handles.ts'
import { Dssetup, MachineRole, RoleInformationLevel } from '../../rpc/dssetup/dssetup.ts'
import { fault, type RpcFault } from '../../rpc/fault.ts'
import { Lsarpc } from '../../rpc/lsarpc/lsarpc.ts'
import { LsaServerRole, PolicyAccess, type PolicyInformation, PolicyInformationClass } from '../../rpc/lsarpc/policy.ts'
import type { ContextHandle, InputOf } from '../../rpc/ndr/index.ts'
import type { AnswerOf } from '../../rpc/operation.ts'
import { type Handlers, type RpcService, service } from '../../rpc/service.ts'
import { WinError } from '../../rpc/werror.ts'
import { FaultStatus } from '../../wire/dcerpc/index.ts'
import type { Sid } from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { AccountDirectory } from '../account-directory.ts'
import { DEFAULT_DOMAIN, type ServiceContext } from './context.ts'
import { lookupHandlers } from './lsarpc-lookups.ts'
import { POLICY_ALL_ACCESS, POLICY_READ, Policy, policyOf } from './lsarpc-policy.ts'
import { accountRights, privileges, privilegesOf } from './rights.ts'
import { objectDescriptor, partsOf } from './security-objects.ts'

type Operations = typeof Lsarpc.operations

/** An account that was opened for its rights. */
class RightsAccount {
  readonly sid: Sid

  constructor(sid: Sid) {
    this.sid = sid
  }
}

type Opened = { readonly policyHandle: ContextHandle; readonly result: number }

/** MS-LSAD 3.1.4.4.1. Who is nobody has no business here. */
function openPolicy(context: ServiceContext, handles: ContextHandles, desiredAccess: number): Opened {
  const refused = (result: number): Opened => ({ policyHandle: nullHandle, result })
  if (context.user.kind === 'anonymous') return refused(NtStatus.ACCESS_DENIED)
  const policyHandle = handles.open(new Policy(desiredAccess))
  return policyHandle === undefined ? refused(NtStatus.INSUFFICIENT_RESOURCES) : { policyHandle, result: 0 }
}

/** Kinds of events that could be audited (MS-LSAD 2.2.4.20), none of which is. */
const noAuditing = Array.from({ length: 9 }, () => 0)

type Information = InputOf<typeof PolicyInformation>

/** MS-LSAD 3.1.4.4.3, as a server answers that belongs to no domain, or does not know the SID of its domain. */
function policyInformation(
  context: ServiceContext,
  accounts: AccountDirectory,
  informationClass: number,
): Information | undefined {
  const domainName = context.domainName ?? DEFAULT_DOMAIN
  const accountDomain = { domainName: accounts.name, domainSid: accounts.sid }
  const dns = {
    name: domainName,
    dnsDomainName: context.memberOf?.dnsDomain ?? '',
    dnsForestName: '',
    domainGuid: NULL_GUID,
    sid: null,
  }
  const Class = PolicyInformationClass
  switch (informationClass) {
    case Class.AUDIT_EVENTS:
      return { tag: Class.AUDIT_EVENTS, value: { auditingMode: 0, eventAuditingOptions: noAuditing } }
    case Class.PRIMARY_DOMAIN:
      return { tag: Class.PRIMARY_DOMAIN, value: { name: domainName, sid: null } }
    case Class.ACCOUNT_DOMAIN:
      return { tag: Class.ACCOUNT_DOMAIN, value: accountDomain }
    case Class.SERVER_ROLE:
      return { tag: Class.SERVER_ROLE, value: { lsaServerRole: LsaServerRole.PRIMARY } }
    case Class.DNS_DOMAIN:
      return { tag: Class.DNS_DOMAIN, value: dns }
    case Class.DNS_DOMAIN_INTERNAL:
      return { tag: Class.DNS_DOMAIN_INTERNAL, value: dns }
    case Class.LOCAL_ACCOUNT_DOMAIN:
      return { tag: Class.LOCAL_ACCOUNT_DOMAIN, value: accountDomain }
    default:
      return undefined
  }
}

/** Opening, closing and asking a policy. */
function policyHandlers(context: ServiceContext, accounts: AccountDirectory): Handlers<Operations> {
  const query: Handlers<Operations>['LsarQueryInformationPolicy'] = (
    { policyHandle, informationClass },
    { handles },
  ) => {
    const policy = policyOf(handles, policyHandle)
    if (!(policy instanceof Policy)) return policy
    const refused = (result: number) => ({ policyInformation: null, result })
    if (!policy.may(PolicyAccess.VIEW_LOCAL_INFORMATION)) return refused(NtStatus.ACCESS_DENIED)
    const information = policyInformation(context, accounts, informationClass)
    return information === undefined
      ? refused(NtStatus.INVALID_INFO_CLASS)
      : { policyInformation: information, result: 0 }
  }
  return {
    LsarOpenPolicy: ({ desiredAccess }, { handles }) => openPolicy(context, handles, desiredAccess),
    LsarOpenPolicy2: ({ desiredAccess }, { handles }) => openPolicy(context, handles, desiredAccess),
    LsarOpenPolicy3: ({ desiredAccess }, { handles }) => ({
      outRevisionInfo: { tag: 1, value: { revision: 1, supportedFeatures: 0 } },
      ...openPolicy(context, handles, desiredAccess),
    }),
    LsarClose: ({ handle }, { handles }) =>
      handles.close(handle, Policy, RightsAccount)
        ? { handle: nullHandle, result: 0 }
        : fault(FaultStatus.CONTEXT_MISMATCH),
    LsarQueryInformationPolicy: query,
    LsarQueryInformationPolicy2: query,
    LsarQuerySecurityObject({ handle, securityInformation }, { handles }) {
      const policy = policyOf(handles, handle)
      if (!(policy instanceof Policy)) return policy
      const descriptor = partsOf(objectDescriptor(POLICY_READ, POLICY_ALL_ACCESS), securityInformation)
      return { securityDescriptor: { descriptor }, result: 0 }
    },
    LsarGetUserName({ domainName }) {
      const { kind, user, domain } = context.user
      const who = kind === 'anonymous' ? { name: 'ANONYMOUS LOGON', of: 'NT AUTHORITY' } : { name: user, of: domain }
      return { userName: who.name, domainName: domainName && { name: who.of }, result: 0 }
    },
  }
}

const luidOf = (value: number) => ({ lowPart: value, highPart: 0 })

/** Privileges, and the accounts that have some. */
function rightsHandlers(): Handlers<Operations> {
  const byName = (name: string | null) =>
    privileges.find((each) => each.name.toUpperCase() === (name ?? '').toUpperCase())
  /** Runs `work` for who has a policy. */
  const withPolicy = <A>(handles: ContextHandles, handle: ContextHandle, work: () => A): A | RpcFault => {
    const policy = policyOf(handles, handle)
    return policy instanceof Policy ? work() : policy
  }
  /** A list that is told all at once. */
  const all = <T>(entries: readonly T[], enumerationContext: number) =>
    enumerationContext >= entries.length
      ? { enumerationContext, entries: [], result: NtStatus.NO_MORE_ENTRIES }
      : { enumerationContext: entries.length, entries: entries.slice(enumerationContext), result: 0 }
  return {
    LsarEnumeratePrivileges: ({ policyHandle, enumerationContext }, { handles }) =>
      withPolicy(handles, policyHandle, (): AnswerOf<Operations['LsarEnumeratePrivileges']> => {
        const { entries, ...rest } = all(privileges, enumerationContext)
        return {
          ...rest,
          privileges: { entries: entries.map(({ name, value }) => ({ name, localValue: luidOf(value) })) },
        }
      }),
    LsarEnumerateAccounts: ({ policyHandle, enumerationContext }, { handles }) =>
      withPolicy(handles, policyHandle, () => {
        const { entries, ...rest } = all([...accountRights.keys()], enumerationContext)
        return { ...rest, accounts: { entries: entries.map((sid) => ({ sid })) } }
      }),
    LsarEnumerateAccountsWithUserRight: ({ policyHandle, userRight }, { handles }) =>
      withPolicy(handles, policyHandle, () => {
        const having = [...accountRights].filter(([, rights]) => userRight === null || rights.includes(userRight))
        const result = having.length === 0 ? NtStatus.NO_MORE_ENTRIES : 0
        return { accounts: { entries: having.map(([sid]) => ({ sid })) }, result }
      }),
    LsarEnumerateTrustedDomains: ({ policyHandle, enumerationContext }, { handles }) =>
      withPolicy(handles, policyHandle, () => ({
        enumerationContext,
        domains: { entries: null },
        result: NtStatus.NO_MORE_ENTRIES,
      })),
    LsarEnumerateTrustedDomainsEx: ({ policyHandle, enumerationContext }, { handles }) =>
      withPolicy(handles, policyHandle, () => ({
        enumerationContext,
        domains: { entries: null },
        result: NtStatus.NO_MORE_ENTRIES,
      })),
    LsarOpenAccount: ({ policyHandle, accountSid }, { handles }) =>
      withPolicy(handles, policyHandle, () => {
        const known = accountRights.has(accountSid)
        const accountHandle = known ? handles.open(new RightsAccount(accountSid)) : nullHandle
        if (accountHandle === undefined) return { accountHandle: nullHandle, result: NtStatus.INSUFFICIENT_RESOURCES }
        return { accountHandle, result: known ? 0 : NtStatus.OBJECT_NAME_NOT_FOUND }
      }),
    LsarEnumeratePrivilegesAccount({ accountHandle }, { handles }) {
      const account = handles.find(accountHandle, RightsAccount)
      if (account === undefined) return fault(FaultStatus.CONTEXT_MISMATCH)
      const held = privilegesOf(account.sid).map(({ value }) => ({ luid: luidOf(value), attributes: 0 }))
      return { privileges: { control: 0, privileges: held }, result: 0 }
    },
    LsarEnumerateAccountRights: ({ policyHandle, accountSid }, { handles }) =>
      withPolicy(handles, policyHandle, () => {
        const rights = accountRights.get(accountSid)
        if (rights === undefined) return { userRights: { entries: null }, result: NtStatus.OBJECT_NAME_NOT_FOUND }
        return { userRights: { entries: rights }, result: 0 }
      }),
    LsarLookupPrivilegeValue: ({ policyHandle, name }, { handles }) =>
      withPolicy(handles, policyHandle, () => {
        const found = byName(name)
        return { value: luidOf(found?.value ?? 0), result: found === undefined ? NtStatus.NO_SUCH_PRIVILEGE : 0 }
      }),
    LsarLookupPrivilegeName: ({ policyHandle, value }, { handles }) =>
      withPolicy(handles, policyHandle, () => {
        const found = value.highPart === 0 ? privileges.find((each) => each.value === value.lowPart) : undefined
        return { name: found?.name ?? null, result: found === undefined ? NtStatus.NO_SUCH_PRIVILEGE : 0 }
      }),
    LsarLookupPrivilegeDisplayName: ({ policyHandle, name }, { handles }) =>
      withPolicy(handles, policyHandle, () => {
        const found = byName(name)
        const result = found === undefined ? NtStatus.NO_SUCH_PRIVILEGE : 0
        return { displayName: found?.displayName ?? null, language: 0, result }
      }),
  }
}

/** The service for one caller. */
export function lsarpc(context: ServiceContext, accounts: AccountDirectory): RpcService {
  return service(Lsarpc, {
    ...policyHandlers(context, accounts),
    ...rightsHandlers(),
    ...lookupHandlers(accounts),
  })
}

/** MS-DSSP 3.2.5.1: a server of its own, or a member of a domain. */
export function dssetup(context: ServiceContext): RpcService {
  return service(Dssetup, {
    DsRolerGetPrimaryDomainInformation({ informationLevel }) {
      if (informationLevel !== RoleInformationLevel.BASIC)
        return { information: null, result: WinError.INVALID_PARAMETER }
      const value = {
        machineRole: context.memberOf === undefined ? MachineRole.STANDALONE_SERVER : MachineRole.MEMBER_SERVER,
        flags: 0,
        domainNameFlat: context.domainName ?? DEFAULT_DOMAIN,
        domainNameDns: context.memberOf?.dnsDomain ?? null,
        domainForestName: null,
        domainGuid: NULL_GUID,
      }
      return { information: { tag: RoleInformationLevel.BASIC, value }, result: WinError.SUCCESS }
    },
  })
}
