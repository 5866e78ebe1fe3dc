/** Logons for RPC itself: both roles joined, in every way and at every level, and what is tampered with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Acceptor, Identity, Initiator } from '../../src/auth/mechanism.ts'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoMechanisms } from '../../src/auth/spnego-acceptor.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { RpcClient, type RpcDuplex } from '../../src/rpc/client.ts'
import { RpcError } from '../../src/rpc/fault.ts'
import { defaultRpcLimits } from '../../src/rpc/limits.ts'
import type { RpcAuthenticator } from '../../src/rpc/logons.ts'
import { withToken } from '../../src/rpc/packet-security.ts'
import type { RpcEndpoint } from '../../src/rpc/server.ts'
import { service } from '../../src/rpc/service.ts'
import {
  AuthenticationLevel,
  AuthenticationType,
  BindTimeFeatures,
  bindTimeSyntax,
  FaultStatus,
  PacketType,
} from '../../src/wire/dcerpc/index.ts'
import { localNtlm } from '../peers/local-ntlm.ts'
import { bindPacket, duplexTo, endpoint, headerAt, Listening, ndr20 } from './rpc-pair.ts'
import { Toy, ToyState } from './rpc-toy.ts'

const password = 'Secret1'
type Find = (user: string) => { user: string; ntHash: Uint8Array } | undefined
const known: Find = (user) => (user === 'alice' ? { user, ntHash: ntHash(password) } : undefined)

function authenticator(find: (user: string) => ReturnType<Find> | Promise<ReturnType<Find>> = known): RpcAuthenticator {
  const names = { netbiosName: 'SERVER', dnsName: 'server.example' }
  const ntlm = localNtlm({ find }, { ...names, guests: 'unknown user' })
  const mechanisms = new SpnegoMechanisms([ntlm])
  const greeter = (identity: Identity) =>
    service(Toy, {
      Echo: ({ data }) => ({ data }),
      Greet: () => ({ greeting: `${identity.kind} ${identity.user}`, result: 0 }),
      Big: ({ length }) => ({ data: new Uint8Array(length).fill(7) }),
    })
  return {
    acceptor: (type) =>
      type === AuthenticationType.SPNEGO || type === AuthenticationType.NTLM ? mechanisms.acceptor() : undefined,
    services: (identity) => [greeter(identity), ...new ToyState().services().slice(1)],
  }
}

const guarded = (find?: Parameters<typeof authenticator>[0]): RpcEndpoint => ({
  ...endpoint(new ToyState().services()),
  authenticator: authenticator(find),
})

const ways: Record<string, { type: number; initiator: (user?: string, secret?: string) => Initiator }> = {
  NTLM: {
    type: AuthenticationType.NTLM,
    initiator: (user = 'alice', secret = password) => ntlmOf(user, secret).initiator(),
  },
  SPNEGO: {
    type: AuthenticationType.SPNEGO,
    initiator: (user = 'alice', secret = password) => new SpnegoInitiator([ntlmOf(user, secret)]),
  },
}
const ntlmOf = (user: string, secret: string) =>
  new NtlmInitiatorMechanism({ user, domain: 'SERVER', password: secret }, { workstation: 'CLIENT' })

const levels = Object.entries(AuthenticationLevel).filter(([, level]) => level >= AuthenticationLevel.CONNECT)
const data = Uint8Array.from({ length: 20_001 }, (_, i) => i)

/** Sees each message of either direction, and may change it. */
function watched(inner: RpcDuplex, see: (bytes: Uint8Array, from: 'client' | 'server') => void): RpcDuplex {
  return {
    async send(bytes) {
      see(bytes, 'client')
      await inner.send(bytes)
    },
    async receive() {
      const bytes = await inner.receive()
      see(bytes, 'server')
      return bytes
    },
  }
}

