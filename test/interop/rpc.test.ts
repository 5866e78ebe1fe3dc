/** Share lists and server information, as rpcclient and impacket ask for them; and our client asking impacket. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { RpcClient, type RpcDuplex } from '../../src/rpc/client.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { startOurServer } from '../peers/our-server.ts'
import { findPeer, needsPeer, peerPath, python } from '../peers/peer.ts'
import { run } from '../peers/run.ts'

const script = join(import.meta.dirname, 'rpc-impacket.py')
const timeoutMs = 60_000
const offered = [
  { name: 'files', comment: 'all of them' },
  { name: 'Ünïcode', comment: 'ŧext' },
  { name: 'secret', comment: 'not listed', hidden: true },
] as const

let target: Awaited<ReturnType<typeof startOurServer>>

const start = async () => {
  target = await startOurServer({ backend: 'memory', shares: offered, server: { name: 'RPCTEST', comment: 'a test' } })
}

async function rpcclient(command: string): Promise<string> {
  const address = ['--port', String(target.port), `//${target.host}`]
  const args = ['--configfile=/dev/null', '--user', `${target.user}%${target.password}`, ...address, '-c', command]
  const { output } = await run(peerPath('rpcclient'), args, { timeoutMs, env: { LC_ALL: 'C.UTF-8' } })
  return output
}

describe('rpcclient', needsPeer('rpcclient'), () => {
  before(start)
  after(() => target.stop())

  test('shares, with every level that it asks for', async () => {
    for (const level of [1, 2, 502]) {
      for (const command of ['netshareenum', 'netshareenumall']) {
        const output = await rpcclient(`${command} ${level}`)
        assert.match(output, /netname: files\n\tremark:\tall of them/, `${command} ${level}`)
        assert.match(output, /netname: Ünïcode\n\tremark:\tŧext/)
        assert.doesNotMatch(output, /secret/)
        assert.equal(output.includes('netname: IPC$'), command === 'netshareenumall', `${command} ${level}`)
      }
    }
  })

  test('one share, also a hidden one; one that is not there', async () => {
    for (const level of [1, 2, 502]) assert.match(await rpcclient(`netsharegetinfo SECRET ${level}`), /netname: secret/)
    assert.match(await rpcclient('netsharegetinfo nobody'), /WERR_NERR_NETNAMENOTFOUND/)
  })

  test('the server: who it is, and its time', async () => {
    const output = await rpcclient('srvinfo')
    assert.match(output, /RPCTEST .*a test/)
    assert.match(output, /os version\s*:\s*6\.1/)
    assert.doesNotMatch(await rpcclient('netremotetod'), /result was|NT_STATUS/)
    assert.doesNotMatch(await rpcclient('wkssvc_wkstagetinfo'), /result was|NT_STATUS/)
  })

  test('with a logon for RPC itself, signed and sealed', async () => {
    const { host, port, user, password } = target
    for (const package_ of ['ntlm', 'spnego'])
      for (const level of ['connect', 'packet', 'sign', 'seal']) {
        const args = ['--configfile=/dev/null', '-p', String(port), '--user', `${user}%${password}`]
        const binding = `ncacn_np:${host}[${package_},${level}]`
        const { output } = await run(peerPath('rpcclient'), [...args, binding, '-c', 'netshareenumall 502'], {
          timeoutMs,
        })
        assert.match(output, /netname: files\n\tremark:\tall of them/, `${binding}: ${output}`)
      }
  })

  test('what is not served is refused, and at once', async () => {
    assert.match(await rpcclient('wkssvc_messagebuffersend x'), /0x0000002e|PROCNUM_OUT_OF_RANGE/)
    assert.match(await rpcclient('echoaddone 1'), /OBJECT_NAME_NOT_FOUND/)
  })
})

describe('impacket', needsPeer('impacket'), () => {
  before(start)
  after(() => target.stop())

  test('as a client, also with requests in fragments of a few bytes', async () => {
    const args = [script, 'client', target.host, String(target.port), target.user, target.password]
    const { code, stdout, output } = await run(python, args, { timeoutMs, env: { PYTHONWARNINGS: 'ignore' } })
    assert.equal(code, 0, output)
    const list = [
      ['files', 0, 'all of them'],
      ['Ünïcode', 0, 'ŧext'],
      ['IPC$', 0x8000_0003, 'Remote IPC'],
    ]
    const { refused, ...found } = JSON.parse(stdout)
    assert.deepEqual(found, {
      whole: list,
      cut: list,
      missing: 2310,
      level: 124,
      server: ['RPCTEST', 'a test'],
      workstation: ['RPCTEST', 'WORKGROUP'],
      levels: { connect: 'RPCTEST', integrity: 'RPCTEST', privacy: 'RPCTEST' },
    })
    assert.match(refused, /abstract_syntax_not_supported/)
  })

  test('as a server that our client asks', async () => {
    const peer = spawn(findPeer('impacket') ?? '', [script, 'server'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(peer, 'exit')
    try {
      const [printed] = (await once(peer.stdout, 'data', { signal: AbortSignal.timeout(timeoutMs) })) as [Buffer]
      const socket = connect(Number(printed.toString()), '127.0.0.1')
      const chunks = socket[Symbol.asyncIterator]()
      const duplex: RpcDuplex = {
        send: async (bytes) => void socket.write(bytes),
        receive: async () => ((await chunks.next()).value as Buffer | undefined) ?? new Uint8Array(0),
      }
      const srvsvc = await new RpcClient(duplex).bind(Srvsvc)
      const all = { serverName: '\\\\x', preferredMaximumLength: 0xffff_ffff, resumeHandle: 0 }
      const { shares, result } = await srvsvc.NetrShareEnum({
        ...all,
        shares: { info: { tag: 1, value: { entries: null } } },
      })
      assert.equal(result, 0)
      assert.deepEqual(shares.info.value?.entries, [
        { name: 'FILES', type: 0, comment: 'all of them' },
        { name: 'IPC$', type: 3, comment: '' },
      ])
      const one = await srvsvc.NetrShareGetInfo({ serverName: '\\\\x', shareName: 'files', level: 1 })
      assert.deepEqual(one.info, { tag: 1, value: { name: 'FILES', type: 0, comment: 'all of them' } })
      socket.destroy()
    } finally {
      peer.stdin.end()
      peer.kill()
      await ended
    }
  })
})
