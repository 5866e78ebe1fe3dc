/** What the server answers, read by tshark: a dissector that shares no line with ours. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RpcClient, type RpcDuplex } from '../../src/rpc/client.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { Wkssvc } from '../../src/rpc/wkssvc/wkssvc.ts'
import type { ServiceContext } from '../../src/server/services/context.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { openPipe, pipeDuplex } from '../unit/rpc-pair.ts'

interface Sent {
  readonly fromClient: boolean
  readonly bytes: Uint8Array
}

/** Keeps what goes over a duplex. */
function recorded(duplex: RpcDuplex, log: Sent[]): RpcDuplex {
  const keep = (fromClient: boolean, bytes: Uint8Array): Uint8Array => {
    log.push({ fromClient, bytes })
    return bytes
  }
  return {
    send: (bytes) => duplex.send(keep(true, bytes)),
    receive: async () => keep(false, await duplex.receive()),
  }
}

/** A capture of a TCP connection to the endpoint mapper's port, where tshark expects DCE/RPC: raw IP, no checksums. */
function capture(log: readonly Sent[]): Uint8Array {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2_c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65_535, 16)
  header.writeUInt32LE(101, 20)
  const parts: Uint8Array[] = [header]
  const sequence = { client: 1, server: 1 }
  for (const { fromClient, bytes } of log) {
    const record = Buffer.alloc(16 + 40)
    const ip = record.subarray(16)
    record.writeUInt32LE(40 + bytes.length, 8)
    record.writeUInt32LE(40 + bytes.length, 12)
    ip.writeUInt8(0x45, 0)
    ip.writeUInt16BE(40 + bytes.length, 2)
    ip.writeUInt8(64, 8)
    ip.writeUInt8(6, 9)
    ip.set(fromClient ? [10, 0, 0, 1, 10, 0, 0, 2] : [10, 0, 0, 2, 10, 0, 0, 1], 12)
    ip.writeUInt16BE(fromClient ? 50_000 : 135, 20)
    ip.writeUInt16BE(fromClient ? 135 : 50_000, 22)
    ip.writeUInt32BE(fromClient ? sequence.client : sequence.server, 24)
    ip.writeUInt32BE(fromClient ? sequence.server : sequence.client, 28)
    ip.set([0x50, 0x18, 0xff, 0xff], 32)
    sequence[fromClient ? 'client' : 'server'] += bytes.length
    parts.push(record, bytes)
  }
  return Buffer.concat(parts)
}

async function tshark(log: readonly Sent[], fields: readonly string[], filter: string): Promise<string[][]> {
  const dir = mkdtempSync(join(tmpdir(), 'rpc-tshark-'))
  try {
    const file = join(dir, 'rpc.pcap')
    writeFileSync(file, capture(log))
    const named = fields.flatMap((field) => ['-e', field])
    const { code, stdout, stderr } = await run(peerPath('tshark'), ['-r', file, '-Y', filter, '-T', 'fields', ...named])
    assert.equal(code, 0, stderr)
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const context: ServiceContext = {
  serverName: 'SERVER',
  comment: 'a test',
  shares: () => [
    { name: 'files', type: 'disk', comment: 'all of them', path: '/srv/files' },
    ...Array.from({ length: 60 }, (_, i) => ({ name: `share${i}`, type: 'disk' as const, comment: `comment ${i}` })),
    { name: 'IPC$', type: 'ipc', comment: 'Remote IPC' },
  ],
  user: { kind: 'user', user: 'tester', domain: 'SERVER', sid: 'S-1-5-21-1', isAdministrator: true },
}

/** Every call that there is, over a pipe; not level 503, which tshark does not know. */
async function conversation(): Promise<Sent[]> {
  const log: Sent[] = []
  const srvsvc = await new RpcClient(recorded(pipeDuplex(openPipe('srvsvc', context)), log)).bind(Srvsvc)
  const serverName = '\\\\server'
  const all = { serverName, preferredMaximumLength: 0xffff_ffff, resumeHandle: 0 }
  for (const level of [0, 1, 2, 501, 502] as const)
    await srvsvc.NetrShareEnum({ ...all, shares: { info: { tag: level, value: { entries: null } } } })
  for (const level of [0, 1, 2, 501, 502, 1004, 1005, 1006])
    await srvsvc.NetrShareGetInfo({ serverName, shareName: 'files', level })
  await srvsvc.NetrShareGetInfo({ serverName, shareName: 'nobody', level: 1 })
  for (const level of [100, 101, 102]) await srvsvc.NetrServerGetInfo({ serverName, level })
  await srvsvc.NetrRemoteTOD({ serverName })
  await srvsvc.NetprNameValidate({ serverName, name: 'files', nameType: 9, flags: 0 })
  return log
}

test('tshark reads every answer of srvsvc, and finds nothing malformed', needsPeer('tshark'), async () => {
  const log = await conversation()
  assert.deepEqual(await tshark(log, ['frame.number', '_ws.col.Info'], '_ws.malformed || dcerpc.pkt_type == 3'), [])
  const names = await tshark(
    log,
    ['srvsvc.srvsvc_NetShareInfo1.name', 'srvsvc.srvsvc_NetShareInfo1.comment'],
    'dcerpc.pkt_type == 2 && srvsvc.srvsvc_NetShareCtr1.count',
  )
  const expected = context.shares()
  assert.deepEqual(names, [
    [expected.map(({ name }) => name).join(','), expected.map(({ comment }) => comment).join(',')],
  ])
  const paths = await tshark(log, ['srvsvc.srvsvc_NetShareInfo502.path'], 'srvsvc.srvsvc_NetShareInfo502.path')
  assert.ok(paths.every(([path]) => path?.startsWith('C:\\srv\\files')))
  const errors = await tshark(log, ['srvsvc.werror'], 'dcerpc.pkt_type == 2 && srvsvc.werror != 0')
  assert.deepEqual(errors, [['0x00000906']])
  const answers = await tshark(log, ['dcerpc.opnum'], 'dcerpc.pkt_type == 2 && srvsvc')
  assert.deepEqual([...new Set(answers.flat())], ['15', '16', '21', '28', '33'])
})

test('tshark reads wkssvc', needsPeer('tshark'), async () => {
  const log: Sent[] = []
  const wkssvc = await new RpcClient(recorded(pipeDuplex(openPipe('wkssvc', context)), log)).bind(Wkssvc)
  for (const level of [100, 101, 102]) await wkssvc.NetrWkstaGetInfo({ serverName: 'x', level })
  assert.deepEqual(await tshark(log, ['frame.number'], '_ws.malformed || dcerpc.pkt_type == 3'), [])
  const found = await tshark(log, ['wkssvc.wkssvc_NetWkstaInfo100.domain_name'], 'wkssvc && dcerpc.pkt_type == 2')
  assert.deepEqual(found[0], ['WORKGROUP'])
})
