import type { Clock } from '../../protocol/clock.ts'
import type { SharedStream } from '../file-table.ts'
import type { Open } from '../open.ts'
import { HANDLE_CACHING, NONE, READ_CACHING, type Rights } from './rights.ts'
import { StreamCaching } from './stream-caching.ts'

/**
 * What somebody is about to do that others may not go on caching through (MS-FSA 2.1.4.12):
 * `look`: opens it to read its security descriptor; `open`: opens it; `data`: changes data or size, or locks a range;
 * `handles`: needs those handles closed that only a cache keeps open; `name`: changes or takes away a name.
 */
export type Taking = 'look' | 'open' | 'data' | 'handles' | 'name'

/** A break that the client has been told of and has not acknowledged. */
interface Break {
  /** What it was told to go down to. */
  to: Rights
  /** What it has to go down to by now: more may have been asked for since. */
  required: Rights
  cancelTimer: () => void
  readonly done: Promise<void>
  readonly finish: () => void
}

/** Who may cache a stream: an oplock, which is one open's, or a lease, which several opens of one client share. */
export abstract class Holder {
  abstract readonly kind: 'oplock' | 'lease'
  readonly stream: SharedStream
  readonly opens = new Set<Open>()
  #rights: Rights = NONE
  #breaking: Break | undefined
  readonly #clock: Clock
  readonly #timeoutMs: number

  /** `timeoutMs`: a client that does not acknowledge for this long has nothing any more (MS-SMB2 3.3.6.1, 3.3.6.5). */
  constructor(stream: SharedStream, clock: Clock, timeoutMs: number) {
    this.stream = stream
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** Sends the break. False if there is no connection left to send it on. `isDue`: the client has not answered yet. */
  protected abstract send(
    from: Rights,
    to: Rights,
    how: { mustAcknowledge: boolean; isFurther: boolean; isDue: () => boolean },
  ): boolean

  /** It has other rights from now on. */
  protected changed(_rights: Rights): void {}

  /** What is left of `rights` after somebody else has done this. */
  protected abstract left(rights: Rights, taking: Taking): Rights

  /** True if that has to wait until the client has given up what it has. */
  protected abstract delays(taking: Taking): boolean

  /** What it may cache. As long as a break is not acknowledged: what it breaks from. */
  get rights(): Rights {
    return this.#rights
  }

  /** It is granted this, or has this left. */
  set rights(rights: Rights) {
    this.#rights = rights
    const { stream } = this
    this.changed(rights)
    if (rights !== NONE) (stream.caching ??= new StreamCaching()).holders.add(this)
    else if (stream.caching?.holders.delete(this) === true && stream.caching.holders.size === 0)
      stream.caching = undefined
    this.stateChanged()
  }

  /** Its opens have other rights now, or another state that the client counts. */
  protected stateChanged(): void {
    for (const open of this.opens) open.stateChanged()
  }

  /** What the client has been told to go down to. */
  get breakingTo(): Rights | undefined {
    return this.#breaking?.to
  }

  get isBreaking(): boolean {
    return this.#breaking !== undefined
  }

  /** Somebody else does this. A promise if it has to be waited with until the client has given up what it has. */
  take(taking: Taking): Promise<void> | undefined {
    const left = this.left(this.rights, taking)
    if (left === this.rights) return undefined
    const delays = this.delays(taking)
    if (this.#breaking !== undefined) this.#breaking.required &= left
    const breaking = this.#breaking ?? this.#begin(left)
    return delays ? breaking.done : undefined
  }

  /** The client has gone down to `asked`, which is not more than it was told to. What it has then. */
  acknowledge(asked: Rights): Rights {
    // Who may not even read ahead has nothing to keep handles or writes for.
    const rights = (asked & READ_CACHING) === 0 ? NONE : asked
    const breaking = this.#breaking
    breaking?.cancelTimer()
    this.rights = rights
    if ((rights & HANDLE_CACHING) === 0) this.#endWaiting()
    if (breaking !== undefined) this.#goOn(breaking)
    return rights
  }

  /** What is kept open for a client that is away is kept by its caching of handles (MS-SMB2 3.3.5.9.6). */
  #endWaiting(): void {
    for (const open of [...this.opens])
      if (open.durability?.disconnectedAt !== undefined) void open.server.durableOpens.giveWay(open)
  }

  #goOn(breaking: Break): void {
    const left = this.rights & breaking.required
    if (left === this.rights) this.#end()
    // What was asked for meanwhile comes in steps: reading is given up last, when nothing depends on it any more.
    else this.#tell(breaking, this.rights === READ_CACHING ? left : left | READ_CACHING, true)
  }

  /** Its last open has closed. */
  end(): void {
    this.drop()
  }

  /** It has nothing any more. */
  drop(): void {
    this.rights = NONE
    this.#endWaiting()
    this.#breaking?.cancelTimer()
    this.#end()
  }

  #begin(to: Rights): Break {
    const { promise, resolve } = Promise.withResolvers<void>()
    const breaking: Break = { to, required: to, cancelTimer: () => {}, done: promise, finish: resolve }
    this.#breaking = breaking
    this.#tell(breaking, to, false)
    return breaking
  }

  #tell(breaking: Break, to: Rights, isFurther: boolean): void {
    const from = this.rights
    // MS-SMB2 3.3.4.7: who only reads ahead stops at once, and need not say so.
    const mustAcknowledge = from !== READ_CACHING
    breaking.to = to
    if (!mustAcknowledge) this.rights = to
    const isDue = (): boolean =>
      mustAcknowledge ? this.#breaking === breaking && breaking.to === to : this.rights === to
    if (!this.send(from, to, { mustAcknowledge, isFurther, isDue })) {
      // MS-SMB2 3.3.4.6, 3.3.4.7: what was kept open for a client that is away has to make way.
      const closing = [...this.opens].flatMap((open) => open.server.durableOpens.giveWay(open) ?? [])
      // Who wants the file finds it as it is then.
      if (closing.length > 0) void Promise.all(closing).then(() => this.drop())
      else this.drop()
    } else if (!mustAcknowledge) this.#end()
    else breaking.cancelTimer = this.#clock.after(this.#timeoutMs, () => this.drop())
  }

  #end(): void {
    const breaking = this.#breaking
    this.#breaking = undefined
    breaking?.finish()
  }
}
