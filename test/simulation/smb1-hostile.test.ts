/** SMB1 from somebody who means ill: damage, lies, other people's numbers, logons that never end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { connectNt1By } from '../../src/client/connect.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import type { TransportEvents } from '../../src/protocol/transport.ts'
import { ServerCore, type ServerOptions } from '../../src/server/server-core.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import {
  encodeSmb1Frame,
  SMB1_SIGNATURE_AT,
  Smb1Command,
  Smb1EchoRequest,
  Smb1Empty,
  Smb1Flags2,
  Smb1Header,
  Smb1Logoff,
  Smb1NegotiateRequest,
  type Smb1Part,
  Smb1SessionSetupExtendedRequest,
  Smb1Status,
  Smb1TreeConnectRequest,
  smb1Chain,
  smb1Part,
} from '../../src/wire/smb1/index.ts'
import { TESTER } from './client.ts'
import { toldBy } from './smb1-client.ts'
import { joinedTo } from './spoken.ts'
import { VirtualClock } from './virtual-clock.ts'

const { EXTENDED_SECURITY, NT_STATUS, UNICODE } = Smb1Flags2
const FLAGS2 = EXTENDED_SECURITY | NT_STATUS | UNICODE
const NTLMSSP = Uint8Array.from('NTLMSSP\0\x01\0\0\0\x01\x82\x08\xe2', (character) => character.charCodeAt(0))

function serverFor(options: Partial<ServerOptions> = {}) {
  const clock = new VirtualClock()
  const account = { user: TESTER.user, ntHash: ntHash(TESTER.password) }
  const server = new ServerCore({
    shares: [{ name: 'data', backend: memoryBackend() }],
    accounts: { find: () => account },
    smb1: true,
    clock,
    ...options,
  })
  return { server, clock, told: toldBy(server) }
}

/** One connection, on which anything may be sent. */
function lineTo(server: ServerCore) {
  const answers: Uint8Array[] = []
  let isClosed = false
  const connection: TransportEvents | undefined = server.connect({
    remote: '10.0.0.66:6666',
    local: '10.0.0.1',
    unsentBytes: 0,
    send: (parts, sent) => {
      for (const part of parts) answers.push(new Uint8Array(part).subarray(4))
      sent?.()
    },
    pause: () => {},
    resume: () => {},
    close: () => (isClosed = true),
  })
  const sendRaw = async (frame: Uint8Array): Promise<Uint8Array | undefined> => {
    answers.length = 0
    connection?.received(frame)
    await new Promise((resolve) => setImmediate(resolve))
    return answers[0]
  }
  const send = async (place: { uid?: number; tid?: number; flags2?: number }, ...parts: Smb1Part[]) => {
    const { uid = 0, tid = 0, flags2 = FLAGS2 } = place
    const command = parts[0]?.command ?? 0
    const header = { command: command as 0, flags: 0, flags2, securityFeatures: new Uint8Array(8), uid, tid, mid: 1 }
    const answer = await sendRaw(encodeSmb1Frame(header, parts))
    return answer && Smb1Header.decode(viewOf(answer))
  }
  return { send, sendRaw, isClosed: () => isClosed, end: () => connection?.closed() }
}

const negotiate = smb1Part(Smb1Command.NEGOTIATE, Smb1NegotiateRequest, { dialects: ['NT LM 0.12'] })
const setup = (securityBlob: Uint8Array): Smb1Part =>
  smb1Part(Smb1Command.SESSION_SETUP_ANDX, Smb1SessionSetupExtendedRequest.unicode, {
    maxBufferSize: 4356,
    maxMpxCount: 1,
    capabilities: 0x8000_0000,
    securityBlob,
  })
const treeConnect = smb1Part(Smb1Command.TREE_CONNECT_ANDX, Smb1TreeConnectRequest.unicode, {
  flags: 0,
  password: new Uint8Array(1),
  path: '\\\\server\\data',
  service: '?????',
})

