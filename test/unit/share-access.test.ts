import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Identity } from '../../src/auth/mechanism.ts'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { unixUserOf } from '../../src/server/acting-user.ts'
import { ServerCore } from '../../src/server/server-core.ts'
import { Share } from '../../src/server/share.ts'
import { shareAccess } from '../../src/server/share-access.ts'
import { FILE_ALL_ACCESS } from '../../src/wire/dtyp/index.ts'

const server = new ServerCore({ name: 'FILES', accounts: { find: () => undefined }, shares: [] })
const person = (user: string, domain: string, more: Partial<Identity> = {}): Identity => ({
  kind: 'user',
  user,
  domain,
  sid: 'S-1-5-21-1-2-3-1000',
  groupSids: [],
  ...more,
})
const ours = person('Anna', 'FILES')
const theirs = person('anna', 'EXAMPLE', { isOfDomain: true })
const guest = person('anna', 'FILES', { kind: 'guest' })

const access = (identity: Identity, options: object): number =>
  shareAccess({ server, identity }, new Share({ name: 'a', backend: memoryBackend(), ...options }))

test('a name means an account of the server, or of the domain that is named', () => {
  for (const [names, who] of [
    [['anna'], ours],
    [['files\\anna'], ours],
    [['x', 'example\\ANNA'], theirs],
  ] as const)
    assert.equal(access(who, { users: names }), FILE_ALL_ACCESS, String(names))
  for (const [names, who] of [
    [['anna'], theirs],
    [['FILES\\anna'], theirs],
    [['EXAMPLE\\anna'], ours],
    [['OTHER\\anna'], theirs],
    [['anna'], guest],
    [[], ours],
  ] as const)
    assert.equal(access(who, { users: names }), 0, `${String(names)} and ${who.domain}\\${who.user}`)
})

test('so do permissions', () => {
  const permissions = { anna: 'full', 'EXAMPLE\\anna': 'read' } as const
  const [full, read] = [access(ours, { permissions }), access(theirs, { permissions })]
  assert.equal(full, FILE_ALL_ACCESS)
  assert.ok(read !== 0 && read !== full)
})

test('a user of a domain is nobody of the machine that is called so', () => {
  assert.equal(unixUserOf(person('root', 'EXAMPLE', { isOfDomain: true })), 'EXAMPLE\\root')
  assert.equal(unixUserOf(ours), 'Anna')
  assert.equal(unixUserOf({ ...theirs, unixUser: 'smb' }), 'smb')
  assert.equal(unixUserOf(guest), 'nobody')
})
