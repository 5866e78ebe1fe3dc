import type { LockoutPolicy } from '../auth/lockout.ts'
import { DfsDomains } from '../server/dfs/domains.ts'
import { type DfsRootOptions, Namespace } from '../server/dfs/namespace.ts'
import type { ServerLimits } from '../server/limits.ts'
import {
  type CompressionMode,
  type DialectName,
  dialectNames,
  type EncryptionMode,
  type LmLevelChoice,
  type MacosMode,
  type ShareRightName,
  type SigningMode,
  type SnapshotTimes,
  type TargetNameMode,
} from './choices.ts'
import { ConfigError } from './config-error.ts'
import type { Config } from './config-file.ts'
import type { DfsSettings } from './dfs-schema.ts'
import { shareNameProblem } from './share-name.ts'

/** How the server speaks. */
export interface ServerSettings {
  readonly name?: string
  readonly comment?: string
  readonly macModel?: string
  readonly minDialect?: DialectName
  readonly maxDialect?: DialectName
  readonly smb1?: boolean
  readonly signing?: SigningMode
  readonly encryption?: EncryptionMode
  readonly compression?: CompressionMode
  readonly multichannel?: boolean
  /** Absolute path of the keys for Kerberos. */
  readonly keytab?: string
  readonly allowGuest?: boolean | 'wrongPassword'
  readonly allowAnonymous?: boolean
  readonly ntlm?: boolean
  readonly lmLevel?: LmLevelChoice
  readonly targetNames?: TargetNameMode
  readonly hostNames?: readonly string[]
  readonly lockout?: LockoutPolicy
  readonly limits?: Partial<ServerLimits>
}

/** One folder to share. */
export interface ShareSettings {
  readonly name: string
  /** Absolute path of the folder; absent where there are only links. */
  readonly path?: string
  readonly comment?: string
  readonly readOnly?: boolean
  readonly users?: readonly string[]
  /** What users, groups (`@staff`) and `everyone` may do at most. */
  readonly permissions?: Readonly<Record<string, ShareRightName>>
  /** Files are used as the Unix users that users are mapped to. */
  readonly impersonate?: boolean
  /** Who guests are then. */
  readonly guestUnixUser?: string
  readonly encryption?: EncryptionMode
  readonly compress?: boolean
  readonly posix?: boolean
  readonly hidden?: boolean
  /** Listings leave out what the user may not read. */
  readonly accessBasedEnumeration?: boolean
  /** Files have 8.3 names beside their own. */
  readonly shortNames?: boolean
  /** Clients may cache files. Default true. */
  readonly oplocks?: boolean
  /** Files stay open for clients that lose their connections. Default true. */
  readonly durableHandles?: boolean
  /** Files may be opened persistently. */
  readonly continuouslyAvailable?: boolean
  /** Clients may wait for changes. */
  readonly changeNotify?: boolean
  /** Where snapshots of the folder lie, from the folder or absolute; `*` stands for their names. */
  readonly snapshots?: string
  /** How times in those names are meant. */
  readonly snapshotTimes?: SnapshotTimes
  /** The snapshots' own folder can be seen in the share. */
  readonly showSnapshots?: boolean
  /** Who gets Apple's extensions. */
  readonly macos?: MacosMode
  readonly timeMachine?: boolean
  readonly timeMachineMaxBytes?: number
  /** Command that prints what is written to it. */
  readonly printer?: string
  /** Connections at a time. */
  readonly maxUses?: number
  /** SDDL: what its list gives is the most that anybody may do. */
  readonly securityDescriptor?: string
  /** It is the root of a namespace. */
  readonly dfs?: DfsRootOptions
  /** Where it was asked for, for error messages. */
  readonly place: string
}

/** The domain that a server is a member of, by NTLM. */
export interface DomainSettings {
  /** NetBIOS name. */
  readonly name: string
  readonly dnsName?: string
  /** Names or addresses; the first that answers is asked. */
  readonly controllers: readonly string[]
  /** Absolute path of a file with the password of the machine's account. */
  readonly passwordFile: string
}

/** All that a server is started with. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly usersFile?: string
  readonly socket?: string
  /** File in which persistent opens are kept. */
  readonly openStore?: string
  /** File in which is kept what administrators change by RPC. */
  readonly shareStore?: string
  /** Absolute paths of the folders in which administrators may share folders. */
  readonly shareFolders?: readonly string[]
  readonly server: ServerSettings
  /** Namespaces of domains, and sites. */
  readonly dfs?: DfsSettings
  /** The domain that it is a member of. */
  readonly domain?: DomainSettings
  /** Clients may call it by its NetBIOS name. */
  readonly netbios?: boolean
  /** Desktops find it by themselves. */
  readonly announce?: boolean
  readonly workgroup?: string
  readonly shares: readonly ShareSettings[]
}

/** What was said on the command line; what was not is absent. */
export interface Overrides {
  readonly host?: string
  readonly port?: number
  readonly usersFile?: string
  readonly announce?: boolean
  readonly socket?: string
  readonly server: ServerSettings
  readonly shares: readonly ShareSettings[]
}

export const defaultHost = '127.0.0.1'
export const defaultPort = 4450

/** The machine's account, without its $. @throws ConfigError */
export function machineName({ name }: Pick<ServerSettings, 'name'>): string {
  if (name === undefined)
    throw new ConfigError('a member of a domain needs a name: that of the account of the machine, without its $')
  return name.toUpperCase()
}

/**
 * Puts a config file and the command line together: single values of the command line win, its shares are added.
 * @throws ConfigError where the sum makes no sense
 */
