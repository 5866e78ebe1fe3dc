/** Names of SIDs and SIDs of names, as a standalone server knows them (MS-LSAT 3.1.1.1.1). */
import { proceed } from '../../auth/maybe.ts'
import type { Maybe } from '../../auth/mechanism.ts'
import { SidNameUse } from '../../rpc/lsarpc/lookup.ts'
import type { Sid } from '../../wire/dtyp/sid.ts'
import type { AccountDirectory, DirectoryGroup, DirectoryUser } from '../account-directory.ts'
import { BUILTIN, KNOWN_DOMAINS, type KnownDomain, knownByName, knownBySid } from './known-accounts.ts'

/** What a name or a SID turned out to be. */
export interface Translation {
  readonly sid: Sid
  /** '' where the SID is that of a domain. */
  readonly name: string
  readonly domain: KnownDomain
  /** Of `SidNameUse`. */
  readonly use: number
}

/** Relative ids in the domain of every machine (MS-SAMR 2.2.1.14). */
export const RID_GUEST = 501
export const RID_USERS = 513
/** The only group of a standalone server's own domain, as Windows calls it. */
export const PRIMARY_GROUP_NAME = 'None'

/** SIDs by which Samba and Linux know users and groups of POSIX. */
const UNIX = [
  { prefix: 'S-1-22-1', name: 'Unix User', use: SidNameUse.USER },
  { prefix: 'S-1-22-2', name: 'Unix Group', use: SidNameUse.ALIAS },
] as const

export class AccountNames {
  readonly #directory: AccountDirectory
  readonly #own: KnownDomain

  constructor(directory: AccountDirectory) {
    this.#directory = directory
    this.#own = { name: directory.name, sid: directory.sid }
  }

  /** In the order of `sids`; undefined for what is not known. */
  ofSids(sids: readonly Sid[]): Maybe<(Translation | undefined)[]> {
    return proceed(this.#directory.all(), (users) =>
      proceed(this.#directory.groups(), (groups) => {
        const bySid = new Map<Sid, Translation>()
        for (const group of groups) bySid.set(group.sid, this.#group(group))
        for (const user of users) bySid.set(user.sid, this.#user(user))
        return sids.map((sid) => this.#ofSid(sid, bySid))
      }),
    )
  }

  /** In the order of `names`: `anna`, `SERVER\anna`, `anna@server`, or the name of a domain. */
  async ofNames(names: readonly string[]): Promise<(Translation | undefined)[]> {
    const found: (Translation | undefined)[] = []
    // One after the other: an account may be looked up far away.
    for (const name of names) found.push(await this.#ofName(name))
    return found
  }

  #ofSid(sid: Sid, own: ReadonlyMap<Sid, Translation>): Translation | undefined {
    const known = own.get(sid) ?? knownBySid.get(sid)
    if (known !== undefined) return known
    const domain = [this.#own, ...KNOWN_DOMAINS].find((each) => each.sid === sid)
    if (domain !== undefined) return { sid, name: '', domain, use: SidNameUse.DOMAIN }
    const unix = UNIX.find(({ prefix }) => sid.startsWith(`${prefix}-`))
    if (unix !== undefined) {
      const name = sid.slice(unix.prefix.length + 1)
      return { sid, name, domain: { name: unix.name, sid: unix.prefix }, use: unix.use }
    }
    return this.#machineAccount(sid)
  }

  /** Accounts that are there without anybody having made them. */
  #machineAccount(sid: Sid): Translation | undefined {
    const relativeId = this.#directory.relativeId(sid)
    const domain = this.#own
    if (relativeId === RID_GUEST) return { sid, name: 'Guest', domain, use: SidNameUse.USER }
    if (relativeId === RID_USERS) return { sid, name: PRIMARY_GROUP_NAME, domain, use: SidNameUse.GROUP }
    return undefined
  }

  async #ofName(text: string): Promise<Translation | undefined> {
    const split = splitName(text)
    // `BUILTIN\` is the domain itself.
    const { name, domain } = split.name === '' ? { name: split.domain, domain: '' } : split
    const upper = name.toUpperCase()
    if (domain === '') {
      const whole = [this.#own, ...KNOWN_DOMAINS].find((each) => each.name.toUpperCase() === upper)
      if (whole !== undefined) return { sid: whole.sid, name: '', domain: whole, use: SidNameUse.DOMAIN }
    }
    const known = knownByName.get(upper)
    if (known !== undefined && (domain === '' || domain.toUpperCase() === known.domain.name)) return known
    if ([...KNOWN_DOMAINS, BUILTIN].some((each) => each.name === domain.toUpperCase())) return undefined
    const isOwn = domain === '' || domain.toUpperCase() === this.#own.name.toUpperCase()
    if (isOwn && upper === 'GUEST') return this.#machineAccount(`${this.#own.sid}-${RID_GUEST}`)
    if (isOwn && upper === PRIMARY_GROUP_NAME.toUpperCase())
      return this.#machineAccount(`${this.#own.sid}-${RID_USERS}`)
    const user = await this.#directory.find(name, domain)
    // A source may not look at the domain; whoever asks for another one means somebody else.
    if (user !== undefined)
      return isOwn || user.domain.toUpperCase() === domain.toUpperCase() ? this.#user(user) : undefined
    const group = isOwn ? (await this.#directory.groups()).find((each) => each.name.toUpperCase() === upper) : undefined
    return group && this.#group(group)
  }

  #group({ name, sid }: DirectoryGroup): Translation {
    return { sid, name, domain: this.#own, use: SidNameUse.ALIAS }
  }

  #user({ sid, name, domain }: DirectoryUser): Translation {
    const isOwn = this.#directory.relativeId(sid) !== undefined
    const elsewhere = { name: domain, sid: sid.slice(0, sid.lastIndexOf('-')) }
    return { sid, name, domain: isOwn ? this.#own : elsewhere, use: SidNameUse.USER }
  }
}

function splitName(text: string): { name: string; domain: string } {
  const slash = text.indexOf('\\')
  if (slash >= 0) return { domain: text.slice(0, slash), name: text.slice(slash + 1) }
  const at = text.lastIndexOf('@')
  return at > 0 ? { name: text.slice(0, at), domain: text.slice(at + 1) } : { name: text, domain: '' }
}
