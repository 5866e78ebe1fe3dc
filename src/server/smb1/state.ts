import type { Channel } from '../channel.ts'
import type { Session } from '../session.ts'
import type { TreeConnect } from '../tree-connect.ts'

interface Logon {
  readonly channel: Channel
  /** The client can renew a session that has expired (CAP_DYNAMIC_REAUTH). */
  canRenew: boolean
}

/** Zero stands for none, and all ones for any (MS-CIFS 2.2.1.6). */
const LAST_ID = 0xfffe

/** Sessions and trees of one connection, by the 16-bit numbers that SMB1 knows them by. */
export class Smb1State {
  /** Of a logon without extended security; undefined with it. */
  readonly challenge: Uint8Array | undefined
  readonly #logons = new Map<number, Logon>()
  readonly #trees = new Map<number, TreeConnect>()
  #lastUid: number
  #lastTid = 0

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

  #forgetEnded(): void {
    for (const [uid, { channel }] of this.#logons) if (!isAlive(channel)) this.#logons.delete(uid)
  }
}

const isAlive = ({ session }: Channel): boolean => session.server.sessions.get(session.id) === session

/** The next number that is not taken. */
function next(last: number, taken: ReadonlyMap<number, unknown>): number {
  let id = last
  do id = id >= LAST_ID ? 1 : id + 1
  while (taken.has(id))
  return id
}
