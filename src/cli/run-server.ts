import { isatty } from 'node:tty'
import type { AccountSource } from '../auth/accounts.ts'
import { ConfigError, errorCode } from '../config/config-error.ts'
import type { Settings } from '../config/settings.ts'
import { siteFinder } from '../net/sites.ts'
import { type DfsOptions, Server } from '../server/index.ts'
import { type SqliteStore, StoreError, sqliteStore } from '../state/sqlite.ts'
import { Backends } from './backends.ts'
import { domainOf } from './domain.ts'
import { defaultSocket, makeSocketFolder } from './places.ts'
import { sentence, UsageError } from './report.ts'
import { ShareStore, withStoredChanges } from './share-store.ts'
import { StatusSocket } from './status-socket.ts'
import { type Verbosity, watch } from './watch.ts'

/** What to serve, and to whom. */
export interface Plan {
  readonly settings: Settings
  readonly accounts: AccountSource
  /** What is odd, and no reason not to start. */
  readonly warnings: readonly string[]
}

export interface RunOptions {
  /** Reads the plan: once to start, and at each SIGHUP anew. */
  readonly plan: () => Plan
  readonly verbosity: Verbosity
  /** Tells where it listens. */
  readonly announce: (address: { host: string; port: number }, plan: Plan) => void
  /** SIGHUP reads the plan again; without, it ends the server. */
  readonly reloads: boolean
  /** Tells at the end what was wrong or slow. */
  readonly explains?: boolean
}

/** A second signal within this time is the same one, passed on by a program between (npm does so). */
const sameSignalMs = 1000
const privilegedPorts = 1024

const tell = (text: string): void => void process.stderr.write(text)

/**
 * Serves until SIGINT or SIGTERM, and ends cleanly: what was written is on its way to the disk, sessions are closed.
 * @throws ConfigError, UsageError: it cannot begin
 */
export async function runServer(options: RunOptions): Promise<void> {
  const signals = new Signals()
  // Whoever reads the output may go away; the server stays.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)
  const plan = options.plan()
  const backends = new Backends(warn)
  const together = withStoredChanges(plan.settings)
  const shareStore = new ShareStore(together, backends, warn)
  const { shares, notes } = await backends.prepare(together.shares)
  const store = await storeOf(plan.settings)
  const keeping = store === undefined ? {} : { openStore: store }
  const domain = await domainOf(plan.settings)
  const server = new Server({
    ...plan.settings.server,
    ...(shareStore.comment === undefined ? {} : { comment: shareStore.comment }),
    shareKeeper: shareStore,
    ...(plan.settings.workgroup === undefined ? {} : { workgroup: plan.settings.workgroup }),
    ...keeping,
    ...(domain === undefined ? {} : { domain }),
    dfs: dfsOf(plan.settings),
    shares,
    accounts: plan.accounts,
  })
  watch(server, options.verbosity, tell)
  const explaining = options.explains === true ? (await import('./live-findings.ts')).explainServer(server) : undefined
  let socket: StatusSocket | undefined
  try {
    const address = await start(server, plan.settings)
    if (plan.settings.netbios === true) await startNetbios(server, plan.settings)
    if (plan.settings.announce === true) await announce(server)
    socket = await openSocket(plan.settings, address.port, server)
    warn([...plan.warnings, ...together.notes, ...notes, ...kerberosNote(server.kerberosProblem)])
    if (options.reloads) signals.onHangup(() => reload(options, { server, backends, shareStore }, plan))
    options.announce(address, { ...plan, settings: { ...plan.settings, shares: together.shares } })
    await signals.untilEnd()
  } finally {
    await socket?.close()
    await server.stop()
    await domain?.close()
    await store?.close()
    await backends.close()
    if (explaining !== undefined) tell(explaining.text())
  }
}

async function storeOf({ openStore }: Settings): Promise<SqliteStore | undefined> {
  return openStore === undefined ? undefined : sqliteStore(openStore)
}

/** @throws ConfigError */
function dfsOf({ dfs: { domains = [], sites = {}, siteCosts = [] } = {} }: Settings): DfsOptions {
  try {
    return { domains, sites: { siteOf: siteFinder(sites), costs: siteCosts } }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new ConfigError(`dfs: ${error.message}`, undefined, { cause: error })
  }
}

const warn = (warnings: readonly string[]): void => warnings.forEach((warning) => tell(`smbkit: note: ${warning}\n`))

const kerberosNote = (problem: string | undefined): string[] =>
  problem === undefined ? [] : [`nobody can log on by Kerberos: ${problem}`]

async function start(server: Server, { host, port }: Settings): Promise<{ host: string; port: number }> {
  try {
    return await server.start({ host, port })
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new UsageError(whyNotListening(host, port, error), { cause: error })
  }
}

