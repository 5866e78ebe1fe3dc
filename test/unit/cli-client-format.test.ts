import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesText, cut, displayWidth, durationText, json, table } from '../../src/cli/client/format.ts'
import { Progress, type ProgressState, progressLine, RateMeter } from '../../src/cli/client/progress.ts'

test('amounts and durations', () => {
  const amounts: readonly (readonly [number | bigint, string])[] = [
    [0, '0 B'],
    [266.016, '266 B'],
    [1023, '1023 B'],
    [1023.7, '1.00 KiB'],
    [1024, '1.00 KiB'],
    [10_234, '9.99 KiB'],
    [10_235, '10.0 KiB'],
    [10_240, '10.0 KiB'],
    [1_048_063, '1023 KiB'],
    [1_048_064, '1.00 MiB'],
    [268_435_456, '256 MiB'],
    [1n << 63n, '8.00 EiB'],
  ]
  for (const [bytes, text] of amounts) assert.equal(bytesText(bytes), text)
  assert.deepEqual([0, 59.6, 754, 3723].map(durationText), ['0:00', '1:00', '12:34', '1:02:03'])
})

test('tables line up, also with wide letters, and show no control characters', () => {
  assert.equal(displayWidth('文a\u0301'), 3)
  assert.equal(
    table(
      [{ title: 'name' }, { title: 'size', right: true }],
      [
        ['文', '1'],
        ['ab\u001b[31m', '22'],
      ],
    ),
    'name          size\n文               1\nab\\u001b[31m    22\n',
  )
  assert.equal(
    table(
      [{}, {}],
      [
        ['a', ''],
        ['bb', 'c'],
      ],
    ),
    'a\nbb  c\n',
  )
  assert.equal(cut('文文文', 5), '文文…')
  assert.equal(cut('abc', 3), 'abc')
  assert.equal(json({ small: 5n, large: 1n << 60n }, false), '{"small":5,"large":"1152921504606846976"}\n')
})

const state: ProgressState = {
  files: 3,
  totalFiles: 10,
  bytes: 5 * 1024 * 1024,
  totalBytes: 10 * 1024 * 1024,
  keptBytes: 0,
  isCounting: false,
  name: 'folder/file\u001b[2J.bin',
}

test('the line of progress', () => {
  assert.equal(
    progressLine(state, 1024 * 1024, 120),
    '[##########----------]  50%  3/10 files  5.00 MiB/10.0 MiB  1.00 MiB/s  0:05 left  folder/file\\u001b[2J.bin',
  )
  const counting = progressLine({ ...state, isCounting: true }, 0, 120)
  assert.match(counting, /3\/10\+ files {2}5\.00 MiB\/10\.0 MiB\+ {2}0 B\/s {2}folder/)
  for (const columns of [0, 1, 20, 40, 80, 90, 95, 100, 200])
    assert.ok(displayWidth(progressLine(state, 1e6, columns)) < Math.max(columns, 1), String(columns))
  const empty = progressLine({ ...state, totalBytes: 0, bytes: 0, totalFiles: 0, files: 0 }, 0, 80)
  assert.match(empty, / {3}0%/)
})

test('the rate is that of the last seconds', () => {
  let now = 0
  const meter = new RateMeter(() => now)
  let bytes = 0
  assert.equal(meter.rate(0), 0)
  for (; now < 10_000; now += 100) meter.rate((bytes += 100_000))
  assert.ok(Math.abs(meter.rate(bytes) - 1_000_000) < 50_000)
  for (; now < 20_000; now += 100) meter.rate((bytes += 10_000))
  assert.ok(Math.abs(meter.rate(bytes) - 100_000) < 10_000)
})

test('what else is printed does not break the line', () => {
  let written = ''
  const output = { write: (text: string) => (written += text), columns: 100 }
  const progress = new Progress(
    output,
    () => state,
    () => 0,
  )
  progress.draw()
  progress.print('a sentence\n')
  progress.stop()
  assert.match(written, /^\r\[#+-+\] .*\u001b\[K\r\u001b\[Ka sentence\n\r\u001b\[K$/)
})
