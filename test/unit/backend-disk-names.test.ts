import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeName, encodeName, isHidden, storable } from '../../src/backends/disk/names.ts'
import { create, folderFor, notLinux } from './backend-disk-folder.ts'

const encoded = (name: string): Buffer => {
  const into = Buffer.alloc(name.length * 3)
  return into.subarray(0, encodeName(name, into, 0))
}
const decoded = (bytes: Uint8Array): string => decodeName(Buffer.from(bytes), 0, bytes.length)

test('what Windows cannot say travels as Services for Macintosh has it', () => {
  const pairs: [string, string][] = [
    ['a:b', 'a\uf022b'],
    ['*', '\uf021'],
    ['a?b', 'a\uf025b'],
    ['"x"', '\uf020x\uf020'],
    ['<>', '\uf023\uf024'],
    ['a|b', 'a\uf027b'],
    ['a\\b', 'a\uf026b'],
    ['tab\there', 'tab\uf009here'],
    ['\x01\x1f', '\uf001\uf01f'],
    ['end.', 'end\uf029'],
    ['end ', 'end\uf028'],
    ['a..', 'a.\uf029'],
    ['...', '..\uf029'],
    [' ', '\uf028'],
    ['.a. b', '.a. b'],
    ['\x7f', '\x7f'],
  ]
  for (const [disk, smb] of pairs) {
    assert.equal(decoded(Buffer.from(disk)), smb)
    assert.equal(encoded(smb).toString(), disk)
    assert.equal(storable(smb), true, smb)
  }
})

test('bytes that are no UTF-8 travel as private characters', () => {
  const pairs: [number[], string][] = [
    [[0x66, 0xe9], 'f\uefe9'],
    [[0xff, 0xfe], '\uefff\ueffe'],
    // Longer than need be, past the last character, cut short.
    [[0xc0, 0x80], '\uefc0\uef80'],
    [[0xe0, 0x80, 0x80], '\uefe0\uef80\uef80'],
    [[0xf5, 0x80, 0x80, 0x80], '\ueff5\uef80\uef80\uef80'],
    [[0xf4, 0x90, 0x80, 0x80], '\ueff4\uef90\uef80\uef80'],
    [[0xe2, 0x82], '\uefe2\uef82'],
    [[0xe2, 0x82, 0xac], '€'],
    // A character that would be taken for a mapped one.
    [[0xef, 0x80, 0xa2], '\uefef\uef80\uefa2'],
    [[0xee, 0xbe, 0x80], '\uefee\uefbe\uef80'],
    // Half a surrogate pair, and two halves that are written apart.
    [[0xed, 0xa0, 0xbd], '\ud83d'],
    [[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80], '\uefed\uefa0\uefbd\ude00'],
  ]
  for (const [disk, smb] of pairs) {
    assert.equal(decoded(Uint8Array.from(disk)), smb)
    assert.deepEqual([...encoded(smb)], disk)
  }
})

test('any bytes on the disk have a name of their own, which leads back to them', () => {
  const interesting = fc.oneof(
    fc.integer({ min: 1, max: 255 }),
    fc.constantFrom(0x20, 0x2e, 0xed, 0xee, 0xef, 0x80, 0xa0, 0xb0, 0xbe, 0xbf, 0xa2, 0xa8, 0xa9, 0xf0),
  )
  const name = fc
    .array(interesting, { minLength: 1, maxLength: 40 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x2d : byte))))
    .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')))
  fc.assert(
    fc.property(name, (bytes) => {
      const shown = decoded(bytes)
      assert.deepEqual(encoded(shown), bytes)
      assert.equal(storable(shown), true)
      assert.equal(/[\0-\x1f/\\:*?"<>|]|[ .]$/.test(shown), false, 'nothing that Windows refuses')
    }),
    { numRuns: 3000 },
  )
})

test('a name that can be stored comes back as it was; others are refused', () => {
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0xef80, max: 0xefff }),
    fc.integer({ min: 0xf000, max: 0xf030 }),
    fc.integer({ min: 0xd7f0, max: 0xe010 }),
    fc.integer({ min: 0x20, max: 0x7f }),
  )
  const name = fc.array(unit, { minLength: 1, maxLength: 30 }).map((units) => String.fromCharCode(...units))
  let kept = 0
  fc.assert(
    fc.property(name, (text) => {
      if (!storable(text)) return
      kept++
      const bytes = encoded(text)
      assert.equal(decoded(bytes), text)
      assert.equal(bytes.includes(0) || bytes.includes(0x2f), false)
      assert.equal(['.', '..'].includes(bytes.toString('latin1')), false)
    }),
    { numRuns: 3000 },
  )
  assert.ok(kept > 300, `${kept} names were stored`)
})

test('names that would lead elsewhere or fall together are refused', () => {
  for (const name of ['', '.', '..', '\uf029', '.\uf029', 'a/b', 'a\0b', '/', 'a:b', 'a.', 'a ', 'a\\b', 'a\nb']) {
    assert.equal(storable(name), false, JSON.stringify(name))
  }
  // The bytes of "ä", which would come back as "ä".
  assert.equal(storable('\uefc3\uefa4'), false)
  assert.equal(storable('x'.repeat(255)), true)
  assert.equal(storable('x'.repeat(256)), false)
  assert.equal(storable('ä'.repeat(127)), true)
  assert.equal(storable('ä'.repeat(128)), false)
})

