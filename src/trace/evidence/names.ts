/** How findings call things. */
import { ntStatusName } from '../../wire/erref/ntstatus.ts'
import type { Conversation, Session, Transaction } from '../model.ts'

/** Who is meant where the logon was not captured, or is not over. */
export const UNKNOWN_USER = 'somebody'

/** `CORP\anna`; `somebody` where the logon was not captured. */
export function userOf(session: Session | undefined): string {
  const user = session?.user?.value
  if (user === undefined || user === '')
    return session?.mechanism?.value === 'anonymous' ? 'an anonymous user' : UNKNOWN_USER
  const domain = session?.domain?.value ?? ''
  return domain === '' || user.includes('@') || user.includes('\\') ? user : `${domain}\\${user}`
}

/** `\\server\share`; its number where its connecting was not captured. */
export function shareOf({ tree }: Transaction): string {
  return tree?.path?.value ?? (tree === undefined ? 'a share' : `share number ${tree.id}`)
}

/** `\\server\share\folder\file`. */
export function pathOf(transaction: Transaction): string {
  const path = transaction.path?.value
  if (path === undefined) return `a file of ${shareOf(transaction)}`
  // Paths of SMB1 begin with a separator.
  const inside = path.replace(/^\\+/, '')
  return `${shareOf(transaction)}${inside === '' ? '' : `\\${inside}`}`
}

/** ` of \\\\server\\share\\file`; nothing where neither file nor share is known. */
export const ofPath = (transaction: Transaction, word = 'of'): string =>
  transaction.path === undefined && transaction.tree === undefined ? '' : ` ${word} ${pathOf(transaction)}`

/** `10.0.0.5 at 10.0.0.1`: the client, and the server with its port where that is not 445. */
export function endsOf({ client, server }: Conversation): string {
  return `${client.address} at ${serverOf(server)}`
}

/** The server's address, with its port where that is not 445. */
export const serverOf = ({ address, port }: Conversation['server']): string =>
  port === 445 ? address : `${address} port ${port}`

/** `a, b, c and 9 more`. */
export function listOf(names: Iterable<string>, most = 4): string {
  const all = [...names]
  const shown = all.slice(0, most)
  const more = all.length - shown.length
  if (more > 0) return `${shown.join(', ')} and ${more} more`
  const last = shown.pop() ?? ''
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}

/** `once`, `twice`, `5 times`. */
export const timesOf = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`)

/** `1 file`, `5 files`. */
export const countOf = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`

/** `850 µs`, `41 ms`, `1.3 s`, `35 s`. */
export function durationOf(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`
  if (ns < 1e6) return `${digits(ns / 1e3)} µs`
  if (ns < 1e9) return `${digits(ns / 1e6)} ms`
  if (ns < 120e9) return `${digits(ns / 1e9)} s`
  return ns < 7200e9 ? `${digits(ns / 60e9)} min` : `${digits(ns / 3600e9)} h`
}

/** `512 B`, `64 KiB`, `1.5 MiB`. */
export function sizeOf(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : digits(value)} ${units[unit] ?? ''}`
}

const digits = (value: number): string => (value < 9.95 ? String(Number(value.toFixed(1))) : value.toFixed(0))

/** `STATUS_ACCESS_DENIED`. */
export const statusOf = ({ status }: Transaction): string => (status === undefined ? 'no answer' : ntStatusName(status))

/** Whether a name of a server is an IP address, as Windows sees it (IPv6 as `fe80--1.ipv6-literal.net`, too). */
export const isAddress = (name: string): boolean =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name) || name.includes(':') || /\.ipv6-literal\.net$/i.test(name)

/** The server in `\\server\share`. */
export const serverIn = (path: string): string => /^\\*([^\\]*)/.exec(path)?.[1] ?? ''
/** The share in `\\server\share`. */
export const shareIn = (path: string): string => /^\\*[^\\]*\\([^\\]*)/.exec(path)?.[1] ?? ''
