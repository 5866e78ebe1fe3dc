import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { csvLine } from '../../src/trace/reports/csv.ts'
import { Sandbox } from './cli-program.ts'

const capture = join(import.meta.dirname, '../captures/local-dialect-smb311.pcapng')
/** SMB2, and the start by SMB1. */
const requests = 78

/** Checks a value by the part of JSON Schema that ours uses. */
function check(value: unknown, schema: Record<string, unknown>, path: string): void {
  const types = [schema['type'] ?? []].flat() as string[]
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  const isRight = types.length === 0 || types.includes(type) || (types.includes('integer') && Number.isInteger(value))
  assert.ok(isRight, `${path} is ${type} and not ${types.join(' or ')}`)
  if ('const' in schema) assert.equal(value, schema['const'], path)
  if (Array.isArray(value))
    for (const [index, item] of value.entries())
      check(item, (schema['items'] ?? {}) as Record<string, unknown>, `${path}[${index}]`)
  else if (typeof value === 'object' && value !== null) {
    for (const name of (schema['required'] ?? []) as string[]) assert.ok(name in value, `${path}.${name} is missing`)
    const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>
    for (const [name, inner] of Object.entries(value)) check(inner, properties[name] ?? {}, `${path}.${name}`)
  }
}

test('the report for programs is what its schema says', async () => {
  await using sandbox = new Sandbox()
  const schema = JSON.parse((await sandbox.smbkit(['trace', 'schema'])).stdout) as Record<string, unknown>
  const { stdout } = await sandbox.smbkit(['trace', capture, '--json'])
  const report = JSON.parse(stdout) as { traffic: { requests: number }; busiest: { file: { name: string }[] } }
  check(report, schema, 'report')
  assert.equal(report.traffic.requests, requests)
  assert.equal(report.busiest.file[0]?.name, String.raw`\\127.0.0.1\share\d1`)
})

test('tables: list, lines of JSON, CSV, Parquet', async () => {
  await using sandbox = new Sandbox()
  const list = await sandbox.smbkit(['trace', 'list', capture])
  assert.match(list.stdout, /^ +\S+ +259 +261 +0 +WRITE +585 µs +SUCCESS +\[d1\\data\.bin\] {2}288894 bytes at 0$/m)
  const lines = (await sandbox.smbkit(['trace', 'list', '--json', capture])).stdout.trim().split('\n')
  assert.equal(lines.length, requests)
  assert.equal((JSON.parse(lines[0] ?? '') as { command: string }).command, 'NEGOTIATE')
  const csv = (await sandbox.smbkit(['trace', '--csv', capture])).stdout.trim().split('\r\n')
  assert.equal(csv.length, requests + 1)
  assert.match(csv[0] ?? '', /^id,time,stream,client,server,/)
  await sandbox.smbkit(['trace', capture, '--parquet', sandbox.path('tables')])
  const read = async (name: string) =>
    parquetReadObjects({ file: await asyncBufferFromFile(sandbox.path('tables', `${name}.parquet`)) })
  const transactions = await read('transactions')
  assert.equal(transactions.length, requests)
  const write = transactions.find((row) => row['response_frame'] === 261n)
  assert.deepEqual(
    [write?.['command'], write?.['path'], write?.['bytes']],
    ['WRITE', String.raw`d1\data.bin`, 288_894n],
  )
  assert.deepEqual(
    (await read('sessions')).map((row) => row['user']),
    ['tester'],
  )
  assert.equal((await read('files')).length, 5)
  assert.equal((await read('findings'))[0]?.['severity'], 'note')
})

test('the page is one file that loads nothing, with plots', async () => {
  await using sandbox = new Sandbox()
  await sandbox.smbkit(['trace', capture, '--html', sandbox.path('report.html')])
  const page = readFileSync(sandbox.path('report.html'), 'utf8')
  assert.match(page, /<svg[^>]*aria-label="Data per second"/)
  assert.match(page, /<svg[^>]*aria-label="Response times by command"/)
  assert.match(page, /Healthy: nothing in it is wrong or slow/)
  assert.doesNotMatch(page, /https?:|<script|src=|@import|url\(/)
})

test('what happened in a session, with a file, by a user', async () => {
  await using sandbox = new Sandbox()
  const file = (await sandbox.smbkit(['trace', capture, '--follow', 'file:data.bin'])).stdout
  assert.match(file, /^\\\\127\.0\.0\.1\\share\\d1\\data\.bin\n/)
  assert.doesNotMatch(file, /hello\.txt/)
  const session = (await sandbox.smbkit(['trace', capture, '--follow', 'session'])).stdout
  assert.match(session, /^Session 0x39e242bb of WORKGROUP\\tester from 127\.0\.0\.1 at 127\.0\.0\.1\n/m)
  const user = (await sandbox.smbkit(['trace', capture, '--follow', 'user:nobody'])).stdout
  assert.equal(user, 'Nothing of that was found.\n')
})

test('names of files are no formulas for a spreadsheet, and cannot leave their cell', () => {
  const columns = [{ name: 'path', type: 'text', about: '', of: (row: string) => row }] as const
  assert.equal(csvLine(columns, '=HYPERLINK("x")'), `"'=HYPERLINK(""x"")"\r\n`)
  assert.equal(csvLine(columns, 'a,b\r\nc'), '"a,b\r\nc"\r\n')
})
