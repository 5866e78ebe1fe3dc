import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import { SessionGate } from '../../src/server/netbios/session-gate.ts'
import { SessionError, SessionPacketHeader, SessionPacketType, SessionRequest } from '../../src/wire/nbss/index.ts'

const FILE_SERVER = 0x20

function request(name: string, suffix = FILE_SERVER, scope = ''): Uint8Array {
  const calling = { name: 'CLIENT', suffix: 0, scope: '' }
  const body = SessionRequest.encode({ names: { called: { name, suffix, scope }, calling } })
  const header = SessionPacketHeader.encode({ type: SessionPacketType.SESSION_REQUEST, length: body.length })
  return Uint8Array.from([...header, ...body])
}

/** A gate, what it sends, and what it lets through. */
function gate() {
  const sent: number[] = []
  const passed: number[] = []
  const state = { closed: false }
  const room = new Uint8Array(7)
  const transport = {
    remote: 'client:1',
    local: 'server',
    unsentBytes: 0,
    send: (parts: readonly Uint8Array[]) => parts.forEach((part) => sent.push(...part)),
    pause: () => {},
    resume: () => {},
    close: () => {
      state.closed = true
    },
  }
  const connection = {
    space: () => room,
    filled: (count: number) => void passed.push(...room.subarray(0, count)),
    received: (chunk: Uint8Array) => void passed.push(...chunk),
    drained: () => {},
    closed: () => {},
  }
  return { gate: new SessionGate(transport, connection, ['GUPPIE']), sent, passed, state }
}

/** As a socket does that reads in place, in pieces. */
function fill(to: SessionGate, bytes: Uint8Array, most: number): void {
  for (let at = 0; at < bytes.length; ) {
    const space = to.space()
    const count = Math.min(most, space.length, bytes.length - at)
    space.set(bytes.subarray(at, at + count))
    to.filled(count)
    at += count
  }
}

const SMB = Uint8Array.of(0, 0, 0, 4, 0xfe, 0x53, 0x4d, 0x42)
const POSITIVE = [SessionPacketType.POSITIVE_SESSION_RESPONSE, 0, 0, 0]

suite('the gate of a NetBIOS session', () => {
  for (const name of ['GUPPIE', 'guppie', '*SMBSERVER'])
    test(`${name} is called, in pieces of any size, and what follows goes through`, () => {
      const bytes = Uint8Array.from([...request(name), ...SMB])
      for (const size of [1, 3, 1000]) {
        const [read, given] = [gate(), gate()]
        fill(read.gate, bytes, size)
        for (let at = 0; at < bytes.length; at += size) given.gate.received(bytes.subarray(at, at + size))
        for (const { sent, passed, state } of [read, given]) {
          assert.deepEqual(sent, POSITIVE)
          assert.deepEqual(passed, [...SMB])
          assert.equal(state.closed, false)
        }
      }
    })

  const refused = (bytes: Uint8Array): number | undefined => {
    const { gate: one, sent, passed, state } = gate()
    one.received(Uint8Array.from([...bytes, ...SMB]))
    assert.deepEqual(passed, [])
    assert.equal(state.closed, true)
    assert.equal(sent[0], SessionPacketType.NEGATIVE_SESSION_RESPONSE)
    return sent[4]
  }

  test('others are told why not', () => {
    assert.equal(refused(request('OTHER')), SessionError.CALLED_NAME_NOT_PRESENT)
    assert.equal(refused(request('GUPPIE', 0)), SessionError.NOT_LISTENING_ON_CALLED_NAME)
    assert.equal(refused(SMB), SessionError.UNSPECIFIED)
    const long = request('GUPPIE')
    viewOf(long).setUint16(2, 0xffff)
    assert.equal(refused(long), SessionError.UNSPECIFIED)
    const damaged = request('GUPPIE')
    damaged[6] = 0x7a
    assert.equal(refused(damaged), SessionError.UNSPECIFIED)
    const empty = Uint8Array.of(SessionPacketType.SESSION_REQUEST, 0, 0, 0)
    assert.equal(refused(empty), SessionError.UNSPECIFIED)
  })
})
