import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  type DirectoryInformationClass,
  decodeReparsePoint,
  directoryEntries,
  directoryEntryWriter,
  encodeReparsePoint,
  FileFullEaInformation,
  FileGetEaInformation,
  FileInformationClass,
  FilePosixDirectoryInformation,
  type FlatDirectoryEntry,
  isDirectoryClass,
  MAX_REPARSE_DATA_BYTES,
  type ReparsePoint,
} from '../../src/wire/fscc/index.ts'
import { formatTree, toPlain, WireError } from '../../src/wire/schema/index.ts'
import { type AnyStruct, structures, valuesOf } from './wire-fscc-arbitrary.ts'

function assertHas(found: unknown, given: unknown, path: string): void {
  if (Array.isArray(given)) {
    assert.ok(Array.isArray(found), path)
    assert.equal(found.length, given.length, path)
    given.forEach((element, i) => assertHas(found[i], element, `${path}[${i}]`))
  } else if (given !== null && typeof given === 'object' && !(given instanceof Uint8Array)) {
    for (const [name, value] of Object.entries(given))
      assertHas((found as Record<string, unknown>)[name], value, `${path}.${name}`)
  } else assert.deepEqual(found, given, path)
}

test('there are many structures', () => assert.ok(structures.length > 100, `${structures.length}`))

suite('what is encoded decodes to the same, anywhere, and to the same bytes', () => {
  for (const declared of structures)
    test(declared.structName, () => {
      fc.assert(
        fc.property(valuesOf(declared), fc.integer({ min: 0, max: 9 }), (value, shift) => {
          const encoded = declared.encode(value)
          assert.equal(encoded.length, declared.sizeOfEncoded(value))
          const moved = new Uint8Array(shift + encoded.length)
          moved.set(encoded, shift)
          const decoded = declared.decode(viewOf(moved), shift)
          const plain = toPlain(decoded)
          assertHas(plain, value, declared.structName)
          assert.deepEqual(declared.encode(plain), encoded)
          assert.doesNotMatch(formatTree(declared.dissect(viewOf(encoded))), /!!/)
        }),
        { numRuns: 30 },
      )
    })
})

/** Decodes and reads all; only a WireError is a way out. */
function survives(declared: AnyStruct, bytes: Uint8Array): void {
  declared.dissect(viewOf(bytes))
  try {
    toPlain(declared.decode(viewOf(bytes)))
  } catch (error) {
    assert.ok(error instanceof WireError, `${declared.structName}: ${error as Error}`)
  }
}

suite('cut off and damaged buffers end in a WireError or are read', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 0xff })), { minLength: 1, maxLength: 5 })
  for (const declared of structures)
    test(declared.structName, () => {
      fc.assert(
        fc.property(valuesOf(declared), damage, (value, changes) => {
          const encoded = declared.encode(value)
          for (let length = 0; length < Math.min(declared.size, encoded.length); length++)
            assert.throws(() => declared.decode(viewOf(encoded.subarray(0, length))), WireError)
          for (let length = declared.size; length < encoded.length; length++)
            survives(declared, encoded.subarray(0, length))
          for (const [at, byte] of changes) if (encoded.length > 0) encoded[at % encoded.length] = byte
          survives(declared, encoded)
        }),
        { numRuns: 50 },
      )
    })
})

const safe = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const times = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const names = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength }).map((codes) => String.fromCharCode(...codes))
const flatEntries: fc.Arbitrary<FlatDirectoryEntry> = fc.record({
  fileIndex: u32,
  creationTime: times,
  lastAccessTime: times,
  lastWriteTime: times,
  changeTime: times,
  endOfFile: fc.oneof(safe, u32, fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER)),
  allocationSize: safe,
  fileAttributes: u32,
  eaSize: u32,
  reparseTag: u32,
  fileId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  shortName: names(12),
  fileName: names(60),
  posix: fc.record({
    deviceId: u32,
    numberOfLinks: u32,
    mode: u32,
    owner: u32.map((uid) => `S-1-22-1-${uid}`),
    group: u32.map((gid) => `S-1-22-2-${gid}`),
  }),
})
/** Behind the fixed fields of the POSIX class: two SIDs, and the length of the name. */
const POSIX_REST = 2 * 16 + 4

