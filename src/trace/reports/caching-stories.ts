import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Caching, Fact, FrameSpot, Observer, Open, Transaction } from '../model.ts'
import { cachingName, levelName } from './caching-names.ts'

/** Most stories that are kept; those without a break make room for others. */
const maxCachingStories = 2000
/** Most steps of a story. */
const maxSteps = 64
/** Most breaks that somebody may be waiting for. */
const maxOpenBreaks = 64
/** What waited for a break is answered this soon after the break was. */
const answeredSoonNs = 1e9

/** A step in the life of an oplock or a lease. */
export interface CachingStep {
  /**
   * `granted`, `raised` to more, `broken` by the server, `acknowledged`, acknowledged `late` (after the server had taken
   * it), `timed out`, `closed`: given back with the last open.
   */
  readonly what: 'granted' | 'raised' | 'broken' | 'acknowledged' | 'late' | 'timed out' | 'closed'
  /** What is left of it: `lease RWH`, `batch oplock`, `nothing`. */
  readonly state: string
  readonly at: FrameSpot
  /** Since the break, nanoseconds. */
  readonly afterNs?: number
}

/** The life of an oplock or a lease: how it was granted, broken, acknowledged late or not at all. */
export interface CachingStory {
  readonly kind: 'oplock' | 'lease'
  /** A lease's key, a GUID. */
  readonly key: string | undefined
  readonly path: Fact<string> | undefined
  /** The CREATE that it was granted to: whose it is. */
  readonly holder: Transaction
  readonly steps: readonly CachingStep[]
  /** Who had to wait for a break. */
  readonly waiting: readonly Transaction[]
}

interface Life extends CachingStory {
  readonly steps: CachingStep[]
  readonly waiting: Transaction[]
  /** The state that it has. */
  left: number
  /** A break without an answer. */
  broken: Transaction | undefined
  /** When the server went on without one. */
  wentOn: FrameSpot | undefined
}

/** A break that the client has to answer. */
interface Break {
  readonly life: Life
  readonly at: FrameSpot
  answeredNs: number | undefined
}

/** What clients may keep of files, and what became of it. */
export class CachingStories implements Observer {
  granted = 0
  broken = 0
  /** Broken ones whose client answered in time, too late, and not at all. */
  acknowledged = 0
  late = 0
  timedOut = 0
  /** Requests that come of the client's cache, and files that were read from it without a request. */
  readonly uses = { 'read-ahead': 0, 'write-behind': 0, 'cached-reads': 0 }
  readonly usedBytes = { 'read-ahead': 0, 'write-behind': 0 }
  readonly #stories = new Set<Life>()
  readonly #lives = new WeakMap<Caching, Life>()
  #breaks: Break[] = []

