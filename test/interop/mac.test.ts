/** smbtorture's tests of what Samba's vfs_fruit does for Macs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsPeer } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { startTortureServer, tortureArguments } from '../torture/run.ts'

const timeoutMs = 2 * 60_000
const suites = ['vfs.fruit', 'vfs.fruit_file_id', 'vfs.fruit_timemachine']
/** Files of this form are what another server of the folder has left: here they are files like others. */
const aboutAppleDouble = /AppleDouble/

test('smbtorture: what Macs need', needsPeer('smbtorture'), async () => {
  const server = await startTortureServer()
  try {
    const result = await run('python3', tortureArguments(server, suites), { timeoutMs })
    assert.equal(result.timedOut, false, result.output)
    const verdicts = [...result.stdout.matchAll(/^(pass|fail|skip|timeout) +(vfs\..*)$/gm)].map(
      ([, verdict, name]) => ({
        verdict,
        name,
      }),
    )
    const bad = verdicts.filter(({ verdict, name = '' }) => verdict !== 'pass' && !aboutAppleDouble.test(name))
    assert.deepEqual(bad, [])
    assert.ok(verdicts.length > 30, result.output)
  } finally {
    await server.stop()
  }
})
