/** Connections and logons that fail between Samba's client and a server, captured, and found; and their healthy twins. */
import { after, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { filetimeFromDate } from '../../src/bytes/filetime.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { domainController } from '../../src/domain/index.ts'
import { type Account, type Authenticator, type Backend, Server, type ServerOptions } from '../../src/server/index.ts'
import { fail } from '../../src/wire/erref/failure.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { Command } from '../../src/wire/smb2/index.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import type { SmbclientTarget } from '../peers/smbclient.ts'
import { type Smbd, type SmbdOptions, startSmbd, tester } from '../peers/smbd.ts'
import { assertTold, changing, type Fault } from './trace-faults.ts'

const needs = needsPeer('smbd', 'smbclient', 'smbtorture')
const smb1 = (...more: readonly string[]) => ({
  dialect: 'NT1',
  args: ['--option=client min protocol=NT1', ...more],
})
const publicNames = { client: '198.51.100.5', server: '203.0.113.1' } as const

interface Scene {
  readonly server: SmbdOptions['global']
  readonly faults: Readonly<Record<string, Fault>>
}

const scenes: Readonly<Record<string, Scene>> = {
  'smbd that wants the newest': {
    server: { 'server min protocol': 'SMB3_11', 'ntlm auth': 'disabled' },
    faults: {
      'a client whose newest dialect is too old': { rules: ['no-common-dialect'], ill: { dialect: 'SMB2_10' } },
      'NTLM where there is none': { rules: ['ntlm-blocked'], ill: {} },
    },
  },
  'smbd that wants signatures, of SMB1 too': {
    server: { 'server min protocol': 'NT1', 'server signing': 'mandatory' },
    faults: {
      'a client of SMB1 that does not sign': {
        rules: ['signing-required'],
        ill: smb1('--option=client signing=disabled'),
        well: smb1('--option=client signing=required'),
      },
      'a request that is changed on the way': {
        rules: ['signature-refused'],
        passwords: [tester.password],
        ill: { commands: 'ls', relay: { alter: changing(Command.CREATE) } },
        well: { commands: 'ls' },
      },
      'an answer that is changed on the way': {
        rules: ['signature-refused'],
        passwords: [tester.password],
        ill: { commands: 'ls', relay: { alter: changing(Command.CREATE, 'server') } },
      },
      'sessions of SMB1': { rules: [], notes: ['smb1-used'], ill: smb1(), well: {} },
    },
  },
  'smbd that lets everybody in': {
    server: {
      'server min protocol': 'NT1',
      'map to guest': 'bad user',
      'guest account': 'nobody',
      'ntlm auth': 'ntlmv1-permitted',
      'smb2 max credits': '1',
    },
    faults: {
      'NTLMv1, which the server takes': {
        rules: ['ntlmv1-used'],
        ill: { args: ['--option=client ntlmv2 auth = no'], commands: 'ls' },
        well: { commands: 'ls' },
      },
      'a guest': {
        rules: [],
        notes: ['guest-session'],
        ill: { user: 'nobody-at-all', share: 'open', commands: 'ls' },
        well: { commands: 'ls', protection: 'sign' },
      },
      'a client that is no guest': {
        rules: ['guest-refused'],
        ill: { user: 'nobody-at-all', share: 'open', protection: 'sign' },
        well: { commands: 'ls', protection: 'sign' },
      },
      'too few credits': {
        rules: ['credit-starvation'],
        ill: { commands: 'put new.bin; get new.bin; get new.bin; get new.bin; get new.bin; get new.bin' },
      },
      'files in the clear through public networks': {
        rules: [],
        notes: ['not-encrypted', 'unsigned'],
        ill: { commands: 'ls', protection: 'off', relay: { names: publicNames } },
        well: { commands: 'ls', protection: 'sign' },
      },
    },
  },
  'smbd that wants passwords in the clear': {
    server: { 'server min protocol': 'NT1', 'encrypt passwords': 'no' },
    faults: { 'a password in the clear': { rules: ['cleartext-password'], ill: smb1() } },
  },
}

for (const [name, { server, faults }] of Object.entries(scenes))
  suite(name, needs, () => {
    let smbd: Smbd
    before(async () => {
      smbd = await startSmbd({
        shares: [{ name: 'files' }, { name: 'open', options: { 'guest ok': 'yes' } }],
        ...(server === undefined ? {} : { global: server }),
      })
    })
    after(() => smbd?.stop())
    for (const [what, fault] of Object.entries(faults)) test(what, async () => void (await assertTold(smbd, fault)))
  })

const past = filetimeFromDate(new Date('2020-01-01T00:00:00Z'))

/** What is wrong with the account, or with the server; the healthy twin has nothing. */
interface Policy {
  readonly rules: readonly string[]
  readonly account?: Partial<Account>
  readonly options?: Partial<ServerOptions>
  readonly ill?: Fault['ill']
}

const policies: Readonly<Record<string, Policy>> = {
  'an account that is disabled': { rules: ['account-disabled'], account: { disabled: true } },
  'an account that has expired': { rules: ['account-expired'], account: { expiresAt: past } },
  'a time that is not allowed': { rules: ['logon-hours'], account: { logonHours: new Uint8Array(21) } },
  'a workstation that is not allowed': { rules: ['workstation-refused'], account: { workstations: ['ELSEWHERE'] } },
  'an account that is not for the network': { rules: ['account-restricted'], account: { mayUseNetwork: false } },
  'a password that must be changed': { rules: ['password-must-change'], account: { mustChangePassword: true } },
  'a password that has expired': { rules: ['password-expired'], account: { passwordExpiresAt: past } },
  'an account that wrong passwords have locked': {
    rules: ['account-locked', 'wrong-password'],
    options: { lockout: { threshold: 2 } },
    ill: { password: 'wrong', times: 3 },
  },
  'a name that is another server': {
    rules: ['target-name-refused'],
    options: { targetNames: 'required' },
    ill: { called: 'elsewhere' },
  },
  'a domain without a controller': {
    rules: ['no-logon-servers'],
    options: {
      domain: domainController({
        domain: 'CORP',
        dnsDomain: 'corp.example',
        controllers: ['127.0.0.1'],
        computer: 'SMBKIT',
        password: 'x',
      }),
    },
    ill: { user: 'CORP\\alice' },
  },
  // As programs say no that bring their own users.
  'a kind of logon that is not granted': {
    rules: ['logon-type-refused'],
    options: { authenticator: saying(NtStatus.LOGON_TYPE_NOT_GRANTED) },
  },
  'a domain that does not trust the server any more': {
    rules: ['trust-broken'],
    options: { authenticator: saying(NtStatus.TRUSTED_RELATIONSHIP_FAILURE) },
  },
  'a refusal of another kind': {
    rules: ['logon-refused'],
    options: { authenticator: saying(NtStatus.LOGON_SESSION_COLLISION) },
  },
}

function saying(status: NtStatus): Authenticator {
  const refusal = fail(status)
  return { verify: () => refusal, vouch: () => refusal }
}

suite('accounts that may not log on', needs, () => {
  for (const [name, { rules, account = {}, options = {}, ill = {} }] of Object.entries(policies))
    test(name, async () => {
      await serving(account, options, (target) => assertTold(target, { rules, ill: { commands: 'ls', ...ill } }))
      await serving({}, {}, (target) => assertTold(target, { rules: [], ill: { commands: 'ls' } }))
    })
})

suite('our server', needs, () => {
  test('a backend that is slow', async () => {
    const slowly = (ms: number) => ({
      shares: [{ name: 'files', backend: slow(memoryBackend({ files: { 'plan.bin': 'x' } }), ms) }],
    })
    const commands = { commands: 'ls; get plan.bin /dev/null' }
    await serving({}, slowly(600), (target) => assertTold(target, { rules: ['server-slow'], ill: commands }))
    await serving({}, slowly(0), (target) => assertTold(target, { rules: [], ill: commands }))
  })

  test('a share that is taken away while somebody is in it', async () => {
    for (const rules of [['share-gone'], []])
      await serving({}, {}, (target, server) => {
        if (rules.length > 0) server.once('open', () => server.setShares([]))
        return assertTold(target, { rules, ill: { commands: 'ls' } })
      })
  })

  test('a client that does not give its lease up', async () => {
    const options = {
      shares: [{ name: 'files', backend: memoryBackend({ files: { 'plan.bin': 'x' } }) }],
      limits: { oplockBreakTimeoutMs: 1500 },
    }
    const act = (name: string) => (target: SmbclientTarget) => torture(target, name)
    await serving({}, options, (target) =>
      assertTold(target, { rules: ['break-stall'], ill: { act: act('smb2.lease.timeout') } }),
    )
  })
})

/** What is opened is there so much later. */
function slow(backend: Backend, ms: number): Backend {
  if (ms === 0) return backend
  const open: Backend['open'] = async (path, how) => {
    await pause(ms)
    return backend.open(path, how)
  }
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = name === 'open' ? open : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const torture = ({ host, port, user, password }: SmbclientTarget, name: string) =>
  run(peerPath('smbtorture'), [`//${host}/files`, '-p', String(port), `-U${user}%${password}`, name], {
    timeoutMs: 30_000,
  })

async function serving(
  terms: Partial<Account>,
  options: Partial<ServerOptions>,
  work: (target: SmbclientTarget, server: Server) => Promise<unknown>,
): Promise<void> {
  const account: Account = { user: tester.user, ntHash: ntHash(tester.password), ...terms }
  const server = new Server({
    shares: [{ name: 'files', backend: memoryBackend() }],
    accounts: { find: (name) => (name.toLowerCase() === account.user ? account : undefined) },
    limits: { failedLogonDelayMs: 50 },
    ...options,
  })
  const { host, port } = await server.start({ port: 0 })
  try {
    await work({ host, port, ...tester }, server)
  } finally {
    await server.stop()
  }
}
