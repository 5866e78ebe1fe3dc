import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { create, descriptors, folderFor, good, notLinux, notRoot, readWrite, statusOf } from './backend-disk-folder.ts'

function outsideFolder(context: TestContext): string {
  const outside = mkdtempSync(join(tmpdir(), 'smbkit-outside-'))
  context.after(() => rmSync(outside, { recursive: true, force: true }))
  writeFileSync(join(outside, 'secret'), 'secret')
  mkdirSync(join(outside, 'folder'))
  writeFileSync(join(outside, 'folder', 'secret'), 'secret')
  return outside
}

for (const calls of ['linux', 'portable'] as const) {
  const skip = calls === 'linux' && notLinux
  const windows = process.platform === 'win32' && 'links need rights on Windows'

  test(`links below the root are followed (${calls})`, { skip: skip || windows }, async (context) => {
    const on = folderFor(context, { calls })
    mkdirSync(join(on.root, 'a/b'), { recursive: true })
    writeFileSync(join(on.root, 'a/b/file'), 'content')
    symlinkSync('a/b', join(on.root, 'relative'))
    symlinkSync(join(on.root, 'a/b'), join(on.root, 'absolute'))
    symlinkSync('../../a/b/file', join(on.root, 'a/b/up'))
    symlinkSync(join(on.root, 'relative/file'), join(on.root, 'chain'))
    symlinkSync(join(on.root), join(on.root, 'a/root'))
    for (const path of ['relative/file', 'absolute/file', 'a/b/up', 'chain', 'a/root/a/root/chain', 'ABSOLUTE/FILE']) {
      assert.equal(await on.text(path), 'content', path)
    }
    assert.deepEqual(await on.names('absolute'), await on.names('a/b'))
    const made = await on.open('absolute/New', create)
    assert.deepEqual(made.path, ['absolute', 'New'])
    assert.ok(existsSync(join(on.root, 'a/b/New')))
    const root = await on.file('', { read: true })
    const [link, folder] = await good(root.statEntries(['chain', 'absolute']))
    assert.equal(link?.endOfFile, 7)
    assert.equal(folder?.isDirectory, true)
    assert.equal(link?.fileId, (await on.file('a/b/file')).fileId)
  })

  test(`links that lead out are refused (${calls})`, { skip: skip || windows }, async (context) => {
    const on = folderFor(context, { calls })
    const outside = outsideFolder(context)
    const up = `../${outside.split('/').at(-1)}`
    symlinkSync(outside, join(on.root, 'absolute'))
    symlinkSync(up, join(on.root, 'relative'))
    symlinkSync('..', join(on.root, 'parent'))
    symlinkSync('/', join(on.root, 'top'))
    symlinkSync(`${on.root}x`, join(on.root, 'beside'))
    symlinkSync(join(outside, 'secret'), join(on.root, 'file'))
    symlinkSync('absolute/secret', join(on.root, 'chain'))
    const paths = [
      'absolute',
      'relative',
      'parent',
      'top',
      'file',
      'chain',
      'beside',
      'absolute/secret',
      'ABSOLUTE/new',
    ]
    for (const path of [...paths, 'relative/folder/secret', 'parent/x', 'top/etc/passwd']) {
      for (const how of [{}, { read: true }, { ...readWrite, disposition: 'openOrCreate' }] as const) {
        assert.equal(await on.status(path, how), 'STATUS_ACCESS_DENIED', path)
      }
    }
    assert.equal(await on.status('relative/new', create), 'STATUS_ACCESS_DENIED')
    const file = await on.create('mine')
    for (const to of [
      ['absolute', 'moved'],
      ['relative', 'moved'],
      ['parent', 'moved'],
    ]) {
      assert.equal(statusOf(await file.rename(to, true)), 'STATUS_ACCESS_DENIED')
      assert.equal(statusOf(await file.link(to, true)), 'STATUS_ACCESS_DENIED')
    }
    const root = await on.file('', { read: true })
    assert.deepEqual(await root.statEntries(['absolute', 'file', 'top']), [undefined, undefined, undefined])
    assert.deepEqual(readFileSync(join(outside, 'secret'), 'utf8'), 'secret')
    assert.equal(existsSync(join(outside, 'new')), false)
  })

  test(`links without end or goal have a status (${calls})`, { skip: skip || windows }, async (context) => {
    const on = folderFor(context, { calls })
    symlinkSync('loop', join(on.root, 'loop'))
    symlinkSync('b', join(on.root, 'a'))
    symlinkSync('a', join(on.root, 'b'))
    symlinkSync('nothing', join(on.root, 'dangling'))
    for (const path of ['loop', 'a', 'a/x', 'loop/x/y']) {
      assert.equal(await on.status(path, { read: true }), 'STATUS_REPARSE_POINT_NOT_RESOLVED', path)
    }
    assert.equal(await on.status('dangling', { read: true }), 'STATUS_OBJECT_NAME_NOT_FOUND')
    assert.equal(await on.status('dangling', create), 'STATUS_OBJECT_NAME_COLLISION')
    assert.equal(existsSync(join(on.root, 'nothing')), false)
  })

  test(`a file opened by a link: the link is renamed and removed (${calls})`, {
    skip: skip || windows,
  }, async (context) => {
    const on = folderFor(context, { calls })
    writeFileSync(join(on.root, 'target'), 'kept')
    symlinkSync('target', join(on.root, 'link'))
    const file = await on.file('link', readWrite)
    assert.equal((await good(file.stat())).endOfFile, 4)
    assert.equal(await file.rename(['other'], false), undefined)
    assert.equal(lstatSync(join(on.root, 'other')).isSymbolicLink(), true)
    assert.equal(await file.remove(), undefined)
    assert.equal(existsSync(join(on.root, 'other')), false)
    assert.equal(await on.text('target'), 'kept')
  })
}

