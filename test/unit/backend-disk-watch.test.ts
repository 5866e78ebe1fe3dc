import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OutsideChange } from '../../src/server/backend.ts'
import {
  create,
  descriptors,
  type Folder,
  folderFor,
  good,
  noAttributes,
  notLinux,
  readWrite,
} from './backend-disk-folder.ts'

const WAIT_MS = 5000

class Watcher {
  readonly seen: string[] = []
  end: () => void = () => {}

  constructor(on: Folder, path: readonly string[], recursive: boolean) {
    assert.ok(on.backend.watch !== undefined)
    this.end = on.backend.watch(path, recursive, (change) => this.seen.push(described(change)))
  }

  /** Waits until all of these were reported; then gives and forgets all that was. */
  async until(...expected: string[]): Promise<string[]> {
    const end = Date.now() + WAIT_MS
    while (!expected.every((one) => this.seen.includes(one))) {
      assert.ok(Date.now() < end, `${expected.join(', ')} of ${this.seen.join(', ')}`)
      await sleep(5)
    }
    return this.seen.splice(0)
  }
}

const described = ({ action, path, newPath }: OutsideChange): string =>
  `${action} ${path.join('/')}${newPath === undefined ? '' : ` ${newPath.join('/')}`}`

function watching(context: TestContext, on: Folder, path: readonly string[], recursive: boolean): Watcher {
  const watcher = new Watcher(on, path, recursive)
  context.after(() => watcher.end())
  return watcher
}

test('what other programs do in a folder is told', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'd'))
  const watcher = watching(context, on, ['d'], false)
  writeFileSync(join(on.root, 'd/file'), 'x')
  assert.deepEqual(await watcher.until('added d/file', 'modified d/file'), ['added d/file', 'modified d/file'])
  appendFileSync(join(on.root, 'd/file'), 'y')
  await watcher.until('modified d/file')
  chmodSync(join(on.root, 'd/file'), 0o600)
  await watcher.until('modified d/file')
  renameSync(join(on.root, 'd/file'), join(on.root, 'd/other'))
  assert.deepEqual(await watcher.until('renamed d/file d/other'), ['renamed d/file d/other'])
  renameSync(join(on.root, 'd/other'), join(on.root, 'away'))
  assert.deepEqual(await watcher.until('removed d/other'), ['removed d/other'])
  renameSync(join(on.root, 'away'), join(on.root, 'd/back:'))
  assert.deepEqual(await watcher.until('added d/back\uf022'), ['added d/back\uf022'])
  rmSync(join(on.root, 'd/back:'))
  assert.deepEqual(await watcher.until('removed d/back\uf022'), ['removed d/back\uf022'])
  // Not what happens elsewhere, nor below.
  mkdirSync(join(on.root, 'd/sub'))
  writeFileSync(join(on.root, 'd/sub/deep'), '')
  writeFileSync(join(on.root, 'beside'), '')
  writeFileSync(join(on.root, 'd/last'), '')
  const seen = await watcher.until('added d/last')
  assert.ok(!seen.some((one) => one.includes('deep') || one.includes('beside')))
})

test('below a folder too, also in folders that come later', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'd/a/b/c'), { recursive: true })
  const watcher = watching(context, on, [], true)
  await sleep(50)
  writeFileSync(join(on.root, 'd/a/b/c/deep'), '')
  await watcher.until('added d/a/b/c/deep')
  mkdirSync(join(on.root, 'd/new/inner'), { recursive: true })
  writeFileSync(join(on.root, 'd/new/inner/file'), '')
  await watcher.until('added d/new', 'added d/new/inner', 'added d/new/inner/file')
  renameSync(join(on.root, 'd/new'), join(on.root, 'd/moved'))
  await watcher.until('renamed d/new d/moved')
  writeFileSync(join(on.root, 'd/moved/inner/later'), '')
  await watcher.until('added d/moved/inner/later')
  renameSync(join(on.root, 'd/moved'), join(on.root, 'top'))
  await watcher.until('removed d/moved', 'added top')
  writeFileSync(join(on.root, 'top/inner/again'), '')
  await watcher.until('added top/inner/again')
  const outside = mkdtempSync(join(tmpdir(), 'smbkit-outside-'))
  context.after(() => rmSync(outside, { recursive: true, force: true }))
  renameSync(join(on.root, 'top'), join(outside, 'top'))
  await watcher.until('removed top')
  writeFileSync(join(outside, 'top/inner/not ours'), '')
  rmSync(join(on.root, 'd'), { recursive: true })
  assert.ok(!(await watcher.until('removed d')).some((one) => one.includes('not ours')))
})

