import { GSS_FAILURE, GssError } from './gssapi-library.ts'

/** More than this, and the oldest gives way. */
const MAX_PENDING = 256

/** Logons that wait for the other end's next token, by numbers. */
export class PendingLogons<T> {
  readonly #logons = new Map<number, T>()
  readonly #end: (logon: T) => void
  #lastId = 0

  /** `end`: lets go of one that is given up. */
  constructor(end: (logon: T) => void) {
    this.#end = end
  }

  newId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  keep(id: number, logon: T): void {
    this.#logons.set(id, logon)
    const [oldest] = this.#logons
    if (this.#logons.size <= MAX_PENDING || oldest === undefined) return
    this.#logons.delete(oldest[0])
    this.#end(oldest[1])
  }

  /** One that goes on: who takes it keeps it again, or ends it. @throws GssError: it has been given up */
  take(id: number): T {
    const logon = this.#logons.get(id)
    if (logon === undefined) throw new GssError({ major: GSS_FAILURE, minor: 0, text: 'this logon has been given up' })
    this.#logons.delete(id)
    return logon
  }
}