test('a link that changes all the time never leads out', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const outside = outsideFolder(context)
  mkdirSync(join(on.root, 'inside'))
  writeFileSync(join(on.root, 'inside', 'secret'), 'public')
  const swap = `
    const fs = require('node:fs')
    const { workerData: { root, outside, stop } } = require('node:worker_threads')
    const stopped = new Int32Array(stop)
    for (let i = 0; Atomics.load(stopped, 0) === 0; i++) {
      fs.rmSync(root + '/next', { force: true })
      fs.symlinkSync(i % 2 === 0 ? outside : i % 4 === 1 ? 'inside' : root + '/inside', root + '/next')
      fs.renameSync(root + '/next', root + '/switch')
    }`
  const stop = new SharedArrayBuffer(4)
  const worker = new Worker(swap, { eval: true, workerData: { root: on.root, outside, stop } })
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  const seen = new Map<string, number>()
  for (let i = 0; i < 3000; i++) {
    const opened = await on.backend.open(['switch', 'secret'], { disposition: 'open', read: true, write: false })
    const status = statusOf(opened)
    seen.set(status, (seen.get(status) ?? 0) + 1)
    if ('file' in opened) {
      const into = Buffer.alloc(10)
      assert.equal(into.toString('utf8', 0, await good(opened.file.read(into, 0))), 'public')
      await opened.file.close()
    }
    const made = await on.status(`switch/made-${i}`, create)
    assert.match(made, /SUCCESS|ACCESS_DENIED|NOT_FOUND/)
  }
  Atomics.store(new Int32Array(stop), 0, 1)
  await ended
  assert.deepEqual(readdirSync(outside).toSorted(), ['folder', 'secret'])
  for (const status of seen.keys()) assert.match(status, /SUCCESS|ACCESS_DENIED|NOT_FOUND|SHARING_VIOLATION/)
  assert.ok(seen.has('STATUS_SUCCESS') && seen.has('STATUS_ACCESS_DENIED'), 'the link was seen both ways')
})

test('devices, FIFOs and sockets are shown and never opened', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  execFileSync('mkfifo', [join(on.root, 'fifo')])
  const server = createServer()
  context.after(() => server.close())
  await new Promise<void>((resolve) => server.listen(join(on.root, 'socket'), resolve))
  for (const name of ['fifo', 'socket']) {
    for (const how of [
      { read: true },
      { write: true },
      readWrite,
      { ...readWrite, disposition: 'openOrCreate' },
    ] as const) {
      assert.equal(await on.status(name, how), 'STATUS_ACCESS_DENIED', name)
    }
    assert.equal(await on.status(name, { stream: 's', disposition: 'openOrCreate' }), 'STATUS_ACCESS_DENIED')
    const file = await on.file(name)
    assert.equal((await good(file.stat())).endOfFile, 0)
    assert.equal(file.isDirectory, false)
  }
  const root = await on.file('', { read: true })
  const stats = await good(root.statEntries(['fifo', 'socket']))
  assert.deepEqual(
    stats.map((stat) => stat?.endOfFile),
    [0, 0],
  )
  assert.equal(await (await on.file('fifo')).remove(), undefined)
  assert.equal(existsSync(join(on.root, 'fifo')), false)
})

test('a device is not opened either', { skip: notLinux || notRoot }, async (context) => {
  const on = folderFor(context)
  try {
    execFileSync('mknod', [join(on.root, 'zero'), 'c', '1', '5'], { stdio: 'ignore' })
  } catch {
    context.skip('no devices can be made here')
    return
  }
  assert.equal(await on.status('zero', { read: true }), 'STATUS_ACCESS_DENIED')
  assert.equal(await on.status('zero'), 'STATUS_SUCCESS')
})

