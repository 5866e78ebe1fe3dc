import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { viewOf } from '../../src/bytes/utf16.ts'
import { AssociationGroups } from '../../src/rpc/association.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { RpcError } from '../../src/rpc/fault.ts'
import { headerOf, requestPackets, sealed } from '../../src/rpc/packets.ts'
import type { RpcEndpoint } from '../../src/rpc/server.ts'
import {
  BindAck,
  BindNak,
  BindRejection,
  bindTimeSyntax,
  ContextReason,
  ContextResult,
  Fault,
  FaultStatus,
  HeaderOnly,
  PacketFlags,
  PacketType,
  Request,
  Response,
  type Syntax,
  TransferSyntax,
} from '../../src/wire/dcerpc/index.ts'
import { bindPacket, duplexTo, endpoint, headerAt, Listening, ndr20, present } from './rpc-pair.ts'
import { Other, Toy, ToyState } from './rpc-toy.ts'

async function bound(pieceBytes?: number) {
  const state = new ToyState()
  const duplex = duplexTo(endpoint(state.services(), { report: (error) => state.reported.push(error) }), pieceBytes)
  const client = new RpcClient(duplex)
  return { state, duplex, client, toy: await client.bind(Toy) }
}

const isFault =
  (status: number) =>
  (error: unknown): boolean =>
    error instanceof RpcError && error.code === 'RPC_FAULT' && error.status === status

test('client and server: bind, call, a second interface by alter_context', async () => {
  const { client, toy, duplex } = await bound()
  assert.deepEqual(await toy.Greet({ name: 'you' }), { greeting: 'hello you', result: 0 })
  assert.deepEqual(await toy.Greet({ name: null }), { greeting: null, result: 0 })
  const other = await client.bind(Other)
  assert.equal((await other.Add({ a: 2, b: 3 })).result, 5)
  assert.deepEqual(await toy.Greet({ name: 'me' }), { greeting: 'hello me', result: 0 })
  assert.equal(duplex.server.ended, false)
})

test('fragments both ways, also when every byte comes alone', async () => {
  for (const pieceBytes of [1, 17, 4280, Number.POSITIVE_INFINITY]) {
    const { toy, duplex } = await bound(pieceBytes)
    for (const length of [0, 1, 4252, 4256, 4257, 20_000]) {
      const data = Uint8Array.from({ length }, (_, i) => i % 251)
      assert.deepEqual((await toy.Echo({ data })).data, data, `${length} bytes by ${pieceBytes}`)
    }
    assert.equal(duplex.server.sent.length, 0)
  }
})

test('fragments are as large as agreed, and all but the last hold a multiple of 8 bytes', async () => {
  const server = new Listening(endpoint(new ToyState().services()))
  const ack = BindAck.decode(viewOf(present(server.say(bindPacket([ndr20(Toy.syntax)], { fragmentBytes: 2403 }))[0])))
  assert.equal(ack.maxTransmitFragment, 2400)
  assert.equal(ack.maxReceiveFragment, 2400)
  assert.equal(ack.secondaryAddress, '\\PIPE\\test\0')
  const stub = Toy.operations.Big.in.write({ length: 10_000 })
  const [packet] = requestPackets({ callId: 2, contextId: 0, operationNumber: 8 }, stub, 2400)
  const sent = server.say(present(packet))
  assert.equal(sent.length, 5)
  let expected = 10_004
  sent.forEach((fragment, index) => {
    const response = Response.decode(viewOf(fragment))
    assert.equal(fragment.length, response.header.fragmentLength)
    assert.ok(fragment.length <= 2400)
    assert.equal(response.allocationHint, expected)
    if (index < 4) assert.equal(response.stub.length % 8, 0)
    assert.equal(response.header.flags, (index === 0 ? 1 : 0) | (index === 4 ? 2 : 0))
    expected -= response.stub.length
  })
  assert.equal(expected, 0)
})

