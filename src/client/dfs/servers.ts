import { SecurityError, UsageError } from '../errors.ts'
import type { ServerLink } from '../link.ts'
import { Tree } from '../tree.ts'
import { askReferral } from './ask-referral.ts'
import { dfsKey } from './dfs-path.ts'
import { type JourneyParts, openRoute, type Route } from './journey.ts'
import { Namespace } from './namespace.ts'
import { isTrustedHost } from './trust.ts'

const IPC = 'IPC$'
const SMB_PORT = 445

interface Server {
  readonly link: ServerLink
  readonly trees: Map<string, Tree>
}

/** The servers of a namespace, logged on to when a path leads there, as the user who logged on to the first. */
export class Servers implements JourneyParts<Tree> {
  readonly namespace: Namespace
  readonly #home: ServerLink
  /** By name; the one that was used last comes last. */
  readonly #servers = new Map<string, Server>()
  readonly #coming = new Map<string, Promise<Server>>()
  #isClosed = false

  constructor(home: ServerLink) {
    this.#home = home
    this.#servers.set(home.target.host.toLowerCase(), { link: home, trees: new Map() })
    const { limits, observer } = home.settings
    this.namespace = new Namespace({
      clock: home.clock,
      limits,
      ask: (server, path, signal) => this.#ask(server, path, signal),
      observe: (path, targets) => observer?.event?.({ kind: 'referral', path, targets }),
    })
  }

  get maxSteps(): number {
    return this.#home.settings.limits.maxLinks
  }

  /** @throws StatusError, TransportError, SecurityError */
  async open(server: string, share: string, signal: AbortSignal | undefined): Promise<Tree> {
    const tree = this.#treeOf(await this.#serverOf(server, signal), share)
    await tree.ready(signal)
    return tree
  }

  /** The way to a share of the first server, or to a namespace of the domain that it is called by. */
  async begin(tree: Tree, signal: AbortSignal | undefined): Promise<Route<Tree>> {
    const { host } = this.#home.target
    const open = async (server: string, share: string): Promise<Tree> => {
      if (server !== host || share !== tree.name) return this.open(server, share, signal)
      await tree.ready(signal)
      return tree
    }
    const route = await openRoute({ namespace: this.namespace, maxSteps: this.maxSteps, open }, [host, tree.name], host)
    // The share that is given out is closed on its own.
    return route.on === tree ? route : { ...route, on: new Tree(route.on.link, route.on.name) }
  }

  #treeOf({ link, trees }: Server, share: string): Tree {
    const key = dfsKey([share])
    const known = trees.get(key)
    if (known !== undefined) return known
    const tree = new Tree(link, share)
    trees.set(key, tree)
    return tree
  }

  #serverOf(name: string, signal: AbortSignal | undefined): Promise<Server> | Server {
    const key = name.toLowerCase()
    const known = this.#servers.get(key)
    if (known !== undefined && this.#isGood(known)) {
      this.#servers.delete(key)
      this.#servers.set(key, known)
      return known
    }
    const coming = this.#coming.get(key) ?? this.#logOn(name, signal).finally(() => this.#coming.delete(key))
    this.#coming.set(key, coming)
    return coming
  }

  /** One that is gone, and where nothing is open, is not waited for: there may be another target. */
  #isGood({ link }: Server): boolean {
    return link === this.#home || link.current !== undefined || link.opens.size > 0
  }

  async #logOn(name: string, signal: AbortSignal | undefined): Promise<Server> {
    const { settings } = this.#home
    if (!isTrustedHost(name, settings))
      throw new SecurityError(
        `The namespace leads to ${name}, where nobody has allowed us to log on: dfsHosts says where we may.`,
      )
    const link = this.#home.linkTo({ host: name, port: SMB_PORT })
    await link.connect(signal)
    if (this.#isClosed) {
      await link.close()
      throw new UsageError('EBADF', 'The client has been closed.')
    }
    this.#makeRoom()
    const server = { link, trees: new Map<string, Tree>() }
    this.#servers.set(name.toLowerCase(), server)
    return server
  }

  #makeRoom(): void {
    for (const [key, { link }] of this.#servers) {
      if (this.#servers.size < this.#home.settings.limits.maxServers) return
      if (link === this.#home || link.opens.size > 0) continue
      this.#servers.delete(key)
      void link.close()
    }
  }

  async #ask(name: string, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return askReferral(this.#treeOf(await this.#serverOf(name, signal), IPC), path, signal)
  }

  /** Closes what is open on the other servers, and logs off. @throws as `ServerLink.closeOpens` */
  async close(): Promise<void> {
    this.#isClosed = true
    const others = [...this.#servers.values()].filter(({ link }) => link !== this.#home)
    await Promise.all(
      others.map(async ({ link }) => {
        try {
          await link.closeOpens()
        } finally {
          await link.close()
        }
      }),
    )
  }
}
