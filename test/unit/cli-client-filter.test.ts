import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filterOf, isPattern } from '../../src/cli/client/filter.ts'

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
