import assert from 'node:assert/strict'
import type {
  Answer,
  Backend,
  BackendFeatures,
  BackendFile,
  DirectoryEntry,
  FileStat,
  Opened,
  OpenHow,
} from '../../../src/server/backend.ts'
import { type Failure, failed } from '../../../src/wire/erref/failure.ts'
import { NtStatus, ntStatusName } from '../../../src/wire/erref/ntstatus.ts'

export interface ConformanceTest {
  readonly name: string
  /** Without these features there is nothing to test. */
  readonly needs?: readonly Feature[]
  run(fixture: Fixture): Promise<void>
}

export type Feature = {
  [Name in keyof BackendFeatures]-?: NonNullable<BackendFeatures[Name]> extends boolean ? Name : never
}[keyof BackendFeatures]

/** Thrown by a test that finds that the backend lacks what it needs and no feature tells. */
export class Lacking extends Error {}

/** A backend under test, with shorthands that fail the test when an answer is not the expected one. */
export class Fixture {
  readonly backend: Backend
  readonly #handles: BackendFile[] = []

  constructor(backend: Backend) {
    this.backend = backend
  }

  async opened(path: string, how: Partial<OpenHow> = {}): Promise<Opened> {
    const opened = await ok(this.backend.open(split(path), { ...ATTRIBUTES_ONLY, ...how }), `open ${path}`)
    this.#handles.push(opened.file)
    return opened
  }

  /** Opens what is there, for attributes only unless `how` says otherwise. */
  async open(path: string, how: Partial<OpenHow> = {}): Promise<BackendFile> {
    return (await this.opened(path, how)).file
  }

  /** Opens a file that is there, or a stream of it, for reading and writing. */
  async data(path: string, stream?: string): Promise<BackendFile> {
    return this.open(path, { ...READ_WRITE, ...(stream === undefined ? {} : { stream }) })
  }

  /** The status that opening fails with. */
  async refusal(path: string, how: Partial<OpenHow> = {}): Promise<string> {
    const answer = await this.backend.open(split(path), { ...ATTRIBUTES_ONLY, ...how })
    if (!failed(answer)) this.#handles.push(answer.file)
    return statusOf(answer)
  }

  /** Creates a file with this content and gives a handle for reading and writing. */
  async create(path: string, content: string | Uint8Array = '', how: Partial<OpenHow> = {}): Promise<BackendFile> {
    const { file, created } = await this.opened(path, {
      disposition: 'create',
      ...(how.stream === undefined ? { kind: 'file' } : {}),
      ...READ_WRITE,
      ...how,
    })
    assert.equal(created, true, `${path} was created`)
    if (content.length > 0) await ok(file.write(bytes(content), 0, false), `write ${path}`)
    return file
  }

  async directory(path: string, how: Partial<OpenHow> = {}): Promise<BackendFile> {
    const { file, created } = await this.opened(path, { disposition: 'create', kind: 'directory', ...how })
    assert.equal(created, true, `${path} was created`)
    return file
  }

  async stat(path: string, stream?: string): Promise<FileStat> {
    const file = await this.open(path, stream === undefined ? {} : { stream })
    return ok(file.stat(), `stat ${path}`)
  }

  /** The whole content as text. */
  async text(path: string, stream?: string): Promise<string> {
    const file = await this.open(path, { read: true, ...(stream === undefined ? {} : { stream }) })
    return textOf(await contentOf(file))
  }

  async names(path: string): Promise<string[]> {
    const directory = await this.open(path, { read: true, kind: 'directory' })
    return ok(directory.list(), `list ${path}`)
  }

  async entries(path: string): Promise<DirectoryEntry[]> {
    const directory = await this.open(path, { read: true, kind: 'directory' })
    const names = await ok(directory.list(), `list ${path}`)
    const stats = await ok(directory.statEntries(names), `stat entries of ${path}`)
    return names.map((name, index) => {
      const stat = stats[index]
      assert.ok(stat !== undefined, `${name} is listed and has a stat`)
      return { name, stat }
    })
  }

  async exists(path: string): Promise<boolean> {
    const status = await this.refusal(path)
    if (status === 'STATUS_SUCCESS') return true
    assert.match(status, /^STATUS_OBJECT_(NAME|PATH)_NOT_FOUND$/)
    return false
  }

  async streamNames(path: string): Promise<string[]> {
    const file = await this.open(path)
    return (await ok(file.streams(), `streams of ${path}`)).map((entry) => entry.name).toSorted()
  }

  async end(): Promise<void> {
    for (const file of this.#handles.splice(0)) await file.close()
  }
}

export const ATTRIBUTES_ONLY: OpenHow = { disposition: 'open', read: false, write: false }
export const READ_WRITE = { read: true, write: true } as const

export const split = (path: string): string[] => path.split('/').filter((name) => name !== '')

export async function ok<T>(answer: Answer<T>, what = 'the call'): Promise<T> {
  const value: T | Failure = await answer
  if (failed(value)) assert.fail(`${what} failed with ${ntStatusName(value.status)}`)
  return value
}

export function statusOf(answer: unknown): string {
  return failed(answer) ? ntStatusName(answer.status) : ntStatusName(NtStatus.SUCCESS)
}

/** The call fails, with one of these where they are named. */
export async function refused(answer: Answer<unknown>, ...statuses: string[]): Promise<void> {
  const status = statusOf(await answer)
  if (statuses.length > 0) assert.ok(statuses.includes(status), `${status}, not ${statuses.join(' or ')}`)
  else assert.notEqual(status, 'STATUS_SUCCESS', 'the call is refused')
}

export const bytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content

export const textOf = (content: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(content)

/** Bytes that differ at every offset near another, and between seeds. */
export function pattern(length: number, seed = 1): Uint8Array {
  const result = new Uint8Array(length)
  for (let index = 0; index < length; index++) result[index] = (index * 31 + (index >> 8) * 17 + seed * 101) & 0xff
  return result
}

export async function contentOf(file: BackendFile): Promise<Uint8Array> {
  const { endOfFile } = await ok(file.stat(), 'stat')
  const into = new Uint8Array(endOfFile)
  let done = 0
  while (done < endOfFile) {
    const count = await ok(file.read(into.subarray(done), done), 'read')
    assert.ok(count > 0, `bytes at ${done} of ${endOfFile}`)
    done += count
  }
  return into
}

export async function readAt(file: BackendFile, offset: number, length: number): Promise<Uint8Array> {
  const into = new Uint8Array(length).fill(0xee)
  const count = await ok(file.read(into, offset), `read at ${offset}`)
  return into.subarray(0, count)
}

/** Equal, said in a few words where the bytes are many. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what = 'content'): void {
  assert.equal(actual.length, expected.length, `length of ${what}`)
  for (let index = 0; index < expected.length; index++) {
    if (actual[index] === expected[index]) continue
    assert.fail(`${what} differs at ${index}: ${actual[index]}, not ${expected[index]}`)
  }
}
