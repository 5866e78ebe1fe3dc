import { SmbError } from '../bytes/errors.ts'

/** Something is wrong with what was asked for: shown as one sentence, without a stack. */
export class UsageError extends SmbError {
  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options)
  }
}

/** Control characters and marks that turn the writing direction: peers choose names, and terminals obey these. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Text of a peer as it may be shown on a terminal: one line, no control characters. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Text of several lines, with what peers say in it, as it may be shown on a terminal. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')

/** What a person is told of an error: a sentence for what was foreseen, everything for what was not. */
export function sentence(error: unknown): string {
  if (error instanceof SmbError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Runs a command; an error becomes a sentence on standard error and exit code 1. */
export async function runCommand(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    process.stderr.write(`smbkit: ${sentence(error)}\n`)
    process.exitCode = 1
  }
}
