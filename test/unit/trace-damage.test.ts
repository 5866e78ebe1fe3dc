/** Captures that are damaged, made to be wrong or endless: the engine reads what it can, in bounded time and memory. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import { Diagnosis } from '../../src/trace/diagnose.ts'
import { MessageScanner, type MessageSink } from '../../src/trace/engine/message-scanner.ts'
import { analyze, KeyRing, type Observer, readSecrets, type Transaction } from '../../src/trace/index.ts'
import { MemoryBudget } from '../../src/trace/network/memory-budget.ts'
import { nodeCiphers } from '../../src/trace/node/index.ts'

const folder = join(import.meta.dirname, '../captures')
const captures = [
  'local-compound-related.pcap',
  'local-nt1-tcon-session.pcap',
  'local-enc-smb311-AES-128-GCM.pcap',
  'local-krb5-ok-smb311.pcap',
  'local-lease-breaking.pcap',
  'local-linux-cooked-any.pcap',
  'local-session-reauth.pcap',
  'local-derived-vlan-qinq.pcap',
]
const rounds = 60

/** Reads every field that a transaction tells: getters of damaged messages, too. */
const nosy: Observer = {
  transaction(transaction: Transaction) {
    const { session, tree, open, conversation } = transaction
    const all = [transaction.messageId, session?.id, session?.trees.length, tree?.path, open?.id, conversation.end]
    assert.equal(all.length, 6)
    assert.ok((transaction.time.responseNs ?? 0) >= 0)
    assert.ok(transaction.depth >= 0)
  },
}

/** Numbers that are the same in each run (xorshift32). */
function numbers(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

type Damage = (bytes: Uint8Array, next: (below: number) => number) => Uint8Array

const damages: Readonly<Record<string, Damage>> = {
  'single bytes'(bytes, next) {
    for (let i = 0; i < 40; i++) bytes[next(bytes.length)] = next(256)
    return bytes
  },
  'high bits of lengths'(bytes, next) {
    for (let i = 0; i < 40; i++) bytes[next(bytes.length)] = [0, 0x7f, 0x80, 0xff][next(4)] ?? 0
    return bytes
  },
  'a piece taken out'(bytes, next) {
    const at = 24 + next(bytes.length - 24)
    const length = next(5000)
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)])
  },
  'a piece twice'(bytes, next) {
    const at = next(bytes.length)
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(Math.max(0, at - next(5000)))])
  },
  'the end cut off': (bytes, next) => bytes.subarray(0, next(bytes.length)),
}

for (const [name, damage] of Object.entries(damages))
  test(`captures with ${name} are read to their end`, async () => {
    const keys = (): KeyRing => new KeyRing(readSecrets({ passwords: ['Passw0rd'] }), nodeCiphers())
    for (let round = 1; round <= rounds; round++) {
      const file = captures[round % captures.length] ?? ''
      const next = numbers(round)
      const bytes = damage(Uint8Array.from(readFileSync(join(folder, file))), next)
      const diagnosis = new Diagnosis()
      const started = process.cpuUsage()
      await analyze(bytes, [nosy, diagnosis], { keys: keys() })
      diagnosis.findings()
      const used = process.cpuUsage(started)
      assert.ok(used.user + used.system < 10e6, `${file}, round ${round}: ${used.user} µs`)
    }
  })

test('frames in any order, some twice and some not at all, are read to their end', async () => {
  for (let round = 1; round <= rounds; round++) {
    const bytes = readFileSync(join(folder, captures[round % captures.length] ?? ''))
    const next = numbers(round)
    const records = recordsOf(bytes)
    for (let i = 0; i < 30; i++) {
      const [from, to] = [next(records.length), next(records.length)]
      const [record] = records.splice(from, 1)
      if (record !== undefined && next(4) !== 0) records.splice(to, 0, record)
      if (record !== undefined && next(4) === 0) records.push(record)
    }
    await analyze(Buffer.concat([bytes.subarray(0, 24), ...records]), [nosy])
  }
})

/** The packets of a pcap file, each with its header. */
function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const found: Uint8Array[] = []
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = 16 + view.getUint32(at + 8, true)
    found.push(bytes.subarray(at, at + length))
    at += length
  }
  return found
}

test('noise is no capture, and no endless one', async () => {
  for (let round = 1; round <= 40; round++) {
    const next = numbers(round)
    const bytes = Uint8Array.from({ length: 20_000 }, () => next(256))
    // Half of it begins as a capture does.
    if (round % 2 === 0) bytes.set([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0])
    if (round % 4 === 0) bytes.set([0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a])
    await analyze(bytes, [nosy])
  }
})

test('what is left of a message is too little for a header: nobody is asked to read it', () => {
  const sink: MessageSink = {
    wanted: (view, at) => (view.getUint32(at, true) === 0 ? 4 : 64),
    part: (_view, _at, _have, left) => Math.min(left, 64),
    message: () => void ended++,
    control: () => assert.fail(),
    lost: () => assert.fail(),
  }
  let ended = 0
  for (let left = 1; left < 4; left++) {
    // A chain whose second part is cut to fewer bytes than its magic number has.
    const bytes = new Uint8Array(4 + 64 + left)
    bytes.set([0, 0, 0, 64 + left, 0xfe, 0x53, 0x4d, 0x42])
    new MessageScanner(sink, new MemoryBudget(1e6)).data(bytes, viewOf(bytes), 0, bytes.length, 1, 0)
  }
  assert.equal(ended, 3)
})
