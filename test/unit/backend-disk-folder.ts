/** A disk backend on a temporary folder, and the calls that its tests make again and again. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type DiskBackend, type DiskBackendOptions, diskBackend } from '../../src/backends/disk/index.ts'
import { linuxLibc } from '../../src/native/libc.ts'
import type { BackendFile, Opened, OpenHow } from '../../src/server/backend.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { ntStatusName } from '../../src/wire/erref/ntstatus.ts'

/** Why a test of what only Linux has is skipped; false where it runs. */
export const notLinux = linuxLibc() === undefined && 'needs Linux and koffi'
/** Why a test of what is kept in extended attributes is skipped; false where it runs. */
export const noAttributes = notLinux || (!tested() && 'the temporary folder is on a disk without extended attributes')

function tested(): boolean {
  const root = mkdtempSync(join(tmpdir(), 'smbkit-disk-'))
  const backend = diskBackend(root)
  void backend.close()
  rmSync(root, { recursive: true })
  return backend.features.extendedAttributes
}

export const notRoot = process.getuid?.() !== 0 && 'needs the superuser'

/** Whether the process has a capability of Linux: CAP_DAC_OVERRIDE is 1, CAP_SYS_ADMIN 21. */
export function hasCapability(bit: number): boolean {
  if (process.platform !== 'linux') return false
  const line = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1'))
  return line?.[1] !== undefined && ((BigInt(`0x${line[1]}`) >> BigInt(bit)) & 1n) === 1n
}

/** Why a test of what a process may not do is skipped; false where it runs. */
export const mayAnything = hasCapability(1) && 'the superuser may do everything'

export interface Folder {
  readonly root: string
  readonly backend: DiskBackend
  open(path: string, how?: Partial<OpenHow>): Promise<Opened>
  file(path: string, how?: Partial<OpenHow>): Promise<BackendFile>
  status(path: string, how?: Partial<OpenHow>): Promise<string>
  create(path: string, content?: string | Uint8Array, how?: Partial<OpenHow>): Promise<BackendFile>
  text(path: string, how?: Partial<OpenHow>): Promise<string>
  names(path: string): Promise<string[]>
  /** Another backend of the same folder. */
  again(options?: DiskBackendOptions): DiskBackend
}

export const readWrite = { read: true, write: true } as const
export const create = { disposition: 'create', ...readWrite } as const

const split = (path: string): string[] => path.split('/').filter((name) => name !== '')

/** What closes and removes the folder runs after the test. */
export function folderFor(context: TestContext, options: DiskBackendOptions = {}): Folder {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'smbkit-disk-')))
  const backend = diskBackend(root, options)
  const backends = [backend]
  const handles: BackendFile[] = []
  context.after(async () => {
    for (const handle of handles) await handle.close()
    for (const one of backends) await one.close()
    rmSync(root, { recursive: true, force: true })
  })
  const folder: Folder = {
    root,
    backend,
    async open(path, how = {}) {
      const opened = await backend.open(split(path), { disposition: 'open', read: false, write: false, ...how })
      if (failed(opened)) assert.fail(`open ${path}: ${ntStatusName(opened.status)}`)
      handles.push(opened.file)
      return opened
    },
    async file(path, how) {
      return (await folder.open(path, how)).file
    },
    async status(path, how = {}) {
      const opened = await backend.open(split(path), { disposition: 'open', read: false, write: false, ...how })
      if (!failed(opened)) handles.push(opened.file)
      return statusOf(opened)
    },
    async create(path, content = '', how = {}) {
      const file = await folder.file(path, { ...create, ...how })
      if (content.length > 0) await good(file.write(Buffer.from(content), 0, false))
      return file
    },
    async text(path, how = {}) {
      const file = await folder.file(path, { read: true, ...how })
      const { endOfFile } = await good(file.stat())
      const into = Buffer.alloc(endOfFile)
      const length = await good(file.read(into, 0))
      await file.close()
      return into.toString('utf8', 0, length)
    },
    async names(path) {
      const file = await folder.file(path, { kind: 'directory', read: true })
      const names = await good(file.list())
      await file.close()
      return names
    },
    again(more = {}) {
      const other = diskBackend(root, more)
      backends.push(other)
      return other
    },
  }
  return folder
}

export async function good<T>(answer: T | Promise<T>): Promise<Exclude<T, { status: number }>> {
  const value = await answer
  if (failed(value)) assert.fail(ntStatusName(value.status))
  return value as Exclude<T, { status: number }>
}

export const statusOf = (answer: unknown): string => (failed(answer) ? ntStatusName(answer.status) : 'STATUS_SUCCESS')

/** How many descriptors this process has open. */
export const descriptors = (): number => readdirSync('/proc/self/fd').length
