/**
 * smbtorture's rpc.echo against the RPC engine: Samba's own interface for trying an engine out (every kind of
 * parameter, large ones too), declared here as a program would declare a service of its own.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  conformantArray,
  conformantBytes,
  type InputOf,
  i64,
  struct,
  u8,
  u16,
  u32,
  union,
  unique,
  wideString,
} from '../../src/rpc/ndr/index.ts'
import { op, rpcInterface } from '../../src/rpc/operation.ts'
import { service } from '../../src/rpc/service.ts'
import { startOurServer } from '../peers/our-server.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { run } from '../peers/run.ts'

const Info1 = struct('echo_info1', { v: u8 })
const Info4 = struct('echo_info4', { v: i64 })
const Info = union('echo_Info', u16, {
  1: Info1,
  2: struct('echo_info2', { v: u16 }),
  3: struct('echo_info3', { v: u32 }),
  4: Info4,
  5: struct('echo_info5', { v1: u8, v2: i64 }),
  6: struct('echo_info6', { v1: u8, info1: Info1 }),
  7: struct('echo_info7', { v1: u8, info4: Info4 }),
})
const Enum2 = struct('echo_Enum2', { e1: u16, e2: u32 })
const Enum3 = union('echo_Enum3', u16, { 1: u16, 2: Enum2 })
const Surrounding = struct('echo_Surrounding', { x: u32.countOf('surrounding'), surrounding: conformantArray(u16) })

const Echo = rpcInterface(
  'rpcecho',
  { uuid: '60a15ec5-4de8-11d7-a637-005056a20182', version: '1.0', pipe: 'rpcecho' },
  {
    AddOne: op(0, 'AddOne', { in: { value: u32 }, out: { value: u32 } }),
    EchoData: op(1, 'EchoData', { in: { length: u32, data: conformantBytes }, out: { data: conformantBytes } }),
    SinkData: op(2, 'SinkData', { in: { length: u32.countOf('data'), data: conformantBytes }, out: {} }),
    SourceData: op(3, 'SourceData', { in: { length: u32 }, out: { data: conformantBytes } }),
    TestCall: op(4, 'TestCall', { in: { text: wideString }, out: { text: unique(wideString) } }),
    TestCall2: op(5, 'TestCall2', { in: { level: u16 }, out: { info: Info, status: u32 } }),
    TestSleep: op(6, 'TestSleep', { in: { seconds: u32 }, out: { seconds: u32 } }),
    TestEnum: op(7, 'TestEnum', {
      in: { foo1: u16.switchOf('foo3'), foo2: Enum2, foo3: Enum3 },
      out: { foo1: u16.switchOf('foo3'), foo2: Enum2, foo3: Enum3 },
    }),
    TestSurrounding: op(8, 'TestSurrounding', { in: { data: Surrounding }, out: { data: Surrounding } }),
    TestDoublePointer: op(9, 'TestDoublePointer', { in: { data: unique(unique(u16)) }, out: { result: u16 } }),
  },
)

const infos: Readonly<Record<number, InputOf<typeof Info>>> = {
  1: { tag: 1, value: { v: 10 } },
  2: { tag: 2, value: { v: 20 } },
  3: { tag: 3, value: { v: 30 } },
  4: { tag: 4, value: { v: 40n } },
  5: { tag: 5, value: { v1: 50, v2: 60n } },
  6: { tag: 6, value: { v1: 70, info1: { v: 80 } } },
  7: { tag: 7, value: { v1: 80, info4: { v: 90n } } },
}

const echo = service(Echo, {
  AddOne: ({ value }) => ({ value: (value + 1) >>> 0 }),
  EchoData: ({ data }) => ({ data }),
  SinkData: () => ({}),
  SourceData: ({ length }) => ({ data: Uint8Array.from({ length }, (_, i) => i) }),
  TestCall: ({ text }) => ({ text }),
  TestCall2: ({ level }) => ({ info: infos[level] ?? { tag: 1, value: { v: 0 } }, status: 0 }),
  TestSleep: async ({ seconds }, { signal }) => {
    await setTimeout(seconds * 1000, undefined, { signal }).catch(() => undefined)
    return { seconds }
  },
  TestEnum: ({ foo2, foo3 }) => ({ foo2: { e1: 2, e2: foo2.e2 }, foo3 }),
  TestSurrounding: ({ data }) => ({ data: { surrounding: Array.from({ length: data.x * 2 }, () => 0) } }),
  TestDoublePointer: ({ data }) => ({ result: data ?? 0 }),
})

describe('smbtorture rpc.echo', needsPeer('smbtorture'), () => {
  let target: Awaited<ReturnType<typeof startOurServer>>
  before(async () => {
    target = await startOurServer({ backend: 'memory', shares: [{ name: 'files' }] })
    target.server.pipes.addRpc('rpcecho', () => [echo])
  })
  after(() => target.stop())

  const names = [
    'addone',
    'sinkdata',
    'echodata',
    'sourcedata',
    'testcall',
    'testcall2',
    'enum',
    'surrounding',
    'doublepointer',
    'sleep',
  ]
  for (const name of names) {
    test(name, async () => {
      const who = ['--user', `${target.user}%${target.password}`, '-p', String(target.port)]
      const args = ['--configfile=/dev/null', `ncacn_np:${target.host}`, ...who, `rpc.echo.echo.${name}`]
      const { output } = await run(peerPath('smbtorture'), args, { timeoutMs: 60_000 })
      assert.match(output, new RegExp(`^success: echo\\.${name}$`, 'm'), output)
    })
  }
})
