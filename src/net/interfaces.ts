import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'

/** An address of this machine, and the network interface that has it. */
export interface LocalAddress {
  readonly address: string
  readonly isLoopback: boolean
  readonly interfaceIndex: number
  /** Bits a second; undefined where the system does not say. */
  readonly linkSpeed: number | undefined
  /** Several processors serve what it receives (receive-side scaling). */
  readonly scales: boolean
}

/** All addresses of this machine. What the system tells beyond them is known on Linux alone. */
export function localAddresses(): LocalAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []], position) => {
    const folder = join('/sys/class/net', name)
    const megabits = numberIn(join(folder, 'speed')) ?? 0
    const about = {
      interfaceIndex: numberIn(join(folder, 'ifindex')) ?? position + 1,
      linkSpeed: megabits > 0 ? megabits * 1_000_000 : undefined,
      scales: receiveQueues(join(folder, 'queues')) > 1,
    }
    return addresses.map(({ address, internal }) => ({ ...about, address, isLoopback: internal }))
  })
}

/** A file of the system with a number in it; undefined where there is none. */
function numberIn(file: string): number | undefined {
  try {
    const value = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isNaN(value) ? undefined : value
  } catch {
    return undefined
  }
}

function receiveQueues(folder: string): number {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('rx-')).length
  } catch {
    return 0
  }
}
