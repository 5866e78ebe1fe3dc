/** MS-SMB2 3.3.5.3 and 3.3.5.4: which dialect it is to be, and what goes with it. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import { Smb1Flags2, Smb1Header, Smb1NegotiateRefusal, Smb1NegotiateRequest } from '../../src/wire/smb1/index.ts'
import {
  Capabilities,
  Cipher,
  Command,
  Dialect,
  EncryptionCapabilities,
  FsctlCode,
  IoctlResponse,
  NegotiateContextType,
  NegotiateRequest,
  NegotiateResponse,
  PreauthIntegrityCapabilities,
  SecurityMode,
  SigningAlgorithm,
  SigningCapabilities,
  ValidateNegotiateInfoRequest,
  ValidateNegotiateInfoResponse,
} from '../../src/wire/smb2/index.ts'
import { ALL_DIALECTS, CLIENT_GUID, type Client, encryptionContext, preauthContext, signingContext } from './client.ts'
import { create, ioctl, read, write } from './files.ts'
import { encodeBody } from './messages.ts'
import { assertCutOff, scenario, succeeded } from './world.ts'

const NAMES = new Map<number, string>([
  [Dialect.SMB_2_0_2, '2.0.2'],
  [Dialect.SMB_2_1, '2.1'],
  [Dialect.SMB_3_0, '3.0'],
  [Dialect.SMB_3_0_2, '3.0.2'],
  [Dialect.SMB_3_1_1, '3.1.1'],
])

for (const dialect of ALL_DIALECTS)
  scenario(`dialect ${NAMES.get(dialect)}: what is negotiated, then a file`, {}, async (world) => {
    const client = world.connect()
    const answer = await client.negotiate({
      dialects: ALL_DIALECTS.filter((known) => known <= dialect),
      capabilities: 0x7f,
    })
    const body = answer.body(NegotiateResponse)
    assert.equal(body.dialectRevision, dialect)
    assert.equal(body.serverGuid, world.server.guid)
    assert.equal(body.securityMode, SecurityMode.SIGNING_ENABLED)
    assert.ok(body.securityBuffer.length > 0, 'there is a list of mechanisms')
    const small = dialect === Dialect.SMB_2_0_2
    const most = small ? 65_536 : 8 * 1024 * 1024
    assert.deepEqual([body.maxReadSize, body.maxWriteSize, body.maxTransactSize], [most, most, most])
    const large = small ? 0 : Capabilities.LARGE_MTU | Capabilities.LEASING
    const channels = dialect >= Dialect.SMB_3_0 ? Capabilities.MULTI_CHANNEL | Capabilities.DIRECTORY_LEASING : 0
    const sealing = dialect === Dialect.SMB_3_0 || dialect === Dialect.SMB_3_0_2 ? Capabilities.ENCRYPTION : 0
    assert.equal(body.capabilities, large | channels | sealing)
    assert.equal(answer.header.credits > 0, true)
    await client.logon()
    await client.useShare('data')
    const file = await create(client, { name: 'a' })
    succeeded(await write(client, file, 'text'))
    succeeded(await read(client, file))
  })

scenario('3.1.1: contexts are answered, unknown ones are left alone', {}, async (world) => {
  const client = world.connect()
  const answer = await client.negotiate({
    contexts: [
      { contextType: 0x7777, data: Uint8Array.of(1, 2, 3) },
      preauthContext(),
      encryptionContext([Cipher.AES_256_GCM, Cipher.AES_256_CCM]),
      signingContext([SigningAlgorithm.HMAC_SHA256, SigningAlgorithm.AES_CMAC]),
    ],
  })
  const contexts = answer.body(NegotiateResponse).negotiateContexts
  assert.deepEqual(
    contexts.map(({ contextType }) => contextType),
    [
      NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES,
      NegotiateContextType.ENCRYPTION_CAPABILITIES,
      NegotiateContextType.SIGNING_CAPABILITIES,
    ],
  )
  const [preauth, encryption, signing] = contexts.map(({ data }) => viewOf(data))
  assert.ok(preauth && encryption && signing)
  const { hashAlgorithms, salt } = PreauthIntegrityCapabilities.decode(preauth)
  assert.deepEqual(hashAlgorithms, [1])
  assert.equal(salt.length, 32)
  assert.deepEqual(EncryptionCapabilities.decode(encryption).ciphers, [Cipher.AES_256_GCM])
  assert.deepEqual(SigningCapabilities.decode(signing).signingAlgorithms, [SigningAlgorithm.AES_CMAC])
})

scenario('3.1.1: a client that knows no cipher of ours is told 0', {}, async (world) => {
  const client = world.connect()
  const answer = await client.negotiate({ contexts: [preauthContext(), encryptionContext([0x55 as Cipher])] })
  const encryption = answer.body(NegotiateResponse).negotiateContexts[1]
  assert.ok(encryption)
  assert.deepEqual(EncryptionCapabilities.decode(viewOf(encryption.data)).ciphers, [0])
})

const refused: readonly [string, Parameters<Client['negotiate']>[0], string][] = [
  ['no dialects', { dialects: [] }, 'STATUS_INVALID_PARAMETER'],
  ['no dialect in common', { dialects: [0x0111, 0x0999] }, 'STATUS_NOT_SUPPORTED'],
  ['3.1.1 without the integrity context', { contexts: [] }, 'STATUS_INVALID_PARAMETER'],
  ['the integrity context twice', { contexts: [preauthContext(), preauthContext()] }, 'STATUS_INVALID_PARAMETER'],
  ['no hash in it', { contexts: [preauthContext([])] }, 'STATUS_INVALID_PARAMETER'],
  ['an unknown hash', { contexts: [preauthContext([9 as 1])] }, 'STATUS_SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP'],
  ['no ciphers', { contexts: [preauthContext(), encryptionContext([])] }, 'STATUS_INVALID_PARAMETER'],
  [
    'the encryption context twice',
    { contexts: [preauthContext(), encryptionContext([1]), encryptionContext([2])] },
    'STATUS_INVALID_PARAMETER',
  ],
  ['no signing algorithms', { contexts: [preauthContext(), signingContext([])] }, 'STATUS_INVALID_PARAMETER'],
]
for (const [what, options, status] of refused)
  scenario(`NEGOTIATE with ${what}: ${status}`, {}, async (world) => {
    assert.equal((await world.connect().negotiate(options)).statusName, status)
  })

scenario('a second NEGOTIATE ends the connection', {}, async (world) => {
  const client = world.connect()
  await client.negotiate()
  await assertCutOff(client, client.negotiate())
})

scenario('a refused NEGOTIATE may be followed by a better one', {}, async (world) => {
  const client = world.connect()
  assert.equal((await client.negotiate({ dialects: [0x0999] })).statusName, 'STATUS_NOT_SUPPORTED')
  succeeded(await client.negotiate())
})

const ranges = [
  { minDialect: '3.0', offered: [0x0202, 0x0210], status: 'STATUS_NOT_SUPPORTED' },
  { minDialect: '3.1.1', offered: [0x0300, 0x0302], status: 'STATUS_NOT_SUPPORTED' },
  { maxDialect: '2.1', offered: ALL_DIALECTS, dialect: Dialect.SMB_2_1 },
  { maxDialect: '3.0.2', offered: ALL_DIALECTS, dialect: Dialect.SMB_3_0_2 },
  { minDialect: '2.1', maxDialect: '3.0', offered: ALL_DIALECTS, dialect: Dialect.SMB_3_0 },
] as const
for (const { offered, ...range } of ranges) {
  const { minDialect, maxDialect, status, dialect } = {
    minDialect: undefined,
    maxDialect: undefined,
    status: undefined,
    dialect: undefined,
    ...range,
  }
  const server = { ...(minDialect && { minDialect }), ...(maxDialect && { maxDialect }) }
  scenario(`a server of ${minDialect ?? 'any'} to ${maxDialect ?? 'any'}`, { server }, async (world) => {
    const answer = await world.connect().negotiate({ dialects: offered })
    if (status !== undefined) assert.equal(answer.statusName, status)
    else assert.equal(answer.body(NegotiateResponse).dialectRevision, dialect)
  })
}

/** An SMB1 NEGOTIATE with these dialects. */
function smb1Negotiate(dialects: readonly string[], command = 0x72): Uint8Array {
  const header = Smb1Header.encode({
    command,
    flags: 0x18,
    flags2: Smb1Flags2.UNICODE | Smb1Flags2.NT_STATUS | Smb1Flags2.EXTENDED_SECURITY,
    securityFeatures: new Uint8Array(8),
    mid: 3,
  })
  return new Uint8Array(Buffer.concat([header, Smb1NegotiateRequest.encode({ dialects })]))
}

