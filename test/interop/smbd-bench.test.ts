/** The benchmark runs: each kind of load once, for a moment, against both servers. What it measures is not looked at. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { needsPeer } from '../peers/peer.ts'
import { run } from '../peers/run.ts'

const bench = join(import.meta.dirname, '../../bench/server.ts')
const kinds = [
  'idle-200',
  'read-64KiB-8-plain',
  'write-64KiB-8-signed',
  'write-1MiB-8-sealed',
  'read-1MiB-8-sealed',
  'create-close-1',
  'create-query-close-8',
  'create-delete-8',
  'query-info-16',
  'echo-16',
  'list-10000',
  'connect',
]

test('bench:server runs each kind of load', needsPeer('smbd', 'smbpasswd'), async () => {
  const args = [bench, '--servers', 'smbd,smbkit', '--rounds', '1', '--seconds', '0.05']
  const result = await run(process.execPath, [...args, '--only', `^(${kinds.join('|')})$`], { timeoutMs: 120_000 })
  assert.equal(result.code, 0, result.output)
  assert.doesNotMatch(result.stdout, /failed/)
  for (const kind of kinds) assert.match(result.stdout, new RegExp(`^\\| ${kind} .* \\d+\\.\\d\\d \\|`, 'm'))
})
