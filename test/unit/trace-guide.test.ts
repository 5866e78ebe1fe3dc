/** What docs/trace.md shows is what the program says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { rules } from '../../src/trace/diagnoses/index.ts'
import { Sandbox } from './cli-program.ts'

const root = join(import.meta.dirname, '../..')
const guide = readFileSync(join(root, 'docs/trace.md'), 'utf8')

/** The commands of the worked cases, with the lines that they are shown to print. */
const shown = [...guide.matchAll(/^```\n(\$ smbkit trace [^]*?)^```$/gm)]
  .flatMap(([, block = '']) => block.split(/^\$ /m).slice(1))
  .map((part) => part.trimEnd().split('\n'))
  .filter(([command = '']) => command.includes(' local-'))

test('the guide has its three cases', () => assert.ok(shown.length >= 7, `${shown.length}`))

for (const [command = '', ...lines] of shown)
  test(command, async () => {
    await using sandbox = new Sandbox()
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
    const named = words.slice(1).map((word) => (word.startsWith('local-') ? join(root, 'test/captures', word) : word))
    const { stdout } = await sandbox.smbkit(named)
    const printed = stdout.split('\n')
    for (const line of lines) if (line !== '' && line !== '...') assert.ok(printed.includes(line), `${line}\n${stdout}`)
  })

test('the guide names every rule, and no other', () => {
  const [, table = ''] = /^## What is looked for\n([^]*?)^## /m.exec(guide) ?? []
  const named = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => [...(line.split('|')[2] ?? '').matchAll(/`([a-z0-9-]+)`/g)].map(([, id]) => id ?? ''))
  assert.deepEqual(named.toSorted(), rules.map(({ id }) => id).toSorted())
})
