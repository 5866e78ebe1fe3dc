/** Runs another program to its end, within bounds of time and output. */
import { spawn } from 'node:child_process'

export interface RunOptions {
  /** Written to its standard input, which is then closed. */
  readonly input?: string | Uint8Array
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** After this the program and what it started is killed. */
  readonly timeoutMs?: number
  /** More output than this, of either kind, is dropped. */
  readonly maxOutputBytes?: number
  /** For a program that does not end by itself: it is ended when its output matches. */
  readonly endAfter?: RegExp
}

export interface RunResult {
  /** Exit code, null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both, in the order in which they arrived. */
  readonly output: string
  readonly timedOut: boolean
}

const defaultTimeoutMs = 30_000
const defaultMaxOutputBytes = 8 * 1024 * 1024

/** Sends a signal to a process group; false where there is none any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal)
    return true
  } catch {
    return false
  }
}

/** Starts `command`, waits for its end and gives what it printed. Rejects only where it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const maxOutputBytes = options.maxOutputBytes ?? defaultMaxOutputBytes
  return new Promise((resolve, reject) => {
    // A group of its own, so that a timeout also ends what the program started.
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const parts: Record<'stdout' | 'stderr' | 'output', Buffer[]> = { stdout: [], stderr: [], output: [] }
    const sizes = { stdout: 0, stderr: 0 }
    let timedOut = false
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        if (sizes[name] > maxOutputBytes) return
        sizes[name] += chunk.length
        parts[name].push(chunk)
        parts.output.push(chunk)
        if (options.endAfter?.test(Buffer.concat(parts.output).toString('utf8')) === true) end()
      })
    }
    const end = () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    }
    const timer = setTimeout(() => {
      timedOut = true
      end()
    }, timeoutMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      const text = (name: keyof typeof parts) => Buffer.concat(parts[name]).toString('utf8')
      resolve({ code, stdout: text('stdout'), stderr: text('stderr'), output: text('output'), timedOut })
    })
    // A program that ends without reading its input is no error of ours.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}
