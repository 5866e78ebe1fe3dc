import { type Filetime, filetimeFromUnixNs } from '../bytes/filetime.ts'

/** Where a server or client has time from: the machine's, or a test's virtual one. */
export interface Clock {
  now(): Filetime
  /** Calls `action` once after `delayMs`, unless the returned function is called before. */
  after(delayMs: number, action: () => void): () => void
}

export const systemClock: Clock = {
  now: () => filetimeFromUnixNs(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
