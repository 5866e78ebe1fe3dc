import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { WireError } from '../../src/wire/schema/index.ts'
import {
  NO_DIALECT_IN_COMMON,
  SMB1_HEADER_SIZE,
  Smb1Command,
  Smb1Dialect,
  Smb1Flags,
  Smb1Flags2,
  Smb1Header,
  Smb1NegotiateRefusal,
  Smb1NegotiateRequest,
} from '../../src/wire/smb1/index.ts'

/** What Samba's client sends when it may speak SMB1 and SMB2. */
const request = fromHex(`ff534d42 72 00000000 18 43c8 0000 0000000000000000 0000 0000 feff 0000 0000
  00 3100 02 4e54204c414e4d414e20312e30 00 02 4e54204c4d20302e3132 00 02 534d4220322e303032 00 02 534d4220322e3f3f3f 00`)
/** What Samba's server, without SMB1, answers to a client that offers nothing else. */
const refusal = fromHex('ff534d42 72 00000000 88 03c0 0000 0000000000000000 0000 0000 feff 0000 0000 01 ffff 0000')

test('a multi-protocol negotiation names its dialects', () => {
  const view = viewOf(request)
  const header = Smb1Header.decode(view, 0, request.length)
  assert.equal(header.command, Smb1Command.NEGOTIATE)
  assert.equal(header.flags & Smb1Flags.REPLY, 0)
  assert.notEqual(header.flags2 & Smb1Flags2.UNICODE, 0)
  const { dialects } = Smb1NegotiateRequest.decode(view, SMB1_HEADER_SIZE)
  assert.deepEqual(dialects, ['NT LANMAN 1.0', 'NT LM 0.12', Smb1Dialect.SMB_2_002, Smb1Dialect.SMB_2_WILDCARD])
  assert.equal(hex(Smb1NegotiateRequest.encode({ dialects })), hex(request.subarray(SMB1_HEADER_SIZE)))
  assert.equal(hex(Smb1Header.encode(header)), hex(request.subarray(0, SMB1_HEADER_SIZE)))
})

test('the refusal is one word', () => {
  const { dialectIndex } = Smb1NegotiateRefusal.decode(viewOf(refusal), SMB1_HEADER_SIZE)
  assert.equal(dialectIndex, NO_DIALECT_IN_COMMON)
  assert.equal(hex(Smb1NegotiateRefusal.encode({})), hex(refusal.subarray(SMB1_HEADER_SIZE)))
  assert.notEqual(Smb1Header.decode(viewOf(refusal), 0, refusal.length).flags & Smb1Flags.REPLY, 0)
})

test('damaged dialect lists are refused', () => {
  for (let length = SMB1_HEADER_SIZE; length < request.length; length++)
    assert.throws(() => Smb1NegotiateRequest.decode(viewOf(request.slice(0, length)), SMB1_HEADER_SIZE), WireError)
  assert.throws(() => Smb1NegotiateRequest.decode(viewOf(fromHex('00 0300 02 41 42'))), /terminating zero/)
  assert.throws(() => Smb1NegotiateRequest.decode(viewOf(fromHex('00 0300 03 41 00'))), /format 2/)
  const many = Smb1NegotiateRequest.encode({ dialects: Array.from({ length: 257 }, () => 'x') })
  assert.throws(() => Smb1NegotiateRequest.decode(viewOf(many)), /more than 256 dialects/)
})