async function startNetbios(server: Server, { host }: Settings): Promise<void> {
  try {
    await server.startNetbios({ host })
    await server.startNames({ host })
  } catch (error) {
    throw new UsageError(`netbios: ${whyNotListening(host, 139, error)}`, { cause: error })
  }
}

async function announce(server: Server): Promise<void> {
  try {
    await server.announce()
  } catch (error) {
    throw new UsageError(`announce: ${sentence(error)}`, { cause: error })
  }
}

/** The system's error as a sentence. */
export function whyNotListening(host: string, port: number, error: unknown): string {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const why: Record<string, string> = {
    EADDRINUSE: 'another program listens there; choose another port with --port',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'there is no machine of that name',
    EAI_AGAIN: 'the name cannot be looked up now',
    EACCES:
      port < privilegedPorts
        ? 'ports below 1024 are for root; the README says how to be reached on port 445 without'
        : 'permission denied',
  }
  const code = errorCode(error)
  return `cannot listen on ${where}: ${(code === undefined ? undefined : why[code]) ?? sentence(error)}`
}

async function openSocket(settings: Settings, port: number, server: Server): Promise<StatusSocket | undefined> {
  try {
    if (settings.socket === undefined) makeSocketFolder()
    return await StatusSocket.open(settings.socket ?? defaultSocket(port), {
      status: () => server.status(),
      unlock: (user) => server.unlock(user),
    })
  } catch (error) {
    // Who asked for a certain socket wants it; without the default one the server is as good.
    if (settings.socket !== undefined || !(error instanceof UsageError)) throw error
    tell(`smbkit: note: \`smbkit status\` will not work: ${error.message}\n`)
    return undefined
  }
}

/** Reads the plan again. What is wrong with it is told, and all stays as it was. */
async function reload(
  options: RunOptions,
  { server, backends, shareStore }: { server: Server; backends: Backends; shareStore: ShareStore },
  first: Plan,
): Promise<void> {
  try {
    const plan = options.plan()
    const isAvailable = plan.settings.shares.some(({ continuouslyAvailable }) => continuouslyAvailable === true)
    if (isAvailable && first.settings.openStore === undefined)
      throw new UsageError('the first share that is continuously available needs a new start of the server')
    const together = withStoredChanges(plan.settings)
    const { shares, notes } = await backends.prepare(together.shares)
    server.setShares(shares)
    shareStore.use(together)
    await server.setAccounts(plan.accounts)
    warn([...plan.warnings, ...together.notes, ...notes, ...kerberosNote(await server.prepareKerberos())])
    const changed = whatNeedsRestart(first.settings, plan.settings)
    if (changed.length > 0) tell(`smbkit: note: changed, but only for the next start: ${changed.join(', ')}\n`)
    tell('smbkit: shares and users are read again\n')
  } catch (error) {
    tell(`smbkit: shares and users stay as they were: ${sentence(error)}\n`)
  }
}

/** Names of settings that differ and that a running server does not take over. */
export function whatNeedsRestart(before: Settings, now: Settings): string[] {
  const flat = ({ host, port, socket, openStore, domain, server }: Settings): Record<string, unknown> => ({
    host,
    port,
    socket,
    openStore,
    domain,
    ...server,
  })
  const [a, b] = [flat(before), flat(now)]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter(
    (key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]),
  )
}

/** Signals of the system, from its making on: what comes before somebody waits for it is not lost. */
class Signals {
  readonly #ended: Promise<void>
  #onHangup: (() => Promise<void>) | undefined
  #reloading: Promise<void> = Promise.resolve()
  #endingSince: number | undefined
  readonly #resolve: () => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    this.#resolve = resolve
    const atTerminal = isatty(0)
    process.on('SIGINT', () => this.#end())
    process.on('SIGTERM', () => this.#end())
    process.on('SIGHUP', () => {
      // The terminal that it was started from is gone: this is no request to reload.
      if (this.#onHangup === undefined || (atTerminal && !isatty(0))) this.#end()
      else this.#reloading = this.#reloading.then(this.#onHangup)
    })
  }

  /** What SIGHUP does from now on, one run at a time; until then it ends the program. */
  onHangup(action: () => Promise<void>): void {
    this.#onHangup = action
  }

  /** Resolves after a signal to end, when no reload is under way. */
  async untilEnd(): Promise<void> {
    await this.#ended
    await this.#reloading
  }

  #end(): void {
    if (this.#endingSince === undefined) {
      this.#endingSince = performance.now()
      this.#resolve()
    } else if (performance.now() - this.#endingSince > sameSignalMs) process.exit(130)
  }
}
