import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { complete, type WordKinds } from '../../src/cli/client/shell/complete.ts'
import { loadHistory, saveHistory } from '../../src/cli/client/shell/history.ts'
import { ShellPlace } from '../../src/cli/client/shell/place.ts'
import { commandsOf, quoted, wordsOf } from '../../src/cli/client/shell/words.ts'
import type { Share } from '../../src/client/api/share.ts'
import { Dirent, type FileFacts, Stats } from '../../src/client/stats.ts'
import { nameExpression } from '../../src/wire/fscc/name-expression.ts'
import { withFolder } from '../peers/content.ts'

const texts = (line: string) => wordsOf(line).map(({ text }) => text)

test('lines of the shell: words, quotes, backslashes', () => {
  assert.deepEqual(texts('get  a "b c" \'d "e\''), ['get', 'a', 'b c', 'd "e'])
  assert.deepEqual(texts('cd a\\b\\ c'), ['cd', 'a\\b c'])
  assert.deepEqual(texts('x "a \\" b" \\"'), ['x', 'a " b', '"'])
  assert.deepEqual(texts("x 'a\\'"), ['x', 'a\\'])
  assert.deepEqual(texts('x ""'), ['x', ''])
  assert.deepEqual(texts(''), [])
  assert.deepEqual(wordsOf('ls "a b').at(-1), { text: 'a b', start: 3, open: '"' })
  assert.deepEqual(commandsOf('ls; cat "a;b" ;; get x\\;y'), ['ls', ' cat "a;b" ', ' get x\\;y'])
  for (const name of ['plain', 'a b', "it's", '"', `a "b" 'c'`]) assert.deepEqual(texts(quoted(name)), [name], name)
})

const facts: FileFacts = {
  creationTime: 0n,
  lastAccessTime: 0n,
  lastWriteTime: 0n,
  changeTime: 0n,
  allocationSize: 0,
  endOfFile: 0,
  fileAttributes: 0x20,
  fileId: 0n,
  numberOfLinks: 1,
  reparseTag: 0,
}
const file = new Stats(facts)
const folder = new Stats({ ...facts, fileAttributes: 0x10 })

/** A share of two folders. */
function shareOf(folders: Readonly<Record<string, readonly string[]>>): Share {
  const share = {
    readdir: async (path: string, { pattern = '*' }: { pattern?: string }) => {
      const entries = folders[path]
      if (entries === undefined) throw new Error('no such folder')
      const expression = nameExpression(pattern)
      return entries
        .map((name) => name.replace(/\/$/, ''))
        .map((name, index) => new Dirent(name, path, entries[index]?.endsWith('/') === true ? folder : file))
        .filter(({ name }) => expression.matches(name))
    },
    stat: async (path: string) => (path in folders ? folder : file),
  }
  return share as unknown as Share
}

const address = { host: 'nas', share: 'docs', path: '' }
const signal = new AbortController().signal

test('words mean names from where the shell is', async () => {
  const place = new ShellPlace(shareOf({ '': [], a: [], 'a/b': [] }), address)
  assert.equal(place.prompt, 'docs> ')
  await place.go('a/b', signal)
  assert.equal(place.prompt, 'docs/a/b> ')
  assert.equal(place.named('x'), '//nas/docs/a/b/x')
  assert.equal(place.named('../x/'), '//nas/docs/a/x/')
  assert.equal(place.named('/x'), '//nas/docs/x')
  assert.equal(place.named('\\x\\y'), '//nas/docs/x/y')
  assert.equal(place.named('../../../..'), '//nas/docs')
  assert.equal(place.named('//other/share'), '//other/share')
  await assert.rejects(place.go('file', signal), { message: '//nas/docs/a/b/file: is no folder' })
  await place.go('/', signal)
  assert.equal(place.prompt, 'docs> ')
})

test('completion: commands, names on the share and on the disk', () =>
  withFolder(async (here) => {
    const place = new ShellPlace(
      shareOf({ '': ['alpha.txt', 'Beta folder/', 'alps/', 'it is.txt'], 'Beta folder': ['inner.txt', 'inner/'] }),
      address,
    )
    const kinds = new Map<string, WordKinds>([
      ['get', 'share-disk'],
      ['put', 'disk-share'],
      ['ls', 'share'],
      ['lcd', 'disk'],
    ])
    const completed = (line: string) => complete(line, kinds, place, signal)
    assert.deepEqual(await completed('l'), [['ls ', 'lcd '], 'l'])
    assert.deepEqual(await completed(''), [['get ', 'put ', 'ls ', 'lcd '], ''])
    assert.deepEqual(await completed('ls al'), [['alpha.txt ', 'alps/'], 'al'])
    assert.deepEqual(await completed('ls -l AL'), [['alpha.txt ', 'alps/'], 'AL'])
    assert.deepEqual(await completed('ls Be'), [["'Beta folder/"], 'Be'])
    assert.deepEqual(await completed("ls 'Beta folder/inn"), [
      ["'Beta folder/inner.txt' ", "'Beta folder/inner/"],
      "'Beta folder/inn",
    ])
    assert.deepEqual(await completed('ls nowhere/x'), [[], 'nowhere/x'])
    assert.equal((await completed('ls '))[0].length, 4)
    mkdirSync(join(here, 'local'))
    writeFileSync(join(here, 'log'), '')
    assert.deepEqual(await completed(`get alpha.txt ${here}/lo`), [[`${here}/local/`, `${here}/log `], `${here}/lo`])
    assert.deepEqual(await completed(`put ${here}/log al`), [['alpha.txt ', 'alps/'], 'al'])
    assert.deepEqual(await completed('nonsense x'), [[], 'x'])
  }))

test('the history is kept, the newest line first', () =>
  withFolder(async (here) => {
    const path = join(here, 'deep', 'history')
    assert.deepEqual(loadHistory(path), [])
    saveHistory(path, ['newest', 'older'])
    assert.deepEqual(loadHistory(path), ['newest', 'older'])
    saveHistory(
      path,
      Array.from({ length: 2000 }, (_, index) => String(index)),
    )
    const kept = loadHistory(path)
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [1000, '0', '999'])
    // A place that cannot be written is no reason to fail.
    saveHistory(join(path, 'file', 'x'), ['x'])
  }))
