/** A program that stays, and says things. */
import { type ChildProcess, spawn } from 'node:child_process'

const startTimeoutMs = 20_000
const endTimeoutMs = 20_000

/** A running process of which the output is awaited. */
export class Program {
  stdout = ''
  stderr = ''
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly #child: ChildProcess
  #changed: () => void = () => undefined

  constructor(script: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [script, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString('utf8')
      this.#changed()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString('utf8')
      this.#changed()
    })
    const { promise, resolve } = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>()
    child.on('close', (code, signal) => {
      resolve({ code, signal })
      this.#changed()
    })
    this.ended = promise
  }

  /** Waits until the output, both kinds, has a match for `pattern`. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const late = AbortSignal.timeout(startTimeoutMs)
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (match !== null) return match
      if (late.aborted || this.#child.exitCode !== null)
        throw new Error(`${String(pattern)} did not come:\n${this.stdout}\n${this.stderr}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#changed = resolve
      late.addEventListener('abort', () => resolve(), { once: true })
      await promise
    }
  }

  /** The port on which it says that it listens. */
  async port(): Promise<number> {
    return Number((await this.says(/(?:Serving on \S+:|address +\S+ port )(\d+)/))[1])
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Sends a signal to end, and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.signal(signal)
    const timer = setTimeout(() => this.signal('SIGKILL'), endTimeoutMs)
    const how = await this.ended
    clearTimeout(timer)
    return how
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }
}
