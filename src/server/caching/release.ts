import type { Open } from '../open.ts'

/** An open has closed: its oplock goes with it, and its lease when it was the last of it. */
export function releaseCaching(open: Open): void {
  const holder = open.caching
  if (holder === undefined) return
  open.caching = undefined
  holder.opens.delete(open)
  if (holder.opens.size === 0) holder.end()
}
