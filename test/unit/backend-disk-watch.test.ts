import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { backendOf } from '../../src/backends/disk/index.ts'
import { LinuxCalls } from '../../src/backends/disk/linux.ts'
import { type Libc, linuxLibc } from '../../src/native/libc.ts'
import type { OutsideChange } from '../../src/server/backend.ts'
import { until } from '../peers/free-port.ts'
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
  assert.deepEqual(await watcher.until('added file', 'modified file'), ['added file', 'modified file'])
  appendFileSync(join(on.root, 'd/file'), 'y')
  await watcher.until('modified file')
  chmodSync(join(on.root, 'd/file'), 0o600)
  await watcher.until('touched file')
  renameSync(join(on.root, 'd/file'), join(on.root, 'd/other'))
  assert.deepEqual(await watcher.until('renamed file other'), ['renamed file other'])
  renameSync(join(on.root, 'd/other'), join(on.root, 'away'))
  assert.deepEqual(await watcher.until('removed other'), ['removed other'])
  renameSync(join(on.root, 'away'), join(on.root, 'd/back:'))
  assert.deepEqual(await watcher.until('added back\uf022'), ['added back\uf022'])
  rmSync(join(on.root, 'd/back:'))
  assert.deepEqual(await watcher.until('removed back\uf022'), ['removed back\uf022'])
  // Not what happens elsewhere, nor below.
  mkdirSync(join(on.root, 'd/sub'))
  writeFileSync(join(on.root, 'd/sub/deep'), '')
  writeFileSync(join(on.root, 'beside'), '')
  writeFileSync(join(on.root, 'd/last'), '')
  const seen = await watcher.until('added last')
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

test('a folder whose time of writing is to come is no news', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'd/later'), { recursive: true })
  const hence = new Date(Date.now() + 86_400_000)
  utimesSync(join(on.root, 'd/later'), hence, hence)
  await sleep(5)
  const watcher = watching(context, on, [], true)
  // Folders below come after the call.
  await sleep(20)
  writeFileSync(join(on.root, 'd/later/file'), 'x')
  assert.deepEqual(await watcher.until('added d/later/file', 'modified d/later/file'), [
    'added d/later/file',
    'modified d/later/file',
  ])
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
    (await shallow.until('added 1')).filter((one) => one.startsWith('added')),
    ['added 1'],
  )
  assert.deepEqual(
    (await deep.until('added 1')).filter((one) => one.startsWith('added')),
    ['added 1'],
  )
  all.end()
  writeFileSync(join(on.root, 'a/b/2'), '')
  writeFileSync(join(on.root, 'a/2'), '')
  await shallow.until('added 2')
  await deep.until('added 2')
  assert.deepEqual(all.seen, [])
  shallow.end()
  deep.end()
  all.end()
  writeFileSync(join(on.root, 'a/3'), '')
  const anew = watching(context, on, ['a'], false)
  writeFileSync(join(on.root, 'a/4'), '')
  await anew.until('added 4')
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
  assert.ok(descriptors() <= before + 3)
  watcher.end()
  await sleep(20)
  assert.equal(descriptors(), before)
})

test('what programs of every day do', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  for (const name of ['a', 'b', 'c/d']) mkdirSync(join(on.root, name), { recursive: true })
  const all = watching(context, on, [], true)
  const a = watching(context, on, ['a'], false)
  await sleep(50)
  /** What a command makes of names, in order; how often a file is modified or touched is the program's own affair. */
  const names = async (command: string, last: string, watcher = all): Promise<string[]> => {
    execFileSync('sh', ['-ec', command], { cwd: on.root })
    const seen = await watcher.until(last)
    return seen.filter((one) => !/^(modified|touched) /.test(one))
  }
  assert.deepEqual(await names('echo 1 > a/one', 'modified a/one'), ['added a/one'])
  assert.deepEqual(await names('cp -a a/one b/copy', 'touched b/copy'), ['added b/copy'])
  assert.deepEqual(await names('mv a/one a/two', 'renamed a/one a/two'), ['renamed a/one a/two'])
  assert.deepEqual(await names('mv a/two b/two', 'added b/two'), ['removed a/two', 'added b/two'])
  assert.deepEqual(await names('touch -d 2001-01-01 b/two', 'touched b/two'), [])
  assert.deepEqual(await names('chmod 600 b/two', 'touched b/two'), [])
  assert.deepEqual(await names('ln b/two b/three', 'added b/three'), ['added b/three'])
  // Editors write anew and put it in the place of the old, or keep the old under another name.
  const [made, moved] = await names('sed -i s/1/2/ b/three && : > b/end', 'added b/end')
  assert.match(made ?? '', /^added b\/sed/)
  assert.equal(moved, `renamed b/${made?.slice('added b/'.length)} b/three`)
  assert.deepEqual(await names('mv b/two b/two~ && echo 3 > b/two && rm b/two~', 'removed b/two~'), [
    'renamed b/two b/two~',
    'added b/two',
    'removed b/two~',
  ])
  assert.deepEqual(await names('mkdir -p c/d/e/f && : > c/d/e/f/g', 'added c/d/e/f/g'), [
    'added c/d/e',
    'added c/d/e/f',
    'added c/d/e/f/g',
  ])
  assert.deepEqual(await names('mv c/d a/d', 'added a/d'), ['removed c/d', 'added a/d'])
  assert.deepEqual(await names('echo 1 >> a/d/e/f/g', 'modified a/d/e/f/g'), [])
  const gone = await names('rm -r a/d', 'removed a/d')
  assert.deepEqual(gone, ['removed a/d/e/f/g', 'removed a/d/e/f', 'removed a/d/e', 'removed a/d'])
  // Who watches one folder alone is told of that one.
  assert.deepEqual(
    a.seen.filter((one) => !/^(modified|touched) /.test(one)),
    ['added one', 'renamed one two', 'removed two', 'added d', 'removed d'],
  )
})

