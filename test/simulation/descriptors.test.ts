/** Security descriptors: what is kept, handed down and allowed by them (MS-DTYP 2.5.3, MS-FSA 2.1.5.1, 2.1.5.17). */
import assert from 'node:assert/strict'
import {
  AccessMask,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  formatSddl,
  parseSddl,
} from '../../src/wire/dtyp/index.ts'
import { FileAttributes } from '../../src/wire/fscc/index.ts'
import {
  AdditionalInformation,
  CreateContextName,
  CreateOptions,
  type FileId,
  InfoType,
  QueryInfoResponse,
} from '../../src/wire/smb2/index.ts'
import { type Client, OTHER } from './client.ts'
import { close, create, queryInfo, setInfo, tryCreate } from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const { ACCESS_SYSTEM_SECURITY, DELETE, FILE_WRITE_DATA, MAXIMUM_ALLOWED, READ_CONTROL, WRITE_DAC, WRITE_OWNER } =
  AccessMask
const ALL = READ_CONTROL | WRITE_DAC | WRITE_OWNER | DELETE
const STRANGER = 'S-1-5-21-1-2-3-4'

const sidOf = (world: World, user: string): string => {
  const session = [...world.server.sessions.values()].find(({ identity }) => identity?.user === user)
  return session?.identity?.sid ?? assert.fail(`${user} has not logged on`)
}

async function sddlOf(client: Client, fileId: FileId, parts: number = AdditionalInformation.DACL): Promise<string> {
  const answer = await queryInfo(client, fileId, 0, { infoType: InfoType.SECURITY, additionalInformation: parts })
  return formatSddl(decodeSecurityDescriptor(succeeded(answer).body(QueryInfoResponse).outputBuffer))
}

const setSddl = (
  client: Client,
  fileId: FileId,
  text: string,
  parts: number = AdditionalInformation.DACL,
): Promise<Answer> =>
  setInfo(client, fileId, 0, encodeSecurityDescriptor(parseSddl(text)), {
    infoType: InfoType.SECURITY,
    additionalInformation: parts,
  })

const given = (text: string) => [
  { name: CreateContextName.SECURITY_DESCRIPTOR, data: encodeSecurityDescriptor(parseSddl(text)) },
]

/** What a file and a folder have that are made in a folder with this list. */
async function handedDown(client: Client, list: string): Promise<{ file: string; folder: string }> {
  const folder = { createOptions: CreateOptions.DIRECTORY_FILE, desiredAccess: ALL }
  const parent = await create(client, { name: 'parent', ...folder, createContexts: given(list) })
  const file = await create(client, { name: 'parent\\file', desiredAccess: ALL })
  const below = await create(client, { name: 'parent\\folder', ...folder })
  const told = { file: await sddlOf(client, file), folder: await sddlOf(client, below) }
  for (const open of [file, below, parent]) {
    succeeded(await setInfo(client, open, 13, Uint8Array.of(1)))
    succeeded(await close(client, open))
  }
  return told
}

scenario('what is made takes over the entries that are for it', {}, async (world) => {
  const client = await world.client()
  const me = sidOf(world, 'tester')
  assert.deepEqual(await handedDown(client, 'D:(A;OICI;FA;;;WD)'), {
    file: 'D:(A;;FA;;;WD)',
    folder: 'D:(A;OICI;FA;;;WD)',
  })
  // For files alone: a folder only hands it on.
  assert.deepEqual(await handedDown(client, 'D:(A;;FA;;;WD)(A;OI;FR;;;BU)(A;CI;FA;;;WD)'), {
    file: 'D:(A;;FR;;;BU)',
    folder: 'D:(A;OIIO;FR;;;BU)(A;CI;FA;;;WD)',
  })
  assert.deepEqual(await handedDown(client, 'D:(A;OICINP;FA;;;WD)'), {
    file: 'D:(A;;FA;;;WD)',
    folder: 'D:(A;;FA;;;WD)',
  })
  // Who makes it stands for CREATOR OWNER, and generic rights become what they mean; what is handed on stays.
  assert.deepEqual(await handedDown(client, 'D:(A;OICIIO;GA;;;CO)(A;OICI;FA;;;WD)'), {
    file: `D:(A;;FA;;;${me})(A;;FA;;;WD)`,
    folder: `D:(A;;FA;;;${me})(A;OICIIO;GA;;;CO)(A;OICI;FA;;;WD)`,
  })
})

scenario('inherited entries are marked where the folder takes part in inheriting', {}, async (world) => {
  const client = await world.client()
  // DACL_AUTO_INHERITED alone is not kept: it has to be asked for, too.
  assert.deepEqual(await handedDown(client, 'D:AI(A;OICI;FA;;;WD)'), {
    file: 'D:(A;;FA;;;WD)',
    folder: 'D:(A;OICI;FA;;;WD)',
  })
  assert.deepEqual(await handedDown(client, 'D:ARAI(A;OICI;FA;;;WD)'), {
    file: 'D:AI(A;ID;FA;;;WD)',
    folder: 'D:AI(A;OICIID;FA;;;WD)',
  })
})

