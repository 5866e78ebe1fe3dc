import { SmbError } from '../../bytes/errors.ts'
import { StatusError, UsageError } from '../../client/errors.ts'
import { errorCode, systemReason } from '../../config/config-error.ts'
import { printable, sentence } from '../report.ts'

/** Why something failed, as one sentence for people; names that a server has chosen are made printable. */
export function reasonOf(error: unknown): string {
  if (error instanceof StatusError) {
    const why = error.reason === undefined ? '' : `: ${error.reason}`
    return printable(`${error.advice} (${error.statusName}${why})`)
  }
  // Whoever tells it names the file.
  if (error instanceof UsageError) return printable(error.problem)
  // Errors of the client begin with their code, as Node's do: programs read it, people do not.
  if (error instanceof SmbError) return printable(error.message.replace(/^[A-Z][A-Z0-9_]+: /, ''))
  if (errorCode(error) !== undefined) return printable(systemReason(error))
  return sentence(error)
}
