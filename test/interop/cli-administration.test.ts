/** What administrators change by RPC on `smbkit serve` takes effect, and is there after the next start. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { Netdfs } from '../../src/rpc/netdfs/netdfs.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../src/rpc/werror.ts'
import { encodeSecurityDescriptor, parseSddl, SecurityInformation } from '../../src/wire/dtyp/index.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import type { Program } from '../peers/program.ts'
import { run } from '../peers/run.ts'
import { Sandbox } from '../unit/cli-program.ts'

/** `net` goes to port 445 only. */
const needed = process.getuid?.() === 0 ? needsPeer('rpcclient', 'net') : { skip: 'port 445 is for root' }
const host = '127.0.7.31'
const timeoutMs = 60_000
const password = 'Passw0rd'
const config = (files = 'comment: all of them'): string => `
port: 445
host: ${host}
name: KEPT
users: users
shareStore: changes.yaml
shareFolders: [srv]
shares:
  files: { path: srv/files, ${files} }
  old: { path: srv/old }
  Teams:
    dfs: { links: { Technical: '\\\\server01\\tech' } }
`

suite('changes by administrators', needed, () => {
  const sandbox = new Sandbox()
  const changes = sandbox.path('changes.yaml')
  const written = () => readFileSync(changes, 'utf8')
  let server: Program

  const rpcclient = async (command: string): Promise<string> => {
    const args = ['--configfile=/dev/null', '--user', `anna%${password}`, host, '-c', command]
    return (await run(peerPath('rpcclient'), args, { timeoutMs })).output
  }
  const net = async (...what: string[]): Promise<string> => {
    const args = ['rpc', ...what, '-S', host, '--user', `anna%${password}`, '--configfile=/dev/null']
    return (await run(peerPath('net'), args, { timeoutMs })).output
  }
  const listed = async (): Promise<string[]> =>
    (await net('share', 'list'))
      .split('\n')
      .filter((name) => name !== '' && name !== 'IPC$')
      .toSorted()
  const client = () => connect({ host, path: '' }, { user: 'anna', password, dfs: false })
  const start = async (): Promise<void> => {
    server = sandbox.start('main', ['serve', '--config', sandbox.path('smbkit.yaml')])
    await server.port()
  }
  const again = async (): Promise<void> => {
    assert.deepEqual(await server.end(), { code: 0, signal: null })
    await start()
  }

  before(async () => {
    for (const folder of ['srv', 'srv/files', 'srv/old', 'srv/new', 'outside']) mkdirSync(sandbox.path(folder))
    symlinkSync('../outside', sandbox.path('srv/out'))
    writeFileSync(sandbox.path('srv/new/a.txt'), 'a')
    writeFileSync(sandbox.path('smbkit.yaml'), config())
    const users = ['--users', sandbox.path('users')]
    await sandbox.smbkit(['user', 'add', 'anna', ...users, '--password-stdin'], password)
    await sandbox.smbkit(['user', 'set', 'anna', ...users, '--groups', 'Administrators'])
    await start()
  })
  after(() => sandbox[Symbol.asyncDispose]())

  test('shares are added, changed and removed', async () => {
    assert.equal(await rpcclient(`netshareadd C:${sandbox.path('srv/new')} fresh 7 made_here`), '')
    assert.equal(await net('share', 'add', `viaNet=${sandbox.path('srv/files')}`, '-C', 'by net'), '')
    assert.equal(await net('share', 'delete', 'old'), '')
    assert.match(await rpcclient('netsharesetinfo files other_words'), /^netname: files\n\tremark:\tother_words\n/)
    for (const place of ['outside', 'srv/out', 'srv/../outside'])
      assert.match(await rpcclient(`netshareadd C:${sandbox.path(place)} no 7 x`), /ACCESS_DENIED/, place)
    assert.match(await rpcclient(`netshareadd C:${sandbox.path('srv/none')} no 7 x`), /UNKNOWNDEVDIR/)
    assert.deepEqual(await listed(), ['Teams', 'files', 'fresh', 'viaNet'])
    assert.match(written(), /^added:\n {2}fresh:\n {4}path: .*srv\/new\n {4}comment: made_here\n {4}maxUses: 7$/m)
  })

  test('links of namespaces, the comment, descriptors of files', async () => {
    await using anna = await client()
    await anna.rpc(Netdfs, async (netdfs) => {
      const add = { entryPath: '\\\\KEPT\\Teams\\Marketing', serverName: 'server02', shareName: 'mktg' }
      assert.equal((await netdfs.NetrDfsAdd({ ...add, comment: 'words', flags: 0 })).result, 0)
    })
    await anna.rpc(Srvsvc, async (srvsvc) => {
      const value = { comment: 'by RPC' }
      const set = { serverName: null, level: 1005, info: { tag: 1005, value }, parameterError: null } as const
      assert.equal((await srvsvc.NetrServerSetInfo(set)).result, 0)
      const file = { serverName: null, shareName: 'fresh', fileName: '\\a.txt' }
      const securityInformation = SecurityInformation.DACL
      const descriptor = encodeSecurityDescriptor(parseSddl('D:P(A;;FR;;;WD)(A;;WD;;;BA)'))
      const change = { ...file, securityInformation, securityDescriptor: { descriptor } }
      assert.equal((await srvsvc.NetrpSetFileSecurity(change)).result, 0)
      const garbage = { ...change, securityDescriptor: { descriptor: new Uint8Array(3) } }
      assert.equal((await srvsvc.NetrpSetFileSecurity(garbage)).result, WinError.INVALID_SECURITY_DESCRIPTOR)
    })
    const fresh = await anna.share('fresh')
    await assert.rejects(fresh.writeFile('a.txt', 'b'), { statusName: 'STATUS_ACCESS_DENIED' })
  })

  const holds = async (): Promise<void> => {
    assert.deepEqual(await listed(), ['Teams', 'files', 'fresh', 'viaNet'])
    assert.match(await rpcclient('netsharegetinfo fresh 502'), /remark:\tmade_here\n.*new\n(?:.*\n)*\tmax_uses:\t7/)
    assert.match(await rpcclient('netsharegetinfo files 1'), /remark:\tother_words/)
    assert.match(await rpcclient('srvinfo'), /by RPC/)
    const links = await rpcclient('dfsenum 3')
    assert.match(links, /Teams\\Technical\n(?:.*\n)*.*Teams\\Marketing\n\tcomment: words/)
    await using anna = await client()
    assert.equal(await (await anna.share('fresh')).readFile('a.txt', 'utf8'), 'a')
    assert.deepEqual((await (await anna.share('Teams')).readdir('')).toSorted(), ['Marketing', 'Technical'])
  }

  test('all of it is there after a start, and after SIGHUP', async () => {
    await again()
    await holds()
    server.signal('SIGHUP')
    await server.says(/shares and users are read again/)
    await holds()
  })

  test('what the config file says anew counts; what cannot be offered is told, and kept', async () => {
    writeFileSync(sandbox.path('smbkit.yaml'), config('comment: newer words'))
    rmSync(sandbox.path('srv/new'), { recursive: true })
    await again()
    await server.says(/the share files: comment is as the config file says by now/)
    await server.says(/the share fresh is not offered: .*no such file/)
    await server.says(/the share old is not offered: an administrator has removed it/)
    assert.match(await rpcclient('netsharegetinfo files 1'), /remark:\tnewer words/)
    assert.equal(await net('share', 'delete', 'viaNet'), '')
    assert.match(written(), /^ {2}fresh:$/m)
    assert.doesNotMatch(written(), /other_words|viaNet/)
    mkdirSync(sandbox.path('srv/new'))
    await again()
    assert.deepEqual(await listed(), ['Teams', 'files', 'fresh'])
  })

  test('a change that cannot be kept is not made', async () => {
    mkdirSync(`${changes}.new`)
    assert.match(await rpcclient('netsharedel fresh'), /result was WERR_WRITE_FAULT/)
    await using anna = await client()
    await anna.rpc(Netdfs, async (netdfs) => {
      const link = { entryPath: '\\\\KEPT\\Teams\\Technical', serverName: null, shareName: null }
      assert.equal((await netdfs.NetrDfsRemove(link)).result, WinError.WRITE_FAULT)
      assert.equal((await netdfs.NetrDfsGetInfo({ ...link, level: 1 })).result, 0)
    })
    assert.deepEqual(await listed(), ['Teams', 'files', 'fresh'])
    await server.says(/a change by an administrator was refused: .*changes\.yaml: cannot be written: is a folder/)
    rmSync(`${changes}.new`, { recursive: true })
    const share = { name: 'FRESH', type: 0, comment: null, permissions: 0, maxUses: 0, currentUses: 0 }
    const info = { ...share, path: null, password: null, serverName: '*', securityDescriptor: null }
    const removed = await anna.rpc(Srvsvc, (srvsvc) =>
      srvsvc.NetrShareDelEx({ serverName: null, level: 503, info: { tag: 503, value: info } }),
    )
    assert.equal(removed.result, 0)
    assert.deepEqual(await listed(), ['Teams', 'files'])
    assert.ok(existsSync(sandbox.path('srv/new')))
  })
})
