/** The small services: registry, service control, event logs, endpoint mapper, namespaces; asked by our client. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { NULL_GUID } from '../../src/bytes/guid.ts'
import { utf16Text, viewOf } from '../../src/bytes/utf16.ts'
import { nullHandle } from '../../src/rpc/context-handles.ts'
import { EPT_NOT_REGISTERED, Epmapper, InquiryType } from '../../src/rpc/epmapper/epmapper.ts'
import { decodeTower, encodeTower } from '../../src/rpc/epmapper/tower.ts'
import { Eventlog } from '../../src/rpc/eventlog/eventlog.ts'
import type { ContextHandle } from '../../src/rpc/ndr/index.ts'
import { DfsState, Netdfs } from '../../src/rpc/netdfs/netdfs.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { ServiceState, Svcctl } from '../../src/rpc/svcctl/svcctl.ts'
import { WinError } from '../../src/rpc/werror.ts'
import { RegistryType, Winreg } from '../../src/rpc/winreg/winreg.ts'
import { JoinStatus, Wkssvc } from '../../src/rpc/wkssvc/wkssvc.ts'
import { ServerCore } from '../../src/server/server-core.ts'
import type { Caller, ServiceContext } from '../../src/server/services/context.ts'
import { FaultStatus } from '../../src/wire/dcerpc/index.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { clientOn } from './rpc-pair.ts'

const admin: Caller = {
  kind: 'user',
  user: 'anna',
  domain: 'SERVER',
  sid: 'S-1-5-21-1-2-3-1000',
  isAdministrator: true,
}
const user: Caller = { ...admin, isAdministrator: false }
const guest: Caller = { ...user, kind: 'guest' }

const kept: unknown[] = []
const server = new ServerCore({
  name: 'SERVER',
  accounts: { find: () => undefined },
  shares: [
    {
      name: 'ns',
      backend: memoryBackend(),
      dfs: { comment: 'the root', links: [{ path: 'a\\b', targets: ['\\\\one\\files'], comment: 'a link' }] },
    },
  ],
  shareKeeper: {
    open: () => memoryBackend(),
    changed: ([share]) => void kept.push(share?.dfs?.links?.map(({ path }) => path)),
  },
})
after(() => server.end())

const contextFor = (caller: Caller): ServiceContext => ({
  serverName: 'SERVER',
  comment: 'a test',
  shares: () => [],
  user: caller,
  namespaces: server.namespaces,
  administration: server.administration,
})

test('winreg: keys and values that management tools read; a client without room is told how much', async () => {
  const registry = await clientOn('winreg', contextFor(user)).bind(Winreg)
  const { key: machine } = await registry.OpenLocalMachine({ serverName: null, desiredAccess: 0x0200_0000 })
  const open = (subKey: string) => registry.BaseRegOpenKey({ key: machine, subKey, options: 0, desiredAccess: 1 })
  const { key } = await open('software\\Microsoft\\windows nt\\CurrentVersion\0')
  const ask = (data: number[] | null, dataBytes: number) =>
    registry.BaseRegQueryValue({ key, valueName: 'productname\0', type: 0, data, dataBytes, length: 0 })
  const size = await ask(null, 0)
  assert.deepEqual([size.type, size.dataBytes, size.data], [RegistryType.SZ, 14, null])
  assert.equal((await ask([], 2)).result, WinError.MORE_DATA)
  const { data } = await ask([], 100)
  assert.equal(utf16Text(Uint8Array.from(data ?? [])), 'smbkit\0')
  const about = await registry.BaseRegQueryInfoKey({ key, className: null })
  assert.equal(about.values, 5)
  const names: (string | null)[] = []
  for (let index = 0; ; index++) {
    const room = { className: null, lastWriteTime: null, name: '' }
    const found = await registry.BaseRegEnumKey({ key: machine, index, ...room })
    if (found.result === WinError.NO_MORE_ITEMS) break
    names.push(found.name)
  }
  assert.deepEqual(names, ['SOFTWARE\0', 'SYSTEM\0'])
  assert.equal((await open('SOFTWARE\\Nothing')).result, WinError.FILE_NOT_FOUND)
  await registry.BaseRegCloseKey({ key })
  await assert.rejects(registry.BaseRegQueryInfoKey({ key, className: null }), { status: FaultStatus.CONTEXT_MISMATCH })
  const strange = await clientOn('winreg', contextFor(guest)).bind(Winreg)
  assert.equal((await strange.OpenUsers({ serverName: null, desiredAccess: 1 })).result, WinError.ACCESS_DENIED)
})

test('svcctl: what runs here, in buffers of any size; nothing is started or stopped', async () => {
  const control = await clientOn('svcctl', contextFor(admin)).bind(Svcctl)
  const opening = { machineName: null, databaseName: null, desiredAccess: 4 }
  const { handle: manager } = await control.ROpenSCManagerW(opening)
  const list = (bufferBytes: number, serviceState = 3) =>
    control.REnumServicesStatusW({ manager, serviceType: 0x30, serviceState, bufferBytes, resumeIndex: 0 })
  const size = await list(0)
  assert.deepEqual([size.result, size.servicesReturned], [WinError.MORE_DATA, 0])
  const all = await list(size.bytesNeeded)
  assert.deepEqual([all.result, all.servicesReturned, all.bytesNeeded], [0, 3, 0])
  const view = viewOf(all.buffer)
  const nameAt = view.getUint32(0, true)
  assert.equal(utf16Text(all.buffer.subarray(nameAt, nameAt + 26)), 'LanmanServer\0')
  assert.equal((await list(4096, 1)).servicesReturned, 2)
  const open = (serviceName: string) => control.ROpenServiceW({ manager, serviceName, desiredAccess: 4 })
  assert.equal((await open('nothing')).result, WinError.SERVICE_DOES_NOT_EXIST)
  const { handle: service } = await open('lanmanserver')
  assert.equal((await control.RQueryServiceStatus({ service })).serviceStatus.currentState, ServiceState.RUNNING)
  const small = await control.RQueryServiceConfigW({ service, bufferBytes: 0 })
  assert.equal(small.result, WinError.INSUFFICIENT_BUFFER)
  const config = await control.RQueryServiceConfigW({ service, bufferBytes: small.bytesNeeded })
  assert.equal(config.serviceConfig.displayName, 'Server')
  const extended = await control.RQueryServiceStatusEx({ service, infoLevel: 0, bufferBytes: 36 })
  assert.deepEqual([extended.result, extended.buffer.length], [0, 36])
  assert.equal((await control.RQueryServiceConfig2W({ service, infoLevel: 1, bufferBytes: 4096 })).result, 0)
  const security = { service, securityInformation: 4, bufferBytes: 4096 }
  const descriptor = await control.RQueryServiceObjectSecurity(security)
  assert.equal(descriptor.result, 0)
  const tooSmall = await control.RQueryServiceObjectSecurity({ ...security, bufferBytes: 0 })
  assert.deepEqual([tooSmall.result, tooSmall.bytesNeeded], [WinError.INSUFFICIENT_BUFFER, descriptor.bytesNeeded])
  assert.ok(descriptor.bytesNeeded > 20)
  assert.equal((await control.RControlService({ service, control: 1 })).result, WinError.ACCESS_DENIED)
  const start = async (handle: ContextHandle) =>
    (await control.RStartServiceW({ service: handle, argc: 1, argv: [{ text: 'now' }] })).result
  assert.equal(await start(service), WinError.SERVICE_ALREADY_RUNNING)
  assert.equal(await start((await open('spooler')).handle), WinError.ACCESS_DENIED)
  const nothing = new Uint8Array(0)
  const kinds = { serviceType: 16, startType: 2, errorControl: 1, loadOrderGroup: null, tagId: null }
  const logon = { dependencies: null, dependenciesBytes: 0, serviceStartName: null, password: null, passwordBytes: 0 }
  const made = { ...kinds, ...logon, displayName: null, binaryPathName: 'C:\\evil.exe' }
  for (const { result } of [
    await control.RCreateServiceW({ manager, serviceName: 'evil', desiredAccess: 0xf01ff, ...made }),
    await control.RChangeServiceConfigW({ service, ...made }),
    await control.RSetServiceObjectSecurity({ ...security, descriptor: nothing, descriptorBytes: 0 }),
    await control.RDeleteService({ service }),
  ])
    assert.equal(result, WinError.ACCESS_DENIED)
  // Whatever a client says of its buffer, it gets no more than a buffer may have.
  assert.equal((await list(0xffff_ffff)).buffer.length, 256 * 1024)
})

test('eventlog: logs are there, and empty', async () => {
  const logs = await clientOn('eventlog', contextFor(admin)).bind(Eventlog)
  const naming = { serverName: null, regModuleName: '', majorVersion: 1, minorVersion: 1 }
  assert.equal((await logs.ElfrOpenELW({ ...naming, moduleName: 'Nothing' })).result, NtStatus.OBJECT_NAME_NOT_FOUND)
  const { log } = await logs.ElfrOpenELW({ ...naming, moduleName: 'System' })
  assert.equal((await logs.ElfrNumberOfRecords({ log })).numberOfRecords, 0)
  const read = await logs.ElfrReadELW({ log, readFlags: 5, recordOffset: 0, bytesToRead: 0xffff_ffff })
  assert.equal(read.result, NtStatus.END_OF_FILE)
  await logs.ElfrCloseEL({ log })
  await assert.rejects(logs.ElfrOldestRecord({ log }), { status: FaultStatus.CONTEXT_MISMATCH })
  const other = await clientOn('eventlog', contextFor(user)).bind(Eventlog)
  assert.equal((await other.ElfrOpenELW({ ...naming, moduleName: 'System' })).result, NtStatus.ACCESS_DENIED)
})

test('epmapper: all interfaces in pieces, and where one of them is', async () => {
  const mapper = await clientOn('epmapper', contextFor(user)).bind(Epmapper)
  const request = { inquiryType: InquiryType.ALL, object: null, interface: null, versionOption: 1, maxEntries: 3 }
  const pipes: unknown[] = []
  let entryHandle = nullHandle
  for (;;) {
    const answer = await mapper.ept_lookup({ ...request, entryHandle })
    entryHandle = answer.entryHandle
    for (const { tower } of answer.entries.entries) {
      const found = decodeTower(tower?.tower ?? new Uint8Array(0))
      pipes.push(found.endpoint.kind === 'pipe' ? found.endpoint.pipe : '')
    }
    const isLast = answer.count < request.maxEntries
    assert.deepEqual([answer.status, entryHandle.uuid === NULL_GUID], [isLast ? EPT_NOT_REGISTERED : 0, isLast])
    if (isLast) break
  }
  const all = await mapper.ept_lookup({ ...request, maxEntries: 500, entryHandle })
  assert.deepEqual([all.count, all.status, all.entryHandle.uuid], [pipes.length, 0, NULL_GUID])
  const justAll = await mapper.ept_lookup({ ...request, maxEntries: pipes.length, entryHandle })
  assert.deepEqual([justAll.count, justAll.status, justAll.entryHandle.uuid === NULL_GUID], [pipes.length, 0, false])
  const nothing = await mapper.ept_lookup({ ...request, entryHandle: justAll.entryHandle })
  assert.deepEqual([nothing.count, nothing.status, nothing.entryHandle.uuid], [0, EPT_NOT_REGISTERED, NULL_GUID])
  for (const pipe of ['srvsvc', 'lsarpc', 'epmapper', 'netdfs']) assert.ok(pipes.includes(`\\PIPE\\${pipe}`), pipe)
  const endpoint = { kind: 'pipe', pipe: '', host: '' } as const
  const ask = (tower: Uint8Array) =>
    mapper.ept_map({ object: null, mapTower: { tower }, entryHandle: nullHandle, maxTowers: 4 })
  const { count, towers, status } = await ask(encodeTower({ interface: Srvsvc.syntax, endpoint }))
  assert.deepEqual([count, towers.room, status], [1, 4, 0])
  const tcp = { kind: 'tcp', port: 0, address: '0.0.0.0' } as const
  assert.equal((await ask(encodeTower({ interface: Srvsvc.syntax, endpoint: tcp }))).status, EPT_NOT_REGISTERED)
  assert.deepEqual(
    decodeTower(encodeTower({ interface: Srvsvc.syntax, endpoint: { ...tcp, port: 49_152 } })).endpoint,
    {
      ...tcp,
      port: 49_152,
    },
  )
})

test('towers that lie are refused', async () => {
  const good = encodeTower({ interface: Srvsvc.syntax, endpoint: { kind: 'pipe', pipe: '\\PIPE\\x', host: '' } })
  for (let length = 0; length < good.length; length++)
    assert.throws(() => decodeTower(good.subarray(0, length)), { name: 'WireError' }, String(length))
  for (let i = 0; i < good.length; i++) {
    const bad = good.slice()
    bad[i] = 0xff
    try {
      decodeTower(bad)
    } catch (error) {
      assert.equal((error as Error).name, 'WireError')
    }
  }
})

test('netdfs: roots and links are told; administrators add and remove targets, and who keeps shares is told', async () => {
  const dfs = await clientOn('netdfs', contextFor(admin)).bind(Netdfs)
  const list = async () => {
    const request = { preferredMaximumLength: 0xffff_ffff, resumeHandle: 0, level: 3 }
    const { entries } = await dfs.NetrDfsEnum({ ...request, entries: { info: { tag: 3, value: { entries: null } } } })
    if (entries?.info.tag !== 3) assert.fail('another level')
    return (entries.info.value?.entries ?? []).map(({ entryPath, comment, storages }) => [
      entryPath,
      comment,
      ...(storages ?? []).map(({ serverName, shareName }) => `${serverName}\\${shareName}`),
    ])
  }
  const root = ['\\\\SERVER\\ns', 'the root', 'SERVER\\ns']
  assert.deepEqual(await list(), [root, ['\\\\SERVER\\ns\\a\\b', 'a link', 'one\\files']])
  const entryPath = '\\\\server\\NS\\A\\B'
  const add = (path: string, serverName: string) =>
    dfs.NetrDfsAdd({ entryPath: path, serverName, shareName: 'files', comment: 'new', flags: 0 })
  assert.equal((await add(entryPath, 'two')).result, 0)
  assert.equal((await add(entryPath, 'TWO')).result, WinError.FILE_EXISTS)
  assert.equal((await add('\\\\server\\other\\x', 'two')).result, WinError.DFS_NO_SUCH_VOLUME)
  assert.equal((await add('\\\\server\\ns\\a', 'two')).result, WinError.INVALID_PARAMETER)
  assert.equal((await add('\\\\server\\ns\\c', 'three')).result, 0)
  assert.deepEqual(await list(), [
    root,
    ['\\\\SERVER\\ns\\a\\b', 'a link', 'one\\files', 'two\\files'],
    ['\\\\SERVER\\ns\\c', 'new', 'three\\files'],
  ])
  const named = { entryPath, serverName: null, shareName: null }
  assert.equal((await dfs.NetrDfsSetInfo({ ...named, info: { tag: 100, value: { comment: 'better' } } })).result, 0)
  assert.equal((await dfs.NetrDfsSetInfo({ ...named, info: { tag: 102, value: { timeout: 60 } } })).result, 0)
  const { info } = await dfs.NetrDfsGetInfo({ ...named, level: 4 })
  assert.ok(info.tag === 4)
  assert.deepEqual([info.value?.comment, info.value?.timeout, info.value?.storageCount], ['better', 60, 2])
  const states = async () => {
    const found = await dfs.NetrDfsGetInfo({ ...named, level: 3 })
    return found.info.tag === 3 ? found.info.value?.storages?.map(({ state }) => state) : undefined
  }
  const setState = async (serverName: string | null, state: number) => {
    const target = { entryPath, serverName, shareName: serverName === null ? null : 'files' }
    return (await dfs.NetrDfsSetInfo({ ...target, info: { tag: 101, value: { state } } })).result
  }
  assert.equal(await setState('TWO', DfsState.OFFLINE), 0)
  assert.deepEqual(await states(), [DfsState.ONLINE, DfsState.OFFLINE])
  assert.equal(server.namespaces.root('ns')?.namespace.linkOf(['a', 'b'])?.targets[1]?.enabled, false)
  assert.equal(await setState('two', DfsState.ONLINE), 0)
  assert.equal(await setState('two', 7), WinError.INVALID_PARAMETER)
  assert.equal(await setState(null, DfsState.ONLINE), WinError.INVALID_PARAMETER)
  assert.equal(await setState('nine', DfsState.ONLINE), WinError.DFS_NO_SUCH_SHARE)
  const remove = (serverName: string | null) =>
    dfs.NetrDfsRemove({ entryPath, serverName, shareName: serverName === null ? null : 'files' })
  assert.equal((await remove('nine')).result, WinError.DFS_NO_SUCH_VOLUME)
  assert.equal((await remove('one')).result, 0)
  assert.equal((await remove(null)).result, 0)
  assert.deepEqual(await list(), [root, ['\\\\SERVER\\ns\\c', 'new', 'three\\files']])
  assert.deepEqual(kept.at(-1), ['c'])
  const other = await clientOn('netdfs', contextFor(user)).bind(Netdfs)
  assert.equal((await other.NetrDfsRemove({ ...named, entryPath: '\\\\s\\ns\\c' })).result, WinError.ACCESS_DENIED)
})

test('wkssvc: the workgroup, the names, and who is logged on', async () => {
  const workstation = await clientOn('wkssvc', contextFor(user)).bind(Wkssvc)
  const joined = await workstation.NetrGetJoinInformation({ serverName: null, name: null })
  assert.deepEqual([joined.name, joined.nameType], ['WORKGROUP', JoinStatus.WORKGROUP])
  const names = await workstation.NetrEnumerateComputerNames({ serverName: null, nameType: 2, reserved: 0 })
  assert.deepEqual(names.names?.entries, ['SERVER'])
  const request = { serverName: null, preferredMaximumLength: 100, resumeHandle: null }
  const users = { info: { tag: 0, value: { entries: null } } } as const
  assert.equal((await workstation.NetrWkstaUserEnum({ ...request, users })).result, WinError.ACCESS_DENIED)
  const transports = await workstation.NetrWkstaTransportEnum({ ...request, transports: users })
  assert.equal(transports.totalEntries, 1)
})

test('a member of a domain says so, and of which; what an administrator sets of the server is its comment', async () => {
  const member = { ...contextFor(admin), domainName: 'CORP', memberOf: { domain: 'CORP', dnsDomain: 'corp.example' } }
  const workstation = await clientOn('wkssvc', member).bind(Wkssvc)
  const joined = await workstation.NetrGetJoinInformation({ serverName: null, name: null })
  assert.deepEqual([joined.name, joined.nameType], ['CORP', JoinStatus.DOMAIN])
  const change = (caller: Caller, comment: string | null) =>
    clientOn('srvsvc', contextFor(caller))
      .bind(Srvsvc)
      .then(async (srvsvc) => {
        const info = { tag: 1005, value: { comment } } as const
        return (await srvsvc.NetrServerSetInfo({ serverName: null, level: 1005, info, parameterError: null })).result
      })
  assert.equal(await change(user, 'x'), WinError.ACCESS_DENIED)
  assert.equal(await change(admin, 'x'.repeat(257)), WinError.INVALID_PARAMETER)
  assert.equal(await change(admin, 'in the cellar'), WinError.SUCCESS)
  assert.equal(server.comment, 'in the cellar')
})
