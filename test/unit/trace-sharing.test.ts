/** What clients share: oplocks and leases from grant to end, locks, files in use, credits, caches. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreditAccount } from '../../src/trace/engine/credit-account.ts'
import { ConversationRecord, OpenRecord, said, TransactionRecord } from '../../src/trace/engine/records.ts'
import { maxSharedFiles, SharedFiles } from '../../src/trace/engine/shared-files.ts'
import {
  analyze,
  type Caching,
  CachingStories,
  type CachingStory,
  type Detail,
  type TcpDirection,
  type Transaction,
} from '../../src/trace/index.ts'
import { jsonReport } from '../../src/trace/reports/json-report.ts'
import { listLine } from '../../src/trace/reports/list.ts'
import { Overview } from '../../src/trace/reports/overview.ts'
import { textReport } from '../../src/trace/reports/text-report.ts'
import { SECOND, Story } from './trace-story.ts'

const capture = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, '../captures', name))

async function read(name: string) {
  const overview = new Overview()
  const transactions: Transaction[] = []
  const summary = await analyze(capture(name), [
    overview,
    { transaction: (transaction) => void transactions.push(transaction) },
  ])
  return { transactions, caching: overview.caching, data: { files: [name], summary, overview, findings: [] } }
}

const stepsOf = ({ steps }: CachingStory): string[] =>
  steps.map(({ what, state, at }) => `${what} ${state} @${at.frame}`)

test('a lease whose client does not answer is timed out, and its answer too late', async () => {
  const { caching, transactions, data } = await read('local-lease-timeout.pcap')
  const [first, second] = caching.stories
  assert.ok(first !== undefined && second !== undefined)
  assert.deepEqual(stepsOf(first), [
    'granted lease RWH @17',
    'broken lease RH @19',
    'timed out nothing @22',
    'late lease RH @23',
    'raised lease R @45',
    'raised lease RWH @49',
    'closed nothing @52',
  ])
  assert.deepEqual(
    first.waiting.map(({ request }) => request?.last.frame),
    [18],
  )
  assert.ok(Math.abs((first.steps[2]?.afterNs ?? 0) - 35e9) < 0.1e9)
  const { granted, broken, acknowledged, late, timedOut } = caching
  assert.deepEqual(
    { granted, broken, acknowledged, late, timedOut },
    {
      granted: 2,
      broken: 2,
      acknowledged: 1,
      late: 1,
      timedOut: 1,
    },
  )
  const notification = transactions.find(({ response }) => response?.last.frame === 19)
  assert.deepEqual(notification?.path, { value: 'lease_timeout.dat', frame: 16, isInferred: true }, 'named by its key')
  assert.match(textReport(data), /taken by the server after 35 s \(frame 22\),\s+acknowledged too late/)
  const json = JSON.stringify(jsonReport(data))
  assert.match(json, /"what":"timed out","state":"nothing","frame":22/)
})

test('a lease that is broken step by step, while two wait for it', async () => {
  const { caching } = await read('local-lease-breaking.pcap')
  const steps = caching.stories.map(stepsOf)
  assert.deepEqual(steps[1], [
    'granted lease RWH @59',
    'broken lease RH @61',
    'acknowledged lease RH @77',
    'broken lease R @80',
    'acknowledged lease R @87',
    'broken nothing @90',
    'closed nothing @96',
  ])
  assert.deepEqual(new Set(caching.stories[1]?.waiting.map(({ request }) => request?.last.frame)), new Set([60, 68]))
})

test('a lease that is broken twice within a second, and is not answered, timed out once', () => {
  const stories = new CachingStories()
  const story = new Story({ id: '', looksFor: '', start: () => Object.assign(stories, { findings: () => [] }) })
  const tree = story.tree(story.session(story.connection()))
  const caching = { kind: 'lease' as const, state: 7, key: 'one', frame: 1, opens: 1 } satisfies Caching
  const holder = { ...story.open(tree, 'a'), caching }
  story.open(tree, 'a', { open: holder }, { grantedLease: 7 })
  const change = { kind: 'break' as const, from: undefined, isLease: true, key: 'one' }
  const broken = (to: number): Detail => ({ ...change, to, needsAnswer: true })
  const about = { tree, path: 'a', caching }
  story.say(tree.session.conversation, 'OPLOCK_BREAK', broken(3), { ...about, request: undefined })
  story.say(tree.session.conversation, 'OPLOCK_BREAK', { ...change, to: 3, needsAnswer: false }, about)
  story.say(tree.session.conversation, 'OPLOCK_BREAK', broken(1), { ...about, request: undefined })
  // Somebody waits for it from before the second break, and is served.
  story.open(tree, 'a', { atNs: 0, tookNs: SECOND / 2 })
  story.findings()
  assert.deepEqual(
    { broken: stories.broken, acknowledged: stories.acknowledged, timedOut: stories.timedOut },
    { broken: 2, acknowledged: 1, timedOut: 1 },
  )
  const [life] = stories.stories
  assert.deepEqual(
    life?.steps.map(({ what }) => what),
    ['granted', 'broken', 'acknowledged', 'broken', 'timed out'],
  )
})

test('who has opened the latest file is known, however many there were before', () => {
  const files = new SharedFiles()
  const direction: TcpDirection = {
    ...{ segments: 1, bytes: 1, retransmissions: 0, outOfOrder: 0, duplicateAcknowledgments: 0 },
    ...{ zeroWindows: 0, largestWindow: 0, missingBytes: 0 },
  }
  const conversation = new ConversationRecord(
    {
      ...{ stream: 0, client: { address: '10.0.0.5', port: 50_000 }, server: { address: '10.0.0.1', port: 445 } },
      ...{ fromClient: direction, fromServer: direction, hasBeginning: true, roundTripNs: undefined },
      ...{ firstFrame: 1, firstNs: 0, lastFrame: 1, lastNs: 0, isFirstClient: true, end: undefined },
    },
    'smb',
  )
  const creation = (number: number): TransactionRecord => {
    const transaction = new TransactionRecord(number, conversation, 'smb2', 5, 'CREATE', number, 0)
    transaction.path = said(`file ${number}`, 1)
    return transaction
  }
  for (let number = 0; number <= maxSharedFiles; number++)
    files.opened(new OpenRecord(undefined, [number, 0, 0, 0]), creation(number))
  assert.equal(files.holders(creation(maxSharedFiles)).length, 1)
  assert.equal(files.holders(creation(1)).length, 1)
  assert.equal(files.holders(creation(0)).length, 0, 'it was opened first')
})

test('oplocks of SMB1 are answered by requests that nobody answers', async () => {
  const stories = new CachingStories()
  await analyze(capture('local-nt1-oplock.pcap'), [stories])
  assert.deepEqual(stepsOf(stories.stories[0] as CachingStory), [
    'granted batch oplock @106',
    'broken level II oplock @108',
    'acknowledged level II oplock @110',
    'broken nothing @121',
    'acknowledged nothing @123',
    'closed nothing @126',
  ])
  assert.equal(stories.timedOut, 0)
})

test('who has a file open, or its bytes locked, is told with a refusal and with a wait', async () => {
  const { transactions, data } = await read('local-locks-async-cancel.pcap')
  const waited = transactions.find(({ request }) => request?.last.frame === 26)
  assert.match(
    waited === undefined ? '' : listLine(waited),
    /\[held by WORKGROUP\\tester from 127.0.0.1, 50 bytes at 100, frame 25\]/,
  )
  const refused = transactions.find(({ request }) => request?.last.frame === 162)
  assert.deepEqual(
    refused?.heldBy.map(({ frame, lock }) => [frame, lock?.offset, lock?.isExclusive]),
    [[161, 100n, true]],
  )
  assert.match(textReport(data), /Waits for locks: 4,/)
  assert.match(textReport(data), /Refused because of locks: 12, first at frame 162/)
})

test('what comes of a cache is named for what it is', async () => {
  const { transactions, caching } = await read('local-replay.pcap')
  assert.equal(caching.uses['write-behind'], 32)
  const write = transactions.find(({ cacheUse }) => cacheUse === 'write-behind')
  assert.match(write === undefined ? '' : listLine(write), /WRITE .*\[write-behind\]$/)
})

test('credits are counted as the client counts them', async () => {
  const { transactions } = await read('local-dialect-smb311.pcapng')
  const left = transactions.filter(({ protocol, request }) => protocol === 'smb2' && request !== undefined)
  assert.ok(left.every(({ creditsLeft }) => creditsLeft !== undefined && creditsLeft >= 0))
  const later = await read('local-derived-midstream.pcap')
  assert.ok(later.transactions.some(({ conversation }) => !conversation.hasBeginning))
  assert.ok(later.transactions.every((one) => one.conversation.hasBeginning || one.creditsLeft === undefined))
})

test('waiting for credits is the time between the request that took them and the answer that gave some', () => {
  const account = new CreditAccount()
  assert.equal(account.spend(1, 0, 0), 0)
  account.grant(2, 10, true)
  assert.equal(account.spend(1, 20, 0), 0, 'there are two')
  assert.equal(account.spend(1, 30, 0), 0)
  assert.equal(account.left, 0)
  account.grant(1, 5_000_030, false)
  assert.equal(account.spend(1, 5_000_040, 0), 5_000_000, 'sent as soon as there was one')
  account.grant(1, 6_000_000, false)
  assert.equal(account.spend(1, 60_000_000, 0), 0, 'a client that comes later did not wait for it')
  assert.equal(account.spend(1, 60_000_001, 0), undefined, 'more than there is: an answer was not captured')
  assert.equal(account.left, undefined)
})

test('what a capture does not have is told', async () => {
  const { data } = await read('local-derived-onesided-client.pcap')
  assert.match(
    textReport(data),
    /^Not captured: what the server says in 1 connection; the other half alone is there\.$/m,
  )
  const late = await read('local-perf-chatty-rtt40ms.pcap')
  assert.match(textReport(late.data), /^Not captured: the requests of 1 answer\.$/m)
  assert.match(JSON.stringify(jsonReport(late.data)), /"answersWithoutRequest":1/)
  const short = await read('local-perf-loss2pct-putget.pcap')
  assert.match(textReport(short.data), /^Cut: \d+ messages, of which only what was captured is read\.$/m)
})

test('traffic is rolled up six ways, and over the time', async () => {
  const { data } = await read('local-krb5-ok-smb311.pcap')
  const report = JSON.parse(JSON.stringify(jsonReport(data))) as {
    busiest: Record<string, { name: string; count: number; errors: number; rate: number | null; p99: number | null }[]>
    overTime: { count: number; read: number; written: number; length: number }[]
    sessions: { user: string; user_inferred: boolean; ticket_frame: number; ticket_kdc: string }[]
  }
  assert.deepEqual(Object.keys(report.busiest), ['server', 'share', 'user', 'file', 'command', 'status'])
  for (const rolls of Object.values(report.busiest)) assert.ok((rolls[0]?.count ?? 0) > 0)
  const [user] = report.busiest['user'] ?? []
  assert.deepEqual([user?.name, user?.count, user?.errors], [String.raw`LAB.TEST\alice`, 26, 1])
  assert.ok((user?.rate ?? 0) > 0 && (user?.p99 ?? 0) > 0)
  assert.equal(
    report.overTime.reduce((sum, { count }) => sum + count, 0),
    data.overview.transactions,
  )
  const [session] = report.sessions
  assert.deepEqual(
    [session?.user, session?.user_inferred, session?.ticket_frame, session?.ticket_kdc],
    ['alice', true, 35, '10.99.0.1'],
    'the logon is tied to the exchange that gave its ticket',
  )
  assert.match(
    textReport(data),
    /^Logon at frame 59: LAB\.TEST\\alice with the ticket for cifs\/dc1\.lab\.test that 10\.99\.0\.1/m,
  )
})
