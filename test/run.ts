/**
 * `npm test`: type check, lint, then every `test/**\/*.test.ts`, each file in a process of its own. Arguments are parts
 * of paths: `npm test -- unit/config interop/rclone` runs what matches, without the checks; `npm test -- check` runs
 * the checks alone. The last line is `N passed, N failed` (and `, N skipped`); the exit code says the same.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestLine } from './run-reporter.ts'

const root = join(import.meta.dirname, '..')
const processesAtATime = Math.min(Math.max(availableParallelism(), 2), 4)
/** What takes longer is ended: something in it waits for what does not come. */
const timeoutMs = 8 * 60_000
const maxShownOutput = 20_000

const checks = [
  { name: 'type check', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'] },
  { name: 'lint', args: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', args: ['node_modules/@biomejs/biome/bin/biome', 'check'] },
]
/** Quick ones first: what is broken shows early. Folders that are not named come last. */
const folderOrder = ['.', 'unit', 'vectors', 'simulation', 'fuzz', 'torture', 'interop']

const counts = { passed: 0, failed: 0, skipped: 0 }
const skips: string[] = []
const failures: string[] = []

const print = (text: string): void => void process.stdout.write(`${text}\n`)
const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`
const shorten = (text: string): string =>
  text.length > maxShownOutput
    ? `${text.slice(0, maxShownOutput)}\n(and ${text.length - maxShownOutput} more)`
    : text.trimEnd()

function usePinnedNode(): void {
  const manifest: { version: string } = JSON.parse(readFileSync(join(root, 'node_modules/node/package.json'), 'utf8'))
  if (process.versions.node !== manifest.version) {
    print(`These tests run on Node ${manifest.version}, this is ${process.versions.node}: use \`npm test\`.`)
    process.exit(1)
  }
  // What is printed is collected, and read in files too: no colours.
  process.env['NO_COLOR'] = '1'
  delete process.env['FORCE_COLOR']
  // What tests start by name (node, tsgolint) comes from here too, also when this file was not started by npm.
  process.env['PATH'] = `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`
}

interface Ended {
  /** undefined: all well. */
  readonly problem: string | undefined
  readonly output: string
  readonly durationMs: number
}

/** Runs Node with `args` to its end, or to the end of its time; what it has started ends with it. */
function runNode(args: readonly string[]): Promise<Ended> {
  const startedAt = performance.now()
  const output: string[] = []
  let length = 0
  const collect = (chunk: Buffer) => {
    if (length <= maxShownOutput) output.push(chunk.toString('utf8'))
    length += chunk.length
  }
  // A process group of its own: whatever is left of it at the end was forgotten.
  const child = spawn(process.execPath, args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const { promise, resolve } = Promise.withResolvers<Ended>()
  let problem: string | undefined
  const timer = setTimeout(() => {
    problem = `did not end within ${seconds(timeoutMs)}`
    signalGroup(child.pid, 'SIGKILL')
  }, timeoutMs)
  child.on('error', (error) => {
    problem = `cannot be started: ${error.message}`
  })
  child.on('exit', (code, signal) => {
    clearTimeout(timer)
    if (signalGroup(child.pid, 'SIGKILL')) problem ??= 'left a process behind'
    if (code !== 0) problem ??= signal === null ? `ended with exit code ${code}` : `ended by ${signal}`
  })
  child.on('close', () =>
    resolve({ problem, output: shorten(output.join('')), durationMs: performance.now() - startedAt }),
  )
  return promise
}

/** False where there is no such group (any more). */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): boolean {
  if (pid === undefined || process.platform === 'win32') return false
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}

async function runCheck({ name, args }: (typeof checks)[number]): Promise<void> {
  const { problem, output, durationMs } = await runNode(args)
  if (problem === undefined) counts.passed++
  else {
    counts.failed++
    failures.push(`${name}\n${output}`)
  }
  print(`${problem === undefined ? 'ok    ' : 'FAILED'} ${name}  ${seconds(durationMs)}`)
}

function testFiles(parts: readonly string[]): string[] {
  const rank = (file: string): number => {
    const [, folder] = /^test\/(?:(\w+)\/)?/.exec(file) ?? []
    const index = folderOrder.indexOf(folder ?? '.')
    return index < 0 ? folderOrder.length : index
  }
  return globSync('test/**/*.test.ts', { cwd: root })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
}

async function runFile(file: string, folder: string): Promise<void> {
  const linesFile = join(folder, `${file.replaceAll('/', '-')}.jsonl`)
  const { problem, output, durationMs } = await runNode([
    '--test-reporter=./test/run-reporter.ts',
    `--test-reporter-destination=${linesFile}`,
    file,
  ])
  const text = existsSync(linesFile) ? readFileSync(linesFile, 'utf8') : ''
  const lines = text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line): TestLine => JSON.parse(line))
  const here = { passed: 0, failed: 0, skipped: 0, note: 0 }
  const notes = lines.filter(({ outcome }) => outcome === 'note').map(({ text: note }) => note)
  for (const { outcome, name, where, text: reason } of lines) {
    here[outcome]++
    if (outcome === 'failed') failures.push(`${where}: ${name}\n${reason}`)
    if (outcome === 'skipped') skips.push(`${where}: ${name}: ${reason}`)
  }
  // It may also break outside its tests: while it is loaded, or after the last one.
  const unexplained =
    problem !== undefined && here.failed === 0 ? problem : lines.length === notes.length ? 'has no tests' : undefined
  if (unexplained !== undefined) here.failed++
  if (here.failed > 0 && (unexplained !== undefined || output !== ''))
    failures.push(`${file} ${unexplained ?? 'printed'}${output === '' ? '' : `\n${output}`}`)
  for (const outcome of ['passed', 'failed', 'skipped'] as const) counts[outcome] += here[outcome]
  const failed = here.failed > 0 ? `, ${here.failed} failed` : ''
  const skipped = here.skipped > 0 ? `, ${here.skipped} skipped` : ''
  print(
    `${failed === '' ? 'ok    ' : 'FAILED'} ${file}  ${here.passed} passed${failed}${skipped}  ${seconds(durationMs)}`,
  )
  for (const note of notes) print(`       ${note}`)
}

async function runFiles(files: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-test-'))
  const waiting = files.values()
  const worker = async () => {
    for (const file of waiting) await runFile(file, folder)
  }
  try {
    await Promise.all(Array.from({ length: processesAtATime }, worker))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function report(startedAt: number): void {
  if (skips.length > 0) print(`\nSkipped:\n${skips.map((line) => `  ${line}`).join('\n')}`)
  for (const failure of failures) print(`\n--- ${failure}`)
  print(`\nNode ${process.versions.node}, ${seconds(performance.now() - startedAt)}`)
  print(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`)
}

const parts = process.argv.slice(2)
const startedAt = performance.now()
usePinnedNode()
if (parts.length === 0 || parts.includes('check')) for (const check of checks) await runCheck(check)
const files = parts.length === 1 && parts[0] === 'check' ? [] : testFiles(parts.filter((part) => part !== 'check'))
if (files.length > 0) await runFiles(files)
else if (!parts.includes('check')) {
  counts.failed++
  failures.push(`no test file has ${parts.join(' or ')} in its path`)
}
report(startedAt)
process.exitCode = counts.failed === 0 ? 0 : 1
