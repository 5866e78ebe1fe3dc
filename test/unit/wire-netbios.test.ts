import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { ANNOUNCE_EVERY_MS, hostAnnouncement } from '../../src/server/netbios/announcement.ts'
import { answerName, namesOf } from '../../src/server/netbios/name-responder.ts'
import {
  BROWSE_MAILSLOT,
  DirectDatagram,
  HostAnnouncement,
  MailslotWrite,
  NameAddress,
  NameAnswerPacket,
  NameQuestionPacket,
  NameRecordType,
} from '../../src/wire/netbios/index.ts'
import { WireError } from '../../src/wire/schema/index.ts'

/** What Samba's nmblookup 4.17 asks for GUPPIE<20>. */
const query = '4ca501000001000000000000204548464646414641454a454643414341434143414341434143414341434143410000200001'
const address = Uint8Array.of(10, 0, 0, 7)
const names = namesOf('GUPPIE', 'WORKGROUP')

test('a question is read, written back, and refused when it is cut off', () => {
  const packet = NameQuestionPacket.decode(viewOf(fromHex(query)))
  assert.deepEqual(packet.name, { name: 'GUPPIE', suffix: 0x20, scope: '' })
  assert.equal(packet.type, NameRecordType.NB)
  assert.equal(hex(NameQuestionPacket.encode(packet)), query)
  for (let length = 0; length < query.length / 2; length++)
    assert.throws(() => NameQuestionPacket.decode(viewOf(fromHex(query).subarray(0, length))), WireError)
})

test('our name has an address; those of others are not answered', () => {
  const answer = answerName(fromHex(query), names, address)
  assert.ok(answer !== undefined)
  const { transactionId, name, data } = NameAnswerPacket.decode(viewOf(answer))
  assert.equal(transactionId, 0x4ca5)
  assert.equal(name.name, 'GUPPIE')
  assert.deepEqual([...NameAddress.decode(viewOf(data)).address], [...address])
  assert.equal(answerName(fromHex(query), namesOf('OTHER', 'WORKGROUP'), address), undefined)
  assert.equal(answerName(answer, names, address), undefined)
  for (let length = 0; length < query.length / 2; length++)
    assert.equal(answerName(fromHex(query).subarray(0, length), names, address), undefined)
})

test('an announcement says who and how often', () => {
  const bytes = hostAnnouncement(
    { name: 'GUPPIE', workgroup: 'ADVANCE7', comment: 'fish', address, hasPrinters: true },
    7,
  )
  const datagram = DirectDatagram.decode(viewOf(bytes))
  assert.equal(datagram.destinationName.name, 'ADVANCE7')
  assert.equal(datagram.datagramLength, bytes.length - 14)
  const mail = MailslotWrite.decode(viewOf(datagram.userData))
  assert.equal(mail.mailslotName, BROWSE_MAILSLOT)
  const { serverName, periodicity, comment, signature } = HostAnnouncement.decode(viewOf(mail.data))
  assert.deepEqual([serverName, periodicity, comment, signature], ['GUPPIE', ANNOUNCE_EVERY_MS, 'fish', 0xaa55])
  for (let length = 0; length < mail.data.length - 5; length++)
    assert.throws(() => HostAnnouncement.decode(viewOf(mail.data.subarray(0, length))), WireError)
})
