import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  NegativeSessionResponse,
  RetargetSessionResponse,
  SESSION_PACKET_HEADER_SIZE,
  SessionError,
  SessionPacketHeader,
  SessionPacketType,
  SessionRequest,
} from '../../src/wire/nbss/index.ts'
import { WireError } from '../../src/wire/schema/index.ts'

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** A session request of Samba's client: `*SMBSERVER` is called by `LAB`, in a scope. */
const encodedNames = Uint8Array.from([
  32,
  ...ascii('CKFDENECFDEFFCFGEFFCCACACACACACA'),
  0,
  32,
  ...ascii('EMEBECCACACACACACACACACACACACAAA'),
  3,
  ...ascii('lab'),
  4,
  ...ascii('test'),
  0,
])
const names = {
  called: { name: '*SMBSERVER', suffix: 0x20, scope: '' },
  calling: { name: 'LAB', suffix: 0x00, scope: 'lab.test' },
}

test('the length of a session packet has 24 bits, big-endian', () => {
  assert.equal(hex(SessionPacketHeader.encode({ length: 0x01_02_03 })), '00010203')
  const header = SessionPacketHeader.decode(viewOf(fromHex('85fffffe')))
  assert.equal(header.type, SessionPacketType.SESSION_KEEP_ALIVE)
  assert.equal(header.length, 0xff_ff_fe)
  assert.equal(SessionPacketHeader.size, SESSION_PACKET_HEADER_SIZE)
  assert.throws(() => SessionPacketHeader.decode(viewOf(fromHex('000000'))), WireError)
})

test('names are halves of bytes as letters, RFC 1001 14.1', () => {
  assert.deepEqual(SessionRequest.decode(viewOf(encodedNames)).names, names)
  assert.equal(hex(SessionRequest.encode({ names })), hex(encodedNames))
  // The RFC's example of a name that is filled up with blanks.
  const encoded = ascii('EGFCEFEECACACACACACACACACACACACA')
  const rfc = { name: 'FRED', suffix: 0x20, scope: '' }
  assert.equal(
    hex(SessionRequest.encode({ names: { called: rfc, calling: rfc } })),
    hex(Uint8Array.from([32, ...encoded, 0, 32, ...encoded, 0])),
  )
})

test('damaged names are refused', () => {
  const change = (at: number, to: number): Uint8Array =>
    Uint8Array.from(encodedNames, (byte, i) => (i === at ? to : byte))
  for (let length = 0; length < encodedNames.length; length++)
    assert.throws(() => SessionRequest.decode(viewOf(encodedNames.slice(0, length))), WireError, `${length} bytes`)
  assert.throws(() => SessionRequest.decode(viewOf(change(0, 31))), /label of 32 bytes/)
  assert.throws(() => SessionRequest.decode(viewOf(change(1, 0x51))), /letter from A to P/)
  assert.throws(() => SessionRequest.decode(viewOf(change(67, 64))), /too long/)
  // Labels that lead past 255 bytes in all.
  const long = Uint8Array.from([
    ...encodedNames.slice(0, 67),
    ...Array.from({ length: 300 }, (_, i) => (i % 61 === 0 ? 60 : 65)),
    0,
  ])
  assert.throws(() => SessionRequest.decode(viewOf(long)), /too long/)
  assert.throws(
    () => SessionRequest.encode({ names: { ...names, called: { ...names.called, name: 'x'.repeat(16) } } }),
    RangeError,
  )
  assert.throws(
    () => SessionRequest.encode({ names: { ...names, called: { ...names.called, scope: 'a..b' } } }),
    RangeError,
  )
})

test('negative and retarget answers', () => {
  const refused = NegativeSessionResponse.encode({ errorCode: SessionError.CALLED_NAME_NOT_PRESENT })
  assert.equal(hex(refused), '82')
  const elsewhere = RetargetSessionResponse.encode({ address: Uint8Array.of(10, 0, 0, 1), port: 1139 })
  assert.equal(hex(elsewhere), '0a0000010473')
  assert.equal(RetargetSessionResponse.decode(viewOf(elsewhere)).port, 1139)
})
