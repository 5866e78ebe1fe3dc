/** The engine of copies, between two folders of the disk and from shares that lie. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filetimeFromUnixNs } from '../../src/bytes/filetime.ts'
import type { CopyOptions, CopyProgress, CopySummary } from '../../src/client/api/copy.ts'
import { copy } from '../../src/client/copy/copy.ts'
import { Budget, pump } from '../../src/client/copy/pump.ts'
import { partName } from '../../src/client/copy/transfer.ts'
import { defaultClientLimits } from '../../src/client/limits.ts'
import { bytesOf, digestTree, makeTree, withFolder } from '../peers/content.ts'
import { virtualShare } from './client-virtual-share.ts'

/** Windows so small that the files of a test are large. */
const limits = {
  ...defaultClientLimits,
  windowBytes: 64 * 1024,
  maxReadBytes: 16 * 1024,
  maxWriteBytes: 16 * 1024,
  maxSmallFileBytes: 8 * 1024,
}

async function copied(folder: string, options: CopyOptions = {}): Promise<CopySummary & { told: CopyProgress[] }> {
  const told: CopyProgress[] = []
  const summary = await copy(
    { disk: join(folder, 'from') },
    { disk: join(folder, 'to') },
    { recursive: true, ...options, onProgress: (progress) => told.push(progress) },
    limits,
  )
  return { ...summary, told }
}

const past = new Date('2020-02-02T02:02:02.125Z')
const partsIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.part'))

test('a tree: content, times and what may only be read', async () => {
  await withFolder(async (folder) => {
    const from = join(folder, 'from')
    mkdirSync(from)
    makeTree(from)
    writeFileSync(join(from, 'fixed'), 'x')
    chmodSync(join(from, 'fixed'), 0o444)
    for (const name of ['fixed', 'block', 'a/b/c', 'a']) utimesSync(join(from, name), past, past)
    const { files, directories, bytes, skipped, failed, told } = await copied(folder)
    assert.deepEqual(digestTree(join(folder, 'to')), digestTree(from))
    for (const name of ['fixed', 'block', 'a/b/c', 'a'])
      assert.equal(statSync(join(folder, 'to', name)).mtimeMs, past.getTime(), name)
    assert.equal(statSync(join(folder, 'to', 'fixed')).mode & 0o777, 0o444)
    assert.deepEqual([files, directories, skipped, failed], [17, 7, 0, []])
    const carried = told.map((progress) => (progress.kind === 'bytes' ? progress.bytes : 0))
    assert.equal(
      carried.reduce((sum, more) => sum + more, 0),
      bytes,
    )
    const of = (kind: CopyProgress['kind']) => told.filter((progress) => progress.kind === kind).length
    assert.deepEqual([of('found'), of('done')], [24, 24])
    assert.deepEqual(partsIn(join(folder, 'to')), [])
  })
})

test('what is there: replaced, left, left where it is younger, refused', async () => {
  await withFolder(async (folder) => {
    for (const name of ['from', 'to']) {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'file'), name)
    }
    const target = join(folder, 'to', 'file')
    const content = () => readFileSync(target, 'utf8')
    await assert.rejects(copied(folder, { existing: 'error' }), { code: 'EEXIST' })
    assert.equal((await copied(folder, { existing: 'skip' })).skipped, 1)
    utimesSync(join(folder, 'from', 'file'), past, past)
    const younger = await copied(folder, { existing: 'older' })
    assert.deepEqual([younger.skipped, content()], [1, 'to'])
    utimesSync(target, new Date(past.getTime() - 1000), new Date(past.getTime() - 1000))
    assert.equal((await copied(folder, { existing: 'older' })).files, 1)
    assert.equal(content(), 'from')
    // As long and as old: passed over where it is gone on with.
    writeFileSync(target, 'same')
    utimesSync(target, past, past)
    assert.equal((await copied(folder, { existing: 'changed' })).skipped, 1)
    assert.equal(content(), 'same')
    assert.equal((await copied(folder)).files, 1)
    assert.equal(content(), 'from')
  })
})

