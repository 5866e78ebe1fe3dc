import { readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where `npm test` lets a test's process write its report, which it opens when it has something to say. */
const reports = join(tmpdir(), 'smbkit-test-')

function isReport(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(reports)
  } catch {
    // The one that the folder was read by is closed again.
    return false
  }
}

/** How many file descriptors this process has open; undefined on a system that does not tell. */
export function openDescriptors(): number | undefined {
  let all: string[]
  try {
    all = readdirSync('/proc/self/fd')
  } catch {
    return undefined
  }
  return all.filter((descriptor) => !isReport(descriptor)).length
}
