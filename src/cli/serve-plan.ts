import { basename, resolve } from 'node:path'
import { ConfigError, errorCode } from '../config/config-error.ts'
import { loadConfig } from '../config/config-file.ts'
import { mergeSettings, type Overrides, type Settings } from '../config/settings.ts'
import { readUsers, sameUser, type User } from '../config/users-file.ts'
import { accountsOf } from './accounts.ts'
import { defaultUsersFile } from './places.ts'
import type { Plan } from './run-server.ts'
import type { ServeOptions } from './serve.ts'

/** Everything but the shares and users that are read again comes from the command line. */
function overridesOf(path: string | undefined, options: ServeOptions): Overrides {
  const { host, port, users, socket, minDialect, maxDialect, smb1, signing, encryption, keytab } = options
  const own = path === undefined ? [] : [{ name: basename(resolve(path)), path: resolve(path), place: path }]
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(users === undefined ? {} : { usersFile: resolve(users) }),
    ...(socket === undefined ? {} : { socket: resolve(socket) }),
    ...(options.announce === undefined ? {} : { announce: options.announce }),
    server: {
      ...(minDialect === undefined ? {} : { minDialect }),
      ...(maxDialect === undefined ? {} : { maxDialect }),
      ...(smb1 === undefined ? {} : { smb1 }),
      ...(signing === undefined ? {} : { signing }),
      ...(encryption === undefined ? {} : { encryption }),
      ...(keytab === undefined ? {} : { keytab: resolve(keytab) }),
    },
    shares: [...own, ...(options.share ?? [])],
  }
}

/** Reads config file and users file and puts them together with the command line. */
export function planOf(path: string | undefined, options: ServeOptions): Plan {
  const config = options.config === undefined ? undefined : loadConfig(options.config)
  const settings = mergeSettings(config, overridesOf(path, options))
  const users = usersOf(settings)
  return { settings, accounts: accountsOf(users), warnings: warningsOf(settings, users) }
}

function usersOf({ usersFile, server, domain }: Settings): readonly User[] {
  const file = usersFile ?? defaultUsersFile()
  // With Kerberos, or as a member, the domain knows the users.
  const openToAll =
    (server.allowGuest ?? false) !== false ||
    server.allowAnonymous === true ||
    server.keytab !== undefined ||
    domain !== undefined
  try {
    const { users } = readUsers(file)
    if (openToAll || users.some(({ enabled }) => enabled)) return users
  } catch (error) {
    const isMissing = error instanceof ConfigError && errorCode(error.cause) === 'ENOENT'
    if (usersFile === undefined && isMissing && openToAll) return []
    if (usersFile !== undefined || !isMissing) throw error
  }
  const option = usersFile === undefined ? '' : ` --users ${usersFile}`
  throw new ConfigError(`nobody could log on: add a user with \`smbkit user add NAME${option}\``, { file })
}

/** The lowest level at which nothing is taken that can be broken in hours. */
const soundLmLevel = 5

function warningsOf({ shares, server }: Settings, users: readonly User[]): string[] {
  const { lmLevel = soundLmLevel } = server
  const weak = lmLevel < 4 ? 'NTLMv1 and LM are' : 'NTLMv1 is'
  const levels = lmLevel < soundLmLevel ? [`lmLevel ${lmLevel}: ${weak} taken, whose passwords can be worked out`] : []
  const strangers = shares.flatMap(({ name, users: allowed = [] }) =>
    allowed
      // Who is in a domain only its controllers know.
      .filter((user) => !user.includes('\\') && !users.some((known) => sameUser(known.name, user)))
      .map((user) => `the share ${name} is for ${user}, and there is no such user`),
  )
  const old =
    server.smb1 === true ? ['smb1: SMB1 has no encryption, and signatures of MD5; switch it off when you can'] : []
  return [...old, ...levels, ...strangers]
}
