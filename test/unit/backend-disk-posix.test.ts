/** What the disk backend does for clients with POSIX extensions, with the calls of Linux and with node:fs alone. */
import assert from 'node:assert/strict'
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { type DiskBackend, diskBackend } from '../../src/backends/disk/index.ts'
import { linuxLibc } from '../../src/native/libc.ts'
import type { BackendFile, Opened, OpenHow } from '../../src/server/backend.ts'
import { type Failure, failed } from '../../src/wire/erref/failure.ts'
import { ntStatusName } from '../../src/wire/erref/ntstatus.ts'

const existing: OpenHow = { disposition: 'open', read: true, write: false, caseSensitive: true }
const made: OpenHow = { ...existing, disposition: 'openOrCreate', write: true }

for (const calls of ['linux', 'portable'] as const)
  suite(calls, { skip: process.platform !== 'linux' || (calls === 'linux' && linuxLibc() === undefined) }, () => {
    const withFolder = async (play: (backend: DiskBackend, folder: string) => Promise<void>): Promise<void> => {
      const folder = mkdtempSync(join(tmpdir(), 'smbkit-disk-posix-'))
      const backend = diskBackend(folder, { calls })
      try {
        assert.equal(backend.features.posix, true)
        await play(backend, folder)
      } finally {
        await backend.close()
        rmSync(folder, { recursive: true, force: true })
      }
    }
    const open = async (backend: DiskBackend, path: string, how: OpenHow): Promise<BackendFile> => {
      const opened = await backend.open(path.split('/'), how)
      return failed(opened) ? assert.fail(ntStatusName(opened.status)) : opened.file
    }
    const refuses = (answer: Opened | Failure | void, status: string): void =>
      assert.equal(answer !== undefined && failed(answer) ? ntStatusName(answer.status) : 'success', status)

    test('names are as they are spelled, on the whole way', () =>
      withFolder(async (backend, folder) => {
        mkdirSync(join(folder, 'Dir'))
        writeFileSync(join(folder, 'Dir', 'file'), '')
        refuses(await backend.open(['Dir', 'FILE'], existing), 'STATUS_OBJECT_NAME_NOT_FOUND')
        refuses(await backend.open(['dir', 'file'], existing), 'STATUS_OBJECT_PATH_NOT_FOUND')
        await (await open(backend, 'Dir/file', existing)).close()
        await (await open(backend, 'Dir/FILE', made)).close()
        assert.deepEqual(readdirSync(join(folder, 'Dir')).toSorted(), ['FILE', 'file'])
        // Others still find a name however it is spelled.
        await (await open(backend, 'dir/File', { ...existing, caseSensitive: false })).close()
      }))

    test('permissions are set at the beginning and later, whatever the umask is', () =>
      withFolder(async (backend, folder) => {
        const mask = process.umask(0o077)
        try {
          const file = await open(backend, 'a', { ...made, initial: { permissions: 0o664 } })
          assert.equal(statSync(join(folder, 'a')).mode & 0o7777, 0o664)
          assert.equal(await file.setStat({ permissions: 0o1700 }), undefined)
          const stat = await file.stat()
          assert.ok(!failed(stat))
          const { mode, type, uid, links } = stat.posix ?? assert.fail('no POSIX stat')
          assert.deepEqual([mode, type, uid, links], [0o1700, 0o10, statSync(folder).uid, 1])
          await file.close()
          const directory = { ...made, kind: 'directory', write: false, initial: { permissions: 0o777 } } as const
          await (await open(backend, 'd', directory)).close()
          assert.equal(statSync(join(folder, 'd')).mode & 0o7777, 0o777)
        } finally {
          process.umask(mask)
        }
      }))

    test('rename as POSIX has it', () =>
      withFolder(async (backend, folder) => {
        for (const name of ['empty', 'full', 'moving']) mkdirSync(join(folder, name))
        for (const name of ['a', 'full/x', 'moving/y']) writeFileSync(join(folder, name), name)
        linkSync(join(folder, 'a'), join(folder, 'same'))
        const moving = await open(backend, 'moving', existing)
        refuses(await moving.rename(['empty'], true), 'STATUS_ACCESS_DENIED')
        refuses(await moving.rename(['full'], true, true), 'STATUS_DIRECTORY_NOT_EMPTY')
        refuses(await moving.rename(['a'], true, true), 'STATUS_NOT_A_DIRECTORY')
        refuses(await moving.rename(['empty'], false, true), 'STATUS_OBJECT_NAME_COLLISION')
        refuses(await moving.rename(['empty'], true, true), 'success')
        assert.ok(existsSync(join(folder, 'empty', 'y')) && !existsSync(join(folder, 'moving')))
        const file = await open(backend, 'a', existing)
        refuses(await file.rename(['full'], true, true), 'STATUS_FILE_IS_A_DIRECTORY')
        // Two names of one file: nothing happens.
        refuses(await file.rename(['same'], true, true), 'success')
        assert.ok(existsSync(join(folder, 'a')) && existsSync(join(folder, 'same')))
        refuses(await file.rename(['SAME'], false, true), 'success')
        refuses(await file.link(['Same'], false, true), 'success')
        assert.deepEqual(readdirSync(folder).toSorted(), ['SAME', 'Same', 'empty', 'full', 'same'])
        await file.close()
        await moving.close()
      }))

    test('how many files there can be', () =>
      withFolder(async (backend) => {
        const volume = await backend.volume()
        assert.ok(!failed(volume) && (volume.totalFiles ?? -1) >= (volume.freeFiles ?? 0))
      }))
  })
