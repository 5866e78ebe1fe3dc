import { hostname } from 'node:os'
import type { LmLevel } from '../auth/ntlm-response.ts'
import { fromHex } from '../bytes/hex.ts'
import type { CipherName } from '../crypto/sealing.ts'
import type { SigningAlgorithm as SigningName } from '../crypto/signing.ts'
import { Cipher, type CompressionAlgorithm, Dialect, SigningAlgorithm } from '../wire/smb2/index.ts'
import type { Address } from './address.ts'
import type { ConnectOptions, DialectName, Protection } from './api/options.ts'
import { UsageError } from './errors.ts'
import { type ClientLimits, defaultClientLimits } from './limits.ts'

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  '2.0.2': Dialect.SMB_2_0_2,
  '2.1': Dialect.SMB_2_1,
  '3.0': Dialect.SMB_3_0,
  '3.0.2': Dialect.SMB_3_0_2,
  '3.1.1': Dialect.SMB_3_1_1,
}
export const CIPHERS: Readonly<Record<CipherName, Cipher>> = {
  'aes-128-gcm': Cipher.AES_128_GCM,
  'aes-128-ccm': Cipher.AES_128_CCM,
  'aes-256-gcm': Cipher.AES_256_GCM,
  'aes-256-ccm': Cipher.AES_256_CCM,
}
export const SIGNING_ALGORITHMS: Readonly<Record<SigningName, SigningAlgorithm>> = {
  'aes-gmac': SigningAlgorithm.AES_GMAC,
  'aes-cmac': SigningAlgorithm.AES_CMAC,
  'hmac-sha256': SigningAlgorithm.HMAC_SHA256,
}

/** The name of a number, by one of the tables above. */
export const nameIn = <N extends string>(table: Readonly<Record<N, number>>, value: number): N | undefined =>
  (Object.keys(table) as N[]).find((name) => table[name] === value)

const DEFAULT_PORT = 445
const MAX_NETBIOS_NAME = 15

/** Options and address put together, with everything that was left open decided. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly domain: string
  readonly password: string | undefined
  readonly ntHash: Uint8Array | undefined
  readonly anonymous: boolean
  readonly guest: boolean
  readonly kerberos: Protection
  readonly credentialCache: string | undefined
  readonly keytab: string | undefined
  readonly delegation: boolean
  readonly armorCache: string | undefined
  readonly ntlm: boolean
  readonly lmLevel: LmLevel
  readonly mechanisms: ConnectOptions['mechanisms']
  readonly workstation: string
  /** Rising. */
  readonly dialects: readonly Dialect[]
  readonly multiProtocolStart: boolean
  readonly signing: Protection
  readonly encryption: Protection
  readonly ciphers: readonly CipherName[]
  readonly signingAlgorithms: readonly SigningName[]
  /** Numbers of `CompressionAlgorithm` that are offered. Connections offer none: they would have to unpack the answers. */
  readonly compressionAlgorithms: readonly CompressionAlgorithm[]
  readonly channels: number
  readonly reconnect: boolean
  readonly leases: boolean
  readonly writeBehind: boolean
  readonly dfs: boolean
  readonly site: string | undefined
  readonly dfsHosts: NonNullable<ConnectOptions['dfsHosts']>
  readonly resolve: ConnectOptions['resolve']
  readonly followSymlinks: boolean | 'anywhere'
  readonly limits: ClientLimits
  readonly observer: ConnectOptions['observer']
}

/** @throws UsageError (EINVAL) */
export function settingsOf(address: Address, options: ConnectOptions): Settings {
  const { anonymous = false, guest = false, encryption = 'off', signing = 'preferred' } = options
  if (anonymous && (options.password !== undefined || options.ntHash !== undefined))
    throw new UsageError('EINVAL', 'An anonymous logon has no password.')
  const user = anonymous ? '' : (options.user ?? address.user ?? (guest ? 'guest' : undefined))
  const password = options.password ?? address.password ?? (guest ? '' : undefined)
  const { credentialCache, keytab, armorCache } = options
  const kerberos = options.kerberos ?? (credentialCache === undefined && keytab === undefined ? 'off' : 'preferred')
  const isByTicket = kerberos !== 'off'
  if (keytab !== undefined && user === undefined)
    throw new UsageError('EINVAL', 'Whose key the keytab is to give is not said: name a user.')
  if (user === undefined && options.mechanisms === undefined && !isByTicket)
    throw new UsageError('EINVAL', 'Who logs on is not said: name a user, or ask for an anonymous or guest session.')
  const needsSecret = !anonymous && options.mechanisms === undefined && options.ntHash === undefined && !isByTicket
  if (needsSecret && password === undefined)
    throw new UsageError('EINVAL', `No password was given for ${user}: an empty one is ''.`)
  const dialects = dialectsBetween(options.minDialect ?? '2.0.2', options.maxDialect ?? '3.1.1', encryption)
  return {
    host: address.host,
    port: options.port ?? address.port ?? DEFAULT_PORT,
    user: user ?? '',
    domain: options.domain ?? address.domain ?? '',
    password,
    ntHash: typeof options.ntHash === 'string' ? hashOf(options.ntHash) : options.ntHash,
    anonymous,
    guest,
    kerberos,
    credentialCache,
    keytab,
    delegation: options.delegation ?? false,
    armorCache,
    ntlm: options.ntlm ?? true,
    lmLevel: options.lmLevel ?? 5,
    mechanisms: options.mechanisms,
    workstation: options.workstation ?? ownName(),
    dialects,
    multiProtocolStart: options.multiProtocolStart ?? false,
    signing,
    encryption,
    ciphers: options.ciphers ?? ['aes-128-gcm', 'aes-128-ccm', 'aes-256-gcm', 'aes-256-ccm'],
    signingAlgorithms: options.signingAlgorithms ?? ['aes-gmac', 'aes-cmac', 'hmac-sha256'],
    compressionAlgorithms: [],
    channels: options.channels ?? 1,
    reconnect: options.reconnect ?? true,
    leases: options.leases ?? true,
    writeBehind: options.writeBehind ?? false,
    dfs: options.dfs ?? true,
    site: options.site,
    dfsHosts: options.dfsHosts ?? 'sameDomain',
    resolve: options.resolve,
    followSymlinks: options.followSymlinks ?? true,
    limits: { ...defaultClientLimits, ...options.limits },
    observer: options.observer,
  }
}

const ownName = (): string => (hostname().split('.')[0] ?? '').slice(0, MAX_NETBIOS_NAME).toUpperCase()

function dialectsBetween(min: DialectName, max: DialectName, encryption: Protection): Dialect[] {
  const lowest = Math.max(DIALECTS[min], encryption === 'required' ? Dialect.SMB_3_0 : 0)
  const found = Object.values(DIALECTS).filter((dialect) => dialect >= lowest && dialect <= DIALECTS[max])
  if (found.length > 0) return found
  const why =
    encryption === 'required' ? 'Encryption needs dialect 3.0 or later' : 'No dialect is that new and that old'
  throw new UsageError('EINVAL', `${why}: minDialect ${min}, maxDialect ${max}.`)
}

function hashOf(text: string): Uint8Array {
  if (/^[0-9a-f]{32}$/i.test(text)) return fromHex(text)
  throw new UsageError('EINVAL', 'An NT hash has 32 hexadecimal digits.')
}
