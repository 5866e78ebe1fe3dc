import type { Bound } from '../rpc/client.ts'
import type { Operations, RpcInterface } from '../rpc/operation.ts'
import { SecurityMode } from '../wire/smb2/index.ts'
import { decodeSpnego } from '../wire/spnego/index.ts'
import type {
  AccountName,
  Client,
  GroupListing,
  NetworkInterface,
  OpenFileListing,
  ServerDescription,
  ServerListing,
  SessionDescription,
  SessionListing,
  ShareListing,
  UserListing,
} from './api/client.ts'
import type { CopyOptions, CopySummary, Place } from './api/copy.ts'
import type { CallOptions, Credentials } from './api/options.ts'
import type { CopyFileOptions, Share } from './api/share.ts'
import { echoCall } from './calls/echo.ts'
import { copy } from './copy/copy.ts'
import { askReferral } from './dfs/ask-referral.ts'
import { readDomainReferral } from './dfs/referral.ts'
import { Servers } from './dfs/servers.ts'
import type { Target } from './dial.ts'
import { UsageError } from './errors.ts'
import { interfacesOf, widen } from './interfaces.ts'
import type { Live, ServerLink } from './link.ts'
import type { Negotiated } from './negotiation.ts'
import { copyFile } from './ops/copy-file.ts'
import { RemoteShare, type ShareOwner, type Volumes } from './remote-share.ts'
import type { RpcOptions } from './rpc-logon.ts'
import { DIALECTS, nameIn, type Settings, settingsOf } from './settings.ts'
import { Tree } from './tree.ts'
import { Volume } from './volume.ts'

const IPC = 'IPC$'

/** What `connect` gives. */
export class RemoteClient implements Client, ShareOwner {
  readonly #link: ServerLink
  readonly #trees = new Map<string, { readonly tree: Tree; readonly share: RemoteShare }>()
  /** Where a namespace over several servers leads; undefined where it is not followed. */
  readonly #servers: Servers | undefined
  #ipc: Tree | undefined
  #live: Live

  constructor(link: ServerLink, live: Live) {
    this.#link = link
    this.#live = live
    this.#servers = link.settings.dfs ? new Servers(link) : undefined
    link.onLive = () => void this.#widen()
    void this.#widen()
  }

  /** Further connections, where they are wanted and the server offers interfaces. Without them it goes on as it is. */
  async #widen(): Promise<void> {
    if (this.#link.settings.channels > 1) await widen(this.#pipes).catch(() => undefined)
  }

  get host(): string {
    return this.#link.target.host
  }

  get port(): number {
    return this.#link.target.port
  }

