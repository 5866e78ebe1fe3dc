/** A share that is the root of a namespace (MS-SMB2 3.3.5.4, 3.3.5.7, 3.3.5.9, 3.3.5.15.2; MS-DFSC 3.2). */
import assert from 'node:assert/strict'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { ShareOptions } from '../../src/server/index.ts'
import { GetDfsReferralExRequest, GetDfsReferralRequest, GetDfsReferralResponse } from '../../src/wire/dfsc/index.ts'
import { AccessMask } from '../../src/wire/dtyp/index.ts'
import { FileBothDirectoryInformation, FileInformationClass, ReparseTag } from '../../src/wire/fscc/index.ts'
import {
  Capabilities,
  CreateDisposition,
  CreateOptions,
  FsctlCode,
  HeaderFlags,
  IoctlResponse,
  NegotiateResponse,
  QueryDirectoryFlags,
  QueryDirectoryResponse,
  ShareCapabilities,
  ShareFlags,
  TreeConnectResponse,
} from '../../src/wire/smb2/index.ts'
import { linked, renamed } from './changes.ts'
import type { Client } from './client.ts'
import { close, create, ioctl, openDirectory, queryDirectory, tryCreate } from './files.ts'
import type { Answer } from './raw-client.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const target = String.raw`\\server01\tech`
const teams = (): ShareOptions => ({
  name: 'Teams',
  backend: memoryBackend({ files: { 'readme.txt': 'here', 'sub/inner.txt': 'also here' } }),
  dfs: {
    links: [
      { path: 'Technical', targets: [target, String.raw`\\server02\tech\inner`], timeToLive: 77 },
      { path: 'sub\\Deep Link', targets: [String.raw`\\server03\x`] },
    ],
  },
})
const roots = (): { shares: ShareOptions[] } => ({
  shares: [teams(), { name: 'plain', backend: memoryBackend() }],
})

const NOT_COVERED = 'STATUS_PATH_NOT_COVERED'
const { OPEN, CREATE } = CreateDisposition

const referral = (client: Client, path: string, version = 4, room = 4096): Promise<Answer> =>
  ioctl(client, FsctlCode.DFS_GET_REFERRALS, {
    input: GetDfsReferralRequest.encode({ maxReferralLevel: version, requestFileName: path }),
    maxOutputResponse: room,
  })

const targetsIn = (answer: Answer): string[] =>
  GetDfsReferralResponse.decode(viewOf(succeeded(answer).body(IoctlResponse).output)).referrals.map((entry) =>
    'networkAddress' in entry ? entry.networkAddress : 'none',
  )

scenario('who can be told of namespaces hears that there is one', roots(), async (world) => {
  const client = world.connect()
  const { capabilities } = succeeded(await client.negotiate()).body(NegotiateResponse)
  assert.equal(capabilities & Capabilities.DFS, Capabilities.DFS)
  await client.logon()
  const root = succeeded(await client.treeConnect('teams')).body(TreeConnectResponse)
  assert.equal(root.shareFlags & (ShareFlags.DFS | ShareFlags.DFS_ROOT), ShareFlags.DFS | ShareFlags.DFS_ROOT)
  assert.equal(root.capabilities & ShareCapabilities.DFS, ShareCapabilities.DFS)
  const plain = succeeded(await client.treeConnect('plain')).body(TreeConnectResponse)
  assert.equal(plain.capabilities & ShareCapabilities.DFS, 0)
  assert.equal(plain.shareFlags & ShareFlags.DFS, 0)
})

scenario('without a namespace there is no driver for it', {}, async (world) => {
  const client = world.connect()
  const { capabilities } = succeeded(await client.negotiate()).body(NegotiateResponse)
  assert.equal(capabilities & Capabilities.DFS, 0)
  await client.logon()
  await client.useShare('IPC$')
  statusIs(await referral(client, '\\server\\data'), 'STATUS_FS_DRIVER_REQUIRED')
})

scenario('links and what lies below are elsewhere', roots(), async (world) => {
  const client = await world.client({ share: 'Teams' })
  for (const name of ['Technical', 'TECHNICAL\\a\\b', 'sub\\deep link', 'sub\\deep link\\x:stream'])
    for (const createDisposition of [OPEN, CREATE])
      statusIs(await tryCreate(client, { name, createDisposition }), NOT_COVERED)
  const flags = HeaderFlags.DFS_OPERATIONS
  statusIs(await tryCreate(client, { name: 'server\\Teams\\technical\\x' }, { flags }), NOT_COVERED)
  // What the root has itself is here, by either way.
  succeeded(await tryCreate(client, { name: 'server\\Teams\\sub\\inner.txt' }, { flags }))
  succeeded(await tryCreate(client, { name: 'readme.txt' }))
  const file = await create(client, { name: 'readme.txt' })
  for (const change of [renamed('technical\\readme.txt'), linked('sub\\Deep link\\readme.txt')])
    statusIs(await (await change(client, file)).answer, NOT_COVERED)
})

