import {
  Command,
  Dialect,
  HeaderFlags,
  ShareCapabilities,
  ShareFlags,
  type ShareType,
  TreeConnectRequest,
  TreeConnectResponse,
  TreeDisconnectRequest,
  TreeDisconnectResponse,
} from '../wire/smb2/index.ts'
import { type Call, encodeCall } from './call.ts'
import type { Channels } from './channels.ts'
import { SecurityError } from './errors.ts'
import type { LeaseTable } from './leases.ts'
import { heeding, type Live, needsValidation, type ServerLink } from './link.ts'
import type { Context } from './outgoing.ts'
import { validateNegotiate } from './validate.ts'

/** What the server tells of a share when it is connected to. MS-SMB2 2.2.10. */
export interface TreeFacts {
  readonly treeId: number
  readonly shareType: ShareType
  /** Bits of `ShareFlags`. */
  readonly flags: number
  /** Bits of `ShareCapabilities`. */
  readonly capabilities: number
  /** Bits of `AccessMask`. */
  readonly maximalAccess: number
}

/** A share that is connected to, as it is now: good until its connection ends. */
export interface On {
  readonly live: Live
  readonly connection: Channels
  readonly context: Context
  readonly facts: TreeFacts
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined
  /** What is asked may be done twice. Default false: where it is not known whether it was done, the error says so. */
  readonly repeatable?: boolean
}

/** Sessions that may be lost one after the other within one call. */
const MAX_REPEATS = 8

/** A connection to a share, made again with each session (MS-SMB2 3.2.1.4). */
export class Tree {
  readonly link: ServerLink
  readonly name: string
  /** Of a namespace: what is done by a path another server can do, too. */
  hasOthers = false
  #on: On | undefined
  #coming: Promise<On> | undefined
  #closed = false

  constructor(link: ServerLink, name: string) {
    this.link = link
    this.name = name
  }

  /** `\\server\share`. */
  get path(): string {
    return `\\\\${this.link.target.host}\\${this.name}`
  }

  get leases(): LeaseTable {
    return this.link.cache.leases
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /**
   * A lost connection is waited for no longer than `failoverMs` where others may do as well, unless it has to be this one
   * (`isThisOne`).
   * @throws as `ServerLink.live`, and StatusError where there is no such share
   */
  async ready(signal?: AbortSignal, isThisOne = false): Promise<On> {
    const patienceMs = this.hasOthers && !isThisOne ? this.link.settings.limits.failoverMs : undefined
    const live = await this.link.live(signal, patienceMs)
    if (this.#on?.live === live) return this.#on
    this.#coming ??= this.#come(live).finally(() => {
      this.#coming = undefined
    })
    return heeding(this.#coming, signal)
  }

  /** Connects, with the next session where one is lost meanwhile. */
  async #come(first: Live): Promise<On> {
    let live = first
    for (let repeat = 0; ; repeat++) {
      try {
        return await this.#connect(live)
      } catch (error) {
        if (repeat >= MAX_REPEATS || !this.link.mayRepeat(error, live, true)) throw error
      }
      live = await this.link.live()
    }
  }

  async #connect(live: Live): Promise<On> {
    const { connection } = live
    const call: Call<TreeFacts> = {
      command: Command.TREE_CONNECT,
      frame: encodeCall(TreeConnectRequest, { path: this.path }),
      occasion: { operation: 'share', path: this.name },
      read(answer) {
        const { shareType, shareFlags, capabilities, maximalAccess } = answer.body(TreeConnectResponse)
        const { treeId } = answer.header
        return { treeId, shareType: shareType as ShareType, flags: shareFlags, capabilities, maximalAccess }
      },
    }
    // A server of 3.1.1 takes it signed alone, whatever else is signed (MS-SMB2 3.3.5.7).
    const signsAlways = live.negotiated.dialect === Dialect.SMB_3_1_1
    const facts = await connection.call({ ...this.link.contextOf(live), signsAlways }, call)
    const context = this.#contextOf(live, facts)
    if (needsValidation(live) && !live.connection.isValidated) {
      await validateNegotiate(live, connection, context)
      live.connection.isValidated = true
    }
    this.#on = { live, connection, context, facts }
    return this.#on
  }

  #contextOf(live: Live, facts: TreeFacts): Context {
    const { session } = live.bound
    const mustSeal = (facts.flags & ShareFlags.ENCRYPT_DATA) !== 0
    if (mustSeal && !session.canSeal)
      throw new SecurityError(`The share ${this.name} is for sealed messages only, and there is no key to seal with.`)
    const isDfs = (facts.capabilities & ShareCapabilities.DFS) !== 0
    return {
      bound: live.bound,
      treeId: facts.treeId,
      seals: session.seals || mustSeal,
      ...(isDfs && { flags: HeaderFlags.DFS_OPERATIONS }),
      ...(live.negotiated.dialect >= Dialect.SMB_3_0 && { channelSequence: 0 }),
    }
  }

  /**
   * Does something with the share as it is now, and again where the session is lost meanwhile, if that may be.
   * @throws what `work` throws
   */
  async run<T>(work: (on: On) => Promise<T>, { signal, repeatable = false }: RunOptions = {}): Promise<T> {
    for (let repeat = 0; ; repeat++) {
      const on = await this.ready(signal)
      try {
        return await work(on)
      } catch (error) {
        if (repeat >= MAX_REPEATS || !this.link.mayRepeat(error, on.live, repeatable)) throw error
      }
    }
  }

  /** Disconnects. Never fails. */
  async close(): Promise<void> {
    this.#closed = true
    const on = this.#on
    this.#on = undefined
    if (on === undefined || on.connection.isClosed) return
    const call: Call<void> = {
      command: Command.TREE_DISCONNECT,
      frame: encodeCall(TreeDisconnectRequest, {}),
      occasion: { operation: 'close', path: this.name },
      read: (answer) => void answer.body(TreeDisconnectResponse),
    }
    await on.connection.call(on.context, call).catch(() => undefined)
  }
}

/** A name as CREATE has it on this share: in a namespace over several servers with server and share (MS-SMB2 3.2.4.3). */
export const nameOn = ({ facts }: Pick<On, 'facts'>, tree: Tree, name: string): string =>
  (facts.capabilities & ShareCapabilities.DFS) === 0 ? name : `${tree.path.slice(2)}${name === '' ? '' : `\\${name}`}`
