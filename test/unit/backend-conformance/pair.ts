import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { Backend, BackendFile, OpenHow } from '../../../src/server/backend.ts'
import { failed } from '../../../src/wire/erref/failure.ts'
import { contentOf, ok, pattern, READ_WRITE, sameBytes, statusOf } from './fixture.ts'
import { Model, type ModelHandle } from './model.ts'

const SLOTS = 4
/** Around the edges of clusters (4 KiB) and chunks (64 KiB). */
const edges = [0, 1, 255, 256, 4095, 4096, 4097, 12_288, 65_535, 65_536, 65_537, 131_072, 150_000]

const slots = fc.nat(SLOTS - 1)
const name = fc.constantFrom('a', 'A', 'b', 'ä', 'Ä')
const paths = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  { weight: 6, arbitrary: fc.tuple(name) },
  { weight: 4, arbitrary: fc.tuple(name, name) },
  { weight: 1, arbitrary: fc.tuple(name, name, name) },
)
const place = fc.constantFrom(...edges)
const stream = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('s', 'S', 't') },
)

/** One call of a sequence. */
export const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('open' as const),
      slot: slots,
      path: paths,
      stream,
      kind: fc.constantFrom(undefined, undefined, 'file' as const, 'directory' as const),
      disposition: fc.constantFrom(
        'open' as const,
        'create' as const,
        'openOrCreate' as const,
        'openOrCreate' as const,
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('write' as const),
      slot: slots,
      offset: place,
      length: place,
      seed: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('truncate' as const), slot: slots, size: place }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('zero' as const), slot: slots, offset: place, length: place }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('allocate' as const), slot: slots, size: place }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('rename' as const), slot: slots, path: paths, replace: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('link' as const), slot: slots, path: paths, replace: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('renameStream' as const),
      slot: slots,
      to: fc.constantFrom('s', 'T', 'u'),
      replace: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), slot: slots }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close' as const), slot: slots }) },
)
export type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

interface Slot {
  readonly file: BackendFile
  readonly model: ModelHandle
}

/** The same calls to a backend and to the model, which must agree. */
export class Pair {
  readonly backend: Backend
  readonly #model = new Model()
  readonly #slots: (Slot | undefined)[] = []

  constructor(backend: Backend) {
    this.backend = backend
  }

  async run(one: Operation): Promise<void> {
    if (one.op === 'open') return this.#open(one)
    const slot = this.#slots[one.slot]
    if (slot === undefined) return
    if (one.op === 'close') {
      await slot.file.close()
      this.#slots[one.slot] = undefined
      return
    }
    const isGone = this.#model.isGone(slot.model)
    const [actual, expected] = await this.#both(slot, one)
    // What refuses a call on a removed name is not written down.
    if (isGone && expected !== 'STATUS_SUCCESS') assert.notEqual(actual, 'STATUS_SUCCESS', one.op)
    else assert.equal(actual, expected, one.op)
    await this.#check(slot)
  }

