/** What the tests of the client's suite are made of. */
import assert from 'node:assert/strict'
import { type Client, type ConnectOptions, connect, type Share, StatusError } from '../../src/client/index.ts'

/** A server under test, and how to reach it. */
export interface Subject {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** The one that is written to. Default: `files`. */
  readonly share?: string
  /** How it is connected to, whatever the suite is about. */
  readonly options?: ConnectOptions
}

export interface SuiteOptions {
  readonly subject: () => Subject
  readonly options?: ConnectOptions
}

export const timeoutMs = 60_000

/** The share that is written to. */
export const share = 'files'

export function connectTo({ subject, options }: SuiteOptions): Promise<Client> {
  const { host, port, user, password, options: always } = subject()
  return connect({ host, port, path: '' }, { user, password, ...always, ...options })
}

export const shareOf = ({ subject }: SuiteOptions): string => subject().share ?? share

export async function connected(
  suite: SuiteOptions,
  work: (client: Client, files: Share) => Promise<void>,
): Promise<void> {
  const client = await connectTo(suite)
  try {
    await work(client, await client.share(shareOf(suite)))
  } finally {
    await client.close()
  }
}

/** A folder of the share's own for each test. */
let count = 0
export async function inFolder(files: Share, work: (path: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = `folder-${++count}`
  await files.mkdir(folder)
  try {
    await work((name) => `${folder}/${name}`)
  } finally {
    await files.rm(folder, { recursive: true, force: true })
  }
}

export const failsWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error))
  assert.equal(error.code, code, error.message)
  return true
}
