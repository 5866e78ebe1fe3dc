import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fromHex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { type FieldNode, formatTree, type Struct } from '../../src/wire/schema/index.ts'
import {
  Command,
  CompressionAlgorithm,
  CompressionFlags,
  CompressionPatternPayloadV1,
  CompressionPayloadHeader,
  CompressionPayloadHeaderSized,
  CompressionTransformHeader,
  CompressionTransformHeaderChained,
  CreateContextName,
  CreateDisposition,
  CreateRequest,
  dissectFrame,
  dissectMessage,
  ErrorResponse,
  encodeErrorContexts,
  HeaderFlags,
  InfoType,
  informationAsked,
  LockRequest,
  QueryInfoRequest,
  QueryInfoResponse,
  Smb2Header,
  summarize,
  symbolicLinkError,
  TransformHeader,
} from '../../src/wire/smb2/index.ts'

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/smb2-captured.json'), 'utf8')) as {
  name: string
  hex: string
}[]

const vector = (name: string): DataView => {
  const found = vectors.find((one) => one.name === name) ?? assert.fail(name)
  return viewOf(fromHex(found.hex))
}

const treeOf = (view: DataView): string => formatTree(dissectMessage(view, 0, view.byteLength))

interface Header {
  readonly command: number
  readonly flags?: number
  readonly status?: number
  readonly nextCommand?: number
}

function message<V extends object>(header: Header, declared: Struct<object, V>, body: V): Uint8Array {
  const bytes = new Uint8Array(64 + declared.sizeOfEncoded(body, 64))
  const rest = { credits: 1, messageId: 7n, treeId: 1, sessionId: 2n, signature: new Uint8Array(16) }
  Smb2Header.encodeInto(viewOf(bytes), 0, { ...rest, flags: 0, ...header })
  declared.encodeInto(viewOf(bytes), 64, body, 0)
  return bytes
}

const RESPONSE = HeaderFlags.SERVER_TO_REDIR
const FILE = { persistent: 0x11n, volatile: 0x22n }
const CREATE = {
  desiredAccess: 0x8000_0000,
  shareAccess: 1,
  createDisposition: CreateDisposition.OPEN,
  createOptions: 0x40,
  name: 'a\\b.txt',
}

function find(nodes: readonly FieldNode[], label: string): FieldNode | undefined {
  for (const node of nodes) {
    const found = node.label === label ? node : find(node.children, label)
    if (found !== undefined) return found
  }
  return undefined
}

