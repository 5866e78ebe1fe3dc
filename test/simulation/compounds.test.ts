/** MS-SMB2 3.3.5.2.7: several requests in one frame. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  Command,
  CreateDisposition,
  CreateOptions,
  EchoRequest,
  HeaderFlags,
  ReadResponse,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import {
  cancel,
  close,
  closeBody,
  create,
  createBody,
  directoryBody,
  echo,
  echoBody,
  exclusive,
  lock,
  lockBody,
  notifyBody,
  RELATED_FILE_ID,
  read,
  readBody,
  tryCreate,
  writeBody,
} from './files.ts'
import { encodeBody } from './messages.ts'
import type { Answer, Prepared } from './raw-client.ts'
import { assertCutOff, scenario, statusIs, succeeded } from './world.ts'

const names = async (answers: readonly Promise<Answer>[]): Promise<string[]> =>
  (await Promise.all(answers)).map(({ statusName }) => statusName.replace('STATUS_', ''))

const related = { related: true } as const
const createRead = (client: Client, name: string, disposition: 0 | 1 | 2 | 3 | 4 | 5 = 3): Prepared[] => [
  client.prepare(Command.CREATE, createBody({ name, createDisposition: disposition })),
  client.prepare(Command.WRITE, writeBody(RELATED_FILE_ID, 'text'), related),
  client.prepare(Command.READ, readBody(RELATED_FILE_ID), related),
  client.prepare(Command.CLOSE, closeBody(), related),
]

scenario('related: the file of the first is that of the others', {}, async (world) => {
  const client = await world.client()
  const answers = client.send(createRead(client, 'a'))
  assert.deepEqual(await names(answers), ['SUCCESS', 'SUCCESS', 'SUCCESS', 'SUCCESS'])
  const third = await answers[2]
  assert.equal(Buffer.from(third?.body(ReadResponse).data ?? []).toString(), 'text')
  for (const [i, answer] of (await Promise.all(answers)).entries())
    assert.equal((answer.header.flags & HeaderFlags.RELATED_OPERATIONS) !== 0, i > 0)
})

scenario('related: ids in the later requests mean nothing', {}, async (world) => {
  const client = await world.client()
  const other = await create(client, { name: 'other' })
  const answers = client.send([
    client.prepare(Command.CREATE, createBody({ name: 'a' })),
    client.prepare(Command.CLOSE, closeBody(other), { ...related, sessionId: 77n, treeId: 99 }),
  ])
  assert.deepEqual(await names(answers), ['SUCCESS', 'SUCCESS'])
  succeeded(await close(client, other))
})

scenario('related: a failed CREATE is the answer of all that need its file', {}, async (world) => {
  const client = await world.client()
  const answers = client.send(createRead(client, 'missing', CreateDisposition.OPEN))
  const failure = 'OBJECT_NAME_NOT_FOUND'
  assert.deepEqual(await names(answers), [failure, failure, failure, failure])
})

scenario('related: after a failed READ the file is still there', {}, async (world) => {
  const client = await world.client()
  const answers = client.send([
    client.prepare(Command.CREATE, createBody({ name: 'empty' })),
    client.prepare(Command.READ, readBody(RELATED_FILE_ID), related),
    client.prepare(Command.CLOSE, closeBody(), related),
  ])
  assert.deepEqual(await names(answers), ['SUCCESS', 'END_OF_FILE', 'SUCCESS'])
})

scenario('related: after CLOSE it is closed', {}, async (world) => {
  const client = await world.client()
  const answers = client.send([
    client.prepare(Command.CREATE, createBody({ name: 'a' })),
    client.prepare(Command.CLOSE, closeBody(), related),
    client.prepare(Command.READ, readBody(RELATED_FILE_ID), related),
    client.prepare(Command.CLOSE, closeBody(), related),
  ])
  assert.deepEqual(await names(answers), ['SUCCESS', 'SUCCESS', 'FILE_CLOSED', 'FILE_CLOSED'])
})

scenario('related: a first message that says so is refused, and all after it', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const answers = client.send([
    client.prepare(Command.READ, readBody(file), related),
    client.prepare(Command.READ, readBody(file), related),
  ])
  assert.deepEqual(await names(answers), ['INVALID_PARAMETER', 'INVALID_PARAMETER'])
  succeeded(await close(client, file))
})

scenario('related: a session or tree that is not there', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const chain = (options: { sessionId?: bigint; treeId?: number; sign?: boolean }) =>
    client.send([
      client.prepare(Command.READ, readBody(file), options),
      client.prepare(Command.CLOSE, closeBody(), { ...related }),
    ])
  assert.deepEqual(await names(chain({ sessionId: 0x7777n })), ['USER_SESSION_DELETED', 'INVALID_PARAMETER'])
  assert.deepEqual(await names(chain({ treeId: 0x7777 })), ['NETWORK_NAME_DELETED', 'INVALID_PARAMETER'])
})

scenario('related: who needs a file where nobody named one', {}, async (world) => {
  const client = await world.client()
  const answers = client.send([
    client.prepare(Command.ECHO, echoBody()),
    client.prepare(Command.CLOSE, closeBody(), related),
  ])
  const [first = '', second = ''] = await names(answers)
  assert.equal(first, 'SUCCESS')
  assert.ok(second === 'INVALID_HANDLE' || second === 'FILE_CLOSED' || second === 'INVALID_PARAMETER', second)
})

scenario('unrelated: each for itself', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const answers = client.send([
    client.prepare(Command.CREATE, createBody({ name: 'missing', createDisposition: CreateDisposition.OPEN })),
    client.prepare(Command.WRITE, writeBody(file, 'text')),
    client.prepare(Command.READ, readBody(RELATED_FILE_ID)),
    client.prepare(Command.ECHO, echoBody(), { session: null }),
    client.prepare(Command.CLOSE, closeBody(file)),
  ])
  assert.deepEqual(await names(answers), ['OBJECT_NAME_NOT_FOUND', 'SUCCESS', 'FILE_CLOSED', 'SUCCESS', 'SUCCESS'])
})

scenario('mixed: two related groups in one frame', {}, async (world) => {
  const client = await world.client()
  const answers = client.send([...createRead(client, 'a'), ...createRead(client, 'b')])
  assert.deepEqual(
    await names(answers),
    Array.from({ length: 8 }, () => 'SUCCESS'),
  )
})

scenario('answers of a chain come in one frame, aligned', {}, async (world) => {
  const client = await world.client({ signs: false, negotiate: { dialects: [0x0210] } })
  const raw = client.takeRawFrames()
  void client.send(createRead(client, 'a'))
  await world.settled()
  assert.equal(raw.length, 1)
  const frame = raw[0] as Uint8Array
  let count = 1
  for (let at = 0; ; count++) {
    const next = viewOf(frame).getUint32(at + 20, true)
    if (next === 0) break
    assert.equal(next % 8, 0)
    at += next
  }
  assert.equal(count, 4)
})

const broken: readonly [string, (next: number, length: number) => number][] = [
  ['not aligned', (next) => next - 4],
  ['into its own header', () => 8],
  ['past the end', (_, length) => length],
  ['to where no header fits', (_, length) => (length - 40) & ~7],
  ['far away', () => 0xffff_fff8],
]
for (const [what, change] of broken)
  scenario(`NextCommand ${what} ends the connection`, {}, async (world) => {
    const client = await world.client({ signs: false, negotiate: { dialects: [0x0210] } })
    const one = client.prepare(Command.ECHO, echoBody()).message
    const two = client.prepare(Command.ECHO, echoBody()).message
    const frame = new Uint8Array(Buffer.concat([one, new Uint8Array(4), two]))
    const next = (one.length + 7) & ~7
    viewOf(frame).setUint32(20, change(next, frame.length), true)
    client.sendFrame(frame)
    await assertCutOff(client)
  })

scenario('a second message that is none ends the connection', {}, async (world) => {
  const client = await world.client()
  const one = client.prepare(Command.ECHO, echoBody()).message
  const frame = new Uint8Array(72 + 68)
  frame.set(one)
  viewOf(frame).setUint32(20, 72, true)
  client.sendFrame(frame)
  await assertCutOff(client)
})

scenario('a chain without end ends the connection', {}, async (world) => {
  const client = await world.client({ signs: false, negotiate: { dialects: [0x0210] } })
  await echo(client, { credits: 500 })
  const requests = Array.from({ length: 300 }, () => client.prepare(Command.ECHO, encodeBody(EchoRequest, {})))
  await assertCutOff(client, ...client.send(requests))
})

scenario('CREATE and CHANGE_NOTIFY in one frame: the file now, the change later', {}, async (world) => {
  const client = await world.client()
  const requests = [
    client.prepare(Command.CREATE, directoryBody({ name: 'dir' })),
    client.prepare(Command.CHANGE_NOTIFY, notifyBody(RELATED_FILE_ID), related),
  ]
  const answers = client.send(requests)
  succeeded(await (answers[0] as Promise<Answer>))
  await world.settled()
  assert.ok(client.isPending(requests[1]?.messageId ?? -1n))
  await close(client, await create(client, { name: 'dir\\new' }))
  succeeded(await (answers[1] as Promise<Answer>))
})

scenario('what waits in the midst of a chain keeps the rest waiting, and is cancelled', {}, async (world) => {
  const client = await world.client()
  const holder = await world.client()
  const held = await create(holder, { name: 'a' })
  succeeded(await lock(holder, held, exclusive(0n, 10n)))
  const requests = [
    client.prepare(Command.CREATE, createBody({ name: 'a' })),
    client.prepare(Command.LOCK, lockBody(RELATED_FILE_ID, exclusive(0n, 1n, true)), related),
    client.prepare(Command.CLOSE, closeBody(), related),
  ]
  const answers = client.send(requests)
  succeeded(await (answers[0] as Promise<Answer>))
  await world.settled()
  assert.equal(client.outstanding, 2)
  const request = requests[1] as Prepared
  cancel(client, { request, answer: answers[1] as Promise<Answer> }, 'asyncId')
  assert.deepEqual(await names(answers), ['SUCCESS', 'CANCELLED', 'SUCCESS'])
})

scenario('a client that goes while its chain waits leaves nothing open', {}, async (world) => {
  const client = await world.client()
  const holder = await world.client()
  succeeded(await lock(holder, await create(holder, { name: 'a' }), exclusive(0n, 10n)))
  void client.send([
    client.prepare(Command.CREATE, createBody({ name: 'a' })),
    client.prepare(Command.LOCK, lockBody(RELATED_FILE_ID, exclusive(0n, 1n, true)), related),
    client.prepare(Command.CREATE, createBody({ name: 'b', createOptions: CreateOptions.DELETE_ON_CLOSE })),
  ])
  await world.settled()
  client.disconnect()
  await world.settled()
  assert.equal(world.server.status().connections, 1)
  statusIs(await tryCreate(holder, { name: 'b', createDisposition: 1 }), 'STATUS_OBJECT_NAME_NOT_FOUND')
})

scenario('large answers of one chain do not burst their frame', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' }, { credits: 1000 })
  const most = 8 * 1024 * 1024
  succeeded(
    await client.callRaw(Command.WRITE, writeBody(file, new Uint8Array(most).fill(3)), { charge: 128, credits: 500 }),
  )
  const answers = client.send(
    [1, 2, 3].map(() => client.prepare(Command.READ, readBody(file, most), { charge: 128, credits: 200 })),
  )
  for (const answer of await Promise.all(answers)) assert.equal(succeeded(answer).body(ReadResponse).data.length, most)
  succeeded(await read(client, file))
})
