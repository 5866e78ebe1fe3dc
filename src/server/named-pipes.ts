import { AssociationGroups } from '../rpc/association.ts'
import { Budget, defaultRpcLimits, type RpcLimits } from '../rpc/limits.ts'
import type { RpcAuthenticator } from '../rpc/logons.ts'
import { RpcConnection } from '../rpc/server.ts'
import type { RpcService } from '../rpc/service.ts'
import type { AccountDirectory } from './account-directory.ts'
import type { PipeDefinition, PipeSource, ServiceContext, ServiceLogons } from './services/context.ts'
import { epmapper, type RegisteredEndpoint } from './services/epmapper.ts'
import { eventlog } from './services/eventlog.ts'
import { dssetup, lsarpc } from './services/lsarpc.ts'
import { netdfs } from './services/netdfs.ts'
import { samr } from './services/samr.ts'
import { srvsvc } from './services/srvsvc.ts'
import { svcctl } from './services/svcctl.ts'
import { winreg } from './services/winreg.ts'
import { wkssvc } from './services/wkssvc.ts'

export interface PipesOptions {
  /** Half-sent requests and unread answers of all pipes together. */
  readonly maxPendingBytes?: number
  /** Unread answers of one pipe; above, the client has to read before it writes. */
  readonly maxUnreadBytes?: number
  /** Unread messages of one pipe; with more it is disconnected. */
  readonly maxUnreadMessages?: number
  readonly maxReaders?: number
  readonly rpc?: Partial<RpcLimits>
}

const MIB = 1024 * 1024

/**
 * The named pipes of a server: those that smbkit has, and those that a program adds. What pipes hold together is
 * bounded here.
 */
export class NamedPipes implements PipeSource {
  readonly maxUnreadBytes: number
  readonly maxUnreadMessages: number
  readonly maxReaders: number
  readonly #rpcLimits: RpcLimits
  readonly #budget: Budget
  readonly #groups: AssociationGroups
  readonly #pipes = new Map<string, PipeDefinition>()
  readonly #rpcPipes = new Map<string, (context: ServiceContext) => readonly RpcService[]>()

  constructor(options: PipesOptions = {}) {
    this.maxUnreadBytes = options.maxUnreadBytes ?? MIB
    this.maxUnreadMessages = options.maxUnreadMessages ?? 16_384
    this.maxReaders = options.maxReaders ?? 64
    this.#rpcLimits = { ...defaultRpcLimits, ...options.rpc }
    this.#budget = new Budget(options.maxPendingBytes ?? 64 * MIB)
    this.#groups = new AssociationGroups(this.#rpcLimits)
    this.addRpc('srvsvc', (context) => [srvsvc(context)])
    this.addRpc('wkssvc', (context) => [wkssvc(context)])
    this.addRpc('lsarpc', (context) => [...withAccounts(context, lsarpc), dssetup(context)])
    this.addRpc('samr', (context) => withAccounts(context, samr))
    this.addRpc('winreg', (context) => [winreg(context)])
    this.addRpc('svcctl', (context) => [svcctl(context)])
    this.addRpc('eventlog', (context) => [eventlog(context)])
    this.addRpc('netdfs', (context) => (context.namespaces === undefined ? [] : [netdfs(context, context.namespaces)]))
    this.addRpc('epmapper', (context) => [epmapper(context, () => this.#registered(context))])
  }

  /** What pipes hold now, in bytes. */
  get pendingBytes(): number {
    return this.#budget.used
  }

  take(bytes: number): boolean {
    return this.#budget.take(bytes)
  }

  give(bytes: number): void {
    this.#budget.give(bytes)
  }

  /** Adds a pipe, or replaces the one of that name. */
  add(pipe: PipeDefinition): void {
    this.#pipes.set(pipe.name.toUpperCase(), pipe)
  }

  /** Adds a pipe that speaks DCE/RPC; `services` is asked for each open, with who opens. */
  addRpc(name: string, services: (context: ServiceContext) => readonly RpcService[]): void {
    this.#rpcPipes.set(name, services)
    this.add({
      name,
      connect: (context, transport) =>
        new RpcConnection(
          {
            services: services(context),
            secondaryAddress: `\\PIPE\\${name}`,
            groups: this.#groups,
            owner: context.user.sid,
            limits: this.#rpcLimits,
            budget: this.#budget,
            report: (error) => context.report?.(error),
            ...(context.logons && { authenticator: authenticatorOf(context.logons, services) }),
          },
          transport,
        ),
    })
  }

  /** Every interface, and the pipe that it is on. */
  #registered(context: ServiceContext): RegisteredEndpoint[] {
    return [...this.#rpcPipes].flatMap(([pipe, services]) =>
      services(context).map((each) => ({ interface: each.interface, pipe })),
    )
  }

  /** Clients write `srvsvc`, some `\srvsvc`. */
  find(name: string): PipeDefinition | undefined {
    return this.#pipes.get(name.replace(/^\\+/, '').toUpperCase())
  }
}

/** A service that tells of accounts, where there are some. */
const withAccounts = (
  context: ServiceContext,
  make: (context: ServiceContext, accounts: AccountDirectory) => RpcService,
): RpcService[] => (context.accounts === undefined ? [] : [make(context, context.accounts)])

function authenticatorOf(
  logons: ServiceLogons,
  services: (context: ServiceContext) => readonly RpcService[],
): RpcAuthenticator {
  return {
    acceptor: (type) => logons.acceptor(type),
    services: (identity) => services(logons.contextFor(identity)),
    refused: (why) => logons.refused?.(why),
  }
}

/** The pipes of servers that were given none of their own. */
export const builtInPipes = new NamedPipes()
