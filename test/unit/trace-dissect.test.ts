import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { dissect, dissectFrameOf } from '../../src/trace/dissect/dissect.ts'
import type { DissectedFrame, Field } from '../../src/trace/dissect/field.ts'
import { sessionPackets } from '../../src/trace/dissect/framings.ts'
import { MessageAssembler } from '../../src/trace/dissect/message-assembler.ts'
import { printFrame } from '../../src/trace/dissect/print-frame.ts'

const capture = readFileSync(new URL('../captures/local-dialect-smb311.pcapng', import.meta.url))

const all = (fields: readonly Field[]): Field[] => fields.flatMap((field) => [field, ...all(field.children)])
const fieldsOf = (frame: DissectedFrame | undefined): Field[] =>
  all((frame?.layers ?? []).flatMap(({ fields }) => fields))
const valuesOf = (frame: DissectedFrame | undefined, name: string): unknown[] =>
  fieldsOf(frame)
    .filter((field) => field.name === name)
    .map(({ value }) => value)

test('a request, with what follows from other frames', async () => {
  const { found } = await dissectFrameOf(capture, 22)
  assert.deepEqual(valuesOf(found, 'smb2.cmd'), [5])
  assert.deepEqual(valuesOf(found, 'smb2.filename'), [''])
  assert.deepEqual(valuesOf(found, 'smb.access_mask'), [0x81])
  const inferred = fieldsOf(found).filter(({ inferredFrom }) => inferredFrom !== undefined)
  assert.deepEqual(
    inferred.map(({ name, value, inferredFrom }) => [name, value, inferredFrom]),
    [
      ['tcp.stream', 0, 1],
      ['smb2.acct', 'tester', 12],
      ['smb2.domain', 'WORKGROUP', 12],
      ['smb2.host', 'VM', 12],
      ['smb2.tree', '\\\\127.0.0.1\\share', 20],
      ['smb2.share_type', 1, 20],
      ['smb2.response_in', 23, 23],
    ],
  )
  const text = found === undefined ? '' : printFrame(found, true)
  assert.match(text, /^ {2}\[?SMB2 header/m)
  assert.match(text, /\[tree \(smb2\.tree\): "\\\\\\\\127\.0\.0\.1\\\\share", from frame 20\]/)
  assert.match(text, /^ {2}0000 {2}fe 53 4d 42 .*\.SMB/m)
})

test('an answer has its time and its request, and a listing its names', async () => {
  const { found } = await dissectFrameOf(capture, 25)
  assert.deepEqual(valuesOf(found, 'smb2.response_to'), [24])
  assert.deepEqual(valuesOf(found, 'smb2.filename'), ['.', '..'])
  assert.deepEqual(valuesOf(found, 'smb2.nt_status'), [0])
  assert.ok(Math.abs(Number(valuesOf(found, 'smb2.time')[0]) - 0.000146417) < 1e-9)
})

test('every field lies in its layer, and inside what it belongs to', async () => {
  await dissect(capture, ({ frame, layers }) => {
    for (const { bytes, fields } of layers)
      for (const { label, start, end } of all(fields))
        assert.ok(start <= end && end <= bytes.length, `frame ${frame}: ${label} ${start} ${end}`)
  })
})

test('damaged captures never end it', async () => {
  const files = ['dialect-smb311.pcapng', 'nt1-tcon-session.pcap', 'krb5-ok-smb311.pcap', 'dcerpc-lsa-samr.pcap']
  for (const [seed, file] of files.entries()) {
    const damaged = new Uint8Array(readFileSync(new URL(`../captures/local-${file}`, import.meta.url)))
    for (let i = 0; i < 300; i++) damaged[(seed * 7919 + i * 104_729) % damaged.length] = (seed * 31 + i) & 0xff
    let frames = 0
    await dissect(damaged, (frame) => {
      frames++
      printFrame(frame, false)
    })
    assert.ok(frames <= 2000, `${frames} frames`)
  }
})

test('a call on a pipe has its interface, its operation and what it says', async () => {
  const pipe = readFileSync(new URL('../captures/local-dcerpc-srvsvc-rpcclient.pcap', import.meta.url))
  const found: string[] = []
  const results: string[] = []
  await dissect(pipe, (frame) => {
    for (const { title } of frame.layers) if (title.includes('srvsvc')) found.push(title)
    if (valuesOf(frame, 'srvsvc.opnum').includes(15) && valuesOf(frame, 'smb2.flags.response').includes(true))
      results.push(...fieldsOf(frame).flatMap(({ label, value }) => (label === 'name' ? [String(value)] : [])))
  })
  assert.ok(found.includes('IOCTL Request, BIND srvsvc'), found.slice(0, 5).join('; '))
  assert.ok(found.includes('IOCTL Response, RESPONSE srvsvc NetrShareEnum'))
  assert.ok(results.includes('readonly') && results.includes('IPC$'))
})

test('commands of SMB1, with the share that they are about', async () => {
  const old = readFileSync(new URL('../captures/local-nt1-tcon-session.pcap', import.meta.url))
  const files: unknown[] = []
  const shares = new Set<unknown>()
  const titles = new Set<string>()
  await dissect(old, (frame) => {
    files.push(...valuesOf(frame, 'smb.file'))
    for (const share of valuesOf(frame, 'smb.path')) shares.add(share)
    for (const { title } of frame.layers) titles.add(title)
  })
  assert.ok(files.includes('\\tcontest.tmp'))
  assert.ok([...shares].some((share) => String(share).toLowerCase().endsWith('share')))
  assert.ok(titles.has('SMB1 OPEN_ANDX Request') && titles.has('SMB1 TREE_CONNECT_ANDX Response'))
})

/** Messages of 6, 4 and 5 bytes with their headers. */
const stream = fromHex('00000006 fe534d420102 85000000 00000005 fe534d4203'.replaceAll(' ', ''))

function assembled(pieces: readonly (readonly [start: number, end: number] | number)[]): string[] {
  const found: string[] = []
  const assembler = new MessageAssembler(sessionPackets, { used: 0 }, (bytes, isWhole) =>
    found.push(`${hex(bytes)}${isWhole ? '' : ' cut'}`),
  )
  const view = new DataView(stream.buffer)
  for (const piece of pieces)
    if (typeof piece === 'number') assembler.gap(piece, 1, 0)
    else assembler.data(stream, view, piece[0], piece[1], 1, 0)
  return found
}

test('messages come whole however they are cut, and say where bytes are missing', () => {
  const whole = ['00000006fe534d420102', '85000000', '00000005fe534d4203']
  assert.deepEqual(assembled([[0, stream.length]]), whole)
  const single = Array.from(stream, (_, at): [number, number] => [at, at + 1])
  assert.deepEqual(assembled(single), whole)
  assert.deepEqual(assembled([[0, 8], 2, [10, stream.length]]), ['00000006fe534d42 cut', ...whole.slice(1)])
  // Where the gap goes further than the message, the next one is looked for: these are too short to be known.
  assert.deepEqual(assembled([[0, 8], 6, [14, stream.length]]), ['00000006fe534d42 cut'])
})
