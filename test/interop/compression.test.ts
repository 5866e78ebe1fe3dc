/** Against programs of others: tshark and libfwnt read what we compressed, lz4 does and writes, too. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { lz4 } from '../../src/protocol/compression/lz4.ts'
import { lz77 } from '../../src/protocol/compression/lz77.ts'
import { lz77Huffman } from '../../src/protocol/compression/lz77-huffman.ts'
import { lznt1 } from '../../src/protocol/compression/lznt1.ts'
import { CompressionAlgorithm, ReadFlags, ReadResponse } from '../../src/wire/smb2/index.ts'
import { writeCapture } from '../peers/capture-file.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { create, read, write } from '../simulation/files.ts'
import { Random } from '../simulation/random.ts'
import { record } from '../simulation/record.ts'
import { scenario, succeeded } from '../simulation/world.ts'
import { tshark } from '../vectors/smb2-capture.ts'

const timeoutMs = 60_000
let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'smbkit-compression-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const text = readFileSync(join(import.meta.dirname, '../../src/wire/erref/ntstatus.ts'))

/** Zeros, text with noise in it, and blanks: something for every payload of a chain. */
function content(length: number): Uint8Array {
  const data = new Uint8Array(length).fill(0x20)
  data.fill(0, 0, 5000)
  data.set(text.subarray(0, length - 9000), 5000)
  data.set(new Random(7).bytes(1500), 7000)
  return data
}

const { LZNT1, LZ77, LZ77_HUFFMAN, PATTERN_V1 } = CompressionAlgorithm

suite('tshark reads what the server compressed', needsPeer('tshark'), () => {
  for (const [name, algorithm] of Object.entries({ LZNT1, LZ77, LZ77_HUFFMAN }))
    for (const chained of [true, false])
      scenario(`${name}, ${chained ? 'chained with patterns' : 'not chained'}`, {}, async (world) => {
        const compressions = chained ? [PATTERN_V1, algorithm] : [algorithm]
        const client = await world.client({ negotiate: { compressions, chained } })
        const pieces = record(client)
        const file = await create(client, { name: 'a' })
        // tshark 4.0 reads the first block of LZ77+Huffman only.
        const large = content(algorithm === LZ77_HUFFMAN ? 60_000 : 200_000)
        const contents = [content(20_000), large, new Uint8Array(30_000), text.subarray(0, 40_000)]
        for (const data of contents) {
          const charge = Math.ceil(data.length / 65_536)
          succeeded(await write(client, file, data, {}, { compress: true, charge }))
          const asked = { length: data.length, flags: ReadFlags.REQUEST_COMPRESSED }
          const answer = succeeded(await read(client, file, asked, { charge }))
          assert.ok(Buffer.compare(answer.body(ReadResponse).data, data) === 0)
        }
        assert.equal(client.compressedFrames.length, contents.length)
        const capture = join(folder, `${name}-${chained}.pcap`)
        writeCapture(capture, pieces)
        const lines = tshark(['-r', capture, '-T', 'fields', '-e', '_ws.col.Info', '-e', 'data.data']).split('\n')
        for (const kind of ['Write Request', 'Read Response']) {
          const found = lines.filter((line) => line.startsWith(`Decomp. SMB3;${kind}`))
          assert.deepEqual(
            found.map((line) => line.split('\t')[1]),
            contents.map((data) => hex(data)),
            `what tshark found in each ${kind}`,
          )
        }
      })
})

suite('libfwnt reads what we wrote', needsPeer('libfwnt'), () => {
  const program = readFileSync(process.execPath)
  const contents = {
    text,
    'a block': text.subarray(0, 65_536),
    'a block and a byte': text.subarray(0, 65_537),
    'a program': program.subarray(4_000_000, 5_000_000),
  }
  for (const [algorithm, codec] of Object.entries({ LZNT1: lznt1, LZ77: lz77, LZ77_HUFFMAN: lz77Huffman }))
    test(algorithm, async () => {
      for (const [name, data] of Object.entries(contents)) {
        const room = new Uint8Array(data.length * 2)
        const [input, output] = [join(folder, 'ours'), join(folder, 'theirs')]
        writeFileSync(input, room.subarray(0, codec.compress(data, room)))
        const script = join(import.meta.dirname, 'compression-libfwnt.py')
        await run(peerPath('libfwnt'), [script, algorithm, input, String(data.length), output], { timeoutMs })
        assert.ok(Buffer.compare(readFileSync(output), data) === 0, name)
      }
    })
})

suite('lz4', needsPeer('lz4'), () => {
  /** The oldest frame format: a magic number, and for each block its length. */
  const legacyFrame = (block: Uint8Array): Uint8Array => {
    const header = Buffer.from('02214c1800000000', 'hex')
    header.writeUInt32LE(block.length, 4)
    return Buffer.concat([header, block])
  }
  const contents = {
    text,
    zeros: new Uint8Array(3_000_000),
    noise: new Random(2).bytes(300_000),
    short: text.subarray(0, 20),
    'a program': readFileSync(process.execPath).subarray(3_000_000, 6_000_000),
  }

  for (const [name, data] of Object.entries(contents)) {
    test(`it reads what we wrote: ${name}`, async () => {
      const room = new Uint8Array(data.length + data.length / 100 + 100)
      const [input, output] = [join(folder, 'ours.lz4'), join(folder, 'theirs')]
      writeFileSync(input, legacyFrame(room.subarray(0, lz4.compress(data, room))))
      await run(peerPath('lz4'), ['-d', '-f', '-q', input, output], { timeoutMs })
      assert.ok(Buffer.compare(readFileSync(output), data) === 0)
    })

    test(`we read what it wrote: ${name}`, async () => {
      const [input, output] = [join(folder, 'plain'), join(folder, 'theirs.lz4')]
      writeFileSync(input, data)
      for (const level of ['-1', '-9']) {
        await run(peerPath('lz4'), ['-l', level, '-f', '-q', input, output], { timeoutMs })
        const frame = readFileSync(output)
        const back = new Uint8Array(data.length)
        lz4.decompress(frame.subarray(8, 8 + viewOf(frame).getUint32(4, true)), back)
        assert.ok(Buffer.compare(back, data) === 0)
      }
    })
  }
})
