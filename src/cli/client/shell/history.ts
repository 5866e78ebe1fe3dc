/** What has been typed before, kept from one shell to the next. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

const maxLines = 1000

/** Where it is kept: among what programs remember, and not among settings. */
export function historyFile(): string {
  const own = process.platform === 'win32' ? process.env['LOCALAPPDATA'] : process.env['XDG_STATE_HOME']
  const folder = own !== undefined && own !== '' ? own : join(homedir(), '.local', 'state')
  return join(folder, 'smbkit', 'history')
}

/** The lines, the newest first, as readline wants them. What cannot be read is empty. */
export function loadHistory(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .toReversed()
      .slice(0, maxLines)
  } catch {
    return []
  }
}

/** Keeps the lines, which come with the newest first. A disk that does not take them is no reason to complain. */
export function saveHistory(file: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, `${lines.slice(0, maxLines).toReversed().join('\n')}\n`, { mode: 0o600 })
  } catch {
    // Without a place for it, each shell begins with an empty one.
  }
}