test('a dry run tells the same and does nothing', async () => {
  await withFolder(async (folder) => {
    mkdirSync(join(folder, 'from'))
    makeTree(join(folder, 'from'))
    const { files, directories, bytes } = await copied(folder, { dryRun: true })
    assert.equal(existsSync(join(folder, 'to')), false)
    const real = await copied(folder)
    assert.deepEqual([files, directories, bytes], [real.files, real.directories, real.bytes])
  })
})

test('a part is gone on with where its end is known, if it is of this source', async () => {
  await withFolder(async (folder) => {
    mkdirSync(join(folder, 'from'))
    mkdirSync(join(folder, 'to'))
    const source = join(folder, 'from', 'large')
    const content = bytesOf(300_000, 3)
    writeFileSync(source, content)
    const stat = statSync(source, { bigint: true })
    const writeTime = stat.mtimeNs / 100n + 116_444_736_000_000_000n
    const part = join(
      folder,
      'to',
      `.${partName('large', `${source}\x00300000\0${writeTime}\0${stat.dev}:${stat.ino}`)}`,
    )
    const target = join(folder, 'to', 'large')
    const kept = async (bytes: Buffer): Promise<number> => {
      writeFileSync(part, bytes)
      const { keptBytes } = await copied(folder, { resume: true })
      assert.deepEqual(readFileSync(target), content)
      assert.deepEqual(partsIn(join(folder, 'to')), [])
      truncateSync(target, 0)
      return keptBytes
    }
    // Of 200 000 bytes the last window may have holes; what is before it counts in whole buffers.
    assert.equal(await kept(Buffer.concat([content.subarray(0, 200_000 - 65_536), Buffer.alloc(65_536)])), 131_072)
    assert.equal(await kept(content.subarray(0, 60_000)), 0)
    assert.equal(await kept(bytesOf(200_000, 4)), 0)
    assert.equal(await kept(Buffer.concat([content, content])), 229_376)
    // Without, it begins anew, and nothing is left of it.
    writeFileSync(part, content.subarray(0, 200_000))
    const { keptBytes } = await copied(folder)
    assert.deepEqual([keptBytes, partsIn(join(folder, 'to'))], [0, []])
    assert.deepEqual(readFileSync(target), content)
  })
})

test('an aborted copy leaves a part where it may be gone on with, and else nothing', async () => {
  for (const resume of [true, false])
    await withFolder(async (folder) => {
      mkdirSync(join(folder, 'from'))
      const content = bytesOf(400_000, 5)
      writeFileSync(join(folder, 'from', 'large'), content)
      const ending = new AbortController()
      let bytes = 0
      const onProgress = (progress: CopyProgress) => {
        if (progress.kind === 'bytes' && (bytes += progress.bytes) >= 200_000) ending.abort()
      }
      const options = { recursive: true, resume, signal: ending.signal, onProgress }
      const places = [{ disk: join(folder, 'from') }, { disk: join(folder, 'to') }] as const
      await assert.rejects(copy(...places, options, limits), { name: 'AbortError' })
      assert.equal(partsIn(join(folder, 'to')).length, resume ? 1 : 0)
      assert.equal(existsSync(join(folder, 'to', 'large')), false)
      const again = await copied(folder, { resume })
      assert.equal(again.keptBytes > 100_000, resume)
      assert.deepEqual(readFileSync(join(folder, 'to', 'large')), content)
    })
})