for (const [name, { type, initiator }] of Object.entries(ways)) {
  for (const [levelName, level] of levels) {
    test(`${name} at level ${levelName}: calls of who has logged on, in one fragment and in many`, async () => {
      const seen: Uint8Array[] = []
      const duplex = watched(duplexTo(guarded()), (bytes) => void seen.push(bytes.slice()))
      const toy = await new RpcClient(duplex, { authentication: { type, level, initiator: initiator() } }).bind(Toy)
      seen.length = 0
      assert.equal((await toy.Greet({ name: 'anybody' })).greeting, 'user alice')
      const isHidden = !seen.some((bytes) => Buffer.from(bytes).includes(Buffer.from('alice', 'utf16le')))
      assert.equal(isHidden, level === AuthenticationLevel.PRIVACY)
      assert.deepEqual((await toy.Echo({ data })).data, data)
      assert.equal((await toy.Big({ length: 100_000 })).data.length, 100_000)
    })
  }

  test(`${name}: a packet that was changed on its way is noticed, at both ends`, async () => {
    for (const level of [AuthenticationLevel.PACKET, AuthenticationLevel.INTEGRITY, AuthenticationLevel.PRIVACY]) {
      for (const [victim, at] of [
        ['client', 30],
        ['client', 22],
        ['server', 30],
        ['server', 16],
      ] as const) {
        let armed = false
        const duplex = watched(duplexTo(guarded()), (bytes, from) => {
          if (armed && from === victim) bytes[at] = (bytes[at] ?? 0) ^ 1
        })
        const toy = await new RpcClient(duplex, { authentication: { type, level, initiator: initiator() } }).bind(Toy)
        armed = true
        await assert.rejects(toy.Greet({ name: 'x' }), (error) => {
          assert.ok(error instanceof RpcError, String(error))
          if (victim === 'client') assert.equal(error.status, FaultStatus.SEC_PKG_ERROR)
          else assert.match(error.message, /not as the server signed it/)
          return true
        })
      }
    }
  })

  test(`${name}: a wrong password, and a guest who cannot sign`, async () => {
    const level = AuthenticationLevel.INTEGRITY
    for (const wrong of [initiator('alice', 'wrong'), initiator('nobody', 'x')]) {
      const client = new RpcClient(duplexTo(guarded()), { authentication: { type, level, initiator: wrong } })
      await assert.rejects(async () => {
        const toy = await client.bind(Toy)
        await toy.Greet({ name: 'x' })
      }, RpcError)
    }
    const guest = { type, level: AuthenticationLevel.CONNECT, initiator: initiator('nobody', 'x') }
    const toy = await new RpcClient(duplexTo(guarded()), { authentication: guest }).bind(Toy)
    assert.equal((await toy.Greet({ name: null })).greeting, 'guest nobody')
  })

  test(`${name}: what is sent while an account is looked up waits for the outcome, within bounds`, async () => {
    const lookups: (() => void)[] = []
    const slow = (user: string) => new Promise<ReturnType<Find>>((resolve) => lookups.push(() => resolve(known(user))))
    const from = guarded(slow)
    const duplex = duplexTo(from)
    const authentication = { type, level: AuthenticationLevel.PRIVACY, initiator: initiator() }
    const greeting = new RpcClient(duplex, { authentication }).bind(Toy).then((toy) => toy.Greet({ name: null }))
    while (lookups.length === 0) await setImmediate()
    await setImmediate()
    lookups[0]?.()
    assert.equal((await greeting).greeting, 'user alice')
    assert.equal(from.budget.used, 0)

    const flooded = duplexTo(from)
    const never = new RpcClient(flooded, { authentication: { ...authentication, initiator: initiator() } })
    const bound = never.bind(Toy).then(
      () => undefined,
      () => undefined,
    )
    while (lookups.length === 1) await setImmediate()
    const flood = new Uint8Array(64 * 1024)
    for (let i = 0; i < 10 && !flooded.server.ended; i++) flooded.server.connection.receive(flood)
    assert.equal(flooded.server.ended, true)
    assert.equal(from.budget.used, 0)
    lookups[1]?.()
    await setImmediate()
    void bound
  })
}

