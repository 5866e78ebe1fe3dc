import { SmbError } from '../../bytes/errors.ts'
import { parseAddress as parse } from '../../client/address.ts'
import { UsageError } from '../report.ts'
import { reasonOf } from './reason.ts'

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

/** Whether a word of the command line names a place on a server, and not on this machine's disk. */
export const isAddress = (text: string): boolean => /^(?:smb:\/\/|\/\/|\\\\)/i.test(text)

/**
 * Reads `smb://[domain;]user@host[:port]/share/path`, `//host/share/path` or `\\host\share\path`. In the first, `%20`
 * and the like stand for characters, as in any URL; in the others everything is meant as it stands there.
 * @throws UsageError
 */
export function parseAddress(text: string): Address {
  const { password, share, path, ...server } = parsed(text)
  // It would be in everybody's list of processes, and in the shell's history: it is not even shown here.
  if (password !== undefined || /[@:]/.test(server.host.replace(/^[0-9a-f:.]+(?:%\w+)?$/i, '')))
    throw new UsageError(
      'an address has no password in it, where others can see it, and a user only as smb://USER@HOST: --help tells the places for both',
    )
  const names = [share ?? '', ...path.split('/')]
  for (const name of names)
    if (/[\u0000\\/]/.test(name)) throw new UsageError('a name in an address cannot have a separator or NUL in it')
  if (share === undefined) return { ...server, path: '' }
  if (share === '.' || share === '..') throw new UsageError(`no share is called ${share}`)
  return { ...server, share, path: withoutDots(names.slice(1)).join('/') }
}

function parsed(text: string): ReturnType<typeof parse> {
  // Separators are those that stand there, and not those that something else stands for.
  if (/^smb:/i.test(text) && /%(?:2f|5c|00)/i.test(text))
    throw new UsageError('a name in an address cannot have a separator or NUL in it')
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof SmbError) throw new UsageError(reasonOf(error), { cause: error })
    throw error
  }
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

/** `.` means nothing, `..` takes back what is before it, and never the share. */
function withoutDots(names: readonly string[]): string[] {
  const kept: string[] = []
  for (const name of names) {
    if (name === '' || name === '.') continue
    if (name !== '..') kept.push(name)
    else if (kept.pop() === undefined) throw new UsageError('the address leads out of the share: it has too many `..`')
  }
  return kept
}
