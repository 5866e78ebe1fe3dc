/** What was under way when the connection was cut is gone on with, or found out about by looking. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { ConnectOptions, ObservedMessage } from '../../src/client/index.ts'
import { messagesIn } from '../../src/client/messages-in.ts'
import { Command } from '../../src/wire/smb2/index.ts'
import { Library } from './library.ts'
import { scenario, type World } from './world.ts'

const names = Array.from({ length: 200 }, (_, i) => `entry-${String(i).padStart(4, '0')}`)
const files = Object.fromEntries(names.map((name) => [`folder/${name}`, '']))
/** So that a folder takes many answers. */
const limits = { maxTransactBytes: 4096 }
const COMMAND_AT = 12

for (const [name, options] of [
  ['one connection', {}],
  ['one of three channels', { channels: 3, reconnect: false }],
] satisfies readonly (readonly [string, ConnectOptions])[])
  scenario(`a folder that is read step by step goes on after a cut: ${name}`, { files }, async (world) => {
    const library = new Library(world)
    const client = await library.connect({ ...options, limits })
    const share = await library.during(client.share('data'))
    if ('channels' in options) await library.during(until(world, () => library.wires.size === 3))
    for (const recursive of [false, true]) {
      const folder = await library.during(share.opendir('folder', { recursive }))
      const found: string[] = []
      for (let i = 0; ; i++) {
        const entry = await library.during(folder.read())
        if (entry === null) break
        found.push(entry.name)
        // In the middle of an answer, and when the next one is on its way.
        const isNow = i === 50 || (i === 120 && !('channels' in options))
        const [first] = library.wires
        if (isNow && (library.wires.size > 1 || !('channels' in options))) first?.cut()
      }
      assert.deepEqual(found.toSorted(), names)
      await library.during(folder.close())
    }
    await library.during(client.close())
  })

scenario(
  'a folder that is read step by step is not gathered; what is gathered has a limit',
  { files },
  async (world) => {
    const library = new Library(world)
    let asked = 0
    const observer = {
      message(observed: ObservedMessage) {
        if (observed.direction !== 'sent') return
        for (const message of messagesIn(observed))
          if (viewOf(message).getUint16(COMMAND_AT, true) === Command.QUERY_DIRECTORY) asked++
      },
    }
    const client = await library.connect({ observer, limits: { ...limits, maxEntries: names.length } })
    const share = await library.during(client.share('data'))
    const folder = await library.during(share.opendir('folder'))
    const seen: number[] = []
    for (let i = 0; i < names.length; i++) {
      await library.during(folder.read())
      await world.settled()
      seen.push(asked)
    }
    await library.during(folder.close())
    // One answer is here and one on its way; the rest is asked for as it is read.
    assert.ok((seen[0] ?? 0) <= 3 && asked >= 6, `${seen[0]} of ${asked}`)
    assert.equal((await library.during(share.readdir('folder'))).length, names.length)
    // One more, which is the folder itself.
    await assert.rejects(library.during(share.readdir('', { recursive: true })), { code: 'EOVERFLOW' })
    await library.during(client.close())
    const strict = await library.connect({ limits: { ...limits, maxEntries: names.length - 1 } })
    const other = await library.during(strict.share('data'))
    await assert.rejects(library.during(other.readdir('folder')), { code: 'EOVERFLOW' })
    await library.during(strict.close())
  },
)

scenario('who was listed last has gone meanwhile: nobody knows where it was', { files }, async (world) => {
  const library = new Library(world)
  const client = await library.connect({ limits })
  const share = await library.during(client.share('data'))
  const folder = await library.during(share.opendir('folder'))
  const listed: string[] = []
  for (let i = 0; i < 3; i++) listed.push((await library.during(folder.read()))?.name ?? '')
  // All that may have come by now, which is asked for ahead.
  for (const name of names.slice(0, 180)) await library.during(share.unlink(`folder/${name}`))
  library.cutAll()
  const rest = async (): Promise<void> => {
    while ((await folder.read()) !== null);
  }
  await assert.rejects(library.during(rest()), { code: 'ESTALE' })
  await library.during(folder.close())
  await library.during(client.close())
})

/** What is asked next is lost, or its answer is: and the connection with it. */
const losses = {
  request: (library: Library) => {
    library.losesNext = true
  },
  answer: (library: Library) => {
    library.drops = () => {
      library.drops = undefined
      setImmediate(() => library.cutAll())
      return true
    }
  },
}

for (const [name, lose] of Object.entries(losses))
  scenario(`what must not be done twice is looked for: the ${name} is lost`, { files: { a: 'a' } }, async (world) => {
    const library = new Library(world)
    const client = await library.connect()
    const share = await library.during(client.share('data'))
    const exists = (path: string) => library.during(share.exists(path))
    const lost = async (work: () => Promise<unknown>): Promise<unknown> => {
      // What is there has been there for a while.
      world.clock.advance(10_000)
      lose(library)
      return library.during(work())
    }
    await lost(() => share.link('a', 'b'))
    assert.ok(await exists('b'))
    await lost(() => share.unlink('b'))
    assert.ok(!(await exists('b')))
    await lost(() => share.rename('a', 'c'))
    assert.deepEqual([await exists('a'), await exists('c')], [false, true])
    await lost(() => share.mkdir('new/one', { recursive: true }))
    assert.ok((await library.during(share.stat('new/one'))).isDirectory())
    assert.ok(await exists((await lost(() => share.mkdtemp('temporary-'))) as string))
    await lost(() => share.rmdir('new/one'))
    await lost(() => share.rm('new', { recursive: true }))
    assert.ok(!(await exists('new')))
    // What was in the way, and what was not there, is so all the same.
    await assert.rejects(
      lost(() => share.mkdir('c')),
      { code: 'EEXIST' },
    )
    await assert.rejects(lost(() => share.rename('nothing', 'd')))
    // That a folder is there does not say who has made it.
    const made = lost(() => share.mkdir('mine'))
    if (name === 'request') await made
    else await assert.rejects(made, { name: 'TransportError', outcomeUnknown: true })
    assert.ok(await exists('mine'))
    await library.during(client.close())
  })

scenario(
  'what somebody else has done meanwhile is not taken for what was asked',
  { files: { a: 'a' } },
  async (world) => {
    const [library, others] = [new Library(world), new Library(world)]
    const client = await library.connect()
    const share = await library.during(client.share('data'))
    const other = await others.connect()
    const otherShare = await others.during(other.share('data'))
    world.clock.advance(10_000)
    losses.answer(library)
    library.refusal = 'ECONNREFUSED'
    const removing = share.unlink('a')
    removing.catch(() => undefined)
    await world.settled()
    await others.during(otherShare.writeFile('a', 'another'))
    library.refusal = undefined
    await assert.rejects(library.during(removing), { outcomeUnknown: true })
    assert.equal(await others.during(otherShare.readFile('a', 'utf8')), 'another', 'it is left alone')
    await library.during(client.close())
    await others.during(other.close())
  },
)

async function until(world: World, condition: () => boolean): Promise<void> {
  while (!condition()) await world.settled()
}