test('after a logon no call goes without its signature, and none under another level', async () => {
  const from = guarded()
  const { server, ...duplex } = duplexTo(from)
  const { type, initiator } = ways['NTLM'] as (typeof ways)[string]
  const authentication = { type, level: AuthenticationLevel.INTEGRITY, initiator: initiator() }
  let cut = false
  const naked = watched(duplex, (bytes, direction) => {
    // The level of the trailer: 24 bytes of token and trailer before the end, second byte.
    if (cut && direction === 'client') bytes[bytes.length - 23] = AuthenticationLevel.PRIVACY
  })
  const toy = await new RpcClient(naked, { authentication }).bind(Toy)
  cut = true
  await assert.rejects(toy.Greet({ name: null }), { status: FaultStatus.SEC_PKG_ERROR })
  assert.equal(server.ended, true)
})

test('types and levels that nobody has are refused in the bind', async () => {
  const { initiator } = ways['NTLM'] as (typeof ways)[string]
  for (const [type, level] of [
    [AuthenticationType.SCHANNEL, AuthenticationLevel.PRIVACY],
    [AuthenticationType.NTLM, 7],
    [AuthenticationType.NTLM, AuthenticationLevel.NONE],
  ] as const) {
    const client = new RpcClient(duplexTo(guarded()), { authentication: { type, level, initiator: initiator() } })
    await assert.rejects(client.bind(Toy), { code: 'RPC_BIND_REFUSED' })
  }
  // Where nobody can log on, a bind without logon is as ever.
  const server = new Listening(endpoint(new ToyState().services()))
  assert.equal(server.say(bindPacket([ndr20(Toy.syntax)])).length, 1)
})

test('logons by the thousand on one connection: as many as are allowed, and then its end', () => {
  const begun: Acceptor = { accept: () => ({ token: Uint8Array.of(1) }) }
  const rpc = { ...guarded(), authenticator: { ...authenticator(), acceptor: () => begun } }
  const bind = (several: boolean, contextId: number, packetType: 11 | 14): Uint8Array => {
    const features = bindTimeSyntax(BindTimeFeatures.SECURITY_CONTEXT_MULTIPLEXING)
    const feature = { ...ndr20(Toy.syntax, 1), transferSyntaxes: [features] }
    const packet = bindPacket([ndr20(Toy.syntax), ...(several ? [feature] : [])], { packetType })
    const fields = { authenticationType: AuthenticationType.NTLM, authenticationLevel: 5, contextId }
    return withToken(packet, fields, Uint8Array.of(1, 2, 3))
  }
  for (const [several, allowed] of [
    [false, 1],
    [true, defaultRpcLimits.maxLogons],
  ] as const) {
    const server = new Listening(rpc)
    const types = [headerAt(server.say(bind(several, 0, PacketType.BIND))[0]).packetType]
    for (let i = 1; i < 1000 && !server.ended; i++)
      types.push(headerAt(server.say(bind(false, i, PacketType.ALTER_CONTEXT))[0]).packetType)
    assert.equal(types.filter((type) => type !== PacketType.FAULT).length, allowed)
    assert.equal(types.at(-1), PacketType.FAULT)
    assert.equal(server.ended, true)
  }
})

test('an acceptor that fails as a bug does is reported, and the connection ends', async () => {
  const reported: unknown[] = []
  const broken: Acceptor = { accept: () => Promise.reject(new Error('a bug')) }
  const from = { ...endpoint(new ToyState().services()), report: (error: unknown) => void reported.push(error) }
  const rpc = { ...from, authenticator: { ...authenticator(), acceptor: () => broken } }
  const { type, initiator } = ways['NTLM'] as (typeof ways)[string]
  const authentication = { type, level: AuthenticationLevel.CONNECT, initiator: initiator() }
  await assert.rejects(new RpcClient(duplexTo(rpc), { authentication }).bind(Toy), { code: 'RPC_BIND_REFUSED' })
  assert.equal(reported.length, 1)
})
