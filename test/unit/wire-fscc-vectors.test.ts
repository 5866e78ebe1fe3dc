/**
 * Buffers of QUERY_INFO, SET_INFO, QUERY_DIRECTORY, CHANGE_NOTIFY and IOCTL cut out of captures of smbd, each with
 * what tshark reads in it. 64-bit numbers and times are decimal text.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import * as fscc from '../../src/wire/fscc/index.ts'
import { chain, type Struct, struct, tail, toPlain, WireError } from '../../src/wire/schema/index.ts'

type AnyStruct = Struct<object, object>

interface Vector {
  readonly name: string
  readonly source: string
  readonly structure: string
  readonly hex: string
  readonly value: Record<string, unknown>
}

const file = new URL('../vectors/fscc.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[]

/** A listing is a chain of entries of its class. */
function structureOf(name: string): AnyStruct {
  const found = (fscc as Record<string, unknown>)[name] as AnyStruct
  const listed = Object.values(fscc.directoryEntries).some((entry) => (entry as unknown) === found)
  return listed ? (struct(name, '', { entries: tail(chain(found, { align: 8 })) }) as unknown as AnyStruct) : found
}

/** As the vectors have it. */
function shown(value: unknown): string {
  if (value instanceof Uint8Array) return hex(value).replace(/(..)(?=.)/g, '$1:')
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}

function assertHas(found: unknown, expected: unknown, path: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(found), path)
    assert.equal(found.length, expected.length, `${path}: number of elements`)
    for (let i = 0; i < expected.length; i++) assertHas(found[i], expected[i], `${path}[${i}]`)
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [name, value] of Object.entries(expected)) {
      let at: unknown = found
      for (const part of name.split('.')) at = (at as Record<string, unknown>)[part]
      assertHas(at, value, `${path}.${name}`)
    }
  } else assert.equal(shown(found), expected, path)
}

suite('FSCC buffers of real peers', () => {
  test('are many', () => {
    assert.ok(vectors.length > 130)
    assert.ok(new Set(vectors.map((vector) => vector.structure)).size > 40)
  })
  for (const vector of vectors)
    test(`${vector.name}, ${vector.source}`, () => {
      const structure = structureOf(vector.structure)
      const bytes = fromHex(vector.hex)
      const decoded = structure.decode(viewOf(bytes))
      assertHas(decoded, vector.value, vector.structure)

      const shifted = new Uint8Array(bytes.length + 5)
      shifted.set(bytes, 5)
      assert.deepEqual(toPlain(structure.decode(viewOf(shifted), 5)), toPlain(decoded))
      for (const node of structure.dissect(viewOf(bytes))) assert.equal(node.problem, undefined, node.path)

      // smbd fills what is reserved, and ends lists, in its own way: the fields must come back the same, and the bytes
      // but for the padding at the end.
      const again = structure.encode(toPlain(decoded))
      assert.deepEqual(withoutLinks(toPlain(structure.decode(viewOf(again)))), withoutLinks(toPlain(decoded)))
      assert.ok(Math.abs(again.length - bytes.length) < 8, `${again.length} bytes for ${bytes.length}`)

      for (let length = 0; length < bytes.length; length++) {
        const view = new DataView(bytes.buffer, 0, length)
        try {
          structure.decode(view)
        } catch (error) {
          assert.ok(error instanceof WireError, `${length} bytes: ${error as Error}`)
        }
        structure.dissect(view)
      }
    })
})

/** Entries may be laid out with more or less padding between them. */
function withoutLinks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLinks)
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'nextEntryOffset' && !name.startsWith('reserved'))
      .map(([name, inner]) => [name, withoutLinks(inner)]),
  )
}