  /** Those that were broken first, then the others; each in the order in which they were granted. */
  get stories(): readonly CachingStory[] {
    const all = [...this.#stories]
    return [...all.filter(wasBroken), ...all.filter((life) => !wasBroken(life))]
  }

  transaction(transaction: Transaction): void {
    const { detail, cacheUse, open, dataBytes, status } = transaction
    if (cacheUse !== undefined) {
      this.uses[cacheUse]++
      if (cacheUse !== 'cached-reads') this.usedBytes[cacheUse] += dataBytes
    }
    if (detail.kind === 'break') this.#break(transaction)
    else if (detail.kind === 'create' && status === NtStatus.SUCCESS && open?.caching !== undefined)
      this.#grant(transaction, open, open.caching)
    else if (open?.caching !== undefined && open.closedBy === transaction) this.#close(transaction, open.caching)
    if (this.#breaks.length > 0 && detail.kind !== 'break') this.#wait(transaction)
  }

  #grant(transaction: Transaction, open: Open, caching: Caching): void {
    const at = transaction.response?.last
    if (at === undefined) return
    const state = cachingName(caching.kind, grantedState(transaction, caching))
    const known = this.#lives.get(caching)
    if (known !== undefined) {
      // More is what the last step did not have.
      const isMore = (grantedState(transaction, caching) & ~known.left) !== 0
      if (isMore && known.broken === undefined) addStep(known, { what: 'raised', state, at })
      known.left = grantedState(transaction, caching)
      return
    }
    this.granted++
    const { kind, key } = caching
    const steps: CachingStep[] = [{ what: 'granted', state, at }]
    const life: Life = {
      ...{ kind, key, path: open.path, holder: transaction, steps, waiting: [] },
      ...{ left: caching.state, broken: undefined, wentOn: undefined },
    }
    this.#lives.set(caching, life)
    this.#keep(life)
  }

  #keep(life: Life): void {
    this.#stories.add(life)
    if (this.#stories.size <= maxCachingStories) return
    // Whatever was never broken is no story.
    for (const one of this.#stories)
      if (!wasBroken(one)) {
        this.#stories.delete(one)
        return
      }
    this.#stories.delete(life)
  }

  #break(transaction: Transaction): void {
    const { detail, request, response, caching } = transaction
    if (detail.kind !== 'break' || caching === undefined) return
    const life = this.#lives.get(caching)
    if (life === undefined) return
    const state = levelName(transaction.protocol, detail)
    if (request !== undefined) return this.#answered(life, transaction, caching, state)
    this.broken++
    const at = response?.last
    if (at === undefined) return
    addStep(life, { what: 'broken', state, at })
    life.left = caching.state
    if (!detail.needsAnswer) return
    life.broken = transaction
    life.wentOn = undefined
    this.#breaks.push({ life, at, answeredNs: undefined })
    if (this.#breaks.length > maxOpenBreaks) this.#breaks.shift()
  }

  #answered(life: Life, { request, status }: Transaction, caching: Caching, state: string): void {
    if (request === undefined) return
    const isLate = this.#settle(life, request.last)
    const what = isLate || (status ?? NtStatus.SUCCESS) !== NtStatus.SUCCESS ? 'late' : 'acknowledged'
    if (what === 'late') this.late++
    else this.acknowledged++
    addStep(life, { what, state, at: request.last, ...sinceBreak(life, request.last) })
    life.left = caching.state
    life.broken = undefined
  }

  /** A break is over. True if the server had gone on without an answer. */
  #settle(life: Life, at: FrameSpot | undefined): boolean {
    const { wentOn, broken } = life
    for (const one of this.#breaks) if (one.life === life) one.answeredNs ??= at?.timeNs ?? 0
    if (broken === undefined || wentOn === undefined || (at !== undefined && at.timeNs < wentOn.timeNs)) return false
    this.timedOut++
    addStep(life, { what: 'timed out', state: 'nothing', at: wentOn, ...sinceBreak(life, wentOn) })
    return true
  }

  /** Requests that the server let wait for a break end after it, and began before. */
  #wait(transaction: Transaction): void {
    const { request, response, path, tree, open } = transaction
    if (request === undefined || response === undefined || path === undefined) return
    const nowNs = response.last.timeNs
    this.#breaks = this.#breaks.filter(
      ({ answeredNs }) => answeredNs === undefined || nowNs - answeredNs < answeredSoonNs,
    )
    for (const { life, at, answeredNs } of this.#breaks) {
      const { holder } = life
      if (request.last.timeNs > at.timeNs || nowNs < at.timeNs) continue
      if (holder.conversation.server.address !== transaction.conversation.server.address) continue
      if (!isSamePath(life.path?.value, path.value) || shareName(holder.tree) !== shareName(tree)) continue
      if (holder.open === open || life.waiting.length >= maxSteps) continue
      life.waiting.push(transaction)
      if (answeredNs === undefined) life.wentOn ??= response.last
    }
  }

  #close(transaction: Transaction, caching: Caching): void {
    const life = this.#lives.get(caching)
    const at = transaction.request?.last
    if (life === undefined || at === undefined) return
    // A lease outlives an open where others share it.
    if (caching.opens > 0 && caching.kind === 'lease') return
    const wasAsked = life.broken !== undefined
    if (wasAsked && !this.#settle(life, at)) this.acknowledged++
    addStep(life, { what: 'closed', state: 'nothing', at, ...(wasAsked ? sinceBreak(life, at) : {}) })
    life.broken = undefined
  }

  end(): void {
    // One that was broken again soon is there twice.
    for (const life of new Set(this.#breaks.map((one) => one.life))) this.#settle(life, undefined)
  }
}

const wasBroken = ({ steps }: CachingStory): boolean => steps.some(({ what }) => what === 'broken')

const addStep = ({ steps }: Life, step: CachingStep): void => {
  if (steps.length < maxSteps) steps.push(step)
}

function sinceBreak({ broken }: Life, at: FrameSpot): { afterNs?: number } {
  const from = broken?.response?.last.timeNs
  return from === undefined ? {} : { afterNs: Math.max(0, at.timeNs - from) }
}

/** What the answer said: the state may have changed since. */
function grantedState({ detail }: Transaction, { kind, state }: Caching): number {
  return kind === 'lease' && detail.kind === 'create' ? (detail.grantedLease ?? state) : state
}

const isSamePath = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase()

const shareName = (tree: Transaction['tree']): string => {
  const path = tree?.path?.value ?? ''
  return path.slice(path.lastIndexOf('\\') + 1).toLowerCase()
}
