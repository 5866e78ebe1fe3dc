import assert from 'node:assert/strict'
import type { BackendFile } from '../../../src/server/backend.ts'
import { upcase } from '../../../src/wire/fscc/upcase.ts'
import { type ConformanceTest, type Fixture, ok, readAt, sameBytes, split, statusOf } from './fixture.ts'

/** What a read-only backend must be found to hold: paths with `/` to content. */
export type Holdings = Readonly<Record<string, Uint8Array>>

const protectedStatus = 'STATUS_MEDIA_WRITE_PROTECTED'

/** The tests of a backend that refuses every change and holds these files. */
export function readOnlyTests(holds: Holdings): ConformanceTest[] {
  const files = Object.entries(holds)
  return [...lookTests(files), ...changeTests(files)]
}

function lookTests(files: readonly (readonly [string, Uint8Array])[]): ConformanceTest[] {
  return [
    {
      name: 'it says that it is read-only',
      async run(on) {
        assert.equal(on.backend.features.readOnly, true)
        assert.ok(files.length > 0, 'there is something to read')
      },
    },
    {
      name: 'files are found in any case, with their stored path and content',
      async run(on) {
        for (const [path, content] of files) {
          const { file, created, path: stored } = await on.opened(upcase(path), { kind: 'file', read: true })
          assert.equal(created, false)
          assert.deepEqual(stored, split(path))
          const stat = await ok(file.stat())
          assert.equal(stat.isDirectory, false)
          assert.equal(stat.endOfFile, content.length)
          assert.equal(stat.fileId, file.fileId)
          sameBytes(await readAt(file, 0, content.length + 100), content, path)
          sameBytes(await readAt(file, 1, 3), content.subarray(1, 4), path)
          assert.equal((await readAt(file, content.length, 10)).length, 0)
          assert.equal((await readAt(file, content.length + 10, 10)).length, 0)
        }
      },
    },
    {
      name: 'directories list what is in them',
      async run(on) {
        for (const [path] of files) {
          const names = split(path)
          for (let depth = 0; depth < names.length; depth++) {
            const parent = names.slice(0, depth).join('/')
            const entry = (await on.entries(parent)).find(({ name }) => name === names[depth])
            assert.ok(entry !== undefined, `${names[depth]} in ${parent}`)
            assert.deepEqual(entry.stat, await on.stat(names.slice(0, depth + 1).join('/')))
          }
        }
        const root = await on.open('', { read: true, kind: 'directory' })
        assert.deepEqual(await ok(root.statEntries(['no such name'])), [undefined])
      },
    },
    {
      name: 'ids are lasting and different',
      async run(on) {
        const ids = new Set<bigint>([(await on.open('')).fileId])
        for (const [path] of files) {
          const { fileId } = await on.open(path)
          assert.equal((await on.open(path.toLowerCase())).fileId, fileId)
          ids.add(fileId)
        }
        assert.equal(ids.size, files.length + 1)
      },
    },
    {
      name: 'what is missing or of another kind is refused',
      async run(on) {
        const [path = ''] = files[0] ?? []
        assert.equal(await on.refusal('no such name'), 'STATUS_OBJECT_NAME_NOT_FOUND')
        assert.equal(await on.refusal('no such name/x'), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.equal(await on.refusal(`${path}/x`), 'STATUS_OBJECT_PATH_NOT_FOUND')
        assert.equal(await on.refusal(path, { kind: 'directory' }), 'STATUS_NOT_A_DIRECTORY')
        assert.equal(await on.refusal('', { kind: 'file' }), 'STATUS_FILE_IS_A_DIRECTORY')
        assert.equal(await on.refusal(path, { disposition: 'create' }), 'STATUS_OBJECT_NAME_COLLISION')
        assert.equal(await on.refusal('n'.repeat(on.backend.features.maxNameLength + 1)), 'STATUS_OBJECT_NAME_INVALID')
        if (!on.backend.features.namedStreams) {
          assert.equal(await on.refusal(path, { stream: 's' }), 'STATUS_OBJECT_NAME_INVALID')
        }
      },
    },
    {
      name: 'streams and ranges of a file',
      async run(on) {
        for (const [path, content] of files) {
          const file = await on.open(path, { read: true })
          const unnamed = (await ok(file.streams())).find(({ name }) => name === '')
          assert.equal(unnamed?.size, content.length)
          const ranges = await ok(file.allocatedRanges({ offset: 0, length: content.length }))
          assert.ok(ranges.every(({ offset, length }) => offset >= 0 && offset + length <= content.length))
        }
        assert.deepEqual(
          (await ok((await on.open('')).streams())).filter(({ name }) => name === ''),
          [],
        )
      },
    },
    {
      name: 'the volume answers',
      async run(on) {
        const volume = await ok(on.backend.volume())
        assert.ok(volume.bytesPerSector >= 512 && volume.sectorsPerAllocationUnit >= 1)
        assert.ok(volume.freeBytes <= volume.totalBytes && volume.availableBytes <= volume.freeBytes)
      },
    },
  ]
}

function changeTests(files: readonly (readonly [string, Uint8Array])[]): ConformanceTest[] {
  const [path = ''] = files[0] ?? []
  const content = files[0]?.[1] ?? new Uint8Array(0)
  const changes: readonly (readonly [string, (file: BackendFile) => unknown])[] = [
    ['setStat', (file) => file.setStat({ attributes: 2 })],
    ['write', (file) => file.write(Uint8Array.of(1), 0, false)],
    ['truncate', (file) => file.truncate(0)],
    ['allocate', (file) => file.allocate(10_000)],
    ['zero', (file) => file.zero({ offset: 0, length: 1 })],
    ['setExtendedAttributes', (file) => file.setExtendedAttributes([{ name: 'A', value: Uint8Array.of(1), flags: 0 }])],
    ['setSecurityDescriptor', (file) => file.setSecurityDescriptor(new Uint8Array(20))],
    ['rename', (file) => file.rename(['renamed'], true)],
    ['link', (file) => file.link(['linked'], true)],
    ['remove', (file) => file.remove()],
  ]
  const unchanged = async (on: Fixture): Promise<void> => {
    sameBytes(await readAt(await on.open(path, { read: true }), 0, content.length + 1), content)
  }

  return [
    {
      name: 'opening for a change is refused',
      async run(on) {
        assert.equal(await on.refusal(path, { write: true }), protectedStatus)
        for (const disposition of ['create', 'openOrCreate'] as const) {
          assert.equal(await on.refusal('new', { disposition }), protectedStatus)
          assert.equal(await on.refusal('new', { disposition, kind: 'directory' }), protectedStatus)
        }
        assert.equal((await on.opened(path, { disposition: 'openOrCreate' })).created, false)
        await unchanged(on)
      },
    },
    ...changes.map(([name, change]) => ({
      name: `${name} is refused`,
      async run(on: Fixture): Promise<void> {
        const file = await on.open(path, { read: true })
        assert.equal(statusOf(await change(file)), protectedStatus)
        await ok(file.flush())
        await unchanged(on)
      },
    })),
  ]
}
