import { type Filetime, filetimeFromUnixNs } from '../bytes/filetime.ts'

/** Where a server or client has time from: the machine's, or a test's virtual one. */
export interface Clock {
  now(): Filetime
  /**
   * Calls `action` once after `delayMs`, unless the returned function is called before. The process waits for it only
   * where `keepsAlive` says so.
   */
  after(delayMs: number, action: () => void, keepsAlive?: boolean): () => void
}

export const systemClock: Clock = {
  now: () => filetimeFromUnixNs(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n),
  after(delayMs, action, keepsAlive = false) {
    const timer = setTimeout(action, delayMs)
    if (!keepsAlive) timer.unref()
    return () => clearTimeout(timer)
  },
}
