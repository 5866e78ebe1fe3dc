/** Which of smbtorture's tests smbkit is held to, and what smbd makes of them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const suites: readonly string[] = [
  'connect',
  'rw',
  'read',
  'dir',
  'getinfo',
  'setinfo',
  'create',
  'compound',
  'compound_find',
  'credits',
  'lock',
  'sharemode',
  'deny',
  'rename',
  'session',
  'oplock',
  'tcon',
  'mkdir',
  'openattr',
  'maximum_allowed',
  'delete-on-close-perms',
  'notify',
  'timestamps',
  'charset',
  'fileid',
  'secleak',
  'scan',
  'twrp',
  'acls',
  'streams',
  'create_no_streams',
  'ioctl',
  'ioctl-on-stream',
  'set-sparse-ioctl',
  'zero-data-ioctl',
  'ea',
  'sdread',
  'winattr',
  'mangle',
  'async_dosmode',
  'compound_async',
  'check-sharemode',
  'maxfid',
  'durable-open',
  'durable-open-disconnect',
  'durable-v2-open',
  'durable-v2-delay',
  'replay',
].map((name) => `smb2.${name}`)

export const baselineFile = join(import.meta.dirname, 'smbd-4.17.json')
export const knownFailuresFile = join(import.meta.dirname, 'known-failures.md')

interface Verdict {
  readonly verdict: 'pass' | 'fail' | 'skip' | 'timeout'
  readonly seconds: number
}

/** A test that takes smbd longer than this is not for every run. */
const fastSeconds = 5

/** The tests of the suites that smbd passes, quickly. */
export function fastTests(): string[] {
  const baseline: Record<string, Verdict> = JSON.parse(readFileSync(baselineFile, 'utf8'))
  const inSuites = (test: string) => suites.some((suite) => test === suite || test.startsWith(`${suite}.`))
  return Object.entries(baseline)
    .filter(([test, result]) => inSuites(test) && result.verdict === 'pass' && result.seconds <= fastSeconds)
    .map(([test]) => test)
}
