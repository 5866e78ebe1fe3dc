import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { WireError } from '../../src/wire/schema/index.ts'
import {
  AaplDirectoryEntry,
  AaplServerQueryResponse,
  Cipher,
  Command,
  CreateContextName,
  CreateDisposition,
  CreateRequest,
  CreateResponse,
  channelSequence,
  Dialect,
  EncryptionCapabilities,
  ErrorId,
  ErrorResponse,
  encodeErrorContexts,
  errorContexts,
  IoctlResponse,
  isSuccessResponse,
  LeaseBreakAcknowledgment,
  LeaseBreakNotification,
  LeaseBreakResponse,
  lockSequenceIndex,
  lockSequenceNumber,
  MaximalAccessResponse,
  NegotiateContextType,
  NegotiateRequest,
  NegotiateResponse,
  NetworkInterfaceInfoResponse,
  OplockBreakAcknowledgment,
  OplockBreakResponse,
  QueryInfoResponse,
  ReadResponse,
  requestBody,
  responseBody,
  SessionSetupResponse,
  ShareRedirectErrorResponse,
  SockaddrIn,
  SrvSnapshotArray,
  SymbolicLinkErrorResponse,
  SymbolicLinkFlags,
  symbolicLinkError,
  TreeConnectContextType,
  TreeConnectRequest,
  TreeConnectRequestExtended,
} from '../../src/wire/smb2/index.ts'

const HEADER = 64
const GUID = '00112233-4455-6677-8899-aabbccddeeff'

suite('Apple’s create context', () => {
  const server = '0c00000000000000'
  const volume = '0400000000000000'
  const model = '00000000080000004d0061006300'
  const parts = [
    [0x1n, server],
    [0x2n, volume],
    [0x4n, `${model}7300`],
  ] as const

  test('the answer has the parts that its bitmap says, and no others', () => {
    for (let bitmap = 0n; bitmap < 8n; bitmap++) {
      const has = parts.filter(([bit]) => (bitmap & bit) !== 0n)
      const text = `0100000000000000${Number(bitmap).toString(16).padStart(2, '0')}00000000000000${has.map(([, part]) => part).join('')}`
      const decoded = AaplServerQueryResponse.decode(viewOf(Buffer.from(text, 'hex')))
      assert.equal(decoded.serverCapabilities, (bitmap & 1n) === 0n ? null : 0xcn)
      assert.equal(decoded.volumeCapabilities, (bitmap & 2n) === 0n ? null : 0x4n)
      assert.equal(decoded.modelString, (bitmap & 4n) === 0n ? null : 'Macs')
      const { replyBitmap, serverCapabilities, volumeCapabilities, modelString } = decoded
      const encoded = AaplServerQueryResponse.encode({
        replyBitmap,
        serverCapabilities,
        volumeCapabilities,
        modelString,
      })
      assert.equal(hex(encoded), text)
      const cut = Buffer.from(text.slice(0, -2), 'hex')
      assert.throws(() => AaplServerQueryResponse.decode(viewOf(cut)), WireError, text)
    }
  })

  test('a directory entry is as long as that of Windows', () => {
    assert.equal(AaplDirectoryEntry.size, 104)
  })
})

