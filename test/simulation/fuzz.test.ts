/** Valid sessions with random damage: every message is answered or ends the connection, and nothing is left behind. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  FileBasicInformation,
  FileDispositionInformation,
  FileFullEaInformation,
  FileInformationClass,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import {
  Command,
  CreateContextName,
  type FileId,
  FsctlCode,
  InfoType,
  IoctlRequest,
  QueryDirectoryRequest,
  QueryInfoRequest,
  SetInfoRequest,
  TreeConnectRequest,
} from '../../src/wire/smb2/index.ts'
import type { Client } from './client.ts'
import {
  closeBody,
  create,
  createBody,
  echoBody,
  exclusive,
  lockBody,
  notifyBody,
  openDirectory,
  RELATED_FILE_ID,
  readBody,
  write,
  writeBody,
} from './files.ts'
import { encodeBody, HEADER_BYTES, padChain } from './messages.ts'
import { Random } from './random.ts'
import { slowBackend } from './slow-backend.ts'
import { scenario, World } from './world.ts'

const EDGES = [
  0, 1, 2, 7, 8, 16, 63, 64, 65, 127, 128, 255, 256, 0x7fff, 0x8000, 0xfff8, 0xffff, 0x7fff_ffff, 0x8000_0000,
  0xffff_fff8, 0xffff_ffff,
]

/** Damages a message from `from` on; its length may change. */
function damage(message: Uint8Array, from: number, random: Random): Uint8Array {
  let bytes = message.slice()
  for (let times = 1 + random.below(3); times > 0 && bytes.length > from; times--) {
    const at = from + random.below(bytes.length - from)
    const view = viewOf(bytes)
    switch (random.below(8)) {
      case 0:
        bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))
        break
      case 1:
        bytes[at] = random.below(256)
        break
      case 2:
        if (at + 2 <= bytes.length) view.setUint16(at, random.pick(EDGES) & 0xffff, true)
        break
      case 3:
        if (at + 4 <= bytes.length) view.setUint32(at, random.pick(EDGES), true)
        break
      case 4:
        if (at + 8 <= bytes.length) view.setBigUint64(at, BigInt.asUintN(64, BigInt(random.pick(EDGES)) - 8n), true)
        break
      case 5:
        bytes = bytes.slice(0, at)
        break
      case 6:
        bytes = new Uint8Array(Buffer.concat([bytes, random.bytes(random.below(40))]))
        break
      default: {
        const length = random.below(Math.min(32, bytes.length - at))
        bytes.copyWithin(at, from + random.below(bytes.length - from), bytes.length)
        bytes.fill(random.below(256), at, at + length)
      }
    }
  }
  return bytes
}

interface Ids {
  readonly file: FileId
  readonly directory: FileId
}

/** Good requests of all kinds. */
const requests: readonly ((ids: Ids, random: Random) => [number, Uint8Array])[] = [
  ({ file }) => [Command.READ, readBody(file, 4096)],
  ({ file }) => [Command.WRITE, writeBody(file, 'some text')],
  ({ file }) => [Command.LOCK, lockBody(file, exclusive(0n, 10n), exclusive(20n, 10n))],
  ({ directory }) => [Command.CHANGE_NOTIFY, notifyBody(directory)],
  (_, random) => [
    Command.CREATE,
    createBody({
      name: random.pick(['a', 'b', 'd\\c', 'd\\..\\a', 'a:stream:$DATA', '']),
      createDisposition: random.below(6),
      createContexts: [
        { name: CreateContextName.MAXIMAL_ACCESS, data: new Uint8Array(8) },
        { name: CreateContextName.QUERY_ON_DISK_ID, data: new Uint8Array(0) },
        { name: CreateContextName.ALLOCATION_SIZE, data: Uint8Array.of(0, 16, 0, 0, 0, 0, 0, 0) },
        {
          name: CreateContextName.EXTENDED_ATTRIBUTES,
          data: FileFullEaInformation.encode({ entries: [{ flags: 0, eaName: 'NAME', eaValue: Uint8Array.of(1) }] }),
        },
        { name: CreateContextName.SECURITY_DESCRIPTOR, data: Uint8Array.of(1, 0, 4, 0x80, ...new Uint8Array(16)) },
      ],
    }),
  ],
  ({ file, directory }, random) => [
    Command.CLOSE,
    closeBody(random.oneIn(8) ? random.pick([file, directory]) : RELATED_FILE_ID),
  ],
  ({ directory }, random) => [
    Command.QUERY_DIRECTORY,
    encodeBody(QueryDirectoryRequest, {
      fileInformationClass: random.pick([1, 2, 3, 12, 37, 38, 60]),
      flags: random.below(32),
      fileId: directory,
      outputBufferLength: 4096,
      fileName: random.pick(['*', 'a*', '?<>"', 'a', '.']),
    }),
  ],
  ({ file }, random) => [
    Command.QUERY_INFO,
    encodeBody(QueryInfoRequest, {
      infoType: random.pick(Object.values(InfoType)),
      fileInfoClass: random.below(70),
      outputBufferLength: 4096,
      additionalInformation: random.below(32),
      fileId: file,
      inputBuffer: random.bytes(random.below(30)),
    }),
  ],
  ({ file }, random) => {
    const [infoClass, buffer] = random.pick([
      [
        FileInformationClass.FileRenameInformation,
        FileRenameInformation.encode({ fileName: 'b', replaceIfExists: true }),
      ],
      [FileInformationClass.FileDispositionInformation, FileDispositionInformation.encode({ deletePending: true })],
      [
        FileInformationClass.FileFullEaInformation,
        FileFullEaInformation.encode({ entries: [{ flags: 0, eaName: 'N', eaValue: Uint8Array.of(1) }] }),
      ],
      [
        FileInformationClass.FileBasicInformation,
        FileBasicInformation.encode({
          creationTime: 1n,
          lastAccessTime: 0n,
          lastWriteTime: 2n ** 64n - 1n,
          changeTime: 5n,
          fileAttributes: 0x20,
        }),
      ],
      [random.below(80), random.bytes(40)],
    ] as const)
    return [
      Command.SET_INFO,
      encodeBody(SetInfoRequest, { infoType: 1, fileInfoClass: infoClass, fileId: file, buffer }),
    ]
  },
  ({ file }, random) => [
    Command.IOCTL,
    encodeBody(IoctlRequest, {
      ctlCode: random.pick(Object.values(FsctlCode)),
      fileId: file,
      input: random.bytes(random.below(60)),
      maxOutputResponse: 4096,
      flags: 1,
    }),
  ],
  () => [Command.TREE_CONNECT, encodeBody(TreeConnectRequest, { path: '\\\\server\\IPC$' })],
  () => [Command.ECHO, echoBody()],
]

