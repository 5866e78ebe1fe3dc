/** MS-SMB2 3.1.4.4, 3.1.5.3, 3.3.4.1.5, 3.3.5.2.1.2, 3.3.5.4: compressed messages. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  Command,
  CompressionAlgorithm,
  CompressionCapabilities,
  CompressionFlags,
  CompressionPatternPayloadV1,
  CompressionPayloadHeader,
  CompressionPayloadHeaderSized,
  CompressionTransformHeader,
  CompressionTransformHeaderChained,
  Dialect,
  NegotiateContextType,
  ReadFlags,
  ReadResponse,
  ShareFlags,
  TreeConnectRequest,
  TreeConnectResponse,
  WriteResponse,
} from '../../src/wire/smb2/index.ts'
import { ALL_DIALECTS, type Client, compressionContext, preauthContext } from './client.ts'
import {
  close,
  create,
  createBody,
  echo,
  echoBody,
  RELATED_FILE_ID,
  read,
  readBody,
  write,
  writeBody,
} from './files.ts'
import { Random } from './random.ts'
import { assertCutOff, scenario, statusIs, succeeded, type World } from './world.ts'

const { LZNT1, LZ77, LZ77_HUFFMAN, PATTERN_V1, LZ4, NONE } = CompressionAlgorithm
const REQUEST_COMPRESSED = ReadFlags.REQUEST_COMPRESSED
const LZ = [LZNT1, LZ77, LZ77_HUFFMAN, LZ4]
const BYTES = 60_000

/** Like a file of records: zeros in front, text, and one byte again and again at the end. */
const records = (): Uint8Array => {
  const text = Array.from({ length: 900 }, (_, i) => `record ${i * i} of the ledger\n`).join('')
  const data = new Uint8Array(BYTES).fill(0x20)
  data.fill(0, 0, 9000)
  data.set(Buffer.from(text), 9000)
  return data
}

const answered = (client: Client): ReturnType<typeof CompressionCapabilities.decode> | undefined => {
  const context = client.negotiated?.negotiateContexts.find(
    ({ contextType }) => contextType === NegotiateContextType.COMPRESSION_CAPABILITIES,
  )
  return context === undefined ? undefined : CompressionCapabilities.decode(viewOf(context.data))
}

scenario('what both know is agreed on, in the order of the client', {}, async (world) => {
  for (const [compressions, chained, agreed] of [
    [[LZ77, PATTERN_V1, 77 as 1, LZNT1], true, [LZ77, PATTERN_V1, LZNT1]],
    [[PATTERN_V1, LZ4, LZ77_HUFFMAN, LZ77, LZNT1], false, [PATTERN_V1, LZ4, LZ77_HUFFMAN, LZ77, LZNT1]],
    [[LZNT1, LZNT1], true, [LZNT1]],
    [[9 as 1], true, [NONE]],
    [[NONE], false, [NONE]],
  ] as const) {
    const client = world.connect()
    succeeded(await client.negotiate({ compressions, chained }))
    const context = answered(client)
    assert.deepEqual([...(context?.compressionAlgorithms ?? [])], agreed)
    assert.equal(context?.flags, chained ? 1 : 0)
  }
  const old = world.connect()
  succeeded(await old.negotiate({ dialects: ALL_DIALECTS.filter((one) => one !== Dialect.SMB_3_1_1) }))
  assert.equal(answered(old), undefined)
  const silent = world.connect()
  succeeded(await silent.negotiate())
  assert.equal(answered(silent), undefined)
})

scenario('switched off, it is not agreed on', { server: { compression: 'off' } }, async (world) => {
  const client = await world.client({ negotiate: { compressions: [LZ77] } })
  assert.equal(answered(client), undefined)
  const file = await create(client, { name: 'a' })
  succeeded(await write(client, file, records()))
  succeeded(await read(client, file, { length: BYTES, flags: REQUEST_COMPRESSED }))
  assert.equal(client.compressedFrames.length, 0)
})

