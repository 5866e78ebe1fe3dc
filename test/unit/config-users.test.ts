import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { filetimeFromDate } from '../../src/bytes/filetime.ts'
import { fromHex } from '../../src/bytes/hex.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { formatHours, parseHours } from '../../src/config/logon-hours.ts'
import { changeUsers, readUsers, type User, UserList, userNameProblem } from '../../src/config/users-file.ts'

const hash = '8846f7eaee8fb117ad06bdd830b7586c'
const user = (name: string, enabled = true): User => ({ name, enabled, ntHash: fromHex(hash) })

function withFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-users-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const result = body(folder)
    if (result instanceof Promise) return result.finally(remove) as T
    remove()
    return result
  } catch (error) {
    remove()
    throw error
  }
}

test('a users file is read, and written with its comments as they were', () => {
  const text = `# family\nanna:enabled:${hash}\n\n# left\nbernd:disabled:${hash.toUpperCase()}\n`
  const list = UserList.parse('users', text)
  assert.deepEqual(
    list.users.map(({ name, enabled }) => [name, enabled]),
    [
      ['anna', true],
      ['bernd', false],
    ],
  )
  assert.equal(list.find('ANNA')?.name, 'anna')
  assert.equal(Buffer.from(list.find('bernd')?.ntHash ?? []).toString('hex'), hash)
  list.set(user('Bernd'))
  list.set(user('clara'))
  assert.equal(list.remove('anna'), true)
  assert.equal(list.remove('anna'), false)
  assert.equal(list.format(), `# family\n\n# left\nBernd:enabled:${hash}\nclara:enabled:${hash}\n`)
  assert.deepEqual(UserList.parse('users', list.format()).users, list.users)
})

test('terms stand behind the hash, and are written as they are read', () => {
  const terms = [
    'expiresAt=2027-01-31;passwordExpiresAt=2026-12-24T18:00:00Z;mustChangePassword=yes;mayUseNetwork=no',
    'logonHours=Mon-Fri 8-12, Mon-Fri 13-18, Sat 9-12;workstations=PC1,PC2;groups=staff,Backup Operators,S-1-5-32-544',
    `unixUser=anna_b;lmHash=${hash}`,
  ].join(';')
  const text = `anna:enabled:${hash}:${terms}\n`
  const list = UserList.parse('users', text)
  assert.equal(list.format(), text)
  const found = list.find('anna')?.terms
  assert.deepEqual(found?.groups, ['staff', 'Backup Operators', 'S-1-5-32-544'])
  assert.equal(found?.expiresAt, filetimeFromDate(new Date('2027-01-31T00:00:00Z')))
  const hours = found?.logonHours ?? []
  const isAllowed = (day: number, hour: number) => ((hours[day * 3 + (hour >> 3)] ?? 0) & (1 << (hour & 7))) !== 0
  const asked = [
    isAllowed(0, 10),
    isAllowed(1, 7),
    isAllowed(1, 8),
    isAllowed(5, 17),
    isAllowed(5, 18),
    isAllowed(6, 9),
  ]
  assert.deepEqual(asked, [false, false, true, true, false, true])
})

test('hours over the end of the week, and all of them', () => {
  for (const hours of ['Sat-Sun 0-24', 'Sun-Sat 0-24', 'Fri 23-24', 'Sun 0-1, Sat 23-24']) {
    const bits = parseHours(hours)
    assert.ok(bits)
    assert.deepEqual(parseHours(formatHours(bits)), bits)
  }
  assert.equal(formatHours(parseHours('Fri-Mon 5-6') ?? new Uint8Array(21)), 'Sun-Mon 5-6, Fri-Sat 5-6')
  for (const wrong of ['', 'Mon', 'Mon 8', 'Mon 9-8', 'Mon 8-25', 'Moon 8-9', 'Mon 8-9;'])
    assert.equal(parseHours(wrong), undefined)
})

const wrong: readonly (readonly [text: string, message: RegExp])[] = [
  ['anna', /^users:1: must be name:enabled:hash or name:disabled:hash/],
  [`anna:enabled:${hash}:expires=2027-01-01`, /^users:1: anna: the terms have no "expires"$/],
  [`anna:enabled:${hash}:expiresAt=soon`, /^users:1: anna: expiresAt must be a date as 2027-01-31, or/],
  [`anna:enabled:${hash}:groups=a;groups=b`, /^users:1: anna: groups is there twice$/],
  [`anna:enabled:${hash}:lmHash=secret`, /^users:1: anna: lmHash must be a hash of 32 hexadecimal digits$/],
  [`\nanna:on:${hash}`, /^users:2: anna must be enabled or disabled$/],
  ['anna:enabled:secret', /^users:1: the NT hash of anna must be 32 hexadecimal digits$/],
  [`anna:enabled:${hash}:x`, /^users:1: anna: the terms have no ""$/],
  [`an/na:enabled:${hash}`, /^users:1: a user name cannot have "\/" in it$/],
  [`:enabled:${hash}`, /^users:1: a user needs a name$/],
  [`a:enabled:${hash}\nA:enabled:${hash}`, /^users:2: this user is there already$/],
]

