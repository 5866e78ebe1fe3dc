import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { Backends } from '../../src/cli/backends.ts'
import { ShareStore, withStoredChanges } from '../../src/cli/share-store.ts'
import { readShareChanges, writeShareChanges } from '../../src/config/share-changes.ts'

test('an added share whose folder is gone is kept, until another takes its name and is kept', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'smbkit-store-')))
  try {
    const shareStore = join(folder, 'changes.yaml')
    const gone = join(folder, 'gone')
    const backend = memoryBackend()
    const one = { name: 'one', path: folder, backend }
    const two = { name: 'TWO', path: folder, backend }
    const added = () => Object.entries(readShareChanges(shareStore).added ?? {}).map(([name, { path }]) => [name, path])
    writeShareChanges(shareStore, { added: { two: { path: gone } } })
    const begin = withStoredChanges({ shares: [], shareStore, shareFolders: [folder], server: {}, host: '', port: 0 })
    assert.deepEqual(begin.shares, [])
    const warnings: string[] = []
    const store = new ShareStore(begin, new Backends(() => undefined), (sentences) => warnings.push(...sentences))
    assert.equal(store.changed([one]), undefined)
    assert.deepEqual(added(), [
      ['one', folder],
      ['two', gone],
    ])
    // What could not be kept is not made, and takes nothing away.
    mkdirSync(`${shareStore}.new`)
    assert.ok(store.changed([one, two]) !== undefined)
    rmdirSync(`${shareStore}.new`)
    assert.equal(warnings.length, 1)
    assert.equal(store.changed([]), undefined)
    assert.deepEqual(added(), [['two', gone]])
    // Now it is another share, and is gone with that.
    assert.equal(store.changed([two]), undefined)
    assert.deepEqual(added(), [['TWO', folder]])
    assert.equal(store.changed([]), undefined)
    assert.deepEqual(added(), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
