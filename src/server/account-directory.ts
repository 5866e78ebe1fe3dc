/** The server's accounts as lsarpc and samr tell of them: names, relative ids, groups. */
import { type Account, type AccountSource, accountSidOf, groupSidOf } from '../auth/accounts.ts'
import { proceed } from '../auth/maybe.ts'
import type { Identity, Maybe } from '../auth/mechanism.ts'
import { isSid, type Sid } from '../wire/dtyp/sid.ts'

/** One user. */
export interface DirectoryUser {
  readonly name: string
  readonly sid: Sid
  /** What the account belongs to: the server, or a domain. */
  readonly domain: string
  readonly fullName: string
  readonly comment: string
  readonly disabled: boolean
  readonly groupSids: readonly Sid[]
}

/** A group that the server's accounts are in. */
export interface DirectoryGroup {
  readonly name: string
  readonly sid: Sid
}

export interface DirectoryOptions {
  /** The server's name, which is that of its own domain of accounts. */
  readonly name: string
  readonly sid: Sid
  /** Undefined where accounts are somebody else's: then those are known who are logged on. */
  readonly source: () => AccountSource | undefined
  /** Who is logged on: known even where accounts cannot be listed. */
  readonly loggedOn: () => Iterable<Identity>
}

export class AccountDirectory {
  readonly name: string
  readonly sid: Sid
  readonly #source: () => AccountSource | undefined
  readonly #loggedOn: () => Iterable<Identity>

  constructor({ name, sid, source, loggedOn }: DirectoryOptions) {
    this.name = name
    this.sid = sid
    this.#source = source
    this.#loggedOn = loggedOn
  }

  /** All that are known, each once, by their SIDs. */
  all(): Maybe<readonly DirectoryUser[]> {
    return proceed(this.#source()?.list?.() ?? [], (accounts) => {
      const found = new Map<Sid, DirectoryUser>()
      for (const account of accounts) {
        const user = this.#userOf(account)
        found.set(user.sid, user)
      }
      for (const { kind, user: name, domain, sid, groupSids } of this.#loggedOn())
        if (kind === 'user' && !found.has(sid))
          found.set(sid, { name, sid, domain, fullName: '', comment: '', disabled: false, groupSids })
      return [...found.values()]
    })
  }

  /** Users of the server's own domain, by relative id. */
  own(): Maybe<readonly DirectoryUser[]> {
    return proceed(this.all(), (users) =>
      users
        .filter(({ sid }) => this.relativeId(sid) !== undefined)
        .toSorted((a, b) => (this.relativeId(a.sid) ?? 0) - (this.relativeId(b.sid) ?? 0)),
    )
  }

  /** By name without regard to case; also where accounts cannot be listed. `domain` may be ''. */
  find(name: string, domain: string): Maybe<DirectoryUser | undefined> {
    const isMeant = (user: DirectoryUser): boolean =>
      user.name.toUpperCase() === name.toUpperCase() &&
      (domain === '' || user.domain.toUpperCase() === domain.toUpperCase())
    return proceed(this.#source()?.find(name, domain), (account) =>
      account === undefined ? proceed(this.all(), (users) => users.find(isMeant)) : this.#userOf(account),
    )
  }

  /** Groups of the server's own: those that accounts name, by name. */
  groups(): Maybe<readonly DirectoryGroup[]> {
    return proceed(this.#source()?.list?.() ?? [], (accounts) => {
      const found = new Map<Sid, DirectoryGroup>()
      for (const { groups = [] } of accounts)
        for (const name of groups) {
          const sid = groupSidOf(this.sid, name)
          if (this.relativeId(sid) !== undefined && !isSid(name) && !found.has(sid)) found.set(sid, { name, sid })
        }
      return [...found.values()].toSorted((a, b) => (this.relativeId(a.sid) ?? 0) - (this.relativeId(b.sid) ?? 0))
    })
  }

  /** What a SID has beyond that of the server's domain; undefined for one of another. */
  relativeId(sid: Sid): number | undefined {
    const prefix = `${this.sid}-`
    if (!sid.startsWith(prefix) || sid.includes('-', prefix.length)) return undefined
    return Number(sid.slice(prefix.length))
  }

  #userOf(account: Account): DirectoryUser {
    const { user: name, sid, domain, fullName, comment, disabled, groupSids = [], groups = [] } = account
    return {
      name,
      sid: sid ?? accountSidOf(this.sid, name),
      domain: domain ?? this.name,
      fullName: fullName ?? '',
      comment: comment ?? '',
      disabled: disabled ?? false,
      groupSids: [...groupSids, ...groups.map((group) => groupSidOf(this.sid, group))],
    }
  }
}
