/** A path between programs of this machine that is long, or loses packets: see `long-path.py`. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './free-port.ts'
import { python } from './peer.ts'

export interface LongPathOptions {
  /** There and back. */
  readonly delayMs?: number
  /** Of the packets with data in a direction, every so many-th is lost; 1: all that the client sends. */
  readonly loseEvery?: number
}

export interface LongPath {
  /** Where the server is, seen from the far end. */
  readonly host: string
  /** What passed so far, as it was seen beside the client. */
  capture(): Uint8Array
  stop(): Promise<void>
}

const script = join(import.meta.dirname, 'long-path.py')
const startTimeoutMs = 15_000
const device = '/dev/net/tun'

/** A network that is nobody else's, with high probability. */
export const someNetwork = (): string => `10.${randomInt(64, 128)}.${randomInt(1, 255)}`

/** Options of a test that needs it. */
export function needsLongPath(): { skip: string | false } {
  if (process.getuid?.() !== 0) return { skip: 'needs to be root, to make a network device' }
  try {
    accessSync(device, constants.R_OK | constants.W_OK)
    accessSync(python, constants.X_OK)
    return { skip: false }
  } catch {
    return { skip: `needs ${device} and ${python}` }
  }
}

/** The server has to listen on `NETWORK.1`, or on all addresses. @throws where the device cannot be made */
export async function startLongPath(
  network: string,
  { delayMs = 0, loseEvery = 0 }: LongPathOptions = {},
): Promise<LongPath> {
  const folder = mkdtempSync(join(tmpdir(), 'path-'))
  const file = join(folder, 'path.pcap')
  const args = [script, network, delayMs, loseEvery, file].map(String)
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
  const stop = async (): Promise<void> => {
    child.stdin.end()
    if (!(await until(isOver, startTimeoutMs))) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  await until(() => said !== '' || isOver(), startTimeoutMs)
  if (!said.startsWith('ready')) {
    await stop()
    throw new Error(`no long path: ${said}`)
  }
  return { host: `${network}.2`, capture: () => readFileSync(file), stop }
}
