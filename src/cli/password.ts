import type { Interface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { UsageError } from './report.ts'

/** NTLM clients cut nothing, but Windows takes no longer ones. In UTF-16 units. */
const maxPasswordLength = 256
const maxInputBytes = 4096

/**
 * A new password: from standard input, all of it but the line end, or typed twice at the terminal without being shown.
 * @throws UsageError where there is none
 */
export async function newPassword(user: string, fromInput: boolean): Promise<string> {
  if (fromInput) return checked(await readInput())
  if (!process.stdin.isTTY)
    throw new UsageError('standard input is no terminal to ask for a password: use --password-stdin')
  const terminal = await SilentTerminal.open()
  try {
    const password = checked(await terminal.ask(`Password for ${user}: `))
    if ((await terminal.ask('The same again: ')) !== password)
      throw new UsageError('the two passwords are not the same')
    return password
  } finally {
    terminal.close()
  }
}

/**
 * A password that is not shown while it is typed at the terminal. An empty one is one, too.
 * @throws UsageError where none is given (Ctrl-C, Ctrl-D)
 */
export async function askPassword(question: string): Promise<string> {
  const terminal = await SilentTerminal.open()
  try {
    return await terminal.ask(question)
  } finally {
    terminal.close()
  }
}

function checked(password: string): string {
  if (password === '') throw new UsageError('a password cannot be empty')
  if (password.length > maxPasswordLength)
    throw new UsageError(`a password has at most ${maxPasswordLength} characters`)
  return password
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array))
    length += (chunk as Uint8Array).length
    if (length > maxInputBytes) throw new UsageError('standard input is too long for a password')
  }
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (/[\r\n]/.test(text)) throw new UsageError('standard input has more than one line: a password is one')
  return text
}

/** Asks without showing what is typed, from its making to its end. */
class SilentTerminal {
  readonly #lines: Interface
  readonly #ended = new AbortController()

  /** Loaded here: most commands ask for nothing. */
  static async open(): Promise<SilentTerminal> {
    const { createInterface } = await import('node:readline/promises')
    // readline switches the terminal's own echo off and writes what is typed itself: to nowhere.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    return new SilentTerminal(
      createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 }),
    )
  }

  private constructor(lines: Interface) {
    this.#lines = lines
    // Ctrl-C and Ctrl-D.
    this.#lines.on('SIGINT', () => this.#ended.abort())
    this.#lines.on('close', () => this.#ended.abort())
  }

  async ask(question: string): Promise<string> {
    process.stderr.write(question)
    try {
      return await this.#lines.question('', { signal: this.#ended.signal })
    } catch (error) {
      if (this.#ended.signal.aborted) throw new UsageError('no password was given', { cause: error })
      throw error
    } finally {
      process.stderr.write('\n')
    }
  }

  close(): void {
    this.#lines.close()
  }
}
