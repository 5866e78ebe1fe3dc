import { z } from 'zod'
import { defaultLimits, type ServerLimits } from '../server/limits.ts'
import {
  compressionModes,
  dialectNames,
  encryptionModes,
  guestModes,
  type LmLevelChoice,
  lmLevels,
  macosModes,
  maxPort,
  shareRights,
  signingModes,
  snapshotTimes,
  targetNameModes,
} from './choices.ts'
import { dfs, dfsRoot } from './dfs-schema.ts'
import { block, flag, integer, oneOf, sddl, text } from './kinds.ts'
import { shareNameProblem } from './share-name.ts'

/** A NetBIOS name has 15 bytes. */
const maxServerNameLength = 15

const userNames = z.array(text('the name of a user'), { error: 'must be a list of user names' })

/** Of a share, what administrators may change by RPC. */
export const administeredKeys = {
  comment: z.string({ error: 'must be text' }).exactOptional(),
  maxUses: integer(0, 0xffff_fffe).exactOptional(),
  securityDescriptor: sddl.exactOptional(),
  accessBasedEnumeration: flag.exactOptional(),
} as const

const shareKeys = block('a share: path and more, each on a line of its own', {
  ...administeredKeys,
  path: text('the path of a folder').exactOptional(),
  readOnly: flag.exactOptional(),
  users: userNames.exactOptional(),
  impersonate: flag.exactOptional(),
  guestUnixUser: text('the name of a Unix user').exactOptional(),
  permissions: z.record(z.string(), oneOf(shareRights), { error: 'must be rights by name' }).exactOptional(),
  encryption: oneOf(encryptionModes).exactOptional(),
  compress: flag.exactOptional(),
  posix: flag.exactOptional(),
  hidden: flag.exactOptional(),
  shortNames: flag.exactOptional(),
  oplocks: flag.exactOptional(),
  durableHandles: flag.exactOptional(),
  continuouslyAvailable: flag.exactOptional(),
  changeNotify: flag.exactOptional(),
  snapshots: text('a path in which * stands for the names of snapshots').exactOptional(),
  snapshotTimes: oneOf(snapshotTimes).exactOptional(),
  showSnapshots: flag.exactOptional(),
  macos: oneOf(macosModes).exactOptional(),
  timeMachine: flag.exactOptional(),
  timeMachineMaxBytes: integer(1, Number.MAX_SAFE_INTEGER).exactOptional(),
  dfs: dfsRoot.exactOptional(),
  printer: text('a command that prints, or true').exactOptional(),
})

/** A namespace may have nothing but links. */
const share = shareKeys.check(({ value, issues }) => {
  if (value.path !== undefined || value.dfs !== undefined) return
  issues.push({ code: 'custom', message: 'must be the path of a folder', path: ['path'], input: value })
})

/** What a share may be called. */
export const shareName = z.string().check((context) => {
  const message = shareNameProblem(context.value)
  if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value })
})

/** Most that any limit may be set to. */
const maxLimit = 2 ** 40
const limits = block(
  'limits by name',
  Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, integer(1, maxLimit).exactOptional()])),
)

const lockout = block('threshold, durationMs and windowMs', {
  threshold: integer(0, 1000).exactOptional(),
  durationMs: integer(0, maxLimit).exactOptional(),
  windowMs: integer(0, maxLimit).exactOptional(),
})

const lmLevel = integer(0, 5).transform((value) => lmLevels[value as 0] as LmLevelChoice)

/** MS-NRPC: what it takes to ask a domain controller. */
const domain = block('name, controllers and passwordFile', {
  name: text('the NetBIOS name of a domain'),
  dnsName: text('the DNS name of a domain').exactOptional(),
  controllers: z
    .array(text('a domain controller'), { error: 'must be a list of domain controllers' })
    .min(1, { error: 'must name a domain controller' }),
  passwordFile: text('the path of a file'),
})

/** What stands in a config file. docs/configuration.md explains each key. */
export const configSchema = block('a config file: keys with values', {
  host: text('an address or a host name').exactOptional(),
  port: integer(0, maxPort).exactOptional(),
  name: text('a name')
    .regex(/^[A-Za-z0-9-]+$/, { error: 'has letters, digits and hyphens only' })
    .max(maxServerNameLength, { error: `has at most ${maxServerNameLength} characters` })
    .exactOptional(),
  comment: z.string({ error: 'must be text' }).exactOptional(),
  netbios: flag.exactOptional(),
  announce: flag.exactOptional(),
  workgroup: text('a name')
    .max(maxServerNameLength, { error: `has at most ${maxServerNameLength} characters` })
    .exactOptional(),
  macModel: text("the name of a Mac's model").exactOptional(),
  users: text('the path of a users file').exactOptional(),
  socket: text('the path of a socket').exactOptional(),
  openStore: text('the path of a file').exactOptional(),
  shareStore: text('the path of a file').exactOptional(),
  shareFolders: z.array(text('the path of a folder'), { error: 'must be a list of folders' }).exactOptional(),
  keytab: text('the path of a keytab').exactOptional(),
  minDialect: oneOf(dialectNames).exactOptional(),
  maxDialect: oneOf(dialectNames).exactOptional(),
  smb1: flag.exactOptional(),
  signing: oneOf(signingModes).exactOptional(),
  encryption: oneOf(encryptionModes).exactOptional(),
  compression: oneOf(compressionModes).exactOptional(),
  multichannel: flag.exactOptional(),
  allowGuest: oneOf(guestModes)
    .transform((value) => (value === 'wrongPassword' ? value : value === 'true'))
    .exactOptional(),
  allowAnonymous: flag.exactOptional(),
  ntlm: flag.exactOptional(),
  lmLevel: lmLevel.exactOptional(),
  targetNames: oneOf(targetNameModes).exactOptional(),
  hostNames: z.array(text('a host name'), { error: 'must be a list of host names' }).exactOptional(),
  lockout: lockout.exactOptional(),
  dfs: dfs.exactOptional(),
  domain: domain.exactOptional(),
  limits: limits.exactOptional(),
  shares: z.record(shareName, share, { error: 'must be shares by name' }).exactOptional(),
})

export type ConfigValues = Omit<z.output<typeof configSchema>, 'limits'> & { readonly limits?: Partial<ServerLimits> }
