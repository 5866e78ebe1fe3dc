/**
 * Quotas and descriptors with Samba's smbcquotas and smbcacls, which know only port 445: on an address of loopback that
 * nobody else has.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { needsPeer, type Peer, peerPath } from '../peers/peer.ts'
import { type RunResult, run } from '../peers/run.ts'
import { other, tester } from '../peers/smbd.ts'

const HOST = '127.0.0.45'
const account = 'S-1-5-21-10-20-30-1001'
const second = 'S-1-5-21-10-20-30-1002'
/** As Windows has it, and not Samba, for which it is 0. */
const noLimit = 2n ** 64n - 1n
const mayListen = process.getuid?.() === 0 && process.platform === 'linux'

function samba(peer: Peer, user: { user: string; password: string }, ...args: string[]): Promise<RunResult> {
  const [first = '', ...rest] = args
  return run(peerPath(peer), [first, '-U', `${user.user}%${user.password}`, ...rest], { timeoutMs: 20_000 })
}

const quotas = (user: { user: string; password: string }, ...args: string[]): Promise<RunResult> =>
  samba('smbcquotas', user, `//${HOST}/share`, ...args)

describe(
  'smbcquotas and smbcacls',
  mayListen ? needsPeer('smbcquotas', 'smbcacls') : { skip: 'port 445: root' },
  () => {
    let server: OurServer
    before(async () => {
      server = await startOurServer({
        backend: 'disk',
        host: HOST,
        port: 445,
        shares: [{ name: 'share', files: { 'a.txt': 'a' } }],
        administrators: [tester.user],
      })
    })
    after(() => server.stop())

    test('quotas of accounts', async () => {
      const set = await quotas(tester, '-S', `UQLIM:${account}:1048576/2097152`)
      assert.match(set.output, new RegExp(`${account} +: +0/ +1048576/ +2097152`))
      const asked = await quotas(tester, '-u', account)
      assert.match(asked.output, new RegExp(`${account} +: +0/ +1048576/ +2097152`))
      const unknown = await quotas(tester, '-u', second)
      assert.match(unknown.output, new RegExp(`${second} +: +0/${noLimit}/${noLimit}`))
      assert.equal((await quotas(other, '-S', `UQLIM:${account}:0/0`)).code, 255)
    })

    test('what new accounts may use', async () => {
      const first = await quotas(tester, '-F')
      assert.match(first.output, /Default Hard Limit: 18446744073709551615/)
      assert.match(first.output, /Quotas Enabled: +Off/)
      assert.equal((await quotas(tester, '-S', 'FSQLIM:1024/2048')).code, 0)
      assert.match((await quotas(tester, '-F')).output, /Default Soft Limit: +1024\n Default Hard Limit: +2048/)
      assert.match((await quotas(tester, '-u', second)).output, /1024\/ +2048/)
      // Nothing is enforced here, and so nothing is said to be.
      assert.match((await quotas(tester, '-S', 'FSQFLAGS:QUOTA_ENABLED')).output, /NOT_SUPPORTED/)
    })

    test('descriptors', async () => {
      const acls = (...args: string[]) => samba('smbcacls', tester, `//${HOST}/share`, 'a.txt', '--numeric', ...args)
      assert.equal((await acls('-a', `ACL:${account}:0/0/0x001200a9`)).code, 0)
      assert.match((await acls()).output, new RegExp(`ACL:${account}:0/0x0/0x001200a9`))
      assert.equal((await acls('-M', `ACL:${account}:1/0/0x00120089`)).code, 0)
      assert.match((await acls()).output, new RegExp(`ACL:${account}:1/0x0/0x00120089`))
      assert.equal((await acls('-D', `ACL:${account}:1/0/0x00120089`)).code, 0)
      assert.doesNotMatch((await acls()).output, new RegExp(account))
      // Administrators take what they like.
      assert.equal((await acls('-C', account)).code, 0)
      assert.match((await acls()).output, new RegExp(`OWNER:${account}`))
    })
  },
)