/** What the client expects for message id 0, which an SMB1 NEGOTIATE uses up. */
async function multiProtocol(client: Client, dialects: readonly string[]): Promise<NegotiateResponse> {
  const answer = client.send([client.prepare(Command.NEGOTIATE, new Uint8Array(0), { session: null })])
  // The request itself is none of SMB2: the frame that has just been queued is replaced.
  client.wire.replaceLast(smb1Negotiate(dialects))
  return (await answer[0])?.body(NegotiateResponse) as NegotiateResponse
}

scenario('SMB1 NEGOTIATE with SMB 2.???: 0x02FF, then NEGOTIATE goes on with message 1', {}, async (world) => {
  const client = world.connect()
  const first = await multiProtocol(client, ['NT LM 0.12', 'SMB 2.002', 'SMB 2.???'])
  assert.equal(first.dialectRevision, Dialect.WILDCARD)
  assert.equal(first.maxReadSize, 65_536)
  const second = await client.negotiate()
  assert.equal(second.body(NegotiateResponse).dialectRevision, Dialect.SMB_3_1_1)
  await client.logon()
})

scenario('SMB1 NEGOTIATE with SMB 2.002 alone: 2.0.2 it is', {}, async (world) => {
  const client = world.connect()
  const first = await multiProtocol(client, ['NT LM 0.12', 'SMB 2.002'])
  assert.equal(first.dialectRevision, Dialect.SMB_2_0_2)
  client.dialect = Dialect.SMB_2_0_2
  await client.logon()
  await client.useShare('data')
  succeeded(await write(client, await create(client, { name: 'a' }), 'text'))
})

