/**
 * The engine against tshark's reading of real captures: those in `test/captures`, and all of the folder that
 * SMBKIT_CAPTURES names, or that lies beside the repository.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyze, KeyRing, readSecrets, type Transaction } from '../../src/trace/index.ts'
import { nodeCiphers, readCapture } from '../../src/trace/node/index.ts'
import { differences } from '../captures/compare.ts'
import { knownDifferences } from '../captures/known-differences.ts'
import { readTsharkTable } from '../captures/tshark-view.ts'

const own = join(import.meta.dirname, '../captures')
const beside = join(import.meta.dirname, '../../../shared/captures')
const elsewhere = process.env.SMBKIT_CAPTURES ?? (existsSync(beside) ? beside : undefined)

const capturesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /\.(?:pcap|pcapng|cap)(?:\.gz)?$/.test(name))
    .toSorted()

/** Passwords of the laboratory's accounts, which are nobody's. */
const passwords = ['Passw0rd', 'LabAdm1!', 'Passw0rd!']

async function compare(folder: string, name: string, table: string, keys?: KeyRing): Promise<void> {
  const transactions: Transaction[] = []
  const summary = await analyze(
    readCapture(join(folder, name)),
    [{ transaction: (transaction) => void transactions.push(transaction) }],
    keys === undefined ? {} : { keys },
  )
  assert.ok(summary.frames > 0)
  const found = differences(transactions, readTsharkTable(readFileSync(join(folder, `${table}.tshark.tsv`), 'utf8')))
  const counts = Object.fromEntries([...Map.groupBy(found, ({ kind }) => kind)].map(([kind, of]) => [kind, of.length]))
  const expected = Object.fromEntries((knownDifferences[table] ?? []).map(({ kind, count }) => [kind, count]))
  const listed = found.slice(0, 20).map(({ kind, frame, text }) => `${kind} at ${frame}: ${text}`)
  assert.deepEqual(counts, expected, `${name}\n${listed.join('\n')}`)
}

const read = new Set<string>()
for (const folder of [own, ...(elsewhere === undefined ? [] : [elsewhere])]) {
  const names = capturesIn(folder).filter((name) => !read.has(name))
  for (const name of names) read.add(name)
  test(`${names.length} captures of ${folder === own ? 'our own' : 'others'} read as tshark reads them`, async (t) => {
    for (const name of names) {
      if (!existsSync(join(folder, `${name}.tshark.tsv`))) continue
      await t.test(name, () => compare(folder, name, name))
      const opened = `${name}.decrypted`
      if (!existsSync(join(folder, `${opened}.tshark.tsv`))) continue
      const keytab = join(folder, 'local-lab.keytab')
      const keytabs = existsSync(keytab) ? [readFileSync(keytab)] : []
      const keys = new KeyRing(readSecrets({ passwords, keytabs }), nodeCiphers())
      await t.test(opened, () => compare(folder, name, opened, keys))
    }
  })
}

test('captures of third parties are at hand', {
  skip: elsewhere === undefined && 'SMBKIT_CAPTURES names no folder',
}, () => {
  assert.ok(read.size > capturesIn(own).length)
})

test('each difference that is known is of a capture, and has a reason', () => {
  for (const [name, list] of Object.entries(knownDifferences)) {
    if (elsewhere !== undefined) assert.ok(read.has(name.replace(/\.decrypted$/, '')), name)
    for (const { count, why } of list) assert.ok(count > 0 && why.length > 10, name)
  }
})
