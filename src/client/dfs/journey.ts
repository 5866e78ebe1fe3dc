import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type Occasion, SecurityError, StatusError, TransportError, UsageError } from '../errors.ts'
import { type DfsPath, dfsKey } from './dfs-path.ts'
import type { Namespace } from './namespace.ts'
import type { DfsTarget } from './referral.ts'
import type { KnownReferral } from './referral-cache.ts'

/** Where a path leads as far as is known: a share, a name in it, and how that part of the namespace is called. */
export interface Route<T> {
  /** What `open` gave for the share. */
  readonly on: T
  readonly server: string
  readonly share: string
  /** Names within the share. */
  readonly name: readonly string[]
  /** As it is asked for. With a namespace of a domain that is not `\server\share`. */
  readonly logical: DfsPath
  /** Which of several targets this is, and the path that they all are for. */
  readonly through?: { readonly known: KnownReferral; readonly target: DfsTarget; readonly from: DfsPath }
}

export interface JourneyParts<T> {
  readonly namespace: Namespace
  /** Connects to a share. @throws StatusError, TransportError, SecurityError */
  open(server: string, share: string, signal: AbortSignal | undefined): Promise<T>
  /** Referrals that one path may lead through. */
  readonly maxSteps: number
}

/** Answers of a server that is there and has not, or not now, what a referral says that it has. */
const AWAY: ReadonlySet<number> = new Set([
  NtStatus.BAD_NETWORK_NAME,
  NtStatus.BAD_NETWORK_PATH,
  NtStatus.NETWORK_NAME_DELETED,
  NtStatus.FILE_IS_OFFLINE,
  NtStatus.INSUFFICIENT_RESOURCES,
  NtStatus.INSUFF_SERVER_RESOURCES,
  NtStatus.REQUEST_NOT_ACCEPTED,
  NtStatus.IO_TIMEOUT,
  NtStatus.CONNECTION_DISCONNECTED,
  NtStatus.CONNECTION_RESET,
  NtStatus.CONNECTION_REFUSED,
  NtStatus.HOST_UNREACHABLE,
])

/** Whether another target may do better. */
const isAway = (error: unknown): boolean =>
  error instanceof TransportError || (error instanceof StatusError && AWAY.has(error.status))