scenario('contexts that say nothing, too little or it twice are refused', {}, async (world) => {
  const context = compressionContext([LZ77])
  for (const contexts of [
    [compressionContext([])],
    [{ ...context, data: context.data.subarray(0, 4) }],
    [{ ...context, data: context.data.subarray(0, 9) }],
    [context, context],
  ])
    statusIs(await world.connect().negotiate({ contexts: [preauthContext(), ...contexts] }), 'STATUS_INVALID_PARAMETER')
})

for (const chained of [false, true])
  for (const algorithm of LZ) {
    const name = Object.entries(CompressionAlgorithm).find(([, id]) => id === algorithm)?.[0]
    scenario(`${name}, ${chained ? 'chained' : 'not chained'}: both directions`, {}, async (world) => {
      for (const seals of [false, true]) {
        const negotiate = { compressions: [PATTERN_V1, algorithm], chained }
        const client = await world.client({ negotiate, seals })
        const data = records()
        const file = await create(client, { name: `${algorithm} ${seals}` })
        const sent: number[] = []
        client.intercept = (frame) => {
          sent.push(frame.length)
          return frame
        }
        const written = succeeded(await write(client, file, data, {}, { compress: true }))
        assert.equal(written.body(WriteResponse).count, BYTES)
        assert.ok((sent[0] as number) < BYTES / 2, `sent in ${sent[0]} bytes`)
        const answer = succeeded(await read(client, file, { length: BYTES, flags: REQUEST_COMPRESSED }))
        assert.ok(Buffer.compare(answer.body(ReadResponse).data, data) === 0)
        assert.equal(answer.isSigned, !seals)
        assert.equal(answer.sealed, seals)
        const [frame] = client.compressedFrames
        assert.ok(frame !== undefined && frame.length < BYTES / 2, 'the answer came compressed')
        assert.deepEqual(algorithmsOf(frame), chained ? [NONE, PATTERN_V1, algorithm, PATTERN_V1] : [algorithm])
        succeeded(await close(client, file))
      }
    })
  }

/** Which algorithms a frame was made with, payload after payload. */
function algorithmsOf(frame: Uint8Array): number[] {
  const view = viewOf(frame)
  const header = CompressionTransformHeader.decode(view)
  if (header.flags === CompressionFlags.NONE) return [header.compressionAlgorithm]
  const found: number[] = []
  for (let at = CompressionTransformHeaderChained.size; at < frame.length; ) {
    const payload = CompressionPayloadHeader.decode(view, at)
    assert.equal(payload.flags, found.length === 0 ? CompressionFlags.CHAINED : CompressionFlags.NONE)
    found.push(payload.compressionAlgorithm)
    at += CompressionPayloadHeader.size + payload.length
  }
  return found
}

scenario('only what was asked for is compressed, and only where that helps', {}, async (world) => {
  const client = await world.client({ negotiate: { compressions: [LZ77, PATTERN_V1] } })
  const file = await create(client, { name: 'a' })
  const noise = new Random(1).bytes(20_000)
  const data = records()
  data.set(noise, 20_000)
  succeeded(await write(client, file, data))
  const flags = REQUEST_COMPRESSED
  for (const asked of [
    { length: 9000 },
    { length: 1000, flags },
    { offset: 20_000n, length: 20_000, flags },
    { offset: BigInt(BYTES), length: 5000, flags },
  ])
    await read(client, file, asked)
  assert.equal(client.compressedFrames.length, 0)
  for (const asked of [
    { length: 1024, flags },
    { offset: 7000n, length: 20_000, flags },
    { offset: BigInt(BYTES - 4000), length: 9000, flags },
  ]) {
    const { offset = 0n, length } = asked
    const answer = succeeded(await read(client, file, asked))
    assert.deepEqual(answer.body(ReadResponse).data, data.subarray(Number(offset), Number(offset) + length))
  }
  assert.equal(client.compressedFrames.length, 3)
})

