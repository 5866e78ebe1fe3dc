import { dateFromFiletime } from '../bytes/filetime.ts'
import { describeCaching } from './caching/index.ts'
import { Open, type PipeOpen } from './open.ts'
import type { ServerCore } from './server-core.ts'
import type { Session } from './session.ts'

/** What a running server has to do with: plain JSON. Ids are hexadecimal, times ISO 8601. */
export interface ServerStatus {
  readonly name: string
  readonly startedAt: string
  readonly connections: number
  readonly shares: readonly {
    readonly name: string
    readonly comment: string
    readonly path: string
    readonly openFiles: number
  }[]
  readonly sessions: readonly SessionStatus[]
  /** Files that stay open for clients which have lost their connections. */
  readonly disconnectedOpens: readonly DisconnectedOpenStatus[]
}

export interface SessionStatus {
  readonly id: string
  readonly remote: string
  readonly user: string
  readonly domain: string
  readonly workstation: string
  readonly kind: string
  readonly dialect: string
  readonly signing: string
  readonly encryption: string
  readonly since: string
  readonly trees: readonly { readonly id: number; readonly share: string; readonly opens: number }[]
  readonly opens: readonly OpenStatus[]
}

export interface OpenStatus {
  readonly id: string
  readonly share: string
  readonly path: string
  readonly access: string
  readonly shareAccess: number
  readonly directory: boolean
  readonly deleteOnClose: boolean
  /** For people: `lease RWH`, `oplock batch`; '' is none. */
  readonly caching: string
  readonly locks: readonly { readonly offset: string; readonly length: string; readonly exclusive: boolean }[]
}

export interface DisconnectedOpenStatus extends OpenStatus {
  readonly user: string
  readonly since: string
  /** When they are closed. */
  readonly until: string
  readonly persistent: boolean
}

const iso = (time: bigint): string => dateFromFiletime(time).toISOString()

export function statusOf(server: ServerCore): ServerStatus {
  return {
    name: server.name,
    startedAt: iso(server.startedAt),
    connections: server.connections.size,
    shares: [...server.shares].map((share) => ({
      name: share.name,
      comment: share.options.comment ?? '',
      path: share.options.path ?? '',
      openFiles: share.files.size,
    })),
    sessions: [...server.sessions.values()].filter((session) => session.state !== 'in progress').map(sessionStatus),
    disconnectedOpens: [...server.durableOpens.waiting].flatMap(disconnectedStatus),
  }
}

function sessionStatus(session: Session): SessionStatus {
  const { negotiated } = session
  const dialect = negotiated.dialect.toString(16)
  return {
    id: session.id.toString(16),
    remote: session.remote,
    user: session.identity?.user ?? '',
    domain: session.identity?.domain ?? '',
    workstation: session.identity?.workstation ?? '',
    kind: session.identity?.kind ?? 'anonymous',
    dialect: dialect.length < 3 ? dialect : [...dialect].filter((digit, i) => i < 2 || digit !== '0').join('.'),
    signing: session.signingRequired ? negotiated.signingAlgorithm : '',
    encryption: session.encryptData ? (negotiated.cipher ?? '') : '',
    since: iso(session.createdAt),
    trees: [...session.trees.values()].map((tree) => ({
      id: tree.id,
      share: tree.name,
      opens: [...session.opens.values()].filter((open) => open.tree === tree).length,
    })),
    opens: [...session.opens.values()].map(openStatus),
  }
}

const TICKS_PER_MS = 10_000n

function disconnectedStatus(open: Open): DisconnectedOpenStatus[] {
  const { durability } = open
  if (durability?.disconnectedAt === undefined) return []
  const { disconnectedAt, isPersistent: persistent, ownerName: user, timeoutMs } = durability
  const until = iso(disconnectedAt + BigInt(timeoutMs) * TICKS_PER_MS)
  return [{ ...openStatus(open), user, since: iso(disconnectedAt), until, persistent }]
}

function openStatus(open: Open | PipeOpen): OpenStatus {
  const share = open instanceof Open ? open.share.name : open.tree.name
  const common = { id: open.id.toString(16), share, access: `0x${open.grantedAccess.toString(16)}` }
  if (!(open instanceof Open))
    return {
      ...common,
      path: open.name,
      shareAccess: 7,
      directory: false,
      deleteOnClose: false,
      caching: '',
      locks: [],
    }
  return {
    ...common,
    path: open.displayPath,
    shareAccess: open.shareAccess,
    directory: open.file.isDirectory,
    deleteOnClose: open.deleteOnClose || open.shared.deletePending,
    caching: describeCaching(open),
    locks: open.stream.locks
      .heldBy(open)
      .map(({ offset, length, exclusive }) => ({ offset: String(offset), length: String(length), exclusive })),
  }
}