for (const [text, message] of wrong) {
  test(`a wrong line is refused: ${JSON.stringify(text.replaceAll(hash, 'HASH'))}`, () => {
    assert.throws(
      () => UserList.parse('users', text),
      (error) => error instanceof ConfigError && message.test(error.message) && !error.message.includes('secret'),
    )
  })
}

test('names that accounts cannot have', () => {
  for (const name of ['', ' ', ' a', 'a ', 'a:b', 'a\\b', 'a@b', '#a', 'a\nb', 'x'.repeat(65)])
    assert.notEqual(userNameProblem(name), undefined, JSON.stringify(name))
  for (const name of ['anna', 'Jörg Müller', 'a.b', 'pc$', 'x'.repeat(64)])
    assert.equal(userNameProblem(name), undefined, name)
})

test('a change makes a file that only its owner can read, and leaves nothing beside it', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'users')
    await assert.rejects(
      changeUsers(file, (users) => users.set(user('anna'))),
      /no such file/,
    )
    assert.equal(existsSync(file), false)
    await changeUsers(file, (users) => users.set(user('anna')), { create: true })
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readUsers(file).users, [user('anna')])
    await changeUsers(file, (users) => users.set(user('bernd', false)))
    assert.equal(readUsers(file).users.length, 2)
    assert.equal(existsSync(`${file}.new`), false)
  }))

test('a change that fails leaves the old file', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'users')
    await changeUsers(file, (users) => users.set(user('anna')), { create: true })
    const before = readFileSync(file, 'utf8')
    const failing = changeUsers(file, (users) => {
      users.remove('anna')
      throw new ConfigError('no')
    })
    await assert.rejects(failing, /^ConfigError: no$/)
    assert.equal(readFileSync(file, 'utf8'), before)
    assert.equal(existsSync(`${file}.new`), false)
  }))

test('changes at the same time are all kept', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'users')
    const names = Array.from({ length: 20 }, (_, i) => `user${i}`)
    await Promise.all(
      names.map((name) => changeUsers(file, (users) => users.set(user(name)), { create: true, timeoutMs: 20_000 })),
    )
    assert.deepEqual(
      readUsers(file)
        .users.map(({ name }) => name)
        .toSorted(),
      names.toSorted(),
    )
  }))

test('a draft that somebody left behind is named', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'users')
    writeFileSync(`${file}.new`, '')
    const change = changeUsers(file, () => undefined, { create: true, timeoutMs: 0 })
    await assert.rejects(change, /is being changed by another command \(if none is running, remove .*users\.new\)$/)
    assert.equal(existsSync(`${file}.new`), true)
  }))

test('a link to the users file stays a link', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'real')
    const link = join(folder, 'users')
    await changeUsers(file, (users) => users.set(user('anna')), { create: true })
    symlinkSync(file, link)
    await changeUsers(link, (users) => users.set(user('bernd')))
    assert.equal(lstatSync(link).isSymbolicLink(), true)
    assert.equal(readUsers(file).users.length, 2)
  }))

test('a users file that cannot be used: one sentence', () =>
  withFolder((folder) => {
    const file = join(folder, 'users')
    assert.throws(() => readUsers(file), /users: cannot read the users file: there is no such file$/)
    assert.throws(() => readUsers(folder), /cannot read the users file: it is not a file$/)
  }))

test(
  'a users file that others can read is refused',
  { skip: process.platform === 'win32' && 'Windows has no file modes' },
  () =>
    withFolder((folder) => {
      const file = join(folder, 'users')
      writeFileSync(file, `anna:enabled:${hash}\n`)
      for (const mode of [0o640, 0o604, 0o620, 0o610]) {
        chmodSync(file, mode)
        const shown = new RegExp(`its mode is 0${mode.toString(8)}\\): chmod 600 it$`)
        assert.throws(() => readUsers(file), shown)
      }
      chmodSync(file, 0o400)
      assert.equal(readUsers(file).users.length, 1)
    }),
)
