/** Snapshot folders as ZFS, snapper and plain copies have them. */
import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { type DiskBackend, type DiskBackendOptions, diskBackend } from '../../src/backends/disk/index.ts'
import { dateFromFiletime, filetimeFromDate } from '../../src/bytes/filetime.ts'
import type { Backend } from '../../src/server/backend.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { bytes } from './backend-conformance/fixture.ts'
import { backendConformance } from './backend-conformance.ts'
import { descriptors, good, statusOf } from './backend-disk-folder.ts'

const kinds = ['linux', 'portable'] as const
const open = { disposition: 'open', read: true, write: false } as const

interface Made {
  readonly root: string
  readonly backend: DiskBackend
  times(): Promise<string[]>
  at(time: string): Promise<Backend | undefined>
}

function tempFolder(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'smbkit-snapshots-'))
  context.after(() => rmSync(root, { recursive: true, force: true }))
  return root
}

/** Files by path below the root; then the backend. */
function make(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  snapshots: DiskBackendOptions['snapshots'] & object,
  calls: 'linux' | 'portable' = 'linux',
  share = '',
): Made {
  const root = tempFolder(context)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const backend = diskBackend(join(root, share), { snapshots, calls })
  context.after(() => backend.close())
  return {
    root,
    backend,
    async times() {
      const times = await good(backend.snapshots?.times() ?? [])
      return times.map((time) => dateFromFiletime(time).toISOString().replace('.000Z', ''))
    },
    async at(time) {
      return good(backend.snapshots?.open(filetimeFromDate(new Date(`${time}Z`))))
    },
  }
}

async function text(backend: Backend | undefined, ...path: string[]): Promise<string> {
  assert.ok(backend !== undefined, 'there is a snapshot')
  const { file } = await good(backend.open(path, open))
  const into = Buffer.alloc(100)
  const length = await good(file.read(into, 0))
  await file.close()
  return into.toString('utf8', 0, length)
}

async function names(backend: Backend, ...path: string[]): Promise<string[]> {
  const { file } = await good(backend.open(path, { ...open, kind: 'directory' }))
  const list = await good(file.list())
  await file.close()
  return list.toSorted()
}

const isLinux = process.platform === 'linux'

