/** What administrators have changed by RPC, as a file beside the config file keeps it: docs/rpc.md. */
import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { z } from 'zod'
import { type DfsLinkOptions, linkOptions, Namespace } from '../server/dfs/namespace.ts'
import { formatSddl, parseSddl } from '../wire/dtyp/index.ts'
import { upcase } from '../wire/fscc/upcase.ts'
import { ConfigError, errorCode, systemReason } from './config-error.ts'
import { link } from './dfs-schema.ts'
import { block, text } from './kinds.ts'
import { replaceFile } from './replace-file.ts'
import { administeredKeys, shareName } from './schema.ts'
import type { ShareSettings } from './settings.ts'
import { maxConfigBytes, YamlFile } from './yaml.ts'

const said = block('what is said of a share', {
  ...administeredKeys,
  links: z.record(z.string(), link, { error: 'must be links by their paths' }).exactOptional(),
})
const byName = { error: 'must be shares by name' }
const words = z.string({ error: 'must be text' })
const path = text('the path of a folder')

const schema = block('comment, added, changed and removed', {
  comment: block('was and now', { was: words.exactOptional(), now: words }).exactOptional(),
  added: z.record(shareName, block('a share: path and more', { ...administeredKeys, path }), byName).exactOptional(),
  changed: z.record(shareName, block('was and now', { was: said, now: said }), byName).exactOptional(),
  removed: z.record(shareName, block('path', { path: path.exactOptional() }), byName).exactOptional(),
})

/** What is different from the config file, and what that said: where it says something else by now, it counts. */
export type ShareChanges = z.output<typeof schema>

/** Of a share, what administrators can change. */
export type Described = Pick<
  ShareSettings,
  'name' | 'path' | 'comment' | 'maxUses' | 'securityDescriptor' | 'accessBasedEnumeration' | 'dfs'
>

const heading = `# What administrators have changed by RPC, beside the config file. The server writes it anew at each change;
# edit it only while none runs. "was" is what the config file said: where it says something else by now, that counts.
`

/** @throws ConfigError: it cannot be read, or something in it is wrong. A file that is not there is empty. */
export function readShareChanges(file: string): ShareChanges {
  let content: Buffer
  try {
    content = readFileSync(file)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {}
    throw new ConfigError(
      `cannot read what administrators have changed: ${systemReason(error)}`,
      { file },
      { cause: error },
    )
  }
  if (content.length > maxConfigBytes) throw new ConfigError(`is larger than ${maxConfigBytes} bytes`, { file })
  return new YamlFile(file, content.toString('utf8')).read(schema)
}

/** @throws ConfigError */
export function writeShareChanges(file: string, changes: ShareChanges): void {
  try {
    replaceFile(file, heading + stringify(changes, { lineWidth: 0 }))
  } catch (error) {
    if (errorCode(error) === undefined) throw error
    throw new ConfigError(`cannot be written: ${systemReason(error)}`, { file }, { cause: error })
  }
}

interface Part {
  readonly name: string
  readonly value: unknown
}

/** What is said of a share, each part by its name in upper case: its links are parts. */
type Parts = ReadonlyMap<string, Part>
const LINK = 'link '

/** @throws RangeError: links that cannot be */
function partsOf({ comment = '', maxUses, securityDescriptor, accessBasedEnumeration, dfs }: Described): Parts {
  const parts = new Map<string, Part>()
  const add = (name: string, value: unknown) => parts.set(upcase(name), { name, value })
  if (comment !== '') add('comment', comment)
  if (maxUses !== undefined) add('maxUses', maxUses)
  if (securityDescriptor !== undefined) add('securityDescriptor', formatSddl(parseSddl(securityDescriptor)))
  if (accessBasedEnumeration === true) add('accessBasedEnumeration', true)
  for (const each of dfs === undefined ? [] : new Namespace(dfs).links) {
    const { path: name, ...rest } = linkOptions(each)
    add(LINK + name, rest)
  }
  return parts
}

type Said = z.output<typeof said>

function partsOfSaid({ links = {}, ...rest }: Said, name: string): Parts {
  return partsOf({ name, ...rest, dfs: { links: linksOf(links) } })
}

const linksOf = (links: NonNullable<Said['links']>): DfsLinkOptions[] =>
  Object.entries(links).map(([at, options]) => ({ path: at, ...options }))

function saidOf(parts: Parts): Said {
  const links: Record<string, unknown> = {}
  const others: Record<string, unknown> = {}
  for (const { name, value } of parts.values())
    if (name.startsWith(LINK)) links[name.slice(LINK.length)] = value
    else others[name] = value
  return { ...others, ...(Object.keys(links).length === 0 ? {} : { links }) } as Said
}

