import { lstatSync, rmSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { errorCode, systemReason } from '../config/config-error.ts'
import { UsageError } from './report.ts'

/** A server that does not say how it is within this time is taken for dead. */
const answerTimeoutMs = 5000
/** Longest path of a Unix socket, in bytes, with its closing zero: sun_path of Linux is 108, of macOS and BSD 104. */
const maxSocketPathBytes = 103
const maxAnswerBytes = 64 * 1024 * 1024

/** What a running server is asked. */
export interface Answers {
  readonly status: () => unknown
  /** A user's wrong passwords are taken back; false where there are none. */
  readonly unlock: (user: string) => boolean
}

/**
 * Answers `smbkit status` and `smbkit user unlock` on a socket that only this user may open: HTTP, so that other programs
 * have it easy (`curl --unix-socket PATH http://localhost/status`, `... -X POST http://localhost/unlock?user=anna`).
 */
export class StatusSocket {
  readonly path: string
  readonly #server: Server

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
  }

  /** @throws UsageError where there can be no socket at `path` */
  static async open(path: string, answers: Answers): Promise<StatusSocket> {
    await makeRoom(path)
    const server = createServer({ requestTimeout: answerTimeoutMs }, ({ method, url }, response) => {
      const found = answerTo(answers, `${method} ${url}`)
      response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json', connection: 'close' })
      response.end(JSON.stringify(found ?? {}, withNumbers))
    })
    server.maxConnections = 16
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    // The socket is made within this call, so that nobody finds it with another mode than 0600.
    const umask = process.platform === 'win32' ? undefined : process.umask(0o177)
    try {
      server.listen({ path }, resolve)
    } finally {
      if (umask !== undefined) process.umask(umask)
    }
    try {
      await promise
    } catch (error) {
      throw new UsageError(`${path}: cannot make the status socket: ${systemReason(error)}`, { cause: error })
    }
    // It does not keep the program alive.
    server.unref()
    return new StatusSocket(path, server)
  }

  /** Ends it and removes its file. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await promise
  }
}

function answerTo({ status, unlock }: Answers, asked: string): unknown {
  if (asked === 'GET /status') return status()
  const [what, query] = asked.split('?', 2)
  const user = what === 'POST /unlock' ? new URLSearchParams(query).get('user') : null
  return user === null ? undefined : { unlocked: unlock(user) }
}

/** JSON has no 64-bit integers. */
const withNumbers = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)

/** Removes the socket that a server left which did not end cleanly; leaves everything else. */
async function makeRoom(path: string): Promise<void> {
  if (process.platform === 'win32') return
  if (Buffer.byteLength(path) > maxSocketPathBytes)
    throw new UsageError(`${path}: the path of a socket has at most ${maxSocketPathBytes} bytes`)
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isSocket()) throw new UsageError(`${path}: cannot make the status socket: something else is there`)
  if (await isAnswered(path)) throw new UsageError(`${path}: a running server has this status socket`)
  rmSync(path, { force: true })
}

async function isAnswered(path: string): Promise<boolean> {
  try {
    await askStatus(path)
    return true
  } catch (error) {
    const cause = error instanceof Error ? errorCode(error.cause) : undefined
    return cause !== 'ECONNREFUSED' && cause !== 'ENOENT'
  }
}

/**
 * What a running server says about itself.
 * @throws UsageError where none answers
 */
export const askStatus = (path: string): Promise<unknown> => ask(path, 'GET', '/status')

/**
 * Takes back a user's wrong passwords on a running server; false where there were none.
 * @throws UsageError where none answers
 */
export async function askToUnlock(path: string, user: string): Promise<boolean> {
  const answer = (await ask(path, 'POST', `/unlock?${new URLSearchParams({ user }).toString()}`)) as {
    unlocked: boolean
  }
  return answer.unlocked
}

async function ask(socketPath: string, method: string, path: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const asked = request({ socketPath, method, path, timeout: answerTimeoutMs, agent: false }, (response) => {
    const chunks: Buffer[] = []
    let length = 0
    response.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if (length > maxAnswerBytes) response.destroy(new Error(`more than ${maxAnswerBytes} bytes`))
    })
    response.on('error', reject)
    response.on('end', () => {
      if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'))
      else reject(new Error(`HTTP ${response.statusCode}`))
    })
  })
  asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`)))
  asked.on('error', reject)
  asked.end()
  try {
    return JSON.parse(await promise)
  } catch (error) {
    const code = errorCode(error)
    const why =
      code === 'ENOENT' || code === 'ECONNREFUSED' ? 'no server is running there' : `no status: ${systemReason(error)}`
    throw new UsageError(`${socketPath}: ${why}`, { cause: error })
  }
}
