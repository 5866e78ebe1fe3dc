/** Longest share name that MS-SRVS and Windows take, in UTF-16 units. */
const maxShareNameLength = 80
/** Refused in share names: MS-SRVS 2.2.2.4 by way of MS-FSCC 2.1.6. */
const refused = new Set('"/\\[]:|<>+=;,*?')
/** Names that have a meaning of their own to clients and servers. */
const reserved = new Set(['ipc$', 'admin$', 'print$', 'pipe', 'mailslot'])

/** Why this cannot be the name of a share; undefined if it can. */
export function shareNameProblem(name: string): string | undefined {
  if (name.length === 0) return 'a share needs a name'
  if (name.length > maxShareNameLength) return `a share name has at most ${maxShareNameLength} characters`
  for (const character of name)
    if (refused.has(character) || character < ' ') return `a share name cannot have ${JSON.stringify(character)} in it`
  if (name !== name.trim()) return 'a share name does not begin or end with a space'
  if (name === '.' || name === '..') return `a share cannot be named ${name}`
  if (reserved.has(name.toLowerCase())) return `the share name ${name} is reserved`
  return undefined
}
