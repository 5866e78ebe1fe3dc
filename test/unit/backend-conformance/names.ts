import assert from 'node:assert/strict'
import { type ConformanceTest, ok, statusOf } from './fixture.ts'

/** The same name to Windows, which compares by its upper-case table, one UTF-16 unit at a time. */
const SAME: readonly (readonly [string, string])[] = [
  ['readme.txt', 'README.TXT'],
  ['[a-z]_{0}', '[A-Z]_{0}'],
  ['äöü', 'ÄÖÜ'],
  ['éàç', 'ÉÀÇ'],
  ['ÿ', 'Ÿ'],
  ['łódź', 'ŁÓDŹ'],
  ['привет', 'ПРИВЕТ'],
  ['αβγω', 'ΑΒΓΩ'],
  ['ǆ', 'Ǆ'],
  ['ａｂ', 'ＡＢ'],
  ['ա', 'Ա'],
  ['ⅷ', 'Ⅷ'],
]

/** Different names to Windows though other rules would join them. */
const DIFFERENT: readonly (readonly string[])[] = [
  ['ß', 'SS', 'ẞ'],
  ['ı', 'I'],
  ['ſ', 'S'],
  ['ﬁ', 'FI'],
  ['\u{10428}', '\u{10400}'],
  ['\u00e9', 'e\u0301'],
  ['a', 'a-', 'a_'],
]

/** What other systems find special, and what travels in the private-use area because Windows cannot say it. */
const SPECIAL = [
  '.hidden',
  '..double',
  ' leading',
  'two  spaces',
  "it's",
  '#%&$!@^(){}[]=+-_;,`~',
  '%41',
  '$DATA',
  'lost+found',
  'desktop.ini',
  '漢字かな한글',
  'עברית',
  'e\u0301',
  '\uf022\uf02a\uf03a',
  'tail\uf028',
  '😀👩‍👩‍👧.txt',
  '\u{10ffff}',
  '\ufffd',
  '\ufeff',
]

export const nameTests: readonly ConformanceTest[] = [
  {
    name: 'names keep the case they were given and are found in any',
    async run(on) {
      await on.directory('MixedCase')
      await on.create('MixedCase/FiLe.TxT', 'x')
      for (const spelling of ['MixedCase/FiLe.TxT', 'mixedcase/file.txt', 'MIXEDCASE/FILE.TXT']) {
        assert.deepEqual((await on.opened(spelling)).path, ['MixedCase', 'FiLe.TxT'])
      }
      assert.deepEqual(await on.names('MIXEDCASE'), ['FiLe.TxT'])
      const made = await on.opened('mIXEDcASE/New', { disposition: 'create' })
      assert.deepEqual(made.path, ['MixedCase', 'New'], 'the path of a new file has the stored spelling of its parents')
    },
  },
  {
    name: 'case is ignored beyond ASCII',
    async run(on) {
      for (const [lower, upper] of SAME) {
        const file = await on.create(lower)
        const { path, file: same } = await on.opened(upper)
        assert.equal(same.fileId, file.fileId, `${lower} is ${upper}`)
        assert.deepEqual(path, [lower])
        assert.equal(await on.refusal(upper, { disposition: 'create' }), 'STATUS_OBJECT_NAME_COLLISION', upper)
      }
      assert.equal((await on.names('')).length, SAME.length)
    },
  },
  {
    name: 'what Windows tells apart stays apart',
    async run(on) {
      for (const [index, names] of DIFFERENT.entries()) {
        await on.directory(`d${index}`)
        for (const name of names) await on.create(`d${index}/${name}`, name)
        for (const name of names) assert.equal(await on.text(`d${index}/${name}`), name)
        assert.deepEqual((await on.names(`d${index}`)).toSorted(), names.toSorted())
      }
    },
  },
  {
    name: 'names come back exactly as given',
    async run(on) {
      for (const name of SPECIAL) await on.create(name, name)
      assert.deepEqual((await on.names('')).toSorted(), SPECIAL.toSorted())
      for (const name of SPECIAL) {
        const { path } = await on.opened(name)
        assert.deepEqual(path, [name])
        assert.equal(await on.text(name), name)
      }
      const root = await on.open('', { read: true })
      assert.ok((await ok(root.statEntries(SPECIAL))).every((stat) => stat !== undefined))
      for (const name of SPECIAL) await ok((await on.open(name)).remove(), `remove ${name}`)
      assert.deepEqual(await on.names(''), [])
    },
  },
  {
    name: 'half a surrogate pair is kept or refused',
    async run(on) {
      for (const name of ['\ud83d', 'a\ude00b']) {
        const status = await on.refusal(name, { disposition: 'create' })
        if (status === 'STATUS_SUCCESS') assert.ok((await on.names('')).includes(name))
        else assert.equal(status, 'STATUS_OBJECT_NAME_INVALID')
      }
    },
  },
  {
    name: 'the longest name works and a longer one is refused',
    async run(on) {
      const longest = 'n'.repeat(on.backend.features.maxNameLength)
      const longer = `${longest}n`
      await on.create(longest, 'x')
      assert.deepEqual(await on.names(''), [longest])
      assert.equal(await on.text(longest.toUpperCase()), 'x')
      for (const disposition of ['open', 'create', 'openOrCreate'] as const) {
        assert.equal(await on.refusal(longer, { disposition }), 'STATUS_OBJECT_NAME_INVALID')
        assert.equal(await on.refusal(`${longer}/a`, { disposition }), 'STATUS_OBJECT_NAME_INVALID')
      }
      const file = await on.open(longest)
      assert.equal(statusOf(await file.rename([longer], false)), 'STATUS_OBJECT_NAME_INVALID')
      assert.equal(await on.text(longest), 'x')
    },
  },
  {
    name: 'a long name of characters with long encodings works or is refused',
    async run(on) {
      const { maxNameLength } = on.backend.features
      for (const name of ['語'.repeat(maxNameLength), '😀'.repeat(Math.floor(maxNameLength / 2)), '語'.repeat(80)]) {
        const status = await on.refusal(name, { disposition: 'create' })
        if (status === 'STATUS_SUCCESS') assert.ok((await on.names('')).includes(name))
        else {
          assert.equal(status, 'STATUS_OBJECT_NAME_INVALID')
          assert.ok(name.length > 80, 'what takes 240 bytes in UTF-8 works everywhere')
        }
      }
    },
  },
  {
    name: 'a deep path works',
    async run(on) {
      let path = 'depth00'
      await on.directory(path)
      for (let depth = 1; depth < 40; depth++) {
        path += `/depth${String(depth).padStart(2, '0')}`
        await on.directory(path)
      }
      await on.create(`${path}/leaf`, 'deep')
      const { path: stored } = await on.opened(`${path}/leaf`.toUpperCase())
      assert.equal(stored.join('/'), `${path}/leaf`)
    },
  },
]
