/** MS-SMB2 3.3.5.2.1, 3.3.5.2.4, 3.3.4.1: signing and sealing. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import {
  Cipher,
  Command,
  Dialect,
  EchoRequest,
  SecurityMode,
  SessionFlags,
  ShareFlags,
  SigningAlgorithm,
} from '../../src/wire/smb2/index.ts'
import { ALL_DIALECTS, OTHER } from './client.ts'
import {
  close,
  closeBody,
  create,
  createBody,
  echo,
  RELATED_FILE_ID,
  read,
  readBody,
  write,
  writeBody,
} from './files.ts'
import { encodeBody } from './messages.ts'
import { assertCutOff, scenario, statusIs, succeeded } from './world.ts'

const upTo = (most: number) => ({ dialects: ALL_DIALECTS.filter((dialect) => dialect <= most) })

const signings = [
  ['2.0.2 HMAC-SHA256', upTo(Dialect.SMB_2_0_2), 'hmac-sha256'],
  ['2.1 HMAC-SHA256', upTo(Dialect.SMB_2_1), 'hmac-sha256'],
  ['3.0 AES-CMAC', upTo(Dialect.SMB_3_0), 'aes-cmac'],
  ['3.0.2 AES-CMAC', upTo(Dialect.SMB_3_0_2), 'aes-cmac'],
  ['3.1.1 AES-CMAC', {}, 'aes-cmac'],
  ['3.1.1 HMAC-SHA256', { signings: [SigningAlgorithm.HMAC_SHA256] }, 'hmac-sha256'],
  ['3.1.1 AES-CMAC by name', { signings: [SigningAlgorithm.AES_CMAC] }, 'aes-cmac'],
  ['3.1.1 AES-GMAC', { signings: [SigningAlgorithm.AES_CMAC, SigningAlgorithm.AES_GMAC] }, 'aes-gmac'],
] as const
for (const [name, negotiate, algorithm] of signings)
  scenario(`signed: ${name}`, { server: { signing: 'required' } }, async (world) => {
    const client = await world.client({ negotiate })
    assert.equal(client.signing, algorithm)
    assert.equal((client.negotiated?.securityMode ?? 0) & SecurityMode.SIGNING_REQUIRED, SecurityMode.SIGNING_REQUIRED)
    const file = await create(client, { name: 'a' })
    assert.ok((await write(client, file, new Uint8Array(70_000 % 65_536))).isSigned)
    assert.ok((await read(client, file, { length: 4000 })).isSigned)
    // A chain is signed message by message, padding included.
    const chain = client.send([
      client.prepare(Command.CREATE, createBody({ name: 'b' })),
      client.prepare(Command.WRITE, writeBody(RELATED_FILE_ID, 'odd'), { related: true }),
      client.prepare(Command.CLOSE, closeBody(), { related: true }),
    ])
    for (const answer of await Promise.all(chain)) assert.ok(succeeded(answer).isSigned)
    statusIs(await echo(client, { sign: 'wrongly' }), 'STATUS_ACCESS_DENIED')
    statusIs(await read(client, file, {}, { sign: 'wrongly' }), 'STATUS_ACCESS_DENIED')
    statusIs(await read(client, file, {}, { sign: false }), 'STATUS_ACCESS_DENIED')
    // Nothing of the one that was refused has happened.
    statusIs(await close(client, file, { sign: 'wrongly' }), 'STATUS_ACCESS_DENIED')
    succeeded(await close(client, file))
  })

scenario('a client that requires signing gets it', {}, async (world) => {
  const client = await world.client({ negotiate: { securityMode: SecurityMode.SIGNING_REQUIRED } })
  statusIs(
    await create(client, { name: 'a' }).then((id) => read(client, id, {}, { sign: false })),
    'STATUS_ACCESS_DENIED',
  )
})

scenario('where nobody requires it, a signature is not needed, but must be right', {}, async (world) => {
  const client = await world.client({ signs: false, negotiate: upTo(Dialect.SMB_3_0_2) })
  const file = await create(client, { name: 'a' })
  assert.equal(succeeded(await write(client, file, 'x')).isSigned, false)
  assert.equal(succeeded(await write(client, file, 'x', {}, { sign: true })).isSigned, true)
  statusIs(await write(client, file, 'x', {}, { sign: 'wrongly' }), 'STATUS_ACCESS_DENIED')
})

scenario('3.1.1: TREE_CONNECT that is neither signed nor sealed ends the connection', {}, async (world) => {
  const client = await world.logon()
  await assertCutOff(client, client.treeConnect('data', { sign: false }))
})

scenario('one user’s signature is worth nothing in another’s session', {}, async (world) => {
  const client = await world.client()
  const first = client.session
  const second = await client.logon(OTHER)
  assert.ok(first !== undefined)
  // Signed with the second session's key, in the name of the first.
  statusIs(await client.treeConnect('data', { session: second, sessionId: first.id }), 'STATUS_ACCESS_DENIED')
})

const ciphers = [
  ['3.0 AES-128-CCM', upTo(Dialect.SMB_3_0), 'aes-128-ccm'],
  ['3.0.2 AES-128-CCM', upTo(Dialect.SMB_3_0_2), 'aes-128-ccm'],
  ['3.1.1 AES-128-CCM', { ciphers: [Cipher.AES_128_CCM] }, 'aes-128-ccm'],
  ['3.1.1 AES-128-GCM', { ciphers: [Cipher.AES_128_CCM, Cipher.AES_128_GCM] }, 'aes-128-gcm'],
  ['3.1.1 AES-256-CCM', { ciphers: [Cipher.AES_256_CCM] }, 'aes-256-ccm'],
  ['3.1.1 AES-256-GCM', { ciphers: [Cipher.AES_256_GCM, Cipher.AES_256_CCM] }, 'aes-256-gcm'],
] as const
for (const [name, negotiate, cipher] of ciphers)
  scenario(`sealed: ${name}`, { server: { encryption: 'required' } }, async (world) => {
    const client = await world.client({ negotiate })
    assert.equal(client.cipher, cipher)
    assert.equal((client.session?.flags ?? 0) & SessionFlags.ENCRYPT_DATA, SessionFlags.ENCRYPT_DATA)
    const file = await create(client, { name: 'a' })
    assert.ok(succeeded(await write(client, file, new Uint8Array(50_000).fill(7))).sealed)
    const answer = succeeded(await read(client, file, { length: 50_000 }))
    assert.ok(answer.sealed)
    assert.equal(answer.isSigned, false)
    const chain = client.send([
      client.prepare(Command.CREATE, createBody({ name: 'a' })),
      client.prepare(Command.READ, readBody(RELATED_FILE_ID, 100), { related: true }),
      client.prepare(Command.CLOSE, closeBody(), { related: true }),
    ])
    for (const part of await Promise.all(chain)) assert.ok(succeeded(part).sealed)
    // Errors are sealed as well.
    assert.ok(statusIs(await read(client, RELATED_FILE_ID), 'STATUS_FILE_CLOSED').sealed)
  })

scenario(
  'plaintext on a sealed session is refused, and the answer tells nothing',
  { server: { encryption: 'required' } },
  async (world) => {
    const client = await world.client()
    const file = await create(client, { name: 'a' })
    succeeded(await write(client, file, 'secret'))
    for (const sign of [true, false]) {
      const answer = statusIs(await read(client, file, {}, { seal: false, sign }), 'STATUS_ACCESS_DENIED')
      assert.equal(answer.message.length, 64 + 9)
      assert.ok(!Buffer.from(answer.message).includes('secret'))
    }
    succeeded(await read(client, file))
  },
)

scenario(
  'encryption required, client without: the logon is refused',
  { server: { encryption: 'required' } },
  async (world) => {
    for (const negotiate of [upTo(Dialect.SMB_2_1), { ...upTo(Dialect.SMB_3_0_2), capabilities: 0 }, { ciphers: [] }]) {
      const client = world.connect()
      await client.negotiate(negotiate)
      statusIs((await client.tryLogon()).answer, 'STATUS_ACCESS_DENIED')
    }
  },
)

scenario(
  'encryption off: no cipher is named, sealed messages end the connection',
  { server: { encryption: 'off' } },
  async (world) => {
    const client = await world.client()
    assert.equal(client.cipher, undefined)
    const frame = new Uint8Array(52 + 64)
    frame.set([0xfd, 0x53, 0x4d, 0x42])
    frame[42] = 1
    client.sendFrame(frame)
    await assertCutOff(client)
  },
)

const secret = {
  shares: [
    { name: 'data', backend: memoryBackend() },
    { name: 'secret', backend: memoryBackend(), encryption: 'required' as const },
  ],
}

scenario('a share that wants sealing', secret, async (world) => {
  const client = await world.client()
  const plainTree = client.treeId
  const { shareFlags } = await client.useShare('secret')
  assert.equal(shareFlags & ShareFlags.ENCRYPT_DATA, ShareFlags.ENCRYPT_DATA)
  statusIs(await client.callRaw(Command.CREATE, createBody({ name: 'a' })), 'STATUS_ACCESS_DENIED')
  const file = await create(client, { name: 'a' }, { seal: true })
  assert.ok(succeeded(await write(client, file, 'x', {}, { seal: true })).sealed)
  statusIs(await read(client, file), 'STATUS_ACCESS_DENIED')
  // The other share goes on in plaintext, and sealed where the client likes to.
  const other = await create(client, { name: 'b' }, { treeId: plainTree })
  assert.equal(succeeded(await write(client, other, 'x', {}, { treeId: plainTree })).sealed, false)
  assert.equal(succeeded(await write(client, other, 'x', {}, { treeId: plainTree, seal: true })).sealed, true)
})

scenario('a share that wants sealing is not for clients that cannot', secret, async (world) => {
  for (const negotiate of [upTo(Dialect.SMB_2_1), { ...upTo(Dialect.SMB_3_0_2), capabilities: 0 }, { ciphers: [] }]) {
    const client = await world.logon({ negotiate })
    statusIs(await client.treeConnect('secret'), 'STATUS_ACCESS_DENIED')
    succeeded(await client.treeConnect('data'))
  }
})

scenario('a sealed frame that is sent again ends the connection', {}, async (world) => {
  const client = await world.client()
  succeeded(await echo(client, { seal: true }))
  client.sendFrame(client.lastFrame)
  await assertCutOff(client)
})

scenario('a sealed frame of another session', {}, async (world) => {
  const client = await world.client()
  const first = client.session
  const treeId = client.treeId
  const file = await create(client, { name: 'a' })
  const second = await client.logon(OTHER)
  assert.ok(first !== undefined)
  // Sealed by one, speaking in the name of the other.
  const request = client.prepare(Command.READ, readBody(file), {
    session: second,
    sessionId: first.id,
    treeId,
    seal: true,
  })
  statusIs(await (client.send([request])[0] as Promise<never>), 'STATUS_USER_SESSION_DELETED')
  succeeded(await close(client, file, { session: first, treeId }))
})

scenario('a sealed frame of a session on another connection ends the connection', {}, async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const message = two.prepare(Command.ECHO, encodeBody(EchoRequest, {})).message
  two.sendFrame(one.sealFor(one.session, message))
  await assertCutOff(two)
  succeeded(await echo(one))
})

const damages: readonly [string, (frame: Uint8Array) => void][] = [
  ['a bit of the text', (frame) => flip(frame, 60)],
  ['the signature', (frame) => flip(frame, 5)],
  ['the nonce', (frame) => flip(frame, 21)],
  ['the size', (frame) => flip(frame, 36)],
  ['the flags', (frame) => flip(frame, 42)],
  ['the session', (frame) => flip(frame, 45)],
]
const flip = (frame: Uint8Array, at: number): void => {
  frame[at] = (frame[at] as number) ^ 1
}
for (const [what, damage] of damages)
  scenario(`a sealed frame with another ${what} ends the connection`, {}, async (world) => {
    const client = await world.client()
    const frame = client.sealFor(client.session, client.prepare(Command.ECHO, encodeBody(EchoRequest, {})).message)
    damage(frame)
    client.sendFrame(frame)
    await assertCutOff(client)
  })

scenario('what is sealed must be an SMB2 message', {}, async (world) => {
  for (const inner of [new Uint8Array(0), new Uint8Array(10), new Uint8Array(64)]) {
    const client = await world.client()
    client.sendFrame(client.sealFor(client.session, inner))
    await assertCutOff(client)
  }
  const client = await world.client()
  // Sealed twice over.
  const once = client.sealFor(client.session, client.prepare(Command.ECHO, encodeBody(EchoRequest, {})).message)
  client.sendFrame(client.sealFor(client.session, once))
  await assertCutOff(client)
})

scenario('a frame that is sealed before anybody logged on ends the connection', {}, async (world) => {
  const donor = await world.client()
  const client = world.connect()
  await client.negotiate()
  client.sendFrame(donor.sealFor(donor.session, donor.prepare(Command.ECHO, encodeBody(EchoRequest, {})).message))
  await assertCutOff(client)
})
