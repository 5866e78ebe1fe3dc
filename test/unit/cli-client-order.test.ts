import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { inOrder } from '../../src/cli/client/name-order.ts'

const named = (...names: string[]) => names.map((name) => ({ name }))

test('names in the order in which people look for them', () => {
  const plain = named('b10.txt', 'B9.txt', 'b9.txt', '_x', 'a', 'b09.txt', 'A')
  assert.deepEqual(
    inOrder(plain).map(({ name }) => name),
    ['_x', 'a', 'A', 'b9.txt', 'b09.txt', 'B9.txt', 'b10.txt'],
  )
  const wide = named('Zug', 'äpfel2', 'Äpfel10', 'apfel')
  assert.deepEqual(
    inOrder(wide).map(({ name }) => name),
    ['apfel', 'äpfel2', 'Äpfel10', 'Zug'],
  )
})

test('names in ASCII are sorted as the collation of Unicode does', () => {
  const collator = new Intl.Collator('und', { numeric: true })
  const name = fc.string({ unit: fc.constantFrom(...'abzABZ0019 _-.,()~$'), maxLength: 8 })
  fc.assert(
    fc.property(name, name, (a, b) => {
      const order = Math.sign(collator.compare(a, b))
      const [first] = inOrder(named(a, b))
      assert.equal(first?.name, order <= 0 ? a : b, `${a} | ${b}`)
    }),
    { numRuns: 4000 },
  )
})