for (const calls of kinds.slice(isLinux ? 0 : 1))
  describe(`snapshots of a disk, ${calls}`, () => {
    test('ZFS: below .zfs, named by what makes them', async (context) => {
      const made = make(
        context,
        {
          'doc/a.txt': 'now',
          '.zfs/snapshot/autosnap_2026-03-04_05:06:07_daily/doc/a.txt': 'sanoid',
          '.zfs/snapshot/zfs-auto-snap_hourly-2026-03-05-0117/doc/a.txt': 'auto',
          '.zfs/snapshot/auto-20260306.1230-2w/doc/a.txt': 'freenas',
          '.zfs/snapshot/2026-03-07/doc/a.txt': 'a day',
        },
        { path: '.zfs/snapshot/*' },
        calls,
      )
      assert.deepEqual(await made.times(), [
        '2026-03-07T00:00:00',
        '2026-03-06T12:30:00',
        '2026-03-05T01:17:00',
        '2026-03-04T05:06:07',
      ])
      const snapshot = await made.at('2026-03-04T05:06:07')
      assert.equal(await text(snapshot, 'DOC', 'A.TXT'), 'sanoid')
      assert.equal(await text(made.backend, 'doc', 'a.txt'), 'now')
      assert.equal(await made.at('2026-03-04T05:06:08'), undefined)
      await snapshot?.close()
    })

    test('snapper: a number each, with a file beside it that says when', async (context) => {
      const info = (date: string) =>
        `<?xml version="1.0"?>\n<snapshot>\n <num>1</num>\n <date>${date}</date>\n</snapshot>`
      const made = make(
        context,
        {
          'home/a.txt': 'now',
          '.snapshots/1/info.xml': info('2026-01-02 03:04:05'),
          '.snapshots/1/snapshot/home/a.txt': 'one',
          '.snapshots/12/info.xml': info('2026-01-03 00:00:00'),
          '.snapshots/12/snapshot/home/a.txt': 'twelve',
          '.snapshots/13/info.xml': 'damaged',
          '.snapshots/13/snapshot/home/a.txt': 'thirteen',
          '.snapshots/14/snapshot/other': 'the folder was not there yet',
        },
        { path: '../.snapshots/*/snapshot/home' },
        calls,
        'home',
      )
      for (const number of [13, 14]) utimesSync(join(made.root, `.snapshots/${number}`), 1e9, 1e9 + number)
      assert.deepEqual(await made.times(), [
        '2026-01-03T00:00:00',
        '2026-01-02T03:04:05',
        '2001-09-09T01:46:54',
        '2001-09-09T01:46:53',
      ])
      const snapshot = await made.at('2026-01-02T03:04:05')
      assert.equal(await text(snapshot, 'a.txt'), 'one')
      await snapshot?.close()
      assert.equal(await made.at('2001-09-09T01:46:54'), undefined)
    })

    test('plain copies by a pattern of their own, in local time or not', async (context) => {
      const files = {
        'a.txt': 'now',
        '.snapshots/@GMT-2026.02.03-04.05.06/a.txt': 'then',
        '.snapshots/@GMT-2026.02.03/a.txt': 'not this one',
        '.snapshots/1700000000/a.txt': 'nor this',
      }
      const made = make(context, files, { path: '.snapshots/@GMT-%Y.%m.%d-%H.%M.%S' }, calls)
      assert.deepEqual(await made.times(), ['2026-02-03T04:05:06'])
      const local = make(context, files, { path: '.snapshots/@GMT-%Y.%m.%d-%H.%M.%S', localTime: true }, calls)
      assert.deepEqual(await local.times(), [new Date(2026, 1, 3, 4, 5, 6).toISOString().replace('.000Z', '')])
      const epoch = make(context, files, { path: '.snapshots/%s' }, calls)
      assert.deepEqual(await epoch.times(), ['2023-11-14T22:13:20'])
    })

    test('copies that go round are found under their new names', async (context) => {
      const made = make(context, { 'a.txt': 'now', 'old/daily.0/a.txt': 'then' }, { path: 'old/daily.*' }, calls)
      const folder = join(made.root, 'old/daily.0')
      utimesSync(folder, 1e9, 1e9)
      assert.deepEqual(await made.times(), ['2001-09-09T01:46:40'])
      renameSync(folder, join(made.root, 'old/daily.1'))
      mkdirSync(folder)
      const snapshot = await made.at('2001-09-09T01:46:40')
      assert.equal(await text(snapshot, 'a.txt'), 'then')
      await snapshot?.close()
    })

    test('the folder of the snapshots is nowhere to be seen, unless it is to be', async (context) => {
      const files = { 'a.txt': 'now', '.snapshots/2026-01-02/a.txt': 'then', '.snapshots/2026-01-02/.snapshots/x': '' }
      const made = make(context, files, { path: '.snapshots/*' }, calls)
      assert.deepEqual(await names(made.backend), ['a.txt'])
      for (const path of [['.snapshots'], ['.SNAPSHOTS'], ['.snapshots', '2026-01-02', 'a.txt']]) {
        const opened = await made.backend.open(path, open)
        assert.match(statusOf(opened), /OBJECT_(NAME|PATH)_NOT_FOUND/)
      }
      const { file } = await good(made.backend.open(['a.txt'], { ...open, write: true }))
      assert.match(statusOf(await file.rename(['.snapshots', 'b.txt'], false)), /NOT_FOUND/)
      await file.close()
      const { file: root } = await good(made.backend.open([], open))
      assert.deepEqual(await good(root.statEntries(['.snapshots'])), [undefined])
      await root.close()
      const snapshot = await made.at('2026-01-02T00:00:00')
      assert.deepEqual(await names(snapshot as Backend), ['a.txt'])
      await snapshot?.close()
      const shown = make(context, files, { path: '.snapshots/*', visible: true }, calls)
      assert.deepEqual(await names(shown.backend), ['.snapshots', 'a.txt'])
    })

    test('links lead out of no snapshot', async (context) => {
      const made = make(
        context,
        { 'a.txt': 'now', '.snapshots/2026-01-02/a.txt': 'then' },
        { path: '.snapshots/*' },
        calls,
      )
      const secret = tempFolder(context)
      writeFileSync(join(secret, 'a.txt'), 'secret')
      symlinkSync(secret, join(made.root, '.snapshots/2026-01-03'))
      symlinkSync(join(secret, 'a.txt'), join(made.root, '.snapshots/2026-01-02/link'))
      assert.deepEqual(await made.times(), ['2026-01-02T00:00:00'])
      assert.equal(await made.at('2026-01-03T00:00:00'), undefined)
      const snapshot = (await made.at('2026-01-02T00:00:00')) as Backend
      assert.equal(statusOf(await snapshot.open(['link'], open)), 'STATUS_ACCESS_DENIED')
      await snapshot.close()
      // The folder of the snapshots replaced by a link.
      rmSync(join(made.root, '.snapshots'), { recursive: true })
      symlinkSync(secret, join(made.root, '.snapshots'))
      mkdirSync(join(secret, '2026-01-02'))
      assert.ok(failed(await made.backend.snapshots?.times()) || (await made.times()).length === 0)
      const left = await made.backend.snapshots?.open(filetimeFromDate(new Date('2026-01-02T00:00:00Z')))
      assert.ok(left === undefined || failed(left))
    })

    test('ids of files are those of no other time', async (context) => {
      const made = make(
        context,
        { 'a.txt': 'now', '.snapshots/2026-01-02/a.txt': '1', '.snapshots/2026-01-03/a.txt': '2' },
        { path: '.snapshots/*' },
        calls,
      )
      // As copies by hard link have it.
      for (const day of ['02', '03']) {
        const copy = join(made.root, `.snapshots/2026-01-${day}/a.txt`)
        rmSync(copy)
        linkSync(join(made.root, 'a.txt'), copy)
      }
      const ids = new Set<bigint>()
      const snapshots = await Promise.all(['2026-01-02T00:00:00', '2026-01-03T00:00:00'].map((time) => made.at(time)))
      for (const backend of [made.backend, ...(snapshots as Backend[])]) {
        const { file } = await good(backend.open(['a.txt'], open))
        const stat = await good(file.stat())
        assert.equal(file.fileId, stat.fileId)
        ids.add(stat.fileId)
        await file.close()
        const { file: root } = await good(backend.open([], open))
        const [entry] = await good(root.statEntries(['a.txt']))
        assert.equal(entry?.fileId, stat.fileId)
        await root.close()
      }
      assert.equal(ids.size, 3)
      for (const snapshot of snapshots) await snapshot?.close()
    })
  })