scenario('chains are compressed as a whole, in both directions', {}, async (world) => {
  for (const seals of [false, true]) {
    const client = await world.client({ seals, negotiate: { compressions: [PATTERN_V1, LZ4, LZ77_HUFFMAN] } })
    const data = records().subarray(0, 20_000)
    const answers = client.send([
      client.prepare(Command.CREATE, createBody({ name: 'chain' }), { compress: true }),
      client.prepare(Command.WRITE, writeBody(RELATED_FILE_ID, data), { related: true }),
      client.prepare(Command.READ, readBody(RELATED_FILE_ID, 20_000, 0n, REQUEST_COMPRESSED), { related: true }),
    ])
    const [, , last] = await Promise.all(answers)
    assert.ok(last !== undefined)
    assert.deepEqual(succeeded(last).body(ReadResponse).data, data)
    assert.equal(client.compressedFrames.length, 1)
    client.disconnect()
  }
})

scenario('any request may be compressed, also before the logon', {}, async (world) => {
  const client = world.connect()
  succeeded(await client.negotiate({ compressions: [PATTERN_V1, LZNT1] }))
  // The hash that keys come out of is one of the messages, not of what they were wrapped in.
  client.intercept = (frame) => chain(frame.length, plain(frame.subarray(0, 70)), plain(frame.subarray(70), 0))
  await client.logon()
  await client.useShare('data')
  succeeded(await close(client, await create(client, { name: 'a' })))
})

scenario(
  'shares may ask their clients to ask',
  { shares: [{ name: 'data', backend: memoryBackend(), compress: true }] },
  async (world) => {
    const flagsFor = async (negotiate: object): Promise<number> => {
      const client = await world.logon({ negotiate })
      const tree = await client.call(Command.TREE_CONNECT, TreeConnectRequest, { path: '\\\\server\\data' })
      return succeeded(tree).body(TreeConnectResponse).shareFlags
    }
    assert.equal(await flagsFor({ compressions: [LZ77] }), ShareFlags.COMPRESS_DATA)
    assert.equal(await flagsFor({}), 0)
    assert.equal(await flagsFor({ compressions: [9] }), 0)
  },
)

/** What is put together by hand, to be wrong. */
const unchained = (fields: object, ...rest: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat([
      CompressionTransformHeader.encode({
        originalCompressedSegmentSize: 0,
        compressionAlgorithm: LZ77,
        offset: 0,
        ...fields,
      }),
      ...rest,
    ]),
  )
const chain = (originalCompressedSegmentSize: number, ...payloads: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat([CompressionTransformHeaderChained.encode({ originalCompressedSegmentSize }), ...payloads]),
  )
const plain = (bytes: Uint8Array, flags: number = CompressionFlags.CHAINED, length = bytes.length): Uint8Array =>
  new Uint8Array(Buffer.concat([CompressionPayloadHeader.encode({ compressionAlgorithm: NONE, flags, length }), bytes]))
const pattern = (repetitions: number, length = 8): Uint8Array =>
  new Uint8Array(
    Buffer.concat([
      CompressionPayloadHeader.encode({ compressionAlgorithm: PATTERN_V1, flags: 0, length }),
      CompressionPatternPayloadV1.encode({ pattern: 0, repetitions }),
    ]),
  )
const payload = (compressionAlgorithm: number, data: Uint8Array, originalPayloadSize: number, more = 0): Uint8Array =>
  new Uint8Array(
    Buffer.concat([
      CompressionPayloadHeaderSized.encode({
        compressionAlgorithm,
        flags: 0,
        length: data.length + 4 + more,
        originalPayloadSize,
      }),
      data,
    ]),
  )

/** Sends a frame on a connection of its own, which must not outlive it; what the server has made room for. */
async function refused(world: World, client: Client, frame: Uint8Array, why: RegExp): Promise<void> {
  let most = 0
  const take = world.server.buffers.take.bind(world.server.buffers)
  world.server.buffers.take = (bytes) => {
    most = Math.max(most, bytes)
    return take(bytes)
  }
  const { seals } = client.session ?? { seals: false }
  client.sendFrame(seals ? client.sealFor(client.session, frame) : frame)
  await assertCutOff(client)
  world.server.buffers.take = take
  assert.match(world.disconnects.at(-1) ?? '', why)
  assert.ok(most <= world.server.limits.maxWriteBytes + 128 * 1024, `room for ${most} bytes`)
}

