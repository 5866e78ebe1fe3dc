import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Identity } from '../../src/auth/mechanism.ts'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { fileSecurity, setFileSecurity } from '../../src/server/file-security.ts'
import { ServerCore } from '../../src/server/server-core.ts'
import { run } from '../../src/server/steps.ts'
import {
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  formatSddl,
  parseSddl,
  SecurityInformation,
  WellKnownSid,
} from '../../src/wire/dtyp/index.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'

const { ATTRIBUTE, DACL, LABEL, OWNER, SACL, SCOPE } = SecurityInformation
const backend = memoryBackend({ files: { a: '', b: '' } })
const server = new ServerCore({ accounts: { find: () => undefined }, shares: [{ name: 'data', backend }] })
const identity: Identity = { kind: 'user', user: 'anna', domain: '', sid: 'S-1-5-21-1-2-3-1000', groupSids: [] }
const administrator: Identity = { ...identity, groupSids: [WellKnownSid.BUILTIN_ADMINISTRATORS] }
const file = (who: Identity, path = 'a') => ({ server, identity: who, shareName: 'data', path })
const descriptor = (sddl: string) => encodeSecurityDescriptor(parseSddl(sddl))

test('each part of a descriptor takes the right that it takes of who has the file open', async () => {
  const statusOf = async (...named: Parameters<typeof fileSecurity>) => {
    const read = await run(fileSecurity(...named))
    return failed(read) ? read.status : NtStatus.SUCCESS
  }
  // Everybody may read what the descriptor of one says, and of the other nobody.
  for (const [path, dacl] of [
    ['a', 'O:SYD:(A;;RC;;;WD)'],
    ['b', 'O:SYD:(A;;0x1;;;WD)'],
  ] as const)
    assert.equal(await run(setFileSecurity(file(administrator, path), OWNER | DACL, descriptor(dacl))), undefined)
  for (const part of [OWNER, DACL, LABEL]) {
    assert.equal(await statusOf(file(identity), part), 0, String(part))
    assert.equal(await statusOf(file(administrator, 'b'), part), NtStatus.ACCESS_DENIED, String(part))
  }
  for (const part of [SACL, ATTRIBUTE, SCOPE]) {
    assert.equal(await statusOf(file(identity), part), NtStatus.ACCESS_DENIED, String(part))
    assert.equal(await statusOf(file(administrator, 'b'), part), 0, String(part))
  }
  for (const part of [OWNER, DACL, LABEL, SACL, ATTRIBUTE, SCOPE]) {
    const set = await run(setFileSecurity(file(identity), part, descriptor('D:(A;;FA;;;WD)')))
    assert.ok(failed(set) && set.status === NtStatus.ACCESS_DENIED, String(part))
  }
})

test('who names no part changes nothing, and needs no right for it', async () => {
  const dacl = async () => {
    const read = await run(fileSecurity(file(identity), DACL))
    return failed(read) ? read : formatSddl(decodeSecurityDescriptor(read))
  }
  const before = await dacl()
  assert.equal(await run(setFileSecurity(file(identity), 0, new Uint8Array(3))), undefined)
  assert.deepEqual(await dacl(), before)
})