test('no snapshots are there, or none any more: the list is empty, and nothing is left open', async (context) => {
  const made = make(context, { 'a.txt': 'now' }, { path: '.zfs/snapshot/*' })
  const before = descriptors()
  assert.deepEqual(await made.times(), [])
  mkdirSync(join(made.root, '.zfs/snapshot/2026-01-02'), { recursive: true })
  assert.deepEqual(await made.times(), ['2026-01-02T00:00:00'])
  const snapshot = await made.at('2026-01-02T00:00:00')
  await snapshot?.close()
  rmSync(join(made.root, '.zfs'), { recursive: true })
  assert.deepEqual(await made.times(), [])
  assert.equal(await made.at('2026-01-02T00:00:00'), undefined)
  const elsewhere = make(context, { 'a.txt': 'now' }, { path: join(made.root, 'gone/*') })
  assert.deepEqual(await elsewhere.times(), [])
  assert.equal(descriptors(), before + 1, 'the second backend alone')
})

test('a path to snapshots that is none is refused', (context) => {
  const root = tempFolder(context)
  for (const path of [
    '.snapshots',
    '*',
    './*',
    '.snapshots/*/*',
    '.snapshots/%Q',
    '.snapshots/%Y',
    '.snapshots/*/..',
    'a/%Y%m%d%Y',
    'a/%',
  ])
    assert.throws(() => diskBackend(root, { snapshots: { path } }), RangeError, path)
})

const files = { 'Docs/Read Me.txt': bytes('hello'), 'empty.txt': bytes('') }

backendConformance(
  'a snapshot of a disk',
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'smbkit-snapshots-'))
    for (const [path, content] of Object.entries(files)) {
      const target = join(root, '.snapshots/2026-01-02', path)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, content)
    }
    const today = diskBackend(root, { snapshots: { path: '.snapshots/*' } })
    const backend = await good(today.snapshots?.open(filetimeFromDate(new Date('2026-01-02T00:00:00Z'))))
    assert.ok(backend !== undefined)
    return {
      backend,
      dispose: async () => {
        await today.close()
        rmSync(root, { recursive: true, force: true })
      },
    }
  },
  { holds: files },
)
