import type { Information } from '../../wire/smb2/information-bodies.ts'
import { Recent } from '../recent.ts'
import type { Field } from './field.ts'

/** Something that a message said, and in which frame. */
export interface Said<T> {
  readonly value: T
  readonly frame: number
}

/** A request that has no answer yet. */
export interface PendingRequest {
  readonly frame: number
  readonly timeNs: number
  readonly command: number
  readonly asked: Information | undefined
  /** What CREATE and TREE_CONNECT name. */
  readonly name: string | undefined
  readonly user: LogonNames | undefined
  /** The handle that it is about, for what comes back from it. */
  readonly fileId: string | undefined
  /** Where the frame of the answer is noted when it is known. */
  fields: Field[]
}

export interface LogonNames {
  readonly account: string
  readonly domain: string
  readonly host: string
}

/** Most entries of each table of a connection; the oldest are forgotten. A peer can make each of them grow. */
export const maxRemembered = 65_536

/** What earlier messages of a connection said that later ones mean. */
export class Smb2State {
  readonly pending = new Recent<bigint, PendingRequest>(maxRemembered)
  /** By session and tree: `id tree`. */
  readonly trees = new Recent<string, Said<{ readonly path: string; readonly shareType: number }>>(maxRemembered)
  readonly files = new Recent<string, Said<string>>(maxRemembered)
  readonly users = new Recent<bigint, Said<LogonNames>>(maxRemembered)
}
