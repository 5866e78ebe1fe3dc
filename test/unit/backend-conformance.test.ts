import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import type { Backend, BackendFile, FileStat, Opened } from '../../src/server/backend.ts'
import { fail, failed } from '../../src/wire/erref/failure.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { backendConformance, conformanceTests, type Made, runConformanceTest } from './backend-conformance.ts'

/** What becomes of an answer: the method, what it was given, what it said. */
type Change = (method: string, given: readonly unknown[], answer: unknown) => unknown

/** The object with every answer changed. */
function changed<T extends object>(target: T, change: Change): T {
  return new Proxy(target, {
    get(_, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => change(String(property), given, Reflect.apply(value, target, given))
    },
  })
}

function changedBackend(backend: Backend, change: Change): Backend {
  return changed(backend, (method, given, answer) => {
    if (method !== 'open' || failed(answer)) return change(method, given, answer)
    const opened = answer as Opened
    return change(method, given, { ...opened, file: changed(opened.file, change) })
  })
}

const make = async (change: Change): Promise<Made> => ({
  backend: changedBackend(memoryBackend(), change),
  dispose: async () => {},
})

backendConformance('memory that answers by promises', () =>
  make((_method, _given, answer) => new Promise((resolve) => setImmediate(() => resolve(answer)))),
)

/** Faults that a backend could have, each of which a test has to find. */
const faults: Record<string, Change> = {
  'the last byte is never read': (method, _given, answer) =>
    method === 'read' && typeof answer === 'number' && answer > 1 ? answer - 1 : answer,
  'names are listed in upper case': (method, _given, answer) =>
    method === 'list' && Array.isArray(answer) ? answer.map((name) => String(name).toUpperCase()) : answer,
  'dots are listed': (method, _given, answer) =>
    method === 'list' && Array.isArray(answer) ? ['.', '..', ...answer] : answer,
  'times are of milliseconds': changeStat((stat) => ({
    ...stat,
    lastWriteTime: stat.lastWriteTime - (stat.lastWriteTime % 10_000n),
  })),
  'times are of doubles': changeStat((stat) => ({ ...stat, creationTime: BigInt(Number(stat.creationTime)) })),
  'HIDDEN is lost': changeStat((stat) => ({ ...stat, attributes: stat.attributes & ~2 })),
  'every file has one name': changeStat((stat) => ({ ...stat, links: 1 })),
  'extended attributes have no size': changeStat((stat) => ({ ...stat, eaSize: 0 })),
  'all files have one id': changeStat((stat) => ({ ...stat, fileId: 1n })),
  'directories have a size': changeStat((stat) => ({ ...stat, endOfFile: stat.isDirectory ? 4096 : stat.endOfFile })),
  'the path is as given': (method, given, answer) =>
    method === 'open' && !failed(answer) ? { ...(answer as Opened), path: given[0] } : answer,
  'case matters': (method, given, answer) => {
    if (method !== 'open' || failed(answer)) return answer
    const { path } = answer as Opened
    return path.join('/') === (given[0] as string[]).join('/') ? answer : fail(NtStatus.OBJECT_NAME_NOT_FOUND)
  },
  'everything was created': (method, _given, answer) =>
    method === 'open' && !failed(answer) ? { ...(answer as Opened), created: true } : answer,
  'vanished entries are left out': (method, _given, answer) =>
    method === 'statEntries' && Array.isArray(answer) ? answer.filter((stat) => stat !== undefined) : answer,
  'there are no holes': (method, given, answer) =>
    method === 'allocatedRanges' && !failed(answer) ? [given[0]] : answer,
  'the unnamed stream is not told': (method, _given, answer) =>
    method === 'streams' && Array.isArray(answer) ? answer.filter((stream) => stream.name !== '') : answer,
  'no descriptor is kept': (method, _given, answer) => (method === 'securityDescriptor' ? undefined : answer),
  'a collision is told as success': (method, _given, answer) =>
    method === 'rename' && failed(answer) && answer.status === NtStatus.OBJECT_NAME_COLLISION ? undefined : answer,
  'a directory that is not empty is told to be gone': (method, _given, answer) =>
    method === 'remove' && failed(answer) ? undefined : answer,
  'a missing path is a missing name': (_method, _given, answer) =>
    failed(answer) && answer.status === NtStatus.OBJECT_PATH_NOT_FOUND ? fail(NtStatus.OBJECT_NAME_NOT_FOUND) : answer,
}

function changeStat(change: (stat: FileStat) => FileStat): Change {
  const isStat = (answer: unknown): answer is FileStat =>
    typeof answer === 'object' && answer !== null && 'endOfFile' in answer
  return (method, _given, answer) => {
    if (method === 'stat' && isStat(answer)) return change(answer)
    return method === 'statEntries' && Array.isArray(answer)
      ? answer.map((stat: unknown) => (isStat(stat) ? change(stat) : stat))
      : answer
  }
}

/** Calls that do nothing and say that they did. */
const silent: readonly (keyof BackendFile)[] = [
  'setStat',
  'write',
  'truncate',
  'allocate',
  'zero',
  'setExtendedAttributes',
  'setSecurityDescriptor',
  'setProperty',
  'setReparsePoint',
  'rename',
  'renameStream',
  'link',
  'remove',
]

async function found(makeFaulty: () => Promise<Made>): Promise<boolean> {
  for (const one of conformanceTests) {
    try {
      await runConformanceTest(one, makeFaulty)
    } catch {
      return true
    }
  }
  return false
}

test('the conformance suite finds nothing wrong with one that is right', async () => {
  assert.equal(await found(() => make((_method, _given, answer) => answer)), false)
})

describe('the conformance suite finds a backend in which', () => {
  for (const [fault, change] of Object.entries(faults)) {
    test(fault, async () => {
      assert.ok(await found(() => make(change)))
    })
  }
  for (const name of silent) {
    test(`${name} does nothing`, async () => {
      const makeIt = async (): Promise<Made> => {
        const backend = memoryBackend()
        const open: Backend['open'] = (path, how) => {
          const opened = backend.open(path, how) as Opened
          return failed(opened) ? opened : { ...opened, file: without(opened.file, name) }
        }
        return { backend: { ...backend, open }, dispose: async () => {} }
      }
      assert.ok(await found(makeIt))
    })
  }
})

function without(file: BackendFile, name: string): BackendFile {
  return new Proxy(file, {
    get(_, property) {
      if (property === name) return () => undefined
      const value: unknown = Reflect.get(file, property, file)
      return typeof value === 'function' ? value.bind(file) : value
    },
  })
}

test('a test that is skipped by name has to be one of the suite', () => {
  const skip = { 'no such test': 'because' }
  assert.throws(() => backendConformance('x', () => make((_m, _g, answer) => answer), { skip }), /no test is called/)
})
