import { Command, CommanderError } from 'commander'
import { printable } from '../../report.ts'
import { parseShareAddress } from '../address.ts'
import { type ConnectionOptions, gathered, withConnection } from '../connection-options.ts'
import { type Context, ExitCode, enterShell, runClient } from '../context.ts'
import { about } from '../servers.ts'
import { shellProgram, wordKinds } from './commands.ts'
import { complete } from './complete.ts'
import { historyFile, loadHistory, saveHistory } from './history.ts'
import { ShellPlace } from './place.ts'
import { commandsOf, wordsOf } from './words.ts'

interface ShellOptions extends ConnectionOptions {
  readonly command?: readonly string[]
}

/** `smbkit shell`: commands one after the other over one connection. */
export function shellCommand(): Command {
  return withConnection(
    new Command('shell')
      .description('work with a share in a shell; without a terminal, commands come from standard input')
      .argument('<address>', 'share, or a folder in it')
      .option('-c, --command <text>', 'do this and end; several commands have a ; between them', gathered),
  ).action((word: string, options: ShellOptions) => runClient(options, (context) => shell(context, word, options)))
}

async function shell(context: Context, word: string, options: ShellOptions): Promise<void> {
  const address = parseShareAddress(word)
  context.servers.setHome(address)
  const share = await context.servers.share(address)
  const place = new ShellPlace(share, { ...address, path: '' })
  await about(address, place.go(address.path === '' ? '/' : `/${address.path}`, context.signal))
  enterShell({ servers: context.servers, out: context.out, named: (name) => place.named(name) })
  const session = new ShellSession(place, context.signal)
  if (options.command !== undefined) await session.runAll(options.command)
  else if (process.stdin.isTTY) await session.converse()
  else await session.runInput()
}

class ShellSession {
  readonly #place: ShellPlace
  readonly #signal: AbortSignal
  #isOver = false
  #hasFailed = false
  /** Lines that came together with the one before, and the beginning of another. */
  readonly #typed: string[] = []
  #begun = ''

  constructor(place: ShellPlace, signal: AbortSignal) {
    this.#place = place
    this.#signal = signal
  }

  /** Lines that are known beforehand. What fails does not keep the rest from being done, and shows in the exit code. */
  async runAll(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
    for await (const line of lines) {
      await this.#run(line)
      if (this.#isOver) break
    }
    if (this.#hasFailed) process.exitCode = ExitCode.PARTLY
  }

  async runInput(): Promise<void> {
    const { createInterface } = await import('node:readline/promises')
    await this.runAll(createInterface({ input: process.stdin }))
  }

  /** At a terminal, until `exit` or Ctrl-D. */
  async converse(): Promise<void> {
    const file = historyFile()
    let history = loadHistory(file)
    while (!this.#isOver && !this.#signal.aborted) {
      const { line, after } = await this.#ask(history)
      history = after
      if (line === undefined) break
      await this.#run(line)
    }
    saveHistory(file, history)
  }

  /** A line, undefined at the end; and what has been typed, the newest first. */
  async #ask(history: string[]): Promise<{ line: string | undefined; after: string[] }> {
    const known = this.#typed.shift()
    if (known !== undefined) return { line: known, after: history }
    const { createInterface } = await import('node:readline/promises')
    const { promise, resolve } = Promise.withResolvers<{ line: string | undefined; after: string[] }>()
    let after = history
    const looking = new AbortController()
    // One for each line: in between, Ctrl-C is the command's.
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: [...history],
      removeHistoryDuplicates: true,
      completer: (line: string) => complete(line, wordKinds, this.#place, looking.signal),
    })
    lines.on('history', (all: string[]) => {
      after = [...all]
    })
    lines.on('SIGINT', () => {
      // What is typed is given up, the shell is not.
      process.stdout.write('^C\n')
      lines.write(null, { ctrl: true, name: 'u' })
      lines.prompt()
    })
    const typed: string[] = []
    lines.on('line', (text) => {
      typed.push(text)
      // Several lines that come together were pasted: the rest of them comes before the loop goes round.
      if (typed.length === 1) setImmediate(() => lines.close())
    })
    lines.once('close', () => {
      looking.abort()
      const [line, ...later] = typed
      this.#typed.push(...later)
      this.#begun = line === undefined ? '' : lines.line
      if (line === undefined) process.stdout.write('\n')
      resolve({ line, after })
    })
    const end = () => lines.close()
    this.#signal.addEventListener('abort', end)
    lines.once('close', () => this.#signal.removeEventListener('abort', end))
    lines.setPrompt(printable(this.#place.prompt))
    lines.prompt()
    if (this.#begun !== '') lines.write(this.#begun)
    return promise
  }

  async #run(line: string): Promise<void> {
    for (const command of commandsOf(line)) {
      const words = wordsOf(command).map(({ text }) => text)
      // A line that begins with # is a comment.
      if (words[0] === undefined || words[0].startsWith('#')) continue
      process.exitCode = undefined
      await this.#runOne(words)
      if (process.exitCode !== undefined) this.#hasFailed = true
      process.exitCode = undefined
      if (this.#isOver) return
    }
  }

  async #runOne(words: readonly string[]): Promise<void> {
    const program = shellProgram(this.#place, () => {
      this.#isOver = true
    })
    try {
      await program.parseAsync(words, { from: 'user' })
    } catch (error) {
      // Commander has said what is wrong with the words, or has shown the help.
      if (!(error instanceof CommanderError)) throw error
      if (error.exitCode !== 0) process.exitCode = error.exitCode
    }
  }
}