  async #open(one: Operation & { op: 'open' }): Promise<void> {
    const how: OpenHow = {
      disposition: one.disposition,
      ...READ_WRITE,
      ...(one.kind === undefined ? {} : { kind: one.kind }),
      ...(one.stream === undefined ? {} : { stream: one.stream }),
    }
    const opened = await this.backend.open(one.path, how)
    const expected = this.#model.open(one.path, how)
    assert.equal(statusOf(opened), expected.status, 'open')
    if (failed(opened) || expected.handle === undefined) return
    assert.equal(opened.created, expected.created)
    await this.#slots[one.slot]?.file.close()
    const slot = { file: opened.file, model: expected.handle }
    this.#slots[one.slot] = slot
    await this.#check(slot)
  }

  async #both({ file, model: handle }: Slot, one: Exclude<Operation, { op: 'open' | 'close' }>): Promise<string[]> {
    const model = this.#model
    /** What is removed need not have room to grow; then nothing changes. */
    const content = (status: string, change: (data: Uint8Array) => Uint8Array): string[] =>
      status === 'STATUS_DISK_FULL' && model.isGone(handle) ? [status, status] : [status, model.change(handle, change)]
    switch (one.op) {
      case 'write': {
        const data = pattern(one.length, one.seed)
        return content(statusOf(await file.write(data, one.offset, false)), write(data, one.offset))
      }
      case 'truncate':
        return content(statusOf(await file.truncate(one.size)), resize(one.size))
      case 'zero':
        return content(statusOf(await file.zero(one)), zero(one.offset, one.length))
      case 'allocate':
        return content(statusOf(await file.allocate(one.size)), (data) => data)
      case 'rename':
        return [statusOf(await file.rename(one.path, one.replace)), model.rename(handle, one.path, one.replace)]
      case 'link':
        return [statusOf(await file.link(one.path, one.replace)), model.link(handle, one.path, one.replace)]
      case 'renameStream':
        return [statusOf(await file.renameStream(one.to, one.replace)), model.renameStream(handle, one.to, one.replace)]
      case 'remove':
        return [statusOf(await file.remove()), model.remove(handle)]
      default:
        throw new Error(one satisfies never)
    }
  }

  async #check({ file, model: handle }: Slot): Promise<void> {
    const stat = await ok(file.stat())
    assert.equal(stat.links, this.#model.linkCount(handle.link.node), 'links')
    if (file.isDirectory) return
    const content = this.#model.content(handle)
    sameBytes(await contentOf(file), content)
    const ranges = await ok(file.allocatedRanges({ offset: 0, length: content.length }))
    let end = 0
    for (const { offset, length } of ranges) {
      assert.ok(offset >= end && length > 0 && offset + length <= content.length, 'ranges are in order')
      assert.ok(
        content.subarray(end, offset).every((byte) => byte === 0),
        'a hole is zeros',
      )
      end = offset + length
    }
    assert.ok(
      content.subarray(end).every((byte) => byte === 0),
      'a hole at the end is zeros',
    )
  }

  /** The whole tree; closes all handles. Gives the bytes on the medium of what there is then. */
  async finish(): Promise<number> {
    const shown = await show(this.backend)
    assert.deepEqual(shown.lines.toSorted(), this.#model.show().toSorted())
    for (const slot of this.#slots.splice(0)) await slot?.file.close()
    return (await show(this.backend)).allocated
  }
}

const resize =
  (size: number) =>
  (data: Uint8Array): Uint8Array => {
    const result = new Uint8Array(size)
    result.set(data.subarray(0, size))
    return result
  }

const write =
  (added: Uint8Array, offset: number) =>
  (data: Uint8Array): Uint8Array => {
    if (added.length === 0) return data
    const result = resize(Math.max(data.length, offset + added.length))(data)
    result.set(added, offset)
    return result
  }

const zero =
  (offset: number, length: number) =>
  (data: Uint8Array): Uint8Array =>
    data.slice().fill(0, offset, offset + length)

async function show(backend: Backend): Promise<{ lines: string[]; allocated: number }> {
  const lines: string[] = []
  const rooms = new Map<bigint, number>()
  const visit = async (path: string[]): Promise<void> => {
    const shown = path.map((step) => `/${step}`).join('')
    const { file, path: stored } = await ok(backend.open(path, { disposition: 'open', read: true, write: false }))
    assert.deepEqual(stored, path)
    const stat = await ok(file.stat())
    lines.push(`${shown} ${stat.isDirectory ? 'directory' : stat.endOfFile} links ${stat.links}`)
    let room = 0
    for (const entry of await ok(file.streams())) {
      room += entry.allocationSize
      if (entry.name !== '') lines.push(`${shown}:${entry.name} ${entry.size}`)
    }
    rooms.set(file.fileId, room)
    if (file.isDirectory) for (const child of await ok(file.list())) await visit([...path, child])
    await file.close()
  }
  await visit([])
  return { lines, allocated: [...rooms.values()].reduce((sum, room) => sum + room, 0) }
}