test('fragment sizes: one for both directions, within bounds, and not up for change', () => {
  for (const [transmit, receive, agreed] of [
    [0, 0, 2048],
    [0, 65_535, 2048],
    [65_535, 2047, 2048],
    [3199, 65_535, 3192],
    [4280, 4280, 4280],
    [5840, 65_535, 4280],
  ] as const) {
    const server = new Listening(endpoint(new ToyState().services()))
    const bind = bindPacket([ndr20(Toy.syntax)])
    viewOf(bind).setUint16(16, transmit, true)
    viewOf(bind).setUint16(18, receive, true)
    const alter = bindPacket([ndr20(Other.syntax, 1)], { packetType: PacketType.ALTER_CONTEXT, fragmentBytes: 2056 })
    for (const packet of [bind, alter]) {
      const ack = BindAck.decode(viewOf(present(server.say(packet)[0])))
      assert.deepEqual([ack.maxTransmitFragment, ack.maxReceiveFragment], [agreed, agreed])
    }
  }
})

test('features are asked for by the first transfer syntax of one context, and once', () => {
  const ask = (...lists: (readonly number[])[]): number[][] | undefined => {
    const server = new Listening(endpoint(new ToyState().services()))
    const contexts = lists.map((features, contextId) => ({
      contextId,
      abstractSyntax: Toy.syntax,
      transferSyntaxes: features.map((each) => (each < 0 ? TransferSyntax.NDR20 : bindTimeSyntax(each))),
    }))
    const [packet] = server.say(bindPacket(contexts))
    if (headerAt(packet).packetType === PacketType.BIND_NAK) return undefined
    const ack = BindAck.decode(viewOf(present(packet)))
    return ack.results.results.map(({ result, reason }) => [result, reason])
  }
  assert.deepEqual(ask([0]), [[ContextResult.NEGOTIATE_ACK, 0]])
  assert.deepEqual(ask([1, 2, -1]), [[ContextResult.NEGOTIATE_ACK, 1]])
  assert.deepEqual(ask([2]), [[ContextResult.NEGOTIATE_ACK, 2]])
  assert.deepEqual(ask([-1, 2]), [[ContextResult.ACCEPTANCE, 0]])
  assert.equal(ask([2], [1]), undefined)
})

test('an orphan that was left half sent is forgotten, if the client has asked for that', () => {
  const half = present(
    [...requestPackets({ callId: 5, contextId: 0, operationNumber: 0 }, new Uint8Array(5000), 4280)][0],
  )
  const orphaned = sealed(HeaderOnly.encode({ header: headerOf(PacketType.ORPHANED, 5) }))
  const stub = Toy.operations.Echo.in.write({ data: Uint8Array.of(1) })
  const next = present([...requestPackets({ callId: 6, contextId: 0, operationNumber: 0 }, stub, 4280)][0])
  const features = { contextId: 1, abstractSyntax: Toy.syntax, transferSyntaxes: [bindTimeSyntax(2)] }
  for (const [contexts, answer] of [
    [[ndr20(Toy.syntax), features], PacketType.RESPONSE],
    [[ndr20(Toy.syntax)], PacketType.FAULT],
  ] as const) {
    const server = new Listening(endpoint(new ToyState().services()))
    server.say(bindPacket(contexts))
    assert.deepEqual(server.say(half), [])
    assert.deepEqual(server.say(orphaned), [])
    assert.equal(headerAt(server.say(next)[0]).packetType, answer)
  }
})

