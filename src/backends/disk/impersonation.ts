import { stat } from 'node:fs'
import { Impersonator, type UnixUser, unixUser } from '../../native/unix-user.ts'
import type { Answer, Backend, BackendFile, BackendPath, Opened, OpenHow } from '../../server/backend.ts'
import { fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'

/** Users whose numbers are remembered, and for how long: groups change, and looking them up may ask another machine. */
const MAX_USERS = 1024
const REMEMBERED_MS = 60_000

interface Remembered {
  readonly user: UnixUser | undefined
  readonly until: number
}

/**
 * Uses a folder as whoever asks for it. Calls that wait are made on descriptors that a synchronous call has opened, and
 * rights are looked at when something is opened: so only synchronous calls need to be somebody's.
 */
export class Impersonation {
  readonly #impersonator: Impersonator
  readonly #users = new Map<string, Remembered>()
  readonly #real = new WeakMap<BackendFile, BackendFile>()

  /** @throws Error, with a sentence, where that cannot be done here */
  constructor() {
    const impersonator = Impersonator.here()
    if (typeof impersonator === 'string') throw new Error(impersonator)
    this.#impersonator = impersonator
    // Threads that are started while somebody else acts would stay so: the first call of the pool starts all of them.
    stat('/', () => undefined)
  }

  as(backend: Pick<Backend, 'open'>, name: string): Pick<Backend, 'open'> {
    return { open: (path, how) => this.#open(backend, name, path, how) }
  }

  #open(backend: Pick<Backend, 'open'>, name: string, path: BackendPath, how: OpenHow): Answer<Opened> {
    const user = this.#lookUp(name)
    if (user === undefined) return fail(NtStatus.ACCESS_DENIED)
    const opened = this.#impersonator.as(user, () => backend.open(path, how))
    if (failed(opened)) return opened
    const guarded = (found: Opened): Opened => ({ ...found, file: this.#guard(found.file, user) })
    return opened instanceof Promise
      ? opened.then((found) => (failed(found) ? found : guarded(found)))
      : guarded(opened)
  }

  #lookUp(name: string): UnixUser | undefined {
    const now = performance.now()
    const known = this.#users.get(name)
    if (known !== undefined && known.until > now) return known.user
    const user = unixUser(name)
    this.#users.delete(name)
    this.#users.set(name, { user, until: now + REMEMBERED_MS })
    if (this.#users.size > MAX_USERS) this.#users.delete(this.#users.keys().next().value as string)
    return user
  }

  /** The file, with every call made as who opened it; whoever closes or removes it in the end. */
  #guard(file: BackendFile, user: UnixUser): BackendFile {
    const impersonator = this.#impersonator
    const real = this.#real
    const guarded = new Proxy(file, {
      get(target, name): unknown {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...values: unknown[]): unknown => {
          const own = values.map((given) => real.get(given as BackendFile) ?? given)
          return impersonator.as(user, (): unknown => Reflect.apply(value, target, own))
        }
      },
    })
    real.set(guarded, file)
    return guarded
  }
}
