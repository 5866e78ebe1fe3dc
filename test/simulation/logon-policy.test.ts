/** Accounts, shares and files as a whole server sees them: who may stay, what a share lets whom do, what waits. */
import assert from 'node:assert/strict'
import type { Account } from '../../src/auth/accounts.ts'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { der, Tag } from '../../src/wire/der/der.ts'
import { AccessMask, encodeSecurityDescriptor, parseSddl } from '../../src/wire/dtyp/index.ts'
import { ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import { Command, CreateContextName, CreateOptions, SessionSetupRequest } from '../../src/wire/smb2/index.ts'
import { encodeNegTokenInit, MechOid } from '../../src/wire/spnego/index.ts'
import { type Client, OTHER, TESTER } from './client.ts'
import { close, create, tryCreate } from './files.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const { DELETE, FILE_READ_DATA, FILE_WRITE_DATA, READ_CONTROL, WRITE_DAC, WRITE_OWNER } = AccessMask

const accountOf = ({ user, password }: typeof TESTER | typeof OTHER, terms: Partial<Account> = {}): Account => ({
  user,
  ntHash: ntHash(password),
  ...terms,
})
const sourceOf = (...accounts: readonly Account[]) => ({
  find: (user: string) => accounts.find((account) => account.user === user.toLowerCase()),
})
const tester = accountOf(TESTER)
const other = accountOf(OTHER)

const stays = (client: Client) => tryCreate(client, { name: 'here', desiredAccess: READ_CONTROL })

scenario('who is removed or disabled loses the session at once; others keep theirs', {}, async (world) => {
  const client = await world.client()
  const neighbour = await world.client(OTHER)
  const file = await create(client, { name: 'open', desiredAccess: FILE_WRITE_DATA })
  await world.server.setAccounts(sourceOf(other))
  await world.settled()
  statusIs(await close(client, file), 'STATUS_USER_SESSION_DELETED')
  succeeded(await stays(neighbour))
  await world.server.setAccounts(sourceOf(tester, { ...other, disabled: true }))
  statusIs(await stays(neighbour), 'STATUS_USER_SESSION_DELETED')
  assert.equal(world.server.sessions.size, 0)
})

scenario('new groups hold from the next open on', {}, async (world) => {
  const client = await world.client()
  const list = 'D:(A;;FA;;;BA)'
  const data = encodeSecurityDescriptor(parseSddl(list))
  const made = {
    name: 'f',
    desiredAccess: FILE_READ_DATA,
    createContexts: [{ name: CreateContextName.SECURITY_DESCRIPTOR, data }],
  }
  succeeded(await close(client, await create(client, made)))
  const reading = { name: 'f', desiredAccess: FILE_READ_DATA }
  statusIs(await tryCreate(client, reading), 'STATUS_ACCESS_DENIED')
  await world.server.setAccounts(sourceOf({ ...tester, groups: ['Administrators'] }))
  succeeded(await tryCreate(client, reading))
})

scenario('a session ends with its account, as an expired one that cannot be renewed', {}, async (world) => {
  const expiresAt = world.clock.now() + 600_000_000n
  await world.server.setAccounts(sourceOf({ ...tester, expiresAt }))
  const client = await world.client()
  world.clock.advance(59_000)
  succeeded(await stays(client))
  world.clock.advance(1000)
  statusIs(await stays(client), 'STATUS_NETWORK_SESSION_EXPIRED')
  const { session } = client
  assert.ok(session)
  const { answer } = await client.tryLogon({ session })
  statusIs(answer, 'STATUS_ACCOUNT_EXPIRED')
})

const priced = { server: { limits: { failedLogonDelayMs: 2000 } } }

scenario('a wrong password is answered after two seconds, and told once', priced, async (world) => {
  const told: string[] = []
  world.server.on('logonFailed', ({ user, reason }) => told.push(`${user}: ${reason}`))
  const client = world.connect()
  await client.negotiate()
  let isAnswered = false
  const logon = client.tryLogon({ password: 'wrong' }).then(({ answer }) => {
    isAnswered = true
    return answer
  })
  await world.settled()
  world.clock.advance(1999)
  await world.settled()
  assert.equal(isAnswered, false)
  world.clock.advance(1)
  statusIs(await logon, 'STATUS_LOGON_FAILURE')
  assert.deepEqual(told, ['tester: wrong password'])
})

scenario('who hangs up while a wrong password waits leaves nothing', priced, async (world) => {
  const client = world.connect()
  await client.negotiate()
  const logon = assert.rejects(client.tryLogon({ password: 'wrong' }))
  await world.settled()
  client.disconnect()
  await logon
  world.clock.advance(2000)
  await world.settled()
  world.assertNothingLeft()
})

scenario('half-finished logons: so many a connection, and all of them end', {}, async (world) => {
  const { maxSessionsPerConnection, logonTimeoutMs } = world.server.limits
  const clients = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const client = world.connect()
      await client.negotiate()
      return client
    }),
  )
  for (const client of clients) {
    for (let i = 0; i < maxSessionsPerConnection; i++)
      statusIs(await client.halfLogon(), 'STATUS_MORE_PROCESSING_REQUIRED')
    statusIs(await client.halfLogon(), 'STATUS_INSUFFICIENT_RESOURCES')
  }
  assert.equal(world.server.sessions.size, 40 * maxSessionsPerConnection)
  world.clock.advance(logonTimeoutMs)
  await world.settled()
  assert.equal(world.server.sessions.size, 0)
  world.assertNothingLeft()
})

