import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filetimeFromDate } from '../../src/bytes/filetime.ts'
import { ShareType } from '../../src/rpc/srvsvc/share-info.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { WinError } from '../../src/rpc/werror.ts'
import { Wkssvc } from '../../src/rpc/wkssvc/wkssvc.ts'
import type { Caller, ServiceContext, SharedResource } from '../../src/server/services/context.ts'
import { encodeSecurityDescriptor, parseSddl } from '../../src/wire/dtyp/index.ts'
import { clientOn } from './rpc-pair.ts'

const shares: SharedResource[] = [
  { name: 'files', type: 'disk', comment: 'all of them', path: '/srv/files', maxUses: 9, currentUses: 2 },
  { name: 'Ünïcode 🗂', type: 'disk', comment: '' },
  { name: 'secret$', type: 'disk', comment: 'not listed', hidden: true },
  { name: 'IPC$', type: 'ipc', comment: 'Remote IPC', hidden: true },
]
const tester: Caller = { kind: 'user', user: 'tester', domain: 'SERVER', sid: 'S-1-5-21-1-2-3-1000' }

function contextFor(user: Caller, list: readonly SharedResource[] = shares): ServiceContext {
  return {
    serverName: 'SERVER',
    comment: 'a test',
    shares: () => list,
    user,
    now: () => filetimeFromDate(new Date('2026-11-20T13:14:15.670Z')),
  }
}

/** What a share without a descriptor is told to have: everybody may do everything. */
const openToAll = encodeSecurityDescriptor(parseSddl('D:(A;;FA;;;WD)'))

const srvsvcFor = (user: Caller = tester, list = shares) => clientOn('srvsvc', contextFor(user, list)).bind(Srvsvc)

const all = { serverName: '\\\\server', preferredMaximumLength: 0xffff_ffff, resumeHandle: null }

/** An enumeration request as clients send it: the level, and nothing in it. */
const at = (level: 0 | 1 | 2 | 501 | 502 | 503) => ({ info: { tag: level, value: { entries: null } } }) as const

const IPC = (ShareType.IPC | ShareType.SPECIAL) >>> 0

test('NetrShareEnum level 1: what browsing shows', async () => {
  const srvsvc = await srvsvcFor()
  const { shares: found, totalEntries, resumeHandle, result } = await srvsvc.NetrShareEnum({ ...all, shares: at(1) })
  assert.equal(result, 0)
  assert.equal(totalEntries, 3)
  assert.equal(resumeHandle, null)
  assert.deepEqual(found, {
    level: 1,
    info: {
      tag: 1,
      value: {
        entriesRead: 3,
        entries: [
          { name: 'files', type: 0, comment: 'all of them' },
          { name: 'Ünïcode 🗂', type: 0, comment: '' },
          { name: 'IPC$', type: IPC, comment: 'Remote IPC' },
        ],
      },
    },
  })
})

test('NetrShareEnum, the other levels; paths are for administrators', async () => {
  for (const [isAdministrator, path] of [
    [false, ''],
    [true, 'C:\\srv\\files'],
  ] as const) {
    const srvsvc = await srvsvcFor({ ...tester, isAdministrator })
    const first = async (level: Parameters<typeof at>[0]) => {
      const { shares: found, result } = await srvsvc.NetrShareEnum({ ...all, shares: at(level) })
      assert.equal(result, 0)
      assert.equal(found.info.tag, level)
      return found.info.value?.entries?.[0]
    }
    const plain = { name: 'files', type: 0, comment: 'all of them' }
    const detailed = { ...plain, permissions: 0, maxUses: 9, currentUses: 2, path, password: null }
    const descriptor = { securityDescriptorLength: openToAll.length, securityDescriptor: openToAll }
    assert.deepEqual(await first(0), { name: 'files' })
    assert.deepEqual(await first(2), detailed)
    assert.deepEqual(await first(501), { ...plain, flags: 0 })
    assert.deepEqual(await first(502), { ...detailed, ...descriptor })
    assert.deepEqual(await first(503), { ...detailed, serverName: '*', ...descriptor })
  }
})

test('guests and the anonymous may browse, and are told no more', async () => {
  for (const kind of ['guest', 'anonymous'] as const) {
    const srvsvc = await srvsvcFor({ ...tester, kind })
    assert.equal((await srvsvc.NetrShareEnum({ ...all, shares: at(1) })).totalEntries, 3)
    const denied = await srvsvc.NetrShareEnum({ ...all, shares: at(2) })
    assert.equal(denied.result, WinError.ACCESS_DENIED)
    assert.deepEqual(denied.shares.info.value, { entriesRead: 0, entries: [] })
    const info = await srvsvc.NetrShareGetInfo({ serverName: null, shareName: 'files', level: 502 })
    assert.equal(info.result, WinError.ACCESS_DENIED)
    assert.equal(info.info.value, null)
  }
})

