import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { sep } from 'node:path'
import { ConfigError, systemReason } from '../config/config-error.ts'
import type { Settings, ShareSettings } from '../config/settings.ts'
import {
  changesBetween,
  type Described,
  readShareChanges,
  type ShareChanges,
  withChanges,
  writeShareChanges,
} from '../config/share-changes.ts'
import type { Backend, Failure, ShareKeeper, ShareOptions } from '../server/index.ts'
import { fail, NtStatus } from '../server/index.ts'
import { decodeSecurityDescriptor, formatSddl } from '../wire/dtyp/index.ts'
import type { Backends } from './backends.ts'

/** The config file and what administrators have changed, put together. */
interface Together {
  readonly settings: Settings
  readonly changes: ShareChanges
  /** To be offered. */
  readonly shares: readonly ShareSettings[]
  /** Added by administrators, and not to be had now. */
  readonly away: readonly ShareSettings[]
  /** What is to be told, in sentences. */
  readonly notes: readonly string[]
}

/** Reads what administrators have changed. @throws ConfigError: the file cannot be read */
export function withStoredChanges(settings: Settings): Together {
  const { shareStore } = settings
  if (shareStore === undefined) return { settings, changes: {}, shares: settings.shares, away: [], notes: [] }
  const changes = readShareChanges(shareStore)
  const merged = withChanges(settings.shares, changes, shareStore)
  const notes = [...merged.notes]
  const away: ShareSettings[] = []
  for (const share of merged.shares) {
    const isAdded = !settings.shares.some(({ name }) => name === share.name)
    const problem = isAdded ? problemOf(share.path, settings) : undefined
    if (problem === undefined) continue
    away.push(share)
    notes.push(`the share ${share.name} is not offered: ${share.path} ${problem.why} (${shareStore})`)
  }
  return { settings, changes, shares: merged.shares.filter((share) => !away.includes(share)), away, notes }
}

/** Keeps what administrators change by RPC: shares, links of namespaces, the server's comment. */
export class ShareStore implements ShareKeeper {
  readonly #backends: Backends
  readonly #warn: (sentences: readonly string[]) => void
  readonly #ownComment: string | undefined
  #settings: Settings
  #changes: ShareChanges
  #away: readonly ShareSettings[]
  #hasWarned = false

  constructor(begin: Together, backends: Backends, warn: (sentences: readonly string[]) => void) {
    this.#settings = begin.settings
    this.#changes = begin.changes
    this.#away = begin.away
    this.#ownComment = begin.settings.server.comment
    this.#backends = backends
    this.#warn = warn
  }

  /** The config file has been read again. */
  use({ settings, changes, away }: Together): void {
    this.#settings = settings
    this.#changes = changes
    this.#away = away
  }

  /** The comment of the server, where an administrator has set one and the config file has not changed since. */
  get comment(): string | undefined {
    const { comment } = this.#changes
    return comment?.was === this.#ownComment ? comment?.now : undefined
  }

  async open(path: string, name: string): Promise<Backend | Failure> {
    const problem = problemOf(path, this.#settings)
    if (problem !== undefined) return fail(problem.status)
    try {
      return await this.#backends.add({ name, path, place: `the share ${name}` })
    } catch (error) {
      if (error instanceof ConfigError) return fail(NtStatus.OBJECT_PATH_NOT_FOUND)
      throw error
    }
  }

  changed(shares: readonly ShareOptions[]): Failure | undefined {
    const away = this.#away.filter(
      ({ name }) => !shares.some((share) => share.name.toLowerCase() === name.toLowerCase()),
    )
    const { comment } = this.#changes
    const changes = changesBetween(this.#settings.shares, [...shares.map(describedFrom), ...away])
    const problem = this.#keep({ ...(comment === undefined ? {} : { comment }), ...changes })
    // Whose name another share has taken does not come back with that one's end.
    if (problem === undefined) this.#away = away
    return problem
  }

  commented(comment: string): Failure | undefined {
    const was = this.#ownComment
    return this.#keep({ ...this.#changes, comment: { ...(was === undefined ? {} : { was }), now: comment } })
  }

  #keep(changes: ShareChanges): Failure | undefined {
    const { shareStore } = this.#settings
    try {
      if (shareStore !== undefined) writeShareChanges(shareStore, changes)
      else if (!this.#hasWarned)
        this.#warn([
          'an administrator has changed something, until the server ends: nothing says where it is kept (shareStore)',
        ])
      this.#hasWarned = true
      this.#changes = changes
      return undefined
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.#warn([`a change by an administrator was refused: ${error.message}`])
      return fail(NtStatus.UNEXPECTED_IO_ERROR)
    }
  }
}

function isWithin(path: string, folder: string): boolean {
  try {
    const real = realpathSync(folder)
    return path === real || path.startsWith(real.endsWith(sep) ? real : real + sep)
  } catch {
    // What is not there has nothing in it.
    return false
  }
}

const describedFrom = ({ securityDescriptor, ...share }: ShareOptions): Described => ({
  ...share,
  ...(securityDescriptor === undefined
    ? {}
    : { securityDescriptor: formatSddl(decodeSecurityDescriptor(securityDescriptor)) }),
})

/** Why a folder may not be shared by an administrator; undefined where it may. Symbolic links lead nowhere else. */
function problemOf(path = '', { shareFolders = [] }: Settings): { status: number; why: string } | undefined {
  try {
    const real = realpathSync(path)
    if (!shareFolders.some((folder) => isWithin(real, folder)))
      return { status: NtStatus.ACCESS_DENIED, why: 'is in none of shareFolders' }
    if (!statSync(real).isDirectory()) return { status: NtStatus.NOT_A_DIRECTORY, why: 'is not a folder' }
    accessSync(real, constants.R_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return { status: NtStatus.OBJECT_PATH_NOT_FOUND, why: `cannot be shared: ${systemReason(error)}` }
  }
}