const message = (client: Client): Uint8Array => client.prepare(Command.ECHO, echoBody()).message
const nothing = new Uint8Array(0)

/** Lies about lengths, and what they must lead to. */
const lies: readonly (readonly [string, RegExp, (client: Client) => Uint8Array])[] = [
  ['a frame that is no header', /15 bytes/, (client) => chain(68, plain(message(client))).subarray(0, 15)],
  ['unknown flags', /flags 0x2/, (client) => unchained({ flags: 2 as 1 }, message(client))],
  ['an algorithm that was not agreed on', /compressed by 1/, () => unchained({ compressionAlgorithm: LZNT1 }, nothing)],
  ['an unknown one', /compressed by 99/, (client) => unchained({ compressionAlgorithm: 99 as 1 }, message(client))],
  ['none at all', /compressed by 0/, (client) => unchained({ compressionAlgorithm: NONE }, message(client))],
  ['a pattern out of a chain', /compressed by 4/, () => unchained({ compressionAlgorithm: PATTERN_V1 }, nothing)],
  ['an offset past the end', /begins at \+4294967295/, () => unchained({ offset: 0xffff_ffff }, new Uint8Array(80))],
  ['an offset at the end', /begins at \+80/, () => unchained({ offset: 80 }, new Uint8Array(80))],
  [
    'a size of 4 GiB',
    /4294967295 bytes/,
    () => unchained({ originalCompressedSegmentSize: 0xffff_ffff }, new Uint8Array(80)),
  ],
  [
    'a size just above what a frame may have',
    /at most/,
    () => unchained({ originalCompressedSegmentSize: 8 * 1024 * 1024 + 65_537 }, new Uint8Array(80)),
  ],
  ['more than it becomes', /compressed to/, () => unchained({ originalCompressedSegmentSize: 79 }, new Uint8Array(80))],
  ['damage', /LZ77 at byte/, () => unchained({ originalCompressedSegmentSize: 500 }, new Uint8Array(80).fill(0xff))],
  [
    'no payload',
    /payloads of 0 bytes/,
    () => (chain(80, nothing).slice(0, 8).length === 8 ? chain(80, plain(nothing)) : nothing),
  ],
  ['a payload header that is cut off', /./, (client) => chain(64, plain(message(client)), new Uint8Array(7))],
  [
    'a payload longer than the frame',
    /payload of 1000 bytes/,
    (client) => chain(1000, plain(message(client), CompressionFlags.CHAINED, 1000)),
  ],
  ['sizes that do not add up', /where there should be 69/, (client) => chain(69, plain(message(client)))],
  [
    'a pattern of 4 GiB',
    /payloads of 4294967363/,
    (client) => chain(0xffff_ffff, plain(message(client)), pattern(0xffff_ffff)),
  ],
  [
    'a pattern above what a frame may have',
    /at most/,
    (client) => chain(68 + 9 * 1024 * 1024, plain(message(client)), pattern(9 * 1024 * 1024)),
  ],
  [
    'patterns that are too large together',
    /at most/,
    (client) =>
      chain(68 + 40 * 1024 * 1024, plain(message(client)), ...Array.from({ length: 40 }, () => pattern(1024 * 1024))),
  ],
  [
    'a pattern with the wrong length',
    /pattern of 7 bytes/,
    (client) => chain(68, plain(message(client)), pattern(0, 7)),
  ],
  [
    'too many payloads',
    /too many payloads/,
    (client) => chain(68, plain(message(client)), ...Array.from({ length: 64 }, () => pattern(0))),
  ],
  [
    'a payload by an algorithm that was not agreed on',
    /compressed by 3/,
    (client) => chain(100, plain(message(client)), payload(LZ77_HUFFMAN, nothing, 32)),
  ],
  [
    'a payload without bytes',
    /without bytes/,
    (client) => chain(100, plain(message(client)), payload(LZ77, nothing, 32)),
  ],
  [
    'a payload whose length is only that of its size',
    /./,
    (client) => chain(100, plain(message(client)), payload(LZ77, new Uint8Array(9), 32, -10)),
  ],
  [
    'a payload that grew',
    /compressed to/,
    (client) => chain(76, plain(message(client)), payload(LZ77, new Uint8Array(9), 8)),
  ],
  [
    'damage within a payload',
    /LZ4 at byte/,
    (client) => chain(168, plain(message(client)), payload(LZ4, new Uint8Array(9).fill(0xff), 100)),
  ],
  [
    'something that is no message',
    /without an SMB2 message/,
    () => chain(5000, plain(new Uint8Array(8)), pattern(4992)),
  ],
  [
    'a message that is cut off',
    /without an SMB2 message/,
    (client) => chain(63, plain(message(client).subarray(0, 63))),
  ],
  ['a compressed message', /without an SMB2 message/, (client) => chain(84, plain(chain(68, plain(message(client)))))],
]
for (const [name, why, lie] of lies)
  scenario(`lies: ${name}`, {}, async (world) => {
    for (const seals of [false, true]) {
      const client = await world.client({ seals, negotiate: { compressions: [PATTERN_V1, LZ77, LZ4] } })
      await refused(world, client, lie(client), why)
    }
  })

