import { SmbError } from '../../bytes/errors.ts'

/** A filter that is none: what is wrong, and where. The message has the text and a caret below the place. */
export class FilterError extends SmbError {
  /** First character that is wrong, and one past the last. */
  readonly start: number
  readonly end: number

  constructor(text: string, start: number, end: number, problem: string) {
    const carets = '^'.repeat(Math.max(1, end - start))
    super('FILTER', `${problem}\n  ${text}\n  ${' '.repeat(start)}${carets}`)
    this.start = start
    this.end = end
  }
}