suite('the writer of directory entries', () => {
  for (const [infoClass, structure] of Object.entries(directoryEntries))
    test(`${structure.structName}: the same bytes as its declaration`, () => {
      const writer = directoryEntryWriter(Number(infoClass) as DirectoryInformationClass)
      const isPosix = Number(infoClass) === FileInformationClass.FilePosixInformation
      assert.equal(writer.fixedSize, structure.size + (isPosix ? POSIX_REST : 0))
      fc.assert(
        fc.property(flatEntries, fc.integer({ min: 0, max: 16 }), (entry, at) => {
          const expected = (structure as unknown as AnyStruct).encode({
            ...entry,
            ...entry.posix,
            inode: entry.fileId,
            endOfFile: BigInt(entry.endOfFile),
            allocationSize: BigInt(entry.allocationSize),
            fileId128: entry.fileId,
          })
          assert.equal(writer.measure(entry.fileName), expected.length)
          // What lay there before must not shine through.
          const out = new Uint8Array(at + expected.length + 8).fill(0xee)
          assert.equal(writer.write(viewOf(out), at, entry), expected.length)
          assert.deepEqual(out.subarray(at, at + expected.length), expected)
          assert.ok(out.subarray(0, at).every((byte) => byte === 0xee))
          assert.ok(out.subarray(at + expected.length).every((byte) => byte === 0xee))
        }),
      )
    })

  test('a file id of 128 bits where there is room for it', () => {
    const id = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210n
    const entry = { ...fc.sample(flatEntries, 1)[0], fileId: id } as FlatDirectoryEntry
    for (const [infoClass, found] of [
      [60, id],
      [81, id & (2n ** 64n - 1n)],
    ] as const) {
      const writer = directoryEntryWriter(infoClass)
      const out = new Uint8Array(writer.measure(entry.fileName))
      writer.write(viewOf(out), 0, entry)
      assert.equal(directoryEntries[infoClass].decode(viewOf(out)).fileId, found)
    }
  })

  test('who has no owner takes less room than was made', () => {
    const writer = directoryEntryWriter(FileInformationClass.FilePosixInformation)
    const { posix: _, ...entry } = fc.sample(flatEntries, 1)[0] as FlatDirectoryEntry
    const out = new Uint8Array(writer.measure(entry.fileName))
    const length = writer.write(viewOf(out), 0, entry)
    assert.equal(length, out.length - 8)
    const read = FilePosixDirectoryInformation.decode(viewOf(out.subarray(0, length)))
    assert.deepEqual([read.owner, read.group, read.fileName], ['S-1-0-0', 'S-1-0-0', entry.fileName])
  })

  test('only the classes of listings have one', () => {
    for (const infoClass of [1, 2, 3, 12, 37, 38, 50, 60, 63, 78, 79, 80, 81, 100])
      assert.ok(isDirectoryClass(infoClass))
    for (const infoClass of [0, 4, 18, 61, 255, -1]) assert.ok(!isDirectoryClass(infoClass))
  })
})

suite('reparse points', () => {
  const text = names(40)
  const data = fc.uint8Array({ maxLength: 40 })
  const points: fc.Arbitrary<ReparsePoint> = fc.oneof(
    fc.record({ kind: fc.constant('symlink'), substituteName: text, printName: text, flags: fc.constantFrom(0, 1) }),
    fc.record({ kind: fc.constant('mountPoint'), substituteName: text, printName: text }),
    fc.record({ kind: fc.constant('nfs'), type: times, data }),
    fc.record({ kind: fc.constant('raw'), tag: fc.constantFrom(0xa000_001d, 0x8000_0017), data }),
    fc.record({ kind: fc.constant('guid'), tag: fc.integer({ min: 3, max: 0x7fff_ffff }), guid: fc.uuid(), data }),
  )

  test('come back from bytes; cut off or longer than they say, they are refused', () => {
    fc.assert(
      fc.property(points, (point) => {
        const bytes = encodeReparsePoint(point)
        assert.deepEqual(decodeReparsePoint(bytes), { ...point })
        for (let length = 0; length < bytes.length; length++)
          assert.throws(() => decodeReparsePoint(bytes.subarray(0, length)), WireError)
        const longer = new Uint8Array(bytes.length + 1)
        longer.set(bytes)
        assert.throws(() => decodeReparsePoint(longer), WireError)
      }),
    )
  })

  test('damage ends in a WireError or is read', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 0xff })), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(points, damage, (point, changes) => {
        const bytes = encodeReparsePoint(point)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        try {
          decodeReparsePoint(bytes)
        } catch (error) {
          assert.ok(error instanceof WireError, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('none is larger than 16 KiB', () => {
    const withData = (length: number): Uint8Array =>
      encodeReparsePoint({ kind: 'raw', tag: 0x8000_0017, data: new Uint8Array(length) })
    assert.doesNotThrow(() => decodeReparsePoint(withData(MAX_REPARSE_DATA_BYTES - 8)))
    assert.throws(() => decodeReparsePoint(withData(MAX_REPARSE_DATA_BYTES - 7)), WireError)
  })
})

suite('extended attributes', () => {
  const entry = { flags: 0, eaName: 'NAME', eaValue: Uint8Array.of(1, 2, 3) }

  test('a name is ended by a zero that its length does not count', () => {
    const bytes = FileFullEaInformation.encode({ entries: [entry] })
    assert.equal(Buffer.from(bytes).toString('hex'), '00000000000403004e414d4500010203')
    bytes[12] = 1
    assert.throws(() => FileFullEaInformation.decode(viewOf(bytes)), /ended by a zero/)
  })

  test('lists link forward, on 4 bytes, and end', () => {
    const bytes = FileFullEaInformation.encode({ entries: [entry, { ...entry, eaValue: new Uint8Array(0) }] })
    assert.equal(viewOf(bytes).getUint32(0, true), 16)
    assert.equal(FileFullEaInformation.decode(viewOf(bytes)).entries.length, 2)
    for (const next of [1, 4, 0xffff_fff0, bytes.length - 2]) {
      viewOf(bytes).setUint32(0, next, true)
      assert.throws(() => FileFullEaInformation.decode(viewOf(bytes)), WireError, `next ${next}`)
    }
  })

  test('names alone', () => {
    const bytes = FileGetEaInformation.encode({ entries: [{ eaName: 'A' }, { eaName: 'LONGER' }] })
    assert.deepEqual(
      FileGetEaInformation.decode(viewOf(bytes)).entries.map((ea) => ea.eaName),
      ['A', 'LONGER'],
    )
  })
})
