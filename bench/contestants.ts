/** The servers that are compared, each with a folder of its own that has the same content. */
import { fork } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesOf } from '../test/peers/content.ts'
import { startSmbd, tester } from '../test/peers/smbd.ts'
import { content, fileName } from './load/loads.ts'

export const contestantNames = ['smbd', 'smbd-tuned', 'smbkit'] as const
export type ContestantName = (typeof contestantNames)[number]

export interface Contestant {
  readonly name: ContestantName
  readonly host: string
  readonly port: number
  readonly share: string
  readonly user: string
  readonly password: string
  /** The process whose descendants are counted too. */
  readonly pid: number
  stop(): Promise<void>
}

const share = 'bench'

/** The files that the loads use. Everybody may change them: smbd serves them as another user. */
function fill(folder: string): void {
  const bulk = bytesOf(content.bulkBytes, 1)
  for (const name of [content.bulk, content.written]) writeFileSync(join(folder, name), bulk, { mode: 0o666 })
  for (const [name, count, bytes] of [
    [content.folder, content.files, 4096],
    [content.many, content.manyEntries, 0],
  ] as const) {
    mkdirSync(join(folder, name))
    for (let index = 0; index < count; index++) {
      writeFileSync(join(folder, name, fileName(index)), Buffer.alloc(bytes), { mode: 0o666 })
    }
    chmodSync(join(folder, name), 0o777)
  }
  for (const name of [content.bulk, content.written]) chmodSync(join(folder, name), 0o666)
}

/** As Debian ships it but for what keeps it to itself; `tuned`: it reads and writes without threads, and by sendfile. */
async function startSmbdContestant(name: ContestantName, folder: string, tuned: boolean): Promise<Contestant> {
  const smbd = await startSmbd({
    shares: [{ name: share, path: folder }],
    ...(tuned ? { global: { 'aio read size': '0', 'aio write size': '0', 'use sendfile': 'yes' } } : {}),
  })
  return { name, host: smbd.host, port: smbd.port, share, ...tester, pid: smbd.pid, stop: () => smbd.stop() }
}

/** smbkit in a process of its own, with the disk backend. */
async function startSmbkit(folder: string): Promise<Contestant> {
  const child = fork(join(import.meta.dirname, 'smbkit-process.ts'), [folder, share, tester.user, tester.password])
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('message', (port) => resolve(Number(port)))
  child.once('exit', (code) => reject(new Error(`smbkit ended with code ${code}`)))
  const port = await promise
  const stop = async () => {
    const ended = new Promise((resolveEnd) => child.once('exit', resolveEnd))
    child.disconnect()
    await ended
  }
  return { name: 'smbkit', host: '127.0.0.1', port, share, ...tester, pid: child.pid ?? 0, stop }
}

/** Starts one with a folder below `parent` (default: the system's temporary folder). */
export async function startContestant(name: ContestantName, parent: string = tmpdir()): Promise<Contestant> {
  const folder = mkdtempSync(join(parent, 'smbkit-bench-'))
  chmodSync(folder, 0o777)
  try {
    fill(folder)
    const contestant =
      name === 'smbkit' ? await startSmbkit(folder) : await startSmbdContestant(name, folder, name === 'smbd-tuned')
    return {
      ...contestant,
      stop: async () => {
        await contestant.stop()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
