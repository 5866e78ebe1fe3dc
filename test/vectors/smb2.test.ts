/**
 * SMB2 messages as they are known from elsewhere: the examples of MS-SMB2 section 4 (with bytes made by another
 * program from the fields that the text gives), and messages cut out of captures of Samba's programs.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { type FieldNode, WireError } from '../../src/wire/schema/index.ts'
import { dissectFrame, dissectMessage, summarize } from '../../src/wire/smb2/index.ts'
import { readMessage, writeMessage } from './smb2-read.ts'
import { type Json, jsonOf } from './smb2-value.ts'

interface Vector {
  readonly name: string
  readonly source: string
  readonly hex: string
  readonly value: Json
}

const vectorsOf = (file: string): Vector[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Vector[]

/** Both as JSON text and back, so that what was left out and what is undefined are the same. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const valueOf = (bytes: Uint8Array, start = 0, end: number = bytes.length): unknown => {
  const { header, body } = readMessage(bytes, start, end)
  return plain({ header: jsonOf(header), body: body === undefined ? undefined : jsonOf(body) })
}

/** Encoding writes no more than the message needs: what a sender pads it with, up to 8 bytes, is not kept. */
function assertEncodesBack(bytes: Uint8Array, again: Uint8Array): void {
  const same = Math.min(bytes.length, again.length)
  assert.ok(Math.abs(bytes.length - again.length) < 8, `${again.length} bytes for ${bytes.length}`)
  // The one byte of padding of an error response has no meaning, and Samba writes some value into it.
  const isError = bytes.length === 73 && bytes[64] === 9
  assert.equal(hex(again.subarray(0, isError ? 72 : same)), hex(bytes.subarray(0, isError ? 72 : same)))
}

type Fields = Record<string, unknown>

/**
 * Where an empty buffer would be is said in a different way by each sender: such offsets are made those of `like`.
 * Returns whether there were any.
 */
function settleEmptyOffsets(fields: Fields, like: Fields): boolean {
  let settled = false
  for (const name of Object.keys(fields).filter((field) => field.endsWith('Offset'))) {
    const buffer = name.slice(0, -'Offset'.length)
    const length = fields[`${buffer}Length`] ?? fields[`${buffer}Count`]
    if (length !== 0 || fields[name] === like[name]) continue
    fields[name] = like[name]
    settled = true
  }
  return settled
}

function assertSameMessage(bytes: Uint8Array, again: Uint8Array, value: Json): void {
  const got = valueOf(again) as { body?: Fields }
  const body = (value as { body?: Fields }).body
  if (got.body === undefined || body === undefined || !settleEmptyOffsets(got.body, body)) {
    assertEncodesBack(bytes, again)
    return
  }
  assert.deepEqual(got, value)
  assert.ok(Math.abs(bytes.length - again.length) < 8)
}

function problems(nodes: readonly FieldNode[]): string[] {
  return nodes.flatMap((node) => [
    ...(node.problem === undefined ? [] : [`${node.path}: ${node.problem}`]),
    ...problems(node.children),
  ])
}

for (const file of ['smb2-examples.json', 'smb2-captured.json']) {
  suite(file, () => {
    for (const vector of vectorsOf(file)) {
      const bytes = fromHex(vector.hex)
      test(`${vector.name} (${vector.source})`, () => {
        assert.deepEqual(valueOf(bytes), vector.value)
        assertSameMessage(bytes, writeMessage(readMessage(bytes)), vector.value)

        const shift = 5
        const moved = new Uint8Array(bytes.length + shift + 3)
        moved.set(bytes, shift)
        assert.deepEqual(valueOf(moved, shift, shift + bytes.length), vector.value, 'at another offset')
        const dissect = vector.name === 'TRANSFORM_HEADER' ? dissectFrame : dissectMessage
        assert.deepEqual(problems(dissect(viewOf(moved), shift, shift + bytes.length)), [])
        assert.doesNotMatch(summarize(viewOf(bytes)), /malformed/)

        for (let length = 0; length < bytes.length; length++) assertCutIsHandled(bytes.slice(0, length))
      })
    }
  })
}

/** A truncated message is refused, or is a shorter message; nothing else comes of it. */
function assertCutIsHandled(cut: Uint8Array): void {
  try {
    const { body } = readMessage(cut)
    if (body !== undefined) jsonOf(body)
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
  }
  dissectMessage(viewOf(cut), 0, cut.length)
  summarize(viewOf(cut))
}
