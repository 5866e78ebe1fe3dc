/** The client library with connections that are cut at any moment: what it says is stored is stored. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import { connectBy } from '../../src/client/connect.ts'
import { type Client, type Dial, type Share, SmbError, StatusError, TransportError } from '../../src/client/index.ts'
import { Command } from '../../src/wire/smb2/index.ts'
import { TESTER } from './client.ts'
import { Library } from './library.ts'
import type { Random } from './random.ts'
import { scenario, type World } from './world.ts'

const NAMES = ['a', 'b', 'folder/c', 'folder/d'] as const
const COMMAND_AT = 12
/** What may be in a file: one of these, or undefined for no file at all. */
type Possible = Set<string | undefined>

/** What is known of the files of a share by one who has them for himself. */
class Model {
  readonly files = new Map<string, Possible>(NAMES.map((name) => [name, new Set([undefined])]))

  of(name: string): Possible {
    return this.files.get(name) as Possible
  }

  /** `done`: it was acknowledged. `unknown`: it may have been done, or be done yet. */
  change(name: string, after: string | undefined, outcome: 'done' | 'unknown' | 'refused'): void {
    const before = this.of(name)
    if (outcome === 'done') this.files.set(name, new Set([after]))
    else if (outcome === 'unknown') before.add(after)
  }
}

/** What became of a call. */
async function outcomeOf(call: Promise<unknown>): Promise<'done' | 'unknown' | 'refused'> {
  try {
    await call
    return 'done'
  } catch (error) {
    assert.ok(error instanceof SmbError, String(error))
    if (error instanceof StatusError) return 'refused'
    return error instanceof TransportError && !error.outcomeUnknown ? 'refused' : 'unknown'
  }
}

const contentOf = (random: Random): string => {
  const size = random.pick([0, 10, 3000, 70_000, 300_000])
  return String.fromCharCode(97 + random.below(26)).repeat(size)
}

async function step(library: Library, share: Share, model: Model, random: Random): Promise<void> {
  const name = random.pick(NAMES)
  switch (random.below(5)) {
    case 0: {
      const content = contentOf(random)
      const outcome = await outcomeOf(library.during(share.writeFile(name, content)))
      assert.notEqual(outcome, 'refused')
      model.change(name, content, outcome)
      return
    }
    case 1: {
      const { cuts } = library
      const outcome = await outcomeOf(library.during(share.unlink(name)))
      const mayBeThere = [...model.of(name)].some((content) => content !== undefined)
      // After a cut it is looked for: that it is gone is all that can be known.
      assert.ok(outcome !== 'done' || mayBeThere || library.cuts > cuts, 'what is not there was removed')
      // Refused: it is not there.
      model.change(name, undefined, outcome === 'refused' ? 'done' : outcome)
      return
    }
    case 2: {
      const content = contentOf(random)
      const outcome = await outcomeOf(library.during(writeInParts(share, name, content)))
      assert.notEqual(outcome, 'refused')
      if (outcome === 'done') model.change(name, content, 'done')
      else {
        // Any beginning of it may be there.
        model.files.set(name, new Set())
        await library.during(share.writeFile(name, 'known again'))
        model.change(name, 'known again', 'done')
      }
      return
    }
    default: {
      const found = await library.during(
        share.readFile(name, 'utf8').catch((error: unknown) => {
          if (error instanceof StatusError && error.code === 'ENOENT') return undefined
          throw error
        }),
      )
      assert.ok(
        model.of(name).has(found),
        `${name}: ${describe(found)} is none of ${[...model.of(name)].map(describe).join(', ')}`,
      )
      model.files.set(name, new Set([found]))
    }
  }
}

/** By a handle: every part that is acknowledged is stored, whatever happens to the connection. */
async function writeInParts(share: Share, name: string, content: string): Promise<void> {
  const handle = await share.open(name, 'w')
  try {
    for (let at = 0; at < content.length; at += 40_000) await handle.write(content.slice(at, at + 40_000), at)
  } finally {
    await handle.close()
  }
}

