/** What of a persistent open is kept, and where. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { durableWish } from '../../src/server/durability/durable-request.ts'
import { decodeKeptOpen, encodeKeptOpen, type KeptOpen } from '../../src/server/durability/kept-open.ts'
import { StoreError, sqliteStore } from '../../src/state/sqlite.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { ntStatusName } from '../../src/wire/erref/ntstatus.ts'

const GUID = '3f5cf209-a4e5-0049-a7d6-6a456d5ca5cf'

const kept: KeptOpen = {
  share: 'data',
  path: ['folder', 'füle.txt'],
  stream: 'notes',
  fileId: 0xffff_ffff_ffff_fffen,
  isPosix: false,
  owner: 'S-1-5-21-1-2-3-1000',
  ownerName: 'anna',
  clientGuid: GUID,
  createGuid: GUID,
  desiredAccess: 0x8000_0000,
  grantedAccess: 0x0012_0089,
  shareAccess: 1,
  createOptions: 0x40,
  createAction: 2,
  timeoutMs: 60_000,
  deleteOnClose: true,
  fileGoes: false,
  streamGoes: true,
  oplockLevel: 0xff,
  lease: { key: GUID, rights: 7, version: 2, epoch: 3, parentKey: GUID },
  parentLeaseKey: GUID,
  appInstance: { id: GUID, version: { high: 1n, low: (1n << 64n) - 1n } },
  locks: [{ offset: (1n << 64n) - 1n, length: 0n, exclusive: true }],
  lockSequences: Uint8Array.of(0, 1, 16),
}

test('a persistent open comes back as it was kept', () => {
  assert.deepEqual(decodeKeptOpen(encodeKeptOpen(kept)), kept)
  const { stream: _s, lease: _l, parentLeaseKey: _p, appInstance: _a, lockSequences: _q, ...least } = kept
  assert.deepEqual(decodeKeptOpen(encodeKeptOpen(least)), least)
})

test('what is not a kept open is none', () => {
  const texts = ['', 'null', '[]', '{}', '{"n":"x"}', encodeKeptOpen(kept).slice(0, -1)]
  for (const text of texts) assert.equal(decodeKeptOpen(text), undefined, text)
  for (const name of Object.keys(kept)) {
    const damaged = { ...kept, [name]: {} }
    assert.equal(decodeKeptOpen(encodeKeptOpen(damaged)), undefined, name)
  }
})

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-store-'))
  folders.push(folder)
  return join(folder, 'opens.db')
}

test('the store has after a restart what it was given before', async () => {
  const file = newFile()
  const first = await sqliteStore(file)
  assert.deepEqual(first.load(), [])
  await Promise.all([
    first.save({ id: 1n, state: 'one' }),
    first.save({ id: (1n << 64n) - 1n, state: 'last' }),
    first.save({ id: 2n, state: 'two' }),
  ])
  await first.save({ id: 2n, state: 'two again' })
  await first.remove(1n)
  // What was not waited for is written when it closes.
  void first.save({ id: 3n, state: 'three' })
  void first.save({ id: 3n, state: 'three again' })
  await first.close()
  const second = await sqliteStore(file)
  assert.deepEqual(second.load(), [
    { id: 2n, state: 'two again' },
    { id: 3n, state: 'three again' },
    { id: (1n << 64n) - 1n, state: 'last' },
  ])
  await second.close()
})

test('what was said to be kept is there after a kill', async () => {
  const file = newFile()
  const { href } = new URL('../../src/state/sqlite.ts', import.meta.url)
  const program = `
    const { sqliteStore } = await import(${JSON.stringify(href)})
    const store = await sqliteStore(${JSON.stringify(file)})
    for (let i = 1n; i <= 3n; i++) await store.save({ id: i, state: String(i) })
    process.kill(process.pid, 'SIGKILL')`
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', program])
  assert.equal(signal, 'SIGKILL')
  const store = await sqliteStore(file)
  assert.deepEqual(
    store.load().map(({ state }) => state),
    ['1', '2', '3'],
  )
  await store.close()
})

test('a store is for one server at a time', async () => {
  const file = newFile()
  const store = await sqliteStore(file)
  await assert.rejects(sqliteStore(file), (error) => error instanceof StoreError && /locked/.test(error.message))
  await store.close()
  await (await sqliteStore(file)).close()
})

test('what is no store of ours is left alone', async () => {
  const file = newFile()
  writeFileSync(file, 'somebody’s letters '.repeat(100))
  await assert.rejects(sqliteStore(file), StoreError)
  const { DatabaseSync } = await import('node:sqlite')
  const others = newFile()
  const database = new DatabaseSync(others)
  database.exec('CREATE TABLE letters (text)')
  database.close()
  await assert.rejects(sqliteStore(others), /no store of smbkit/)
})

const wished = (contexts: Parameters<typeof durableWish>[0]): string => {
  const wish = durableWish(contexts)
  return failed(wish) ? ntStatusName(wish.status) : wish.kind
}

test('contexts of version 2 stand alone; who reconnects need not ask for durability', () => {
  const durableV2 = { createGuid: GUID, timeoutMs: 0, persistent: false }
  const reconnect = { id: 1n }
  const reconnectV2 = { id: 1n, v2: { createGuid: GUID, persistent: false } }
  assert.equal(wished({}), 'none')
  assert.equal(wished({ durable: true }), 'open')
  assert.equal(wished({ durableV2 }), 'open')
  assert.equal(wished({ durable: true, reconnect }), 'reconnect')
  assert.equal(wished({ reconnectV2 }), 'reconnect')
  const pairs = [
    { durable: true, durableV2 },
    { durable: true, reconnectV2 },
    { durableV2, reconnect },
    { durableV2, reconnectV2 },
    { reconnect, reconnectV2 },
  ] as const
  for (const pair of pairs) assert.equal(wished(pair), 'STATUS_INVALID_PARAMETER', JSON.stringify(Object.keys(pair)))
})