scenario(
  'SMB 2.??? at a server of 2.0.2 at the most is SMB 2.002',
  { server: { maxDialect: '2.0.2' } },
  async (world) => {
    const first = await multiProtocol(world.connect(), ['SMB 2.002', 'SMB 2.???'])
    assert.equal(first.dialectRevision, Dialect.SMB_2_0_2)
  },
)

scenario('SMB1 NEGOTIATE without SMB2: no dialect in common, in SMB1', {}, async (world) => {
  const client = world.connect()
  const frames = client.takeRawFrames()
  client.sendFrame(smb1Negotiate(['PC NETWORK PROGRAM 1.0', 'NT LM 0.12']))
  await world.settled()
  const [frame] = frames
  assert.ok(frame !== undefined && frames.length === 1)
  assert.equal(Smb1Header.decode(viewOf(frame)).mid, 3)
  assert.equal(Smb1NegotiateRefusal.decode(viewOf(frame), Smb1Header.size).dialectIndex, 0xffff)
})

scenario('SMB1 is no way back: after NEGOTIATE it ends the connection', {}, async (world) => {
  const client = world.connect()
  await client.negotiate()
  client.sendFrame(smb1Negotiate(['SMB 2.???']))
  await assertCutOff(client)
})

scenario('another SMB1 command ends the connection', {}, async (world) => {
  const client = world.connect()
  client.sendFrame(smb1Negotiate(['SMB 2.???'], 0x73))
  await assertCutOff(client)
})