/** A client with something open that nobody has damaged yet. */
async function prepared(world: World, how: 'plain' | 'sealed'): Promise<{ client: Client; ids: Ids }> {
  const client = await world.client(
    how === 'plain' ? { signs: false, negotiate: { dialects: [0x0210] } } : { seals: true },
  )
  const file = await create(client, { name: `file-${world.clients.length}` }, { credits: 2000 })
  await write(client, file, 'text')
  const directory = await openDirectory(client, `directory-${world.clients.length}`)
  return { client, ids: { file, directory } }
}

const ROUNDS = 600

for (const how of ['plain', 'sealed'] as const)
  for (const where of ['bodies', 'whole messages', 'chains'] as const)
    scenario(`damaged ${where}, ${how}`, {}, async (outer) => {
      const slow = slowBackend(memoryBackend({ files: { 'd/c': 'x' }, totalBytes: 2 ** 24 }), new Random(outer.seed))
      const world = new World({ shares: [{ name: 'data', backend: slow.backend }] }, outer.seed)
      world.network.isBusy = slow.isBusy
      const { random } = world
      let { client, ids } = await prepared(world, how)
      for (let round = 0; round < ROUNDS; round++) {
        const count = where === 'chains' ? 2 + random.below(4) : 1
        const chain = Array.from({ length: count }, (_, i) => {
          const [command, body] = random.pick(requests)(ids, random)
          return client.prepare(command, body, { related: i > 0 && !random.oneIn(4), credits: 20 })
        })
        const whole = new Uint8Array(Buffer.concat(padChain(chain.map(({ message }) => message))))
        const from = where === 'bodies' ? HEADER_BYTES : where === 'chains' && random.oneIn(2) ? 0 : 4
        const bytes = damage(whole, from, random)
        const raw = client.takeRawFrames()
        client.sendFrame(how === 'sealed' ? client.sealFor(client.session, bytes) : bytes)
        await world.settled()
        assert.deepEqual(world.faults, [], `round ${round}`)
        const isCancel = where !== 'bodies'
        assert.ok(raw.length > 0 || client.isClosed || isCancel, `round ${round}: no answer and no end`)
        if (!client.isClosed && !random.oneIn(50)) continue
        client.disconnect()
        ;({ client, ids } = await prepared(world, how))
      }
      // The server is as well as it was.
      await prepared(world, how)
      for (const other of world.clients) other.violations.length = 0
      await world.end()
      await world.settled()
      assert.equal(slow.openFiles(), 0)
      assert.deepEqual(world.faults, [])
    })

scenario('damaged negotiations and logons', { server: { allowGuest: true, allowAnonymous: true } }, async (world) => {
  const { random } = world
  for (let round = 0; round < 400; round++) {
    const client = world.connect()
    const step = random.below(3)
    let sent = 0
    client.intercept = (message) =>
      sent++ === step ? damage(message, random.oneIn(3) ? 4 : HEADER_BYTES, random) : message
    const play = async (): Promise<void> => {
      await client.negotiate({ signings: [1, 2] })
      await client.tryLogon(random.pick([{}, { user: 'guest' }, { user: '' }]))
    }
    const played = play().catch(() => {})
    await world.settled()
    client.disconnect()
    await played
    client.violations.length = 0
    assert.deepEqual(world.faults, [], `round ${round}`)
  }
  await world.client()
})

scenario('noise', {}, async (world) => {
  const { random } = world
  for (let round = 0; round < 200; round++) {
    const client = random.oneIn(2) ? world.connect() : await world.client()
    const raw = client.takeRawFrames()
    const noise = random.bytes(random.below(300))
    // As a stream of its own, or well framed.
    if (random.oneIn(2)) client.sendBytes(noise)
    else client.sendFrame(random.oneIn(2) ? noise : new Uint8Array([0xfe, 0x53, 0x4d, 0x42, 64, 0, ...noise]))
    await world.settled()
    void raw
    client.disconnect()
    await world.settled()
    assert.deepEqual(world.faults, [])
  }
})
