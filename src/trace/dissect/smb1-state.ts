import { Recent } from '../recent.ts'
import type { Field } from './field.ts'
import { maxRemembered } from './smb2-state.ts'

/** A request of SMB1 that has no answer yet. */
interface PendingSmb1 {
  readonly frame: number
  readonly timeNs: number
  /** The pipe or file that it is about. */
  readonly fid: number | undefined
  fields: Field[]
}

/** What earlier messages of a connection said that later ones of SMB1 mean. */
export class Smb1State {
  /** By process and multiplex id (MS-CIFS 3.2.4.1.6). */
  readonly pending = new Recent<string, PendingSmb1>(maxRemembered)
  /** Paths of shares by tree and user. */
  readonly trees = new Recent<string, { readonly path: string; readonly frame: number }>(maxRemembered)
  /** The last share that was asked for, until its answer tells its number. */
  readonly asked = new Recent<string, { readonly path: string; readonly frame: number }>(maxRemembered)
}
