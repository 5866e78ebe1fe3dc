import assert from 'node:assert/strict'
import { basename, join, resolve } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { filterOf, isPattern } from '../../src/cli/client/filter.ts'
import { localName, shareName } from '../../src/client/copy/names.ts'

const problemOf = (name: string, platform: NodeJS.Platform = 'linux') => {
  const found = localName(name, platform)
  return 'problem' in found ? found.problem : undefined
}

test('names of a share that would lead elsewhere are refused', () => {
  for (const name of [
    '',
    '.',
    '..',
    '../x',
    '..\\x',
    'a/b',
    'a\\b',
    'a\0b',
    '/etc',
    '\\x',
    '.\uf029',
    '\uf029\uf029',
    '\uf029',
  ])
    for (const platform of ['linux', 'darwin', 'win32'] as const)
      if (!(platform === 'win32' && name.includes('\uf029')))
        assert.notEqual(problemOf(name, platform), undefined, name)
  assert.equal(problemOf('\ud800x'), 'its name has half a character in it')
  assert.equal(problemOf('文'.repeat(86)), 'its name is too long for this disk: more than 255 bytes')
})

test('names that are devices or not allowed on Windows are refused there, and only there', () => {
  for (const name of [
    'CON',
    'con.txt',
    'NUL',
    'aux.tar.gz',
    'COM1',
    'lpt9.x',
    'com\u00b2',
    'conin$',
    'a:b',
    'a?',
    'x ',
    'x.',
    'a"b',
    'a\u0001',
  ]) {
    assert.notEqual(problemOf(name, 'win32'), undefined, name)
    assert.equal(problemOf(name), undefined, name)
  }
  for (const name of ['contact', 'com10', 'nul_', 'a.con', '.hidden', '\uf022'])
    assert.equal(problemOf(name, 'win32'), undefined, name)
})

test('whatever a server calls a file, it lands in the folder', () => {
  const parts = fc.constantFrom(
    '.',
    '..',
    '/',
    '\\',
    '\0',
    'a',
    ' ',
    ':',
    '\uf029',
    '\uf026',
    '\uf02f',
    '\uff0f',
    '\u2215',
    '~',
    '\n',
  )
  const folder = resolve('/target/folder')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(parts, { maxLength: 6 }).map((some) => some.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (name) => {
        const found = localName(name, 'linux')
        if ('problem' in found) return
        const path = resolve(join(folder, found.name))
        assert.equal(path, `${folder}/${basename(path)}`)
        assert.doesNotMatch(found.name, /[/\0]/)
      },
    ),
    { numRuns: 2000 },
  )
})

test('what a share cannot name travels as macOS and Linux have it travel, and comes back the same', () => {
  assert.deepEqual(shareName('a:b?'), { name: 'a\uf022b\uf025' })
  assert.deepEqual(shareName('"*:<>?\\|'), { name: '\uf020\uf021\uf022\uf023\uf024\uf025\uf026\uf027' })
  assert.deepEqual(shareName('end.'), { name: 'end\uf029' })
  assert.deepEqual(shareName('end '), { name: 'end\uf028' })
  assert.deepEqual(shareName('a\nb'), { name: 'a\uf00ab' })
  assert.deepEqual(localName('\uf020\uf021\uf022\uf023\uf024\uf025\uf026\uf027', 'linux'), { name: '"*:<>?\\|' })
  for (const name of ['', '.', '..', 'bad\ufffd', 'x'.repeat(256)]) assert.ok('problem' in shareName(name), name)
  const local = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 60 })
    .filter((name) => !/[/\0\uf000-\uf029\ufffd]/.test(name) && name.isWellFormed() && name !== '.' && name !== '..')
  fc.assert(
    fc.property(local, (name) => {
      const shared = shareName(name)
      assert.ok('name' in shared)
      assert.doesNotMatch(shared.name, /[\u0000-\u001f"*:<>?\\|/]|[ .]$/)
      assert.deepEqual(localName(shared.name, 'linux'), { name })
    }),
    { numRuns: 1000 },
  )
})

test('filters: names anywhere, paths from the beginning, folders', () => {
  const all = filterOf({})
  assert.ok(all.file('a/b') && all.enters('a') && all.folder('a'))
  const texts = filterOf({ include: ['*.txt'], exclude: ['.git', 'build/'] })
  assert.ok(texts.file('a.txt') && texts.file('a/b/C.TXT'))
  assert.ok(!texts.file('a.md') && !texts.folder('a') && texts.enters('a'))
  assert.ok(!texts.enters('.git') && !texts.enters('a/.git') && !texts.enters('a/build'))
  // A file of that name is no folder.
  assert.ok(filterOf({ exclude: ['build/'] }).file('build'))
  const rooted = filterOf({ include: ['docs/**/*.pdf', '/top.*'] })
  for (const path of ['docs/a.pdf', 'docs/x/y/a.pdf', 'top.txt']) assert.ok(rooted.file(path), path)
  for (const path of ['x/docs/a.pdf', 'docs/a.txt', 'x/top.txt']) assert.ok(!rooted.file(path), path)
  const folder = filterOf({ include: ['docs/'], exclude: ['*.tmp'] })
  for (const path of ['docs/a', 'docs/x/y', 'x/docs/a']) assert.ok(folder.file(path), path)
  for (const path of ['a', 'docs/a.tmp', 'docs']) assert.ok(!folder.file(path), path)
  assert.ok(folder.folder('docs/x') && folder.folder('docs'))
  assert.throws(() => filterOf({ include: [''] }), { message: 'an empty pattern: this pattern matches nothing' })
  assert.throws(() => filterOf({ exclude: ['a<b'] }), { message: /^a<b: a pattern cannot have/ })
  assert.ok(isPattern('*.txt') && isPattern('a?b') && !isPattern('a<b') && !isPattern('plain'))
})

test('a filter takes time by its length, whatever the path is', () => {
  const filter = filterOf({ include: [`${'**/'.repeat(40)}${'*a'.repeat(100)}b`] })
  const startedAt = performance.now()
  assert.ok(!filter.file(`${'a'.repeat(200)}/`.repeat(40)))
  assert.ok(performance.now() - startedAt < 5_000)
})