test('a target as the source is: what it has beside is removed last, and never after a failure', async () => {
  await withFolder(async (folder) => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    mkdirSync(from)
    makeTree(from)
    mkdirSync(join(to, 'block'), { recursive: true })
    mkdirSync(join(to, 'old/deep'), { recursive: true })
    writeFileSync(join(to, 'block', 'in a folder'), '')
    writeFileSync(join(to, 'old/deep/file'), '')
    writeFileSync(join(to, 'kept.log'), '')
    writeFileSync(join(to, 'a'), 'a file where a folder is to be')
    const filter = ({ path }: { path: string }) => !path.endsWith('.log')
    const dry = await copied(folder, { removeOthers: true, filter, dryRun: true })
    assert.equal(dry.removed, 1)
    assert.ok(existsSync(join(to, 'old/deep/file')))
    writeFileSync(join(from, 'cannot be read'), '')
    chmodSync(join(from, 'cannot be read'), 0)
    if (process.getuid?.() !== 0) {
      const failing = await copied(folder, { removeOthers: true, filter, continueOnError: true })
      assert.deepEqual([failing.removed, failing.failed.length], [0, 1])
    }
    chmodSync(join(from, 'cannot be read'), 0o644)
    const { removed, told } = await copied(folder, { removeOthers: true, filter, existing: 'changed' })
    assert.equal(removed, 1)
    assert.ok(told.some((progress) => progress.kind === 'removed' && progress.entry.path === 'old'))
    const { 'kept.log': log, ...rest } = digestTree(to)
    assert.ok(log !== undefined)
    assert.deepEqual(rest, digestTree(from))
  })
})

test('links: followed, copied, left out; not in circles, and never out of the target', async () => {
  await withFolder(async (folder) => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    mkdirSync(join(from, 'sub'), { recursive: true })
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(join(folder, 'elsewhere', 'file'), 'linked')
    symlinkSync('../elsewhere', join(from, 'folder'))
    symlinkSync('../elsewhere/file', join(from, 'file'))
    symlinkSync('..', join(from, 'sub', 'circle'))
    symlinkSync('nowhere', join(from, 'dangling'))
    const follow = await copied(folder, { continueOnError: true })
    const codes = Object.fromEntries(follow.failed.map(({ path, error }) => [path, (error as { code: string }).code]))
    assert.deepEqual(codes, { dangling: 'ENOENT', 'sub/circle': 'ELOOP' })
    assert.equal(readFileSync(join(to, 'folder', 'file'), 'utf8'), 'linked')
    assert.equal(statSync(join(to, 'folder')).isDirectory(), true)
    const skip = await copied(folder, { links: 'skip' })
    assert.deepEqual([skip.files, skip.skipped], [0, 4])
    await copy({ disk: from }, { disk: join(folder, 'links') }, { recursive: true, links: 'copy' }, limits)
    assert.equal(readlinkSync(join(folder, 'links', 'folder')), '../elsewhere')
    // A link that is in the way of a folder is not followed.
    mkdirSync(join(folder, 'trap'))
    symlinkSync('../elsewhere', join(folder, 'trap', 'sub'))
    writeFileSync(join(from, 'sub', 'evil'), 'evil')
    const trapped = copy({ disk: from }, { disk: join(folder, 'trap') }, { recursive: true, links: 'skip' }, limits)
    await assert.rejects(trapped, { code: 'ENOTDIR', message: /not followed/ })
    assert.deepEqual(readdirSync(join(folder, 'elsewhere')), ['file'])
  })
})

test('a single file: over a link it is written where that leads, a folder needs to be asked for', async () => {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, 'real'), 'old')
    symlinkSync('real', join(folder, 'to'))
    writeFileSync(join(folder, 'from'), 'new')
    await copied(folder, { recursive: false })
    assert.equal(readlinkSync(join(folder, 'to')), 'real')
    assert.equal(readFileSync(join(folder, 'real'), 'utf8'), 'new')
    await assert.rejects(copy({ disk: folder }, { disk: join(folder, 'x') }), { code: 'EISDIR' })
    await assert.rejects(copy({ disk: join(folder, 'none') }, { disk: join(folder, 'x') }), { code: 'ENOENT' })
  })
})

test('folders that are needed for what is in them alone', async () => {
  await withFolder(async (folder) => {
    mkdirSync(join(folder, 'from'))
    makeTree(join(folder, 'from'))
    const filter: CopyOptions['filter'] = ({ path, kind }) =>
      kind === 'directory' ? 'contents' : path.endsWith('deep.bin')
    const { files, directories } = await copied(folder, { filter })
    assert.deepEqual([files, directories], [1, 4])
    assert.deepEqual(Object.keys(digestTree(join(folder, 'to'))), ['a', 'a/b', 'a/b/c', 'a/b/c/deep.bin'])
  })
})

