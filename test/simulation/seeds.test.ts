/** Examples of Microsoft's, message by message and field by field, as our own two ends say them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { connectBy, connectNt1By } from '../../src/client/connect.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { ServerCore, type ServerOptions } from '../../src/server/server-core.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import {
  Smb1Capabilities,
  Smb1Command,
  Smb1Header,
  Smb1NegotiateExtendedResponse,
  Smb1NegotiateRequest,
  Smb1SecurityMode,
  Smb1SessionSetupExtendedRequest,
  Smb1SessionSetupExtendedResponse,
} from '../../src/wire/smb1/index.ts'
import {
  Capabilities,
  Command,
  Dialect,
  HeaderFlags,
  NegotiateRequest,
  NegotiateResponse,
  SecurityMode,
  SessionSetupRequest,
  SessionSetupResponse,
  Smb2Header,
  TreeConnectRequest,
  TreeConnectResponse,
} from '../../src/wire/smb2/index.ts'
import { TESTER } from './client.ts'
import { joinedTo, type Spoken } from './spoken.ts'

/** Some fields of something that was decoded. */
const fields = <T extends object>(decoded: T, ...names: (keyof T)[]): unknown[] => names.map((name) => decoded[name])

function serverFor(options: Partial<ServerOptions> = {}): ServerCore {
  const account = { user: TESTER.user, ntHash: ntHash(TESTER.password) }
  const find = () => account
  return new ServerCore({ shares: [{ name: 'data', backend: memoryBackend() }], accounts: { find }, ...options })
}

const target = { host: 'smb2server', path: '', user: TESTER.user, password: TESTER.password }

test('MS-SMB2 4.3: connecting to a share by an SMB2 NEGOTIATE, in eight steps', async () => {
  const spoken: Spoken[] = []
  const server = serverFor()
  const dial = joinedTo(server, (frame) => spoken.push({ ...frame, message: frame.message.slice() }))
  const only202 = { minDialect: '2.0.2', maxDialect: '2.0.2', signing: 'off' } as const
  const client = await connectBy({ dial }, target, only202)
  const steps = spoken.slice(0, 6)
  spoken.length = 0
  await client.shares()
  steps.push(...spoken.slice(0, 2))
  await client.close()
  await server.end()

  assert.deepEqual(
    steps.map(({ fromServer }) => fromServer),
    [false, true, false, true, false, true, false, true],
  )
  const { NEGOTIATE, SESSION_SETUP, TREE_CONNECT } = Command
  const { MORE_PROCESSING_REQUIRED } = NtStatus
  const { SERVER_TO_REDIR, SIGNED } = HeaderFlags
  const sessionId = Smb2Header.decode(viewOf(steps[3]?.message ?? new Uint8Array(0))).sessionId
  assert.notEqual(sessionId, 0n)
  const treeId = Smb2Header.decode(viewOf(steps[7]?.message ?? new Uint8Array(0))).treeId
  // Status, command, flags, message id, tree id, session id; what else the header has is zero, or of one run.
  const headers = [
    [0, NEGOTIATE, 0, 0n, 0, 0n],
    [0, NEGOTIATE, SERVER_TO_REDIR, 0n, 0, 0n],
    [0, SESSION_SETUP, 0, 1n, 0, 0n],
    [MORE_PROCESSING_REQUIRED, SESSION_SETUP, SERVER_TO_REDIR, 1n, 0, sessionId],
    [0, SESSION_SETUP, 0, 2n, 0, sessionId],
    [0, SESSION_SETUP, SERVER_TO_REDIR | SIGNED, 2n, 0, sessionId],
    [0, TREE_CONNECT, 0, 3n, 0, sessionId],
    [0, TREE_CONNECT, SERVER_TO_REDIR, 3n, treeId, sessionId],
  ]
  steps.forEach(({ message }, i) => {
    const header = Smb2Header.decode(viewOf(message))
    const found = fields(header, 'status', 'command', 'flags', 'messageId', 'treeId', 'sessionId')
    assert.deepEqual(found, headers[i], `header of step ${i + 1}`)
    assert.deepEqual(fields(header, 'creditCharge', 'nextCommand'), [0, 0])
    assert.ok(header.credits > 0)
  })
  const body = <T>(step: number, declaration: { decode(view: DataView, base: number): T }): T =>
    declaration.decode(viewOf(steps[step - 1]?.message ?? new Uint8Array(0)), 64)
  const at = <T>(
    step: number,
    declaration: { decode(view: DataView, base: number, end: number, origin: number): T },
  ): T => {
    const { message } = steps[step - 1] ?? assert.fail()
    return declaration.decode(viewOf(message), 64, message.length, 0)
  }
  const { SIGNING_ENABLED } = SecurityMode
  const asked = body(1, NegotiateRequest)
  assert.deepEqual(fields(asked, 'structureSize', 'securityMode', 'capabilities'), [36, SIGNING_ENABLED, 0])
  assert.deepEqual([...asked.dialects], [Dialect.SMB_2_0_2])
  const told = at(2, NegotiateResponse)
  const sizes = fields(told, 'maxTransactSize', 'maxReadSize', 'maxWriteSize')
  assert.deepEqual(fields(told, 'structureSize', 'securityMode', 'dialectRevision'), [65, SIGNING_ENABLED, 0x0202])
  assert.deepEqual(sizes, [65_536, 65_536, 65_536])
  assert.equal(viewOf(steps[1]?.message ?? new Uint8Array(0)).getUint16(64 + 56, true), 128, 'SecurityBufferOffset')
  for (const step of [3, 5]) {
    const setup = at(step, SessionSetupRequest)
    const known = fields(setup, 'structureSize', 'flags', 'securityMode', 'capabilities', 'securityBufferOffset')
    assert.deepEqual(known, [25, 0, SIGNING_ENABLED, Capabilities.DFS, 88], `step ${step}`)
  }
  for (const step of [4, 6]) {
    const answer = at(step, SessionSetupResponse)
    assert.deepEqual(
      fields(answer, 'structureSize', 'sessionFlags', 'securityBufferOffset'),
      [9, 0, 72],
      `step ${step}`,
    )
  }
  const connect = at(7, TreeConnectRequest)
  assert.deepEqual(fields(connect, 'structureSize', 'pathOffset', 'pathLength', 'path'), [
    9,
    72,
    34,
    '\\\\smb2server\\IPC$',
  ])
  const tree = at(8, TreeConnectResponse)
  const known = fields(tree, 'structureSize', 'shareType', 'shareFlags', 'capabilities', 'maximalAccess')
  assert.deepEqual(known, [16, 2, 0x30, 0, 2_032_127])
})

