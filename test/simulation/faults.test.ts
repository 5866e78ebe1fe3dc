/** Bugs of a backend, and the end of the server: one request fails, the others and the server live on. */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import type { Backend, BackendFile } from '../../src/server/backend.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { Command } from '../../src/wire/smb2/index.ts'
import { OTHER } from './client.ts'
import {
  close,
  create,
  echo,
  exclusive,
  lock,
  lockBody,
  notifyBody,
  openDirectory,
  read,
  start,
  tryCreate,
  write,
} from './files.ts'
import { scenario, statusIs, succeeded, World } from './world.ts'

/** A backend whose files throw where `breaks` says so: at once, or later. */
function brokenBackend(breaks: (method: string) => 'at once' | 'later' | undefined): Backend {
  const inner = memoryBackend({ files: { a: 'text' } })
  const wrap = (file: BackendFile): BackendFile =>
    new Proxy(file, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          const how = breaks(String(name))
          if (how === 'at once') throw new Error('a bug')
          if (how === 'later') return Promise.reject(new Error('a bug'))
          return Reflect.apply(value, target, args) as unknown
        }
      },
    })
  return {
    features: inner.features,
    async open(path, how) {
      const opened = await inner.open(path, how)
      return failed(opened) ? opened : { ...opened, file: wrap(opened.file) }
    },
    volume: () => inner.volume(),
    close: () => inner.close(),
  }
}

for (const how of ['at once', 'later'] as const)
  scenario(`a backend that throws ${how}`, {}, async (outer) => {
    let broken = ''
    const backend = brokenBackend((method) => (method === broken ? how : undefined))
    const world = new World({ shares: [{ name: 'data', backend }] }, outer.seed)
    const client = await world.client()
    const file = await create(client, { name: 'a' })
    for (const [method, act] of [
      ['read', () => read(client, file)],
      ['write', () => write(client, file, 'x')],
      ['stat', () => tryCreate(client, { name: 'a' })],
    ] as const) {
      broken = method
      statusIs(await act(), 'STATUS_INTERNAL_ERROR')
      assert.equal(world.faults.splice(0).length, 1, method)
      broken = ''
    }
    succeeded(await read(client, file))
    succeeded(await close(client, file))
    await world.end()
  })

scenario('the server ends while clients wait', {}, async (world) => {
  const [one, two] = [await world.client(), await world.client(OTHER)]
  const file = await create(one, { name: 'a' })
  succeeded(await lock(one, file, exclusive(0n, 1n)))
  await start(two, Command.LOCK, lockBody(await create(two, { name: 'a' }), exclusive(0n, 1n, true)))
  await start(two, Command.CHANGE_NOTIFY, notifyBody(await openDirectory(two, '')))
  world.connect()
  await world.server.end()
  await world.settled()
  for (const client of world.clients) assert.ok(client.isClosed)
  world.assertNothingLeft()
})

scenario('shares that are taken away and changed while they are used', {}, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  world.server.setShares([])
  // Whoever was connected finds that out with the next request; nobody new comes.
  statusIs(await read(client, file), 'STATUS_NETWORK_NAME_DELETED')
  statusIs(await client.treeConnect('data'), 'STATUS_BAD_NETWORK_NAME')
  world.server.setShares([{ name: 'data', backend: world.backend }])
  succeeded(await client.treeConnect('data'))
  succeeded(await echo(client))
})
