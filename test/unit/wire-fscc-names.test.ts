import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import {
  hasWildcards,
  isNameInExpression,
  MAX_NAME_EXPRESSION_UNITS,
  nameExpression,
  sameName,
  upcase,
  upcaseUnit,
} from '../../src/wire/fscc/index.ts'

/** The rules of MS-FSA 2.1.4.4, tried one way after the other: slow, but plainly what they say. */
function slowly(name: string, expression: string): boolean {
  const lastPeriod = name.lastIndexOf('.')
  const from = (n: number, e: number): boolean => {
    if (e === expression.length) return n === name.length
    const atEnd = n === name.length
    const unit = name[n]
    switch (expression[e] as string) {
      case '*':
        return from(n, e + 1) || (!atEnd && from(n + 1, e))
      case '<':
        return from(n, e + 1) || (!atEnd && (n === lastPeriod ? from(n + 1, e + 1) : from(n + 1, e)))
      case '>':
        return atEnd || unit === '.' ? from(n, e + 1) : from(n + 1, e + 1)
      case '"':
        return atEnd ? from(n, e + 1) : unit === '.' && from(n + 1, e + 1)
      case '?':
        return !atEnd && from(n + 1, e + 1)
      default:
        return !atEnd && unit === expression[e] && from(n + 1, e + 1)
    }
  }
  return name === '' ? expression === '' : from(0, 0)
}

const NAMES = ['a', 'a.b', 'foo', 'foo.txt', 'foo.', '.x', 'a.b.c', 'abc', 'FOO.TXT', 'readme', '..x']
const matching = (expression: string): string[] => NAMES.filter((name) => isNameInExpression(name, expression))

suite('names in expressions', () => {
  test('every wildcard', () => {
    assert.deepEqual(matching('*'), NAMES)
    assert.deepEqual(matching('*.*'), ['a.b', 'foo.txt', 'foo.', '.x', 'a.b.c', 'FOO.TXT', '..x'])
    assert.deepEqual(matching('?'), ['a'])
    assert.deepEqual(matching('???'), ['a.b', 'foo', 'abc', '..x'])
    assert.deepEqual(matching('foo.txt'), ['foo.txt', 'FOO.TXT'])
    assert.deepEqual(matching('*.TXT'), ['foo.txt', 'FOO.TXT'])
    assert.deepEqual(matching('F*'), ['foo', 'foo.txt', 'foo.', 'FOO.TXT'])
    // What Windows makes of "*." : names without extension.
    assert.deepEqual(matching('<'), ['a', 'foo', 'foo.', 'abc', 'readme'])
    assert.deepEqual(matching('<.txt'), ['foo.txt', 'FOO.TXT'])
    assert.deepEqual(matching('<.c'), ['a.b.c'])
    // What Windows makes of "foo.*" and "???.???".
    assert.deepEqual(matching('foo"*'), ['foo', 'foo.txt', 'foo.', 'FOO.TXT'])
    assert.deepEqual(matching('>>>">>>'), ['a', 'a.b', 'foo', 'foo.txt', 'foo.', '.x', 'abc', 'FOO.TXT'])
    assert.deepEqual(matching('>>>'), ['a', 'foo', 'abc'])
    assert.deepEqual(matching('a"'), ['a'])
    assert.deepEqual(matching(''), [])
    assert.equal(isNameInExpression('', ''), true)
    assert.equal(isNameInExpression('', '*'), false)
  })

  test('case', () => {
    assert.equal(isNameInExpression('ÄÖÜ.Txt', 'äöü.*'), true)
    assert.equal(isNameInExpression('Ａ', 'ａ'), true)
    assert.equal(isNameInExpression('a', 'A', { ignoreCase: false }), false)
    assert.equal(isNameInExpression('aX', 'a?', { ignoreCase: false }), true)
    assert.equal(isNameInExpression('ẞ', 'ß'), false)
  })

  test('surrogates are two units', () => {
    assert.equal(isNameInExpression('😀', '?'), false)
    assert.equal(isNameInExpression('😀', '??'), true)
  })

  test('what an expression tells of itself', () => {
    assert.deepEqual(
      ['a.b', '*', '**', 'a*', 'a"'].map((text) => {
        const { literal, all } = nameExpression(text)
        return [literal, all]
      }),
      [
        [true, false],
        [false, true],
        [false, true],
        [false, false],
        [false, false],
      ],
    )
    assert.equal(nameExpression('Foo*').expression, 'Foo*')
    for (const wild of ['a*', '?', '<', '>', '"']) assert.ok(hasWildcards(wild))
    assert.ok(!hasWildcards('a.b;c[d]'))
  })

  test('agrees with the rules tried one by one', () => {
    const unit = (...units: string[]): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom(...units), maxLength: 8 })
    fc.assert(
      fc.property(unit('a', 'b', '.', '.'), unit('a', 'b', '.', '*', '?', '<', '>', '"'), (name, expression) => {
        assert.equal(isNameInExpression(name, expression, { ignoreCase: false }), slowly(name, expression))
      }),
      { numRuns: 20_000 },
    )
  })

  test('one prepared expression can be used for many names', () => {
    const expression = nameExpression('*a*b<c')
    for (let i = 0; i < 3; i++) {
      assert.equal(expression.matches('xxaxxb.c'), true)
      assert.equal(expression.matches('xxaxxbd'), false)
    }
  })

  test('no expression takes long: each of these would, with backtracking', () => {
    const long = 'a'.repeat(5000)
    for (const piece of ['*a', '<a', '>*', '*?', '<>', '*"', 'a*', '<<', '*<'])
      assert.equal(isNameInExpression(long, `${piece.repeat(120)}b`), false, piece)
    assert.equal(isNameInExpression(long, `${'*a'.repeat(100)}*`), true)
    assert.equal(isNameInExpression(long, '*'.repeat(60_000)), true)
    assert.equal(isNameInExpression(long, '*>'.repeat(MAX_NAME_EXPRESSION_UNITS)), false)
  })
})