scenario('every logon that is refused is told once, whatever is wrong with it', {}, async (world) => {
  const told: string[] = []
  world.server.on('logonFailed', ({ status }) => told.push(ntStatusName(status)))
  const client = await world.client()
  const thief = world.connect()
  await thief.negotiate()
  const attempt = async (token: Uint8Array, sessionId = 0n): Promise<string> => {
    const value = { securityMode: 1, capabilities: 0, securityBuffer: token }
    const options = { session: null, treeId: 0, sessionId, sign: false }
    return (await thief.call(Command.SESSION_SETUP, SessionSetupRequest, value, options)).statusName
  }
  const nested = Array.from({ length: 200 }).reduce<Uint8Array>((inner) => der(Tag.SEQUENCE, inner), new Uint8Array(0))
  const notEnough = new Uint8Array(40)
  notEnough.set(Buffer.from('NTLMSSP\0'))
  const bad: [Uint8Array, bigint][] = [
    [Uint8Array.of(0x60), 0n],
    [new Uint8Array(60_000).fill(0x30), 0n],
    [nested, 0n],
    [encodeNegTokenInit({ mechTypes: ['1.2.3.4'] }), 0n],
    [encodeNegTokenInit({ mechTypes: [MechOid.KERBEROS], mechToken: Uint8Array.of(0x6e, 0x84, 0xff, 0xff) }), 0n],
    [notEnough, 0n],
    // A session of another connection, and one of nobody.
    [Uint8Array.of(1), client.session?.id ?? 0n],
    [Uint8Array.of(1), 0x7777n],
  ]
  const answers: string[] = []
  for (const [token, sessionId] of bad) answers.push(await attempt(token, sessionId))
  assert.ok(
    answers.every((status) => /INVALID_PARAMETER|LOGON_FAILURE|USER_SESSION_DELETED/.test(status)),
    answers.join(),
  )
  assert.deepEqual(told, answers)
  assert.equal(world.server.sessions.size, 1)
  succeeded(await stays(client))
})

const backend = memoryBackend()
const shareFor = (permissions: Readonly<Record<string, 'none' | 'read' | 'change' | 'full'>>) => ({
  shares: [{ name: 'data', backend, permissions }],
  server: { accounts: sourceOf({ ...tester, groups: ['staff', 'Backup Operators'] }, other) },
})
interface Granted {
  readonly granted: number
  /** Refused, where anything is. */
  readonly refused?: number
}
/** What each may be granted of a file, by the share's list; nothing: not even the share. */
const lists: readonly {
  readonly permissions: Readonly<Record<string, 'none' | 'read' | 'change' | 'full'>>
  readonly tester?: Granted
  readonly other?: Granted
}[] = [
  { permissions: { tester: 'full' }, tester: { granted: WRITE_DAC } },
  {
    permissions: { '@staff': 'change', everyone: 'read' },
    tester: { granted: FILE_WRITE_DATA | DELETE, refused: WRITE_DAC },
    other: { granted: FILE_READ_DATA, refused: FILE_WRITE_DATA },
  },
  {
    permissions: { '@staff': 'read', TESTER: 'change', other: 'none', everyone: 'full' },
    tester: { granted: WRITE_DAC },
  },
]

