import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { Sandbox } from './cli-program.ts'
import { needsTerminal, typeAt } from './cli-terminal.ts'

/** MD4 of "password" in UTF-16LE. */
const hashOfPassword = '8846f7eaee8fb117ad06bdd830b7586c'

test('users are added, listed, disabled, enabled and removed', async () => {
  await using sandbox = new Sandbox()
  const file = sandbox.path('users')
  const user = (verb: string, ...args: string[]) =>
    sandbox.smbkit(['user', verb, ...args, '--users', file], 'password\n')
  const added = await user('add', 'anna', '--password-stdin')
  assert.deepEqual([added.code, added.output], [0, `${file}: anna added\n`])
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.match(readFileSync(file, 'utf8'), new RegExp(`^anna:enabled:${hashOfPassword}$`, 'm'))
  assert.equal((await user('add', 'Bernd Müller', '--password-stdin')).code, 0)
  assert.match((await user('add', 'ANNA', '--password-stdin')).stdout, /ANNA has a new password/)
  assert.equal((await user('disable', 'Anna')).code, 0)
  assert.equal((await user('list')).stdout, 'anna          disabled\nBernd Müller  enabled\n')
  assert.deepEqual(JSON.parse((await user('list', 'anna', '--json')).stdout), [{ name: 'anna', enabled: false }])
  assert.equal((await user('enable', 'anna')).code, 0)
  assert.equal((await user('list', 'anna')).stdout, 'anna  enabled\n')
  assert.equal((await user('remove', 'anna')).code, 0)
  assert.equal((await user('list')).stdout, 'Bernd Müller  enabled\n')
})

test('terms of a user are set, shown and taken back; a new password ends what was said of the old one', async () => {
  await using sandbox = new Sandbox()
  const file = sandbox.path('users')
  const user = async (verb: string, ...args: string[]) => {
    const { code, output } = await sandbox.smbkit(['user', verb, ...args, '--users', file], 'password\n')
    assert.equal(code, 0, output)
    return output
  }
  await user('add', 'anna', '--password-stdin', '--lm-hash')
  assert.match(
    readFileSync(file, 'utf8'),
    new RegExp(`${hashOfPassword}:lmHash=e52cac67419a9a224a3b108f3fa6cb6d$`, 'm'),
  )
  await user(
    'set',
    'anna',
    '--must-change',
    'yes',
    '--groups',
    'staff',
    '--hours',
    'Mon-Fri 8-18',
    '--expires',
    '2027-01-31',
  )
  const shown = 'expiresAt=2027-01-31  mustChangePassword=yes  logonHours=Mon-Fri 8-18  groups=staff'
  assert.equal(await user('list'), `anna  enabled  ${shown}\n`)
  await user('set', 'anna', '--hours', '')
  await user('add', 'anna', '--password-stdin')
  assert.equal(await user('list'), 'anna  enabled  expiresAt=2027-01-31  groups=staff\n')
  const wrong = await sandbox.smbkit(['user', 'set', 'anna', '--hours', 'noon', '--users', file])
  assert.match(wrong.stderr, /^smbkit: --hours <hours>: must be hours as Mon-Fri 8-18, Sat 9-12\n$/)
})

test('without --users the file is where a user keeps settings', async () => {
  await using sandbox = new Sandbox()
  const added = await sandbox.smbkit(['user', 'add', 'anna', '--password-stdin'], 'password')
  assert.equal(added.code, 0, added.output)
  assert.equal(statSync(sandbox.path('config/smbkit')).mode & 0o777, 0o700)
  assert.equal(statSync(sandbox.path('config/smbkit/users')).mode & 0o777, 0o600)
})

test('what cannot be is one sentence and exit code 1', async () => {
  await using sandbox = new Sandbox()
  const file = sandbox.path('users')
  const fails = async (args: readonly string[], message: RegExp, input = '') => {
    const { code, stdout, stderr } = await sandbox.smbkit(['user', ...args], input)
    assert.equal(code, 1, stdout)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n {4}at |secret/)
  }
  await fails(['add', 'anna', '--users', file], /^smbkit: standard input is no terminal .*: use --password-stdin\n$/)
  await fails(
    ['add', 'a/b', '--users', file, '--password-stdin'],
    /^smbkit: a user name cannot have "\/" in it\n$/,
    'x',
  )
  await fails(['add', 'anna', '--users', file, '--password-stdin'], /^smbkit: a password cannot be empty\n$/, '\n')
  await fails(['add', 'anna', '--users', file, '--password-stdin'], /more than one line/, 'secret\nsecret\n')
  await fails(['add', 'anna', '--users', file, '--password-stdin'], /at most 256 characters/, 'secret'.repeat(50))
  assert.equal(existsSync(file), false)
  await fails(['list', '--users', file], /users: cannot read the users file: there is no such file\n$/)
  await fails(['remove', 'anna', '--users', file], /users: cannot read the users file: there is no such file\n$/)
  await fails(
    ['add', 'anna', '--users', sandbox.path('no/users'), '--password-stdin'],
    /its folder is not there\n$/,
    'x',
  )
  assert.equal((await sandbox.smbkit(['user', 'add', 'anna', '--users', file, '--password-stdin'], 'x')).code, 0)
  await fails(['disable', 'bernd', '--users', file], /users: there is no user bernd\n$/)
  await fails(['list', 'bernd', '--users', file], /users: there is no user bernd\n$/)
  await fails(['add', 'anna', 'secret', '--users', file], /too many arguments/)
  await fails(['add', 'anna', '--password', 'secret', '--users', file], /unknown option '--password'/)
  if (process.platform === 'win32') return
  chmodSync(file, 0o644)
  await fails(
    ['list', '--users', file],
    /others can reach the password hashes in it \(its mode is 0644\): chmod 600 it\n$/,
  )
})

test('a password that is typed is asked for twice and never shown', needsTerminal(), async () => {
  await using sandbox = new Sandbox()
  const file = sandbox.path('users')
  const args = ['user', 'add', 'anna', '--users', file]
  const typed = await typeAt(sandbox, args, ['password\r', 'password\r'], /again: |for anna: /g)
  assert.equal(typed.code, 0, typed.output)
  assert.doesNotMatch(typed.output, /password/)
  assert.match(readFileSync(file, 'utf8'), new RegExp(`^anna:enabled:${hashOfPassword}$`, 'm'))
  const different = await typeAt(sandbox, args, ['secret\r', 'other\r'], /again: |for anna: /g)
  assert.equal(different.code, 1)
  assert.match(different.output, /the two passwords are not the same/)
  assert.doesNotMatch(different.output, /secret/)
  const broken = await typeAt(sandbox, args, ['sec\u0003'], /for anna: /g)
  assert.equal(broken.code, 1)
  assert.match(broken.output, /no password was given/)
})
