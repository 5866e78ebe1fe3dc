/**
 * Runs the program as people do: built, in a process of its own, with settings and sockets in a temporary folder. Tests
 * start it some hundred times: from its sources that would take three times as long.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleCommands } from '../../scripts/bundle.ts'
import { type RunResult, run } from '../peers/run.ts'

const root = join(import.meta.dirname, '../..')
const startTimeoutMs = 20_000
const endTimeoutMs = 20_000
const smbkitTimeoutMs = 60_000

const built = mkdtempSync(join(tmpdir(), 'smbkit-built-'))
process.once('exit', () => rmSync(built, { recursive: true, force: true }))
copyFileSync(join(root, 'package.json'), join(built, 'package.json'))
symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'), 'dir')
const commands = join(built, 'dist/cli')
mkdirSync(commands, { recursive: true })
await bundleCommands(commands)

const scripts = { main: join(commands, 'main.js'), start: join(root, 'src/cli/start.ts') } as const

/** A temporary folder with what the program takes from the environment set to places inside it. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'smbkit-cli-'))
  readonly env: Readonly<Record<string, string>> = {
    XDG_CONFIG_HOME: join(this.folder, 'config'),
    XDG_CACHE_HOME: join(this.folder, 'cache'),
    XDG_STATE_HOME: join(this.folder, 'state'),
    XDG_RUNTIME_DIR: this.folder,
    NO_COLOR: '1',
  }
  readonly #programs: Program[] = []

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  /** `smbkit ARGS`, to its end. */
  smbkit(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
    const options = { env: { ...this.env, ...env }, cwd: this.folder, input, timeoutMs: smbkitTimeoutMs }
    return run(process.execPath, [scripts.main, ...args], options)
  }

  /** A program that stays: `main` or `start`. */
  start(script: 'main' | 'start', args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const program = new Program(scripts[script], args, this.folder, { ...this.env, ...env })
    this.#programs.push(program)
    return program
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) await program.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

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
