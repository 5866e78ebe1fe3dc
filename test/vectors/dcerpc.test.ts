/** Packets that real peers sent, decoded, encoded again, and cut at every byte. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { Lsarpc } from '../../src/rpc/lsarpc/lsarpc.ts'
import {
  conformantArray,
  contextHandle,
  i32,
  sid,
  struct,
  u16,
  u32,
  unicodeString,
  union,
  unique,
  wideString,
} from '../../src/rpc/ndr/index.ts'
import { type AnyOperation, op } from '../../src/rpc/operation.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { Wkssvc } from '../../src/rpc/wkssvc/wkssvc.ts'
import {
  AuthenticationLevel,
  AuthenticationType,
  Bind,
  BindAck,
  bindTimeFeatures,
  CommonHeader,
  ContextReason,
  ContextResult,
  openPacket,
  PacketType,
  packetLayouts,
  Request,
  Response,
  TransferSyntax,
} from '../../src/wire/dcerpc/index.ts'
import { type Struct, toPlain, WireError } from '../../src/wire/schema/index.ts'

interface Vector {
  readonly name: string
  readonly source: string
  readonly hex: string
}

const vectors: Vector[] = JSON.parse(readFileSync(join(import.meta.dirname, 'dcerpc-captured.json'), 'utf8'))

function vector(name: string): Uint8Array<ArrayBuffer> {
  const found = vectors.find((each) => each.name === name)
  if (found === undefined) assert.fail(`no vector ${name}`)
  return fromHex(found.hex)
}

const Revision = union('SAMPR_REVISION_INFO', u32, { 1: struct('V1', { revision: u32, supported: u32 }) })
const Trust = struct('LSAPR_TRUST_INFORMATION', { name: unicodeString(1), sid: unique(sid) })

/** Interfaces that the server does not have: the engine reads them from their declarations alone. */
const others = {
  SamrConnect5: op(64, 'SamrConnect5', {
    in: { serverName: unique(wideString), desiredAccess: u32, inVersion: u32, inRevision: Revision },
    out: { outVersion: u32, outRevision: Revision, server: contextHandle, status: u32 },
  }),
  SamrEnumerateDomainsInSamServer: op(6, 'SamrEnumerateDomainsInSamServer', {
    in: { server: contextHandle, resume: u32, preferredLength: u32 },
    out: {
      resume: u32,
      domains: unique(
        struct('SAMPR_ENUMERATION_BUFFER', {
          count: u32.countOf('entries'),
          entries: unique(conformantArray(struct('SAMPR_RID_ENUMERATION', { relativeId: u32, name: unicodeString() }))),
        }),
      ),
      returned: u32,
      status: u32,
    },
  }),
  SamrLookupDomainInSamServer: op(5, 'SamrLookupDomainInSamServer', {
    in: { server: contextHandle, name: unicodeString() },
    out: { sid: unique(sid), status: u32 },
  }),
  LsarLookupNames: op(14, 'LsarLookupNames', {
    in: {},
    out: {
      domains: unique(
        struct('LSAPR_REFERENCED_DOMAIN_LIST', {
          count: u32.countOf('entries'),
          entries: unique(conformantArray(Trust)),
          maxEntries: u32,
        }),
      ),
      sids: struct('LSAPR_TRANSLATED_SIDS', {
        count: u32.countOf('entries'),
        entries: unique(conformantArray(struct('LSA_TRANSLATED_SID', { use: u16, relativeId: u32, domain: i32 }))),
      }),
      mapped: u32,
      status: u32,
    },
  }),
} as const

const operations: Readonly<Record<string, AnyOperation>> = {
  ...Srvsvc.operations,
  ...Wkssvc.operations,
  ...Lsarpc.operations,
  ...others,
}

for (const { name, source } of vectors) {
  test(`${name} (${source})`, () => {
    const bytes = vector(name)
    const packetType = bytes[2] as number
    const layout = packetLayouts.get(packetType) as Struct<object, unknown> | undefined
    if (layout === undefined) assert.fail('no layout')
    const { end, header } = openPacket(viewOf(bytes))
    assert.equal(header.fragmentLength, bytes.length)
    const decoded = layout.decode(viewOf(bytes), 0, end)
    const encoded = layout.encode(decoded)
    // Padding between address and results is what happened to be in the sender's memory.
    assert.deepEqual(toPlain(layout.decode(viewOf(encoded))), toPlain(decoded))
    if (packetType !== PacketType.BIND_ACK && header.authLength === 0) assert.equal(hex(encoded), hex(bytes))
    const moved = new Uint8Array(bytes.length + 3)
    moved.set(bytes, 3)
    assert.deepEqual(toPlain(layout.decode(viewOf(moved), 3, end + 3)), toPlain(decoded))
    assert.ok(layout.dissect(viewOf(bytes)).every(({ problem }) => problem === undefined))
    const hasStub = packetType === PacketType.REQUEST || packetType === PacketType.RESPONSE
    for (let length = 0; length < (hasStub ? 24 : end); length++) {
      assert.throws(() => layout.decode(viewOf(bytes), 0, length), WireError, `${length} bytes`)
      layout.dissect(viewOf(bytes), 0, length)
    }
  })
}

