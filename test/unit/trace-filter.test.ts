import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { dissect } from '../../src/trace/dissect/dissect.ts'
import { Filter } from '../../src/trace/filter/filter.ts'
import { FilterError } from '../../src/trace/filter/filter-error.ts'
import { readPattern } from '../../src/trace/filter/pattern.ts'
import { analyze, type Transaction } from '../../src/trace/index.ts'

const capture = readFileSync(new URL('../captures/local-dialect-smb311.pcapng', import.meta.url))

/** How many frames of the capture a filter finds: what `tshark -Y FILTER` (4.0.17) finds there. */
const counts: Readonly<Record<string, number>> = {
  smb2: 155,
  nbss: 156,
  ntlmssp: 3,
  dcerpc: 0,
  kerberos: 0,
  'smb2.cmd == 5': 46,
  'smb2.cmd == 5 && smb2.flags.response == 1': 23,
  'smb2.nt_status != 0': 9,
  'smb2.nt_status == 0xc0000034': 1,
  'smb2.cmd in {3, 5, 8}': 52,
  'smb2.cmd in {3 .. 6}': 98,
  'smb2.filename': 31,
  'smb2.filename contains "hello"': 8,
  'smb2.filename matches "\\\\.(txt|bin)$"': 17,
  '!smb2 && tcp': 425,
  'smb2.msg_id >= 10 and not smb2.flags.response == 1': 68,
  'smb2.tree contains "IPC"': 5,
  'smb2.credits.granted > 10': 11,
  'ntlmssp.auth.username == "tester"': 1,
  'smb2.fid': 69,
  'smb2.flags & 2': 0,
  'tcp.dstport == 445': 290,
  'smb2.file_offset > 1000': 0,
  'smb2.share_type == 2': 5,
  'smb2.acct == "tester"': 149,
  '(smb2.read_length or smb2.write_length) and smb2.fid': 3,
  'len(smb2.filename) > 8': 15,
  'lower(smb2.filename) contains "hello"': 8,
  'upper(smb2.filename) == "D1"': 7,
  'count(smb2.cmd) > 1': 0,
  'min(smb2.msg_id) == 3': 2,
  'max(smb2.cmd) == 16': 16,
  'string(smb2.cmd) == "5"': 46,
  'smb2.filename[0:2] == "d1"': 19,
  'smb2.filename[-3:] == "txt"': 12,
  'smb2.filename[0] == "d"': 21,
  'smb2.signature[0:2] == 00:00': 150,
  'smb2[0:4] == fe:53:4d:42': 155,
  'smb2 contains "hello.txt"': 0,
  'tcp.stream == 0': 580,
  'frame.number < 40 and smb2': 33,
  'frame.time > "2026-11-20 00:00:00"': 580,
  'frame.time_delta > 0.001': 5,
  'frame.len > 1000': 399,
  'ip.addr == 127.0.0.1 and smb2': 155,
  'ip.src == 10.0.0.0/8': 0,
  'ip.src == 127.0.0.0/8 && smb2': 155,
  'ip.addr in {127.0.0.1 .. 127.0.0.3} and smb2': 155,
  'tcp.len > 1000': 398,
  'tcp.srcport == tcp.dstport': 0,
  'tcp.port == 445 && tcp.flags.fin == 1': 2,
  'any smb2.cmd == 5': 46,
  'all tcp.port > 1000': 0,
  'any tcp.port != 445': 580,
  'tcp.port != 445': 0,
  'all tcp.port != 445': 0,
  'any tcp.port === 445': 580,
  'tcp.port === 445': 0,
  'all tcp.port !== 445': 0,
  'any tcp.port all_ne 445': 580,
  'any smb2.cmd != 5': 109,
  'smb2.cmd === 5': 46,
  'smb2.cmd !== 5': 109,
  'smb2.cmd not in {5, 6}': 490,
  'smb2.filename matches r"\\.txt$"': 12,
}

test('filters find the frames that tshark finds', async () => {
  const filters = Object.keys(counts).map((text) => ({ text, filter: new Filter(text), count: 0 }))
  await dissect(capture, (frame) => {
    for (const one of filters) if (one.filter.frame(frame)) one.count++
  })
  for (const { text, count } of filters) assert.equal(count, counts[text], text)
})

test('values have names, and a handle the name of its file', async () => {
  const frames = (text: string): Promise<Set<number>> => new Filter(text).frames(capture)
  assert.deepEqual(await frames('smb2.cmd == CREATE'), await frames('smb2.cmd == 5'))
  const named = await frames('smb2.nt_status == STATUS_OBJECT_NAME_NOT_FOUND')
  assert.deepEqual(named, await frames('smb2.nt_status == 0xc0000034'))
  assert.ok((await frames('smb2.fid.filename contains "hello"')).size > 0)
})

