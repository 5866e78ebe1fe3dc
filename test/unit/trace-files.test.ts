import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { analyze, type CaptureSummary } from '../../src/trace/index.ts'
import { inTimeOrder, readCapture } from '../../src/trace/node/index.ts'

const plain = join(import.meta.dirname, '../captures/local-dialect-smb311.pcapng')
const bytes = readFileSync(plain)
const folder = mkdtempSync(join(tmpdir(), 'smbkit-trace-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

async function read(...paths: string[]): Promise<CaptureSummary & { transactions: number }> {
  let transactions = 0
  const summary = await analyze(paths.map(readCapture), [{ transaction: () => void transactions++ }])
  return { ...summary, transactions }
}

test('packed files are known by their first bytes, whatever their names', async () => {
  const expected = await read(plain)
  assert.equal(expected.frames, 580)
  assert.deepEqual(await read(file('a', gzipSync(bytes))), expected)
  assert.deepEqual(await read(file('b', zstdCompressSync(bytes))), expected)
})

test('a packed file that is cut, or damaged, gives what comes before that', async () => {
  for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
    const cut = await read(file('cut', packed.subarray(0, packed.length - 200)))
    assert.ok(cut.frames > 50 && cut.frames < 580, `${cut.frames}`)
    const damaged = Uint8Array.from(packed)
    damaged.fill(0xff, packed.length - 200)
    assert.ok((await read(file('damaged', damaged))).frames < 580)
  }
})

test('what is no capture is said to be none', async () => {
  assert.deepEqual((await read(file('empty', new Uint8Array(0)))).problems, [{ file: 0, problem: 'empty' }])
  assert.deepEqual((await read(file('text', Buffer.from('not a capture')))).problems, [
    { file: 0, problem: 'not a capture' },
  ])
  assert.deepEqual((await read(plain, file('short', bytes.subarray(0, 3)))).problems, [
    { file: 1, problem: 'not a capture' },
  ])
  assert.deepEqual((await read(file('half', bytes.subarray(0, 300_001)))).problems, [{ file: 0, problem: 'cut' }])
})

test('rotating captures are read in the order of their times, as one', async () => {
  // A pcapng file may be cut between blocks: sections of their own, with the interface said again.
  const head = bytes.subarray(0, headBytes(bytes))
  const parts = blocksOf(bytes).slice(2)
  const half = parts.length >> 1
  const second = file('0-second', Buffer.concat([head, ...parts.slice(half)]))
  const first = file('1-first', Buffer.concat([head, ...parts.slice(0, half)]))
  assert.deepEqual(await inTimeOrder([second, first]), [first, second])
  assert.deepEqual(await inTimeOrder([second, '-', first]), [second, '-', first])
  assert.deepEqual(await read(...(await inTimeOrder([second, first]))), await read(plain))
})

test('captures of the same time are read as one, in whatever order they are given', async () => {
  const head = bytes.subarray(0, headBytes(bytes))
  const parts = blocksOf(bytes).slice(2)
  // Three that captured different packets of the same time, and one that follows them.
  const last = parts.length - 100
  const files = [0, 1, 2].map((which) => {
    const own = parts.filter((_, index) => index < last && Math.floor(index / 5) % 3 === which)
    return file(`same-${which}`, Buffer.concat([head, ...own]))
  })
  files.push(file('same-later', Buffer.concat([head, ...parts.slice(last)])))
  const whole = await read(plain)
  assert.deepEqual(await read(...(await inTimeOrder(files))), whole)
  assert.deepEqual(await read(...files.toReversed()), whole)
  const { problems } = await read(...files, file('same-cut', bytes.subarray(0, 300_001)))
  assert.deepEqual(problems, [{ file: 4, problem: 'cut' }])
})

function blocksOf(capture: Uint8Array): Uint8Array[] {
  const view = new DataView(capture.buffer, capture.byteOffset, capture.length)
  const found: Uint8Array[] = []
  for (let at = 0; at < capture.length; at += view.getUint32(at + 4, true))
    found.push(capture.subarray(at, at + view.getUint32(at + 4, true)))
  return found
}

const headBytes = (capture: Uint8Array): number =>
  blocksOf(capture)
    .slice(0, 2)
    .reduce((total, block) => total + block.length, 0)
