import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { diskBackend } from '../../src/backends/disk/index.ts'
import type { BackendFile } from '../../src/server/backend.ts'
import { mountMemory, unmount } from '../peers/memory-disk.ts'
import {
  create,
  descriptors,
  folderFor,
  good,
  hasCapability,
  mayAnything,
  noAttributes,
  notLinux,
  notRoot,
  readWrite,
  statusOf,
} from './backend-disk-folder.ts'

/** A tmpfs of its own, of so many MiB. Undefined where none can be mounted. */
function smallDisk(context: TestContext, mib: number, options = ''): string | undefined {
  const root = mkdtempSync(join(tmpdir(), 'smbkit-small-'))
  if (!mountMemory(root, `size=${mib}m${options}`)) {
    rmSync(root, { recursive: true, force: true })
    context.skip('no disk can be mounted here')
    return undefined
  }
  context.after(() => {
    unmount(root)
    rmSync(root, { recursive: true, force: true })
  })
  return root
}

const openFile = async (backend: ReturnType<typeof diskBackend>, name: string): Promise<BackendFile> => {
  const opened = await backend.open([name], { disposition: 'openOrCreate', ...readWrite })
  assert.ok('file' in opened)
  return opened.file
}

test('a full disk is DISK_FULL, and goes on when there is room again', {
  skip: notLinux || notRoot,
}, async (context) => {
  const root = smallDisk(context, 2)
  if (root === undefined) return
  const backend = diskBackend(root)
  const [a, b] = [await openFile(backend, 'a'), await openFile(backend, 'b')]
  const mib = Buffer.alloc(2 ** 20, 1)
  await good(a.write(mib, 0, false))
  assert.equal(statusOf(await b.write(Buffer.concat([mib, mib]), 0, false)), 'STATUS_DISK_FULL')
  assert.equal(statusOf(await b.write(Buffer.concat([mib, mib]), 0, true)), 'STATUS_DISK_FULL')
  assert.equal(statusOf(await b.allocate(2 ** 22)), 'STATUS_DISK_FULL')
  const full = await backend.open(['c'], { disposition: 'create', ...readWrite, initial: { allocationSize: 2 ** 22 } })
  assert.equal(statusOf(full), 'STATUS_DISK_FULL')
  assert.equal(
    statusOf(await backend.open(['c'], { disposition: 'open', ...readWrite })),
    'STATUS_OBJECT_NAME_NOT_FOUND',
  )
  assert.equal(await a.remove(), undefined)
  await a.close()
  await good(b.truncate(0))
  await good(b.write(mib, 0, false))
  const volume = await good(backend.volume())
  assert.equal(volume.totalBytes, 2 ** 21)
  assert.ok(volume.freeBytes < 2 ** 20 + 2 ** 16)
  await b.close()
  await backend.close()
})

test('a disk that may not be written says so', { skip: notLinux || notRoot }, async (context) => {
  const root = smallDisk(context, 1)
  if (root === undefined) return
  writeFileSync(join(root, 'a'), 'x')
  const backend = diskBackend(root)
  execFileSync('mount', ['-o', 'remount,ro', root])
  const open = { disposition: 'open', read: false, write: false } as const
  assert.equal(statusOf(await backend.open(['a'], { ...open, write: true })), 'STATUS_MEDIA_WRITE_PROTECTED')
  assert.equal(statusOf(await backend.open(['b'], create)), 'STATUS_MEDIA_WRITE_PROTECTED')
  const a = await backend.open(['a'], open)
  assert.ok('file' in a)
  assert.equal(statusOf(await a.file.remove()), 'STATUS_MEDIA_WRITE_PROTECTED')
  assert.equal(statusOf(await a.file.rename(['b'], false)), 'STATUS_MEDIA_WRITE_PROTECTED')
  assert.equal(statusOf(await a.file.setStat({ attributes: 1 })), 'STATUS_MEDIA_WRITE_PROTECTED')
  await a.file.close()
  await backend.close()
})