test('a message cut off anywhere, or with any byte changed, is refused; the server lives', async () => {
  const { server, told } = serverFor()
  const whole = encodeSmb1Frame(
    { command: Smb1Command.SESSION_SETUP_ANDX, flags: 0, flags2: FLAGS2, securityFeatures: new Uint8Array(8) },
    [setup(NTLMSSP), treeConnect],
  )
  const damaged: Uint8Array[] = []
  for (let length = 4; length < whole.length; length++) {
    const cut = whole.slice(0, length)
    viewOf(cut).setUint32(0, length - 4, false)
    damaged.push(cut)
  }
  for (let at = 4; at < whole.length; at++)
    for (const value of [0, 0x7f, 0xff]) damaged.push(whole.map((byte, i) => (i === at ? value : byte)))
  for (const frame of damaged) {
    const line = lineTo(server)
    await line.send({}, negotiate)
    await line.sendRaw(frame)
    line.end()
  }
  assert.deepEqual(
    told.filter((reason) => reason.startsWith('fault')),
    [],
  )
  assert.equal(server.sessions.size, 0)
  await server.end()
})

test('numbers of others, or of nobody, are nobody’s', async () => {
  const { server } = serverFor()
  const line = lineTo(server)
  await line.send({}, negotiate)
  assert.equal((await line.send({ uid: 7 }, setup(NTLMSSP)))?.status, Smb1Status.BAD_UID)
  assert.equal((await line.send({ uid: 7 }, treeConnect))?.status, Smb1Status.BAD_UID)
  const half = await line.send({}, setup(NTLMSSP))
  assert.equal(half?.status, NtStatus.MORE_PROCESSING_REQUIRED)
  // Who has half logged on is nobody yet.
  assert.equal((await line.send({ uid: half?.uid ?? 0 }, treeConnect))?.status, Smb1Status.BAD_UID)
  const other = lineTo(server)
  await other.send({}, negotiate)
  assert.equal((await other.send({ uid: half?.uid ?? 0 }, setup(NTLMSSP)))?.status, Smb1Status.BAD_UID)
  const echo = smb1Part(Smb1Command.ECHO, Smb1EchoRequest, { echoCount: 65_535, data: new Uint8Array(9) })
  assert.equal((await other.send({}, echo))?.status, 0)
  const read = smb1Part(Smb1Command.READ_ANDX, Smb1Empty, {})
  assert.equal((await other.send({ uid: 1 }, read))?.status, Smb1Status.BAD_UID)
  assert.equal((await other.send({}, smb1Part(0xf0, Smb1Empty, {})))?.status, Smb1Status.BAD_COMMAND)
  line.end()
  other.end()
  await server.end()
})

test('what follows a logon that goes on is not served', async () => {
  const { server } = serverFor()
  const line = lineTo(server)
  await line.send({}, negotiate)
  const chained = await line.send({}, setup(NTLMSSP), treeConnect)
  assert.equal(chained?.status, NtStatus.MORE_PROCESSING_REQUIRED)
  assert.equal(chained?.tid, 0)
  line.end()
  await server.end()
})

test('half-finished logons: so many, and then they end', async () => {
  const { server, clock, told } = serverFor()
  const line = lineTo(server)
  await line.send({}, negotiate)
  const { maxSessionsPerConnection, logonTimeoutMs } = server.limits
  for (let i = 0; i < maxSessionsPerConnection; i++)
    assert.equal((await line.send({}, setup(NTLMSSP)))?.status, NtStatus.MORE_PROCESSING_REQUIRED)
  assert.equal((await line.send({}, setup(NTLMSSP)))?.status, NtStatus.INSUFFICIENT_RESOURCES)
  clock.advance(logonTimeoutMs)
  assert.ok(line.isClosed())
  assert.deepEqual(told, ['nobody logged on in time'])
  assert.equal(server.sessions.size, 0)
  await server.end()
})