async function entries(client: Client, folder: string): Promise<Map<string, number>> {
  const fileId = await openDirectory(client, folder)
  const found = new Map<string, number>()
  for (;;) {
    const flags = QueryDirectoryFlags.RETURN_SINGLE_ENTRY
    const fileInformationClass = FileInformationClass.FileBothDirectoryInformation
    const answer = await queryDirectory(client, fileId, { fileInformationClass, fileName: '*', flags })
    if (answer.statusName === 'STATUS_NO_MORE_FILES') break
    const { outputBuffer } = succeeded(answer).body(QueryDirectoryResponse)
    const { fileName, eaSize } = FileBothDirectoryInformation.decode(viewOf(outputBuffer))
    found.set(fileName, eaSize)
  }
  succeeded(await close(client, fileId))
  return found
}

scenario('links are listed as reparse points, which stay where they are', roots(), async (world) => {
  const client = await world.client({ share: 'Teams' })
  const root = await entries(client, '')
  assert.deepEqual([...root.keys()].toSorted(), ['.', '..', 'Technical', 'readme.txt', 'sub'])
  assert.equal(root.get('Technical'), ReparseTag.DFS)
  assert.equal((await entries(client, 'sub')).get('Deep Link'), ReparseTag.DFS)
  const point = { name: 'Technical', createOptions: CreateOptions.OPEN_REPARSE_POINT, createDisposition: OPEN }
  const looks = AccessMask.FILE_READ_ATTRIBUTES
  await create(client, { ...point, desiredAccess: looks })
  statusIs(await tryCreate(client, { ...point, desiredAccess: AccessMask.DELETE }), 'STATUS_ACCESS_DENIED')
  const byName = { ...point, name: 'server\\Teams\\Technical', desiredAccess: looks }
  statusIs(await tryCreate(client, byName, { flags: HeaderFlags.DFS_OPERATIONS }), NOT_COVERED)
  const sub = await openDirectory(client, 'sub')
  statusIs(await (await renamed('other')(client, sub)).answer, 'STATUS_ACCESS_DENIED')
})

scenario('referrals', roots(), async (world) => {
  const client = await world.client({ share: 'IPC$' })
  for (const version of [2, 3, 4, 5]) {
    const answer = await referral(client, '\\server\\teams\\technical\\a', version)
    assert.deepEqual(targetsIn(answer).toSorted(), ['\\server01\\tech', '\\server02\\tech\\inner'])
  }
  assert.deepEqual(targetsIn(await referral(client, '\\server\\teams')), ['\\server\\teams'])
  const input = GetDfsReferralExRequest.encode({
    maxReferralLevel: 4,
    requestFlags: 1,
    requestData: { requestFileName: '\\server\\Teams\\sub\\deep link', siteName: 'York' },
  })
  const extended = await ioctl(client, FsctlCode.DFS_GET_REFERRALS_EX, { input })
  assert.deepEqual(targetsIn(extended), ['\\server03\\x'])
})

scenario('referrals that cannot be given', roots(), async (world) => {
  const client = await world.client({ share: 'IPC$' })
  statusIs(await referral(client, '\\server\\plain\\x'), 'STATUS_NOT_FOUND')
  statusIs(await referral(client, '\\server\\nosuch'), 'STATUS_NOT_FOUND')
  statusIs(await referral(client, ''), 'STATUS_NOT_FOUND')
  statusIs(await referral(client, '\\nosuch'), 'STATUS_INVALID_PARAMETER')
  statusIs(await referral(client, '\\server\\teams', 0), 'STATUS_INVALID_PARAMETER')
  statusIs(await referral(client, `\\server\\teams\\${'x'.repeat(5000)}`), 'STATUS_INVALID_PARAMETER')
  statusIs(await referral(client, '\\server\\teams\\technical', 4, 60), 'STATUS_BUFFER_OVERFLOW')
  for (const length of [0, 1, 2, 3]) {
    const answer = await ioctl(client, FsctlCode.DFS_GET_REFERRALS, { input: new Uint8Array(length) })
    assert.notEqual(answer.statusName, 'STATUS_SUCCESS')
  }
  const file = { persistent: 1n, volatile: 1n }
  statusIs(await ioctl(client, FsctlCode.DFS_GET_REFERRALS, { fileId: file }), 'STATUS_INVALID_PARAMETER')
})

const site = (address: string): string | undefined => (address === 'client' ? 'York' : undefined)
const sited = (world: World) =>
  world.server.setShares([
    {
      ...teams(),
      dfs: {
        links: [
          {
            path: 'near',
            insite: true,
            targets: [
              { path: '\\\\a\\s', site: 'Oslo' },
              { path: '\\\\b\\s', site: 'york' },
            ],
          },
        ],
      },
    },
  ])

scenario(
  'the nearest first, by what the client says or where it comes from',
  { server: { dfs: { sites: { siteOf: site } } } },
  async (world) => {
    sited(world)
    const client = await world.client({ share: 'IPC$' })
    const ask = async (siteName: string) => {
      const requestData = { requestFileName: '\\server\\teams\\near', siteName }
      const input = GetDfsReferralExRequest.encode({ maxReferralLevel: 4, requestFlags: 1, requestData })
      return targetsIn(await ioctl(client, FsctlCode.DFS_GET_REFERRALS_EX, { input }))
    }
    assert.deepEqual(await ask('Oslo'), ['\\a\\s'])
    assert.deepEqual(await ask('York'), ['\\b\\s'])
  },
)