  /** Of the session as it is, or as it was last. */
  get #last(): Live {
    this.#live = this.#link.current ?? this.#live
    return this.#live
  }

  get server(): ServerDescription {
    return describeServer(this.#link.target, this.#last.negotiated)
  }

  get session(): SessionDescription {
    const { session } = this.#last.bound
    const { kind, user, domain, mechanism, signs, seals } = session
    return { kind, user, domain, mechanism, signed: signs && !seals, sealed: seals }
  }

  async share(name: string, { signal }: CallOptions = {}): Promise<Share> {
    const key = name.toLowerCase()
    if (key === '' || /[/\\\0]/.test(key))
      throw new UsageError('EINVAL', 'That cannot be the name of a share.', { path: name })
    const known = this.#trees.get(key)
    if (known !== undefined) {
      await known.tree.ready(signal)
      return known.share
    }
    const volume = await this.#volumeOf(name, signal)
    const share = this.#shareOf(volume)
    this.#trees.set(key, { tree: volume.tree, share })
    return share
  }

  async #volumeOf(name: string, signal: AbortSignal | undefined): Promise<Volume> {
    const tree = new Tree(this.#link, name)
    const servers = this.#servers
    if (servers === undefined) {
      await tree.ready(signal)
      return new Volume(tree)
    }
    const route = await servers.begin(tree, signal)
    return new Volume(route.on, { servers, route })
  }

  #shareOf(volume: Volume): RemoteShare {
    return new RemoteShare(this, volume, this)
  }

  /** IPC$, where the pipes are. */
  get #pipes(): Tree {
    this.#ipc ??= new Tree(this.#link, IPC)
    return this.#ipc
  }

  async shares(options: CallOptions & { readonly details?: boolean } = {}): Promise<ShareListing[]> {
    const { listShares } = await srvsvc()
    return listShares(this.#pipes, options.details ?? false, options.signal)
  }

  async shareInfo(name: string, options: CallOptions & { readonly details?: boolean } = {}): Promise<ShareListing> {
    const { shareInfo } = await srvsvc()
    return shareInfo(this.#pipes, name, options.details ?? false, options.signal)
  }

  async serverInfo({ signal }: CallOptions = {}): Promise<ServerListing> {
    const { serverInfo } = await srvsvc()
    return serverInfo(this.#pipes, signal)
  }

  async sessions({ signal }: CallOptions = {}): Promise<SessionListing[]> {
    const { listSessions } = await activity()
    return listSessions(this.#pipes, signal)
  }

  async endSessions(
    whose: { readonly client?: string; readonly user?: string },
    { signal }: CallOptions = {},
  ): Promise<void> {
    const { endSessions } = await activity()
    return endSessions(this.#pipes, whose, signal)
  }

  async openFiles({ signal }: CallOptions = {}): Promise<OpenFileListing[]> {
    const { listOpenFiles } = await activity()
    return listOpenFiles(this.#pipes, signal)
  }

  async closeOpenFile(id: number, { signal }: CallOptions = {}): Promise<void> {
    const { closeOpenFile } = await activity()
    return closeOpenFile(this.#pipes, id, signal)
  }

  async users({ signal }: CallOptions = {}): Promise<UserListing[]> {
    const { listUsers } = await samr()
    return listUsers(this.#pipes, signal)
  }

  async groups({ signal }: CallOptions = {}): Promise<GroupListing[]> {
    const { listGroups } = await samr()
    return listGroups(this.#pipes, signal)
  }

  async lookupSids(sids: readonly string[], { signal }: CallOptions = {}): Promise<AccountName[]> {
    const { lookupSids } = await lsarpc()
    return lookupSids(this.#pipes, sids, signal)
  }

  async lookupNames(names: readonly string[], { signal }: CallOptions = {}): Promise<(AccountName | undefined)[]> {
    const { lookupNames } = await lsarpc()
    return lookupNames(this.#pipes, names, signal)
  }

  async rpc<O extends Operations, T>(
    definition: RpcInterface<O>,
    work: (calls: Bound<O>) => Promise<T>,
    { signal, ...options }: CallOptions & RpcOptions = {},
  ): Promise<T> {
    const [{ withPipe }, { engineOptions }] = await Promise.all([import('./pipe.ts'), import('./rpc-logon.ts')])
    const pipes = this.#pipes
    const { settings, clock } = this.#link
    const settingsFor = (credentials: Credentials): Settings =>
      Object.keys(credentials).length === 0 ? settings : settingsOf({ host: settings.host, path: '' }, credentials)
    return withPipe(pipes, definition.pipe, 'rpc', signal, async (client) => work(await client.bind(definition)), {
      ...engineOptions(options, { settingsFor, clock, service: 'cifs' }),
      // What the calls do nobody here knows.
      repeatable: false,
    })
  }

  async domains({ signal }: CallOptions = {}): Promise<string[]> {
    return readDomainReferral(await askReferral(this.#pipes, '', signal))
  }

  interfaces({ signal }: CallOptions = {}): Promise<NetworkInterface[]> {
    return interfacesOf(this.#pipes, signal)
  }

  async echo({ signal }: CallOptions = {}): Promise<number> {
    const live = await this.#link.live(signal)
    const start = performance.now()
    await live.connection.call(this.#link.contextOf(live), echoCall(), signal)
    return performance.now() - start
  }

  copyFile(volumes: Volumes, from: string, to: string, options?: CopyFileOptions): Promise<void> {
    return copyFile(volumes, from, to, options)
  }

  copyTree(from: Place, to: Place, options?: CopyOptions): Promise<CopySummary> {
    return copy(from, to, options, this.#link.settings.limits)
  }

  async closeShare(volume: Volume): Promise<void> {
    // A state of the past has no connection of its own.
    if (volume.snapshot !== undefined) return
    for (const [key, { tree }] of this.#trees) if (tree === volume.tree) this.#trees.delete(key)
    try {
      await volume.tree.link.closeOpens(volume.tree)
    } finally {
      await volume.tree.close()
    }
  }

  async close(): Promise<void> {
    try {
      await this.#servers?.close()
      await this.#link.closeOpens()
    } finally {
      await this.#link.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** Loaded when they are needed: most programs never ask them, and start sooner. */
const srvsvc = () => import('./services/srvsvc.ts')
const lsarpc = () => import('./services/lsarpc.ts')
const activity = () => import('./services/activity.ts')
const samr = () => import('./services/samr.ts')

/** What NEGOTIATE told. */
export function describeServer({ host, port }: Target, negotiated: Negotiated): ServerDescription {
  const dialect = nameIn(DIALECTS, negotiated.dialect)
  if (dialect === undefined) throw new TypeError(`dialect ${negotiated.dialect}`)
  return {
    host,
    port,
    dialect,
    serverGuid: negotiated.serverGuid,
    capabilities: negotiated.capabilities,
    signingRequired: (negotiated.securityMode & SecurityMode.SIGNING_REQUIRED) !== 0,
    signingAlgorithm: negotiated.signingAlgorithm,
    cipher: negotiated.cipher,
    compressionAlgorithms: negotiated.compressionAlgorithms,
    mechanisms: mechanismsIn(negotiated.token),
    maxReadBytes: negotiated.maxReadBytes,
    maxWriteBytes: negotiated.maxWriteBytes,
    maxTransactBytes: negotiated.maxTransactBytes,
    serverTime: negotiated.systemTime,
    localTime: negotiated.localTime,
    serverStartTime: negotiated.serverStartTime,
  }
}

/** Of a first token that cannot be read nothing is known. */
function mechanismsIn(token: Uint8Array): readonly string[] {
  if (token.length === 0) return []
  try {
    const found = decodeSpnego(token)
    return found.kind === 'init' ? found.mechTypes : []
  } catch {
    return []
  }
}
