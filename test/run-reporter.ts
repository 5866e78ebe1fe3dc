/**
 * A reporter of node:test for `test/run.ts`: one line of JSON for each test that has ended.
 */
import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'

/** How one test ended. */
export interface TestLine {
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'note'
  readonly name: string
  /** File and line. */
  readonly where: string
  /** Why it failed, or why it was skipped. */
  readonly text: string
}

/** node:test's own counts at the end. */
const isTotal = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const ended = lineFor(event)
    if (ended !== undefined) yield `${JSON.stringify(ended)}\n`
  }
}

function lineFor(event: TestEvent): TestLine | undefined {
  if (event.type === 'test:pass') return passed(event.data)
  if (event.type === 'test:fail') return failed(event.data)
  // What a test says by `t.diagnostic`, or an error that came after its test had ended, which fails the file.
  if (event.type === 'test:diagnostic' && !isTotal.test(event.data.message))
    return { outcome: 'note', name: '', where: '', text: event.data.message }
  return undefined
}

type Passed = Extract<TestEvent, { type: 'test:pass' }>['data']
type Failed = Extract<TestEvent, { type: 'test:fail' }>['data']

function passed(data: Passed): TestLine | undefined {
  const skip = data.skip ?? data.todo
  if (skip !== undefined && skip !== false)
    return line('skipped', data, typeof skip === 'string' && skip !== '' ? skip : 'no reason given')
  // A suite is not a test: its tests are counted.
  return data.details.type === 'suite' ? undefined : line('passed', data, '')
}

function failed(data: Failed): TestLine | undefined {
  const { error } = data.details
  // Fails only because a test inside it did, which has a line of its own.
  if ('failureType' in error && error.failureType === 'subtestsFailed') return undefined
  if (data.skip !== undefined || data.todo !== undefined) return passed({ ...data, details: { duration_ms: 0 } })
  return line('failed', data, describe(error.cause ?? error))
}

function line(outcome: TestLine['outcome'], data: Passed | Failed, text: string): TestLine {
  const file = data.file === undefined ? '' : relative(process.cwd(), data.file)
  return { outcome, name: data.name, where: data.line === undefined ? file : `${file}:${data.line}`, text }
}

function describe(error: unknown): string {
  // An AssertionError's text has the difference in it already; its fields would repeat both sides.
  if (error instanceof Error && error.name === 'AssertionError') return error.stack ?? error.message
  return inspect(error)
}