const endings: readonly (readonly [string, (line: ReturnType<typeof lineTo>) => Promise<unknown>, RegExp])[] = [
  ['a second NEGOTIATE', (line) => line.send({}, negotiate), /second NEGOTIATE/],
  ['SMB2 in between', (line) => line.sendRaw(Uint8Array.of(0, 0, 0, 4, 0xfe, 0x53, 0x4d, 0x42)), /not an SMB1 message/],
  [
    'a logon of the other form',
    (line) => line.send({}, smb1Part(Smb1Command.SESSION_SETUP_ANDX, Smb1Empty, {})),
    /another form/,
  ],
]

/** A LOGOFF_ANDX whose next command, another, lies at `offset`. */
function chainTo(offset: number): DataView {
  const header = { command: Smb1Command.LOGOFF_ANDX, flags: 0, flags2: FLAGS2, securityFeatures: new Uint8Array(8) }
  const logoff = { andXCommand: Smb1Command.LOGOFF_ANDX, andXOffset: offset }
  return viewOf(encodeSmb1Frame(header, [smb1Part(Smb1Command.LOGOFF_ANDX, Smb1Logoff, logoff)]).subarray(4))
}

test('a chain leads forwards, stays within its message, and has an end', () => {
  for (const [offset, reason] of [
    [32, /leads backwards/],
    [0, /leads backwards/],
    [0xfff0, /leads out/],
  ] as const)
    assert.throws(() => [...smb1Chain(chainTo(offset))], reason)
  const long = Array.from({ length: 9 }, () => smb1Part(Smb1Command.LOGOFF_ANDX, Smb1Logoff, {}))
  const header = { command: Smb1Command.LOGOFF_ANDX, flags: 0, flags2: FLAGS2, securityFeatures: new Uint8Array(8) }
  assert.throws(() => [...smb1Chain(viewOf(encodeSmb1Frame(header, long).subarray(4)))], /has no end/)
})

for (const [name, send, reason] of endings)
  test(`${name} ends the connection, and is told once`, async () => {
    const { server, told } = serverFor()
    const line = lineTo(server)
    await line.send({}, negotiate)
    await send(line)
    assert.ok(line.isClosed())
    assert.equal(told.length, 1)
    assert.match(told[0] ?? '', reason)
    await server.end()
  })

test('a signature that is wrong, or a message sent again, ends the session', async () => {
  for (const spoil of ['signature', 'again'] as const) {
    const { server, told } = serverFor({ signing: 'required' })
    let sent: Uint8Array | undefined
    let isSpoiling = false
    const dial = joinedTo(server, ({ fromServer, message }) => {
      if (fromServer) return
      if (isSpoiling && spoil === 'signature') message[SMB1_SIGNATURE_AT] = (message[SMB1_SIGNATURE_AT] ?? 0) ^ 1
      if (isSpoiling && spoil === 'again' && sent !== undefined) message.set(sent.subarray(0, message.length))
      sent = message.slice()
    })
    const client = await connectNt1By({ dial }, { host: 'server', path: '', ...TESTER }, { dialects: ['NT1'] })
    assert.ok(client.signs)
    await client.echo(Uint8Array.of(1))
    isSpoiling = true
    await assert.rejects(client.echo(Uint8Array.of(1)))
    assert.deepEqual(told, ['a message of SMB1 with a wrong signature'])
    assert.equal(server.sessions.size, 0)
    await client.close()
    await server.end()
  }
})

test('a client is not fooled: a signature taken away, or an answer to another question', async () => {
  for (const spoil of [
    (message: Uint8Array) => message.fill(0, SMB1_SIGNATURE_AT, SMB1_SIGNATURE_AT + 8),
    (message: Uint8Array) => (message[30] = (message[30] ?? 0) ^ 1),
    (message: Uint8Array) => (message[4] = Smb1Command.NEGOTIATE),
  ]) {
    const { server } = serverFor({ signing: 'required' })
    let isSpoiling = false
    const dial = joinedTo(server, ({ fromServer, message }) => void (fromServer && isSpoiling && spoil(message)))
    const client = await connectNt1By({ dial }, { host: 'server', path: '', ...TESTER }, { dialects: ['NT1'] })
    isSpoiling = true
    await assert.rejects(client.echo(Uint8Array.of(1)), /wrong signature|nobody waits for/)
    await client.close()
    await server.end()
  }
})