test('hard links are counted and have one id', async (context) => {
  const on = folderFor(context)
  writeFileSync(join(on.root, 'a'), 'x')
  linkSync(join(on.root, 'a'), join(on.root, 'b'))
  const [a, b] = [await on.file('a'), await on.file('b')]
  assert.equal(a.fileId, b.fileId)
  assert.equal((await good(a.stat())).links, 2)
  assert.equal(await b.link(['c'], false), undefined)
  assert.equal((await good(a.stat())).links, 3)
  assert.equal(await a.remove(), undefined)
  assert.equal((await good(a.stat())).links, 2)
  assert.deepEqual((await on.names('')).toSorted(), ['b', 'c'])
})

test('what is renamed and removed is the file that was opened', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'd/e'), { recursive: true })
  writeFileSync(join(on.root, 'd/e/file'), 'mine')
  const file = await on.file('d/e/file', readWrite)
  // A folder above it is moved, and another takes the place.
  renameSync(join(on.root, 'd'), join(on.root, 'moved'))
  mkdirSync(join(on.root, 'd/e'), { recursive: true })
  writeFileSync(join(on.root, 'd/e/file'), 'other')
  assert.equal(await file.rename(['d', 'renamed'], false), undefined)
  assert.equal(readFileSync(join(on.root, 'd/renamed'), 'utf8'), 'mine')
  assert.equal(readFileSync(join(on.root, 'd/e/file'), 'utf8'), 'other')
  // It is moved by another program, and another file gets its name.
  renameSync(join(on.root, 'd/renamed'), join(on.root, 'moved/e/there'))
  writeFileSync(join(on.root, 'd/renamed'), 'other')
  assert.equal(await file.remove(), undefined)
  assert.equal(existsSync(join(on.root, 'moved/e/there')), false)
  assert.equal(readFileSync(join(on.root, 'd/renamed'), 'utf8'), 'other')
  // It is gone, and another file has the name.
  assert.equal(statusOf(await file.remove()), 'STATUS_FILE_DELETED')
  assert.equal(statusOf(await (await gone(on)).remove()), 'STATUS_FILE_DELETED')
  assert.equal(readFileSync(join(on.root, 'name'), 'utf8'), 'other')
})

async function gone(on: ReturnType<typeof folderFor>) {
  writeFileSync(join(on.root, 'name'), 'mine')
  const file = await on.file('name', readWrite)
  rmSync(join(on.root, 'name'))
  writeFileSync(join(on.root, 'name'), 'other')
  return file
}

test('a file moved out of the root is not followed there', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const outside = outsideFolder(context)
  const file = await on.create('file', 'x')
  renameSync(join(on.root, 'file'), join(outside, 'taken'))
  assert.equal(statusOf(await file.remove()), 'STATUS_OBJECT_NAME_NOT_FOUND')
  assert.equal(statusOf(await file.rename(['back'], false)), 'STATUS_OBJECT_NAME_NOT_FOUND')
  assert.ok(existsSync(join(outside, 'taken')))
})

test('nothing is left open, whatever is refused', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const outside = outsideFolder(context)
  symlinkSync(outside, join(on.root, 'out'))
  symlinkSync('loop', join(on.root, 'loop'))
  symlinkSync(on.root, join(on.root, 'self'))
  mkdirSync(join(on.root, 'd'))
  execFileSync('mkfifo', [join(on.root, 'fifo')])
  const round = async (): Promise<void> => {
    for (const path of [
      'out',
      'out/secret',
      'loop',
      'loop/x',
      'fifo',
      'no',
      'no/no',
      'd',
      'self/d',
      'self/no',
      'D/No',
    ]) {
      for (const how of [
        {},
        { read: true },
        create,
        { kind: 'file' },
        { kind: 'directory' },
        { stream: 's' },
      ] as const) {
        const opened = await on.backend.open(path.split('/'), {
          disposition: 'open',
          read: false,
          write: false,
          ...how,
        })
        if ('file' in opened) {
          await opened.file.rename(['out', 'x'], false)
          await opened.file.rename(['d', 'x', 'y'], false)
          await opened.file.link(['loop', 'x'], false)
          await opened.file.list()
          await opened.file.statEntries(['out', 'loop', 'fifo', 'self', 'no'])
          await opened.file.setExtendedAttributes([{ name: 'a', value: Buffer.alloc(100_000, 1), flags: 0 }])
          await opened.file.remove()
          await opened.file.close()
          mkdirSync(join(on.root, 'd'), { recursive: true })
        }
      }
    }
  }
  await round()
  const before = descriptors()
  for (let i = 0; i < 5; i++) await round()
  assert.equal(descriptors(), before)
})
