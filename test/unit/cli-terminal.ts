/** Types at the program as a person does: at a terminal, made by `script` of util-linux. */
import { spawn, spawnSync } from 'node:child_process'
import { mainScript, type Sandbox } from './cli-program.ts'

const timeoutMs = 30_000

/** Test options: the test is skipped where there is no such terminal. */
export function needsTerminal(): { skip: string | false } {
  const version = spawnSync('script', ['--version'], { encoding: 'utf8' })
  return { skip: version.status === 0 && version.stdout.includes('util-linux') ? false : 'needs script of util-linux' }
}

/**
 * Runs `smbkit ARGS` at a terminal. Each time that `prompt` (with the g flag) appears once more, the next of `typed`
 * is typed.
 */
export async function typeAt(
  sandbox: Sandbox,
  args: readonly string[],
  typed: readonly string[],
  prompt: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  const quoted = [process.execPath, mainScript, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], {
    cwd: sandbox.folder,
    env: { ...process.env, ...sandbox.env, SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  let answered = 0
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
    const asked = [...output.matchAll(prompt)].length
    for (; answered < Math.min(asked, typed.length); answered++) child.stdin.write(typed[answered] ?? '')
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.on('close', resolve)
  const code = await promise
  clearTimeout(timer)
  return { code, output }
}