test('MS-SMB 4.1: extended security authentication, in six frames', async () => {
  const spoken: Spoken[] = []
  const server = serverFor({ smb1: true })
  const dial = joinedTo(server, (frame) => spoken.push({ ...frame, message: frame.message.slice() }))
  const client = await connectNt1By({ dial }, target, { dialects: ['NT1'] })
  const frames = spoken.slice(0, 6)
  await client.close()
  await server.end()
  const at = <T>(
    frame: number,
    declaration: { decode(view: DataView, base: number, end: number, origin: number): T },
  ): T => {
    const { message } = frames[frame - 1] ?? assert.fail()
    return declaration.decode(viewOf(message), 32, message.length, 0)
  }
  const headers = frames.map(({ message }) => Smb1Header.decode(viewOf(message)))
  const uid = headers[3]?.uid
  const [, , mid, , lastMid] = headers.map((header) => header.mid)
  assert.ok(uid !== undefined && uid !== 0)
  const { NEGOTIATE, SESSION_SETUP_ANDX } = Smb1Command
  const expected = [
    [NEGOTIATE, 0, 0, 0, headers[0]?.mid],
    [NEGOTIATE, 0, 0, 0, headers[0]?.mid],
    [SESSION_SETUP_ANDX, 0, 0, 0, mid],
    [SESSION_SETUP_ANDX, NtStatus.MORE_PROCESSING_REQUIRED, 0, uid, mid],
    [SESSION_SETUP_ANDX, 0, 0, uid, lastMid],
    [SESSION_SETUP_ANDX, 0, 0, uid, lastMid],
  ]
  headers.forEach((header, i) => {
    assert.deepEqual(fields(header, 'command', 'status', 'tid', 'uid', 'mid'), expected[i], `frame ${i + 1}`)
    assert.equal(header.flags2, 0xc807, `Flags2 of frame ${i + 1}`)
  })
  assert.notEqual(mid, lastMid)

  const { dialects } = at(1, Smb1NegotiateRequest)
  assert.deepEqual(dialects, [
    'PC NETWORK PROGRAM 1.0',
    'LANMAN1.0',
    'Windows for Workgroups 3.1a',
    'LM1.2X002',
    'LANMAN2.1',
    'NT LM 0.12',
  ])
  const negotiated = at(2, Smb1NegotiateExtendedResponse)
  assert.deepEqual(fields(negotiated, 'wordCount', 'dialectIndex'), [17, 5])
  const { EXTENDED_SECURITY, DYNAMIC_REAUTH } = Smb1Capabilities
  assert.equal((negotiated.capabilities & EXTENDED_SECURITY) >>> 0, EXTENDED_SECURITY)
  assert.equal(negotiated.serverGuid, server.guid)
  assert.equal(negotiated.securityBlob[0], 0x60)
  const { USER_SECURITY, ENCRYPT_PASSWORDS, SECURITY_SIGNATURES_ENABLED } = Smb1SecurityMode
  assert.equal(negotiated.securityMode, USER_SECURITY | ENCRYPT_PASSWORDS | SECURITY_SIGNATURES_ENABLED)
  for (const frame of [3, 5]) {
    const setup = at(frame, Smb1SessionSetupExtendedRequest.unicode)
    assert.equal(setup.wordCount, 12)
    assert.equal((setup.capabilities & 0xa000_0000) >>> 0, (EXTENDED_SECURITY | DYNAMIC_REAUTH) >>> 0)
    assert.equal(setup.securityBlobLength, setup.securityBlob.length)
  }
  for (const frame of [4, 6]) {
    const answer = at(frame, Smb1SessionSetupExtendedResponse.unicode)
    assert.equal(answer.wordCount, 4)
    assert.ok(answer.securityBlob.length >= 9)
  }
  // As long as it takes to say that it is done: the seed's last blob.
  assert.equal(at(6, Smb1SessionSetupExtendedResponse.unicode).action, 0)
})
