import { LimitedMap } from './smb2-state.ts'

/** What earlier messages of a connection said that later ones of SMB1 mean. */
export class Smb1State {
  readonly pending = new LimitedMap<string, { readonly frame: number; readonly timeNs: number }>()
}