test('a limit of file sizes is a status', { skip: notLinux }, () => {
  const script = `
    import { mkdtempSync, rmSync } from 'node:fs'
    import { diskBackend } from ${JSON.stringify(new URL('../../src/backends/disk/index.ts', import.meta.url).href)}
    process.on('SIGXFSZ', () => {})
    const root = mkdtempSync(${JSON.stringify(join(tmpdir(), 'smbkit-limit-'))})
    const backend = diskBackend(root)
    const { file } = await backend.open(['a'], { disposition: 'create', read: true, write: true })
    const status = async (answer) => ((await answer)?.status ?? 0).toString(16)
    console.log(await status(file.write(new Uint8Array(100), 2 ** 21, false)))
    console.log(await status(file.truncate(2 ** 21)))
    console.log(await status(file.write(new Uint8Array(100), 0, true)))
    rmSync(root, { recursive: true })`
  const run = spawnSync(
    'bash',
    ['-c', 'ulimit -f 1024; exec "$0" --input-type=module -e "$1"', process.execPath, script],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  )
  assert.deepEqual(run.stdout.trim().split('\n'), ['c000000d', 'c000000d', '0'], run.stderr)
})

test('what the process may not do is ACCESS_DENIED', { skip: notLinux || mayAnything }, async (context) => {
  const on = folderFor(context)
  writeFileSync(join(on.root, 'closed'), 'x')
  chmodSync(join(on.root, 'closed'), 0)
  mkdirSync(join(on.root, 'fixed'))
  chmodSync(join(on.root, 'fixed'), 0o555)
  assert.equal(await on.status('closed', { read: true }), 'STATUS_ACCESS_DENIED')
  assert.equal(await on.status('closed', { write: true }), 'STATUS_ACCESS_DENIED')
  assert.equal(await on.status('fixed/new', create), 'STATUS_ACCESS_DENIED')
  mkdirSync(join(on.root, 'hidden'), 0o300)
  assert.equal(await on.status('hidden', { read: true }), 'STATUS_ACCESS_DENIED')
  const hidden = await on.file('hidden')
  assert.equal(statusOf(await hidden.list()), 'STATUS_ACCESS_DENIED')
  assert.equal((await good(hidden.stat())).isDirectory, true)
  chmodSync(join(on.root, 'hidden'), 0o700)
  const file = await on.file('closed')
  assert.equal((await good(file.stat())).endOfFile, 1)
  assert.equal(await file.setStat({ lastWriteTime: 131_000_000_000_000_000n }), undefined)
  assert.equal((await good(file.stat())).lastWriteTime, 131_000_000_000_000_000n)
})

const isAdmin = hasCapability(21) && 'the process has CAP_SYS_ADMIN'

