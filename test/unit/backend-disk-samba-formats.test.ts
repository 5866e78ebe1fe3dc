/** Values that a smbd 4.17 wrote, and what is made of them. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { AttributeCalls, RawStat } from '../../src/backends/disk/calls.ts'
import { decodeDosAttributes, encodeDosAttributes } from '../../src/backends/disk/dos-attributes.ts'
import { decodeNtacl, encodeNtacl } from '../../src/backends/disk/security-descriptor.ts'
import { systemAclBlob } from '../../src/backends/disk/system-acl.ts'
import { fromHex, hex } from '../../src/bytes/hex.ts'

test('user.DOSATTRIB in every version', () => {
  const time = 0x01dd_78e8_0b35_6190n
  const vectors: [string, string, number | undefined, bigint | undefined][] = [
    ['version 5, by smbd 4.17', '0000 0500 0500 0000 11000000 20000000 9061350be878dd01', 0x20, time],
    ['version 5, attributes alone', '0000 0500 0500 0000 01000000 23000000 0000000000000000', 0x23, undefined],
    ['version 4', '0000 0400 0400 0000 51000000 12000000 0102030405060708 9061350be878dd01', 0x12, time],
    [
      'version 3',
      '0000 0300 0300 0000 11000000 22000000 00000000 0000000000000000 0000000000000000 9061350be878dd01 0000000000000000',
      0x22,
      time,
    ],
    [
      'version 3 with its text',
      '3078323000 00 0300 0300 0000 11000000 20000000 00000000 0000000000000000 0000000000000000 9061350be878dd01 0000000000000000',
      0x20,
      time,
    ],
    [
      'version 2',
      '0000 0200 0200 0000 11000000 20000000 00000000 0000000000000000 0000000000000000 9061350be878dd01 0000000000000000 0000000000000000 00000000',
      0x20,
      time,
    ],
    [
      'version 1',
      '0000 0100 0100 0000 21000000 00000000 0000000000000000 0000000000000000 9061350be878dd01 0000000000000000',
      0x21,
      time,
    ],
    ['the text alone', hex(Buffer.from('0x27')), 0x27, undefined],
    ['the text with a NUL', hex(Buffer.from('0x27\0')), 0x27, undefined],
    ['nothing', '', undefined, undefined],
    ['a version that is not known', '0000 0900 0900 0000 11000000 20000000', undefined, undefined],
    ['cut short', '0000 0500 0500 0000 11000000 20000000 906135', undefined, undefined],
    ['no such text', hex(Buffer.from('zz')), undefined, undefined],
  ]
  for (const [what, value, attributes, creationTime] of vectors) {
    assert.deepEqual(decodeDosAttributes(fromHex(value)), { attributes, creationTime }, what)
  }
  const whole = fromHex(vectors[4]?.[1] ?? '')
  for (let length = 0; length < whole.length; length++) decodeDosAttributes(whole.subarray(0, length))
})

test('user.DOSATTRIB is written as smbd writes it', () => {
  const written = encodeDosAttributes(0x20, 0x01dd_78e8_0b35_6190n)
  assert.equal(hex(written), '000005000500000011000000200000009061350be878dd01')
})

/** security.NTACL of a file that smbclient put, and the descriptor in it: after its header, whose offsets differ. */
const BODY =
  '010500000000000515000000e44d8cb6f8b301053164dc78e80300000105000000000005150' +
  '00000e44d8cb6f8b301053164dc7801020000020064000300000000002400ff011f00010500000000000515000000e44d8cb6f8b301053164dc' +
  '78e803000000002400a9001200010500000000000515000000e44d8cb6f8b301053164dc780102000000001400a900120001010000000000010' +
  '0000000'
/** The descriptor whose offsets count from `origin`. */
const descriptorAt = (origin: number): string =>
  `01000480${[20, 48, -origin, 76].map((offset) => hex(Uint8Array.of((offset + origin) & 0xff, 0, 0, 0))).join('')}${BODY}`
const DESCRIPTOR = descriptorAt(0)
const HASH = 'bfa0ae2e0c802ece10fc83d0239b9c3e68243795e2ad9d9acf2368ee94332661'
const SYSTEM_HASH = '5dd2b193e43b4dc35157ee98c7526c731dd3e007cf250e67358da2c7ca90748e'
const ZEROS = '00'.repeat(32)
const NTACL = `0400040000000200040002000100${HASH}${ZEROS}706f7369785f61636c007483350be878dd01${SYSTEM_HASH}${ZEROS}${descriptorAt(160)}`

