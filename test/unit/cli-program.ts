/**
 * Runs the program as people do: built, in a process of its own, with settings and sockets in a temporary folder. Tests
 * start it some hundred times: from its sources that would take three times as long.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleCommands } from '../../scripts/bundle.ts'
import { Program } from '../peers/program.ts'
import { type RunResult, run } from '../peers/run.ts'

const root = join(import.meta.dirname, '../..')
const smbkitTimeoutMs = 60_000

const built = mkdtempSync(join(tmpdir(), 'smbkit-built-'))
process.once('exit', () => rmSync(built, { recursive: true, force: true }))
copyFileSync(join(root, 'package.json'), join(built, 'package.json'))
symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'), 'dir')
const commands = join(built, 'dist/cli')
mkdirSync(commands, { recursive: true })
await bundleCommands(commands)

/** The program as it is published. */
export const mainScript = join(commands, 'main.js')
const scripts = { main: mainScript, start: join(root, 'src/cli/start.ts') } as const

/** A temporary folder with what the program takes from the environment set to places inside it. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'smbkit-cli-'))
  readonly env: Readonly<Record<string, string>> = {
    XDG_CONFIG_HOME: join(this.folder, 'config'),
    // What one run has compiled serves the next one.
    XDG_CACHE_HOME: join(built, 'cache'),
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
