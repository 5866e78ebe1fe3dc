import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explain } from '../../src/trace/explain/explain.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { win32Errors } from '../../src/wire/erref/win32.ts'
import { kerberosErrors } from '../../src/wire/kerberos/error-codes.ts'
import { Sandbox } from './cli-program.ts'

const namesOf = (text: string): string[] => explain(text).explanations.map(({ name }) => name)

test('a code is understood in every way that people write it', () => {
  const ways: Record<string, readonly string[]> = {
    STATUS_LOGON_FAILURE: [
      '0xC000006D',
      'c000006d',
      'C000006Dh',
      '-1073741715',
      '3221225581',
      'STATUS_LOGON_FAILURE',
      'nt_status_logon_failure',
      'NTSTATUS 0xc000006d',
    ],
    STATUS_PENDING: ['0x103', '0x00000103', 'status_pending'],
    ERROR_BAD_NETPATH: ['53', 'System error 53', 'system error 53 has occurred.', '0x80070035', 'ERROR_BAD_NETPATH'],
    ERROR_LOGIN_WKSTA_RESTRICTION: ['System error 1240', '1240'],
    KDC_ERR_PREAUTH_FAILED: ['KDC_ERR_PREAUTH_FAILED', 'KRB5KDC_ERR_PREAUTH_FAILED', 'krb 24', '96c73a18', '24'],
    KRB_AP_ERR_SKEW: ['KRB_AP_ERR_SKEW', 'krb5 error 37', '-1765328347'],
  }
  for (const [name, texts] of Object.entries(ways))
    for (const text of texts) assert.deepEqual(namesOf(text), [name], text)
  assert.deepEqual(namesOf('5'), ['ERROR_ACCESS_DENIED', 'KDC_ERR_S_OLD_MAST_KVNO'], 'a bare number may be of either')
  assert.deepEqual(namesOf('access denied'), ['STATUS_ACCESS_DENIED', 'ERROR_ACCESS_DENIED'])
})

test('every Win32 error of the issue, and every error of Kerberos, says what to try', () => {
  for (const code of [5, 53, 59, 64, 67, 86, 1219, 1240, 1326, 1331, 1385, 1396, 1907, 1909])
    assert.equal(explain(`System error ${code}`).explanations[0]?.code, code)
  for (const { code, name, meaning, advice, from } of win32Errors) {
    assert.match(meaning, /^["A-Z].*\.$/, name)
    assert.notEqual(advice, '', name)
    for (const status of from) assert.ok(Object.hasOwn(NtStatus, status), `${name}: ${status}`)
    assert.equal(win32Errors.filter((other) => other.code === code).length, 1, name)
  }
  // What must not alarm has nothing to try.
  const harmless = kerberosErrors.filter(({ advice }) => advice === '').map(({ code }) => code)
  assert.deepEqual(harmless, [0, 25, 52, 91])
})

test('it says where the tables of others are wrong', () => {
  const mistakesOf = (text: string) => explain(text).explanations[0]?.mistakes.join(' ') ?? ''
  assert.match(mistakesOf('STATUS_PIPE_BROKEN'), /0xc00000e5 .* STATUS_INTERNAL_ERROR; 0xc000014b is right/)
  assert.match(mistakesOf('0xC00000E5'), /call 0xc00000e5 STATUS_PIPE_BROKEN.*STATUS_PIPE_BROKEN is 0xc000014b/)
  assert.equal(mistakesOf('STATUS_LOGON_FAILURE'), '')
})

test('what is nearly right is suggested', () => {
  assert.ok(explain('STATUS_LOGON_FAILUR').similar.includes('STATUS_LOGON_FAILURE'))
  assert.ok(explain('kdc_err_preauth_faild').similar.includes('KDC_ERR_PREAUTH_FAILED'))
  assert.ok(explain('sharing').similar.includes('STATUS_SHARING_VIOLATION'))
  assert.deepEqual(explain('qqqqqqqqqq'), { explanations: [], similar: [] })
  assert.deepEqual(explain('x'.repeat(100_000)), { explanations: [], similar: [] })
})

test('smbkit explain', async () => {
  await using sandbox = new Sandbox()
  const plain = await sandbox.smbkit(['explain', 'System', 'error', '1240'])
  assert.match(plain.stdout, /ERROR_LOGIN_WKSTA_RESTRICTION {2}Win32 error 1240\n[^]*signing/)
  const json = await sandbox.smbkit(['explain', '--json', '0xC000006D', 'nonsense'])
  const [first, second] = JSON.parse(json.stdout) as { explanations: { name: string }[] }[]
  assert.equal(first?.explanations[0]?.name, 'STATUS_LOGON_FAILURE')
  assert.deepEqual(second?.explanations, [])
  assert.equal(json.code, 1)
  const wrong = await sandbox.smbkit(['explain', 'STATUS_LOGON_FAILUR'])
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /did you mean .*STATUS_LOGON_FAILURE/)
})
