/**
 * The disk backend on Btrfs, which shares blocks between files and compresses what it is told to: a file system in a
 * file, which only the superuser of Linux can mount.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { FileAttributes } from '../../src/wire/fscc/index.ts'
import { needsPeer } from '../peers/peer.ts'
import { Fixture, ok, pattern, READ_WRITE } from '../unit/backend-conformance/fixture.ts'
import { keptTests } from '../unit/backend-conformance/kept.ts'
import { type Made, runConformanceTest } from '../unit/backend-conformance.ts'

const VOLUME_BYTES = 256 * 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'smbkit-btrfs-'))
const mountPoint = join(folder, 'mounted')

function mounted(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const image = join(folder, 'image')
  writeFileSync(image, '')
  truncateSync(image, VOLUME_BYTES)
  mkdirSync(mountPoint)
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0
  return run('mkfs.btrfs', '-q', image) && run('mount', '-o', 'loop', image, mountPoint)
}

const { skip } = needsPeer('mkfs.btrfs')
const isMounted = skip === false && mounted()
const options = { skip: skip === false && !isMounted ? 'Btrfs cannot be mounted here' : skip }

after(() => {
  if (isMounted) execFileSync('umount', [mountPoint])
  rmSync(folder, { recursive: true, force: true })
})

const make = async (): Promise<Made> => {
  const root = mkdtempSync(join(mountPoint, 'share-'))
  return { backend: diskBackend(root), dispose: async () => rmSync(root, { recursive: true, force: true }) }
}

for (const one of keptTests)
  test(one.name, options, async () => {
    assert.equal(await runConformanceTest(one, make), undefined, 'nothing is lacking')
  })

const freeBytes = (): number => {
  execFileSync('sync', ['--file-system', mountPoint])
  const { bavail, bsize } = statfsSync(mountPoint)
  return bavail * bsize
}

test('what is shared takes no room', options, async () => {
  const made = await make()
  const on = new Fixture(made.backend)
  const size = 16 * 2 ** 20
  const source = await on.create('source', pattern(size))
  const before = freeBytes()
  const target = await on.create('target')
  await ok(target.truncate(size))
  await ok(target.duplicate?.(source, { offset: 0, length: size }, 0))
  assert.ok(before - freeBytes() < size / 4, 'the blocks are shared')
  await on.end()
  await made.backend.close()
  await made.dispose()
})

test('what is marked as compressed is compressed', options, async () => {
  const made = await make()
  const on = new Fixture(made.backend)
  const directory = await on.directory('d')
  await ok(directory.setStat({ attributes: FileAttributes.COMPRESSED }))
  const size = 16 * 2 ** 20
  const before = freeBytes()
  const initial = { inheritedAttributes: FileAttributes.COMPRESSED }
  const file = (await on.opened('d/a', { disposition: 'create', kind: 'file', ...READ_WRITE, initial })).file
  await ok(file.write(Buffer.alloc(size, 'all the same '), 0, false))
  assert.ok(before - freeBytes() < size / 4, 'the bytes are compressed')
  await on.end()
  await made.backend.close()
  await made.dispose()
})
