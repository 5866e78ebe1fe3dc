/** What transactions of SMB1 are, what they ask for, and what came of it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSmb1Request } from '../../src/trace/engine/smb1-requests.ts'
import { analyze, type Transaction } from '../../src/trace/index.ts'
import { Smb1Command, Smb1LockType } from '../../src/wire/smb1/index.ts'
import { LockFlags } from '../../src/wire/smb2/index.ts'

async function read(name: string): Promise<Transaction[]> {
  const found: Transaction[] = []
  const bytes = readFileSync(join(import.meta.dirname, '../captures', name))
  await analyze(bytes, [{ transaction: (transaction) => void found.push(transaction) }])
  return found
}

const namesOf = (transactions: readonly Transaction[]): Set<string> =>
  new Set(transactions.map(({ commandName }) => commandName).filter((name) => /^(?:TRANS2|NT_TRANSACT)/.test(name)))

test('transactions have the names of what they do, and listings the number of what they found', async () => {
  const found = await read('local-nt1-open-search.pcap')
  const names = namesOf(found)
  for (const name of ['TRANS2_FIND_FIRST2', 'TRANS2_QUERY_PATH_INFORMATION']) assert.ok(names.has(name), name)
  const listings = found.filter(({ commandName, status }) => commandName === 'TRANS2_FIND_FIRST2' && status === 0)
  assert.ok(listings.length > 0)
  for (const { detail } of listings)
    assert.ok(detail.kind === 'query-directory' && (detail.entries ?? 0) > 0, JSON.stringify(detail.kind))
})

/** A LOCKING_ANDX request: one range to unlock, one to lock. MS-CIFS 2.2.4.32.1. */
function locking(typeOfLock: number, rangeBytes: number, ranges: readonly (readonly number[])[]): DataView {
  const view = new DataView(new ArrayBuffer(1 + 16 + 2 + 2 * rangeBytes))
  view.setUint8(0, 8)
  view.setUint8(1, 0xff)
  view.setUint16(5, 0x4001, true)
  view.setUint8(7, typeOfLock)
  view.setUint16(13, 1, true)
  view.setUint16(15, 1, true)
  for (const [index, words] of ranges.entries())
    for (const [at, word] of words.entries()) {
      const isLarge = rangeBytes === 20
      view.setUint32(19 + index * rangeBytes + (isLarge ? 4 : 2) + at * 4, word, true)
    }
  return view
}

test('byte ranges of SMB1 are read in both forms, those to unlock first', () => {
  const small = locking(0, 10, [
    [100, 10],
    [200, 20],
  ])
  const large = locking(Smb1LockType.LARGE_FILES | Smb1LockType.SHARED_LOCK, 20, [
    [1, 5, 0, 10],
    [0, 200, 2, 3],
  ])
  const asked = (view: DataView) =>
    readSmb1Request(Smb1Command.LOCKING_ANDX, { view, at: 0, end: view.byteLength, origin: 0, isUnicode: false })
  const { UNLOCK, EXCLUSIVE_LOCK, SHARED_LOCK, FAIL_IMMEDIATELY } = LockFlags
  assert.deepEqual(asked(small), {
    fid: 0x4001,
    detail: {
      kind: 'lock',
      locks: [
        { offset: 100n, length: 10n, flags: UNLOCK },
        { offset: 200n, length: 20n, flags: EXCLUSIVE_LOCK | FAIL_IMMEDIATELY },
      ],
    },
  })
  assert.deepEqual(asked(large).detail, {
    kind: 'lock',
    locks: [
      { offset: 0x1_0000_0005n, length: 10n, flags: UNLOCK },
      { offset: 200n, length: 0x2_0000_0003n, flags: SHARED_LOCK | FAIL_IMMEDIATELY },
    ],
  })
  // A capture that cut the message off has fewer of them.
  const cut = new DataView(small.buffer, 0, small.byteLength - 4)
  const { detail } = asked(cut)
  assert.equal(detail.kind === 'lock' && detail.locks.length, 1)
})
