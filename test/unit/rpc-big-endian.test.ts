/** Packets and parameters whose numbers have the high byte first: C706 14.1, receivers make it right. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { viewOf } from '../../src/bytes/utf16.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import {
  conformantArray,
  conformantBytes,
  contextHandle,
  filetime,
  guid,
  i32,
  i64,
  octets,
  sid,
  struct,
  u8,
  u16,
  u32,
  u64,
  unicodeString,
  union,
  unique,
  wideString,
} from '../../src/rpc/ndr/index.ts'
import { parameters } from '../../src/rpc/operation.ts'
import { BindAck, Fault, FaultStatus, PacketType, Response } from '../../src/wire/dcerpc/index.ts'
import { endpoint, headerAt, Listening, present } from './rpc-pair.ts'
import { Toy, ToyState } from './rpc-toy.ts'

/** Bytes, and numbers of so many bytes with the high one first. */
type Piece = Uint8Array | readonly [bytes: 1 | 2 | 4 | 8, value: number | bigint]

function bytesOf(...pieces: readonly Piece[]): Uint8Array {
  const out: number[] = []
  for (const piece of pieces)
    if (piece instanceof Uint8Array) out.push(...piece)
    else {
      const [size, value] = piece
      for (let i = size - 1; i >= 0; i--) out.push(Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(i * 8)) & 0xffn))
    }
  return Uint8Array.from(out)
}

/** UTF-16 with the high byte first, and its terminator. */
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(`${value}\0`, 'utf16le').swap16())
const toyId = bytesOf([4, 0x0001_0203], [2, 0x0405], [2, 0x0607], Uint8Array.of(8, 9, 10, 11, 12, 13, 14, 15))
const ndr20Id = bytesOf(
  [4, 0x8a88_5d04],
  [2, 0x1ceb],
  [2, 0x11c9],
  Uint8Array.of(0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60),
)
const version = (major: number, minor: number): Piece => [4, minor * 65_536 + major]

function packet(packetType: number, callId: number, flags: number, ...body: readonly Piece[]): Uint8Array {
  const rest = bytesOf(...body)
  const header: Piece[] = [
    [1, 5],
    [1, 0],
    [1, packetType],
    [1, flags],
    [4, 0],
    [2, 16 + rest.length],
    [2, 0],
    [4, callId],
  ]
  return bytesOf(...header, rest)
}

const bind = packet(
  PacketType.BIND,
  7,
  3,
  ...([
    [2, 4280],
    [2, 4280],
    [4, 0],
    [1, 1],
    [1, 0],
    [2, 0],
    [2, 258],
    [1, 1],
    [1, 0],
  ] as const),
  toyId,
  version(2, 1),
  ndr20Id,
  version(2, 0),
)
const request = (opnum: number, stub: Uint8Array, flags = 3, callId = 8): Uint8Array =>
  packet(PacketType.REQUEST, callId, flags, [4, stub.length], [2, 258], [2, opnum], stub)
const greeting = bytesOf([4, 0x2000], [4, 5], [4, 0], [4, 5], text('ännä'))

function bound(): Listening {
  const server = new Listening(endpoint(new ToyState().services()))
  const [ack] = server.say(bind)
  const { header, results, associationGroupId } = BindAck.decode(viewOf(present(ack)))
  assert.deepEqual([header.packetType, header.callId, associationGroupId], [PacketType.BIND_ACK, 7, 1])
  assert.deepEqual(
    results.results.map(({ result, transferSyntax }) => [result, transferSyntax.versionMajor]),
    [[0, 2]],
  )
  return server
}

test('the server is bound and called by a big-endian client, and answers as it speaks itself', () => {
  const server = bound()
  const whole = server.say(request(1, greeting))
  const pieces = [
    ...server.say(request(1, greeting.subarray(0, 16), 1, 9)),
    ...server.say(request(1, greeting.subarray(16), 2, 9)),
  ]
  for (const [i, sent] of [whole, pieces].entries()) {
    const { header, contextId, stub } = Response.decode(viewOf(present(sent[0])))
    assert.deepEqual([header.packetType, header.callId, contextId], [PacketType.RESPONSE, 8 + i, 258])
    assert.equal(Toy.operations.Greet.out.read(stub).greeting, 'hello ännä')
  }
})

test('a call that changes its mind between two fragments is refused', () => {
  const server = bound()
  server.say(request(1, greeting.subarray(0, 16), 1))
  const little = request(1, greeting.subarray(16), 2)
  const view = viewOf(little)
  for (const at of [8, 10, 20, 22]) view.setUint16(at, view.getUint16(at, true))
  view.setUint32(12, view.getUint32(12, true))
  little[4] = 0x10
  const [fault] = server.say(little)
  assert.equal(Fault.decode(viewOf(present(fault))).status, FaultStatus.PROTOCOL_ERROR)
})