test('a client that multiplexes: fragments of several calls at a time, and answers that overtake', async () => {
  const state = new ToyState()
  const server = new Listening(endpoint(state.services(), { limits: { maxRunningCalls: 2 } }))
  const [ack] = server.say(bindPacket([ndr20(Toy.syntax)], { flags: 3 | PacketFlags.CONCURRENT_MULTIPLEXING }))
  assert.equal(headerAt(ack).flags, 3 | PacketFlags.CONCURRENT_MULTIPLEXING)
  const parts = (callId: number): Uint8Array[] => {
    const stub = Toy.operations.Echo.in.write({ data: new Uint8Array(5000).fill(callId) })
    return [...requestPackets({ callId, contextId: 0, operationNumber: 0 }, stub, 4280)]
  }
  const [first, second] = [parts(2), parts(3)]
  assert.deepEqual(server.say(present(first[0])), [])
  assert.deepEqual(server.say(present(second[0])), [])
  for (const [callId, rest] of [
    [3, second[1]],
    [2, first[1]],
  ] as const) {
    const [response] = server.say(present(rest))
    assert.equal(headerAt(response).callId, callId)
    assert.equal(Response.decode(viewOf(present(response))).stub[4], callId)
  }
  const wait = (callId: number): Uint8Array => {
    const stub = Toy.operations.Wait.in.write({ id: callId })
    return present([...requestPackets({ callId, contextId: 0, operationNumber: 5 }, stub, 4280)][0])
  }
  for (const callId of [4, 5, 6]) server.say(wait(callId))
  assert.deepEqual(
    state.waiting.map(({ id }) => id),
    [4, 5],
  )
  state.waiting[1]?.finish(1)
  await setImmediate()
  assert.deepEqual(
    server.sent.splice(0).map((packet) => headerAt(packet).callId),
    [5],
  )
  assert.equal(state.waiting[2]?.id, 6)
})

test('several contexts in a bind: NDR64 and unknown interfaces refused, features answered', () => {
  const server = new Listening(endpoint(new ToyState().services()))
  const unknown = { uuid: 'ffffffff-0000-0000-0000-000000000000', versionMajor: 1, versionMinor: 0 }
  const { syntax } = Toy
  const contexts = [
    ndr20(syntax, 0),
    { contextId: 1, abstractSyntax: syntax, transferSyntaxes: [TransferSyntax.NDR64] },
    { contextId: 2, abstractSyntax: syntax, transferSyntaxes: [bindTimeSyntax(3)] },
    ndr20(unknown, 3),
    { contextId: 4, abstractSyntax: syntax, transferSyntaxes: [TransferSyntax.NDR64, TransferSyntax.NDR20] },
    ndr20({ ...syntax, versionMinor: 0 }, 5),
    ndr20({ ...syntax, versionMinor: 2 }, 6),
    ndr20({ ...syntax, versionMajor: 1 }, 7),
  ]
  const ack = BindAck.decode(viewOf(present(server.say(bindPacket(contexts))[0])))
  assert.deepEqual(
    ack.results.results.map(({ result, reason }) => [result, reason]),
    [
      [ContextResult.ACCEPTANCE, 0],
      [ContextResult.PROVIDER_REJECTION, ContextReason.TRANSFER_SYNTAXES_NOT_SUPPORTED],
      [ContextResult.NEGOTIATE_ACK, 3],
      [ContextResult.PROVIDER_REJECTION, ContextReason.ABSTRACT_SYNTAX_NOT_SUPPORTED],
      [ContextResult.ACCEPTANCE, 0],
      [ContextResult.ACCEPTANCE, 0],
      [ContextResult.PROVIDER_REJECTION, ContextReason.ABSTRACT_SYNTAX_NOT_SUPPORTED],
      [ContextResult.PROVIDER_REJECTION, ContextReason.ABSTRACT_SYNTAX_NOT_SUPPORTED],
    ],
  )
  assert.equal(ack.results.results[4]?.transferSyntax.uuid, TransferSyntax.NDR20.uuid)
})

