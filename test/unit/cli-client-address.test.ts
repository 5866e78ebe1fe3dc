import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { displayAddress, isAddress, parseAddress, parseShareAddress } from '../../src/cli/client/address.ts'
import { parseCredentials, readCredentialsFile, splitUser } from '../../src/cli/client/credentials-file.ts'
import { sentence } from '../../src/cli/report.ts'
import { withFolder } from '../peers/content.ts'

test('addresses: every spelling of them', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['//nas/docs', { host: 'nas', share: 'docs', path: '' }],
    ['//nas', { host: 'nas', path: '' }],
    ['//nas/', { host: 'nas', path: '' }],
    ['\\\\nas\\docs\\a b\\c', { host: 'nas', share: 'docs', path: 'a b/c' }],
    ['//nas/docs\\a//b/./c/', { host: 'nas', share: 'docs', path: 'a/b/c' }],
    ['//nas/docs/a/../b', { host: 'nas', share: 'docs', path: 'b' }],
    ['//nas/docs/100%', { host: 'nas', share: 'docs', path: '100%' }],
    ['//nas:4450/docs', { host: 'nas', port: 4450, share: 'docs', path: '' }],
    ['smb://nas/docs/a%20b%25', { host: 'nas', share: 'docs', path: 'a b%' }],
    [
      'SMB://WORK;anna@nas:4450/docs',
      { domain: 'WORK', user: 'anna', host: 'nas', port: 4450, share: 'docs', path: '' },
    ],
    ['smb://anna%40example.org@nas/docs', { user: 'anna@example.org', host: 'nas', share: 'docs', path: '' }],
    ['smb://[fe80::1]:445/docs', { host: 'fe80::1', port: 445, share: 'docs', path: '' }],
    ['//[::1]/docs/*.txt', { host: '::1', share: 'docs', path: '*.txt' }],
  ]
  for (const [text, expected] of cases) {
    assert.ok(isAddress(text), text)
    assert.deepEqual(parseAddress(text), expected, text)
  }
  for (const text of ['/etc/passwd', 'docs', './x', 'C:\\x', 'http://nas/docs'])
    assert.equal(isAddress(text), false, text)
})

test('addresses that are none', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['nas/docs', /^An address is smb:/],
    ['smb://', /names a host/],
    ['smb:///docs', /names a host/],
    ['//:445/docs', /names a host/],
    ['smb://nas:0/docs', /^A port is a number from 1 to 65535\.$/],
    ['smb://nas:445x/docs', /names a host, and a port/],
    ['smb://nas/docs/..', /leads out of the share/],
    ['//nas/docs/a/../../b', /leads out of the share/],
    ['//nas/../docs', /no share is called \.\./],
    ['smb://nas/docs/a%2fb', /cannot have a separator or NUL/],
    ['smb://nas/docs/a%00b', /cannot have a separator or NUL/],
    ['//nas/docs/a\0b', /cannot have a separator or NUL/],
    ['smb://nas/docs/100%', /%25 is % itself/],
    ['smb://nas/docs/%ff', /%25 is % itself/],
    ['//anna@nas/docs', /a user only as smb:\/\/USER@HOST/],
  ]
  for (const [text, problem] of cases) assert.throws(() => parseAddress(text), { message: problem }, text)
  assert.throws(() => parseShareAddress('//nas:4450'), { message: '//nas:4450: a share is missing: //nas/SHARE' })
})

test('a password in an address is refused, and is not in the refusal', () => {
  for (const text of [
    'smb://anna:s3cret@nas/docs',
    'smb://W;anna:s3cret@nas',
    '//anna:s3cret@nas/x',
    'smb://a:s3@cret@n/x',
  ])
    assert.throws(
      () => parseAddress(text),
      (error) => /has no password in it|names a host/.test(sentence(error)) && !/s3|cret/.test(sentence(error)),
    )
})

test('an address for people has no user in it', () => {
  assert.equal(displayAddress(parseAddress('smb://W;anna@nas:4450/docs/a%20b')), '//nas:4450/docs/a b')
  assert.equal(displayAddress(parseAddress('smb://anna@[::1]/')), '//[::1]')
})

test('credentials files, as smbclient and mount.cifs write them', () => {
  assert.deepEqual(parseCredentials('username = anna\npassword = s3 cret = x \ndomain = WORK\n'), {
    user: 'anna',
    password: 's3 cret = x ',
    domain: 'WORK',
  })
  assert.deepEqual(parseCredentials('\ufeff  user=anna\r\npass=p%a;s"s\r\nworkgroup=W\r\n'), {
    user: 'anna',
    password: 'p%a;s"s',
    domain: 'W',
  })
  assert.deepEqual(parseCredentials('# username = x\nUSERNAME=WORK\\anna\nuid=1000\nnonsense\n'), {
    user: 'anna',
    domain: 'WORK',
  })
  assert.deepEqual(parseCredentials('password=\n'), { password: '' })
  assert.deepEqual(parseCredentials(''), {})
  assert.deepEqual(splitUser('anna@example.org'), { user: 'anna@example.org' })
  assert.deepEqual(splitUser('WORK/anna'), { domain: 'WORK', user: 'anna' })
})

test('a credentials file that others can read is told, one that cannot be read is a sentence', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'credentials')
    writeFileSync(file, 'username=anna\npassword=s3cret\n', { mode: 0o600 })
    assert.equal(readCredentialsFile(file).note, undefined)
    chmodSync(file, 0o644)
    assert.equal(readCredentialsFile(file).note, `${file} can be read by others: chmod 600 ${file}`)
    assert.throws(() => readCredentialsFile(folder), {
      message: `${folder}: cannot read the credentials: is a folder, not a file`,
    })
    assert.throws(() => readCredentialsFile(join(folder, 'none')), {
      message: /cannot read the credentials: there is no such file$/,
    })
  })
})
