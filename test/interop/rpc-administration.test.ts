/** Shares, sessions and files as rpcclient administers them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import type { ShareOptions } from '../../src/server/index.ts'
import { fail, NtStatus } from '../../src/server/index.ts'
import { startOurServer } from '../peers/our-server.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { other } from '../peers/smbd.ts'

const timeoutMs = 60_000

describe('rpcclient', needsPeer('rpcclient'), () => {
  let target: Awaited<ReturnType<typeof startOurServer>>
  let kept: readonly ShareOptions[] = []
  before(async () => {
    target = await startOurServer({
      backend: 'memory',
      shares: [{ name: 'files', comment: 'all of them', files: { 'a.txt': 'a' } }],
      administrators: ['tester'],
      server: {
        name: 'RPCTEST',
        workgroup: 'Cellar',
        shareKeeper: {
          open: (path) => (path === '/srv/new' ? memoryBackend() : fail(NtStatus.OBJECT_NAME_NOT_FOUND)),
          changed: (shares) => void (kept = shares),
        },
      },
    })
  })
  after(() => target.stop())

  const rpcclient = async (command: string, who: { user: string; password: string } = target): Promise<string> => {
    const args = ['--configfile=/dev/null', '-p', String(target.port), '--user', `${who.user}%${who.password}`]
    return (await run(peerPath('rpcclient'), [...args, target.host, '-c', command], { timeoutMs })).output
  }

  test('sessions, open files, connections, disks, descriptors', async () => {
    assert.match(await rpcclient('netfileenum'), /permissions: 0x3\s+locks: 0\s+|PIPE/s)
    for (const command of ['netsessenum', 'netdiskenum', 'netconnenum IPC$', 'netremotetod'])
      assert.doesNotMatch(await rpcclient(command), /result was|NT_STATUS/, command)
    assert.match(await rpcclient('netsessdel 127.9.9.9 x'), /CLIENTNAMENOTFOUND/)
    assert.match(await rpcclient('netfilegetsec files a.txt'), /SID: S-1-1-0/)
    assert.match(await rpcclient('netfilegetsec files nothing'), /WERR_FILE_NOT_FOUND/)
    for (const command of ['netfileenum', 'netsessenum', 'netconnenum IPC$', 'netsharedel files'])
      assert.match(await rpcclient(command, other), /ACCESS_DENIED/, command)
  })

  test('the small services', async () => {
    assert.match(await rpcclient('epmlookup'), /\\PIPE\\samr.*: samr\n(?:.*\n)*epm_Lookup no more entries/)
    assert.match(await rpcclient('epmmap'), /num_tower\[1\]\ntower\[0\] ncacn_np:.*lsarpc/)
    assert.match(await rpcclient('eventlog_numrecord System'), /number of records: 0/)
    assert.match(await rpcclient('wkssvc_getjoininformation'), /CELLAR \(2\)/)
    assert.match(await rpcclient('wkssvc_enumerateusers'), /^tester$/m)
    assert.match(await rpcclient('dfsversion'), /dfs is present \(1\)/)
  })

  test('shares are added, changed and removed, and whoever keeps them is told', async () => {
    const add = (path: string) => rpcclient(`netshareadd ${path} fresh 7 made_here`)
    assert.match(await add('C:/nowhere'), /result was/)
    assert.doesNotMatch(await add('C:/srv/new'), /result was/)
    assert.match(await add('C:/srv/new'), /DUPLICATE|2118|0x00000846/)
    assert.match(
      await rpcclient('netsharegetinfo fresh 502'),
      /remark:\tmade_here\n\tpath:\tC:\\srv\\new\n.*\n.*\n.*\n\tmax_uses:\t7/,
    )
    assert.deepEqual(
      kept.map(({ name, maxUses }) => [name, maxUses]),
      [
        ['files', undefined],
        ['fresh', 7],
      ],
    )
    assert.doesNotMatch(await rpcclient('netsharesetinfo fresh other_words'), /result was/)
    assert.match(await rpcclient('netsharegetinfo fresh 1'), /remark:\tother_words/)
    assert.doesNotMatch(await rpcclient('netsharedel fresh'), /result was/)
    assert.match(await rpcclient('netsharegetinfo fresh'), /NETNAMENOTFOUND/)
    assert.match(await rpcclient('netsharedel IPC$'), /ACCESS_DENIED/)
  })
})

describe('a share with a descriptor and a limit', needsPeer('smbclient'), () => {
  let target: Awaited<ReturnType<typeof startOurServer>>
  before(async () => {
    target = await startOurServer({
      backend: 'memory',
      shares: [
        { name: 'files', files: { 'a.txt': 'a' } },
        { name: 'few', maxUses: 0 },
      ],
      administrators: ['tester'],
    })
  })
  after(() => target.stop())

  const smbclient = async (
    share: string,
    command: string,
    who: { user: string; password: string },
  ): Promise<string> => {
    const args = ['--configfile=/dev/null', '-p', String(target.port), '--user', `${who.user}%${who.password}`]
    return (await run(peerPath('smbclient'), [...args, `//${target.host}/${share}`, '-c', command], { timeoutMs }))
      .output
  }

  test('keeps out whom it says', async () => {
    const sids = await Promise.resolve(target.server.directory.own())
    const sid = sids.find(({ name }) => name === 'other')?.sid ?? ''
    const { encodeSecurityDescriptor, parseSddl } = await import('../../src/wire/dtyp/index.ts')
    const set = (sddl: string) =>
      target.server.administration.changeShare('files', {
        securityDescriptor: encodeSecurityDescriptor(parseSddl(sddl)),
      })
    await set(`D:(D;;FA;;;${sid})(A;;FA;;;WD)`)
    assert.match(await smbclient('files', 'ls', other), /ACCESS_DENIED/)
    assert.match(await smbclient('files', 'ls', target), /a\.txt/)
    await set(`D:(A;;FR;;;${sid})(A;;FA;;;BA)`)
    assert.match(await smbclient('files', 'ls', other), /a\.txt/)
    assert.match(await smbclient('files', 'del a.txt', other), /ACCESS_DENIED/)
    assert.match(await smbclient('few', 'ls', target), /REQUEST_NOT_ACCEPTED/)
  })
})
