/** Files over SMB1, message by message: chains, numbers, oplocks, locks, renewed sessions, limits, and bad input. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { WinError } from '../../src/rpc/werror.ts'
import type { Backend, BackendFile } from '../../src/server/backend.ts'
import { ServerCore, type ServerOptions } from '../../src/server/server-core.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { RapEnumWords, RapOpcode, RapPrintJob2, RapPrintJobEnum, RapRequest } from '../../src/wire/rap/index.ts'
import {
  Smb1CloseWords,
  Smb1Command,
  Smb1CoreTransferWords,
  Smb1EchoRequest,
  Smb1FileInformationParameters,
  Smb1FindFirst2Parameters,
  Smb1Flags2,
  Smb1LockingResponse,
  Smb1LockRange,
  Smb1Logoff,
  Smb1NtTransactFunction,
  Smb1OplockBreak,
  type Smb1Part,
  Smb1ReadAndXResponse,
  Smb1ReadResponse,
  Smb1SearchAttributesWords,
  Smb1SecurityParameters,
  Smb1Status,
  Smb1Trans2Command,
  Smb1TransactionResponse,
  Smb1WriteAndXResponse,
  smb1Part,
} from '../../src/wire/smb1/index.ts'
import { TESTER } from './client.ts'
import {
  command,
  create,
  lanman,
  locking,
  NO_BYTES,
  nothing,
  ntTransact,
  read,
  Smb1Line,
  type Smb1Message,
  settled,
  text,
  toldBy,
  transaction2,
  treeConnect,
  write,
} from './smb1-client.ts'
import { VirtualClock } from './virtual-clock.ts'

const OTHER = { user: 'other', password: 'other' }
const NOBODY = { user: '', password: '' }
const HELLO = Uint8Array.from('hello', (letter) => letter.charCodeAt(0))

function serverFor(options: Partial<ServerOptions> = {}) {
  const clock = new VirtualClock()
  const accounts = [TESTER, OTHER].map(({ user, password }) => ({ user, ntHash: ntHash(password) }))
  const server = new ServerCore({
    shares: [{ name: 'data', backend: memoryBackend({ files: { 'hello.txt': 'hello' } }) }],
    accounts: { find: (name) => accounts.find(({ user }) => user === name) },
    smb1: true,
    allowAnonymous: true,
    clock,
    ...options,
  })
  return { server, clock, told: toldBy(server) }
}

const closing = (fid: number): Smb1Part => command(Smb1Command.CLOSE, Smb1CloseWords, { fid, lastWriteTime: 0 })
const status = ({ header }: Smb1Message): number => header.status
const opensOf = (server: ServerCore): number => [...server.opens.keys()].length

test('a file is written, read and closed; its number means nothing afterwards', async () => {
  const { server } = serverFor()
  const line = await Smb1Line.on(server, TESTER)
  const fid = await line.open({ name: '\\new.txt' })
  assert.equal((await line.send({}, write(fid, HELLO))).body(Smb1WriteAndXResponse).count, 5)
  const answer = await line.send({}, read(fid))
  assert.deepEqual([...answer.body(Smb1ReadAndXResponse).data], [...HELLO])
  // What is read lies at an even place.
  assert.equal(answer.body(Smb1ReadAndXResponse).dataOffset % 2, 0)
  assert.equal((await line.send({}, read(fid, 10, 5))).body(Smb1ReadAndXResponse).data.length, 0)
  assert.equal(status(await line.send({}, closing(fid))), 0)
  assert.equal(status(await line.send({}, read(fid))), NtStatus.INVALID_HANDLE)
  assert.equal(opensOf(server), 0)
  line.close()
  await server.end()
})

test('the older form of a read has as much as its count of bytes can say', async () => {
  const { server } = serverFor({
    shares: [{ name: 'data', backend: memoryBackend({ files: { big: 'x'.repeat(70_000) } }) }],
  })
  const line = await Smb1Line.on(server, TESTER)
  const words = { fid: await line.open({ name: '\\big' }), count: 0xffff, offset: 0 }
  const answer = await line.send({}, command(Smb1Command.READ, Smb1CoreTransferWords, words))
  const { byteCount, count, data, dataLength } = answer.body(Smb1ReadResponse)
  assert.deepEqual([byteCount, count, dataLength, data.length], [0xffff, 0xfffc, 0xfffc, 0xfffc])
  line.close()
  await server.end()
})

test('a chain is about the file that it opens, and ends where something fails', async () => {
  const { server } = serverFor()
  const line = await Smb1Line.on(server, TESTER)
  const chained = await line.send({}, create({ name: '\\hello.txt' }), read(0xffff), closing(0xffff))
  assert.deepEqual(chained.commands, [Smb1Command.NT_CREATE_ANDX, Smb1Command.READ_ANDX, Smb1Command.CLOSE])
  assert.deepEqual([...chained.body(Smb1ReadAndXResponse, 1).data], [...HELLO])
  assert.equal(opensOf(server), 0)
  const missing = { name: '\\missing\\file', disposition: 1 }
  const failing = await line.send({}, create(missing), read(0xffff), closing(0xffff))
  assert.equal(status(failing), NtStatus.OBJECT_PATH_NOT_FOUND)
  assert.deepEqual(failing.commands, [Smb1Command.NT_CREATE_ANDX])
  line.close()
  await server.end()
})

test('a session that is renewed keeps its open files; nobody else takes it over', async () => {
  const { server } = serverFor()
  for (const signs of [false, true]) {
    const line = new Smb1Line(server)
    await line.negotiate()
    await line.logOn(TESTER, 0, signs)
    await line.connect('data')
    const fid = await line.open({ name: '\\hello.txt' })
    const { uid } = line
    assert.equal((await line.logOn(TESTER, uid, signs)).header.uid, uid)
    assert.deepEqual([...(await line.send({}, read(fid))).body(Smb1ReadAndXResponse).data], [...HELLO])
    assert.equal(status(await line.logOn(OTHER, uid, signs)), NtStatus.ACCESS_DENIED)
    // Who was taken for somebody else is nobody.
    assert.equal(status(await line.send({}, read(fid))), Smb1Status.BAD_UID)
    assert.equal(opensOf(server), 0)
    line.close()
  }
  await server.end()
})

test('renewed as nobody, a session has what it had', async () => {
  const { server } = serverFor()
  const line = await Smb1Line.on(server, TESTER)
  const fid = await line.open({ name: '\\hello.txt' })
  assert.equal((await line.logOn(NOBODY, line.uid)).header.uid, line.uid)
  assert.equal(status(await line.send({}, read(fid))), 0)
  assert.equal(status(await line.send({}, closing(fid))), 0)
  line.close()
  await server.end()
})

test('files, searches and trees of others are nobody’s', async () => {
  const { server } = serverFor()
  const line = await Smb1Line.on(server, TESTER)
  const fid = await line.open({ name: '\\hello.txt' })
  const { uid, tid } = line
  await line.logOn(OTHER)
  const stranger = line.uid
  assert.notEqual(stranger, uid)
  assert.equal(status(await line.send({ uid: stranger, tid }, read(fid))), Smb1Status.BAD_TID)
  await line.connect('data')
  assert.equal(status(await line.send({ uid: stranger }, read(fid))), NtStatus.INVALID_HANDLE)
  assert.equal(status(await line.send({ uid: stranger }, closing(fid))), NtStatus.INVALID_HANDLE)
  assert.equal(status(await line.send({ uid, tid: line.tid }, read(fid))), Smb1Status.BAD_TID)
  const elsewhere = await Smb1Line.on(server, OTHER)
  for (const place of [{}, { uid }, { uid, tid }])
    assert.notEqual(status(await elsewhere.send(place, read(fid))), 0, JSON.stringify(place))
  assert.equal(status(await line.send({ uid, tid }, read(fid))), 0)
  // A session takes its files with it.
  await line.send({ uid, tid }, smb1Part(Smb1Command.LOGOFF_ANDX, Smb1Logoff, {}))
  assert.equal(opensOf(server), 0)
  line.close()
  elsewhere.close()
  await server.end()
})

const WANTS_BATCH = 0x06

test('an oplock is broken; who waits for that keeps nobody waiting', async () => {
  const { server, clock } = serverFor()
  const holder = await Smb1Line.on(server, TESTER)
  const fid = await holder.open({ name: '\\hello.txt', flags: WANTS_BATCH })
  const line = await Smb1Line.on(server, OTHER)
  const opening = await line.begin({}, create({ name: '\\hello.txt' }))
  const [told] = holder.told
  assert.equal(told?.header.mid, 0xffff)
  assert.deepEqual([told.header.uid, told.header.tid], [holder.uid, holder.tid])
  const { fid: broken, typeOfLock, newOplockLevel } = told.body(Smb1OplockBreak)
  assert.deepEqual([broken, typeOfLock, newOplockLevel], [fid, 0x02, 1])
  assert.equal(opening.answer(), undefined)
  const echo = smb1Part(Smb1Command.ECHO, Smb1EchoRequest, { echoCount: 1, data: HELLO })
  assert.equal(status(await line.send({}, echo)), 0)
  assert.equal(opening.answer(), undefined)
  // What says that it has gone down has no answer.
  const { answer } = await holder.begin({}, locking(fid, { type: 0x02, level: 1 }))
  assert.equal(answer(), undefined)
  await settled()
  assert.equal(opening.answer()?.header.status, 0)
  // Who never says so has none after a while.
  const batch = await holder.open({ name: '\\other.txt', flags: WANTS_BATCH })
  const second = await line.begin({}, create({ name: '\\other.txt' }))
  assert.equal(second.answer(), undefined)
  clock.advance(server.limits.oplockBreakTimeoutMs)
  await settled()
  assert.equal(second.answer()?.header.status, 0)
  assert.equal(status(await holder.send({}, closing(batch))), 0)
  holder.close()
  line.close()
  await server.end()
})

test('a lock is waited for, for a time, or until the client cancels', async () => {
  const { server, clock } = serverFor()
  const [holder, line] = [await Smb1Line.on(server, TESTER), await Smb1Line.on(server, OTHER)]
  const range = Smb1LockRange.encode({ pid: 1, offset: 0, length: 10 })
  const [theirs, ours] = [await holder.open({ name: '\\hello.txt' }), await line.open({ name: '\\hello.txt' })]
  const taken = await holder.send({}, locking(theirs, { locks: [range] }))
  assert.equal(taken.body(Smb1LockingResponse).wordCount, 2)
  assert.equal(status(await line.send({}, locking(ours, { locks: [range] }))), NtStatus.LOCK_NOT_GRANTED)
  assert.equal(status(await line.send({}, read(ours))), NtStatus.FILE_LOCK_CONFLICT)
  const patient = await line.begin({ mid: 100 }, locking(ours, { locks: [range], timeout: 5000 }))
  assert.equal(patient.answer(), undefined)
  clock.advance(5000)
  await settled()
  assert.equal(patient.answer()?.header.status, NtStatus.FILE_LOCK_CONFLICT)
  const cancelled = await line.begin({ mid: 101 }, locking(ours, { locks: [range], timeout: 0xffff_ffff }))
  await line.begin({ mid: 102 }, nothing(Smb1Command.NT_CANCEL))
  assert.equal(cancelled.answer(), undefined)
  await line.begin({ mid: 101 }, nothing(Smb1Command.NT_CANCEL))
  assert.equal(cancelled.answer()?.header.status, NtStatus.CANCELLED)
  const granted = await line.begin({}, locking(ours, { locks: [range], timeout: 0xffff_ffff }))
  await holder.send({}, closing(theirs))
  await settled()
  assert.equal(granted.answer()?.header.status, 0)
  holder.close()
  line.close()
  await server.end()
})

test('a request that is queued behind CANCEL is served in its turn', async () => {
  const { promise: mayRead, resolve: letRead } = Promise.withResolvers<void>()
  const inner = memoryBackend({ files: { 'hello.txt': 'hello' } })
  const backend: Backend = Object.assign(Object.create(inner), {
    async open(path: readonly string[], how: Parameters<Backend['open']>[1]) {
      const opened = await inner.open(path, how)
      if (!('file' in opened)) return opened
      const late = (...wanted: Parameters<BackendFile['read']>) => mayRead.then(() => opened.file.read(...wanted))
      return { ...opened, file: Object.assign(Object.create(opened.file), { read: late }) }
    },
  })
  const { server } = serverFor({ shares: [{ name: 'data', backend }] })
  const line = await Smb1Line.on(server, TESTER)
  const fid = await line.open({ name: '\\hello.txt' })
  line.came.length = 0
  const echo = smb1Part(Smb1Command.ECHO, Smb1EchoRequest, { echoCount: 1, data: HELLO })
  await line.begin({ mid: 100 }, read(fid))
  await line.begin({ mid: 99 }, nothing(Smb1Command.NT_CANCEL))
  await line.begin({ mid: 101 }, echo)
  await line.begin({ mid: 102 }, echo)
  assert.equal(line.came.length, 0)
  letRead()
  await settled()
  assert.deepEqual(
    line.came.map(({ header }) => header.mid),
    [100, 101, 102],
  )
  line.close()
  await server.end()
})

const FIND_ALL = (searchCount: number, flags = 0): Smb1Part =>
  transaction2(
    Smb1Trans2Command.FIND_FIRST2,
    Uint8Array.from([
      ...Smb1FindFirst2Parameters.encode({
        searchAttributes: 0x16,
        searchCount,
        flags,
        informationLevel: 0x0104,
        searchStorageType: 0,
      }),
      ...text('\\*', false),
    ]),
  )

test('an answer that the client has no room for comes in pieces', async () => {
  const files = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`file ${i}.txt`, '']))
  const { server } = serverFor({ shares: [{ name: 'data', backend: memoryBackend({ files }) }] })
  const line = await Smb1Line.on(server, TESTER)
  const frame = line.frame({}, FIND_ALL(1000, 0x02))
  const pieces: Smb1Message[] = []
  const first = await line.sendRaw(frame)
  pieces.push(...line.came)
  assert.ok(first !== undefined && pieces.length > 2)
  const parts = pieces.map((piece) => piece.body(Smb1TransactionResponse))
  for (const { view } of pieces) assert.ok(view.byteLength <= 4356)
  const total = parts[0]?.totalDataCount
  assert.equal(
    parts.reduce((sum, { dataCount }) => sum + dataCount, 0),
    total,
  )
  assert.deepEqual(
    parts.map(({ dataDisplacement }) => dataDisplacement),
    parts.map((_, i) => parts.slice(0, i).reduce((sum, { dataCount }) => sum + dataCount, 0)),
  )
  assert.equal(opensOf(server), 0)
  line.close()
  await server.end()
})

test('open files and searches have limits, and end with their connection', async () => {
  const limits = { maxOpensPerSession: 300 }
  const { server } = serverFor({ limits })
  const line = await Smb1Line.on(server, TESTER)
  let searches = 0
  for (; searches < 400; searches++) if (status(await line.send({}, FIND_ALL(1))) !== 0) break
  assert.equal(searches, 256)
  assert.equal(status(await line.send({}, FIND_ALL(1))), NtStatus.INSUFFICIENT_RESOURCES)
  let opens = 0
  for (; opens < 400; opens++) if (status(await line.send({}, create({ name: '\\hello.txt' }))) !== 0) break
  assert.equal(opens + searches, limits.maxOpensPerSession)
  const refused = await line.send({}, create({ name: '\\hello.txt' }))
  assert.equal(status(refused), NtStatus.TOO_MANY_OPENED_FILES)
  line.close()
  await settled()
  assert.equal(opensOf(server), 0)
  await server.end()
})

test('requests that wait have a limit, too', async () => {
  const { server } = serverFor({ limits: { maxAsyncRequests: 3 } })
  const [holder, line] = [await Smb1Line.on(server, TESTER), await Smb1Line.on(server, OTHER)]
  const range = Smb1LockRange.encode({ pid: 1, offset: 0, length: 10 })
  const [theirs, ours] = [await holder.open({ name: '\\hello.txt' }), await line.open({ name: '\\hello.txt' })]
  await holder.send({}, locking(theirs, { locks: [range] }))
  const waiting = locking(ours, { locks: [range], timeout: 0xffff_ffff })
  for (let i = 0; i < 3; i++) assert.equal((await line.begin({}, waiting)).answer(), undefined)
  assert.equal(status(await line.send({}, waiting)), NtStatus.INSUFFICIENT_RESOURCES)
  line.close()
  await settled()
  assert.equal(opensOf(server), 1)
  holder.close()
  await server.end()
})

test('a share has as many connections as it may have; one name deletes many files', async () => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}.tmp`, '']))
  const { server } = serverFor({
    shares: [{ name: 'data', maxUses: 1, backend: memoryBackend({ files: { ...files, kept: '' } }) }],
  })
  const line = await Smb1Line.on(server, TESTER)
  assert.equal(status(await line.send({}, treeConnect('data'))), NtStatus.REQUEST_NOT_ACCEPTED)
  const name = Uint8Array.of(4, ...text('\\*.tmp', false))
  const deletion = await line.begin(
    {},
    command(Smb1Command.DELETE, Smb1SearchAttributesWords, { searchAttributes: 6 }, name),
  )
  for (let turns = 0; turns < 100 && deletion.answer() === undefined; turns++) await settled()
  assert.equal(deletion.answer()?.header.status, 0)
  assert.equal(status(await line.send({}, create({ name: '\\1.tmp', disposition: 1 }))), NtStatus.OBJECT_NAME_NOT_FOUND)
  assert.equal(status(await line.send({}, create({ name: '\\kept', disposition: 1 }))), 0)
  line.close()
  await server.end()
})

test('what is not served is refused as that; a client without NT’s statuses has those of DOS', async () => {
  const { server } = serverFor()
  const line = await Smb1Line.on(server, TESTER)
  const { LOCK_AND_READ, NT_RENAME, OPEN, SEARCH, SEEK, TRANSACTION_SECONDARY } = Smb1Command
  for (const code of [LOCK_AND_READ, NT_RENAME, OPEN, SEARCH, SEEK, TRANSACTION_SECONDARY])
    assert.equal(status(await line.send({}, nothing(code))), NtStatus.NOT_SUPPORTED, String(code))
  assert.equal(status(await line.send({}, transaction2(0x000e, NO_BYTES))), NtStatus.NOT_SUPPORTED)
  const flags2 = Smb1Flags2.UNICODE | Smb1Flags2.EXTENDED_SECURITY
  const missing = create({ name: '\\missing.txt', disposition: 1 })
  assert.equal(status(await line.send({ flags2 }, missing)), 0x0002_0001)
  line.close()
  await server.end()
})

/** NetPrintJobEnum. */
const askForJobs = (queueName: string, receiveBufferBytes: number, informationLevel = 2): Uint8Array => {
  const rest = RapEnumWords.encode({ informationLevel, receiveBufferBytes })
  const [parameterDescriptor, dataDescriptor] = ['zWrLeh', 'WWzWWDDzz']
  const parameters = RapPrintJobEnum.encode({ queueName, rest })
  return RapRequest.encode({ opcode: RapOpcode.PRINT_JOB_ENUM, parameterDescriptor, dataDescriptor, parameters })
}

