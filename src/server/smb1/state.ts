import { Smb1Capabilities } from '../../wire/smb1/index.ts'
import type { Channel } from '../channel.ts'
import { type Open, PipeOpen } from '../open.ts'
import type { Session } from '../session.ts'
import type { TreeConnect } from '../tree-connect.ts'

interface Logon {
  readonly channel: Channel
  /** The client can renew a session that has expired (CAP_DYNAMIC_REAUTH). */
  canRenew: boolean
}

/** A listing that the client goes on with (FIND_NEXT2): its directory is open meanwhile. */
export interface Search {
  readonly open: Open
  readonly pattern: string
  readonly searchAttributes: number
  /** The last answer's names, by which a client may say where it goes on, and their places in the listing. */
  readonly told: Map<string, number>
  /** Where the last answer ended; undefined before the first. */
  after: number | undefined
}

/** Listings that one client may be in the midst of. */
const MAX_SEARCHES = 256
/** As long as nobody has said otherwise. */
const MAX_MESSAGE_BYTES = 0xffff

/** Zero stands for none, and all ones for any (MS-CIFS 2.2.1.6). */
const LAST_ID = 0xfffe

/** Numbers of files that have ended are looked for when there are this many, and again when there are twice as many. */
const FIRST_SWEEP = 64

/** Sessions, trees, open files and searches of one connection, by the 16-bit numbers that SMB1 knows them by. */
export class Smb1State {
  /** Of a logon without extended security; undefined with it. */
  readonly challenge: Uint8Array | undefined
  readonly #logons = new Map<number, Logon>()
  readonly #trees = new Map<number, TreeConnect>()
  readonly #opens = new Map<number, Open | PipeOpen>()
  readonly #fids = new WeakMap<Open | PipeOpen, number>()
  readonly #searches = new Map<number, Search>()
  /** Largest message that the client takes, and whether it knows oplocks of level II: as its last logon said. */
  clientMaxBytes = MAX_MESSAGE_BYTES
  clientHasLevelII = false
  #lastUid: number
  #lastTid = 0
  #lastFid = 0
  #lastSid = 0
  #nextSweep = FIRST_SWEEP

  /** `firstUid`: any number, so that those of another connection mean nothing here. */
  constructor(challenge: Uint8Array | undefined, firstUid: number) {
    this.challenge = challenge
    this.#lastUid = firstUid % LAST_ID
  }

  /** Logons, whether finished or not. */
  get size(): number {
    this.#forgetEnded()
    return this.#logons.size
  }

  add(channel: Channel): number {
    this.#lastUid = next(this.#lastUid, this.#logons)
    this.#logons.set(this.#lastUid, { channel, canRenew: false })
    return this.#lastUid
  }

  /** A logon under way, or a session. */
  channel(uid: number): Channel | undefined {
    const channel = this.#logons.get(uid)?.channel
    return channel !== undefined && isAlive(channel) ? channel : undefined
  }

  session(uid: number): Session | undefined {
    const channel = this.channel(uid)
    return channel?.isEstablished === true ? channel.session : undefined
  }

  canRenew(uid: number): boolean {
    return this.#logons.get(uid)?.canRenew === true
  }

  setCanRenew(uid: number, canRenew: boolean): void {
    const logon = this.#logons.get(uid)
    if (logon !== undefined) logon.canRenew = canRenew
  }

  /** What a logon says of the client. */
  clientSays({ maxBufferSize, capabilities }: { maxBufferSize: number; capabilities: number }): void {
    this.clientMaxBytes = maxBufferSize
    this.clientHasLevelII = (capabilities & Smb1Capabilities.LEVEL_II_OPLOCKS) !== 0
  }

  newTid(): number {
    for (const [tid, tree] of this.#trees) if (tree.session.trees.get(tree.id) !== tree) this.#trees.delete(tid)
    this.#lastTid = next(this.#lastTid, this.#trees)
    return this.#lastTid
  }

  addTree(tid: number, tree: TreeConnect): void {
    this.#trees.set(tid, tree)
  }

  tree(tid: number, session: Session): TreeConnect | undefined {
    const tree = this.#trees.get(tid)
    return tree?.session === session && session.trees.get(tree.id) === tree ? tree : undefined
  }

  /** The numbers by which the client knows a session and a tree of it. */
  placeOf(session: Session, tree: TreeConnect | undefined): { uid: number; tid: number } | undefined {
    for (const [uid, { channel }] of this.#logons)
      if (channel.session === session) for (const [tid, other] of this.#trees) if (other === tree) return { uid, tid }
    return undefined
  }

  /** The number of a file that has been opened; undefined where all numbers are taken. */
  addOpen(open: Open | PipeOpen): number | undefined {
    if (this.#opens.size >= this.#nextSweep) {
      for (const [fid, other] of this.#opens) if (!isOpen(other)) this.#opens.delete(fid)
      this.#nextSweep = Math.max(FIRST_SWEEP, 2 * this.#opens.size)
    }
    if (this.#opens.size >= LAST_ID) return undefined
    this.#lastFid = next(this.#lastFid, this.#opens)
    this.#opens.set(this.#lastFid, open)
    this.#fids.set(open, this.#lastFid)
    return this.#lastFid
  }

  open(fid: number): Open | PipeOpen | undefined {
    const open = this.#opens.get(fid)
    return open !== undefined && isOpen(open) ? open : undefined
  }

  fidOf(open: Open | PipeOpen): number | undefined {
    return this.#fids.get(open)
  }

  closed(fid: number): void {
    this.#opens.delete(fid)
  }

  /** The number of a search that goes on; undefined where there are too many. */
  addSearch(search: Search): number | undefined {
    for (const [sid, { open }] of this.#searches) if (!isOpen(open)) this.#searches.delete(sid)
    if (this.#searches.size >= MAX_SEARCHES) return undefined
    this.#lastSid = next(this.#lastSid, this.#searches)
    this.#searches.set(this.#lastSid, search)
    return this.#lastSid
  }

  search(sid: number): Search | undefined {
    const search = this.#searches.get(sid)
    return search !== undefined && isOpen(search.open) ? search : undefined
  }

  endSearch(sid: number): void {
    this.#searches.delete(sid)
  }

  #forgetEnded(): void {
    for (const [uid, { channel }] of this.#logons) if (!isAlive(channel)) this.#logons.delete(uid)
  }
}

const isOpen = (open: Open | PipeOpen): boolean => {
  const session = open instanceof PipeOpen ? open.session : open.maybeSession
  return session?.opens.get(open.volatileId) === open
}

const isAlive = ({ session }: Channel): boolean => session.server.sessions.get(session.id) === session

/** The next number that is not taken. */
function next(last: number, taken: ReadonlyMap<number, unknown>): number {
  let id = last
  do id = id >= LAST_ID ? 1 : id + 1
  while (taken.has(id))
  return id
}
