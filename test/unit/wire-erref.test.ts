import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { explainedStatuses, explainStatus } from '../../src/wire/erref/explain.ts'
import { NtStatus, ntStatusName } from '../../src/wire/erref/ntstatus.ts'

const table: Readonly<Record<string, number>> = NtStatus

test('every name that is explained is in the table of MS-ERREF, and its code gives the explanation', () => {
  assert.ok(explainedStatuses.length >= 120, `${explainedStatuses.length}`)
  const texts = new Map<number, string>()
  for (const name of explainedStatuses) {
    const code = table[name]
    assert.ok(code !== undefined, name)
    const text = explainStatus(code)
    assert.match(text, /^[A-Z].*\.$/, name)
    assert.doesNotMatch(text, /STATUS_|NTSTATUS|0x/, name)
    // Two names for one code would have to share an explanation.
    assert.ok(!texts.has(code), `${name} repeats the code of another`)
    texts.set(code, text)
  }
})

test('what is denied at a logon, or at a share, has nothing to do with the rights on a file', () => {
  const { ACCESS_DENIED, LOGON_FAILURE } = NtStatus
  for (const command of ['SESSION_SETUP', 'SESSION_SETUP_ANDX'])
    assert.match(explainStatus(ACCESS_DENIED, command), /^The server does not let this account log on,/)
  for (const command of ['TREE_CONNECT', 'TREE_CONNECT_ANDX'])
    assert.match(explainStatus(ACCESS_DENIED, command), /^The server does not let this account use the share,/)
  assert.equal(explainStatus(ACCESS_DENIED, 'CREATE'), explainStatus(ACCESS_DENIED))
  assert.equal(explainStatus(LOGON_FAILURE, 'SESSION_SETUP'), explainStatus(LOGON_FAILURE))
})

test('nine codes that are often given wrongly', () => {
  const right: Record<string, [code: number, wrong: number, wrongIs: string]> = {
    BAD_NETWORK_NAME: [0xc000_00cc, 0xc000_020c, 'CONNECTION_DISCONNECTED'],
    NETWORK_NAME_DELETED: [0xc000_00c9, 0xc000_035c, 'NETWORK_SESSION_EXPIRED'],
    USER_SESSION_DELETED: [0xc000_0203, 0xc000_00df, 'NO_SUCH_DOMAIN'],
    FILE_IS_A_DIRECTORY: [0xc000_00ba, 0xc000_00ca, 'NETWORK_ACCESS_DENIED'],
    INVALID_LEVEL: [0xc000_0148, 0xc000_00cc, 'BAD_NETWORK_NAME'],
    FILE_CLOSED: [0xc000_0128, 0xc000_00d0, 'REQUEST_NOT_ACCEPTED'],
    PIPE_BROKEN: [0xc000_014b, 0xc000_00e5, 'INTERNAL_ERROR'],
    NO_SUCH_USER: [0xc000_0064, 0xc000_00f0, 'INVALID_PARAMETER_2'],
    FATAL_APP_EXIT: [0x4000_0015, 0xc000_00f4, 'INVALID_PARAMETER_6'],
  }
  for (const [name, [code, wrong, wrongIs]] of Object.entries(right)) {
    assert.equal(table[name], code, name)
    assert.equal(ntStatusName(code), `STATUS_${name}`)
    assert.equal(ntStatusName(wrong), `STATUS_${wrongIs}`)
    assert.ok(explainedStatuses.includes(name), name)
    if (explainedStatuses.includes(wrongIs)) assert.notEqual(explainStatus(code), explainStatus(wrong))
  }
})

test('what recorded servers have answered is explained', () => {
  const seen = [
    0x0000_0000, 0x0000_0103, 0x0000_010b, 0x0000_010c, 0x8000_0005, 0x8000_0006, 0xc000_0001, 0xc000_000d, 0xc000_000f,
    0xc000_0010, 0xc000_0011, 0xc000_0016, 0xc000_0022, 0xc000_0033, 0xc000_0034, 0xc000_0035, 0xc000_003a, 0xc000_0043,
    0xc000_0052, 0xc000_0055, 0xc000_0056, 0xc000_0064, 0xc000_006d, 0xc000_0072, 0xc000_007e, 0xc000_00b0, 0xc000_00ba,
    0xc000_00bb, 0xc000_00c9, 0xc000_00cc, 0xc000_00e5, 0xc000_0120, 0xc000_0128, 0xc000_019c, 0xc000_0203, 0xc000_0224,
    0xc000_0225, 0xc000_0234, 0xc000_0257, 0xc000_0467,
  ]
  const general = new Set([explainStatus(0xcfff_ffff), explainStatus(0x1fff_ffff)])
  assert.equal(general.size, 2)
  for (const code of seen) assert.ok(!general.has(explainStatus(code)), ntStatusName(code))
  // A signed number is the same code.
  assert.equal(explainStatus(0xc000_0022 | 0), explainStatus(0xc000_0022))
})

test('every status that the sources name is explained', () => {
  const root = new URL('../../src/', import.meta.url)
  const missing = new Set<string>()
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.includes('erref')) continue
    for (const [, name = ''] of readFileSync(new URL(file, root), 'utf8').matchAll(/\bNtStatus\.([A-Z][A-Z0-9_]*)/g))
      if (!explainedStatuses.includes(name)) missing.add(name)
  }
  assert.deepEqual([...missing], [])
})
