import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Printer, PrintJob } from '../server/index.ts'

/** What `printer: true` means: CUPS, its usual printer. */
export const defaultPrinter = 'lp -t %t'

const TIMEOUT_MS = 60_000
const MAX_TITLE_LENGTH = 200
const MAX_ERROR_LENGTH = 500

/**
 * A printer that runs a command for each document. In its words `%f` stands for the file, `%t` for the document's name,
 * `%u` for the user, `%c` for the client's address; the file comes last where no `%f` is. No shell sees any of it: names
 * are what clients make of them.
 */
export function commandPrinter(command: string, folder: string): Printer {
  const words = command.split(/\s+/).filter((word) => word !== '')
  const [program = '', ...given] = words
  const patterns = given.some((word) => word.includes('%f')) ? given : [...given, '%f']
  return (job) =>
    runOnce(
      program,
      patterns.map((pattern) => filled(pattern, job, folder)),
    )
}

function filled(pattern: string, { document, user, client, path }: PrintJob, folder: string): string {
  const values: Record<string, string> = {
    f: join(folder, ...path),
    t: printable(document),
    u: printable(user),
    c: client,
    '%': '%',
  }
  return pattern.replace(/%([ftuc%])/g, (_, letter: string) => values[letter] as string)
}

/** On one line, and no option. */
const printable = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, ' ')
    .replace(/^-+/, '')
    .slice(0, MAX_TITLE_LENGTH)

function runOnce(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: TIMEOUT_MS })
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told = (told + text).slice(0, MAX_ERROR_LENGTH)
    })
    child.once('error', (error) => reject(new Error(`cannot print: ${error.message}`, { cause: error })))
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`cannot print: ${program} ended with ${signal ?? `code ${code}`}: ${told.trim()}`))
    })
  })
}
