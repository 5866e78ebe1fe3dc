import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '../../src/bytes/errors.ts'
import { NULL_GUID } from '../../src/bytes/guid.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { ClientRevision, LookupLevel, SidNameUse } from '../../src/rpc/lsarpc/lookup.ts'
import { Lsarpc } from '../../src/rpc/lsarpc/lsarpc.ts'
import { noAttributes, PolicyAccess, PolicyInformationClass } from '../../src/rpc/lsarpc/policy.ts'
import { type Handlers, service } from '../../src/rpc/service.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { duplexTo, endpoint } from './rpc-pair.ts'

const domain = { name: 'LAB', sid: 'S-1-5-21-1-2-3' } as const
const anna = { use: SidNameUse.USER, name: 'anna', domainIndex: 0, flags: 0 } as const
const nobody = { use: SidNameUse.UNKNOWN, name: 'S-1-5-21-9-9-9-9', domainIndex: -1, flags: 0 } as const
const policy = { attributes: 0, uuid: '11111111-2222-3333-4444-555555555555' } as const
const level = { lookupLevel: LookupLevel.WORKSTATION, mappedCount: 0 } as const
const revision = { lookupOptions: 0, clientRevision: ClientRevision.FORESTS } as const

type Operations = (typeof Lsarpc)['operations']

const bound = (handlers: Handlers<Operations>) =>
  new RpcClient(duplexTo(endpoint([service(Lsarpc, handlers)]))).bind(Lsarpc)

test('a policy is opened, asked about its domain, and closed', async () => {
  const seen: unknown[] = []
  const lsarpc = await bound({
    LsarOpenPolicy2(input) {
      seen.push(input)
      return { policyHandle: policy, result: 0 }
    },
    LsarQueryInformationPolicy2: ({ informationClass }) =>
      informationClass === PolicyInformationClass.ACCOUNT_DOMAIN
        ? {
            policyInformation: { tag: 5, value: { domainName: domain.name, domainSid: domain.sid } },
            result: 0,
          }
        : { policyInformation: null, result: NtStatus.INVALID_PARAMETER },
    LsarClose: ({ handle }) => {
      seen.push(handle)
      return { handle: { attributes: 0, uuid: NULL_GUID }, result: 0 }
    },
  })
  const request = {
    systemName: '\\\\server',
    objectAttributes: noAttributes,
    desiredAccess: PolicyAccess.LOOKUP_NAMES,
  } as const
  const { policyHandle } = await lsarpc.LsarOpenPolicy2(request)
  const about = await lsarpc.LsarQueryInformationPolicy2({
    policyHandle,
    informationClass: PolicyInformationClass.ACCOUNT_DOMAIN,
  })
  assert.deepEqual(about, {
    policyInformation: { tag: 5, value: { domainName: domain.name, domainSid: domain.sid } },
    result: 0,
  })
  const refused = await lsarpc.LsarQueryInformationPolicy2({ policyHandle, informationClass: 2 })
  assert.deepEqual(refused, { policyInformation: null, result: NtStatus.INVALID_PARAMETER })
  await lsarpc.LsarClose({ handle: policyHandle })
  assert.deepEqual(seen, [request, policy])
})

test('what Windows puts into attributes that nobody looks at', async () => {
  const given = {
    length: 24,
    rootDirectory: null,
    objectName: { length: 2, maximumLength: 3, buffer: [65, 66] },
    attributes: 0,
    securityDescriptor: {
      revision: 1,
      sbz1: 0,
      control: 0x8004,
      owner: 'S-1-5-32-544',
      group: null,
      sacl: null,
      dacl: { aclRevision: 2, sbz1: 0, aclSize: 8, dummy1: Uint8Array.of(1, 2, 3, 4) },
    },
    securityQualityOfService: { length: 12, impersonationLevel: 2, contextTrackingMode: 1, effectiveOnly: 0 },
  } as const
  let seen: unknown
  const lsarpc = await bound({
    LsarOpenPolicy3(input) {
      seen = input
      return {
        outRevisionInfo: { tag: 1, value: { revision: 1, supportedFeatures: 2 } },
        policyHandle: policy,
        result: 0,
      }
    },
  })
  const answer = await lsarpc.LsarOpenPolicy3({
    systemName: null,
    objectAttributes: given,
    desiredAccess: PolicyAccess.MAXIMUM_ALLOWED,
    inRevisionInfo: { tag: 1, value: { revision: 1, supportedFeatures: 0 } },
  })
  assert.deepEqual((seen as { objectAttributes: unknown }).objectAttributes, given)
  assert.equal(answer.outVersion, 1)
  assert.deepEqual(answer.outRevisionInfo.value, { revision: 1, supportedFeatures: 2 })
})

