import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenKind } from '../../src/backends/disk/calls.ts'
import { DirectoryCache } from '../../src/backends/disk/directory-cache.ts'
import { backendOf } from '../../src/backends/disk/index.ts'
import { LinuxCalls } from '../../src/backends/disk/linux.ts'
import { linuxLibc } from '../../src/native/libc.ts'
import { create, folderFor, mayAnything, notLinux, readWrite } from './backend-disk-folder.ts'

/** Two changes in one step of the kernel's clock look like one: what other programs do here is a step apart. */
const step = (): Promise<void> => sleep(20)

test('a folder is listed once, not for each name that is looked for', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const libc = linuxLibc()
  assert.ok(libc !== undefined)
  const calls = new LinuxCalls(libc, on.root)
  context.after(() => calls.end())
  let listings = 0
  const list = calls.list.bind(calls)
  calls.list = (descriptor) => {
    listings++
    return list(descriptor)
  }
  const cache = new DirectoryCache(calls)
  for (let i = 0; i < 200; i++) writeFileSync(join(on.root, `File${i}`), '')
  for (let i = 0; i < 200; i++) assert.equal(cache.find(calls.root, `FILE${i}`), `File${i}`)
  for (let i = 0; i < 200; i++) assert.equal(cache.find(calls.root, `missing${i}`), undefined)
  assert.equal(listings, 1)
  // Changes made here are followed.
  for (let i = 0; i < 50; i++) {
    const descriptor = calls.create(calls.root, `New${i}`, 0o600)
    calls.close(descriptor)
    cache.changed(calls.root, undefined, `New${i}`)
    assert.equal(cache.find(calls.root, `new${i}`), `New${i}`)
    calls.removeAt(calls.root, `File${i}`, false)
    cache.changed(calls.root, `File${i}`, undefined)
    assert.equal(cache.find(calls.root, `file${i}`), undefined)
  }
  assert.equal(listings, 1)
  await step()
  writeFileSync(join(on.root, 'Outside'), '')
  assert.equal(cache.find(calls.root, 'OUTSIDE'), 'Outside')
  assert.equal(listings, 2)
})

test('what other programs do to names is seen', async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'Folder'))
  writeFileSync(join(on.root, 'Folder', 'One'), '1')
  assert.equal(await on.text('FOLDER/ONE'), '1')
  await step()
  writeFileSync(join(on.root, 'Folder', 'Two'), '2')
  assert.equal(await on.text('folder/TWO'), '2')
  await step()
  renameSync(join(on.root, 'Folder', 'Two'), join(on.root, 'Folder', 'Three'))
  assert.equal(await on.status('folder/two'), 'STATUS_OBJECT_NAME_NOT_FOUND')
  assert.equal(await on.text('folder/three'), '2')
  await step()
  rmSync(join(on.root, 'Folder', 'Three'))
  assert.equal(await on.status('folder/THREE'), 'STATUS_OBJECT_NAME_NOT_FOUND')
  await step()
  renameSync(join(on.root, 'Folder'), join(on.root, 'Other'))
  assert.equal(await on.text('OTHER/one'), '1')
  assert.equal(await on.status('FOLDER/one'), 'STATUS_OBJECT_PATH_NOT_FOUND')
  // The folder's write time may be set back; its change time may not.
  const old = new Date('2001-01-01')
  utimesSync(join(on.root, 'Other'), old, old)
  assert.equal(await on.text('OTHER/ONE'), '1')
  await step()
  writeFileSync(join(on.root, 'Other', 'Late'), '3')
  utimesSync(join(on.root, 'Other'), old, old)
  assert.equal(await on.text('OTHER/LATE'), '3')
})

test('two names that differ in case alone are both there', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  writeFileSync(join(on.root, 'name'), 'small')
  writeFileSync(join(on.root, 'NAME'), 'large')
  assert.deepEqual((await on.names('')).toSorted(), ['NAME', 'name'])
  assert.equal(await on.text('name'), 'small')
  assert.equal(await on.text('NAME'), 'large')
  assert.equal(await on.status('Name', create), 'STATUS_OBJECT_NAME_COLLISION')
  const which = await on.open('Name', readWrite)
  assert.equal(await which.file.remove(), undefined)
  const [left] = await on.names('')
  assert.equal(await on.text('nAMe'), left === 'name' ? 'small' : 'large')
})

test('on a disk that folds case itself names have their stored spelling', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const libc = linuxLibc()
  assert.ok(libc !== undefined)
  mkdirSync(join(on.root, 'Folder/Sub'), { recursive: true })
  writeFileSync(join(on.root, 'Folder/Sub/File'), 'x')
  class Folding extends LinuxCalls {
    override readonly foldsCase = true
    override statAt(directory: number, path: readonly string[]) {
      return super.statAt(
        directory,
        path.map((name) => fold(name)),
      )
    }
    override open(directory: number, path: readonly string[], kind: OpenKind) {
      return super.open(
        directory,
        path.map((name) => fold(name)),
        kind,
      )
    }
  }
  const fold = (name: string): string =>
    ['Folder', 'Sub', 'File'].find((one) => one.toLowerCase() === name.toLowerCase()) ?? name
  const backend = backendOf(new Folding(libc, on.root), 'folding')
  const opened = await backend.open(['FOLDER', 'sub', 'FILE'], { disposition: 'open', read: true, write: false })
  assert.ok('file' in opened)
  assert.deepEqual(opened.path, ['Folder', 'Sub', 'File'])
  assert.equal(await opened.file.rename(['folder', 'SUB', 'file'], false), undefined)
  await opened.file.close()
  assert.deepEqual(await on.names('Folder/Sub'), ['file'])
  await backend.close()
})

test('a folder that may not be listed gives names as they are spelled', {
  skip: notLinux || mayAnything,
}, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'closed'))
  writeFileSync(join(on.root, 'closed', 'File'), 'x')
  chmodSync(join(on.root, 'closed'), 0o311)
  try {
    assert.equal(await on.text('closed/File'), 'x')
    assert.equal(await on.status('closed/FILE'), 'STATUS_OBJECT_NAME_NOT_FOUND')
  } finally {
    chmodSync(join(on.root, 'closed'), 0o700)
  }
})

test('a look-up in a large folder stays right through changes made here', async (context) => {
  const on = folderFor(context)
  await on.file('Big', { disposition: 'create', kind: 'directory' })
  const known = new Map<string, string>()
  for (let i = 0; i < 2000; i++) {
    const name = `Entry ${i}`
    const action = i % 7
    if (action === 3 && known.size > 3) {
      const [upper, stored] = [...known][known.size - 2] as [string, string]
      const file = await on.file(`BIG/${upper}`)
      assert.equal(await file.rename(['big', `${stored} moved`], false), undefined)
      known.delete(upper)
      known.set(`${upper} MOVED`, `${stored} moved`)
      await file.close()
    } else if (action === 5 && known.size > 3) {
      const [upper] = [...known][0] as [string, string]
      const file = await on.file(`big/${upper.toLowerCase()}`)
      assert.equal(await file.remove(), undefined)
      known.delete(upper)
      await file.close()
    } else {
      await (await on.create(`bIg/${name}`)).close()
      known.set(name.toUpperCase(), name)
    }
  }
  assert.deepEqual((await on.names('big')).toSorted(), [...known.values()].toSorted())
  for (const [upper, stored] of known) {
    const { path, file } = await on.open(`BIG/${upper}`)
    assert.deepEqual(path, ['Big', stored])
    await file.close()
  }
})
