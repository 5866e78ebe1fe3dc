import { type Filetime, filetimeFromUnixNs, unixNsFromFiletime } from '../../bytes/filetime.ts'
import type { Backend, Snapshots } from '../../server/backend.ts'

const SECOND_NS = 1_000_000_000n

/** Copies of what a memory backend had, by their time. */
export class MemorySnapshots implements Snapshots {
  readonly #taken = new Map<Filetime, Backend>()

  /** Keeps one under its time, cut to seconds; it stands for an earlier one of the same second. Returns that time. */
  add(time: Filetime, backend: Backend): Filetime {
    const whole = wholeSeconds(time)
    this.#taken.set(whole, backend)
    return whole
  }

  times(): Filetime[] {
    return [...this.#taken.keys()].toSorted((a, b) => (a < b ? 1 : -1))
  }

  open(time: Filetime): Backend | undefined {
    return this.#taken.get(wholeSeconds(time))
  }
}

function wholeSeconds(time: Filetime): Filetime {
  return filetimeFromUnixNs((unixNsFromFiletime(time) / SECOND_NS) * SECOND_NS)
}