test('whatever a server lists, nothing lands outside the target folder', async () => {
  const names = [
    '..',
    '.',
    '',
    '../evil',
    '..\\evil',
    '/evil',
    'a\0b',
    '\uf029\uf029',
    'sub/evil',
    'good',
    'Good',
    'twice',
    'twice',
  ]
  await withFolder(async (folder) => {
    const target = join(folder, 'deep', 'target')
    mkdirSync(target, { recursive: true })
    const share = virtualShare(names.map((name) => [name, 'content']))
    const options = { recursive: true, continueOnError: true }
    const { files, failed } = await copy({ share, path: '' }, { disk: target }, options, limits)
    assert.deepEqual(readdirSync(target).toSorted(), ['Good', 'good', 'twice'])
    assert.deepEqual([files, failed.length], [3, names.length - 3])
    assert.deepEqual(Object.keys(digestTree(folder)), [
      'deep',
      'deep/target',
      ...['Good', 'good', 'twice'].map((name) => `deep/target/${name}`),
    ])
    for (const { error } of failed)
      assert.match((error as Error).message, /^(EINVAL: It cannot be copied|EEXIST: The folder has another)/)
  })
})

test('links that wait where something is to be written are not written through', async () => {
  await withFolder(async (folder) => {
    const [from, to, victim] = ['from', 'to', 'victim'].map((name) => join(folder, name)) as [string, string, string]
    mkdirSync(from)
    mkdirSync(to)
    writeFileSync(victim, 'kept')
    writeFileSync(join(from, 'large'), bytesOf(300_000, 1))
    writeFileSync(join(from, 'small'), 'small')
    // A server that had links made before, and chose sizes and times, knows these names.
    const { ino, dev, mtimeNs } = statSync(join(from, 'large'), { bigint: true })
    const version = `${join(from, 'large')}\x00300000\0${filetimeFromUnixNs(mtimeNs)}\0${dev}:${ino}`
    const names = [`.${partName('large', version)}`, 'large', 'small']
    for (let number = 1; number < 60; number++) names.push(`.${process.pid}-${number}.part`)
    for (const options of [{}, { resume: true }, { inPlace: true }]) {
      for (const name of names) {
        rmSync(join(to, name), { force: true })
        symlinkSync(victim, join(to, name))
      }
      await copied(folder, options)
      assert.equal(readFileSync(victim, 'utf8'), 'kept', JSON.stringify(options))
      assert.equal(readFileSync(join(to, 'small'), 'utf8'), 'small')
      assert.ok(readFileSync(join(to, 'large')).equals(readFileSync(join(from, 'large'))))
      for (const name of ['small', 'large']) assert.ok(lstatSync(join(to, name)).isFile(), name)
    }
  })
})

test('no byte is written a window or more behind one that is missing', async () => {
  const step = 10
  const windowBytes = 50
  const budget = new Budget(step, 1000)
  const written = new Set<number>()
  let stuck: (() => void) | undefined
  let lent = 0
  const disposable = { async [Symbol.asyncDispose]() {} }
  const source = {
    ...disposable,
    maxPieceBytes: Infinity,
    piece: async (at: number, length: number) => {
      lent++
      if (at === 30) await new Promise<void>((resolve) => (stuck = resolve))
      return { bytes: new Uint8Array(length), give: () => void lent-- }
    },
  }
  const sink = {
    ...disposable,
    size: 0,
    read: async () => 0,
    write: async (_data: Uint8Array, at: number) => void written.add(at),
    truncate: async () => undefined,
    finish: async () => undefined,
  }
  const done = pump(source, sink, budget, {
    start: 0,
    size: 1000,
    windowBytes,
    signal: new AbortController().signal,
    moved: () => undefined,
  })
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(Math.max(...written), 70)
  assert.equal(written.has(30), false)
  stuck?.()
  await done
  assert.equal(written.size, 100)
  assert.equal(lent, 0)
})