suite('the body is chosen by command and status', () => {
  test('errors have an error response, but for the documented statuses', () => {
    assert.equal(responseBody(Command.QUERY_INFO, NtStatus.SUCCESS), QueryInfoResponse)
    assert.equal(responseBody(Command.QUERY_INFO, NtStatus.BUFFER_OVERFLOW), QueryInfoResponse)
    assert.equal(responseBody(Command.QUERY_INFO, NtStatus.BUFFER_TOO_SMALL), ErrorResponse)
    assert.equal(responseBody(Command.SESSION_SETUP, NtStatus.MORE_PROCESSING_REQUIRED), SessionSetupResponse)
    assert.equal(responseBody(Command.SESSION_SETUP, NtStatus.LOGON_FAILURE), ErrorResponse)
    assert.equal(responseBody(Command.CREATE, NtStatus.BUFFER_OVERFLOW), ErrorResponse)
    assert.equal(isSuccessResponse(Command.CHANGE_NOTIFY, NtStatus.NOTIFY_ENUM_DIR), true)
    assert.equal(isSuccessResponse(Command.IOCTL, NtStatus.INVALID_PARAMETER), true)
    assert.equal(isSuccessResponse(Command.CREATE, NtStatus.INVALID_PARAMETER), false)
  })

  test('an interim response is an error response', () => {
    for (const command of [Command.READ, Command.CHANGE_NOTIFY, Command.CREATE])
      assert.equal(responseBody(command, NtStatus.PENDING), ErrorResponse)
  })

  test('where a status comes with both forms, the structure size decides', () => {
    assert.equal(responseBody(Command.IOCTL, NtStatus.INVALID_PARAMETER, 49), IoctlResponse)
    assert.equal(responseBody(Command.IOCTL, NtStatus.INVALID_PARAMETER, 9), ErrorResponse)
    assert.equal(responseBody(Command.READ, NtStatus.PIPE_DISCONNECTED, 17), ReadResponse)
    assert.equal(responseBody(Command.READ, NtStatus.PIPE_DISCONNECTED, 9), ErrorResponse)
  })

  test('lease breaks and oplock breaks differ in their structure size', () => {
    assert.equal(requestBody(Command.OPLOCK_BREAK, 24), OplockBreakAcknowledgment)
    assert.equal(requestBody(Command.OPLOCK_BREAK, 36), LeaseBreakAcknowledgment)
    assert.equal(responseBody(Command.OPLOCK_BREAK, NtStatus.SUCCESS, 24), OplockBreakResponse)
    assert.equal(responseBody(Command.OPLOCK_BREAK, NtStatus.SUCCESS, 36), LeaseBreakResponse)
    assert.equal(responseBody(Command.OPLOCK_BREAK, NtStatus.SUCCESS, 44), LeaseBreakNotification)
    assert.equal(responseBody(Command.OPLOCK_BREAK, NtStatus.INVALID_PARAMETER, 9), ErrorResponse)
  })

  test('unknown commands have no body, but may fail', () => {
    assert.equal(requestBody(0x99), undefined)
    assert.equal(responseBody(0x99, NtStatus.SUCCESS), undefined)
    assert.equal(responseBody(0x99, NtStatus.INVALID_PARAMETER), ErrorResponse)
  })
})

