import type { Holder, Taking } from './holder.ts'
import { READ_CACHING } from './rights.ts'

/** Who may cache a stream, if anybody: MS-FSA's Oplock (2.1.1.10). */
export class StreamCaching {
  /** Those that have something left. */
  readonly holders = new Set<Holder>()

  /** `own` does this, or somebody who caches nothing: what the others have to give up for it first. */
  take(taking: Taking, own: Holder | undefined, which?: (holder: Holder) => boolean): Promise<void>[] {
    const delays: Promise<void>[] = []
    for (const holder of [...this.holders]) {
      if (which?.(holder) === false || (holder === own && !losesToItself(holder, taking))) continue
      const delay = holder.take(taking)
      if (delay !== undefined) delays.push(delay)
    }
    return delays
  }
}

/** Nobody writes through a level II oplock, not even who has it (MS-FSA 2.1.4.12). */
const losesToItself = (holder: Holder, taking: Taking): boolean =>
  taking === 'data' && holder.kind === 'oplock' && holder.rights === READ_CACHING