const describe = (content: string | undefined): string =>
  content === undefined ? 'nothing' : `${content.slice(0, 1)} * ${content.length}`

for (const [name, options] of [
  ['signed', {}],
  ['sealed', { encryption: 'required' }],
  ['dialect 2.0.2', { maxDialect: '2.0.2' }],
  ['dialect 2.1', { maxDialect: '2.1' }],
  ['dialect 3.0', { maxDialect: '3.0' }],
  ['three channels', { channels: 3 }],
  ['three channels, sealed', { channels: 3, encryption: 'required' }],
] as const)
  scenario(`acknowledged means stored, with cut connections: ${name}`, {}, async (world) => {
    const library = new Library(world)
    const limits = { maxReadBytes: 65_536, maxWriteBytes: 65_536 }
    const client: Client = await library.connect({ ...options, limits })
    const share = await library.during(client.share('data'))
    await library.during(share.mkdir('folder'))
    const model = new Model()
    library.cutOneIn = 30
    library.holdOneIn = 3
    for (let i = 0; i < 150; i++) await step(library, share, model, world.random)
    assert.ok(library.cuts > 5, 'nothing was cut')
    assert.ok(library.overtaken > 0 || name.endsWith('sealed'), 'nothing was overtaken')
    library.cutOneIn = 0
    await library.during(client.close())
    // Somebody else looks.
    const other = await library.connect(options)
    const seen = await library.during(other.share('data'))
    for (const file of NAMES) {
      const found = await library.during(seen.readFile(file, 'utf8').catch(() => undefined))
      assert.ok(model.of(file).has(found), `${file}: ${describe(found)}`)
    }
    await library.during(other.close())
  })

for (const which of ['first', 'last'] as const)
  scenario(`the ${which} of three channels is lost: the session goes on`, {}, async (world) => {
    const library = new Library(world)
    const events: string[] = []
    const observer = { event: ({ kind }: { readonly kind: string }) => void events.push(kind) }
    // Only the channels that are left: it does not come back.
    const client = await library.connect({
      channels: 3,
      reconnect: false,
      observer,
      limits: { maxReadBytes: 65_536, maxWriteBytes: 65_536 },
    })
    const share = await library.during(client.share('data'))
    await library.during(until(world, () => library.wires.size === 3))
    const content = 'x'.repeat(3_000_000)
    const handle = await library.during(share.open('file', 'w+'))
    const writing = handle.write(content)
    const wires = [...library.wires]
    setImmediate(() => (which === 'first' ? wires[0] : wires[2])?.cut())
    await library.during(writing)
    await library.during(handle.close())
    assert.equal(await library.during(share.readFile('file', 'utf8')), content)
    assert.deepEqual(events, ['connected', 'connected', 'connected', 'disconnected'])
    await library.during(client.close())
  })

scenario(
  'what is opened before further channels are there is opened once, too',
  { files: { file: '' } },
  async (world) => {
    const library = new Library(world)
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>()
    const dial: Dial = async (...how) => {
      if (library.wires.size > 0) await gate
      return library.dial(...how)
    }
    const limits = { maxWriteBytes: 65_536 }
    const target = { host: 'server', path: '', user: TESTER.user, password: TESTER.password }
    const client = await library.during(connectBy({ dial, clock: world.clock }, target, { channels: 2, limits }))
    const share = await library.during(client.share('data'))
    library.drops = (message) => viewOf(message).getUint16(COMMAND_AT, true) === Command.CREATE
    const writing = share.writeFile('file', 'x'.repeat(100_000))
    await library.during(until(world, () => world.server.opens.size === 1))
    library.drops = undefined
    openGate()
    await library.during(until(world, () => [...world.server.sessions.values()][0]?.channels.size === 2))
    const [first] = library.wires
    first?.cut()
    await library.during(writing)
    assert.equal(world.server.opens.size, 0)
    await library.during(client.close())
  },
)

async function until(world: World, condition: () => boolean): Promise<void> {
  while (!condition()) await world.settled()
}
