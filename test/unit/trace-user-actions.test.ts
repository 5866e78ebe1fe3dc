import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Transaction, UserActions } from '../../src/trace/index.ts'

let frame = 0

/** A transaction that succeeded, with what the observer looks at. */
function done(path: string, detail: object): Transaction {
  const last = { frame: ++frame, timeNs: frame * 1e6 }
  return {
    conversation: { server: { address: '10.0.0.2', port: 445 } },
    session: { user: { value: 'fredb', frame: 1, isInferred: false } },
    tree: { id: 5, path: { value: String.raw`\\server\test`, frame: 1, isInferred: false } },
    path: { value: path, frame: last.frame, isInferred: true },
    request: { first: last, last, length: 100, chainIndex: 0 },
    status: 0,
    detail,
  } as unknown as Transaction
}

const write = { kind: 'write', offset: 0n, length: 100 }
const renameTo = (newName: string): object => ({ kind: 'set-info', newName, deletePending: undefined })
const remove = { kind: 'set-info', newName: undefined, deletePending: true }

test('a document that is saved by a temporary file is one action', () => {
  frame = 0
  const seen = new UserActions()
  seen.transaction(done('~WRD0001.tmp', write))
  seen.transaction(done('Definitive.docx', renameTo('~WRL0002.tmp')))
  seen.transaction(done('~WRD0001.tmp', renameTo('Definitive.docx')))
  seen.transaction(done('~WRL0002.tmp', remove))
  assert.deepEqual(
    seen.actions.map(({ kind, path, frames }) => ({ kind, path, frames })),
    [{ kind: 'saved', path: 'Definitive.docx', frames: [1, 2, 3, 4] }],
  )
})

test('what is renamed or deleted by itself is just that', () => {
  frame = 0
  const seen = new UserActions()
  seen.transaction(done('a.txt', renameTo('b.txt')))
  seen.transaction(done('b.txt', remove))
  seen.transaction({ ...done('c.txt', remove), status: 0xc000_0022 })
  assert.deepEqual(
    seen.actions.map(({ kind, path, to }) => ({ kind, path, to })),
    [
      { kind: 'renamed', path: 'a.txt', to: 'b.txt' },
      { kind: 'deleted', path: 'b.txt', to: undefined },
    ],
  )
})