for (const { permissions, ...expected } of lists)
  scenario(`share permissions ${JSON.stringify(permissions)}`, shareFor(permissions), async (world) => {
    for (const who of [TESTER, OTHER]) {
      const rights = expected[who.user]
      const client = await world.logon(who)
      if (rights === undefined) {
        await assert.rejects(client.useShare('data'), /ACCESS_DENIED/)
        continue
      }
      await client.useShare('data')
      succeeded(await tryCreate(client, { name: 'f', desiredAccess: rights.granted }))
      if (rights.refused !== undefined)
        statusIs(await tryCreate(client, { name: 'f', desiredAccess: rights.refused }), 'STATUS_ACCESS_DENIED')
    }
  })

scenario('a share whose list has changed is connected anew', shareFor({ everyone: 'full' }), async (world) => {
  const client = await world.client()
  succeeded(await tryCreate(client, { name: 'here', desiredAccess: READ_CONTROL, createDisposition: 3 }))
  world.server.setShares([{ name: 'data', backend, permissions: { everyone: 'read' } }])
  statusIs(await stays(client), 'STATUS_NETWORK_NAME_DELETED')
})

const privileged = { server: { accounts: sourceOf({ ...tester, groups: ['Backup Operators'] }, other) } }

scenario('who backs up reads and writes what is closed to him, with that intent alone', privileged, async (world) => {
  const owner = await world.client(OTHER)
  const data = encodeSecurityDescriptor(parseSddl('D:(A;;FA;;;CO)'))
  const closed = {
    name: 'f',
    desiredAccess: FILE_READ_DATA,
    createContexts: [{ name: CreateContextName.SECURITY_DESCRIPTOR, data }],
  }
  succeeded(await close(owner, await create(owner, closed)))
  const operator = await world.client()
  const wanted = { name: 'f', desiredAccess: FILE_READ_DATA | FILE_WRITE_DATA | WRITE_OWNER }
  statusIs(await tryCreate(operator, wanted), 'STATUS_ACCESS_DENIED')
  const intent = { ...wanted, createOptions: CreateOptions.OPEN_FOR_BACKUP_INTENT }
  succeeded(await tryCreate(operator, intent))
  statusIs(await tryCreate(owner, intent), 'STATUS_ACCESS_DENIED')
})

scenario('who restores makes files where he may not, and for whom they were', privileged, async (world) => {
  const owner = await world.client(OTHER)
  const list = (sddl: string) => [
    { name: CreateContextName.SECURITY_DESCRIPTOR, data: encodeSecurityDescriptor(parseSddl(sddl)) },
  ]
  const folder = { createOptions: CreateOptions.DIRECTORY_FILE, createContexts: list('D:P(A;OICI;FA;;;OW)') }
  succeeded(await close(owner, await create(owner, { name: 'closed', ...folder })))
  const operator = await world.client()
  const { sid } =
    [...world.server.sessions.values()].map(({ identity }) => identity).find((one) => one?.user === OTHER.user) ??
    assert.fail()
  const restored = { name: 'closed\\f', createContexts: list(`O:${sid}D:(A;;FA;;;OW)`) }
  statusIs(await tryCreate(operator, restored), 'STATUS_ACCESS_DENIED')
  const intent = { ...restored, createOptions: CreateOptions.OPEN_FOR_BACKUP_INTENT }
  statusIs(await tryCreate(owner, { ...intent, createContexts: list('O:BAD:(A;;FA;;;OW)') }), 'STATUS_INVALID_OWNER')
  succeeded(await close(operator, await create(operator, intent)))
  statusIs(await tryCreate(operator, { name: 'closed\\f', desiredAccess: FILE_READ_DATA }), 'STATUS_ACCESS_DENIED')
  succeeded(await tryCreate(owner, { name: 'closed\\f', desiredAccess: FILE_READ_DATA | DELETE }))
})

scenario('the session of another connection is nobody else’s', {}, async (world: World) => {
  const client = await world.client()
  const thief = await world.client(OTHER)
  const { session } = client
  assert.ok(session)
  const answer = await thief.treeConnect('data', { sessionId: session.id, sign: false })
  statusIs(answer, 'STATUS_USER_SESSION_DELETED')
  const { answer: setup } = await thief.tryLogon({ session })
  statusIs(setup, 'STATUS_USER_SESSION_DELETED')
  succeeded(await stays(client))
})