/** There is no such server, or what answers by that name has no such share. */
const mayBeDomain = (error: unknown): boolean =>
  (error instanceof TransportError && (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN')) ||
  (error instanceof StatusError && error.status === NtStatus.BAD_NETWORK_NAME)

const isNotCovered = (error: unknown): boolean =>
  error instanceof StatusError && error.status === NtStatus.PATH_NOT_COVERED

/** The route to what lies deeper. */
export function below<T>(route: Route<T>, names: readonly string[]): Route<T> {
  const { name, logical, through } = route
  return {
    ...route,
    name: [...name, ...names],
    logical: [...logical, ...names],
    ...(through && { through: { ...through, from: [...through.from, ...names] } }),
  }
}

const placeKey = ({ server, share, name }: Route<unknown>): string => dfsKey([server, share, ...name])

/**
 * The share that a path begins with: of a server, or of a domain, whose controllers `asked` knows.
 * @throws StatusError, TransportError, SecurityError, WireError
 */
export async function openRoute<T>(
  parts: JourneyParts<T>,
  path: DfsPath,
  asked: string,
  signal?: AbortSignal,
): Promise<Route<T>> {
  const [server = '', share = '', ...name] = path
  try {
    return { on: await parts.open(server, share, signal), server, share, name, logical: path }
  } catch (error) {
    if (!mayBeDomain(error)) throw error
    // Perhaps it is no server but a domain, whose controllers know where the root is.
    const known = await parts.namespace.domainRoot([server, share], asked, signal).catch(() => undefined)
    if (known === undefined) throw error
    return takeTarget(known, path, (target) => openShare(parts, target, signal))
  }
}

type Opened<T> = Pick<Route<T>, 'on' | 'server' | 'share' | 'name'>

/** A target that has to be a server. */
async function openShare<T>(
  parts: JourneyParts<T>,
  { path }: DfsTarget,
  signal: AbortSignal | undefined,
): Promise<Opened<T>> {
  const [server = '', share = '', ...name] = path
  return { on: await parts.open(server, share, signal), server, share, name }
}

/** The first target that can be had; it stays the one in use. @throws what the last one failed with */
async function takeTarget<T>(
  known: KnownReferral,
  logical: DfsPath,
  open: (target: DfsTarget) => Promise<Opened<T> & Partial<Route<T>>>,
): Promise<Route<T>> {
  let problem: unknown
  for (const target of known.inOrder) {
    try {
      const opened = await open(target)
      known.use(target)
      const { isRoot, prefix } = known.referral
      const rest = logical.slice(prefix.length)
      const name = [...opened.name, ...rest]
      const there = opened.logical ?? [opened.server, opened.share, ...opened.name]
      const inner = opened.through
      const through =
        inner === undefined ? { known, target, from: logical } : { ...inner, from: [...inner.from, ...rest] }
      // Below a root everything is still called as it was; behind a link another namespace may begin.
      return { ...opened, name, logical: isRoot ? logical : [...there, ...rest], through }
    } catch (error) {
      if (!isAway(error) && !(error instanceof SecurityError)) throw error
      problem = error
    }
  }
  throw problem
}

/** The way of one call through a namespace: MS-DFSC 3.1.4.1, from what is known to what has to be asked for. */
export class Journey<T> {
  readonly #parts: JourneyParts<T>
  readonly #occasion: Occasion
  readonly #visited = new Set<string>()
  readonly #failed = new Set<DfsTarget>()
  #route: Route<T>
  #steps = 0

  constructor(parts: JourneyParts<T>, start: Route<T>, occasion: Occasion) {
    this.#parts = parts
    this.#route = start
    this.#occasion = occasion
  }

  /** Where the call is to be done. */
  get route(): Route<T> {
    return this.#route
  }

  /** There are targets for the same that have not failed in this call. */
  get hasOthers(): boolean {
    const { through } = this.#route
    return through?.known.inOrder.some((target) => target !== through.target && !this.#failed.has(target)) ?? false
  }

  /** As far as is known already. */
  async begin(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const known = await this.#parts.namespace.find(this.#route.logical, signal)
      if (known === undefined || this.#isOn(known)) return
      const before = placeKey(this.#route)
      await this.#take(known, signal)
      if (placeKey(this.#route) === before) return
      this.#count(before)
    }
  }

  #isOn(known: KnownReferral): boolean {
    const { through } = this.#route
    return through?.known === known && known.inOrder[0] === through.target
  }

  /**
   * After the call has failed on the route: whether there is another one to do it on.
   * @throws UsageError (ELOOP), StatusError, TransportError, SecurityError, WireError
   */
  async next(error: unknown, signal?: AbortSignal): Promise<boolean> {
    if (isNotCovered(error)) return this.#follow(signal)
    const { through } = this.#route
    if (through === undefined || !isAway(error)) return false
    through.known.pass(through.target)
    this.#failed.add(through.target)
    const isUnknown = error instanceof TransportError && error.outcomeUnknown
    const hasOthers = through.known.inOrder.some((target) => !this.#failed.has(target))
    if (isUnknown || !hasOthers || ++this.#steps > this.#parts.maxSteps) return false
    await this.#take(through.known, signal, through.from)
    return true
  }

  async #follow(signal: AbortSignal | undefined): Promise<boolean> {
    const { logical, server } = this.#route
    const before = placeKey(this.#route)
    let known: KnownReferral
    try {
      known = await this.#parts.namespace.refer(logical, server, signal)
    } catch (error) {
      // Who says that it does not have it ought to know who has.
      if (error instanceof StatusError) return false
      throw error
    }
    await this.#take(known, signal)
    this.#count(before)
    return true
  }

  /** @throws UsageError (ELOOP) */
  #count(before: string): void {
    this.#visited.add(before)
    if (++this.#steps > this.#parts.maxSteps || this.#visited.has(placeKey(this.#route)))
      throw new UsageError('ELOOP', 'The namespace leads in a circle, or through too many servers.', this.#occasion)
  }

  async #take(known: KnownReferral, signal: AbortSignal | undefined, from = this.#route.logical): Promise<void> {
    const { server } = this.#route
    const parts = this.#parts
    this.#route = await takeTarget(known, from, async (target) => {
      // Of a root, the targets are servers. Behind a link there may be a namespace of another domain.
      if (known.referral.isRoot) return openShare(parts, target, signal)
      return openRoute(parts, target.path, server, signal)
    })
  }
}