scenario('a chain where none was agreed on, and anything where nothing was', {}, async (world) => {
  const client = await world.client({ negotiate: { compressions: [LZ77, PATTERN_V1], chained: false } })
  await refused(world, client, chain(68, plain(message(client))), /chained compression/)
  const without = await world.client()
  await refused(world, without, chain(68, plain(message(without))), /not agreed on/)
  const early = world.connect()
  await refused(world, early, chain(68, plain(message(early))), /not agreed on/)
  const old = await world.client({ negotiate: { dialects: [Dialect.SMB_3_0_2], compressions: [LZ77] } })
  await refused(world, old, chain(68, plain(message(old))), /not agreed on/)
})

scenario('before anybody has logged on, little room is made', {}, async (world) => {
  const client = world.connect()
  succeeded(await client.negotiate({ compressions: [PATTERN_V1, LZ77] }))
  const size = 128 * 1024
  await refused(world, client, chain(68 + size, plain(message(client)), pattern(size)), /at most 131072/)
})

scenario('a request as large as the limit is answered, one byte more ends the connection', {}, async (world) => {
  const client = await world.client({ negotiate: { compressions: [PATTERN_V1] } })
  const most = world.server.limits.maxWriteBytes + 64 * 1024
  for (const more of [0, 1]) {
    client.intercept = (frame) => chain(most + more, plain(frame), pattern(most + more - frame.length))
    const answer = echo(client, { sign: false })
    // One credit does not pay for that much.
    if (more === 0) statusIs(await answer, 'STATUS_INVALID_PARAMETER')
    else await assertCutOff(client, answer)
  }
})

scenario('damaged compressed requests are answered, or end the connection', {}, async (world) => {
  const { random } = world
  const data = records().subarray(0, 12_000)
  for (let round = 0; round < 120; round++) {
    const compressions = [PATTERN_V1, random.pick(LZ)]
    const seals = random.oneIn(4)
    const client = await world.client({ seals, negotiate: { compressions, chained: !random.oneIn(3) } })
    const file = await create(client, { name: 'damaged' })
    const damage = (frame: Uint8Array): Uint8Array => {
      const bytes = frame.slice()
      // The header of the request itself, and of the transform, are left alone now and then.
      const from = random.oneIn(2) ? 0 : 110
      for (let i = random.below(4); i >= 0; i--) bytes[from + random.below(bytes.length - from)] = random.next()
      return random.oneIn(4) ? bytes.subarray(0, random.below(bytes.length)) : bytes
    }
    const request = client.prepare(Command.WRITE, writeBody(file, data), {})
    const frame = damage(client.compressed(request.message))
    client.sendFrame(seals ? client.sealFor(client.session, frame) : frame)
    client.takeRawFrames()
    await world.settled()
    client.disconnect()
    await world.settled()
  }
})
