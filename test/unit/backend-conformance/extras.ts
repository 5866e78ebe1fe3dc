import assert from 'node:assert/strict'
import type { BackendFile, ExtendedAttribute } from '../../../src/server/backend.ts'
import { type Failure, fail } from '../../../src/wire/erref/failure.ts'
import { NtStatus } from '../../../src/wire/erref/ntstatus.ts'
import {
  bytes,
  type ConformanceTest,
  type Fixture,
  ok,
  pattern,
  refused,
  sameBytes,
  statusOf,
  textOf,
} from './fixture.ts'

const attribute = (name: string, value: string | Uint8Array, flags = 0): ExtendedAttribute => ({
  name,
  value: bytes(value),
  flags,
})
const shown = async (file: BackendFile): Promise<string[]> =>
  (await ok(file.extendedAttributes()))
    .map((ea) => `${ea.name.toUpperCase()}=${textOf(ea.value)}/${ea.flags}`)
    .toSorted()

const eaTests: readonly ConformanceTest[] = [
  {
    name: 'extended attributes are set, replaced and removed',
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
    async run(on) {
      const directory = await on.directory('d')
      await ok(directory.setExtendedAttributes([attribute('ONE', '1')]))
      assert.deepEqual(await shown(await on.open('d')), ['ONE=1/0'])
    },
  },
  {
    name: 'a file begins with the extended attributes it is given',
    async run(on) {
      await on.create('a', '', { initial: { extendedAttributes: [attribute('ONE', '1'), attribute('TWO', '2')] } })
      assert.deepEqual(await shown(await on.open('a')), ['ONE=1/0', 'TWO=2/0'])
    },
  },
  {
    name: 'names under which a place keeps things of its own are no way in',
    async run(on) {
      const file = await on.create('a', 'x', { initial: { attributes: 0x02 } })
      const { creationTime } = await ok(file.stat())
      const names = ['DOSATTRIB', 'DosStream.s:$DATA', 'SAMBA_PAI', 'NTACL', 'smbkit.stream.s', 'smbkit.owner']
      for (const name of names) {
        const status = statusOf(await file.setExtendedAttributes([attribute(name, 'trespass')]))
        const kept = (await shown(file)).includes(`${name.toUpperCase()}=trespass/0`)
        assert.equal(kept, status === 'STATUS_SUCCESS', `${name}: ${status}`)
        assert.equal((await ok(file.stat())).attributes, 0x02)
        assert.equal((await ok(file.stat())).creationTime, creationTime)
        assert.deepEqual((await ok(file.streams())).length, 1)
        if (on.backend.features.securityDescriptors) assert.equal(await ok(file.securityDescriptor()), undefined)
      }
    },
  },
  {
    name: 'extended attributes that do not fit are refused and change nothing',
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

const same = async (on: Fixture, path: string, expected: Uint8Array): Promise<void> => {
  const kept = await ok((await on.open(path)).securityDescriptor())
  sameBytes(kept ?? new Uint8Array(0), expected, `security descriptor of ${path}`)
}

const descriptorTests: readonly ConformanceTest[] = [
  {
    name: 'a security descriptor comes back as it was set',
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
    async run(on) {
      const initial = { securityDescriptor: securityDescriptor(2) }
      await on.create('a', '', { initial })
      await on.directory('d', { initial })
      await same(on, 'a', securityDescriptor(2))
      await same(on, 'd', securityDescriptor(2))
    },
  },
  {
    name: 'a file inherits what is made of the descriptor of its directory',
    async run(on) {
      const seen: (number | undefined)[] = []
      const inherit = (parent: Uint8Array | undefined): Uint8Array | undefined => {
        seen.push(parent?.length)
        return parent === undefined ? undefined : securityDescriptor(1)
      }
      await on.create('orphan', '', { initial: { inherit } })
      assert.equal(await ok((await on.open('orphan')).securityDescriptor()), undefined)
      await ok((await on.directory('d')).setSecurityDescriptor(securityDescriptor(5)))
      await on.create('d/a', '', { initial: { inherit } })
      await on.directory('d/sub', { initial: { inherit } })
      await same(on, 'd/a', securityDescriptor(1))
      await same(on, 'd/sub', securityDescriptor(1))
      assert.deepEqual(seen, [undefined, securityDescriptor(5).length, securityDescriptor(5).length])
      await on.create('d/own', '', { initial: { inherit, securityDescriptor: securityDescriptor(3) } })
      await same(on, 'd/own', securityDescriptor(3))
      await on.open('d/a', { disposition: 'openOrCreate', initial: { inherit } })
      assert.equal(seen.length, 4, 'who only opens is not asked')
    },
  },
  {
    name: 'nothing is made where its directory does not let it be made',
    async run(on) {
      await on.directory('d')
      const inherit = (): Failure => fail(NtStatus.ACCESS_DENIED)
      const how = { disposition: 'create', read: true, write: true } as const
      for (const initial of [{ inherit }, { inherit, securityDescriptor: securityDescriptor(3) }]) {
        await refused(on.backend.open(['d', 'a'], { ...how, kind: 'file', initial }), 'STATUS_ACCESS_DENIED')
        await refused(on.backend.open(['d', 'b'], { ...how, kind: 'directory', initial }), 'STATUS_ACCESS_DENIED')
      }
      assert.deepEqual(await ok((await on.open('d')).list()), [])
    },
  },
  {
    name: 'security descriptors of different files are their own',
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

export const extendedAttributeTests: readonly ConformanceTest[] = eaTests.map((one) => ({
  needs: ['extendedAttributes'],
  ...one,
}))
export const securityDescriptorTests: readonly ConformanceTest[] = descriptorTests.map((one) => ({
  needs: ['securityDescriptors'],
  ...one,
}))