const same = (a: Part | undefined, b: Part | undefined): boolean =>
  JSON.stringify(a?.value) === JSON.stringify(b?.value)
const isNamed =
  (name: string) =>
  (share: { readonly name: string }): boolean =>
    share.name.toLowerCase() === name.toLowerCase()

/** Shares as they are to be offered, and what is to be told about that, in sentences. */
export interface Merged {
  readonly shares: readonly ShareSettings[]
  readonly notes: readonly string[]
}

/** Puts the shares of the config file and what administrators have changed together. */
export function withChanges(configured: readonly ShareSettings[], changes: ShareChanges, file: string): Merged {
  const notes: string[] = []
  const shares: ShareSettings[] = []
  const removed = Object.entries(changes.removed ?? {})
  const changed = Object.entries(changes.changed ?? {})
  for (const share of configured) {
    const gone = removed.find(([name]) => isNamed(name)(share))
    if (gone !== undefined && gone[1].path === share.path) {
      notes.push(`the share ${share.name} is not offered: an administrator has removed it (${file})`)
      continue
    }
    if (gone !== undefined)
      notes.push(`the share ${share.name}, which an administrator had removed, is another one now`)
    const [, change] = changed.find(([name]) => isNamed(name)(share)) ?? []
    shares.push(change === undefined ? share : changedShare(share, change, file, notes))
  }
  for (const [name, share] of Object.entries(changes.added ?? {}))
    if (configured.some(isNamed(name)))
      notes.push(
        `the share ${name} is that of the config file, and not the one that an administrator has added (${file})`,
      )
    else if (shares.some(isNamed(name)))
      notes.push(`the share ${name} is not offered: an administrator has added another of that name (${file})`)
    else shares.push({ ...share, name, place: `${file}: the share ${name}` })
  return { shares, notes }
}

interface Change {
  readonly was: Said
  readonly now: Said
}

/** A share with its changes; as the config file says it where its links cannot be together then, or never could. */
function changedShare(share: ShareSettings, change: Change, file: string, notes: string[]): ShareSettings {
  const told: string[] = []
  try {
    const merged = mergedShare(share, change, told)
    // Each link may be, and all of them together not.
    partsOf(merged)
    notes.push(...told)
    return merged
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    const why = `is as the config file says, and not as an administrator has changed it: ${error.message}`
    notes.push(`the share ${share.name} ${why} (${file})`)
    return share
  }
}

/** @throws RangeError: links that cannot be */
function mergedShare(share: ShareSettings, { was, now }: Change, notes: string[]): ShareSettings {
  const before = partsOfSaid(was, share.name)
  const after = partsOfSaid(now, share.name)
  const parts = new Map(partsOf(share))
  for (const [key, { name }] of new Map([...before, ...after])) {
    const says = parts.get(key)
    const set = after.get(key)
    if (same(says, set)) continue
    if (!same(says, before.get(key)))
      notes.push(
        `the share ${share.name}: ${name} is as the config file says by now, and not as an administrator has set it`,
      )
    else if (set !== undefined) parts.set(key, set)
    else parts.delete(key)
  }
  const { comment: _, maxUses: __, securityDescriptor: ___, accessBasedEnumeration: ____, dfs, ...rest } = share
  const { links = {}, ...others } = saidOf(parts)
  return { ...rest, ...others, ...(dfs === undefined ? {} : { dfs: { ...dfs, links: linksOf(links) } }) }
}

/** What is different in the shares that are offered now. */
export function changesBetween(configured: readonly Described[], offered: readonly Described[]): ShareChanges {
  const added: NonNullable<ShareChanges['added']> = {}
  const changed: NonNullable<ShareChanges['changed']> = {}
  const removed: NonNullable<ShareChanges['removed']> = {}
  for (const { name, path: at = '', ...share } of offered)
    if (!configured.some(isNamed(name))) added[name] = { path: at, ...saidOf(partsOf({ name, ...share })) }
  for (const share of configured) {
    const present = offered.find(isNamed(share.name))
    if (present === undefined) {
      removed[share.name] = share.path === undefined ? {} : { path: share.path }
      continue
    }
    const [before, after] = [new Map(partsOf(share)), new Map(partsOf(present))]
    for (const [key, part] of [...before]) {
      if (!same(part, after.get(key))) continue
      before.delete(key)
      after.delete(key)
    }
    if (before.size + after.size > 0) changed[share.name] = { was: saidOf(before), now: saidOf(after) }
  }
  return {
    ...(Object.keys(added).length === 0 ? {} : { added }),
    ...(Object.keys(changed).length === 0 ? {} : { changed }),
    ...(Object.keys(removed).length === 0 ? {} : { removed }),
  }
}
