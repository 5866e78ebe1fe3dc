/** Access lists in words, and changes to them. */
import {
  AccessMask,
  type Ace,
  AceFlags,
  AceType,
  type Acl,
  AclRevision,
  FILE_ALL_ACCESS,
  FILE_GENERIC_EXECUTE,
  FILE_GENERIC_READ,
  FILE_GENERIC_WRITE,
  mapGeneric,
  SecurityControl,
  type SecurityDescriptor,
  type Sid,
} from '../../wire/dtyp/index.ts'

const readAndExecute = (FILE_GENERIC_READ | FILE_GENERIC_EXECUTE) >>> 0
const modify = (readAndExecute | FILE_GENERIC_WRITE | AccessMask.DELETE) >>> 0

/** Words for what is mostly granted, the most first. */
const words: readonly (readonly [string, number])[] = [
  ['full', FILE_ALL_ACCESS],
  ['modify', modify],
  ['read-execute', readAndExecute],
  ['read', FILE_GENERIC_READ],
  ['write', FILE_GENERIC_WRITE],
]

/** Words that a user may write. */
export const rightWords: readonly string[] = words.map(([word]) => word)

/** Rights in a word, or by their names where there is no word for all of them. */
export function rightsText(mask: number): string {
  const mapped = mapGeneric(mask)
  const word = words.find(([, bits]) => bits === mapped)
  if (word !== undefined) return word[0]
  const names = Object.entries(AccessMask).filter(([, bit]) => (mapped & bit) >>> 0 === bit)
  return names.length === 0 ? 'nothing' : names.map(([name]) => name).join(' ')
}

/** The rights that a word, or several with commas between them, stands for; undefined for words that are none. */
export function rightsOf(text: string): number | undefined {
  let mask = 0
  for (const part of text.toLowerCase().split(',')) {
    const found = words.find(([word]) => word === part.trim())
    if (found === undefined) return undefined
    mask |= found[1]
  }
  return mask >>> 0
}

/** `allow`, `deny` or the name that the specification has for it. */
export function typeText(type: number): string {
  if (type === AceType.ACCESS_ALLOWED) return 'allow'
  if (type === AceType.ACCESS_DENIED) return 'deny'
  return Object.entries(AceType).find(([, code]) => code === type)?.[0] ?? `type ${type}`
}

/** To what an entry applies, where that is more or less than the file or folder itself; and where it comes from. */
export function scopeText(flags: number): string {
  const below = [
    (flags & AceFlags.CONTAINER_INHERIT) === 0 ? '' : 'folders',
    (flags & AceFlags.OBJECT_INHERIT) === 0 ? '' : 'files',
  ].filter((part) => part !== '')
  const scope =
    below.length === 0 ? '' : `${(flags & AceFlags.INHERIT_ONLY) === 0 ? 'and' : 'only'} ${below.join(' and ')} in it`
  const depth = below.length > 0 && (flags & AceFlags.NO_PROPAGATE_INHERIT) !== 0 ? ', one level' : ''
  const inherited = (flags & AceFlags.INHERITED) === 0 ? '' : '(inherited)'
  return [`${scope}${depth}`, inherited].filter((part) => part !== '').join(' ')
}

const belowToo = AceFlags.OBJECT_INHERIT | AceFlags.CONTAINER_INHERIT
const isInherited = (ace: Ace): boolean => (ace.flags & AceFlags.INHERITED) !== 0
const isOf = (ace: Ace, sid: Sid): boolean => ace.kind !== 'unknown' && ace.sid === sid

/** A change to an access list. */
export type Change =
  | { readonly kind: 'grant' | 'deny'; readonly sid: Sid; readonly mask: number }
  | { readonly kind: 'revoke'; readonly sid: Sid }

/**
 * The list with a change. What is granted or denied to somebody takes the place of what the list itself said of the same
 * kind; what is inherited stays, behind it, as the order of access lists has it: denied, granted, inherited.
 */
export function changed(list: Acl | null | undefined, change: Change, isFolder: boolean): Acl {
  const before = list?.aces ?? []
  const inherited = before.filter(isInherited)
  const own = before.filter((ace) => !isInherited(ace))
  const revision = list?.revision ?? AclRevision.ACL_REVISION
  if (change.kind === 'revoke')
    return { revision, aces: [...own.filter((ace) => !isOf(ace, change.sid)), ...inherited] }
  const type = change.kind === 'grant' ? AceType.ACCESS_ALLOWED : AceType.ACCESS_DENIED
  const kept = own.filter((ace) => !(isOf(ace, change.sid) && ace.type === type))
  const entry: Ace = { kind: 'basic', type, flags: isFolder ? belowToo : 0, mask: change.mask, sid: change.sid }
  const isDenied = (ace: Ace): boolean => ace.type === AceType.ACCESS_DENIED
  const denied = kept.filter(isDenied)
  const others = kept.filter((ace) => !isDenied(ace))
  const ordered = change.kind === 'deny' ? [entry, ...denied, ...others] : [...denied, entry, ...others]
  return { revision, aces: [...ordered, ...inherited] }
}

/** What is sent to set the list alone: whether it is protected from what is above stays as it is. */
export function withList({ control }: SecurityDescriptor, dacl: Acl): SecurityDescriptor {
  return { control: control | SecurityControl.DACL_PRESENT, dacl }
}
