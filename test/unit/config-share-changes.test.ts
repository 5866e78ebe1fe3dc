import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from '../../src/config/config-error.ts'
import type { ShareSettings } from '../../src/config/settings.ts'
import {
  changesBetween,
  readShareChanges,
  type ShareChanges,
  withChanges,
  writeShareChanges,
} from '../../src/config/share-changes.ts'

const place = 'smbkit.yaml:1:1'
const link = (path: string, ...targets: string[]) => ({ path, targets })
const configured: readonly ShareSettings[] = [
  { name: 'Files', path: '/srv/files', comment: 'all', users: ['anna'], place },
  { name: 'old', path: '/srv/old', place },
  { name: 'Teams', dfs: { comment: 'teams', links: [link('a', '\\\\s\\a'), link('b', '\\\\s\\b')] }, place },
]

/** Written to a file and read again. */
function stored(offered: Parameters<typeof changesBetween>[1]) {
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-changes-'))
  const file = join(folder, 'changes.yaml')
  try {
    writeShareChanges(file, changesBetween(configured, offered))
    assert.equal(statSync(file).mode & 0o777, 0o600)
    return readShareChanges(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [files, old, teams] = configured as [ShareSettings, ShareSettings, ShareSettings]
const offered = [
  { ...files, comment: 'no: "x" # y', maxUses: 3, securityDescriptor: 'D:(A;;FR;;;WD)' },
  { ...teams, dfs: { ...teams.dfs, links: [link('b', '\\\\s\\b', '\\\\t\\b'), link('c\\d', '\\\\s\\c')] } },
  { name: '007', path: '/srv/true', accessBasedEnumeration: true },
]

test('changes that are written are read again, and make of the config file what was offered', () => {
  const { shares, notes } = withChanges(configured, stored(offered), 'F')
  assert.deepEqual(notes, ['the share old is not offered: an administrator has removed it (F)'])
  const [first, second, third] = shares
  assert.deepEqual(first, { ...offered[0], place })
  assert.deepEqual(
    second?.dfs?.links?.map(({ path, targets }) => [path, targets.length]),
    [
      ['b', 2],
      ['c\\d', 1],
    ],
  )
  assert.equal(second?.dfs?.comment, 'teams')
  assert.deepEqual(third, { ...offered[2], place: 'F: the share 007' })
  assert.deepEqual(changesBetween(configured, shares), stored(offered))
  assert.deepEqual(changesBetween(configured, configured), {})
})

test('where the config file says something else by now, that counts, each part for itself', () => {
  const now: readonly ShareSettings[] = [
    { ...files, comment: 'other', maxUses: 3 },
    { ...old, path: '/srv/another' },
    { ...teams, dfs: { links: [link('a', '\\\\s\\changed'), link('b', '\\\\s\\b')] } },
    { name: '007', path: '/srv/own', place },
  ]
  const { shares, notes } = withChanges(now, stored(offered), 'F')
  assert.deepEqual(notes, [
    'the share Files: comment is as the config file says by now, and not as an administrator has set it',
    'the share old, which an administrator had removed, is another one now',
    'the share Teams: link a is as the config file says by now, and not as an administrator has set it',
    'the share 007 is that of the config file, and not the one that an administrator has added (F)',
  ])
  assert.deepEqual(shares[0], { ...now[0], securityDescriptor: 'D:(A;;FR;;;WD)' })
  assert.deepEqual(shares[2]?.dfs?.links?.map(({ path }) => path).toSorted(), ['a', 'b', 'c\\d'])
  assert.equal(shares.length, 4)
})

test('links that cannot be together leave the share as the config file says, and are told', () => {
  const to = (path: string) => ({ targets: [{ path }] })
  const at = to('\\\\s\\x')
  const impossible: readonly (readonly [NonNullable<ShareChanges['changed']>, RegExp])[] = [
    [{ Teams: { was: {}, now: { links: { 'a\\below': at } } } }, /a\\below lies in the link a/],
    [{ Teams: { was: { links: { c: at, C: at } }, now: {} } }, /two links are called C/],
    [{ Teams: { was: {}, now: { links: { '': at } } } }, /"" cannot be the path of a link/],
    [{ Teams: { was: {}, now: { links: { c: to('nowhere') } } } }, /a target is/],
  ]
  for (const [changed, why] of impossible) {
    const { shares, notes } = withChanges(configured, { changed }, 'F')
    assert.deepEqual(shares, configured)
    assert.equal(notes.length, 1)
    assert.match(notes[0] ?? '', /^the share Teams is as the config file says, and not as an administrator/)
    assert.match(notes[0] ?? '', why)
  }
})

test('of shares that are added under one name only the first is offered', () => {
  const { shares, notes } = withChanges([], { added: { one: { path: '/srv/1' }, ONE: { path: '/srv/2' } } }, 'F')
  assert.deepEqual(shares, [{ name: 'one', path: '/srv/1', place: 'F: the share one' }])
  assert.deepEqual(notes, ['the share ONE is not offered: an administrator has added another of that name (F)'])
})

test('the case of a link says nothing: it is the same link', () => {
  const changes = changesBetween(configured, [
    files,
    old,
    { ...teams, dfs: { ...teams.dfs, links: [link('b', '\\\\s\\b')] } },
  ])
  const now: readonly ShareSettings[] = [
    files,
    old,
    { ...teams, dfs: { links: [link('A', '\\\\s\\a'), link('B', '\\\\s\\b')] } },
  ]
  const { shares, notes } = withChanges(now, changes, 'F')
  assert.deepEqual(notes, [])
  assert.deepEqual(
    shares[2]?.dfs?.links?.map(({ path }) => path),
    ['B'],
  )
  assert.deepEqual(changesBetween(configured, [files, old, { ...teams, dfs: now[2]?.dfs ?? {} }]), {})
})

test('a file that is wrong is told of with its place; one that is not there is empty', () => {
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-changes-'))
  try {
    assert.deepEqual(readShareChanges(join(folder, 'none')), {})
    const file = join(folder, 'changes.yaml')
    const refused = (text: string, message: RegExp) => {
      writeFileSync(file, text)
      assert.throws(
        () => readShareChanges(file),
        (error) => error instanceof ConfigError && message.test(error.message),
      )
    }
    refused('added:\n  a/b: { path: /x }\n', /changes\.yaml:2:3: added\.a\/b: /)
    refused('added:\n  a: { comment: x }\n', /changes\.yaml:2:6: added\.a\.path: must be the path of a folder/)
    refused('changed:\n  a: { was: {}, now: { securityDescriptor: X } }\n', /:2:\d+: .*is no SDDL/)
    refused('# '.repeat(600_000), /larger than/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