suite('upper case', () => {
  test('ASCII', () => {
    assert.equal(upcase('Readme.txt'), 'README.TXT')
    assert.equal(upcase('ALREADY 1'), 'ALREADY 1')
    assert.equal(upcase(''), '')
  })

  test('pairs of letters, and what has none', () => {
    const pairs = 'àÀ ÿŸ ѐЀ яЯ ωΩ ςΣ σΣ ﬀﬀ ßß ıı İİ ſſ µµ ǆǄ ǅǅ ἀἈ ᾀᾈ ᾳᾼ ｚＺ ⅰⅠ ⓐⒶ ⰰⰀ եԵ'.split(' ')
    for (const pair of pairs) assert.equal(upcase(pair[0] as string), pair[1], pair)
    // Signs that Unicode's lower case leads into an alphabet stay signs.
    assert.equal(upcase('\u212a\u2126\u212b'), '\u212a\u2126\u212b')
    assert.equal(upcase('𐐨'), '𐐨')
  })

  test('never longer or shorter, never into ASCII, twice the same as once, lone surrogates too', () => {
    for (let unit = 0; unit <= 0xffff; unit++) {
      const upper = upcaseUnit(unit)
      assert.equal(upcaseUnit(upper), upper, unit.toString(16))
      if (unit >= 0x80) assert.ok(upper >= 0x80, unit.toString(16))
      if (unit >= 0xd800 && unit <= 0xdfff) assert.equal(upper, unit)
    }
    const any = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
    fc.assert(
      fc.property(any, (text) => {
        const upper = upcase(text)
        assert.equal(upper.length, text.length)
        for (let i = 0; i < text.length; i++) assert.equal(upper.charCodeAt(i), upcaseUnit(text.charCodeAt(i)))
        assert.ok(sameName(text, upper))
      }),
    )
  })

  test('the same name', () => {
    assert.ok(sameName('Größe.TXT', 'GRÖßE.txt'))
    assert.ok(!sameName('GRÖSSE', 'größe'))
    assert.ok(!sameName('a', 'b'))
  })
})
