/** What processes have used, as /proc tells it (Linux). */
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of /proc/PID/stat a second: 100 on all Linux machines that Node runs on. */
const ticksPerSecond = 100

interface Stat {
  readonly parent: number
  /** User and system, of all threads and of children that have been waited for. */
  readonly ticks: number
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in brackets, may have spaces: the fields are counted from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const sum = [11, 12, 13, 14].reduce((total, index) => total + Number(fields[index]), 0)
    return { parent: Number(fields[1]), ticks: sum }
  } catch {
    return undefined
  }
}

/** The process and all that descend from it. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined
    if (stat === undefined) continue
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** CPU seconds of a process and its descendants, the ended ones included. */
export function cpuSeconds(root: number): number {
  return processTree(root).reduce((total, pid) => total + (statOf(pid)?.ticks ?? 0), 0) / ticksPerSecond
}

/** Bytes in memory of a process and its descendants; what several share is counted once (proportional set size). */
export function residentBytes(root: number): number {
  let kilobytes = 0
  for (const pid of processTree(root)) {
    try {
      kilobytes += Number(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1').match(/^Pss: +(\d+) kB/m)?.[1] ?? 0)
    } catch {
      // It ended meanwhile.
    }
  }
  return kilobytes * 1024
}
