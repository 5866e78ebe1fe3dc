import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Sandbox } from './cli-program.ts'

const capture = join(import.meta.dirname, '../captures/local-dialect-smb311.pcapng')

test('smbkit trace tells that a healthy capture is healthy', async () => {
  await using sandbox = new Sandbox()
  const { stdout, stderr, code } = await sandbox.smbkit(['trace', capture])
  assert.equal(`${stderr}${code}`, '0')
  assert.match(stdout, /580 frames/)
  assert.match(stdout, /SMB 3\.1\.1: 127\.0\.0\.1 at 127\.0\.0\.1, 1 connection; WORKGROUP\\tester by NTLMv2/)
  assert.match(stdout, /^Healthy: nothing in it is wrong or slow/m)
  assert.doesNotMatch(stdout, /PROBLEM|WARNING/)
})

test('smbkit trace rules lists what is looked for', async () => {
  await using sandbox = new Sandbox()
  const { stdout } = await sandbox.smbkit(['trace', 'rules'])
  assert.match(stdout, /^wrong-password +A logon that is refused/m)
  assert.ok(stdout.split('\n').length > 70)
})

test('a file that is none is told in a sentence', async () => {
  await using sandbox = new Sandbox()
  const { stderr, code } = await sandbox.smbkit(['trace', 'nowhere.pcap'])
  assert.equal(code, 1)
  assert.match(stderr, /^smbkit: nowhere\.pcap: cannot be read: /)
})