scenario('3.1.1: a NEGOTIATE that was tampered with gives other keys', {}, async (world) => {
  const client = world.connect()
  // Somebody on the way takes a capability out; the client’s hash knows nothing of it.
  await client.negotiate({
    tamper: (message) => {
      message[64 + 8] = 0
    },
  })
  await assert.rejects(client.logon(), /the logon’s last answer is signed/)
})

const validate = (client: Client, value: Partial<ValidateNegotiateInfoRequest> = {}, maxOutputResponse = 24) =>
  ioctl(client, FsctlCode.VALIDATE_NEGOTIATE_INFO, {
    input: ValidateNegotiateInfoRequest.encode({
      capabilities: Capabilities.ENCRYPTION | Capabilities.LARGE_MTU | Capabilities.DFS,
      guid: CLIENT_GUID,
      securityMode: SecurityMode.SIGNING_ENABLED,
      dialects: [Dialect.SMB_2_0_2, Dialect.SMB_2_1, Dialect.SMB_3_0, Dialect.SMB_3_0_2],
      ...value,
    }),
    maxOutputResponse,
  })
const up302 = { dialects: ALL_DIALECTS.filter((dialect) => dialect < Dialect.SMB_3_1_1) }

scenario('VALIDATE_NEGOTIATE_INFO: the same again, signed', {}, async (world) => {
  const client = await world.client({ negotiate: up302 })
  const answer = await validate(client)
  const { output } = answer.body(IoctlResponse)
  const info = ValidateNegotiateInfoResponse.decode(viewOf(output))
  assert.ok(answer.isSigned)
  assert.equal(info.dialect, Dialect.SMB_3_0_2)
  assert.equal(info.guid, world.server.guid)
  assert.equal(info.capabilities, client.negotiated?.capabilities)
  assert.equal(info.securityMode, client.negotiated?.securityMode)
})

const lies: readonly [string, Partial<ValidateNegotiateInfoRequest>][] = [
  ['capabilities', { capabilities: 0 }],
  ['client GUID', { guid: '00000000-0000-0000-0000-000000000001' }],
  ['security mode', { securityMode: SecurityMode.SIGNING_REQUIRED }],
  ['dialects that would have led elsewhere', { dialects: [Dialect.SMB_2_1, Dialect.SMB_3_1_1] }],
  ['dialects that lead to the same', { dialects: [Dialect.SMB_3_0_2] }],
  ['no dialects', { dialects: [] }],
]
for (const [what, value] of lies)
  scenario(`VALIDATE_NEGOTIATE_INFO with other ${what} ends the connection`, {}, async (world) => {
    const client = await world.client({ negotiate: up302 })
    await assertCutOff(client, validate(client, value))
  })

scenario('VALIDATE_NEGOTIATE_INFO without room for the answer ends the connection', {}, async (world) => {
  const client = await world.client({ negotiate: up302 })
  await assertCutOff(client, validate(client, {}, 23))
})

scenario('VALIDATE_NEGOTIATE_INFO on 3.1.1 ends the connection', {}, async (world) => {
  const client = await world.client()
  await assertCutOff(client, validate(client, { dialects: ALL_DIALECTS as Dialect[] }))
})

scenario('nothing is served before NEGOTIATE', {}, async (world) => {
  for (const command of Object.values(Command)) {
    if (command === Command.NEGOTIATE || command === Command.CANCEL) continue
    const client = world.connect()
    await assertCutOff(client, client.callRaw(command, new Uint8Array(24)))
  }
})

scenario('NEGOTIATE for 2.0.2 needs no contexts, whatever lies in their place', {}, async (world) => {
  const client = world.connect()
  const body = encodeBody(NegotiateRequest, {
    securityMode: 1,
    capabilities: 0,
    clientGuid: CLIENT_GUID,
    dialects: [Dialect.SMB_2_0_2],
  })
  body.fill(0xff, 28, 36)
  succeeded(await client.callRaw(Command.NEGOTIATE, body, { session: null }))
})
