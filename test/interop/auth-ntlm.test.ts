/** Logons with the NTLM and SPNEGO of others, token by token: Samba's ntlm_auth in all four roles, impacket's client. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { Initiator, Logon } from '../../src/auth/mechanism.ts'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoMechanisms } from '../../src/auth/spnego-acceptor.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { NtlmSession, ntHash } from '../../src/crypto/ntlm.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { decodeAuthenticate } from '../../src/wire/ntlmssp/index.ts'
import { withFolder } from '../peers/content.ts'
import { localNtlm } from '../peers/local-ntlm.ts'
import { needsPeer, python } from '../peers/peer.ts'

const PASSWORD = 'Sécret 1'
const ANSWER_TIMEOUT_MS = 20_000

const ntlm = localNtlm(
  { find: (user) => (user.toLowerCase() === 'alice' ? { user: 'alice', ntHash: ntHash(PASSWORD) } : undefined) },
  { netbiosName: 'SERVER', dnsName: 'server.example' },
)

/** A program that answers line by line. It is ended with the test. */
interface Dialogue {
  /** Sends a line and waits for one. */
  readonly ask: (line?: string) => Promise<string>
}

async function withProgram(
  command: string,
  args: readonly string[],
  use: (talk: Dialogue) => Promise<void>,
): Promise<void> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const overdue = setTimeout(() => child.kill('SIGKILL'), ANSWER_TIMEOUT_MS)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  try {
    await use({
      ask: async (line) => {
        if (line !== undefined) child.stdin.write(`${line}\n`)
        const answer = await lines.next()
        assert.ok(answer.done !== true, `${command} has ended`)
        return answer.value
      },
    })
  } finally {
    clearTimeout(overdue)
    child.kill('SIGKILL')
  }
}

const needsNtlmAuth = needsPeer('ntlm_auth')

function withNtlmAuth(protocol: string, password: string, use: (talk: Dialogue) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const config = join(folder, 'smb.conf')
    const folders = ['lock directory', 'state directory', 'cache directory', 'private dir', 'pid directory']
    writeFileSync(config, `[global]\nnetbios name = PEER\n${folders.map((name) => `${name} = ${folder}\n`).join('')}`)
    const who = ['--username=alice', '--domain=SERVER', `--password=${password}`]
    await withProgram('ntlm_auth', [`--helper-protocol=${protocol}`, `--configfile=${config}`, ...who], use)
  })
}

const base64 = (token: Uint8Array): string => Buffer.from(token).toString('base64')
/** The token in an answer such as `TT <base64>`. */
const tokenOf = (answer: string): Uint8Array => new Uint8Array(Buffer.from(answer.split(' ')[1] ?? '', 'base64'))

for (const protocol of ['ntlmssp-client-1', 'gss-spnego-client'])
  test(`${protocol} of ntlm_auth logs on to us, and has the same key`, needsNtlmAuth, async () => {
    const mechanism = protocol === 'gss-spnego-client' ? new SpnegoMechanisms([ntlm]) : ntlm
    await withNtlmAuth(protocol, PASSWORD, async ({ ask }) => {
      const acceptor = mechanism.acceptor()
      let answer = await ask('YR')
      let logon: Logon | undefined
      for (let trips = 0; trips < 3 && logon === undefined; trips++) {
        const step = await acceptor.accept(tokenOf(answer))
        assert.ok(!failed(step))
        logon = step.complete
        if (step.token !== undefined) answer = await ask(`TT ${base64(step.token)}`)
      }
      assert.equal(logon?.identity.user, 'alice')
      assert.equal(answer.slice(0, 2), 'AF')
      assert.equal(await ask('GK'), `GK ${base64(logon.sessionKey)}`)
    })
  })

test('ntlm_auth with a wrong password is refused', needsNtlmAuth, async () => {
  await withNtlmAuth('ntlmssp-client-1', 'wrong', async ({ ask }) => {
    const acceptor = ntlm.acceptor()
    const challenge = await acceptor.accept(tokenOf(await ask('YR')))
    assert.ok(!failed(challenge) && challenge.token)
    const outcome = await acceptor.accept(tokenOf(await ask(`TT ${base64(challenge.token)}`)))
    assert.ok(failed(outcome))
    assert.equal(outcome.status, NtStatus.LOGON_FAILURE)
  })
})

for (const protocol of ['squid-2.5-ntlmssp', 'gss-spnego'])
  test(
    `we log on to ${protocol} of ntlm_auth, and have the same key; not with a wrong password`,
    needsNtlmAuth,
    async () => {
      for (const password of [PASSWORD, 'wrong'])
        await withNtlmAuth(protocol, PASSWORD, async ({ ask }) => {
          const client = new NtlmInitiatorMechanism({ user: 'alice', domain: 'SERVER', password })
          const initiator: Initiator = protocol === 'gss-spnego' ? new SpnegoInitiator([client]) : client.initiator()
          const first = await initiator.step()
          assert.ok(!failed(first) && first.token)
          const challenge = await ask(`YR ${base64(first.token)}`)
          const second = await initiator.step(tokenOf(challenge))
          assert.ok(!failed(second) && second.token)
          const verdict = await ask(`KK ${base64(second.token)}`)
          assert.equal(verdict.slice(0, 2), password === PASSWORD ? 'AF' : 'NA', verdict)
          if (password !== PASSWORD) return
          const last = second.complete === undefined ? await initiator.step(tokenOf(verdict)) : second
          assert.ok(!failed(last) && last.complete)
          assert.equal(await ask('GK'), `GK ${base64(last.complete.sessionKey)}`)
        })
    },
  )

test('impacket logs on to us, and seals with the same key', needsPeer('impacket'), async () => {
  const script = join(import.meta.dirname, 'ntlm-impacket.py')
  for (const [user, domain] of [
    ['alice', 'SERVER'],
    ['ALICE', 'elsewhere'],
    ['alice', ''],
  ] as const)
    await withProgram(python, ['-W', 'ignore', script, user, PASSWORD, domain], async ({ ask }) => {
      const acceptor = ntlm.acceptor()
      const challenge = await acceptor.accept(fromHex(await ask()))
      assert.ok(!failed(challenge) && challenge.token)
      const authenticate = fromHex(await ask(hex(challenge.token)))
      const outcome = await acceptor.accept(authenticate)
      assert.ok(!failed(outcome) && outcome.complete)
      assert.equal(outcome.complete.identity.user, 'alice')
      assert.equal(await ask(), hex(outcome.complete.sessionKey))
      const session = new NtlmSession(
        outcome.complete.sessionKey,
        'server',
        decodeAuthenticate(authenticate).negotiateFlags,
      )
      const [sealed, signature] = [fromHex(await ask()), fromHex(await ask())]
      assert.ok(session.unseal(sealed, 0, sealed.length, signature))
      assert.equal(new TextDecoder().decode(sealed), 'a message')
    })
})