test('the store has no name in any case', () => {
  for (const name of ['.smbkit', '.SMBKIT', '.SmbKit']) assert.equal(isHidden(name), true)
  for (const name of ['smbkit', '.smbkit2', 'x.smbkit', '.smbki\u212a']) assert.equal(isHidden(name), false)
})

test('names that only POSIX has are listed, found, and made', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const stored = ['a:b', 'what?', 'end.', 'end ', 'back\\slash', 'new\nline', '"<>|*']
  for (const name of stored) writeFileSync(join(on.root, name), name)
  const raw = Buffer.concat([Buffer.from(`${on.root}/`), Buffer.from([0x66, 0xe9, 0xff])])
  writeFileSync(raw, 'raw')
  const names = await on.names('')
  assert.equal(names.length, stored.length + 1)
  assert.ok(names.includes('f\uefe9\uefff'))
  const directory = await on.file('', { kind: 'directory', read: true })
  const stats = await directory.statEntries(names)
  assert.ok(Array.isArray(stats) && stats.every((stat) => stat !== undefined && stat.endOfFile > 0))
  for (const name of names) {
    const { path } = await on.open(name, { read: true })
    assert.deepEqual(path, [name])
  }
  assert.equal(await on.text('f\uefe9\uefff'), 'raw')
  assert.equal(await on.text('A\uf022B'), 'a:b', 'case is ignored there too')
  await on.create('new\uf022\uf029', 'x')
  assert.ok(readdirSync(on.root).includes('new:.'))
  const file = await on.file('f\uefe9\uefff')
  assert.equal(await file.rename(['g\uefe9'], false), undefined)
  assert.equal(await file.remove(), undefined)
  assert.equal((await on.names('')).length, stored.length + 1)
})

test('a dot or space at the end may be said as it is, and is listed as what Macs have for it', {
  skip: notLinux,
}, async (context) => {
  const on = folderFor(context)
  await on.create('end.', 'dot')
  await on.create('end ', 'space')
  assert.deepEqual(new Set(await on.names('')), new Set(['end\uf029', 'end\uf028']))
  assert.deepEqual(new Set(readdirSync(on.root)), new Set(['end.', 'end ']))
  assert.deepEqual((await on.open('END.', { read: true })).path, ['end\uf029'])
  assert.equal(await on.text('end\uf029'), 'dot')
  const file = await on.file('end ')
  assert.equal(await file.rename(['more...'], false), undefined)
  assert.equal(await file.link(['more '], false), undefined)
  await file.close()
  await on.file('folder.', { disposition: 'create', kind: 'directory' })
  await on.create('folder./in it.', 'below')
  assert.equal(await on.text('folder\uf029/in it\uf029'), 'below')
  const all = ['end.', 'more...', 'more ', 'folder.']
  assert.deepEqual(new Set(readdirSync(on.root)), new Set(all))
})

test('paths longer than the system takes at once', { skip: notLinux }, async (context) => {
  const on = folderFor(context)
  const names = Array.from({ length: 60 }, (_, depth) => `${depth} ${'long'.repeat(50)}`)
  for (let depth = 1; depth <= names.length; depth++) {
    await on.file(names.slice(0, depth).join('/'), { disposition: 'create', kind: 'directory' })
  }
  const path = names.join('/')
  assert.ok(path.length > 2 * 4096)
  await on.create(`${path}/leaf`, 'deep')
  assert.equal(await on.text(`${path}/leaf`), 'deep')
  assert.equal(await on.text(`${path.toUpperCase()}/LEAF`), 'deep')
  assert.deepEqual(await on.names(path), ['leaf'])
  assert.equal(await (await on.file(`${path}/leaf`)).rename(['leaf'], false), undefined)
  for (let depth = names.length; depth > 0; depth--) {
    const file = await on.file(names.slice(0, depth).join('/'))
    assert.equal(await file.remove(), undefined)
    await file.close()
  }
  assert.deepEqual(await on.names(''), ['leaf'])
})

test('the store is not listed, not found, not made', async (context) => {
  const on = folderFor(context)
  mkdirSync(join(on.root, '.smbkit', 'streams'), { recursive: true })
  mkdirSync(join(on.root, 'sub', '.smbkit'), { recursive: true })
  writeFileSync(join(on.root, '.smbkit', 'secret'), 'x')
  assert.deepEqual(await on.names(''), ['sub'])
  assert.deepEqual(await on.names('sub'), [])
  for (const how of [{}, create, { disposition: 'openOrCreate' }] as const) {
    assert.equal(await on.status('.smbkit', how), 'STATUS_OBJECT_NAME_NOT_FOUND')
    assert.equal(await on.status('.SMBKIT', how), 'STATUS_OBJECT_NAME_NOT_FOUND')
    assert.equal(await on.status('sub/.smbkit', how), 'STATUS_OBJECT_NAME_NOT_FOUND')
    assert.equal(await on.status('.smbkit/secret', how), 'STATUS_OBJECT_PATH_NOT_FOUND')
    assert.equal(await on.status('.SmbKit/streams', how), 'STATUS_OBJECT_PATH_NOT_FOUND')
  }
  const root = await on.file('', { read: true })
  assert.deepEqual(await root.statEntries(['.smbkit', '..', '.', '', 'sub/..', '/etc']), Array(6).fill(undefined))
  const file = await on.create('file')
  assert.notEqual(await file.rename(['.smbkit'], true), undefined)
  assert.notEqual(await file.link(['.SMBKIT'], true), undefined)
})