test('security.NTACL of smbd 4.17 is read, older versions too', () => {
  assert.equal(hex(decodeNtacl(fromHex(NTACL)) ?? new Uint8Array(0)), DESCRIPTOR)
  assert.equal(hex(decodeNtacl(fromHex(`0100 0100 00000200 ${descriptorAt(8)}`)) ?? new Uint8Array(0)), DESCRIPTOR)
  const two = `0200 0200 00000200 04000200 ${'11'.repeat(16)} ${descriptorAt(28)}`
  assert.equal(hex(decodeNtacl(fromHex(two)) ?? new Uint8Array(0)), DESCRIPTOR)
  const three = `0300 0300 00000200 04000200 0100 ${HASH}${ZEROS} 0000 ${descriptorAt(80)}`
  assert.equal(hex(decodeNtacl(fromHex(three)) ?? new Uint8Array(0)), DESCRIPTOR)
  for (const damaged of [
    '',
    '0400',
    '0400 0500 00000200',
    '0900 0900 00000200',
    '0400 0400 00000000',
    NTACL.slice(0, 200),
  ]) {
    assert.equal(decodeNtacl(fromHex(damaged)), undefined)
  }
})

test('a descriptor that leads out of itself is none', () => {
  for (const at of [4, 8, 16]) {
    for (const offset of [1, 19, 200, 0xffff_ffff]) {
      const damaged = fromHex(DESCRIPTOR)
      new DataView(damaged.buffer).setUint32(at, offset, true)
      assert.equal(encodeNtacl(damaged, new Uint8Array(0)), undefined)
      const stored = fromHex(NTACL)
      new DataView(stored.buffer).setUint32(160 + at, offset === 200 ? 400 : offset, true)
      assert.equal(decodeNtacl(stored), undefined)
    }
  }
  assert.equal(encodeNtacl(new Uint8Array(19), new Uint8Array(0)), undefined)
})

test('security.NTACL is written in the same form', () => {
  const written = encodeNtacl(fromHex(DESCRIPTOR), new Uint8Array(0))
  const real = fromHex(NTACL)
  assert.ok(written !== undefined)
  assert.equal(written.length, real.length)
  assert.equal(hex(written.subarray(0, 14)), hex(real.subarray(0, 14)))
  assert.equal(hex(written.subarray(78, 88)), hex(real.subarray(78, 88)))
  assert.equal(hex(written.subarray(128)), `${ZEROS}${descriptorAt(160)}`)
  assert.equal(hex(decodeNtacl(written) ?? new Uint8Array(0)), DESCRIPTOR)
})

/** What the kernel keeps for the file and for a directory beside it: user::rwx, user:0:rwx, group::r-x, ... */
const ACCESS = fromHex(
  '02000000 01000700ffffffff 0200070000000000 04000500ffffffff 0800050000000000 10000700ffffffff 20000500ffffffff',
)

function attributesOf(values: Readonly<Record<string, Uint8Array>>): AttributeCalls {
  const none = (): number => -61
  return {
    read: (_descriptor, name) => values[name] ?? -61,
    readAt: none,
    list: none,
    listAt: none,
    write: none,
    remove: none,
    privileged: true,
  }
}

const raw = (kind: 'file' | 'directory', mode: number): RawStat => ({
  kind,
  type: kind === 'directory' ? 0o4 : 0o10,
  mode,
  fileId: 1n,
  size: 0,
  allocated: 0,
  links: 1,
  accessTime: 0n,
  writeTime: 0n,
  changeTime: 0n,
  exactChangeTime: true,
  birthTime: 0n,
  uid: 0,
  gid: 0,
})
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('the hash of the access control list of the system is the one that smbd made', () => {
  const file = attributesOf({ 'system.posix_acl_access': ACCESS })
  assert.equal(sha256(systemAclBlob(file, 0, raw('file', 0o775))), SYSTEM_HASH)
  const directory = attributesOf({ 'system.posix_acl_access': ACCESS, 'system.posix_acl_default': ACCESS })
  const hash = '0da4270ae6b917c1692ed2e29bf473082239edf9883d68cb10aecc5e00e7ee07'
  assert.equal(sha256(systemAclBlob(directory, 0, raw('directory', 0o775))), hash)
})
