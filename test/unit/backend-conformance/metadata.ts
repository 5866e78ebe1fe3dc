import assert from 'node:assert/strict'
import type { BackendFile, ExtendedAttribute } from '../../../src/server/backend.ts'
import { bytes, type ConformanceTest, type Fixture, ok, pattern, sameBytes, statusOf, textOf } from './fixture.ts'

const DIRECTORY = 0x10
/** READONLY, HIDDEN, SYSTEM, ARCHIVE, TEMPORARY, OFFLINE, NOT_CONTENT_INDEXED. */
const SETTABLE = [0x01, 0x02, 0x04, 0x20, 0x100, 0x1000, 0x2000]
const TIMES = ['creationTime', 'lastAccessTime', 'lastWriteTime'] as const
/** 2001, and a last digit of each kind: no rounding to milliseconds, microseconds or what a double can say. */
const SOME_TIME = 126_227_808_001_234_567n
const OLD = 119_600_064_000_000_000n

export const metadataTests: readonly ConformanceTest[] = [
  {
    name: 'attributes are kept, one by one and together',
    async run(on) {
      const file = await on.create('a')
      for (const attributes of [...SETTABLE, 0x27, 0x3127, 0]) {
        await ok(file.setStat({ attributes }))
        assert.equal((await ok(file.stat())).attributes, attributes)
        assert.equal((await on.stat('a')).attributes, attributes)
        assert.equal((await on.entries(''))[0]?.stat.attributes, attributes)
      }
    },
  },
  {
    name: 'a directory keeps its attributes and stays one',
    async run(on) {
      const directory = await on.directory('d')
      await ok(directory.setStat({ attributes: 0x02 | DIRECTORY }))
      assert.equal((await on.stat('d')).attributes, 0x02 | DIRECTORY)
      await ok(directory.setStat({ attributes: 0 }))
      assert.equal((await on.stat('d')).attributes, DIRECTORY)
      assert.equal((await on.stat('d')).isDirectory, true)
    },
  },
  {
    name: 'READONLY is a note for the server and binds no handle of the backend',
    async run(on) {
      const file = await on.create('a', 'abc')
      await ok(file.setStat({ attributes: 0x01 }))
      await ok(file.write(bytes('X'), 0, false))
      await ok((await on.data('a')).write(bytes('Y'), 1, false), 'a later handle')
      assert.equal(await on.text('a'), 'XYc')
      await ok((await on.open('a')).setStat({ attributes: 0 }))
      assert.equal((await on.stat('a')).attributes, 0)
    },
  },
  {
    name: 'times are exact to 100 ns',
    async run(on) {
      for (const object of [await on.create('a'), await on.directory('d')]) {
        const change = { creationTime: SOME_TIME, lastAccessTime: SOME_TIME + 1n, lastWriteTime: SOME_TIME + 12n }
        await ok(object.setStat(change))
        const stat = await ok(object.stat())
        for (const time of TIMES) assert.equal(stat[time], change[time], time)
      }
      for (const { name, stat } of await on.entries('')) assert.equal(stat.lastWriteTime, SOME_TIME + 12n, name)
    },
  },
  {
    name: 'the change time is exact to 100 ns',
    async run(on) {
      const file = await on.create('a')
      await ok(file.setStat({ changeTime: SOME_TIME }))
      assert.equal((await on.stat('a')).changeTime, SOME_TIME)
    },
  },
  {
    name: 'setting one time leaves the others',
    async run(on) {
      const file = await on.create('a', 'x')
      for (const time of TIMES) {
        const before = await ok(file.stat())
        await ok(file.setStat({ [time]: SOME_TIME + 77n }))
        const after = await ok(file.stat())
        for (const other of TIMES) assert.equal(after[other], other === time ? SOME_TIME + 77n : before[other], other)
      }
      const before = await ok(file.stat())
      await ok(file.setStat({ attributes: 0x02 }))
      const after = await ok(file.stat())
      for (const time of TIMES) assert.equal(after[time], before[time], time)
    },
  },
  {
    name: 'times far from today',
    async run(on) {
      const file = await on.create('a')
      // 1950, 1970 less 100 ns, 1970, 2038 and 2106 (32-bit seconds run out), 2400.
      for (const time of [
        110_133_216_000_000_001n,
        116_444_735_999_999_999n,
        116_444_736_000_000_000n,
        137_919_572_480_000_003n,
        159_394_408_960_000_005n,
        252_139_392_000_000_009n,
      ]) {
        await ok(file.setStat({ creationTime: time, lastWriteTime: time }))
        const stat = await on.stat('a')
        assert.equal(stat.creationTime, time)
        assert.equal(stat.lastWriteTime, time)
      }
    },
  },
  {
    name: 'writing moves the write time, reading does not',
    async run(on) {
      const file = await on.create('a', 'abc')
      const steps: readonly (() => unknown)[] = [
        () => file.write(bytes('x'), 0, false),
        () => file.truncate(2),
        () => file.truncate(20),
      ]
      for (const step of steps) {
        await ok(file.setStat({ lastWriteTime: OLD, creationTime: OLD }))
        await file.read(new Uint8Array(3), 0)
        assert.equal((await ok(file.stat())).lastWriteTime, OLD)
        await step()
        const stat = await ok(file.stat())
        assert.ok(stat.lastWriteTime > OLD)
        assert.equal(stat.creationTime, OLD)
      }
    },
  },
  {
    name: 'a change of names moves the write time of the directory',
    async run(on) {
      const directory = await on.directory('d')
      const steps: readonly (() => Promise<unknown>)[] = [
        () => on.create('d/a'),
        async () => ok((await on.open('d/a')).rename(['d', 'b'], false)),
        async () => ok((await on.open('d/b')).remove()),
      ]
      for (const step of steps) {
        await ok(directory.setStat({ lastWriteTime: OLD }))
        await step()
        assert.ok((await ok(directory.stat())).lastWriteTime > OLD)
      }
    },
  },
  {
    name: 'a file has one id, different from that of any other',
    async run(on) {
      const ids = new Set<bigint>()
      await on.directory('d')
      for (const path of ['a', 'b', 'd/a', 'd/b']) {
        const file = await on.create(path)
        ids.add(file.fileId)
        assert.equal((await on.open(path)).fileId, file.fileId)
        assert.equal((await on.stat(path)).fileId, file.fileId)
      }
      ids.add((await on.open('d')).fileId).add((await on.open('')).fileId)
      assert.equal(ids.size, 6)
      for (const { name, stat } of await on.entries('d')) assert.equal(stat.fileId, (await on.stat(`d/${name}`)).fileId)
    },
  },
  ...extendedAttributeTests(),
  ...securityDescriptorTests(),
]