test('the client reads what a big-endian server answers', async () => {
  const handle = bytesOf([4, 1], toyId)
  const result = bytesOf([4, 0x2000], [4, 5], [4, 0], [4, 5], text('hëlo'), [2, 0], [4, 87])
  const answers = [
    packet(
      PacketType.BIND_ACK,
      1,
      3,
      ...([[2, 4280], [2, 4280], [4, 77], [2, 4], Uint8Array.of(0x31, 0x33, 0x35, 0), [2, 0]] as const),
      ...([
        [1, 1],
        [1, 0],
        [2, 0],
        [2, 0],
        [2, 0],
      ] as const),
      ndr20Id,
      version(2, 0),
    ),
    packet(PacketType.RESPONSE, 2, 3, [4, result.length], [2, 0], [2, 0], result),
    packet(PacketType.RESPONSE, 3, 3, [4, 24], [2, 0], [2, 0], handle, [4, 0]),
    packet(PacketType.FAULT, 4, 3, [4, 32], [2, 0], [2, 0], [4, 0x1c01_0003], [4, 0]),
  ]
  const client = new RpcClient({ send: async () => {}, receive: async () => answers.shift() ?? new Uint8Array(0) })
  const toy = await client.bind(Toy)
  assert.equal(client.associationGroupId, 77)
  assert.deepEqual(await toy.Greet({ name: null }), { greeting: 'hëlo', result: 87 })
  const { counter } = await toy.Open({ start: 1 })
  assert.deepEqual(counter, { attributes: 1, uuid: '00010203-0405-0607-0809-0a0b0c0d0e0f' })
  await assert.rejects(toy.Next({ counter }), { status: FaultStatus.UNKNOWN_INTERFACE })
})

test('each type, and where it is not to be turned', () => {
  const all = parameters('all', {
    byte: u8,
    short: u16,
    long: u32,
    negative: i32,
    hyper: u64,
    negativeHyper: i64,
    time: filetime,
    id: guid,
    handle: contextHandle,
    raw: octets(3),
    name: unicodeString(),
    who: sid,
    count: u32.countOf('numbers'),
    numbers: conformantArray(u16),
    bytes: conformantBytes,
    tag: u32.switchOf('chosen'),
    chosen: union('chosen', u32, { 5: unique(wideString) }),
    inside: struct('inside', { a: u8, b: u32, c: unique(u16) }),
  })
  const value = all.read(
    bytesOf(
      ...([
        [1, 1],
        [1, 0],
        [2, 0x0203],
        [4, 0x0405_0607],
        [4, -2],
        [4, 0],
        [8, 0x0102_0304_0506_0708n],
        [8, -3n],
      ] as const),
      ...([
        [4, 0x5566_7788],
        [4, 0x1122_3344],
      ] as const),
      toyId,
      ...([[4, 9], toyId, Uint8Array.of(1, 2, 3), Uint8Array.of(0)] as const),
      ...([[2, 4], [2, 6], [4, 0x2000], [4, 3], [4, 0], [4, 2], text('äb').subarray(0, 4)] as const),
      ...([[4, 2], Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 5), [4, 32], [4, 544]] as const),
      ...([[4, 2], [4, 2], [2, 258], [2, 772], [4, 3], Uint8Array.of(1, 2, 3, 0)] as const),
      ...([[4, 5], [4, 5], [4, 0x2004], [4, 2], [4, 0], [4, 2], text('z')] as const),
      ...([[1, 7], Uint8Array.of(0, 0, 0), [4, 258], [4, 0x2008], [2, 772]] as const),
    ),
    undefined,
    true,
  )
  assert.deepEqual(value, {
    byte: 1,
    short: 0x0203,
    long: 0x0405_0607,
    negative: -2,
    hyper: 0x0102_0304_0506_0708n,
    negativeHyper: -3n,
    time: 0x1122_3344_5566_7788n,
    id: '00010203-0405-0607-0809-0a0b0c0d0e0f',
    handle: { attributes: 9, uuid: '00010203-0405-0607-0809-0a0b0c0d0e0f' },
    raw: Uint8Array.of(1, 2, 3),
    name: 'äb',
    who: 'S-1-5-32-544',
    count: 2,
    numbers: [258, 772],
    bytes: Uint8Array.of(1, 2, 3),
    tag: 5,
    chosen: { tag: 5, value: 'z' },
    inside: { a: 7, b: 258, c: 772 },
  })
})

test('property: damaged packets of such clients end in answers or in an end', () => {
  const damage = fc.array(fc.record({ at: fc.nat(200), value: fc.nat(255) }), { maxLength: 4 })
  fc.assert(
    fc.property(damage, fc.nat(200), (changes, cut) => {
      const server = new Listening(endpoint(new ToyState().services()))
      for (const whole of [bind, request(1, greeting), request(9, greeting)]) {
        const bytes = whole.slice(0, whole.length - (cut < 100 ? 0 : Math.min(cut - 100, whole.length)))
        for (const { at, value } of changes) if (at < bytes.length && at !== 4) bytes[at] = value
        for (const sent of server.say(bytes)) assert.ok(headerAt(sent).fragmentLength === sent.length)
      }
    }),
    { numRuns: 300 },
  )
})
