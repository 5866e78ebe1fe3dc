/** Accounts, names and SIDs, as rpcclient, `net` and impacket's scripts ask for them. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { startOurServer } from '../peers/our-server.ts'
import { needsPeer, peerPath, python } from '../peers/peer.ts'
import { run } from '../peers/run.ts'

const timeoutMs = 60_000
/** Scripts of impacket go to port 445 and no other: one of the loopback network's own, which a user may not have. */
const host = '127.88.25.1'
const scripts = '/usr/share/doc/python3-impacket/examples'

const start = (address: { host?: string; port?: number } = {}) =>
  startOurServer({
    backend: 'memory',
    shares: [{ name: 'files', comment: 'of all', files: { 'letter.txt': 'dear' } }],
    administrators: ['tester'],
    server: { name: 'RPCTEST', comment: 'a test' },
    ...address,
  })
type Target = Awaited<ReturnType<typeof start>>

describe('rpcclient', needsPeer('rpcclient'), () => {
  let target: Target
  before(async () => {
    target = await start()
  })
  after(() => target.stop())

  const rpcclient = async (command: string, authentication = ''): Promise<string> => {
    const args = ['--configfile=/dev/null', '-p', String(target.port), '--user', `${target.user}%${target.password}`]
    const { output } = await run(
      peerPath('rpcclient'),
      [...args, `ncacn_np:${target.host}${authentication}`, '-c', command],
      { timeoutMs },
    )
    return output
  }

  test('lsarpc: names, SIDs, rights, whose accounts these are', async () => {
    const sids = await rpcclient('lookupsids S-1-1-0 S-1-5-32-544 S-1-5-21-1-2-3-4')
    assert.match(sids, /S-1-1-0 \\Everyone \(5\)\nS-1-5-32-544 BUILTIN\\Administrators \(4\)\n.*\*unknown\*/)
    const names = await rpcclient('lookupnames tester nobody-such', '[seal]')
    const [, sid = ''] = /^tester (S-1-5-21-\S+) \(User: 1\)\nnobody-such S-0-0 \(UNKNOWN: 8\)$/m.exec(names) ?? []
    assert.match(await rpcclient(`lookupsids ${sid}`), /RPCTEST\\tester \(1\)/)
    assert.match(await rpcclient('lsaquery'), /Domain Name: WORKGROUP/)
    assert.match(await rpcclient('getusername'), /Account Name: tester, Authority Name: RPCTEST/)
    assert.match(await rpcclient('lsaenumacctrights S-1-5-32-544'), /SeBackupPrivilege/)
    assert.match(await rpcclient('enumprivs'), /found 5 privileges/)
    for (const command of ['lsaquerysecobj', 'enumtrust', 'lsaenumsid', 'dsroledominfo', 'lsaenumprivsaccount S-1-1-0'])
      assert.doesNotMatch(await rpcclient(command), /result was|NT_STATUS/, command)
  })

  test('samr: users, groups, what is known of them', async () => {
    assert.match(await rpcclient('enumdomains'), /name:\[RPCTEST\].*\nname:\[Builtin\]/)
    const users = await rpcclient('enumdomusers')
    assert.match(users, /user:\[other\] .*\nuser:\[tester\] rid:\[0x[0-9a-f]+\]/)
    assert.match(await rpcclient('enumalsgroups builtin'), /group:\[Administrators\] rid:\[0x220\]/)
    const about = await rpcclient('queryuser tester')
    assert.match(about, /User Name +:\ttester/)
    assert.match(about, /group_rid:\t0x201/)
    assert.match(await rpcclient('queryaliasmem builtin 544'), /sid:\[S-1-5-21-/)
    assert.match(await rpcclient('querygroupmem 513'), /rid:\[0x.*\n\s*rid:\[0x/)
    for (const level of ['', '2', '3']) assert.match(await rpcclient(`querydispinfo${level}`), /Account: tester/)
    for (const command of ['querydominfo', 'getdompwinfo', 'samquerysecobj', 'lookupdomain RPCTEST', 'querygroup 513'])
      assert.doesNotMatch(await rpcclient(command), /result was|NT_STATUS/, command)
  })
})

/** `net` and impacket's scripts come to port 445 alone. */
const needsPort445 =
  process.getuid?.() === 0 ? needsPeer('impacket', 'net', 'smbmap') : { skip: 'port 445 is for root' }
/** Images without documentation have the library, and not its examples. */
const needsScripts = existsSync(scripts) ? {} : { skip: `${scripts} is not there` }

describe('impacket’s scripts and net', needsPort445, () => {
  let target: Target | undefined
  before(async () => {
    target = await start({ host, port: 445 })
  })
  after(() => target?.stop())

  const script = async (name: string, ...more: string[]): Promise<string> => {
    const args = ['-W', 'ignore', `${scripts}/${name}.py`, `tester:${target?.password}@${host}`, ...more]
    return (await run(python, args, { timeoutMs })).output
  }

  test('samrdump, rpcdump, services, lookupsid', needsScripts, async () => {
    const dumped = await script('samrdump')
    assert.match(dumped, /Found user: tester, uid = \d+/)
    assert.match(dumped, /tester \(\d+\)\/PasswordDoesNotExpire: True/)
    assert.match(await script('rpcdump', '-port', '445'), /12345778-1234-ABCD-EF00-0123456789AC v1.0 samr/)
    assert.match(await script('services', 'list'), /LanmanServer - +Server - +RUNNING/)
    const found = await script('lookupsid')
    assert.match(found, /501: RPCTEST\\Guest \(SidTypeUser\)\n513: RPCTEST\\None \(SidTypeGroup\)/)
  })

  test('smbmap: shares with what may be done there, their folders, and files that have a name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'smbmap-'))
    const smbmap = async (...more: string[]): Promise<string> => {
      const args = ['-H', host, '-u', 'tester', '-p', String(target?.password), ...more]
      return (await run(peerPath('smbmap'), args, { cwd: folder, timeoutMs })).output
    }
    try {
      const shares = await smbmap()
      assert.match(shares, /^\tfiles +\tREAD, WRITE\tof all$/m)
      assert.match(shares, /^\tIPC\$ /m)
      assert.match(await smbmap('-r', 'files', '-A', 'letter'), /Match found! Downloading: files\\letter\.txt/)
      assert.deepEqual(
        readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')),
        ['dear'],
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('net rpc user, share and file', async () => {
    const net = async (...what: string[]): Promise<string> => {
      const args = ['rpc', ...what, '-S', host, '--user', `tester%${target?.password}`, '--configfile=/dev/null']
      return (await run(peerPath('net'), args, { timeoutMs })).output
    }
    assert.match(await net('user'), /^other\ntester$/m)
    assert.match(await net('share', 'list'), /^files$/m)
    assert.match(await net('service', 'list'), /^LanmanServer +"Server"$/m)
    const value = await net(
      'registry',
      'getvalue',
      'HKLM\\SYSTEM\\CurrentControlSet\\Control\\ProductOptions',
      'ProductType',
    )
    assert.match(value, /"ServerNT"/)
    assert.match(await net('file'), /tester +0x.*\\PIPE\\srvsvc/)
  })
})
