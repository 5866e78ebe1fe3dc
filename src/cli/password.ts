import { createInterface } from 'node:readline/promises'
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
  const password = checked(await ask(`Password for ${user}: `))
  if ((await ask('The same again: ')) !== password) throw new UsageError('the two passwords are not the same')
  return password
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

async function ask(question: string): Promise<string> {
  process.stderr.write(question)
  // readline switches the terminal's own echo off and writes what is typed itself: to nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  const ended = new AbortController()
  terminal.on('SIGINT', () => ended.abort())
  // Ctrl-D.
  terminal.on('close', () => ended.abort())
  try {
    return await terminal.question('', { signal: ended.signal })
  } catch (error) {
    if (ended.signal.aborted) throw new UsageError('no password was given', { cause: error })
    throw error
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