test('an interface that is not there: the client is told, and can go on', async () => {
  const state = new ToyState()
  const client = new RpcClient(duplexTo(endpoint([state.toy()])))
  await assert.rejects(client.bind(Other), { code: 'RPC_BIND_REFUSED', status: 1 })
  assert.equal((await (await client.bind(Toy)).Greet({ name: 'x' })).result, 0)
  const refused = new RpcClient(duplexTo(endpoint([state.toy()])), { associationGroupId: 77 })
  await assert.rejects(refused.bind(Toy), { code: 'RPC_BIND_REFUSED', status: 0 })
  await assert.rejects(refused.bind(Toy), { code: 'RPC_BIND_REFUSED' })
})

test('faults: unknown operations and contexts, bad parameters, a service’s own, bugs', async () => {
  const { toy, duplex, state } = await bound()
  await assert.rejects(toy.Missing({}), isFault(FaultStatus.OPERATION_RANGE_ERROR))
  await assert.rejects(toy.Fail({ status: 0x1234 }), isFault(0x1234))
  await assert.rejects(toy.Break({ later: 0 }), isFault(FaultStatus.FAULT_UNSPECIFIED))
  await assert.rejects(toy.Break({ later: 1 }), isFault(FaultStatus.FAULT_UNSPECIFIED))
  assert.deepEqual(state.reported.map(String), ['Error: a bug', 'Error: a later bug'])
  const { server } = duplex
  const ask = (contextId: number, operationNumber: number, stub: Uint8Array) => {
    const [packet] = requestPackets({ callId: 9, contextId, operationNumber }, stub, 4280)
    return Fault.decode(viewOf(present(server.say(present(packet))[0])))
  }
  assert.equal(ask(7, 0, new Uint8Array(8)).status, FaultStatus.UNKNOWN_INTERFACE)
  const bad = ask(0, 0, Uint8Array.of(255, 0, 0, 0))
  assert.equal(bad.status, FaultStatus.BAD_STUB_DATA)
  assert.equal(bad.header.callId, 9)
  assert.equal(bad.header.flags, 3 | PacketFlags.DID_NOT_EXECUTE)
  // After all of this the connection still serves.
  assert.equal((await toy.Greet({ name: 'x' })).greeting, 'hello x')
})

test('what is behind the parameters is left alone: clients put a verification trailer there', () => {
  const server = new Listening(endpoint(new ToyState().services()))
  server.say(bindPacket([ndr20(Toy.syntax)]))
  const stub = Uint8Array.of(1, 0, 0, 0, 42, 9, 9, 9, 9)
  const [packet] = requestPackets({ callId: 2, contextId: 0, operationNumber: 0 }, stub, 4280)
  const response = Response.decode(viewOf(present(server.say(present(packet))[0])))
  assert.deepEqual([...response.stub], [1, 0, 0, 0, 42])
})

test('a request with an object UUID, and one that wants no answer', () => {
  const server = new Listening(endpoint(new ToyState().services()))
  server.say(bindPacket([ndr20(Toy.syntax)]))
  const body = { allocationHint: 0, contextId: 0, operationNumber: 0, stub: Uint8Array.of(1, 0, 0, 0, 42) }
  const object = '00112233-4455-6677-8899-aabbccddeeff'
  const withObject = sealed(
    Request.encode({ ...body, header: headerOf(PacketType.REQUEST, 2, 3 | PacketFlags.OBJECT_UUID), object }),
  )
  assert.equal(Request.decode(viewOf(withObject)).object, object)
  assert.equal(server.say(withObject).length, 1)
  const maybe = sealed(Request.encode({ ...body, header: headerOf(PacketType.REQUEST, 3, 3 | PacketFlags.MAYBE) }))
  assert.equal(server.say(maybe).length, 0)
  assert.equal(server.say(withObject).length, 1)
})

async function groupOf(from: RpcEndpoint): Promise<number> {
  const client = new RpcClient(duplexTo(from))
  await client.bind(Toy)
  return client.associationGroupId
}

