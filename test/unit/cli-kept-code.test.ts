/** What has been compiled of the command is kept, and believed only where it is whole. */
import assert from 'node:assert/strict'
import { chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Sandbox } from './cli-program.ts'

test('compiled code: kept by a run that went well, made anew where it is damaged, done without where it cannot be', async () => {
  await using sandbox = new Sandbox()
  const cache = sandbox.path('own-cache')
  const explain = (word: string, folder = cache) => sandbox.smbkit(['explain', word], '', { XDG_CACHE_HOME: folder })
  const keptFiles = () =>
    readdirSync(sandbox.path(), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.code'))

  assert.notEqual((await explain('NO_SUCH_THING_AT_ALL')).code, 0)
  assert.deepEqual(keptFiles(), [])

  const first = await explain('STATUS_ACCESS_DENIED')
  assert.equal(first.code, 0, first.output)
  const [file = '', ...others] = keptFiles().filter((name) => name.endsWith('own-commands.js.code'))
  assert.deepEqual(others, [])
  const place = join(sandbox.folder, file)
  const whole = readFileSync(place)

  const damaged = Buffer.from(whole)
  damaged.fill(0x5a, whole.length >> 1)
  writeFileSync(place, damaged)
  assert.deepEqual(await explain('STATUS_ACCESS_DENIED'), first)
  assert.ok(!readFileSync(place).equals(damaged), 'it is made anew')

  if (process.geteuid?.() === 0) {
    const NOBODY = 65534
    chownSync(place, NOBODY, NOBODY)
    assert.deepEqual(await explain('STATUS_ACCESS_DENIED'), first)
    assert.equal(statSync(place).uid, 0, 'what is somebody else’s is not believed, and made anew')
  }

  writeFileSync(sandbox.path('no-folder'), '')
  assert.deepEqual(await explain('STATUS_ACCESS_DENIED', sandbox.path('no-folder')), first)
})
