import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeName, storable } from '../../src/backends/disk/names.ts'
import { fromPosixName, parsePosixPath, toPosixName } from '../../src/server/posix/names.ts'
import { failed } from '../../src/wire/erref/failure.ts'

const unit = fc.oneof(
  fc.constantFrom(...' ."*:<>?\\|ab\u00e4\u4e2d\u0001\u001f/\u0000'),
  fc.constantFrom('\uf001', '\uf022', '\uf028', '\uf029', '\uef80', '\ud83d\ude00'),
)
const names = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''))

test('a name that is taken comes back as it was, and lies on the disk as it was given', () => {
  fc.assert(
    fc.property(names, (name) => {
      const own = fromPosixName(name)
      if (own === undefined) return
      assert.equal(toPosixName(own), toPosixName(name))
      if (!/[\uf001-\uf029]/.test(name)) assert.equal(toPosixName(own), name)
      assert.equal(own.length, name.length)
      // Windows could say it.
      assert.doesNotMatch(own, /[\u0000-\u001f"*:<>?\\|/]|[ .]$/)
      if (/[\uef80-\uefff\uf001-\uf029]/.test(name) || !storable(own)) return
      const bytes = Buffer.alloc(200)
      assert.equal(bytes.toString('utf8', 0, encodeName(own, bytes, 0)), name)
    }),
    { numRuns: 2000 },
  )
})

test('what is no name', () => {
  for (const name of ['', '.', '..', 'a/b', 'a\0', 'x'.repeat(256)])
    assert.equal(fromPosixName(name), undefined, JSON.stringify(name))
  for (const name of ['...', '. ', ' ', 'a\uf028b', '\uef80', 'x'.repeat(255), 'a:b:$DATA', '@GMT-2026.01.01-00.00.00'])
    assert.equal(toPosixName(fromPosixName(name) ?? ''), name)
})

test('a client may put the private-use characters in by itself', () => {
  assert.equal(fromPosixName('a\uf022b\uf029'), 'a\uf022b\uf029')
  assert.equal(fromPosixName('a:b.'), 'a\uf022b\uf029')
})

test('what a listing has of other clients comes out as POSIX has it', () => {
  assert.equal(toPosixName('a\uf022b\uf026c\uf020\uf028'), 'a:b\\c" ')
  assert.equal(toPosixName('\uf029a\uf029'), '\uf029a.')
  assert.equal(toPosixName('plain'), 'plain')
})

test('paths have slashes alone', () => {
  assert.deepEqual(parsePosixPath(''), { path: [] })
  assert.deepEqual(parsePosixPath('a\\b/c:d'), { path: ['a\uf026b', 'c\uf022d'] })
  for (const path of ['/', '/a', 'a/', 'a//b', 'a/../b', './a', 'a/b/..', 'a/'.repeat(16_380) + 'a'])
    assert.ok(failed(parsePosixPath(path)), path.slice(0, 20))
})
