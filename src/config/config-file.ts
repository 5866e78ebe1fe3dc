import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError, formatPlace, type Place, systemReason } from './config-error.ts'
import type { DfsSettings } from './dfs-schema.ts'
import { type ConfigValues, configSchema } from './schema.ts'
import type { DomainSettings, ServerSettings, ShareSettings } from './settings.ts'
import { maxConfigBytes, YamlFile } from './yaml.ts'

/** What a config file says; what it does not say is absent. Paths are absolute. */
export interface Config {
  readonly file: string
  readonly host?: string
  readonly port?: number
  readonly usersFile?: string
  readonly socket?: string
  readonly openStore?: string
  readonly shareStore?: string
  readonly shareFolders?: readonly string[]
  readonly dfs?: DfsSettings
  readonly domain?: DomainSettings
  readonly netbios?: boolean
  readonly announce?: boolean
  readonly workgroup?: string
  readonly server: ServerSettings
  readonly shares: readonly ShareSettings[]
}

/**
 * Reads a config file. Paths in it count from its folder.
 * @throws ConfigError: it cannot be read, is not YAML, has an unknown key or a wrong value
 */
export function loadConfig(file: string): Config {
  let content: Buffer
  try {
    content = readFileSync(file)
  } catch (error) {
    throw new ConfigError(`cannot read this config file: ${systemReason(error)}`, { file }, { cause: error })
  }
  if (content.length > maxConfigBytes) throw new ConfigError(`is larger than ${maxConfigBytes} bytes`, { file })
  return parseConfig(file, content.toString('utf8'))
}

/** As `loadConfig`, with the text at hand. */
export function parseConfig(file: string, text: string): Config {
  const yaml = new YamlFile(file, text)
  const values: ConfigValues = yaml.read(configSchema)
  const { host, port, users, socket, openStore, shareStore, shareFolders, ...others } = values
  const { keytab, dfs, domain, netbios, announce, workgroup, shares, ...server } = others
  const folder = dirname(resolve(file))
  return {
    file,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(users === undefined ? {} : { usersFile: resolve(folder, users) }),
    ...(socket === undefined ? {} : { socket: resolve(folder, socket) }),
    ...(openStore === undefined ? {} : { openStore: resolve(folder, openStore) }),
    ...(shareStore === undefined ? {} : { shareStore: resolve(folder, shareStore) }),
    ...(shareFolders === undefined ? {} : { shareFolders: shareFolders.map((path) => resolve(folder, path)) }),
    ...(dfs === undefined ? {} : { dfs }),
    ...(domain === undefined ? {} : { domain: { ...domain, passwordFile: resolve(folder, domain.passwordFile) } }),
    ...(netbios === undefined ? {} : { netbios }),
    ...(announce === undefined ? {} : { announce }),
    ...(workgroup === undefined ? {} : { workgroup }),
    server: { ...server, ...(keytab === undefined ? {} : { keytab: resolve(folder, keytab) }) },
    shares: Object.entries(shares ?? {}).map(([name, share]) => ({
      ...share,
      name,
      ...(share.path === undefined ? {} : { path: resolve(folder, share.path) }),
      place: sharePlace(yaml, name),
    })),
  }
}

function sharePlace(yaml: YamlFile, name: string): string {
  const place: Place = yaml.place(['shares', name], true)
  return formatPlace(place)
}
