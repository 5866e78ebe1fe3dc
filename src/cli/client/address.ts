import { maxPort, wholeNumber } from '../../config/choices.ts'
import { UsageError } from '../report.ts'

/** A place on a server, as it is named on the command line. */
export interface Address {
  readonly domain?: string
  readonly user?: string
  readonly host: string
  readonly port?: number
  /** Absent where only the server is named. */
  readonly share?: string
  /** Below the share, its parts separated by `/`; '' is the share's root. */
  readonly path: string
}

/** An address that names a share. */
export type ShareAddress = Address & { readonly share: string }

const urlStart = /^smb:\/\//i
const uncStart = /^(?:\/\/|\\\\)/

/** Whether a word of the command line names a place on a server, and not on this machine's disk. */
export const isAddress = (text: string): boolean => urlStart.test(text) || uncStart.test(text)

/**
 * Reads `smb://[domain;]user@host[:port]/share/path`, `//host/share/path` or `\\host\share\path`. In the first, `%20`
 * and the like stand for characters, as in any URL; in the others everything is meant as it stands there.
 * @throws UsageError
 */
export function parseAddress(text: string): Address {
  const isUrl = urlStart.test(text)
  if (!isUrl && !uncStart.test(text))
    throw new UsageError(`${text}: an address is smb://host/share/path, //host/share/path or \\\\host\\share\\path`)
  const parts = text.replace(isUrl ? urlStart : uncStart, '').split(/[\\/]/)
  const decode = isUrl ? decodePart : (part: string) => part
  const server = serverOf(parts[0] ?? '', decode)
  const names = parts.slice(1).map(decode)
  for (const name of names)
    if (/[\u0000\\/]/.test(name)) throw new UsageError('a name in an address cannot have a separator or NUL in it')
  const [share, ...path] = withoutDots(names)
  return { ...server, ...(share === undefined ? {} : { share }), path: path.join('/') }
}

/**
 * @throws UsageError where the address names no share
 */
export function parseShareAddress(text: string): ShareAddress {
  const address = parseAddress(text)
  if (address.share === undefined)
    throw new UsageError(`${displayAddress(address)}: a share is missing: //${address.host}/SHARE`)
  return { ...address, share: address.share }
}

/** For people: never with a user's name, with a port only where one was named. */
export function displayAddress({ host, port, share, path }: Address): string {
  const server = `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`
  return `//${[server, share, path].filter((part) => part !== undefined && part !== '').join('/')}`
}

/** The address of something below. */
export const below = (address: ShareAddress, name: string): ShareAddress => ({
  ...address,
  path: joinPath(address.path, name),
})

/** Two paths, of which either may be the root (''). */
export const joinPath = (folder: string, name: string): string =>
  folder === '' ? name : name === '' ? folder : `${folder}/${name}`

/** A path without its last name; '' for what lies in the root, and for the root. */
export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** The last name of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    throw new UsageError('the address has a % that is not followed by the digits of a character: write %25', {
      cause: error,
    })
  }
}

function serverOf(text: string, decode: (part: string) => string): Omit<Address, 'share' | 'path'> {
  const at = text.lastIndexOf('@')
  const who = at < 0 ? undefined : text.slice(0, at)
  // It would be in everybody's list of processes, and in the shell's history: it is not even shown here.
  if (who?.includes(':') === true)
    throw new UsageError('a password does not belong in an address, where others can see it: see --help for its places')
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(text.slice(at + 1))
  const host = decode(match?.[1] ?? match?.[2] ?? '')
  if (match === null || host === '') throw new UsageError('the address names no server: //HOST/SHARE')
  const digits = match[3]
  const port = digits === undefined ? undefined : wholeNumber(digits, 1, maxPort)
  if (digits !== undefined && port === undefined)
    throw new UsageError(`${host}: the port of an address is a number from 1 to ${maxPort}`)
  return { ...(who === undefined ? {} : userOf(who, decode)), host, ...(port === undefined ? {} : { port }) }
}

function userOf(text: string, decode: (part: string) => string): { user?: string; domain?: string } {
  const semicolon = text.indexOf(';')
  const user = decode(text.slice(semicolon + 1))
  const domain = semicolon < 0 ? undefined : decode(text.slice(0, semicolon))
  return { ...(user === '' ? {} : { user }), ...(domain === undefined ? {} : { domain }) }
}

/** `.` means nothing, `..` takes back what is before it, and never the share. */
function withoutDots(names: readonly string[]): string[] {
  const kept: string[] = []
  for (const name of names) {
    if (name === '' || name === '.') continue
    if (name !== '..') kept.push(name)
    else if (kept.length > 1) kept.pop()
    else throw new UsageError('the address leads out of the share: it has too many `..`')
  }
  return kept
}