suite('NEGOTIATE', () => {
  const request = {
    securityMode: 1,
    capabilities: 0,
    clientGuid: GUID,
    dialects: [Dialect.SMB_2_0_2],
  }

  test('the place of the contexts is a time in older dialects, and is not looked at', () => {
    const bytes = NegotiateRequest.encode(request)
    viewOf(bytes).setBigUint64(28, 0xdead_beef_dead_beefn, true)
    assert.deepEqual(NegotiateRequest.decode(viewOf(bytes)).negotiateContexts, [])
    viewOf(bytes).setUint16(36, Dialect.SMB_3_1_1, true)
    assert.throws(() => NegotiateRequest.decode(viewOf(bytes)), WireError)
  })

  test('garbage in the reserved field of an older response is not looked at', () => {
    const bytes = NegotiateResponse.encode({
      ...request,
      dialectRevision: Dialect.SMB_2_1,
      serverGuid: GUID,
      maxTransactSize: 65_536,
      maxReadSize: 65_536,
      maxWriteSize: 65_536,
      systemTime: 0n,
      securityBuffer: Uint8Array.of(1, 2, 3),
    })
    viewOf(bytes).setUint16(6, 0xffff, true)
    viewOf(bytes).setUint32(60, 0x204d_4c20, true)
    const decoded = NegotiateResponse.decode(viewOf(bytes))
    assert.deepEqual(decoded.negotiateContexts, [])
    assert.deepEqual([...decoded.securityBuffer], [1, 2, 3])
  })

  test('contexts are aligned to 8 bytes from the header', () => {
    const contexts = [1, 2, 3].map((length) => ({ contextType: length, data: new Uint8Array(length).fill(length) }))
    const value = { ...request, dialects: [Dialect.SMB_3_1_1], negotiateContexts: contexts }
    const bytes = new Uint8Array(HEADER + NegotiateRequest.sizeOfEncoded(value, HEADER))
    NegotiateRequest.encodeInto(viewOf(bytes), HEADER, value, 0)
    const { negotiateContextOffset } = NegotiateRequest.decode(viewOf(bytes), HEADER, bytes.length, 0)
    assert.equal(negotiateContextOffset, 104)
    for (const [i, at] of [104, 120, 136].entries()) assert.equal(viewOf(bytes).getUint16(at, true), i + 1)
    assert.equal(bytes.length, 136 + 8 + 3)
  })

  test('a count of contexts that are not there is refused, and so is too many', () => {
    const value = {
      ...request,
      dialects: [Dialect.SMB_3_1_1],
      negotiateContexts: [{ contextType: 1, data: new Uint8Array(2) }],
    }
    const bytes = NegotiateRequest.encode(value)
    viewOf(bytes).setUint16(32, 2, true)
    assert.throws(() => NegotiateRequest.decode(viewOf(bytes)), /element 1 of 2 is cut off/)
    viewOf(bytes).setUint16(32, 0xffff, true)
    assert.throws(() => NegotiateRequest.decode(viewOf(bytes)), /more than 64 elements/)
  })

  test('a list of ciphers that is longer than its context is refused', () => {
    const data = EncryptionCapabilities.encode({ ciphers: [Cipher.AES_128_GCM] })
    viewOf(data).setUint16(0, 2, true)
    assert.throws(() => EncryptionCapabilities.decode(viewOf(data)), WireError)
    assert.equal(NegotiateContextType.ENCRYPTION_CAPABILITIES, 2)
  })
})

