import { Command } from 'commander'
import type { Client } from '../../client/api/client.ts'
import type { Share } from '../../client/api/share.ts'
import {
  type Ace,
  FILE_ALL_ACCESS,
  formatSddl,
  isSid,
  parseSddl,
  SddlError,
  SecurityControl,
  type SecurityDescriptor,
  type Sid,
  WellKnownSid,
} from '../../wire/dtyp/index.ts'
import { printable, UsageError } from '../report.ts'
import { displayAddress } from './address.ts'
import { type ConnectionOptions, gathered, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { expandAll, type Found } from './expand.ts'
import { table } from './format.ts'
import { changed, rightsOf, rightsText, rightWords, scopeText, typeText, withList } from './rights.ts'
import { about } from './servers.ts'

interface AclOptions extends ConnectionOptions {
  readonly sddl?: boolean
  readonly set?: string
  readonly owner?: string
  readonly grant?: readonly string[]
  readonly deny?: readonly string[]
  readonly revoke?: readonly string[]
  readonly json?: boolean
}

/** `smbkit acl`: who may do what, and changes to that. */
export function aclCommand(): Command {
  const words = rightWords.join(', ')
  return withConnection(
    new Command('acl')
      .description('show who may do what with files and folders, and change it')
      .argument('<address...>', 'files and folders; * and ? in the last name')
      .option('--sddl', 'as SDDL')
      .option('--grant <who:rights>', `allow somebody: ${words}; on a folder also below`, gathered)
      .option('--deny <who:rights>', 'forbid somebody', gathered)
      .option('--revoke <who>', 'remove all that the list itself says of somebody', gathered)
      .option('--owner <who>', 'give it to somebody')
      .option('--set <sddl>', 'replace what the text has: owner, group, list')
      .option('--json', 'for programs'),
  ).action((paths: string[], options: AclOptions) => runClient(options, (context) => acl(context, paths, options)))
}

async function acl(context: Context, words: readonly string[], options: AclOptions): Promise<void> {
  const found = await expandAll(context, words)
  const all: object[] = []
  for (const one of found) {
    try {
      const { address, share } = one
      const names = new Names(share.client, context.signal)
      await about(address, change(context, one, names, options))
      if (isChange(options) && options.json !== true && options.sddl !== true) continue
      const descriptor = await about(address, share.securityDescriptor(address.path, { signal: context.signal }))
      const path = displayAddress(address)
      await names.learn(sidsOf(descriptor))
      if (options.json === true) all.push(jsonOf(path, descriptor, names))
      else if (options.sddl === true)
        await context.out.write(`${found.length > 1 ? `${printable(path)}  ` : ''}${formatSddl(descriptor)}\n`)
      else await context.out.write(textOf(path, descriptor, names))
    } catch (error) {
      if (found.length === 1 || context.signal.aborted) throw error
      context.failedWith(error)
    }
  }
  if (options.json === true) await context.out.json(all)
}

const isChange = ({ set, owner, grant, deny, revoke }: AclOptions): boolean =>
  [set, owner, grant, deny, revoke].some((option) => option !== undefined)

async function change(
  { signal }: Context,
  { address, share }: Found,
  names: Names,
  options: AclOptions,
): Promise<void> {
  if (!isChange(options)) return
  const { path } = address
  if (options.set !== undefined) await share.setSecurityDescriptor(path, descriptorFrom(options.set), { signal })
  if (options.owner !== undefined) {
    const owner = await names.sidOf(options.owner)
    await share.setSecurityDescriptor(path, { control: SecurityControl.SELF_RELATIVE, owner }, { signal })
  }
  const changes = [
    ...(options.revoke ?? []).map((who) => ({ kind: 'revoke' as const, who, mask: 0 })),
    ...(options.grant ?? []).map((text) => ({ kind: 'grant' as const, ...whoAndRights(text) })),
    ...(options.deny ?? []).map((text) => ({ kind: 'deny' as const, ...whoAndRights(text) })),
  ]
  if (changes.length > 0) await changeList(share, path, changes, names, signal)
}

interface Wanted {
  readonly kind: 'grant' | 'deny' | 'revoke'
  readonly who: string
  readonly mask: number
}

async function changeList(
  share: Share,
  path: string,
  changes: readonly Wanted[],
  names: Names,
  signal: AbortSignal,
): Promise<void> {
  const isFolder = (await share.stat(path, { signal })).isDirectory()
  const before = await share.securityDescriptor(path, { signal })
  // Without a list everybody may do everything: that has to be said before anything else can be.
  let list = before.dacl === null ? everybody(isFolder) : before.dacl
  for (const { kind, who, mask } of changes) list = changed(list, { kind, mask, sid: await names.sidOf(who) }, isFolder)
  if (list !== undefined) await share.setSecurityDescriptor(path, withList(before, list), { signal })
}

const everybody = (isFolder: boolean) =>
  changed(undefined, { kind: 'grant', sid: WellKnownSid.EVERYONE, mask: FILE_ALL_ACCESS }, isFolder)

function whoAndRights(text: string): { readonly who: string; readonly mask: number } {
  const colon = text.lastIndexOf(':')
  const mask = rightsOf(text.slice(colon + 1))
  if (colon < 1 || mask === undefined)
    throw new UsageError(`${text}: must be WHO:RIGHTS, rights being ${rightWords.join(', ')}`)
  return { who: text.slice(0, colon), mask }
}

function descriptorFrom(text: string): SecurityDescriptor {
  try {
    return parseSddl(text)
  } catch (error) {
    if (error instanceof SddlError) throw new UsageError(`--set: no SDDL ${error.message}`, { cause: error })
    throw error
  }
}

const sidsOf = ({ owner, group, dacl, sacl }: SecurityDescriptor): Sid[] =>
  [owner, group, ...[...(dacl?.aces ?? []), ...(sacl?.aces ?? [])].map(sidOfAce)].filter((sid) => sid !== undefined)

const sidOfAce = (ace: Ace): Sid | undefined => (ace.kind === 'unknown' ? undefined : ace.sid)

/** Names that everybody knows, where a server has no service to ask. */
const wellKnown = new Map<Sid, string>(
  Object.entries(WellKnownSid).map(([name, sid]) => [
    sid,
    name.charAt(0) + name.slice(1).toLowerCase().replaceAll('_', ' '),
  ]),
)

/** Whose SIDs those of a server are. */
class Names {
  readonly #client: Client
  readonly #signal: AbortSignal
  readonly #known = new Map<Sid, string>()

  constructor(client: Client, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /** Looks up what is not known yet. A server that does not tell leaves them as numbers. */
  async learn(sids: readonly Sid[]): Promise<void> {
    const unknown = [...new Set(sids)].filter((sid) => !this.#known.has(sid))
    if (unknown.length === 0) return
    const found = await this.#client.lookupSids(unknown, { signal: this.#signal }).catch((error: unknown) => {
      if (this.#signal.aborted) throw error
      return []
    })
    for (const { sid, name, domain, kind } of found)
      if (kind !== 'unknown' && name !== '') this.#known.set(sid, domain === '' ? name : `${domain}\\${name}`)
  }

  of(sid: Sid): string {
    return this.#known.get(sid) ?? wellKnown.get(sid) ?? sid
  }

  /** @throws UsageError for somebody whom the server does not know */
  async sidOf(who: string): Promise<Sid> {
    if (isSid(who)) return who
    const common = [...wellKnown].find(([, name]) => name.toLowerCase() === who.toLowerCase())
    if (common !== undefined) return common[0]
    const [found] = await this.#client.lookupNames([who], { signal: this.#signal })
    if (found === undefined) throw new UsageError(`${who}: the server knows nobody of that name`)
    return found.sid
  }
}

function jsonOf(path: string, descriptor: SecurityDescriptor, names: Names): object {
  const { owner, group, dacl, control } = descriptor
  const person = (sid: Sid | undefined) => (sid === undefined ? undefined : { sid, name: names.of(sid) })
  const entries = dacl?.aces.map((ace) => {
    const who = person(sidOfAce(ace))
    const mask = ace.kind === 'unknown' ? undefined : ace.mask
    return {
      type: typeText(ace.type),
      who,
      mask,
      rights: mask === undefined ? undefined : rightsText(mask),
      flags: ace.flags,
    }
  })
  return {
    path,
    owner: person(owner),
    group: person(group),
    protected: (control & SecurityControl.DACL_PROTECTED) !== 0,
    // Null: there is no list, and everybody may do everything.
    entries: dacl === null ? null : entries,
    sddl: formatSddl(descriptor),
  }
}

function textOf(path: string, { owner, group, dacl, control }: SecurityDescriptor, names: Names): string {
  const isProtected = (control & SecurityControl.DACL_PROTECTED) !== 0
  const rows = [
    ...(owner === undefined ? [] : [['owner', names.of(owner), '', '']]),
    ...(group === undefined ? [] : [['group', names.of(group), '', '']]),
    ...(dacl?.aces ?? []).map((ace) => {
      const sid = sidOfAce(ace)
      const rights = ace.kind === 'unknown' ? '' : rightsText(ace.mask)
      return [typeText(ace.type), sid === undefined ? '' : names.of(sid), rights, scopeText(ace.flags)]
    }),
  ]
  const noList = dacl === null ? '  there is no list: everybody may do everything\n' : ''
  const alone = isProtected ? '  nothing is inherited from the folder above\n' : ''
  const lines = table([{}, {}, {}, {}], rows).replaceAll(/^(?=.)/gm, '  ')
  return `${printable(path)}\n${lines}${noList}${alone}`
}
