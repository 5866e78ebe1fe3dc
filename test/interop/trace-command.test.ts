/** `smbkit trace` as one runs it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const program = join(import.meta.dirname, '../../src/cli/main.ts')
const captures = join(import.meta.dirname, '../captures')
const sealed = join(captures, 'local-enc-smb311-AES-128-GCM.pcap')
const plain = join(captures, 'local-fail-bad-share.pcap')

function trace(args: readonly string[], input?: Buffer) {
  const result = spawnSync(process.execPath, [program, 'trace', ...args], { encoding: 'utf8', timeout: 60_000, input })
  return { code: result.status, out: result.stdout, error: result.stderr }
}

test('a password opens what is sealed, in the report, the list and a frame', () => {
  assert.match(trace([sealed]).out, /Sealed: 1 session cannot be read without a key/)
  assert.match(trace(['--password', 'wrong', sealed]).out, /Sealed: 1 session cannot be read without a key/)
  const { out, code } = trace(['--password', 'Passw0rd', sealed])
  assert.equal(code, 0)
  assert.doesNotMatch(out, /Sealed/)
  assert.match(out, /secret\.txt/)
  assert.match(trace(['list', '--password', 'Passw0rd', sealed]).out, /CREATE +.* secret\.txt/)
  assert.match(trace(['show', '--password', 'Passw0rd', '52', sealed]).out, /smb2\.find\.pattern\): "secret\.txt"/)
})

test('standard input is read, too', () => {
  const { out, code } = trace(['-'], readFileSync(plain))
  assert.equal(code, 0)
  assert.match(out, /rule bad-share-name/)
})

test('what is no capture, or not there, is told in a sentence', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-trace-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const garbage = join(folder, 'garbage')
  writeFileSync(garbage, 'garbage\n')
  for (const [args, wanted] of [
    [[garbage], /garbage: this is no capture/],
    [[join(folder, 'nosuch')], /nosuch: cannot be read: there is no such file/],
    [['--key', 'x', plain], /--key|key/],
  ] as const) {
    const { code, out, error } = trace(args)
    assert.equal(code, 1, out + error)
    assert.equal(out, '')
    assert.match(error, wanted)
    assert.equal(error.trim().split('\n').length, 1, error)
  }
  // One that is none does not spoil the others.
  const both = trace([garbage, plain])
  assert.equal(both.code, 0)
  assert.match(both.out, /Beware: .*garbage is no capture/)
  assert.match(both.out, /rule bad-share-name/)
})

test('a filter that is wrong is pointed at', () => {
  const { code, error } = trace(['--filter', 'smb2.nosuch == 1', plain])
  assert.equal(code, 1)
  assert.match(error, /smb2\.nosuch/)
  assert.match(error, /\^/)
})
