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

test('smbkit trace stats tells what is busy, also of a part of the traffic', async () => {
  await using sandbox = new Sandbox()
  const users = await sandbox.smbkit(['trace', 'stats', capture, '--by', 'user'])
  assert.match(users.stdout, /COUNT +ERRORS +DATA +PER S +MEDIAN +P95 +P99 +MAX +USER\n +75 +3 .*WORKGROUP\\tester/)
  const writes = await sandbox.smbkit([
    'trace',
    'stats',
    capture,
    '--by',
    'time',
    '--filter',
    'smb2.cmd == WRITE',
    '--csv',
  ])
  const [head, ...lines] = writes.stdout.trimEnd().split('\r\n')
  assert.equal(head, 'time,length,count,errors,read,written,max')
  assert.equal(
    lines.reduce((sum, line) => sum + Number(line.split(',')[2]), 0),
    2,
  )
  const wrong = await sandbox.smbkit(['trace', 'stats', capture, '--by', 'colour'])
  assert.match(wrong.stderr, /must be one of server, share, user, file, command, status, time/)
})