export function mergeSettings(config: Config | undefined, overrides: Overrides): Settings {
  const server = { ...config?.server, ...overrides.server }
  const shares = [...(config?.shares ?? []), ...overrides.shares]
  checkDialects(server)
  if (config?.domain !== undefined) machineName(server)
  checkShares(shares, server)
  checkCompression(shares, server)
  checkAvailability(shares, server, config?.openStore)
  if (config?.shareFolders !== undefined && config.shareStore === undefined)
    throw new ConfigError(
      'shareFolders lets administrators add shares, and nothing says where these are kept: shareStore',
    )
  refusing('dfs', () => new DfsDomains(config?.dfs?.domains ?? [], {}))
  const usersFile = overrides.usersFile ?? config?.usersFile
  const socket = overrides.socket ?? config?.socket
  return {
    host: overrides.host ?? config?.host ?? defaultHost,
    port: overrides.port ?? config?.port ?? defaultPort,
    ...(usersFile === undefined ? {} : { usersFile }),
    ...(socket === undefined ? {} : { socket }),
    ...(config?.openStore === undefined ? {} : { openStore: config.openStore }),
    ...(config?.shareStore === undefined ? {} : { shareStore: config.shareStore }),
    ...(config?.shareFolders === undefined ? {} : { shareFolders: config.shareFolders }),
    ...(config?.dfs === undefined ? {} : { dfs: config.dfs }),
    ...(config?.domain === undefined ? {} : { domain: config.domain }),
    ...(config?.netbios === undefined ? {} : { netbios: config.netbios }),
    announce: overrides.announce ?? config?.announce ?? false,
    ...(config?.workgroup === undefined ? {} : { workgroup: config.workgroup }),
    server,
    shares,
  }
}

const rank = (dialect: DialectName): number => dialectNames.indexOf(dialect)

function checkDialects({ minDialect, maxDialect, encryption }: ServerSettings): void {
  if (minDialect !== undefined && maxDialect !== undefined && rank(minDialect) > rank(maxDialect))
    throw new ConfigError(`the lowest dialect, ${minDialect}, is above the highest, ${maxDialect}`)
  if (encryption === 'required' && !canEncrypt(maxDialect))
    throw new ConfigError(`encryption cannot be required with ${maxDialect} as the highest dialect: it begins with 3.0`)
}

const canEncrypt = (maxDialect: DialectName | undefined): boolean =>
  maxDialect === undefined || rank(maxDialect) >= rank('3.0')

function checkShares(shares: readonly ShareSettings[], { maxDialect, encryption }: ServerSettings): void {
  if (shares.length === 0) throw new ConfigError('there is nothing to share: name a folder')
  const places = new Map<string, string>()
  for (const share of shares) {
    const problem = shareNameProblem(share.name)
    if (problem !== undefined) throw new ConfigError(`${share.place}: ${problem}`)
    const key = share.name.toLowerCase()
    const other = places.get(key)
    if (other !== undefined)
      throw new ConfigError(`${share.place}: the share ${share.name} is there already (${other})`)
    places.set(key, share.place)
    if (share.snapshots === undefined && (share.snapshotTimes ?? share.showSnapshots) !== undefined)
      throw new ConfigError(`${share.place}: nothing says where the snapshots of the share ${share.name} lie`)
    checkMacs(share)
    checkNamespace(share)
    if (share.encryption !== 'required') continue
    if (encryption === 'off')
      throw new ConfigError(`${share.place}: the share ${share.name} requires encryption, which the server has off`)
    if (!canEncrypt(maxDialect))
      throw new ConfigError(
        `${share.place}: the share ${share.name} requires encryption, which begins with dialect 3.0`,
      )
  }
}

function checkNamespace({ dfs, name, place, printer }: ShareSettings): void {
  if (printer !== undefined && dfs !== undefined)
    throw new ConfigError(`${place}: the share ${name} is a printer, and cannot have links`)
  if (dfs !== undefined) refusing(`${place}: the share ${name}`, () => new Namespace(dfs))
}

/** What the server itself refuses is said with the place where it stands. */
function refusing(where: string, make: () => unknown): void {
  try {
    make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new ConfigError(`${where}: ${error.message}`, undefined, { cause: error })
  }
}

function checkMacs({ macos, name, place, timeMachine = false, timeMachineMaxBytes }: ShareSettings): void {
  if (timeMachineMaxBytes !== undefined && !timeMachine)
    throw new ConfigError(`${place}: the share ${name} has a limit for Time Machine, and is not for it`)
  if (macos === 'off' && timeMachine)
    throw new ConfigError(`${place}: the share ${name} is for Time Machine, and has macos off`)
}

function checkCompression(shares: readonly ShareSettings[], { compression }: ServerSettings): void {
  const share = shares.find(({ compress }) => compress === true)
  if (share !== undefined && compression === 'off')
    throw new ConfigError(`${share.place}: the share ${share.name} asks for compression, which the server has off`)
}

function checkAvailability(
  shares: readonly ShareSettings[],
  { maxDialect }: ServerSettings,
  openStore: string | undefined,
): void {
  const share = shares.find(({ continuouslyAvailable }) => continuouslyAvailable === true)
  if (share === undefined) return
  const who = `${share.place}: the share ${share.name} is to be continuously available`
  if (openStore === undefined) throw new ConfigError(`${who}, and nothing says where that is kept: openStore`)
  if (maxDialect !== undefined && rank(maxDialect) < rank('3.0'))
    throw new ConfigError(`${who}, which begins with dialect 3.0`)
  if (share.impersonate === true)
    throw new ConfigError(`${who}, which cannot be had together with impersonate: nobody is logged on at a start`)
  if (share.durableHandles === false)
    throw new ConfigError(`${who}, and its files not to stay open (durableHandles: false)`)
}