test('context handles: opened, used, closed, run down; those of others are nobody’s', async () => {
  const groups = new AssociationGroups({ maxHandles: 3, maxHandlesOfAll: 4 })
  const state = new ToyState()
  const from = (owner: string) => endpoint(state.services(), { owner, groups })
  const duplex = duplexTo(from('a'))
  const client = new RpcClient(duplex)
  const toy = await client.bind(Toy)
  const { counter } = await toy.Open({ start: 5 })
  assert.equal((await toy.Next({ counter })).value, 6)
  assert.equal((await toy.Next({ counter })).value, 7)
  // Another connection of the same association has the same handles.
  const { associationGroupId } = client
  const second = duplexTo(from('a'))
  const again = await new RpcClient(second, { associationGroupId }).bind(Toy)
  assert.equal((await again.Next({ counter })).value, 8)
  // Another client has not, and another user cannot join.
  const stranger = await new RpcClient(duplexTo(from('a'))).bind(Toy)
  await assert.rejects(stranger.Next({ counter }), isFault(FaultStatus.CONTEXT_MISMATCH))
  await assert.rejects(new RpcClient(duplexTo(from('b')), { associationGroupId }).bind(Toy), { status: 0 })
  await assert.rejects(toy.Next({ counter: { attributes: 0, uuid: groups.size.toString().padStart(32, '0') } }))
  // Ids of groups are not to be guessed.
  assert.ok(Math.abs((await groupOf(from('a'))) - (await groupOf(from('a')))) > 1)
  // Their number is limited.
  assert.equal((await toy.Open({ start: 1 })).result, 0)
  assert.equal((await toy.Open({ start: 1 })).result, 0)
  assert.equal((await toy.Open({ start: 1 })).result, 8)
  // So is that of all together.
  assert.equal((await stranger.Open({ start: 1 })).result, 0)
  assert.equal((await stranger.Open({ start: 1 })).result, 8)
  await toy.Close({ counter })
  await assert.rejects(toy.Close({ counter }), isFault(FaultStatus.CONTEXT_MISMATCH))
  assert.equal((await toy.Open({ start: 1 })).result, 0)
  duplex.server.connection.close()
  assert.equal(state.rundowns, 0)
  second.server.connection.close()
  assert.equal(state.rundowns, 3)
  assert.equal(groups.handles, 1)
})

test('calls of one connection run one after the other; cancel and orphan', async () => {
  const state = new ToyState()
  const server = new Listening(endpoint(state.services(), { limits: { maxQueuedCalls: 3 } }))
  server.say(bindPacket([ndr20(Toy.syntax)]))
  const wait = (callId: number): Uint8Array => {
    const stub = Toy.operations.Wait.in.write({ id: callId })
    return present([...requestPackets({ callId, contextId: 0, operationNumber: 5 }, stub, 4280)][0])
  }
  const only = (packetType: typeof PacketType.CANCEL | typeof PacketType.ORPHANED, callId: number): Uint8Array =>
    sealed(HeaderOnly.encode({ header: headerOf(packetType, callId) }))
  for (const callId of [2, 3, 4, 5]) assert.equal(server.say(wait(callId)).length, 0)
  // Three wait behind the one that runs; the next is too many.
  const [busy] = server.say(wait(6))
  assert.equal(Fault.decode(viewOf(present(busy))).status, FaultStatus.SERVER_TOO_BUSY)
  assert.deepEqual(
    state.waiting.map(({ id }) => id),
    [2],
  )
  const [cancelled] = server.say(only(PacketType.CANCEL, 4))
  assert.equal(headerAt(cancelled).callId, 4)
  assert.equal(Fault.decode(viewOf(present(cancelled))).status, FaultStatus.CALL_CANCELLED)
  assert.equal(server.say(only(PacketType.ORPHANED, 5)).length, 0)
  // The one that runs is told, and answers as it likes.
  assert.equal(state.waiting[0]?.call.signal.aborted, false)
  server.say(only(PacketType.CANCEL, 2))
  assert.equal(state.waiting[0]?.call.signal.aborted, true)
  state.waiting[0]?.finish(1)
  await setImmediate()
  const sent = server.sent.splice(0)
  assert.deepEqual(
    sent.map((packet) => headerAt(packet).callId),
    [2],
  )
  assert.equal(state.waiting[1]?.id, 3)
  // An orphan that runs ends without an answer, and the connection stays.
  server.say(only(PacketType.ORPHANED, 3))
  assert.equal(state.waiting[1]?.call.signal.aborted, true)
  state.waiting[1]?.finish(1)
  await setImmediate()
  assert.equal(server.sent.length, 0)
  assert.equal(server.ended, false)
  // When the client goes, what runs is told.
  server.say(wait(7))
  server.connection.close()
  assert.equal(state.waiting[2]?.call.signal.aborted, true)
  state.waiting[2]?.finish(1)
  await setImmediate()
  assert.equal(server.sent.length, 0)
})

