import { readFileSync, statSync } from 'node:fs'
import { ConfigError, systemReason } from '../../config/config-error.ts'

/** What a credentials file says. */
export interface FileCredentials {
  readonly user?: string
  readonly password?: string
  readonly domain?: string
  /** What is odd about the file, as a sentence. */
  readonly note?: string
}

const maxBytes = 64 * 1024

/** The names that smbclient (`username`, `password`, `domain`) and mount.cifs (all of them) understand. */
const keys: Readonly<Record<string, 'user' | 'password' | 'domain'>> = {
  username: 'user',
  user: 'user',
  password: 'password',
  pass: 'password',
  domain: 'domain',
  dom: 'domain',
  workgroup: 'domain',
}

/**
 * Reads a file of lines `username = NAME`, `password = PASSWORD`, `domain = NAME`, as smbclient and mount.cifs read it:
 * blanks around the `=` do not count, all that follows does, other lines mean nothing.
 * @throws ConfigError where it cannot be read; its text never has a line of the file in it
 */
export function readCredentialsFile(file: string): FileCredentials {
  let text: string
  let mode: number
  try {
    const stat = statSync(file)
    if (stat.size > maxBytes) throw new ConfigError('is too long for a credentials file', { file })
    mode = stat.mode
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`cannot read the credentials: ${systemReason(error)}`, { file }, { cause: error })
  }
  const found = parseCredentials(text)
  const isOpen = process.platform !== 'win32' && (mode & 0o077) !== 0
  return isOpen ? { ...found, note: `${file} can be read by others: chmod 600 ${file}` } : found
}

/** The text of such a file. What stands last wins. */
export function parseCredentials(text: string): FileCredentials {
  const found: { user?: string; password?: string; domain?: string } = {}
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    const match = /^[ \t]*([a-z]+)[ \t]*=[ \t]*(.*)$/i.exec(line)
    const key = keys[match?.[1]?.toLowerCase() ?? '']
    if (key !== undefined) found[key] = match?.[2] ?? ''
  }
  if (found.user === undefined) return found
  const { user, domain } = splitUser(found.user)
  return { ...found, user, ...(domain === undefined ? {} : { domain }) }
}

/** `DOMAIN\user` and `DOMAIN/user` in their parts; anything else, also `user@realm`, is a user's name. */
export function splitUser(text: string): { user: string; domain?: string } {
  const match = /^([^\\/]+)[\\/](.+)$/.exec(text)
  return match === null ? { user: text } : { domain: match[1] ?? '', user: match[2] ?? '' }
}
