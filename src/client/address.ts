import { UsageError } from './errors.ts'

/** Where something is, and as whom: what a URL or UNC path says. */
export interface Address {
  readonly host: string
  readonly port?: number
  readonly domain?: string
  readonly user?: string
  readonly password?: string
  readonly share?: string
  /** Within the share, with `/`; '' is its root. */
  readonly path: string
}

/**
 * Reads `smb://[[domain;]user[:password]@]host[:port][/share[/path]]` (parts percent-encoded), `//host/share/path` and
 * `\\host\share\path` (as they are).
 * @throws UsageError (EINVAL)
 */
export function parseAddress(text: string): Address {
  const url = /^(?:smb|cifs):\/\/(.*)$/is.exec(text)
  if (url !== null) return parseUrl(url[1] as string)
  const unc = /^[\\/]{2}([^\\/].*)$/s.exec(text)
  if (unc !== null) return parseUnc(unc[1] as string)
  throw invalid('An address is smb://host/share/path or //host/share/path.')
}

/** Without the address itself in its text: it may have a password in it. */
const invalid = (problem: string): UsageError => new UsageError('EINVAL', problem)

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw invalid('A % in an address is followed by two hexadecimal digits (%25 is % itself).')
  }
}

function parseUrl(rest: string): Address {
  const slash = rest.search(/[/\\]/)
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const names =
    slash < 0
      ? []
      : rest
          .slice(slash)
          .split(/[/\\]+/)
          .filter((name) => name !== '')
  // Of several @ the last one counts: passwords are known to have one that nobody encoded.
  const at = authority.lastIndexOf('@')
  const { host, port } = hostAndPort(authority.slice(at + 1))
  const [share, ...path] = names.map(decode)
  return {
    host,
    ...(port !== undefined && { port }),
    ...(at >= 0 && userInfo(authority.slice(0, at))),
    ...(share !== undefined && { share }),
    path: path.join('/'),
  }
}

function userInfo(text: string): { domain?: string; user: string; password?: string } {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const semicolon = name.indexOf(';')
  return {
    ...(semicolon >= 0 && { domain: decode(name.slice(0, semicolon)) }),
    user: decode(name.slice(semicolon + 1)),
    ...(colon >= 0 && { password: decode(text.slice(colon + 1)) }),
  }
}

function parseUnc(rest: string): Address {
  const [authority = '', share, ...path] = rest.split(/[/\\]+/)
  const names = path.filter((name) => name !== '')
  const { host, port } = hostAndPort(authority)
  return {
    host,
    ...(port !== undefined && { port }),
    ...(share !== undefined && share !== '' && { share }),
    path: names.join('/'),
  }
}

/** `host`, `host:445`, `[::1]`, `[::1]:445`; also `::1`, which has no port. */
function hostAndPort(text: string): { host: string; port?: number } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  const plain = /^([^:[\]]+)(?::(\d+))?$/.exec(text)
  const found = bracketed ?? plain
  if (found === null) {
    if (/^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.%\w]*$/i.test(text)) return { host: text }
    throw invalid('An address names a host, and a port (1 to 65535) behind a colon where it is not 445.')
  }
  const host = found[1] as string
  if (found[2] === undefined) return { host }
  const port = Number(found[2])
  if (port < 1 || port > 65_535) throw invalid('A port is a number from 1 to 65535.')
  return { host, port }
}
