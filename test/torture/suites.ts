/** Which of smbtorture's tests smbkit is held to, and what smbd and smbkit have made of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What smbd 4.17 makes of each of the `smb2.*` tests. */
export const baselineFile = join(import.meta.dirname, 'smbd-4.17.json')
/** What smbkit made of them in its last full run: `npm run torture -- --out`. */
export const ownFile = join(import.meta.dirname, 'smbkit.json')
/** What smbkit made of the `rpc.*` tests of services that it has, in the last run of these. */
export const rpcOwnFile = join(import.meta.dirname, 'rpc-smbkit.json')
export const knownFailuresFile = join(import.meta.dirname, 'known-failures.md')

/** Tests that no server passes by itself. */
const endless = new Map([
  ['smb2.hold-oplock', 'waits for a person'],
  ['smb2.hold-sharemode', 'waits for a person'],
  ['smb2.aio_delay', 'wants a module of smbd that delays'],
])

interface Verdict {
  readonly verdict: 'pass' | 'fail' | 'skip' | 'timeout'
  readonly seconds: number
}

const readVerdicts = (file: string): [string, Verdict][] => Object.entries(JSON.parse(readFileSync(file, 'utf8')))

/** All that smbkit is held to. */
export function allTests(): string[] {
  const isEndless = (test: string) => [...endless.keys()].some((suite) => test.startsWith(suite))
  return readVerdicts(baselineFile)
    .map(([test]) => test)
    .filter((test) => !isEndless(test))
}

/** A test that takes longer than this is not for every run. */
const fastSeconds = 4

/** The `rpc.*` tests that smbkit passes; each takes less than a second. */
export function rpcTests(): string[] {
  return readVerdicts(rpcOwnFile)
    .filter(([, { verdict }]) => verdict === 'pass')
    .map(([test]) => test)
}

/** The tests that smbkit passes, quickly. */
export function fastTests(): string[] {
  return readVerdicts(ownFile)
    .filter(([, { verdict, seconds }]) => verdict === 'pass' && seconds <= fastSeconds)
    .map(([test]) => test)
}