test('transactions answer what they know, as frames do', async () => {
  const transactions: Transaction[] = []
  await analyze(capture, [{ transaction: (transaction) => void transactions.push(transaction) }])
  for (const text of [
    'smb2.cmd == 8',
    'smb2.nt_status != 0',
    'smb2.msg_id in {3 .. 9}',
    'smb2.time > 0.001',
    'frame.number < 50 && smb2.msg_id > 3',
    'tcp.stream == 0 && ip.src == 127.0.0.1 && smb2.cmd == 5',
    'len(smb2.fid.filename) > 2',
  ]) {
    const filter = new Filter(text)
    assert.ok(filter.asksTransactions, text)
    const frames = await filter.frames(capture)
    for (const transaction of transactions) {
      const { request, response } = transaction
      const isFound = [request, response].some((spot) => spot !== undefined && frames.has(spot.last.frame))
      assert.equal(filter.transaction(transaction), isFound, `${text}: transaction ${transaction.id}`)
    }
  }
  assert.equal(new Filter('smb2.lease.lease_state').asksTransactions, false)
  assert.equal(new Filter('smb2 contains "a"').asksTransactions, false, 'they have no bytes')
})

const refused = (text: string): string => {
  try {
    assert.ok(new Filter(text) instanceof Filter)
  } catch (error) {
    assert.ok(error instanceof FilterError, text)
    return error.message
  }
  return assert.fail(`${text} was taken`)
}

test('what is wrong is pointed at', () => {
  assert.equal(
    refused('smb2.cmd == 5 && smb2.filname'),
    'there is no field "smb2.filname"; perhaps smb2.filename\n  smb2.cmd == 5 && smb2.filname\n                   ^^^^^^^^^^^^',
  )
  assert.match(refused('smb2.filename == smb2.filname'), /perhaps smb2\.filename\n.*\n {19}\^{12}$/)
  assert.match(refused('lenn(smb2.filename) > 3'), /no function "lenn"; perhaps len\n/)
  assert.match(refused('len(smb2.filename > 3'), /closing parenthesis/)
  assert.match(refused('smb2.filename[] == "x"'), /a slice is/)
  assert.match(refused('any smb2.cmd'), /a comparison is missing/)
  assert.match(refused('smb2.cmd not 5'), /"in" is missing/)
  assert.match(refused('frame.tiem'), /perhaps frame\.time/)
  assert.match(refused('smb2.cmd ==') ?? '', /a value is missing\n.*\n {13}\^/)
  assert.match(refused('(smb2.cmd == 5') ?? '', /closing parenthesis/)
  assert.match(refused('smb2.cmd in {1, 2') ?? '', /closing brace/)
  assert.match(refused('smb2.filename == "x') ?? '', /closing quotation mark\n.*\n {19}\^\^/)
  assert.match(refused('smb2 smb2') ?? '', /"and" or "or" is missing/)
  assert.match(refused('') ?? '', /name of a field/)
  assert.match(refused('smb2.filename matches "a(b"') ?? '', /closing parenthesis/)
  assert.match(refused('smb2.cmd == 5 @') ?? '', /means nothing here/)
  assert.match(refused('!'.repeat(500)) ?? '', /nested deeper/)
  assert.match(refused('('.repeat(500)) ?? '', /nested deeper/)
})

test('any text is a filter or is refused', () => {
  const words = [
    'smb2',
    'smb2.cmd',
    '==',
    '!=',
    '(',
    ')',
    '5',
    '"x',
    '"y"',
    'in',
    '{',
    '}',
    '..',
    'and',
    '!',
    '~',
    ' ',
    'len',
    '[0:2]',
    '[,]',
    'all',
    'xor',
    'not',
    '10.0.0.0/8',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 12 }), (parts) => {
      try {
        assert.ok(new Filter(parts.join(' ')) instanceof Filter)
      } catch (error) {
        assert.ok(error instanceof FilterError)
      }
    }),
    { numRuns: 500 },
  )
})

const found = (pattern: string, text: string): boolean => {
  const read = readPattern(pattern)
  assert.ok('matches' in read, pattern)
  return read.matches(text)
}

test('patterns are what regular expressions are', () => {
  const pieces = [
    'a',
    'b',
    '.',
    'a*',
    'b+',
    '(a|b)',
    '(?:ab)?',
    '[a-c]',
    '[^a]',
    'a{2}',
    'b{1,3}',
    '\\d',
    '\\.',
    '$',
    '^',
  ]
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 6 }),
      fc.stringMatching(/^[abcd1.]{0,10}$/),
      (parts, text) => {
        const pattern = parts.join('')
        assert.equal(found(pattern, text), new RegExp(pattern, 'is').test(text), `${pattern} on ${text}`)
      },
    ),
    { numRuns: 1000 },
  )
  assert.ok(found('\\.DOCX$', 'Report.docx'))
  assert.ok(found('^[\\w ]+\\x2etxt', 'a b.txt'))
})

test('patterns that make others run for ever do not', () => {
  const text = `${'a'.repeat(2000)}!`
  for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*)*x', '(a*)*b', 'a{1,200}a{1,200}$'])
    assert.equal(found(pattern, text), false, pattern)
})

test('patterns that are none say why', () => {
  for (const pattern of ['(', ')', '[', 'a{3,1}', '*a', '\\', '(?=a)', '\\q', '\\xzz', 'a{999}', '(a{200}){200}'])
    assert.ok('problem' in readPattern(pattern), pattern)
})
