/**
 * The tests of smbtorture that smbkit has passed, once more: all that do not take long.
 * `npm run torture` runs the long ones too.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { needsPeer } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { startTortureServer, tortureArguments } from '../torture/run.ts'
import { fastTests, knownFailuresFile, ownFile, rpcOwnFile, rpcTests } from '../torture/suites.ts'

const timeoutMs = 8 * 60_000

const kept = { [ownFile]: fastTests, [rpcOwnFile]: rpcTests }

for (const [file, tests] of Object.entries(kept))
  test(`smbtorture: what has passed before, by ${basename(file)}`, needsPeer('smbtorture'), async () => {
    const server = await startTortureServer()
    try {
      const names = tests()
      assert.ok(names.length > 40, String(names.length))
      const given = ['--timeout', '30', '--own', file, ...names]
      const result = await run('python3', tortureArguments(server, given), { timeoutMs })
      assert.equal(result.timedOut, false, result.output)
      assert.equal(result.code, 0, result.stdout.match(/^(WORSE|LOST|torture:) .*$/gm)?.join('\n') ?? result.output)
    } finally {
      await server.stop()
    }
  })

test('each known failure is a test that smbd passes, and has its reason', () => {
  const text = readFileSync(knownFailuresFile, 'utf8')
  const baseline: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../torture/smbd-4.17.json'), 'utf8'))
  assert.ok(typeof baseline === 'object' && baseline !== null)
  for (const [, name = '', reason = ''] of text.matchAll(/^- `([^`]+)`(.*)$/gm)) {
    assert.ok(name in baseline, name)
    assert.match(reason, /^: \w.{10,}/, name)
  }
})
