/** What Samba's client is told of accounts that may not log on, and what the server's log has of it. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { filetimeFromDate } from '../../src/bytes/filetime.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { type Account, Server, type ServerOptions } from '../../src/server/index.ts'
import { needsPeer } from '../peers/peer.ts'
import { smbclient } from '../peers/smbclient.ts'
import { tester } from '../peers/smbd.ts'

const past = filetimeFromDate(new Date('2020-01-01T00:00:00Z'))

/** Each refusal by its name, to who knows the password and to who does not. */
const cases: readonly (readonly [string, Partial<Account>, RegExp])[] = [
  ['ACCOUNT_DISABLED', { disabled: true }, /disabled/],
  ['ACCOUNT_EXPIRED', { expiresAt: past }, /account has expired/],
  ['INVALID_LOGON_HOURS', { logonHours: new Uint8Array(21) }, /hours/],
  ['INVALID_WORKSTATION', { workstations: ['ELSEWHERE'] }, /workstation/],
  ['ACCOUNT_RESTRICTION', { mayUseNetwork: false }, /not for the network/],
  ['PASSWORD_MUST_CHANGE', { mustChangePassword: true }, /must be changed/],
  ['PASSWORD_EXPIRED', { passwordExpiresAt: past }, /password has expired/],
]

async function ask(terms: Partial<Account>, password: string, options: Partial<ServerOptions> = {}, times = 1) {
  const account: Account = { user: tester.user, ntHash: ntHash(tester.password), ...terms }
  const server = new Server({
    shares: [{ name: 'data', backend: memoryBackend() }],
    accounts: { find: () => account },
    limits: { failedLogonDelayMs: 50 },
    ...options,
  })
  const reasons: string[] = []
  server.on('logonFailed', ({ reason }) => reasons.push(reason ?? ''))
  const { host, port } = await server.start({ port: 0 })
  try {
    let output = ''
    for (let i = 0; i < times; i++) {
      const result = await smbclient({ host, port, user: tester.user, password }, 'ls', { share: 'data' })
      output = result.stdout + result.stderr
    }
    return { output, reasons }
  } finally {
    await server.stop()
  }
}

suite('accounts that may not log on', needsPeer('smbclient'), () => {
  for (const [status, terms, reason] of cases)
    test(status, async () => {
      const known = await ask(terms, tester.password)
      assert.match(known.output, new RegExp(`NT_STATUS_${status}\\b`))
      assert.match(known.reasons.join(), reason)
      const guessed = await ask(terms, 'wrong')
      assert.match(guessed.output, /NT_STATUS_LOGON_FAILURE/)
      assert.equal(guessed.reasons[0], 'wrong password')
    })

  test('ACCOUNT_LOCKED_OUT after three wrong passwords', async () => {
    const { output, reasons } = await ask({}, 'wrong', { lockout: { threshold: 3 } }, 4)
    assert.match(output, /NT_STATUS_ACCOUNT_LOCKED_OUT/)
    assert.match(reasons.join(), /it is locked out now.*locked out by wrong passwords/)
  })

  test('the name of the server is given, and ours; at an address, too', async () => {
    const { output, reasons } = await ask({}, tester.password, { targetNames: 'required' })
    assert.deepEqual(reasons, [])
    assert.match(output, /blocks available/)
  })
})