/** Hex in which referent ids, which everybody numbers differently, are all the same. */
function withoutIds(stub: Uint8Array): string {
  const words: string[] = hex(stub).match(/.{1,8}/g) ?? []
  return words.map((word) => (word.endsWith('0200') && word !== '00000200' ? '00000200' : word)).join(' ')
}

for (const { name } of vectors) {
  const [operationName = '', direction] = name.replace(/,.*/, '').split(' ')
  const operation = operations[operationName]
  if (operation === undefined) continue
  test(`parameters of ${name}`, () => {
    const isRequest = direction === 'request'
    const { stub } = (isRequest ? Request : Response).decode(viewOf(vector(name)))
    const parameters = isRequest ? operation.in : operation.out
    const written = parameters.write(parameters.read(stub) as never)
    assert.equal(withoutIds(written), withoutIds(stub))
    for (let length = 0; length < stub.length; length++)
      assert.throws(() => parameters.read(stub.slice(0, length)), WireError, `${length} bytes`)
  })
}

test('what the captured parameters say', () => {
  const answer = <T>(name: string, parameters: { read(stub: Uint8Array): T }): T =>
    parameters.read(Response.decode(viewOf(vector(`${name} response`))).stub)
  const { NetrServerGetInfo, NetrShareEnum, NetrShareGetInfo, NetrRemoteTOD } = Srvsvc.operations
  assert.deepEqual(answer('NetrServerGetInfo', NetrServerGetInfo.out).info, {
    tag: 101,
    value: {
      platformId: 500,
      name: 'HTRACE',
      versionMajor: 6,
      versionMinor: 1,
      type: 0x809a03,
      comment: 'Samba 4.17.12-Debian',
    },
  })
  const listed = answer('NetrShareEnum', NetrShareEnum.out)
  assert.equal(listed.totalEntries, 7)
  if (listed.shares.info.tag !== 2) assert.fail('another level')
  assert.deepEqual(
    listed.shares.info.value?.entries?.map(({ name, type }) => [name, type]),
    [
      ['share', 0],
      ['plain', 0],
      ['enc', 0],
      ['readonly', 0],
      ['private', 0],
      ['dfs', 0],
      ['IPC$', 0x8000_0003],
    ],
  )
  const info = answer('NetrShareGetInfo', NetrShareGetInfo.out)
  assert.ok(info.info.tag === 502 && info.info.value?.path?.startsWith('C:\\'))
  assert.equal(answer('NetrRemoteTOD', NetrRemoteTOD.out).time?.year, 2026)
  const workstation = answer('NetrWkstaGetInfo', Wkssvc.operations.NetrWkstaGetInfo.out)
  assert.equal(workstation.info.value?.domainName, 'WORKGROUP')
  const { domains } = answer('SamrEnumerateDomainsInSamServer', others.SamrEnumerateDomainsInSamServer.out)
  assert.deepEqual(
    domains?.entries?.map(({ name }) => name),
    ['HTRACE', 'Builtin'],
  )
  const looked = answer('SamrLookupDomainInSamServer', others.SamrLookupDomainInSamServer.out)
  assert.match(looked.sid ?? '', /^S-1-5-21-\d+-\d+-\d+$/)
  const names = answer('LsarLookupNames', others.LsarLookupNames.out)
  assert.deepEqual(names.domains?.entries, [{ name: 'HTRACE', sid: looked.sid }])
  assert.deepEqual(names.sids.entries, [{ use: 1, relativeId: 1000, domain: 0 }])
  const policy = answer('LsarQueryInformationPolicy', Lsarpc.operations.LsarQueryInformationPolicy.out)
  assert.deepEqual(policy.policyInformation, {
    tag: 3,
    value: { name: 'WORKGROUP', sid: null },
  })
})

test('what Windows asks for in a bind, and how it answers', () => {
  const bind = Bind.decode(viewOf(vector('bind, Windows, frame 21')))
  assert.deepEqual(
    bind.contexts.map(({ contextId }) => contextId),
    [0, 1, 2],
  )
  const [first, second, third] = bind.contexts.map(({ transferSyntaxes: [syntax] }) => syntax)
  assert.equal(first?.uuid, TransferSyntax.NDR20.uuid)
  assert.equal(second?.uuid, TransferSyntax.NDR64.uuid)
  assert.equal(third && bindTimeFeatures(third), 3)
  const ack = BindAck.decode(viewOf(vector('bind_ack, Windows, frame 24')))
  assert.equal(ack.secondaryAddress, '\\PIPE\\atsvc\0')
  assert.deepEqual(
    ack.results.results.map(({ result, reason }) => [result, reason]),
    [
      [ContextResult.PROVIDER_REJECTION, ContextReason.TRANSFER_SYNTAXES_NOT_SUPPORTED],
      [ContextResult.ACCEPTANCE, 0],
      [ContextResult.NEGOTIATE_ACK, 3],
    ],
  )
})

test('an auth trailer is found behind the body', () => {
  const bytes = vector('alter_context_response, Windows, with a logon')
  const { auth, end } = openPacket(viewOf(bytes))
  assert.equal(auth?.authenticationType, AuthenticationType.SPNEGO)
  assert.equal(auth.authenticationLevel, AuthenticationLevel.PRIVACY)
  assert.equal(auth.token.length, CommonHeader.decode(viewOf(bytes)).authLength)
  assert.equal(BindAck.decode(viewOf(bytes), 0, end).results.results[0]?.result, ContextResult.ACCEPTANCE)
})
