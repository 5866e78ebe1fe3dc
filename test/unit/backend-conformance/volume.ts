import assert from 'node:assert/strict'
import { type ConformanceTest, contentOf, ok, pattern, sameBytes, statusOf } from './fixture.ts'

const MIB = 2 ** 20

export const volumeTests: readonly ConformanceTest[] = [
  {
    name: 'the volume tells sizes that fit together',
    async run(on) {
      const volume = await ok(on.backend.volume())
      assert.ok(volume.totalBytes > 0)
      assert.ok(volume.freeBytes >= 0 && volume.freeBytes <= volume.totalBytes)
      assert.ok(volume.availableBytes >= 0 && volume.availableBytes <= volume.freeBytes)
      assert.ok(volume.bytesPerSector >= 512 && Number.isInteger(Math.log2(volume.bytesPerSector)))
      assert.ok(volume.sectorsPerAllocationUnit >= 1)
      assert.equal(volume.serialNumber, volume.serialNumber >>> 0)
      assert.equal(typeof volume.label, 'string')
      assert.ok(volume.creationTime > 0n)
      assert.equal((await ok(on.backend.volume())).serialNumber, volume.serialNumber)
    },
  },
  {
    name: 'the features are told',
    async run(on) {
      const { features } = on.backend
      assert.ok(features.fileSystemName.length > 0)
      assert.ok(features.maxNameLength > 0 && features.maxNameLength <= 255)
      assert.equal(features.readOnly, false)
    },
  },
]

/** Run only on a volume of at most a few MiB. */
export const fullTests: readonly ConformanceTest[] = [
  {
    name: 'a full disk refuses and loses nothing',
    async run(on) {
      const kept = await on.create('kept', pattern(10_000))
      const { availableBytes } = await ok(on.backend.volume())
      assert.ok(availableBytes <= 64 * MIB, `a small volume, not one with ${availableBytes} free`)
      const filler = await on.create('filler')
      let size = 0
      let status = 'STATUS_SUCCESS'
      while (size <= availableBytes && status === 'STATUS_SUCCESS') {
        status = statusOf(await filler.write(pattern(65_536), size, false))
        if (status === 'STATUS_SUCCESS') size += 65_536
      }
      assert.equal(status, 'STATUS_DISK_FULL')
      assert.ok((await ok(on.backend.volume())).availableBytes < 65_536 + 8192)
      sameBytes((await contentOf(filler)).subarray(0, size).subarray(-65_536), pattern(65_536))
      sameBytes(await contentOf(kept), pattern(10_000))
      await ok(kept.write(pattern(10, 2), 0, false), 'what has its room can still be written')
      await ok(filler.remove())
      await filler.close()
      await ok(kept.write(pattern(65_536), 10_000, false), 'after room was made')
    },
  },
  {
    name: 'room cannot be reserved that is not there',
    async run(on) {
      const file = await on.create('a', 'abc')
      const { availableBytes, totalBytes } = await ok(on.backend.volume())
      assert.equal(statusOf(await file.allocate(totalBytes + MIB)), 'STATUS_DISK_FULL')
      assert.equal(await on.text('a'), 'abc')
      await ok(file.truncate(3))
      assert.ok((await ok(on.backend.volume())).availableBytes >= availableBytes - 65_536)
    },
  },
  {
    name: 'cutting and removing give room back',
    async run(on) {
      const before = (await ok(on.backend.volume())).availableBytes
      const file = await on.create('a', pattern(200_000))
      assert.ok((await ok(on.backend.volume())).availableBytes <= before - 200_000)
      await ok(file.truncate(0))
      assert.ok((await ok(on.backend.volume())).availableBytes >= before - 65_536)
      await ok(file.write(pattern(200_000), 0, false))
      await ok(file.remove())
      assert.ok((await ok(on.backend.volume())).availableBytes <= before - 200_000, 'not while a handle is open')
      await file.close()
      assert.ok((await ok(on.backend.volume())).availableBytes >= before - 65_536)
    },
  },
]