test('unknown levels are answered with a code, not with a fault', async () => {
  const srvsvc = await srvsvcFor()
  const shape = { info: { tag: 'other', code: 77, value: undefined } } as const
  const enumerated = await srvsvc.NetrShareEnum({ ...all, shares: shape })
  assert.equal(enumerated.result, WinError.INVALID_LEVEL)
  assert.deepEqual(enumerated.shares, { level: 77, ...shape })
  const info = await srvsvc.NetrShareGetInfo({ serverName: null, shareName: 'files', level: 77 })
  assert.deepEqual(info, { ...shape, result: WinError.INVALID_LEVEL })
  assert.deepEqual(await srvsvc.NetrServerGetInfo({ serverName: null, level: 77 }), {
    ...shape,
    result: WinError.INVALID_LEVEL,
  })
})

test('a long list in pieces, by resume handle', async () => {
  const list = Array.from({ length: 1000 }, (_, i) => ({ name: `share${i}`, type: 'disk' as const, comment: 'c' }))
  const srvsvc = await srvsvcFor(tester, list)
  const names: (string | null)[] = []
  let resumeHandle: number | null = 0
  let rounds = 0
  do {
    const piece: Awaited<ReturnType<typeof srvsvc.NetrShareEnum>> = await srvsvc.NetrShareEnum({
      ...all,
      shares: at(1),
      preferredMaximumLength: 4096,
      resumeHandle,
    })
    assert.ok(piece.result === WinError.MORE_DATA || piece.result === 0)
    assert.equal(piece.totalEntries, 1000 - names.length)
    if (piece.shares.info.tag !== 1) assert.fail('another level')
    names.push(...(piece.shares.info.value?.entries ?? []).map(({ name }) => name))
    resumeHandle = piece.resumeHandle
    rounds++
    assert.equal(piece.result === 0, resumeHandle === 0)
  } while (resumeHandle !== 0 && rounds < 2000)
  assert.deepEqual(
    names,
    list.map(({ name }) => name),
  )
  assert.ok(rounds > 5 && rounds < 100, `${rounds} rounds`)
  // Even where nothing fits there is one, so that a client gets on.
  const tiny = await srvsvc.NetrShareEnum({ ...all, shares: at(1), preferredMaximumLength: 0 })
  assert.equal(tiny.result, WinError.MORE_DATA)
  assert.equal(tiny.shares.info.value?.entries?.length, 1)
  // A handle past the end finds nothing.
  const past = await srvsvc.NetrShareEnum({ ...all, shares: at(1), resumeHandle: 0xffff_ffff })
  assert.deepEqual([past.result, past.totalEntries, past.resumeHandle], [0, 0, 0])
})

test('NetrShareEnumSticky lists what is configured, and not as level 501', async () => {
  const srvsvc = await srvsvcFor()
  const { shares: found } = await srvsvc.NetrShareEnumSticky({ ...all, shares: at(1) })
  if (found.info.tag !== 1) assert.fail('another level')
  assert.deepEqual(
    found.info.value?.entries?.map(({ name }) => name),
    ['files', 'Ünïcode 🗂'],
  )
  const refused = await srvsvc.NetrShareEnumSticky({ ...all, shares: at(501) })
  assert.equal(refused.result, WinError.INVALID_LEVEL)
  assert.deepEqual(refused.shares, { level: 501, info: { tag: 501, value: null } })
})

test('NetrShareCheck: paths are for administrators', async () => {
  const ask = async (isAdministrator: boolean, device: string) => {
    const srvsvc = await srvsvcFor({ ...tester, isAdministrator })
    return srvsvc.NetrShareCheck({ serverName: null, device })
  }
  assert.deepEqual(await ask(true, 'c:\\SRV\\files'), { type: 0, result: 0 })
  for (const [isAdministrator, device] of [
    [true, 'C:\\srv'],
    [true, ''],
    [false, 'C:\\srv\\files'],
  ] as const)
    assert.deepEqual(await ask(isAdministrator, device), { type: 0, result: WinError.DEVICE_NOT_SHARED })
})

test('levels that Windows has and this server has not: a code, and a pointer that is null', async () => {
  const srvsvc = await srvsvcFor()
  for (const level of [502, 1005, 1556] as const) {
    const { info, result } = await srvsvc.NetrServerGetInfo({ serverName: null, level })
    assert.deepEqual([info, result], [{ tag: level, value: null }, WinError.INVALID_LEVEL])
  }
  const wkssvc = await clientOn('wkssvc', contextFor(tester)).bind(Wkssvc)
  const { info } = await wkssvc.NetrWkstaGetInfo({ serverName: null, level: 502 })
  assert.deepEqual(info, { tag: 502, value: null })
  const shape = { info: { tag: 1006, value: { entries: null } } } as const
  assert.equal((await srvsvc.NetrShareEnum({ ...all, shares: shape })).result, WinError.INVALID_LEVEL)
})