suite('CREATE', () => {
  const request = {
    desiredAccess: 0x0012_0089,
    shareAccess: 7,
    createDisposition: CreateDisposition.OPEN,
    createOptions: 0,
    name: '',
  }
  const encode = (value: Parameters<typeof CreateRequest.encode>[0]): Uint8Array => {
    const bytes = new Uint8Array(HEADER + CreateRequest.sizeOfEncoded(value, HEADER))
    CreateRequest.encodeInto(viewOf(bytes), HEADER, value, 0)
    return bytes
  }
  const decode = (bytes: Uint8Array): CreateRequest => CreateRequest.decode(viewOf(bytes), HEADER, bytes.length, 0)

  test('an empty name has one byte, and contexts begin at the next multiple of 8', () => {
    assert.equal(encode(request).length, HEADER + 57)
    const bytes = encode({ ...request, createContexts: [{ name: CreateContextName.MAXIMAL_ACCESS }] })
    const decoded = decode(bytes)
    assert.equal(decoded.nameOffset, 120)
    assert.equal(decoded.createContextsOffset, 128)
    assert.equal(decoded.createContextsLength, 20)
  })

  test('an empty name may have any offset', () => {
    const bytes = encode(request)
    viewOf(bytes).setUint16(HEADER + 44, 0xffff, true)
    assert.equal(decode(bytes).name, '')
  })

  test('contexts are linked, names and data found by their own offsets', () => {
    const names = [
      CreateContextName.MAXIMAL_ACCESS,
      CreateContextName.APP_INSTANCE_ID,
      CreateContextName.QUERY_ON_DISK_ID,
    ]
    const createContexts = names.map((name, i) => ({ name, data: new Uint8Array(i * 5).fill(i) }))
    const { createContexts: got } = decode(encode({ ...request, name: 'a\\b', createContexts }))
    assert.deepEqual(
      got.map(({ name, data }) => [name, hex(data)]),
      createContexts.map(({ name, data }) => [name, hex(data)]),
    )
  })

  test('chains that loop, overlap or lead out are refused', () => {
    const createContexts = [{ name: 'MxAc' }, { name: 'QFid' }]
    for (const next of [1, 8, 23, 0x7fff_fff8, 0xffff_fff8]) {
      const bytes = encode({ ...request, createContexts })
      viewOf(bytes).setUint32(128, next, true)
      assert.throws(() => decode(bytes), WireError, `next ${next}`)
    }
    const bytes = encode({ ...request, createContexts })
    viewOf(bytes).setUint32(128 + 12, 0xffff_ffff, true)
    assert.throws(() => decode(bytes), WireError, 'length of data')
  })

  test('more than 256 contexts are refused', () => {
    const createContexts = Array.from({ length: 257 }, () => ({ name: 'MxAc' }))
    assert.throws(() => decode(encode({ ...request, createContexts })), /more than 256 elements/)
  })

  test('an odd length of a name is refused', () => {
    const bytes = encode({ ...request, name: 'ab' })
    viewOf(bytes).setUint16(HEADER + 46, 3, true)
    assert.throws(() => decode(bytes), /odd length/)
  })

  test('the response has its contexts behind its 88 bytes', () => {
    const data = MaximalAccessResponse.encode({ queryStatus: 0, maximalAccess: 0x001f_01ff })
    const times = { creationTime: 1n, lastAccessTime: 2n, lastWriteTime: 3n, changeTime: 4n }
    const value = {
      ...times,
      oplockLevel: 0,
      createAction: 1,
      allocationSize: 0n,
      endOfFile: 0n,
      fileAttributes: 0x20,
      fileId: { persistent: 1n, volatile: 2n },
      createContexts: [{ name: 'MxAc', data }],
    }
    const bytes = new Uint8Array(HEADER + CreateResponse.sizeOfEncoded(value, HEADER))
    CreateResponse.encodeInto(viewOf(bytes), HEADER, value, 0)
    const decoded = CreateResponse.decode(viewOf(bytes), HEADER, bytes.length, 0)
    assert.equal(decoded.createContextsOffset, HEADER + 88)
    assert.equal(decoded.fileId.volatile, 2n)
    assert.equal(CreateResponse.encode({ ...value, createContexts: [] }).length, 88)
  })
})

suite('errors', () => {
  test('a symbolic link has its names counted from the path buffer', () => {
    const link = {
      substituteName: '\\??\\C:\\x',
      printName: 'C:\\x',
      unparsedPathLength: 6,
      flags: SymbolicLinkFlags.ABSOLUTE,
    }
    const bytes = symbolicLinkError(link)
    const decoded = SymbolicLinkErrorResponse.decode(viewOf(bytes))
    assert.equal(decoded.substituteName, link.substituteName)
    assert.equal(decoded.printName, link.printName)
    assert.equal(decoded.substituteNameOffset, 0)
    assert.equal(decoded.printNameOffset, link.substituteName.length * 2)
    assert.equal(decoded.symLinkLength, bytes.length - 4)
    assert.equal(decoded.reparseDataLength, bytes.length - 16)
    assert.throws(() => SymbolicLinkErrorResponse.decode(viewOf(bytes.slice(0, -1))), WireError)
  })

  test('contexts of dialect 3.1.1, and none in others', () => {
    const first = { errorContextData: Uint8Array.of(1, 0, 0, 0) }
    const second = { errorId: ErrorId.SHARE_REDIRECT, errorContextData: Uint8Array.of(7) }
    const errorData = encodeErrorContexts([first, second])
    const bytes = ErrorResponse.encode({ errorContextCount: 2, errorData })
    const contexts = errorContexts(ErrorResponse.decode(viewOf(bytes)))
    assert.deepEqual(
      contexts.map(({ errorId, errorContextData }) => [errorId, hex(errorContextData)]),
      [
        [ErrorId.DEFAULT, '01000000'],
        [ErrorId.SHARE_REDIRECT, '07'],
      ],
    )
    assert.deepEqual(errorContexts({ errorContextCount: 0, errorData: new Uint8Array(0) }), [])
    assert.equal(errorContexts({ errorContextCount: 0, errorData: Uint8Array.of(1) }).length, 1)
    assert.throws(() => errorContexts({ errorContextCount: 3, errorData }), WireError)
  })

  test('a bare error response is nine bytes', () => {
    assert.equal(hex(ErrorResponse.encode({})), '090000000000000000')
    assert.equal(ErrorResponse.decode(viewOf(ErrorResponse.encode({}).slice(0, 8))).errorData.length, 0)
  })

  test('a share redirect has its addresses before its name', () => {
    const value = {
      ipAddrMoveList: [{ type: 1, address: Uint8Array.of(10, 0, 0, 1, ...new Uint8Array(12)) }],
      resourceName: 'srv',
    }
    const bytes = ShareRedirectErrorResponse.encode(value)
    assert.equal(viewOf(bytes).getUint32(8, true), 24 + 24)
    assert.equal(ShareRedirectErrorResponse.decode(viewOf(bytes)).resourceName, 'srv')
  })
})