test('a client’s signal cancels the call on the server', async () => {
  const { toy, state } = await bound()
  const abort = new AbortController()
  const answer = toy.Wait({ id: 1 }, { signal: abort.signal })
  while (state.waiting.length === 0) await setImmediate()
  abort.abort()
  assert.equal(state.waiting[0]?.call.signal.aborted, true)
  state.waiting[0]?.finish(99)
  assert.equal((await answer).result, 99)
  await assert.rejects(toy.Wait({ id: 2 }, { signal: abort.signal }), { name: 'AbortError' })
  assert.equal(state.waiting.length, 1)
  assert.equal((await toy.Greet({ name: 'x' })).result, 0)
})

test('a second bind is refused, and the connection over', () => {
  const server = new Listening(endpoint(new ToyState().services()))
  server.say(bindPacket([ndr20(Toy.syntax)]))
  const [nak] = server.say(bindPacket([ndr20(Toy.syntax)], { callId: 3 }))
  assert.equal(BindNak.decode(viewOf(present(nak))).reason, BindRejection.NOT_SPECIFIED)
  assert.equal(server.ended, true)
})

test('a context id that is taken may only be asked for as what it is', () => {
  const alter = { packetType: PacketType.ALTER_CONTEXT } as const
  const server = new Listening(endpoint(new ToyState().services()))
  server.say(bindPacket([ndr20(Toy.syntax)]))
  const [again] = server.say(bindPacket([ndr20(Toy.syntax)], { ...alter, callId: 2 }))
  const response = BindAck.decode(viewOf(present(again)))
  assert.equal(response.header.packetType, PacketType.ALTER_CONTEXT_RESPONSE)
  assert.equal(response.results.results[0]?.result, ContextResult.ACCEPTANCE)
  assert.equal(response.secondaryAddress, '')
  const asked = (transferSyntaxes: readonly Syntax[]) => ({
    contextId: 0,
    abstractSyntax: Toy.syntax,
    transferSyntaxes,
  })
  // In a syntax that nobody knows it is refused, and stays what it was.
  const [unknown] = server.say(bindPacket([asked([Other.syntax])], { ...alter, callId: 3 }))
  const refused = BindAck.decode(viewOf(present(unknown))).results.results[0]
  assert.equal(refused?.reason, ContextReason.TRANSFER_SYNTAXES_NOT_SUPPORTED)
  for (const wrong of [ndr20(Other.syntax), asked([TransferSyntax.NDR64]), asked([])]) {
    const other = new Listening(endpoint(new ToyState().services()))
    other.say(bindPacket([ndr20(Toy.syntax)]))
    const [packet] = other.say(bindPacket([wrong], { ...alter, callId: 4 }))
    const { status, header } = Fault.decode(viewOf(present(packet)))
    assert.equal(status, FaultStatus.PROTOCOL_ERROR)
    assert.equal(header.flags, 3 | PacketFlags.DID_NOT_EXECUTE)
    assert.equal(other.ended, true)
  }
})