suite('trees', () => {
  test('a request shows its create contexts opened', () => {
    const tree = treeOf(vector('CREATE request RqLs'))
    assert.match(tree, /^SMB2 header\n {2}protocolId: 0x424d53fe\n/)
    assert.match(tree, /\n {2}channelSequence: 0\n {2}command: CREATE \(0x5\)\n/)
    assert.match(tree, /\n {2}name: "lease_break.dat"\n/)
    assert.match(tree, /\n {6}name: "RqLs"\n {6}data\n {8}SMB2_CREATE_REQUEST_LEASE\n {10}leaseKey: \{e0ddf00d-/)
    assert.match(tree, /leaseState: READ_CACHING\n/)
  })

  test('a response shows its status and its negotiate contexts opened', () => {
    const tree = treeOf(vector('NEGOTIATE response STATUS_SUCCESS 0x311'))
    assert.match(tree, /\n {2}status: SUCCESS/)
    assert.match(tree, /dialectRevision: SMB_3_1_1/)
    assert.match(tree, /SMB2_PREAUTH_INTEGRITY_CAPABILITIES\n +hashAlgorithmCount: 1\n/)
    assert.match(tree, /SMB2_ENCRYPTION_CAPABILITIES\n +cipherCount: 1\n +ciphers: \[AES_128_GCM/)
  })

  test('nodes say where they are in the view', () => {
    const bytes = message({ command: Command.CREATE }, CreateRequest, CREATE)
    const moved = new Uint8Array(bytes.length + 9)
    moved.set(bytes, 9)
    const name = find(dissectMessage(viewOf(moved), 9, moved.length), 'name')
    assert.deepEqual([name?.start, name?.end], [9 + 120, 9 + 120 + 14])
    assert.equal(name?.value, 'a\\b.txt')
  })

  test('the answer of a query is opened when its request is known', () => {
    const fields = { infoType: InfoType.FILE, fileInfoClass: 6, outputBufferLength: 8, fileId: FILE }
    const request = message({ command: Command.QUERY_INFO }, QueryInfoRequest, fields)
    const asked = informationAsked(viewOf(request))
    assert.deepEqual(asked, { infoType: InfoType.FILE, infoClass: 6 })
    const answer = { outputBuffer: Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0) }
    const bytes = message({ command: Command.QUERY_INFO, flags: RESPONSE }, QueryInfoResponse, answer)
    const opened = dissectMessage(viewOf(bytes), 0, bytes.length, true, asked)
    assert.equal(find(opened, 'indexNumber')?.value, 5n)
    assert.equal(find(dissectMessage(viewOf(bytes), 0, bytes.length, true), 'indexNumber'), undefined)
    assert.equal(informationAsked(viewOf(request.slice(0, 66))), undefined)
    assert.equal(informationAsked(vector('CLOSE request')), undefined)
  })

  test('what SET_INFO sets, and what changed', () => {
    assert.match(treeOf(vector('SET_INFO request 0x1/0xa')), /FileRenameInformation\n +replaceIfExists/)
    assert.match(treeOf(vector('SET_INFO request 0x3/0x0')), /SECURITY_DESCRIPTOR\n/)
    assert.match(treeOf(vector('CHANGE_NOTIFY response STATUS_SUCCESS')), /FILE_NOTIFY_INFORMATION\n/)
  })

  test('ioctl buffers by control code', () => {
    assert.match(treeOf(vector('IOCTL request 0x140204')), /VALIDATE_NEGOTIATE_INFO Request\n/)
    assert.match(treeOf(vector('IOCTL response STATUS_SUCCESS 0x1401fc')), /NETWORK_INTERFACE_INFO\n/)
  })

  test('error data by status, in a context or bare', () => {
    const errorContextData = symbolicLinkError({ substituteName: 'x', printName: 'y', unparsedPathLength: 0, flags: 1 })
    const header = { command: Command.CREATE, flags: RESPONSE, status: NtStatus.STOPPED_ON_SYMLINK }
    const bare = message(header, ErrorResponse, { errorData: errorContextData })
    assert.match(treeOf(viewOf(bare)), /substituteName: "x"/)
    const errorData = encodeErrorContexts([{ errorContextData }])
    const inContext = message(header, ErrorResponse, { errorContextCount: 1, errorData })
    assert.match(treeOf(viewOf(inContext)), /SMB2 ERROR Context\n[^]*substituteName: "x"/)
  })

  test('damage is named where it is, and what is before it is kept', () => {
    const bytes = message({ command: Command.CREATE }, CreateRequest, {
      ...CREATE,
      createContexts: [{ name: CreateContextName.LEASE, data: new Uint8Array(20) }],
    })
    const short = formatTree(dissectMessage(viewOf(bytes), 0, bytes.length))
    assert.match(short, /SMB2_CREATE_REQUEST_LEASE\n +leaseKey: .*\n +leaseState: 0\n +leaseFlags {2}!! cut off\n/)
    const cut = formatTree(dissectMessage(viewOf(bytes.slice(0, 125)), 0, 125))
    assert.match(cut, /createDisposition: OPEN[^]*name {2}!! bytes 120 to 134 are not within 64 to 125/)
    assert.match(formatTree(dissectMessage(viewOf(bytes.slice(0, 30)), 0, 30)), /messageId {2}!! cut off\n$/)
    assert.match(formatTree(dissectMessage(viewOf(bytes), 0, 64)), /^SMB2 header\n( .*\n)+$/)
  })

  test('an unknown command has a header and bytes', () => {
    const bytes = message({ command: 0x77 }, ErrorResponse, {})
    assert.match(treeOf(viewOf(bytes)), /body: 9 bytes {2}!! no body is known for command 119/)
  })
})

suite('frames', () => {
  test('a chain is taken apart', () => {
    const first = message({ command: Command.CREATE, nextCommand: 136 }, CreateRequest, CREATE)
    const second = message({ command: Command.CREATE }, CreateRequest, { ...CREATE, name: 'second' })
    const frame = new Uint8Array(136 + second.length)
    frame.set(first)
    frame.set(second, 136)
    const nodes = dissectFrame(viewOf(frame))
    assert.deepEqual(
      nodes.map(({ label, start }) => [label, start]),
      [
        ['SMB2 header', 0],
        ['SMB2 CREATE Request', 64],
        ['SMB2 header', 136],
        ['SMB2 CREATE Request', 200],
      ],
    )
    viewOf(frame).setUint32(20, 0xffff_fff8, true)
    assert.match(formatTree(dissectFrame(viewOf(frame))), /the next message is not at \+4294967288/)
  })

  test('a chain that would go on without end is cut', () => {
    const frame = new Uint8Array(64 * 3000)
    const one = message({ command: Command.ECHO, nextCommand: 64 }, ErrorResponse, {})
    for (let at = 0; at < frame.length; at += 64) frame.set(one.subarray(0, 64), at)
    assert.ok(dissectFrame(viewOf(frame)).length <= 1026)
  })

  test('sealed and compressed messages show their headers', () => {
    const sealed = TransformHeader.encode({
      signature: new Uint8Array(16),
      nonce: new Uint8Array(16),
      originalMessageSize: 100,
      flags: 1,
      sessionId: 5n,
    })
    assert.match(formatTree(dissectFrame(viewOf(sealed))), /^SMB2 TRANSFORM_HEADER\n[^]*sealed message: 0 bytes\n$/)
    assert.equal(summarize(viewOf(sealed)), 'sealed message session=0x5 100 bytes')
    const plain = CompressionTransformHeader.encode({
      originalCompressedSegmentSize: 9,
      compressionAlgorithm: CompressionAlgorithm.LZ77,
      offset: 0,
    })
    assert.match(formatTree(dissectFrame(viewOf(plain))), /compressionAlgorithm: LZ77/)
  })

  test('a chained compression has a header a payload', () => {
    const pattern = CompressionPatternPayloadV1.encode({ pattern: 0x41, repetitions: 64 })
    const parts = [
      CompressionTransformHeaderChained.encode({ originalCompressedSegmentSize: 70 }),
      CompressionPayloadHeader.encode({
        compressionAlgorithm: CompressionAlgorithm.PATTERN_V1,
        flags: CompressionFlags.CHAINED,
        length: pattern.length,
      }),
      pattern,
      CompressionPayloadHeaderSized.encode({
        compressionAlgorithm: CompressionAlgorithm.LZ4,
        length: 4 + 2,
        originalPayloadSize: 6,
      }),
      Uint8Array.of(1, 2),
    ]
    const bytes = Uint8Array.from(parts.flatMap((part) => [...part]))
    const labels = dissectFrame(viewOf(bytes)).map(({ label, start, end }) => [label, start, end])
    assert.deepEqual(labels, [
      ['SMB2 COMPRESSION_TRANSFORM_HEADER (chained)', 0, 8],
      ['SMB2 COMPRESSION_CHAINED_PAYLOAD_HEADER', 8, 16],
      ['payload', 16, 24],
      ['SMB2 COMPRESSION_CHAINED_PAYLOAD_HEADER (sized)', 24, 36],
      ['payload', 36, 38],
    ])
    assert.match(formatTree(dissectFrame(viewOf(bytes.slice(0, 37)))), /payload is cut off/)
  })

  test('what is no message at all is said to be so', () => {
    assert.match(formatTree(dissectFrame(viewOf(Uint8Array.of(1, 2, 3, 4, 5)))), /unknown protocol id 0x04030201/)
    assert.match(formatTree(dissectFrame(viewOf(new Uint8Array(0)))), /unknown protocol id/)
  })
})

suite('lines', () => {
  const lines: readonly [name: string, line: string][] = [
    ['CANCEL request', '#10 CANCEL async=0xa'],
    ['CHANGE_NOTIFY request', '#8 CHANGE_NOTIFY file=f65d6a7f:2c9c5efa FILE_NAME|DIR_NAME tree'],
    ['CHANGE_NOTIFY response STATUS_PENDING', '#32 CHANGE_NOTIFY STATUS_PENDING async=0x20'],
    ['IOCTL request 0x140204', '#5 IOCTL VALIDATE_NEGOTIATE_INFO input=28 bytes'],
    ['OPLOCK_BREAK response STATUS_SUCCESS 0x2c', '#- OPLOCK_BREAK ok lease=e0ddf00d-0ffe-badc-f20f-221f01f02345 7->3'],
    ['QUERY_INFO request 0x1/0x12', '#11 QUERY_INFO file=14f93a75:ea4906b4 FileAllInformation room=65536'],
    ['SESSION_SETUP response STATUS_LOGON_FAILURE', '#2 SESSION_SETUP STATUS_LOGON_FAILURE'],
    ['TREE_CONNECT request, larger', '#6 TREE_CONNECT "\\\\\\\\127.0.0.1\\\\nosuchshare"'],
  ]
  for (const [name, line] of lines) test(name, () => assert.equal(summarize(vector(name)), line))

  test('a name does not fill the log, and cannot break its line', () => {
    const name = `a\nb\u001b${'x'.repeat(5000)}`
    const line = summarize(viewOf(message({ command: Command.CREATE }, CreateRequest, { ...CREATE, name })))
    assert.ok(line.length < 500, `${line.length}`)
    assert.match(line, /^#7 CREATE "a\\nb\\u001bx+"… \(5004 characters\) OPEN /)
    const locks = Array.from({ length: 50 }, () => ({ offset: 1n, length: 2n, flags: 1 }))
    assert.match(
      summarize(viewOf(message({ command: Command.LOCK }, LockRequest, { fileId: FILE, locks }))),
      /… \(50\)$/,
    )
  })

  test('damaged messages have a line too', () => {
    const bytes = message({ command: Command.CREATE }, CreateRequest, CREATE)
    assert.match(summarize(viewOf(bytes.slice(0, 125))), /^#7 CREATE malformed: SMB2 CREATE Request.name/)
    assert.match(summarize(viewOf(bytes.slice(0, 63))), /^malformed message: SMB2 header/)
    assert.equal(summarize(viewOf(message({ command: 0x77 }, ErrorResponse, {}))), '#7 command 119')
  })
})