scenario('below a folder that hands nothing down a file is its maker’s', {}, async (world) => {
  const client = await world.client()
  const me = sidOf(world, 'tester')
  const list = `D:(A;;FA;;;${me})(A;;FA;;;SY)`
  assert.deepEqual(await handedDown(client, 'D:(A;;FA;;;WD)'), { file: list, folder: list })
  const other = await world.client(OTHER)
  await create(client, {
    name: 'd',
    createOptions: CreateOptions.DIRECTORY_FILE,
    createContexts: given('D:(A;;FA;;;WD)'),
  })
  succeeded(await close(client, await create(client, { name: 'd\\mine' })))
  statusIs(await tryCreate(other, { name: 'd\\mine', desiredAccess: READ_CONTROL }), 'STATUS_ACCESS_DENIED')
  // Who may delete from the folder may delete it all the same.
  await create(other, { name: 'd\\mine', desiredAccess: DELETE })
})

scenario('a list that is given counts alone; none at all lets everybody in', {}, async (world) => {
  const client = await world.client()
  const other = await world.client(OTHER)
  const file = await create(client, { name: 'f', desiredAccess: ALL, createContexts: given('D:P(A;;GRGW;;;WD)') })
  assert.equal(await sddlOf(client, file), 'D:P(A;;0x12019f;;;WD)')
  statusIs(await tryCreate(other, { name: 'f', desiredAccess: WRITE_DAC }), 'STATUS_ACCESS_DENIED')
  succeeded(await setSddl(client, file, 'D:'))
  statusIs(await tryCreate(other, { name: 'f', desiredAccess: FILE_WRITE_DATA }), 'STATUS_ACCESS_DENIED')
  // The owner may still change it.
  await create(client, { name: 'f', desiredAccess: WRITE_DAC })
  succeeded(await setSddl(client, file, 'O:WD'))
  await create(other, { name: 'f', desiredAccess: WRITE_DAC })
})

scenario('nobody but administrators makes strangers owners', { administrators: ['tester'] }, async (world) => {
  const boss = await world.client()
  const other = await world.client(OTHER)
  const mine = sidOf(world, OTHER.user)
  const { OWNER, SACL } = AdditionalInformation
  const file = await create(other, { name: 'f', desiredAccess: ALL })
  statusIs(await setSddl(other, file, `O:${STRANGER}`, OWNER), 'STATUS_INVALID_OWNER')
  // A group that one is in may own as well.
  succeeded(await setSddl(other, file, 'O:AU', OWNER))
  statusIs(await setSddl(other, file, 'O:BA', OWNER), 'STATUS_INVALID_OWNER')
  succeeded(await setSddl(other, file, `O:${mine}`, OWNER))
  const foreign = { name: 'g', desiredAccess: ALL, createContexts: given(`O:${STRANGER}D:(A;;FA;;;WD)`) }
  statusIs(await tryCreate(other, foreign), 'STATUS_INVALID_OWNER')
  statusIs(await tryCreate(other, { name: 'g', createDisposition: 1 }), 'STATUS_OBJECT_NAME_NOT_FOUND')
  // An administrator takes what is closed to everybody, and gives it away.
  succeeded(await setSddl(other, file, 'D:'))
  succeeded(await close(other, file))
  statusIs(await tryCreate(boss, { name: 'f', desiredAccess: READ_CONTROL }), 'STATUS_ACCESS_DENIED')
  const taken = await create(boss, { name: 'f', desiredAccess: WRITE_OWNER })
  succeeded(await setSddl(boss, taken, `O:${STRANGER}`, OWNER))
  // Audit lists are theirs alone.
  const audits = { name: 'audited', desiredAccess: ACCESS_SYSTEM_SECURITY | MAXIMUM_ALLOWED }
  statusIs(await tryCreate(other, audits), 'STATUS_PRIVILEGE_NOT_HELD')
  const audited = await create(boss, audits)
  succeeded(await setSddl(boss, audited, 'S:(AU;SAFA;FA;;;WD)', SACL))
  assert.equal(await sddlOf(boss, audited, SACL), 'S:(AU;SAFA;FA;;;WD)')
  const plain = await create(boss, { name: 'audited', desiredAccess: READ_CONTROL })
  statusIs(
    await queryInfo(boss, plain, 0, { infoType: InfoType.SECURITY, additionalInformation: SACL }),
    'STATUS_ACCESS_DENIED',
  )
})

scenario('nothing is encrypted for a client', {}, async (world) => {
  const client = await world.client()
  const fileAttributes = FileAttributes.ENCRYPTED
  statusIs(await tryCreate(client, { name: 'f', fileAttributes }), 'STATUS_ACCESS_DENIED')
  succeeded(await tryCreate(client, { name: 'f' }))
  statusIs(await tryCreate(client, { name: 'f', fileAttributes, createDisposition: 5 }), 'STATUS_ACCESS_DENIED')
})
