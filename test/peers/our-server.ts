/** smbkit's own server in this process, for tests: on a temporary folder or in memory, on a free port. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DiskBackendOptions, diskBackend } from '../../src/backends/disk/index.ts'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import type { Backend } from '../../src/server/backend.ts'
import { Server, type ServerOptions, type ShareOptions } from '../../src/server/index.ts'
import { until } from './free-port.ts'
import { other, tester } from './smbd.ts'

export type OurBackend = 'disk' | 'memory'

export interface OurServerOptions {
  readonly backend: OurBackend
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Default: one that is free. */
  readonly port?: number
  /** The shares, each with a folder (or memory) of its own that has these files at the start. */
  readonly shares: readonly (Omit<ShareOptions, 'backend' | 'path'> & {
    readonly files?: Readonly<Record<string, string>>
    /** How the folder is served, where there is one. */
    readonly disk?: DiskBackendOptions
    /** It has the folder of a share before it instead of one of its own. */
    readonly folderOf?: string
  })[]
  /** Users who administer it. */
  readonly administrators?: readonly string[]
  /** Who users are on the disk, where a backend impersonates. */
  readonly unixUsers?: Readonly<Record<string, string>>
  readonly server?: Partial<Omit<ServerOptions, 'shares' | 'accounts'>>
}

export interface OurServer {
  readonly server: Server
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Folder behind a share; undefined in memory. */
  folder(share: string): string | undefined
  /** Stops it; then asserts that clients have left nothing open, nothing leaked and no handler threw. */
  stop(): Promise<void>
}

const accounts = [tester, other].map(({ user, password }) => ({ user, ntHash: ntHash(password) }))
const ADMINISTRATORS = 'S-1-5-32-544'
const closedTimeoutMs = 5_000

/** Files of this process below a folder that are open (where the system tells). */
function openBelow(root: string): string[] {
  const folder = '/proc/self/fd'
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      const path = readlinkSync(join(folder, descriptor))
      return path.startsWith(root) ? [path] : []
    } catch {
      // The descriptor that the listing itself had.
      return []
    }
  })
}

export async function startOurServer(options: OurServerOptions): Promise<OurServer> {
  const root = options.backend === 'disk' ? mkdtempSync(join(tmpdir(), 'smbkit-server-')) : undefined
  try {
    return await startBelow(root, options)
  } catch (error) {
    if (root !== undefined) rmSync(root, { recursive: true, force: true })
    throw error
  }
}

async function startBelow(root: string | undefined, options: OurServerOptions): Promise<OurServer> {
  const folders = new Map<string, string>()
  const backends = new Map<string, Backend>()
  const shares = options.shares.map(({ files = {}, disk = {}, folderOf, ...share }): ShareOptions => {
    const shared = folderOf === undefined ? undefined : backends.get(folderOf)
    if (shared !== undefined) return { ...share, backend: shared }
    if (root === undefined) return { ...share, backend: memoryBackend({ files }) }
    const path = join(root, share.name)
    mkdirSync(path)
    for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
    folders.set(share.name, path)
    const backend = diskBackend(path, disk)
    backends.set(share.name, backend)
    return { ...share, path, backend }
  })
  const groupSids = (user: string) => (options.administrators?.includes(user) === true ? [ADMINISTRATORS] : [])
  const list = () =>
    accounts.map((account) => {
      const unixUser = options.unixUsers?.[account.user]
      return { ...account, groupSids: groupSids(account.user), ...(unixUser === undefined ? {} : { unixUser }) }
    })
  const find = (name: string) => list().find(({ user }) => user === name.toLowerCase())
  const server = new Server({ ...options.server, shares, accounts: { find, list } })
  const faults: unknown[] = []
  server.on('fault', ({ error }) => faults.push(error))
  const { host, port } = await server.start({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 })
  const stop = async () => {
    try {
      // A client's process may be gone a moment before its connection is.
      const idle = await until(() => server.status().connections === 0, closedTimeoutMs)
      const { sessions, shares: left, disconnectedOpens } = server.status()
      await server.stop()
      for (const backend of new Set(shares.map((share) => share.backend))) await backend.close()
      assert.deepEqual(faults, [])
      assert.ok(idle, `still connected: ${JSON.stringify(sessions)}`)
      assert.deepEqual(sessions, [])
      // What waits for a client that does not come back is no leak; shares of one folder have their open files together.
      const backendOf = (name: string) => shares.find((share) => share.name === name)?.backend
      for (const share of left) {
        const waiting = disconnectedOpens.filter((open) => backendOf(open.share) === backendOf(share.name))
        assert.ok(share.openFiles <= waiting.length, share.name)
      }
      if (root !== undefined) assert.deepEqual(openBelow(root), [])
    } finally {
      if (root !== undefined) rmSync(root, { recursive: true, force: true })
    }
  }
  return { server, host, port, ...tester, folder: (share) => folders.get(share), stop }
}