test('a watched folder stays watched under another name, and by way of a link', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, 'x/real'), { recursive: true })
  symlinkSync('x/real', join(on.root, 'link'))
  const watcher = watching(context, on, ['x', 'real'], false)
  renameSync(join(on.root, 'x/real'), join(on.root, 'x/other'))
  writeFileSync(join(on.root, 'x/other/file'), '')
  await watcher.until('added file')
  renameSync(join(on.root, 'x/other'), join(on.root, 'x/real'))
  const byLink = watching(context, on, ['link'], false)
  watcher.end()
  writeFileSync(join(on.root, 'x/real/again'), '')
  await byLink.until('added again')
})

test('another program changes a file right after it was written here', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const watcher = watching(context, on, [], false)
  const file = await on.create('file', 'content')
  writeFileSync(join(on.root, 'marker'), '')
  assert.deepEqual(await watcher.until('added marker'), ['added marker'])
  await good(file.write(Buffer.from('more'), 7, false))
  writeFileSync(join(on.root, 'second marker'), '')
  assert.deepEqual(await watcher.until('added second marker'), ['added second marker'])
  appendFileSync(join(on.root, 'file'), 'theirs')
  assert.deepEqual(await watcher.until('modified file'), ['modified file'])
})

test('a large write by another thread is not told', { skip: notLinux }, async (context) => {
  const on = folderFor(context, { threadBytes: 1024 })
  const watcher = watching(context, on, [], false)
  const file = await on.create('file')
  for (let i = 0; i < 20; i++) {
    const done = file.write(Buffer.alloc(2_000_000, i), 0, false)
    assert.ok(done instanceof Promise || done === undefined)
    writeFileSync(join(on.root, `marker ${i}`), '')
    await watcher.until(`added marker ${i}`)
    await good(done)
  }
  await good(file.write(Buffer.alloc(2_000_000, 1), 0, true))
  writeFileSync(join(on.root, 'end'), '')
  assert.deepEqual(
    (await watcher.until('added end')).filter((one) => one.endsWith(' file')),
    [],
  )
})

test('where the system watches no more, that is told: once', { skip: notLinux }, async (context) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'smbkit-watch-')))
  context.after(() => rmSync(root, { recursive: true, force: true }))
  for (let i = 0; i < 30; i++) mkdirSync(join(root, `${i}/below`), { recursive: true })
  const calls = new LinuxCalls(linuxLibc() as Libc, root)
  const { watch } = calls
  let room = 20
  calls.watch = (report) => {
    const system = watch(report)
    if (typeof system === 'number') return system
    return { ...system, add: (directory) => (room-- > 0 ? system.add(directory) : -28) }
  }
  const warnings: string[] = []
  const backend = backendOf(calls, 'test', { warn: (sentence) => warnings.push(sentence) })
  context.after(() => backend.close())
  const seen: string[] = []
  const end = backend.watch?.([], true, (change) => seen.push(described(change)))
  await until(() => warnings.length > 0, WAIT_MS)
  writeFileSync(join(root, 'file'), '')
  await until(() => seen.includes('added file'), WAIT_MS)
  assert.deepEqual(
    seen.filter((one) => one.startsWith('lost')),
    ['lost '],
  )
  const alone: string[] = []
  const endAlone = backend.watch?.(['0', 'below'], false, (change) => alone.push(described(change)))
  if (room < 0) assert.deepEqual(alone, ['lost '])
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /watches no more folders/)
  endAlone?.()
  end?.()
})

test('more than the system keeps is told as lost', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const watcher = watching(context, on, [], false)
  const most = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'latin1'))
  if (most > 100_000) return context.skip('the queue of this system is long')
  for (let i = 0; i <= most; i++) mkdirSync(join(on.root, String(i)))
  await watcher.until('lost ')
})

test('folders that are watched no longer are forgotten', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  for (let i = 0; i < 200; i++) mkdirSync(join(on.root, `${i}/sub`), { recursive: true })
  const keeps = watching(context, on, ['0'], false)
  for (let i = 1; i < 200; i++) {
    const watcher = watching(context, on, [String(i)], true)
    await sleep(1)
    watcher.end()
  }
  assert.ok(inotifyWatches() <= 2, String(inotifyWatches()))
  writeFileSync(join(on.root, '0/x'), '')
  await keeps.until('added x')
})

/** How many folders this process watches, as the system counts. */
function inotifyWatches(): number {
  const folder = '/proc/self/fdinfo'
  return readdirSync(folder).reduce((count, name) => {
    try {
      return count + [...readFileSync(join(folder, name), 'latin1').matchAll(/^inotify /gm)].length
    } catch {
      return count
    }
  }, 0)
}

test('the end of the backend ends what watches', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const watcher = watching(context, on, [], true)
  await on.backend.close()
  writeFileSync(join(on.root, 'x'), '')
  await sleep(50)
  assert.deepEqual(watcher.seen, [])
})