function extendedAttributeTests(): ConformanceTest[] {
  const needs = ['extendedAttributes'] as const
  const attribute = (name: string, value: string | Uint8Array, flags = 0): ExtendedAttribute => ({
    name,
    value: bytes(value),
    flags,
  })
  const shown = async (file: BackendFile): Promise<string[]> =>
    (await ok(file.extendedAttributes()))
      .map((ea) => `${ea.name.toUpperCase()}=${textOf(ea.value)}/${ea.flags}`)
      .toSorted()

  return [
    {
      name: 'extended attributes are set, replaced and removed',
      needs,
      async run(on) {
        const file = await on.create('a')
        assert.deepEqual(await ok(file.extendedAttributes()), [])
        await ok(file.setExtendedAttributes([attribute('ONE', '1'), attribute('TWO', 'zwei')]))
        assert.deepEqual(await shown(file), ['ONE=1/0', 'TWO=zwei/0'])
        await ok(file.setExtendedAttributes([attribute('ONE', 'uno'), attribute('NONE', '')]))
        assert.deepEqual(await shown(await on.open('a')), ['ONE=uno/0', 'TWO=zwei/0'])
        await ok(file.setExtendedAttributes([attribute('two', '')]))
        assert.deepEqual(await shown(file), ['ONE=uno/0'])
        await ok(file.setExtendedAttributes([attribute('one', 'ein')]))
        assert.deepEqual(await shown(file), ['ONE=ein/0'], 'names are without regard to case')
        await ok(file.setExtendedAttributes([]))
        await ok(file.setExtendedAttributes([attribute('ONE', '')]))
        assert.deepEqual(await ok(file.extendedAttributes()), [])
      },
    },
    {
      name: 'the size of extended attributes is that of their list',
      needs,
      async run(on) {
        const file = await on.create('a')
        assert.equal((await ok(file.stat())).eaSize, 0)
        // 8 + 3 + 1 + 4 = 16 bytes, 8 + 5 + 1 + 2 = 16: nothing to pad.
        await ok(file.setExtendedAttributes([attribute('ABC', 'four')]))
        assert.equal((await on.stat('a')).eaSize, 16)
        await ok(file.setExtendedAttributes([attribute('ABCDE', 'xy')]))
        assert.equal((await on.stat('a')).eaSize, 32)
        assert.equal((await on.entries(''))[0]?.stat.eaSize, 32)
        await ok(file.setExtendedAttributes([attribute('ABC', ''), attribute('ABCDE', '')]))
        assert.equal((await on.stat('a')).eaSize, 0)
      },
    },
    {
      name: 'extended attributes keep any bytes',
      needs,
      async run(on) {
        const file = await on.create('a')
        const value = pattern(256)
        await ok(file.setExtendedAttributes([attribute('BYTES', value)]))
        value.fill(0)
        const [kept] = await ok((await on.open('a')).extendedAttributes())
        sameBytes(kept?.value ?? new Uint8Array(0), pattern(256))
      },
    },
    {
      name: 'directories have extended attributes too',
      needs,
      async run(on) {
        const directory = await on.directory('d')
        await ok(directory.setExtendedAttributes([attribute('ONE', '1')]))
        assert.deepEqual(await shown(await on.open('d')), ['ONE=1/0'])
      },
    },
    {
      name: 'a file begins with the extended attributes it is given',
      needs,
      async run(on) {
        await on.create('a', '', { initial: { extendedAttributes: [attribute('ONE', '1'), attribute('TWO', '2')] } })
        assert.deepEqual(await shown(await on.open('a')), ['ONE=1/0', 'TWO=2/0'])
      },
    },
    {
      name: 'extended attributes that do not fit are refused and change nothing',
      needs,
      async run(on) {
        const file = await on.create('a')
        await ok(file.setExtendedAttributes([attribute('ONE', '1')]))
        const status = statusOf(
          await file.setExtendedAttributes([attribute('ONE', '2'), attribute('BIG', new Uint8Array(70_000).fill(1))]),
        )
        assert.match(status, /^STATUS_(EA_TOO_LARGE|DISK_FULL|INSUFFICIENT_RESOURCES)$/)
        assert.deepEqual(await shown(file), ['ONE=1/0'])
      },
    },
  ]
}

