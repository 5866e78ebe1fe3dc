/** lsarpc and samr as the server answers them, asked by our client in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../src/auth/accounts.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { Dssetup } from '../../src/rpc/dssetup/dssetup.ts'
import { LookupLevel, SidNameUse } from '../../src/rpc/lsarpc/lookup.ts'
import { Lsarpc } from '../../src/rpc/lsarpc/lsarpc.ts'
import { noAttributes, PolicyAccess, PolicyInformationClass } from '../../src/rpc/lsarpc/policy.ts'
import { Samr } from '../../src/rpc/samr/samr.ts'
import { AccountDirectory } from '../../src/server/account-directory.ts'
import type { Caller, ServiceContext } from '../../src/server/services/context.ts'
import { FaultStatus } from '../../src/wire/dcerpc/index.ts'
import { decodeSecurityDescriptor, encodeSid } from '../../src/wire/dtyp/index.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { clientOn, openPipe, pipeDuplex } from './rpc-pair.ts'

const MACHINE = 'S-1-5-21-1-2-3'
const ADMINISTRATORS = 'S-1-5-32-544'
const hash = ntHash('x')
const accounts: readonly Account[] = [
  { user: 'anna', ntHash: hash, sid: `${MACHINE}-1001`, fullName: 'Anna A.', groupSids: [ADMINISTRATORS] },
  {
    user: 'bert',
    ntHash: hash,
    sid: `${MACHINE}-1000`,
    comment: 'on leave',
    disabled: true,
    groups: ['Painters', 'Users'],
  },
  { user: 'carl', ntHash: hash, sid: 'S-1-5-21-7-8-9-1105', domain: 'LAB' },
]
const find = (name: string) => accounts.find(({ user }) => user === name.toLowerCase())
const anna: Caller = { kind: 'user', user: 'anna', domain: 'SERVER', sid: `${MACHINE}-1001` }

const contextFor = (
  user: Caller = anna,
  list: () => Iterable<Account> | Promise<Iterable<Account>> = () => accounts,
): ServiceContext => ({
  serverName: 'SERVER',
  comment: 'a test',
  shares: () => [],
  user,
  accounts: new AccountDirectory({
    name: 'SERVER',
    sid: MACHINE,
    source: () => ({ find, list }),
    loggedOn: () => [],
  }),
})

const opening = { systemName: null, objectAttributes: noAttributes } as const
const lookup = { lookupLevel: LookupLevel.WORKSTATION, mappedCount: 0 } as const
const revision = { lookupOptions: 0, clientRevision: 2 } as const

async function openPolicy(context = contextFor(), desiredAccess: number = PolicyAccess.MAXIMUM_ALLOWED) {
  const lsa = await clientOn('lsarpc', context).bind(Lsarpc)
  const { policyHandle, result } = await lsa.LsarOpenPolicy2({ ...opening, desiredAccess })
  return { lsa, policyHandle, result }
}

test('lsarpc: SIDs to names, with the domains that they are of', async () => {
  // Accounts may come later, too.
  for (const list of [() => accounts, () => Promise.resolve(accounts)]) {
    const { lsa, policyHandle } = await openPolicy(contextFor(anna, list))
    const sids = [
      `${MACHINE}-1001`,
      'S-1-1-0',
      ADMINISTRATORS,
      'S-1-5-21-7-8-9-1105',
      'S-1-22-1-1000',
      MACHINE,
      `${MACHINE}-501`,
      'S-1-5-21-9-9-9-9',
    ]
    const answer = await lsa.LsarLookupSids2({
      policyHandle,
      sids: { entries: sids.map((sid) => ({ sid })) },
      translatedNames: { entries: null },
      ...lookup,
      ...revision,
    })
    assert.equal(answer.result, NtStatus.SOME_NOT_MAPPED)
    assert.equal(answer.mappedCount, 7)
    const domains = answer.referencedDomains?.domains ?? []
    assert.deepEqual(
      (answer.translatedNames.entries ?? []).map(({ name, use, domainIndex }) => [
        domains[domainIndex]?.name,
        name,
        use,
      ]),
      [
        ['SERVER', 'anna', SidNameUse.USER],
        ['', 'Everyone', SidNameUse.WELL_KNOWN_GROUP],
        ['BUILTIN', 'Administrators', SidNameUse.ALIAS],
        ['LAB', 'carl', SidNameUse.USER],
        ['Unix User', '1000', SidNameUse.USER],
        ['SERVER', '', SidNameUse.DOMAIN],
        ['SERVER', 'Guest', SidNameUse.USER],
        [undefined, 'S-1-5-21-9-9-9-9', SidNameUse.UNKNOWN],
      ],
    )
    assert.equal(domains.find(({ name }) => name === 'LAB')?.sid, 'S-1-5-21-7-8-9')
  }
})

test('lsarpc: names to SIDs, however they are written, in each of the four ways', async () => {
  const { lsa, policyHandle } = await openPolicy()
  const names = [
    'Anna',
    'SERVER\\anna',
    'anna@server',
    'everyone',
    'BUILTIN\\Administrators',
    'server',
    'NT AUTHORITY\\SYSTEM',
  ]
  const wrong = ['LAB\\anna', 'BUILTIN\\anna', '', 'nobody']
  const sids = [`${MACHINE}-1001`, `${MACHINE}-1001`, `${MACHINE}-1001`, 'S-1-1-0', ADMINISTRATORS, MACHINE, 'S-1-5-18']
  const request = { policyHandle, translatedSids: { entries: null }, ...lookup, ...revision }
  const three = await lsa.LsarLookupNames3({ ...request, names: [...names, ...wrong] })
  assert.equal(three.result, NtStatus.SOME_NOT_MAPPED)
  assert.deepEqual(
    three.translatedSids.entries?.map(({ sid }) => sid),
    [...sids, null, null, null, null],
  )
  const two = await lsa.LsarLookupNames2({ ...request, names })
  const one = await lsa.LsarLookupNames({ ...request, names })
  for (const { result, translatedSids, referencedDomains } of [one, two]) {
    assert.equal(result, 0)
    const domains = referencedDomains?.domains ?? []
    assert.deepEqual(
      translatedSids.entries?.map(({ relativeId, domainIndex }) =>
        relativeId === 0xffff_ffff ? domains[domainIndex]?.sid : `${domains[domainIndex]?.sid}-${relativeId}`,
      ),
      sids,
    )
  }
  const group = await lsa.LsarLookupNames({ ...request, names: ['painters'] })
  assert.equal(group.translatedSids.entries?.[0]?.use, SidNameUse.ALIAS)
  const none = await lsa.LsarLookupNames({ ...request, names: ['nobody'] })
  assert.equal(none.result, NtStatus.NONE_MAPPED)
  assert.equal((await lsa.LsarLookupNames4({ ...request, names })).result, NtStatus.ACCESS_DENIED)
})

test('lsarpc: what a policy was not opened for is refused, and handles of others are a fault', async () => {
  const { lsa, policyHandle } = await openPolicy(contextFor(), PolicyAccess.VIEW_LOCAL_INFORMATION)
  const sids = { entries: [{ sid: 'S-1-1-0' }] }
  const request = { sids, translatedNames: { entries: null }, ...lookup }
  assert.equal((await lsa.LsarLookupSids({ policyHandle, ...request })).result, NtStatus.ACCESS_DENIED)
  const stranger = await openPolicy()
  await assert.rejects(stranger.lsa.LsarLookupSids({ policyHandle, ...request }), {
    status: FaultStatus.CONTEXT_MISMATCH,
  })
  // Nor is a handle of another service closed, though both are of one association.
  const first = clientOn('lsarpc', contextFor())
  const otherLsa = await first.bind(Lsarpc)
  const second = new RpcClient(pipeDuplex(openPipe('samr', contextFor())), {
    associationGroupId: first.associationGroupId,
  })
  const samr = await second.bind(Samr)
  const { handle: server } = await samr.SamrConnect2({ serverName: null, desiredAccess: 0 })
  await assert.rejects(otherLsa.LsarClose({ handle: server }), { status: FaultStatus.CONTEXT_MISMATCH })
  await lsa.LsarClose({ handle: policyHandle })
  await assert.rejects(lsa.LsarClose({ handle: policyHandle }), { status: FaultStatus.CONTEXT_MISMATCH })
  const nobody = await openPolicy(contextFor({ kind: 'anonymous', user: '', domain: '', sid: 'S-1-5-7' }))
  assert.equal(nobody.result, NtStatus.ACCESS_DENIED)
})

test('lsarpc: whose accounts these are, who asks, and what rights there are', async () => {
  const { lsa, policyHandle } = await openPolicy()
  const { policyInformation } = await lsa.LsarQueryInformationPolicy2({
    policyHandle,
    informationClass: PolicyInformationClass.ACCOUNT_DOMAIN,
  })
  assert.deepEqual(policyInformation?.value, { domainName: 'SERVER', domainSid: MACHINE })
  const unknown = await lsa.LsarQueryInformationPolicy({ policyHandle, informationClass: 4 })
  assert.equal(unknown.result, NtStatus.INVALID_INFO_CLASS)
  const who = await lsa.LsarGetUserName({ systemName: null, userName: null, domainName: { name: null } })
  assert.deepEqual([who.userName, who.domainName], ['anna', { name: 'SERVER' }])
  const rights = await lsa.LsarEnumerateAccountRights({ policyHandle, accountSid: ADMINISTRATORS })
  assert.ok(rights.userRights.entries?.includes('SeBackupPrivilege'))
  const backup = await lsa.LsarLookupPrivilegeValue({ policyHandle, name: 'sebackupprivilege' })
  assert.deepEqual(backup, { value: { lowPart: 17, highPart: 0 }, result: 0 })
  assert.equal((await lsa.LsarLookupPrivilegeName({ policyHandle, value: backup.value })).name, 'SeBackupPrivilege')
  const { accountHandle } = await lsa.LsarOpenAccount({ policyHandle, accountSid: 'S-1-1-0', desiredAccess: 1 })
  const held = await lsa.LsarEnumeratePrivilegesAccount({ accountHandle })
  assert.deepEqual(
    held.privileges?.privileges.map(({ luid }) => luid.lowPart),
    [23],
  )
  const { securityDescriptor } = await lsa.LsarQuerySecurityObject({ handle: policyHandle, securityInformation: 5 })
  const descriptor = decodeSecurityDescriptor(securityDescriptor?.descriptor ?? new Uint8Array(0))
  assert.deepEqual([descriptor.owner, descriptor.group, descriptor.dacl?.aces.length], [ADMINISTRATORS, undefined, 2])
  const setup = await clientOn('lsarpc', contextFor()).bind(Dssetup)
  const role = await setup.DsRolerGetPrimaryDomainInformation({ informationLevel: 1 })
  assert.equal(role.information?.tag, 1)
})

async function openDomain(domainSid = MACHINE, context = contextFor()) {
  const samr = await clientOn('samr', context).bind(Samr)
  const { handle: server } = await samr.SamrConnect2({ serverName: null, desiredAccess: 0x0200_0000 })
  const { handle: domain, result } = await samr.SamrOpenDomain({ server, desiredAccess: 0x0200_0000, domainSid })
  assert.equal(result, 0)
  return { samr, server, domain }
}

test('samr: domains, and the users of the server’s own, in pieces', async () => {
  const { samr, server, domain } = await openDomain()
  const domains = await samr.SamrEnumerateDomains({ server, resumeHandle: 0, preferredMaximumLength: 0xffff })
  assert.deepEqual(
    domains.buffer?.entries?.map(({ name }) => name),
    ['SERVER', 'Builtin'],
  )
  assert.equal((await samr.SamrLookupDomain({ server, name: 'builtin' })).domainSid, 'S-1-5-32')
  assert.equal((await samr.SamrLookupDomain({ server, name: 'LAB' })).result, NtStatus.NO_SUCH_DOMAIN)
  const request = { domain, userAccountControl: 0, preferredMaximumLength: 1 }
  const first = await samr.SamrEnumerateUsers({ ...request, resumeHandle: 0 })
  assert.deepEqual(first.buffer?.entries, [{ relativeId: 1000, name: 'bert' }])
  assert.equal(first.result, NtStatus.MORE_ENTRIES)
  const second = await samr.SamrEnumerateUsers({ ...request, resumeHandle: first.resumeHandle })
  assert.deepEqual([second.buffer?.entries, second.result], [[{ relativeId: 1001, name: 'anna' }], 0])
  const past = await samr.SamrEnumerateUsers({ ...request, resumeHandle: 0xffff_ffff })
  assert.deepEqual([past.buffer?.entries, past.result], [[], 0])
  const disabled = await samr.SamrEnumerateUsers({ ...request, resumeHandle: 0, userAccountControl: 1 })
  assert.deepEqual(
    disabled.buffer?.entries?.map(({ name }) => name),
    ['bert'],
  )
  const display = { domain, index: 0, entryCount: 10, preferredMaximumLength: 0xffff }
  const users = await samr.SamrQueryDisplayInformation({ ...display, informationClass: 1 })
  assert.ok(users.information.tag === 1)
  assert.deepEqual(users.information.value.entries?.[1], {
    index: 2,
    rid: 1001,
    attributes: 0x210,
    accountName: 'anna',
    adminComment: '',
    fullName: 'Anna A.',
  })
  const wrong = await samr.SamrQueryDisplayInformation3({ ...display, informationClass: 9 })
  assert.equal(wrong.result, NtStatus.INVALID_INFO_CLASS)
})

test('samr: users and groups by name, by relative id and by handle', async () => {
  const { samr, domain } = await openDomain()
  const byName = await samr.SamrLookupNames({ domain, names: ['ANNA', 'none', 'nobody'] })
  assert.deepEqual(byName.relativeIds.entries, [1001, 513, 0])
  assert.equal(byName.result, NtStatus.SOME_NOT_MAPPED)
  const byId = await samr.SamrLookupIds({ domain, relativeIds: [1000, 4] })
  assert.deepEqual(byId.names.entries, ['bert', null])
  const { handle: user } = await samr.SamrOpenUser({ domain, desiredAccess: 0, relativeId: 1000 })
  for (const informationClass of [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 20, 21])
    assert.equal((await samr.SamrQueryInformationUser({ user, informationClass })).result, 0, String(informationClass))
  const { information } = await samr.SamrQueryInformationUser2({ user, informationClass: 21 })
  assert.ok(information?.tag === 21)
  const { userName, adminComment, userAccountControl, logonHours } = information.value
  assert.deepEqual([userName, adminComment, userAccountControl], ['bert', 'on leave', 0x211])
  assert.deepEqual(
    logonHours.logonHours,
    Array.from({ length: 21 }, () => 0xff),
  )
  assert.equal((await samr.SamrQueryInformationUser({ user, informationClass: 4 })).result, NtStatus.INVALID_INFO_CLASS)
  assert.deepEqual((await samr.SamrGetGroupsForUser({ user })).groups?.entries, [{ relativeId: 513, attributes: 7 }])
  const missing = await samr.SamrOpenUser({ domain, desiredAccess: 0, relativeId: 4 })
  assert.equal(missing.result, NtStatus.NO_SUCH_USER)
  // A handle of another kind is none.
  await assert.rejects(samr.SamrGetMembersInAlias({ alias: user }), { status: FaultStatus.CONTEXT_MISMATCH })
  const { handle: group } = await samr.SamrOpenGroup({ domain, desiredAccess: 0, relativeId: 513 })
  assert.deepEqual((await samr.SamrGetMembersInGroup({ group })).members?.members, [1000, 1001])
  for (const informationClass of [1, 2, 3, 4, 5])
    assert.equal((await samr.SamrQueryInformationGroup({ group, informationClass })).result, 0)
  for (const informationClass of [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13])
    assert.equal((await samr.SamrQueryInformationDomain2({ domain, informationClass })).result, 0)
  assert.equal((await samr.SamrRidToSid({ handle: domain, relativeId: 5 })).sid, `${MACHINE}-5`)
})

test('samr: built-in groups have the users who are in them', async () => {
  const { samr, domain } = await openDomain('S-1-5-32')
  const aliases = await samr.SamrEnumerateAliases({ domain, resumeHandle: 0, preferredMaximumLength: 0xffff })
  assert.deepEqual(
    aliases.buffer?.entries?.map(({ name }) => name),
    ['Administrators', 'Users', 'Guests'],
  )
  const { handle: alias } = await samr.SamrOpenAlias({ domain, desiredAccess: 0, relativeId: 544 })
  assert.deepEqual((await samr.SamrGetMembersInAlias({ alias })).members.entries, [{ sid: `${MACHINE}-1001` }])
  for (const informationClass of [1, 2, 3])
    assert.equal((await samr.SamrQueryInformationAlias({ alias, informationClass })).result, 0)
  const membership = await samr.SamrGetAliasMembership({
    domain,
    sids: { entries: [{ sid: `${MACHINE}-1001` }, { sid: 'S-1-5-21-9-9-9-9' }] },
  })
  assert.deepEqual(membership.membership.entries, [544, 545])
})

test('samr: groups that accounts are in are aliases of the server’s own domain', async () => {
  const { samr, domain } = await openDomain()
  const aliases = await samr.SamrEnumerateAliases({ domain, resumeHandle: 0, preferredMaximumLength: 0xffff })
  const [painters] = aliases.buffer?.entries ?? []
  assert.equal(painters?.name, 'Painters')
  const { handle: alias } = await samr.SamrOpenAlias({
    domain,
    desiredAccess: 0,
    relativeId: painters?.relativeId ?? 0,
  })
  assert.deepEqual((await samr.SamrGetMembersInAlias({ alias })).members.entries, [{ sid: `${MACHINE}-1000` }])
})

test('samr is for who has an account; without accounts there is none', async () => {
  const guest: Caller = { kind: 'guest', user: 'x', domain: '', sid: `${MACHINE}-501` }
  const samr = await clientOn('samr', contextFor(guest)).bind(Samr)
  const { result } = await samr.SamrConnect5({
    serverName: null,
    desiredAccess: 0,
    inRevisionInfo: { tag: 1, value: { revision: 3, supportedFeatures: 0 } },
  })
  assert.equal(result, NtStatus.ACCESS_DENIED)
  const { accounts: _none, ...without } = contextFor()
  await assert.rejects(clientOn('samr', without).bind(Samr), { code: 'RPC_BIND_REFUSED' })
})

test('a SID as long as SIDs get is looked up like any other', async () => {
  const { lsa, policyHandle } = await openPolicy()
  const sid = `S-1-5-21${'-4294967295'.repeat(14)}`
  assert.equal(encodeSid(sid).length, 68)
  const request = { sids: { entries: [{ sid }] }, translatedNames: { entries: null }, ...lookup }
  const { result } = await lsa.LsarLookupSids({ policyHandle, ...request })
  assert.equal(result, NtStatus.NONE_MAPPED)
})