test('what the superuser skips passes without its capabilities', {
  skip: noAttributes || notRoot || (mayAnything === false && 'has none to lose'),
}, (context) => {
  const tests = ['limits', 'case'].map((name) => new URL(`backend-disk-${name}.test.ts`, import.meta.url).pathname)
  const names = 'what the process may not do|a folder that may not be listed|without CAP_SYS_ADMIN'
  const drop = '--drop=cap_dac_override,cap_dac_read_search,cap_sys_admin'
  const command = [process.execPath, '--test', '--test-reporter=tap', `--test-name-pattern=${names}`, ...tests]
  const run = spawnSync('capsh', [drop, '--', '-c', 'exec "$0" "$@"', ...command], {
    encoding: 'utf8',
    timeout: 100_000,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  if (run.error !== undefined) {
    context.skip('needs capsh (apt-get install libcap2-bin)')
    return
  }
  assert.equal(run.status, 0, run.stdout + run.stderr)
  assert.match(run.stdout, /^# pass 3$/m, run.stdout)
})

test('security descriptors without CAP_SYS_ADMIN go to user.NTACL', {
  skip: noAttributes || isAdmin,
}, async (context) => {
  const on = folderFor(context)
  assert.match(on.backend.limitations.join(), /user\.NTACL/)
  const file = await on.create('file')
  const descriptor = Uint8Array.from([1, 0, 4, 0x80, ...Array(16).fill(0)])
  assert.equal(await file.setSecurityDescriptor(descriptor), undefined)
  assert.deepEqual(await file.securityDescriptor(), descriptor)
  assert.deepEqual(await file.extendedAttributes(), [])
})

test('no descriptor is left open, and none is closed twice', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const round = async (): Promise<void> => {
    const file = await on.create('a', 'x'.repeat(100_000))
    const reads = [file.read(Buffer.alloc(50_000), 0), file.flush(), file.write(Buffer.from('y'), 0, true)]
    const closing = file.close()
    for (const read of reads) await good(read)
    await closing
    await file.close()
    assert.equal(statusOf(await file.read(Buffer.alloc(1), 0)), 'STATUS_FILE_CLOSED')
    assert.equal(statusOf(await file.write(Buffer.alloc(1), 0, false)), 'STATUS_FILE_CLOSED')
    assert.equal(statusOf(await file.stat()), 'STATUS_FILE_CLOSED')
    assert.equal(statusOf(await file.remove()), 'STATUS_FILE_CLOSED')
    const again = await on.file('A')
    await again.remove()
    await again.close()
  }
  await round()
  const before = descriptors()
  for (let i = 0; i < 20; i++) await round()
  assert.equal(descriptors(), before)
})

test('a closed backend opens nothing more, and its files harm no other', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const other = folderFor(context)
  const file = await on.create('file', 'x')
  await other.create('file', 'x')
  await on.backend.close()
  await on.backend.close()
  // What is opened now has the number that the closed folder had.
  const roots = Array.from({ length: 10 }, () => other.again())
  assert.equal(
    statusOf(await on.backend.open(['file'], { ...create, disposition: 'open' })),
    'STATUS_VOLUME_DISMOUNTED',
  )
  assert.notEqual(statusOf(await file.rename(['other'], true)), 'STATUS_SUCCESS')
  assert.notEqual(statusOf(await file.remove()), 'STATUS_SUCCESS')
  assert.deepEqual(await other.names(''), ['file'])
  for (const root of roots) await root.close()
})

test('a backend without a folder throws what node:fs throws', () => {
  const missing = join(tmpdir(), 'smbkit-there-is-no-such-folder')
  for (const calls of ['linux', 'portable'] as const) {
    if (calls === 'linux' && notLinux !== false) continue
    assert.throws(() => diskBackend(missing, { calls }), { code: 'ENOENT' })
    assert.throws(() => diskBackend(process.execPath, { calls }), { code: 'ENOTDIR' })
  }
})

test('a disk without extended attributes says what it does not keep', {
  skip: notLinux || notRoot,
}, async (context) => {
  // ramfs has none.
  const root = mkdtempSync(join(tmpdir(), 'smbkit-plain-'))
  try {
    execFileSync('mount', ['-t', 'ramfs', 'smbkit-test', root], { stdio: 'ignore' })
  } catch {
    rmSync(root, { recursive: true })
    context.skip('no disk can be mounted here')
    return
  }
  context.after(() => {
    execFileSync('umount', [root])
    rmSync(root, { recursive: true, force: true })
  })
  const backend = diskBackend(root)
  const { features } = backend
  assert.deepEqual(
    [features.namedStreams, features.extendedAttributes, features.securityDescriptors],
    [false, false, false],
  )
  assert.match(backend.limitations.join(), /no extended attributes/)
  const file = await openFile(backend, 'a')
  await good(file.write(Buffer.from('x'), 0, false))
  assert.equal(await file.setStat({ attributes: 2, creationTime: 131_000_000_000_000_001n }), undefined)
  const stat = await good(file.stat())
  assert.equal(stat.attributes, 2)
  assert.equal(stat.creationTime, 131_000_000_000_000_001n)
  assert.equal(statSync(join(root, 'a')).size, 1)
  await file.close()
  await backend.close()
})
