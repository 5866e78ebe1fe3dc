/** smbkit as it is published: built, and not from its sources. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The command. */
export const publishedProgram = join(root, 'dist/cli/main.js')

export function build(): void {
  const built = spawnSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'inherit' })
  if (built.status !== 0) throw new Error('smbkit could not be built')
}
