/** The structures of the POSIX extensions, against bytes that were laid out by hand as Samba and Linux describe them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import * as fscc from '../../src/wire/fscc/index.ts'
import { type Struct, toPlain, WireError } from '../../src/wire/schema/index.ts'
import { CreateContextName, PosixCreateRequest, PosixCreateResponse } from '../../src/wire/smb2/index.ts'

const TIMES = '0180209bcb82d8010280209bcb82d8010380209bcb82d8010480209bcb82d801'
/** Size 4097, allocated 8192, NORMAL, inode 0x123456789abcdef, device 0xfd01. */
const FILE = `${TIMES}0110000000000000002000000000000080000000efcdab896745230101fd000000000000`
/** Two links, no reparse point, 0640, S-1-22-1-1000, S-1-22-2-100. */
const CREATED = '0200000000000000a0010000010200000000001601000000e803000001020000000000160200000064000000'
/** One link, a directory of 0755, S-1-5-18, S-1-5-32-544, a:b. */
const LISTED = '0100000000000000ed110000010100000000000512000000010200000000000520000000200200000600000061003a006200'
const VOLUME =
  '000001000010000040420f0000000000c02709000000000020a1070000000000000001000000000060ea00000000000078563412cefaedfe'

const file = {
  creationTime: 133000000000000001n,
  lastAccessTime: 133000000000000002n,
  lastWriteTime: 133000000000000003n,
  changeTime: 133000000000000004n,
  endOfFile: 4097n,
  allocationSize: 8192n,
  fileAttributes: fscc.FileAttributes.NORMAL,
  inode: 0x123456789abcdefn,
  deviceId: 0xfd01,
  reserved: 0,
}
const created = { numberOfLinks: 2, reparseTag: 0, mode: 0o640, owner: 'S-1-22-1-1000', group: 'S-1-22-2-100' }
const directory = fscc.posixMode(fscc.PosixFileType.DIRECTORY, 0o755)
const listed = { numberOfLinks: 1, reparseTag: 0, mode: directory, owner: 'S-1-5-18', group: 'S-1-5-32-544' }
const volume = {
  optimalTransferSize: 65536,
  blockSize: 4096,
  totalBlocks: 1_000_000n,
  blocksAvailable: 600_000n,
  userBlocksAvailable: 500_000n,
  totalFileNodes: 65536n,
  freeFileNodes: 60_000n,
  fileSystemIdentifier: 0xfeedface12345678n,
}

const vectors: readonly [structure: { readonly structName: string }, bytes: string, value: object][] = [
  [PosixCreateRequest, 'ed030000', { mode: 0o1755 }],
  [PosixCreateResponse, CREATED, created],
  [fscc.FilePosixInformation, FILE + CREATED, { ...file, ...created }],
  [
    fscc.FilePosixDirectoryInformation,
    `0000000000000000${FILE}${LISTED}`,
    { nextEntryOffset: 0, fileIndex: 0, ...file, ...listed, fileName: 'a:b' },
  ],
  [fscc.FileFsPosixInformation, VOLUME, volume],
]

suite('POSIX extensions', () => {
  for (const [of, bytes, value] of vectors) {
    const structure = of as unknown as Struct<object, object>
    test(structure.structName, () => {
      const view = viewOf(fromHex(bytes))
      assert.deepEqual(toPlain(structure.decode(view)), value)
      assert.equal(hex(structure.encode(value)), bytes)
      for (const node of structure.dissect(view)) assert.equal(node.problem, undefined, node.path)
      for (let length = 0; length < view.byteLength; length++)
        assert.throws(() => structure.decode(new DataView(view.buffer, 0, length)), WireError)
    })
  }

  test('a name or a SID that says it is longer than the entry', () => {
    const entry = fromHex(`0000000000000000${FILE}${LISTED}`)
    const nameLength = entry.length - 10
    for (const [at, value] of [
      [nameLength, 8],
      [nameLength, 5],
      [nameLength + 3, 0xff],
      [nameLength - 27, 15],
    ] as const) {
      const bent = entry.slice()
      bent[at] = value
      assert.throws(() => fscc.FilePosixDirectoryInformation.decode(viewOf(bent)), WireError)
    }
  })

  test('the create context is called by its GUID, byte after byte as it is spelled', () => {
    const name = Uint8Array.from(CreateContextName.POSIX, (character) => character.charCodeAt(0))
    assert.equal(hex(name), '93ad25509cb411e7b42383de968bcd7c')
  })
})