test('the queue of a printer: as much as there is room for, of printers that one may use', async () => {
  const { promise: hasPaper, resolve: bringPaper } = Promise.withResolvers<void>()
  const { server } = serverFor({
    shares: [
      { name: 'data', backend: memoryBackend(), printer: () => hasPaper },
      { name: 'closed', backend: memoryBackend(), printer: () => hasPaper, users: ['other'] },
    ],
  })
  const line = await Smb1Line.on(server, TESTER)
  for (const name of ['\\one', '\\two']) {
    const fid = (await line.open({ name, access: 0x0002_0002, disposition: 5 })) & 0xffff
    await line.send({}, write(fid, HELLO))
    await line.send({}, closing(fid))
  }
  const answer = async (parameters: Uint8Array) =>
    (await line.send({}, lanman(parameters))).body(Smb1TransactionResponse)
  const counts = async (parameters: Uint8Array) => [
    ...new Uint16Array((await answer(parameters)).parameters.slice().buffer),
  ]
  assert.deepEqual(await counts(askForJobs('DATA', 1000)), [0, 0, 2, 2])
  assert.deepEqual(await counts(askForJobs('data', 40)), [WinError.MORE_DATA, 0, 1, 2])
  assert.deepEqual(await counts(askForJobs('data', 0)), [WinError.MORE_DATA, 0, 0, 2])
  assert.deepEqual(await counts(askForJobs('data', 1000, 1)), [WinError.INVALID_LEVEL, 0])
  for (const name of ['closed', 'nothing', 'IPC$'])
    assert.deepEqual(await counts(askForJobs(name, 1000)), [WinError.QUEUE_NOT_FOUND, 0], name)
  const { data } = await answer(askForJobs('data', 1000))
  const first = RapPrintJob2.decode(viewOf(data))
  assert.deepEqual([first.jobId, first.size, first.position], [1, HELLO.length, 1])
  assert.equal(Buffer.from(data.subarray(first.documentNameOffset, first.documentNameOffset + 4)).toString(), 'one\0')
  assert.equal(status(await line.send({}, lanman(Uint8Array.of(1, 0, 0, 0)))), NtStatus.NOT_SUPPORTED)
  bringPaper()
  line.close()
  await server.end()
})