test('what is done through the backend is not told', { skip: noAttributes }, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'd'))
  const watcher = watching(context, on, [], true)
  const file = await on.create('d/file', 'content')
  await good(file.write(Buffer.from('more'), 5, true))
  await file.truncate(3)
  await file.setStat({ attributes: 2, lastWriteTime: 131_000_000_000_000_000n })
  await file.setExtendedAttributes([{ name: 'a', value: Buffer.from('b'), flags: 0 }])
  await good((await on.file('d/file', { ...create, stream: 's' })).write(Buffer.alloc(50_000, 1), 0, false))
  assert.equal(await file.rename(['d', 'renamed'], false), undefined)
  assert.equal(await file.link(['d', 'linked'], false), undefined)
  const second = await on.create('d/second')
  assert.equal(await second.rename(['d', 'LINKED'], true), undefined)
  assert.equal(await file.link(['d', 'linked'], true), undefined)
  await on.file('d/sub', { disposition: 'create', kind: 'directory' })
  await on.create('d/sub/inner', 'x')
  assert.equal(await (await on.file('d/renamed', readWrite)).remove(), undefined)
  writeFileSync(join(on.root, 'd/theirs'), '')
  assert.deepEqual(await watcher.until('added d/theirs'), ['added d/theirs'])
  // The same name again, by another program.
  writeFileSync(join(on.root, 'd/renamed'), '')
  assert.deepEqual(await watcher.until('added d/renamed'), ['added d/renamed'])
})

test('several watches each get theirs, until they end', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'a/b'), { recursive: true })
  const all = watching(context, on, [], true)
  const shallow = watching(context, on, ['a'], false)
  const deep = watching(context, on, ['a', 'b'], false)
  await sleep(50)
  writeFileSync(join(on.root, 'a/b/1'), '')
  writeFileSync(join(on.root, 'a/1'), '')
  await all.until('added a/b/1', 'added a/1')
  assert.deepEqual(
    (await shallow.until('added a/1')).filter((one) => one.startsWith('added')),
    ['added a/1'],
  )
  assert.deepEqual(
    (await deep.until('added a/b/1')).filter((one) => one.startsWith('added')),
    ['added a/b/1'],
  )
  all.end()
  writeFileSync(join(on.root, 'a/b/2'), '')
  writeFileSync(join(on.root, 'a/2'), '')
  await shallow.until('added a/2')
  await deep.until('added a/b/2')
  assert.deepEqual(all.seen, [])
  shallow.end()
  deep.end()
  all.end()
  writeFileSync(join(on.root, 'a/3'), '')
  const anew = watching(context, on, ['a'], false)
  writeFileSync(join(on.root, 'a/4'), '')
  await anew.until('added a/4')
  assert.deepEqual(shallow.seen, [])
})

test('thousands of folders are watched with one descriptor, and none is left', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  for (let i = 0; i < 40; i++) {
    for (let j = 0; j < 50; j++) mkdirSync(join(on.root, `${i}/${j}`), { recursive: true })
  }
  const before = descriptors()
  const watcher = watching(context, on, [], true)
  writeFileSync(join(on.root, 'first'), '')
  await watcher.until('added first')
  // The folders below are found step by step.
  for (let found = false, tries = 0; !found && tries < 200; tries++) {
    writeFileSync(join(on.root, '39/49', `try ${tries}`), '')
    writeFileSync(join(on.root, '0/0', `try ${tries}`), '')
    await sleep(25)
    found = watcher.seen.some((one) => one.includes('39/49')) && watcher.seen.some((one) => one.includes('0/0'))
  }
  assert.ok(watcher.seen.some((one) => one.startsWith('added 39/49/try')))
  assert.ok(watcher.seen.some((one) => one.startsWith('added 0/0/try')))
  assert.ok(!watcher.seen.some((one) => one.startsWith('lost')))
  assert.ok(descriptors() <= before + 3)
  watcher.end()
  await sleep(20)
  assert.equal(descriptors(), before)
})

test('the end of the backend ends what watches', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const watcher = watching(context, on, [], true)
  await on.backend.close()
  writeFileSync(join(on.root, 'x'), '')
  await sleep(50)
  assert.deepEqual(watcher.seen, [])
})
