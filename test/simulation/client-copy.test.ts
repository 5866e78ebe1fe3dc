/** Copies that a server makes by itself, cut off: what is there has its name when it is whole, and is gone on with. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  type Client,
  type ConnectOptions,
  type CopySummary,
  messagesIn,
  type ObservedMessage,
  type Share,
} from '../../src/client/index.ts'
import { Command, Smb2Header } from '../../src/wire/smb2/index.ts'
import { Library } from './library.ts'
import { scenario, type World } from './world.ts'

const MIB = 1024 * 1024
/** More than twice what is asked for at a time. */
const SIZE = 140 * MIB
const content = Array.from({ length: SIZE / MIB }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(MIB)).join('')
/** Two: within one the blocks would be shared, in a moment. */
const shares = () => [
  { name: 'data', backend: memoryBackend({ files: { large: content } }) },
  { name: 'other', backend: memoryBackend({ files: { large: 'as it was' } }) },
]
/** Requests that it takes, four of them at a time. */
const REQUESTS = 9

/** A client whose connection is cut when it has asked for so many copies of chunks. */
class Copier {
  readonly library: Library
  readonly asked = new Map<number, number>()
  client!: Client
  from!: Share
  to!: Share
  #left = 0

  constructor(world: World) {
    this.library = new Library(world)
  }

  static async connect(world: World, options: ConnectOptions = {}): Promise<Copier> {
    const copier = new Copier(world)
    const observer = { message: (message: ObservedMessage) => copier.#see(message) }
    copier.client = await copier.library.connect({ ...options, observer })
    copier.from = await copier.library.during(copier.client.share('data'))
    copier.to = await copier.library.during(copier.client.share('other'))
    return copier
  }

  #see(message: ObservedMessage): void {
    for (const one of messagesIn(message)) {
      const { command } = Smb2Header.decode(viewOf(one))
      if (message.direction === 'sent') this.asked.set(command, (this.asked.get(command) ?? 0) + 1)
      else if (command === Command.IOCTL && this.#left > 0 && --this.#left === 0)
        setImmediate(() => this.library.cutAll())
    }
  }

  /** After so many answers from now on to requests that copy. */
  cutAfter(answers: number): void {
    // The key of the source comes first.
    this.#left = answers + 1
  }

  copy(): Promise<CopySummary> {
    return this.library.during(
      this.from.cp('large', { share: this.to, path: 'large' }, { resume: true }).finally(() => {
        this.#left = 0
      }),
    )
  }

  async parts(): Promise<string[]> {
    return this.library.during(this.to.readdir('', { pattern: '*.part' }))
  }

  async close(): Promise<void> {
    await this.library.during(this.client.close())
  }
}

async function assertCopied(copier: Copier): Promise<void> {
  const { library } = copier
  const [from, to] = await library.during(Promise.all([copier.from.stat('large'), copier.to.stat('large')]))
  assert.deepEqual([to.size, to.mtimeNs, to.isHidden], [from.size, from.mtimeNs, false])
  for (let at = 0; at < SIZE; at += MIB) {
    await using handle = await library.during(copier.to.open('large'))
    const { buffer } = await library.during(handle.read(Buffer.alloc(10), 0, 10, at))
    assert.equal(buffer.toString(), content.slice(at, at + 10), `at ${at / MIB} MiB`)
  }
  assert.deepEqual(await copier.parts(), [])
}

scenario('a copy on the server goes on there when the connection is back', { shares: shares() }, async (world) => {
  const copier = await Copier.connect(world)
  copier.cutAfter(world.random.below(REQUESTS))
  const { bytes, keptBytes } = await copier.copy()
  assert.deepEqual([bytes, keptBytes, copier.library.wires.size], [SIZE, 0, 1])
  assert.deepEqual([copier.asked.get(Command.READ), copier.asked.get(Command.WRITE)], [undefined, undefined])
  await assertCopied(copier)
  await copier.close()
})

for (const changes of ['nothing', 'the part', 'the source'] as const)
  scenario(
    `a copy on the server that was cut off; what changed meanwhile: ${changes}`,
    { shares: shares() },
    async (world) => {
      const copier = await Copier.connect(world, { reconnect: false })
      // Before the last of them are asked for.
      copier.cutAfter(7)
      await assert.rejects(copier.copy(), { code: 'ECONNRESET' })
      const other = await Copier.connect(world)
      const { library, from, to } = other
      const look = async (): Promise<string> => library.during(to.readFile('large', 'utf8'))
      assert.equal(await look(), 'as it was')
      const [part = ''] = await other.parts()
      const { isHidden, size } = await library.during(to.stat(part))
      assert.ok(isHidden && size > 64 * MIB && size < SIZE, `${size}`)
      if (changes === 'the part') {
        await using handle = await library.during(to.open(part, 'r+'))
        await library.during(handle.write('?', size - 64 * MIB - 100))
        await library.during(handle.truncate(size))
      } else if (changes === 'the source') await library.during(from.utimes('large', 1, 1))
      const { bytes, keptBytes } = await other.copy()
      assert.equal(bytes, SIZE)
      assert.equal(keptBytes > 0, changes === 'nothing')
      if (changes === 'the source') await library.during(to.unlink(part))
      await assertCopied(other)
      await other.close()
    },
  )

scenario(
  'a copy on the server that is given up leaves nothing where it is not to go on',
  { shares: shares() },
  async (world) => {
    const copier = await Copier.connect(world)
    const { library, from, to } = copier
    const stop = new AbortController()
    let seen = 0
    const copying = from.cp(
      'large',
      { share: to, path: 'large' },
      {
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.kind === 'bytes') seen += progress.bytes
          if (seen > 0) stop.abort(new Error('enough'))
        },
      },
    )
    await assert.rejects(library.during(copying), /enough/)
    assert.ok(seen < SIZE, 'what is copied is told as it goes')
    assert.equal(await library.during(to.readFile('large', 'utf8')), 'as it was')
    assert.deepEqual(await copier.parts(), [])
    await copier.close()
  },
)