test('a name without a SID: no pointer, or a SID of zeros as Samba has it', () => {
  const { out } = Lsarpc.operations.LsarLookupNames3
  const answer = (sid: string | null) => ({
    referencedDomains: null,
    translatedSids: { entries: [{ use: SidNameUse.UNKNOWN, sid, domainIndex: -1, flags: 0 }] },
    mappedCount: 0,
    result: NtStatus.NONE_MAPPED,
  })
  const bytes = out.write(answer('S-1-0'))
  assert.equal(out.read(bytes).translatedSids.entries?.[0]?.sid, 'S-1-0')
  // Its 8 bytes, before the number of names and the status.
  bytes.fill(0, bytes.length - 16, bytes.length - 8)
  assert.equal(out.read(bytes).translatedSids.entries?.[0]?.sid, null)
  assert.equal(out.read(out.write(answer(null))).translatedSids.entries?.[0]?.sid, null)
  bytes[bytes.length - 16] = 2
  assert.throws(() => out.read(bytes), WireError)
})

test('SIDs to names and back', async () => {
  const domains = { domains: [domain], maxEntries: 32 }
  const lsarpc = await bound({
    LsarLookupSids: ({ sids }) => ({
      referencedDomains: domains,
      translatedNames: { entries: (sids.entries ?? []).map((_, i) => (i === 0 ? anna : nobody)) },
      mappedCount: 1,
      result: NtStatus.SOME_NOT_MAPPED,
    }),
    LsarLookupSids2: ({ sids, clientRevision }) => ({
      referencedDomains: clientRevision === ClientRevision.FORESTS ? domains : null,
      translatedNames: { entries: (sids.entries ?? []).map((_, i) => (i === 0 ? anna : nobody)) },
      mappedCount: 1,
      result: NtStatus.SOME_NOT_MAPPED,
    }),
    LsarLookupNames3: ({ names }) => ({
      referencedDomains: domains,
      translatedSids: {
        entries: names.map((name) =>
          name === 'anna'
            ? { use: SidNameUse.USER, sid: `${domain.sid}-1000`, domainIndex: 0, flags: 0 }
            : { use: SidNameUse.UNKNOWN, sid: null, domainIndex: -1, flags: 0 },
        ),
      },
      mappedCount: 1,
      result: NtStatus.SOME_NOT_MAPPED,
    }),
  })
  const sids = { entries: [{ sid: `${domain.sid}-1000` }, { sid: nobody.name }] } as const
  const asked = { policyHandle: policy, sids, translatedNames: { entries: null }, ...level } as const
  const newer = await lsarpc.LsarLookupSids2({ ...asked, ...revision })
  assert.deepEqual(newer.translatedNames, { count: 2, entries: [anna, nobody] })
  assert.deepEqual(newer.referencedDomains, { count: 1, domains: [domain], maxEntries: 32 })
  const older = await lsarpc.LsarLookupSids(asked)
  assert.deepEqual(
    older.translatedNames.entries?.map(({ name, use }) => [name, use]),
    [
      ['anna', SidNameUse.USER],
      [nobody.name, SidNameUse.UNKNOWN],
    ],
  )
  const names = ['anna', 'nobody']
  const found = await lsarpc.LsarLookupNames3({
    policyHandle: policy,
    names,
    translatedSids: { entries: null },
    ...level,
    ...revision,
  })
  assert.deepEqual(
    found.translatedSids.entries?.map(({ sid }) => sid),
    [`${domain.sid}-1000`, null],
  )
})