/** Self-relative: owner S-1-5-21-1-2-3-1001, group S-1-5-32-545, a DACL that lets so many users read. */
export function securityDescriptor(aces: number): Uint8Array {
  const owner = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xe9, 3, 0, 0]
  const group = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0]
  const aclBytes = 8 + aces * 36
  const acl = [2, 0, aclBytes & 0xff, aclBytes >> 8, aces & 0xff, aces >> 8, 0, 0]
  for (let index = 0; index < aces; index++) {
    const sid = [...owner.slice(0, 24), index & 0xff, 4 + (index >> 8), 0, 0]
    acl.push(0, 0, 36, 0, 0xa9, 0, 0x12, 0, ...sid)
  }
  const header = new Uint8Array(20)
  const view = new DataView(header.buffer)
  header[0] = 1
  view.setUint16(2, 0x8004, true)
  view.setUint32(4, 20, true)
  view.setUint32(8, 20 + owner.length, true)
  view.setUint32(16, 20 + owner.length + group.length, true)
  return Uint8Array.from([...header, ...owner, ...group, ...acl])
}

function securityDescriptorTests(): ConformanceTest[] {
  const needs = ['securityDescriptors'] as const
  const same = async (on: Fixture, path: string, expected: Uint8Array): Promise<void> => {
    const kept = await ok((await on.open(path)).securityDescriptor())
    sameBytes(kept ?? new Uint8Array(0), expected, `security descriptor of ${path}`)
  }

  return [
    {
      name: 'a security descriptor comes back as it was set',
      needs,
      async run(on) {
        for (const [path, object] of [
          ['a', await on.create('a')],
          ['d', await on.directory('d')],
        ] as const) {
          assert.equal(await ok(object.securityDescriptor()), undefined)
          for (const aces of [1, 20, 0]) {
            const descriptor = securityDescriptor(aces)
            await ok(object.setSecurityDescriptor(descriptor))
            descriptor.fill(0)
            await same(on, path, securityDescriptor(aces))
          }
        }
      },
    },
    {
      name: 'a file begins with the security descriptor it is given',
      needs,
      async run(on) {
        const initial = { securityDescriptor: securityDescriptor(2) }
        await on.create('a', '', { initial })
        await on.directory('d', { initial })
        await same(on, 'a', securityDescriptor(2))
        await same(on, 'd', securityDescriptor(2))
      },
    },
    {
      name: 'security descriptors of different files are their own',
      needs,
      async run(on) {
        await ok((await on.create('a')).setSecurityDescriptor(securityDescriptor(1)))
        await ok((await on.create('b')).setSecurityDescriptor(securityDescriptor(3)))
        await same(on, 'a', securityDescriptor(1))
        await same(on, 'b', securityDescriptor(3))
        await ok((await on.open('a')).rename(['c'], false))
        await same(on, 'c', securityDescriptor(1))
      },
    },
  ]
}