suite('other bodies', () => {
  test('a tree connect with the extension reads in both forms', () => {
    const value = {
      path: '\\\\s\\x',
      treeConnectContexts: [{ contextType: TreeConnectContextType.REMOTED_IDENTITY, data: Uint8Array.of(1, 2) }],
    }
    const bytes = new Uint8Array(HEADER + TreeConnectRequestExtended.sizeOfEncoded(value, HEADER))
    TreeConnectRequestExtended.encodeInto(viewOf(bytes), HEADER, value, 0)
    assert.equal(TreeConnectRequest.decode(viewOf(bytes), HEADER, bytes.length, 0).path, value.path)
    const extended = TreeConnectRequestExtended.decode(viewOf(bytes), HEADER, bytes.length, 0)
    assert.equal(extended.pathOffset, HEADER + 24)
    assert.equal(extended.treeConnectContextOffset % 8, 0)
    assert.deepEqual([...(extended.treeConnectContexts[0]?.data ?? [])], [1, 2])
  })

  test('numbers packed into one field', () => {
    assert.equal(channelSequence({ status: 0xffff_0003 }), 3)
    assert.equal(lockSequenceNumber({ lockSequence: 0xffff_ffa5 }), 5)
    assert.equal(lockSequenceIndex({ lockSequence: 0x8000_0015 }), 0x0800_0001)
  })

  test('the list of snapshots may say that it needs more room than there is', () => {
    const short = SrvSnapshotArray.encode({
      numberOfSnapShots: 3,
      numberOfSnapShotsReturned: 0,
      snapShotArraySize: 152,
      snapShots: '',
    })
    assert.equal(SrvSnapshotArray.decode(viewOf(short)).snapShotArraySize, 152)
  })

  test('network interfaces are a chain of 152 bytes each', () => {
    const sockaddr = SockaddrIn.encode({ address: Uint8Array.of(127, 0, 0, 1) })
    assert.equal(hex(sockaddr), '020000007f000001')
    const one = { ifIndex: 1, capability: 0, linkSpeed: 1_000_000_000n, sockaddr }
    const bytes = NetworkInterfaceInfoResponse.encode({ interfaces: [one, { ...one, ifIndex: 2 }] })
    assert.equal(bytes.length, 304)
    assert.equal(viewOf(bytes).getUint32(0, true), 152)
    assert.deepEqual(
      NetworkInterfaceInfoResponse.decode(viewOf(bytes)).interfaces.map(({ ifIndex }) => ifIndex),
      [1, 2],
    )
  })
})
