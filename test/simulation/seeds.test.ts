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
import { decodeSpnego, NegState } from '../../src/wire/spnego/index.ts'
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

/** Fields that are of one run: keys, times, sizes of tokens. The seeds' own are none that anybody else could have. */
const OF_A_RUN = {
  header: ['credits', 'signature'],
  negotiated: ['serverGuid', 'systemTime', 'serverStartTime', 'securityBufferLength', 'securityBuffer'],
  token: ['securityBufferLength', 'securityBuffer'],
  tokenOfThatLength: ['securityBuffer'],
} as const
type OfARun = (typeof OF_A_RUN)[keyof typeof OF_A_RUN]

/** All fields of something that was decoded, but for those of one run. */
const fieldsBut = (decoded: object, ofARun: OfARun | readonly []): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries((decoded as { toJSON(): object }).toJSON()).filter(
      ([name]) => !ofARun.some((field) => field === name),
    ),
  )

interface Example<T> {
  readonly declaration: { decode(view: DataView, base: number, end: number, origin: number): T }
  readonly ofARun: OfARun | readonly []
  /** Field by field as the seed has them. */
  readonly body: object
}

test('MS-SMB2 4.3: connecting to a share by an SMB2 NEGOTIATE, in eight steps', async () => {
  const spoken: Spoken[] = []
  // The seed's server has namespaces: Capabilities 1.
  const server = serverFor({ dfs: { domains: [{ name: 'corp.example', controllers: ['dc1.corp.example'] }] } })
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
  const headers = steps.map(({ message }) => Smb2Header.decode(viewOf(message)))
  const sessionId = headers[3]?.sessionId ?? 0n
  const treeId = headers[7]?.treeId ?? 0
  assert.notEqual(sessionId, 0n)
  assert.notEqual(treeId, 0)
  const { NEGOTIATE, SESSION_SETUP, TREE_CONNECT } = Command
  const { MORE_PROCESSING_REQUIRED } = NtStatus
  const { SERVER_TO_REDIR, SIGNED } = HeaderFlags
  // Status, command, flags, message id, tree id, session id.
  const expected = [
    [0, NEGOTIATE, 0, 0n, 0, 0n],
    [0, NEGOTIATE, SERVER_TO_REDIR, 0n, 0, 0n],
    [0, SESSION_SETUP, 0, 1n, 0, 0n],
    [MORE_PROCESSING_REQUIRED, SESSION_SETUP, SERVER_TO_REDIR, 1n, 0, sessionId],
    [0, SESSION_SETUP, 0, 2n, 0, sessionId],
    [0, SESSION_SETUP, SERVER_TO_REDIR | SIGNED, 2n, 0, sessionId],
    [0, TREE_CONNECT, 0, 3n, 0, sessionId],
    [0, TREE_CONNECT, SERVER_TO_REDIR, 3n, treeId, sessionId],
  ]
  headers.forEach((header, i) => {
    const [status, command, flags, messageId, tree, session] = expected[i] ?? []
    assert.deepEqual(
      fieldsBut(header, OF_A_RUN.header),
      {
        protocolId: 0x424d_53fe,
        structureSize: 64,
        creditCharge: 0,
        status,
        command,
        flags,
        nextCommand: 0,
        messageId,
        // Reserved, where a message is not asynchronous.
        processId: 0,
        treeId: tree,
        sessionId: session,
      },
      `header of step ${i + 1}`,
    )
    assert.ok(header.credits > 0)
    const isSigned = (header.flags & SIGNED) !== 0
    assert.equal(
      header.signature.some((byte) => byte !== 0),
      isSigned,
      `signature of step ${i + 1}`,
    )
  })

  const { SIGNING_ENABLED } = SecurityMode
  const noGuid = '00000000-0000-0000-0000-000000000000'
  const setup = {
    structureSize: 25,
    flags: 0,
    securityMode: SIGNING_ENABLED,
    capabilities: Capabilities.DFS,
    channel: 0,
    securityBufferOffset: 88,
    previousSessionId: 0n,
  }
  const setupAnswer = { structureSize: 9, sessionFlags: 0, securityBufferOffset: 72 }
  const examples: readonly Example<object>[] = [
    {
      declaration: NegotiateRequest,
      ofARun: [],
      body: {
        structureSize: 36,
        dialectCount: 1,
        securityMode: SIGNING_ENABLED,
        reserved: 0,
        capabilities: 0,
        clientGuid: noGuid,
        // What 3.1.1 has here is StartTime in the seed: 0.
        negotiateContextOffset: 0,
        negotiateContextCount: 0,
        reserved2: 0,
        dialects: [Dialect.SMB_2_0_2],
        negotiateContexts: [],
      },
    },
    {
      declaration: NegotiateResponse,
      ofARun: OF_A_RUN.negotiated,
      body: {
        structureSize: 65,
        securityMode: SIGNING_ENABLED,
        dialectRevision: 0x0202,
        negotiateContextCount: 0,
        capabilities: Capabilities.DFS,
        maxTransactSize: 65_536,
        maxReadSize: 65_536,
        maxWriteSize: 65_536,
        securityBufferOffset: 128,
        negotiateContextOffset: 0,
        negotiateContexts: [],
      },
    },
    // NTLM in SPNEGO, as long as the seed's.
    {
      declaration: SessionSetupRequest,
      ofARun: OF_A_RUN.tokenOfThatLength,
      body: { ...setup, securityBufferLength: 74 },
    },
    { declaration: SessionSetupResponse, ofARun: OF_A_RUN.token, body: setupAnswer },
    { declaration: SessionSetupRequest, ofARun: OF_A_RUN.token, body: setup },
    {
      declaration: SessionSetupResponse,
      ofARun: OF_A_RUN.tokenOfThatLength,
      body: { ...setupAnswer, securityBufferLength: 29 },
    },
    {
      declaration: TreeConnectRequest,
      ofARun: [],
      body: { structureSize: 9, flags: 0, pathOffset: 72, pathLength: 34, path: '\\\\smb2server\\IPC$' },
    },
    {
      declaration: TreeConnectResponse,
      ofARun: [],
      body: {
        structureSize: 16,
        shareType: 2,
        reserved: 0,
        shareFlags: 0x30,
        capabilities: 0,
        maximalAccess: 0x1f_01ff,
      },
    },
  ]
  examples.forEach(({ declaration, ofARun, body }, i) => {
    const { message } = steps[i] ?? assert.fail()
    const decoded = declaration.decode(viewOf(message), 64, message.length, 0)
    assert.deepEqual(fieldsBut(decoded, ofARun), body, `step ${i + 1}`)
  })
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
  // The seed's last blob says that it is done, and so does ours, which protects the list of mechanisms beside.
  const last = decodeSpnego(at(6, Smb1SessionSetupExtendedResponse.unicode).securityBlob)
  assert.ok(last.kind === 'resp')
  assert.equal(last.negState, NegState.ACCEPT_COMPLETED)
  assert.equal(at(6, Smb1SessionSetupExtendedResponse.unicode).action, 0)
})