test('NetrShareGetInfo: by name without regard to case, hidden ones too', async () => {
  const srvsvc = await srvsvcFor({ ...tester, isAdministrator: true })
  const ask = async (shareName: string, level: number) => {
    const { info, result } = await srvsvc.NetrShareGetInfo({ serverName: null, shareName, level })
    assert.equal(result, 0)
    assert.equal(info.tag, level)
    return info.value
  }
  assert.deepEqual(await ask('FILES', 1), { name: 'files', type: 0, comment: 'all of them' })
  assert.deepEqual(await ask('SECRET$', 0), { name: 'secret$' })
  assert.deepEqual(await ask('ipc$', 501), { name: 'IPC$', type: IPC, comment: 'Remote IPC', flags: 0 })
  const detailed = {
    name: 'files',
    type: 0,
    comment: 'all of them',
    permissions: 0,
    maxUses: 9,
    currentUses: 2,
    path: 'C:\\srv\\files',
    password: null,
  }
  const descriptor = { securityDescriptorLength: openToAll.length, securityDescriptor: openToAll }
  assert.deepEqual(await ask('files', 2), detailed)
  assert.deepEqual(await ask('files', 502), { ...detailed, ...descriptor })
  assert.deepEqual(await ask('files', 503), { ...detailed, serverName: '*', ...descriptor })
  assert.deepEqual(await ask('files', 1004), { comment: 'all of them' })
  assert.deepEqual(await ask('files', 1005), { flags: 0 })
  assert.deepEqual(await ask('files', 1006), { maxUses: 9 })
  assert.deepEqual(await ask('files', 1007), { flags: 0, alternateDirectoryName: '' })
  assert.deepEqual(await ask('ünïcode 🗂', 1006), { maxUses: 0xffff_ffff })
  for (const shareName of ['', 'file', 'files ', 'x'.repeat(1000)]) {
    const { result } = await srvsvc.NetrShareGetInfo({ serverName: null, shareName, level: 1 })
    assert.equal(result, WinError.SHARE_NOT_FOUND)
  }
})

test('NetrServerGetInfo and NetrRemoteTOD', async () => {
  const srvsvc = await srvsvcFor()
  const ask = async (level: number) => (await srvsvc.NetrServerGetInfo({ serverName: 'x', level })).info
  const who = { platformId: 500, name: 'SERVER' }
  const what = { ...who, versionMajor: 6, versionMinor: 1, type: 0x9803, comment: 'a test' }
  assert.deepEqual(await ask(100), { tag: 100, value: who })
  assert.deepEqual(await ask(101), { tag: 101, value: what })
  const full = await ask(102)
  assert.ok(full.tag === 102 && full.value?.autoDisconnect === -1 && full.value.comment === 'a test')
  const { time, result } = await srvsvc.NetrRemoteTOD({ serverName: null })
  assert.equal(result, 0)
  const { elapsedSeconds, hours, minutes, seconds, hundredths, day, month, year, weekday } = time ?? assert.fail()
  assert.deepEqual(
    [elapsedSeconds, hours, minutes, seconds, hundredths, day, month, year, weekday],
    [Date.UTC(2026, 10, 20, 13, 14, 15) / 1000, 13, 14, 15, 67, 20, 11, 2026, 5],
  )
})

test('NetprNameValidate', async () => {
  const srvsvc = await srvsvcFor()
  const ask = async (name: string, nameType: number, flags: number) =>
    (await srvsvc.NetprNameValidate({ serverName: null, name, nameType, flags })).result
  assert.equal(await ask('a share', 9, 0), 0)
  assert.equal(await ask('x'.repeat(80), 9, 0), 0)
  for (const name of ['', 'x'.repeat(81), 'a*b', 'a\\b', 'a\u0001'])
    assert.equal(await ask(name, 9, 0), WinError.INVALID_NAME, name)
  assert.equal(await ask('x'.repeat(12), 9, 0x8000_0000), 0)
  assert.equal(await ask('x'.repeat(13), 9, 0x8000_0000), WinError.INVALID_NAME)
  assert.equal(await ask('a', 9, 1), WinError.INVALID_PARAMETER)
  assert.equal(await ask('a', 0, 0), WinError.INVALID_LEVEL)
})

test('wkssvc: who the machine is', async () => {
  const wkssvc = await clientOn('wkssvc', { ...contextFor(tester), sessionCount: () => 4 }).bind(Wkssvc)
  const ask = async (level: number) => wkssvc.NetrWkstaGetInfo({ serverName: null, level })
  const who = { platformId: 500, computerName: 'SERVER', domainName: 'WORKGROUP', versionMajor: 6, versionMinor: 1 }
  assert.deepEqual(await ask(100), { info: { tag: 100, value: who }, result: 0 })
  assert.deepEqual(await ask(101), { info: { tag: 101, value: { ...who, rootPath: '' } }, result: 0 })
  const full = { ...who, rootPath: '', loggedOnUsers: 4 }
  assert.deepEqual(await ask(102), { info: { tag: 102, value: full }, result: 0 })
  assert.equal((await ask(502)).result, WinError.INVALID_LEVEL)
})
