/** What `smbkit probe` finds out about smbd and about our own server. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { startSmbd } from '../peers/smbd.ts'
import { Sandbox } from '../unit/cli-program.ts'

interface Probed {
  readonly dialects: readonly string[]
  readonly smb1: boolean | null
  readonly guest: boolean | null
  readonly anonymous: boolean | null
  readonly sharesForAnonymous: readonly { readonly name: string }[] | null
  readonly ciphers: readonly string[]
  readonly signingAlgorithms: readonly string[]
  readonly signingRequired: boolean
  readonly capabilities: readonly string[]
  readonly compression: readonly string[]
  readonly maxReadBytes: number
  readonly mechanisms: readonly string[]
  readonly names: { readonly netbiosName: string } | null
  readonly interfaces: readonly object[] | null
  readonly clockSkewMs: number
  readonly findings: readonly { readonly severity: string; readonly name: string }[]
}

describe('probe', () => {
  let sandbox: Sandbox
  before(() => {
    sandbox = new Sandbox()
  })
  after(() => sandbox[Symbol.asyncDispose]())

  async function probed(port: number, ...args: string[]): Promise<Probed> {
    const env = { SMBKIT_PASSWORD: 'Passw0rd' }
    const { code, stdout, stderr } = await sandbox.smbkit(['probe', `127.0.0.1:${port}`, '--json', ...args], '', env)
    assert.deepEqual([code, stderr], [0, ''])
    return JSON.parse(stdout) as Probed
  }
  const names = ({ findings }: Probed): string[] => findings.map(({ name }) => name)

  test('our server, as strict as it can be', async () => {
    const server = await startOurServer({
      backend: 'memory',
      shares: [{ name: 'files' }],
      server: { minDialect: '3.1.1', signing: 'required' },
    })
    const found = await probed(server.port, '--user', 'tester')
    await server.stop()
    assert.deepEqual(found.dialects, ['3.1.1'])
    assert.deepEqual([found.smb1, found.guest, found.anonymous, found.signingRequired], [false, false, false, true])
    assert.deepEqual(found.ciphers.toSorted(), ['aes-128-ccm', 'aes-128-gcm', 'aes-256-ccm', 'aes-256-gcm'])
    assert.deepEqual(found.signingAlgorithms.toSorted(), ['aes-cmac', 'aes-gmac', 'hmac-sha256'])
    assert.equal(found.names?.netbiosName, 'SMBKIT')
    assert.deepEqual(found.compression.toSorted(), ['LZ4', 'LZ77', 'LZ77_HUFFMAN', 'LZNT1', 'PATTERN_V1'])
    assert.equal(found.maxReadBytes, 8 * 1024 * 1024)
    assert.ok(Math.abs(found.clockSkewMs) < 60_000)
    assert.deepEqual(names(found), ['no-kerberos'])
  })

  test('smbd as it comes, and as nobody should have it', needsPeer('smbd', 'smbpasswd'), async () => {
    const plain = await startSmbd({ shares: [{ name: 'files' }] })
    const found = await probed(plain.port, '--user', 'tester')
    await plain.stop()
    assert.deepEqual(found.dialects, ['2.0.2', '2.1', '3.0', '3.0.2', '3.1.1'])
    assert.deepEqual([found.smb1, found.guest, found.anonymous], [false, false, true])
    assert.equal(found.ciphers.length, 4)
    assert.deepEqual(found.mechanisms, ['NTLMSSP'])
    assert.equal(found.names?.netbiosName, 'SMBDPEER')
    assert.ok(found.sharesForAnonymous?.some(({ name }) => name === 'files'))
    assert.ok((found.interfaces?.length ?? 0) > 0)
    assert.deepEqual(names(found), ['anonymous-list', 'signing-not-required', 'old-dialects', 'no-kerberos'])

    const open = await startSmbd({
      shares: [{ name: 'files' }],
      global: {
        'server min protocol': 'NT1',
        'server max protocol': 'SMB3_02',
        'map to guest': 'Bad User',
        'server smb encrypt': 'off',
        'restrict anonymous': '2',
      },
    })
    const worse = await probed(open.port)
    await open.stop()
    assert.deepEqual([worse.smb1, worse.guest, worse.interfaces], [true, true, null])
    assert.deepEqual(worse.dialects, ['2.0.2', '2.1', '3.0', '3.0.2'])
    for (const name of ['smb1', 'guest', 'signing-not-required', 'no-3.1.1', 'no-encryption', 'old-dialects'])
      assert.ok(names(worse).includes(name), `${name}: ${names(worse).join(' ')}`)
  })

  test('for people', async () => {
    const server = await startOurServer({ backend: 'memory', shares: [{ name: 'files' }] })
    const { code, stdout } = await sandbox.smbkit(['probe', `127.0.0.1:${server.port}`])
    await server.stop()
    assert.equal(code, 0)
    assert.match(stdout, /^\/\/127\.0\.0\.1:\d+\n {2}name +\S/)
    assert.match(stdout, /^ {2}dialects +2\.0\.2, 2\.1, 3\.0, 3\.0\.2, 3\.1\.1$/m)
    assert.match(stdout, /^What is wrong with it:\n {2}weak {2}Signatures are not required/m)
  })
})