test('messages that are damaged, cut off, or lie about their counts are refused; the server lives', async () => {
  const { server, told } = serverFor()
  let line = await Smb1Line.on(server, TESTER)
  const fid = (await line.open({ name: '\\hello.txt' })) & 0xffff
  const query = Smb1FileInformationParameters.encode({ fid, informationLevel: 0x0107 })
  const security = Smb1SecurityParameters.encode({ fid, securityInformation: 7 })
  const range = Smb1LockRange.encode({ pid: 1, offset: 0, length: 10 })
  const messages = [
    [create({ name: '\\hello.txt' }), read(0xffff), closing(0xffff)],
    [write(fid, HELLO)],
    [locking(fid, { locks: [range] })],
    [FIND_ALL(10)],
    [lanman(askForJobs('data', 1000))],
    [transaction2(Smb1Trans2Command.QUERY_FILE_INFORMATION, query)],
    [ntTransact(Smb1NtTransactFunction.QUERY_SECURITY_DESCRIPTOR, security)],
    [
      command(
        Smb1Command.DELETE,
        Smb1SearchAttributesWords,
        { searchAttributes: 0x16 },
        Uint8Array.of(4, ...text('\\none*', false)),
      ),
    ],
  ]
  let sent = 0
  const send = async (frame: Uint8Array): Promise<void> => {
    if (line.isClosed) line = await Smb1Line.on(server, TESTER)
    await line.sendRaw(frame)
    sent++
  }
  for (const parts of messages) {
    const whole = (): Uint8Array => line.frame({}, ...parts)
    for (let length = 36; length < whole().length; length++) {
      const cut = whole().slice(0, length)
      new DataView(cut.buffer).setUint32(0, length - 4)
      await send(cut)
    }
    for (let at = 36; at < whole().length; at++)
      for (const value of [0, 0x7f, 0xff]) await send(whole().map((byte, i) => (i === at ? value : byte)))
  }
  assert.ok(sent > 1000)
  assert.deepEqual(
    told.filter((reason) => reason.startsWith('fault')),
    [],
  )
  assert.equal(status(await line.send({}, create({ name: '\\hello.txt' }))), 0)
  line.close()
  await settled()
  assert.equal(opensOf(server), 0)
  await server.end()
})
