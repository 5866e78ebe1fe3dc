import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { DfsAnswer, DfsQuestion } from '../../src/server/dfs/answer.ts'
import { Dfs, type DfsOptions } from '../../src/server/dfs/dfs.ts'
import { Namespace } from '../../src/server/dfs/namespace.ts'
import { encodeReferral } from '../../src/server/dfs/referral-response.ts'
import { type DfsTargetOptions, Target } from '../../src/server/dfs/target.ts'
import { orderTargets } from '../../src/server/dfs/target-order.ts'
import type { Share } from '../../src/server/share.ts'
import {
  DfsReferralEntryFlags,
  DfsReferralHeaderFlags,
  DfsServerType,
  GetDfsReferralResponse,
} from '../../src/wire/dfsc/index.ts'
import { type Failure, fail, failed } from '../../src/wire/erref/failure.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'

type PathAnswer = Extract<DfsAnswer, { consumed: number }>

const target = (server: string, more: Partial<DfsTargetOptions> = {}) =>
  new Target({ path: `\\\\${server}\\s`, ...more })
const servers = (sets: readonly (readonly Target[])[]): string[][] =>
  sets.map((set) => set.map(({ names }) => names[0] as string))
/** Leaves everything as it is. */
const last = (below: number): number => below - 1

suite('the order of targets', () => {
  const costs = [
    { from: 'York', to: 'Leeds', cost: 10 },
    { from: 'Bath', to: 'york', cost: 5 },
  ]
  const all = [
    target('far', { site: 'Oslo' }),
    target('leeds', { site: 'Leeds' }),
    target('home', { site: 'YORK' }),
    target('bath', { site: 'Bath' }),
    target('unknown'),
  ]

  test('is that of the cost, both ways; nobody knows comes last', () => {
    const sets = orderTargets(all, 'York', false, { costs }, last)
    assert.deepEqual(servers(sets), [['home'], ['bath'], ['leeds'], ['far', 'unknown']])
  })

  test('of a client of whom nothing is known there is one set, in any order', () => {
    assert.deepEqual(servers(orderTargets(all, undefined, false, { costs }, last)), [
      ['far', 'leeds', 'home', 'bath', 'unknown'],
    ])
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) seen.add(servers(orderTargets(all, undefined, false, {}))[0]?.[0] as string)
    assert.equal(seen.size, all.length)
  })

  test('in-site leaves others out, but those before and behind all', () => {
    const some = [...all, target('first', { priority: 'globalHigh' }), target('spare', { priority: 'globalLow' })]
    assert.deepEqual(servers(orderTargets(some, 'Bath', true, { costs }, last)), [['first'], ['bath'], ['spare']])
  })

  test('priorities count among those that cost the same, ranks among those of one priority', () => {
    const some = [
      target('low', { site: 'a', priority: 'low' }),
      target('second', { site: 'a', rank: 1 }),
      target('first', { site: 'a' }),
      target('high', { site: 'a', priority: 'high' }),
      target('off', { site: 'a', priority: 'high', enabled: false }),
      target('elsewhere', { site: 'b', priority: 'high' }),
    ]
    assert.deepEqual(servers(orderTargets(some, 'a', false, {}, last)), [
      ['high'],
      ['first'],
      ['second'],
      ['low'],
      ['elsewhere'],
    ])
  })

  test('what is no target is refused', () => {
    for (const path of ['', 'server', '\\\\server', '\\\\server\\..', '\\\\server\\a*b'])
      assert.throws(() => new Target(path), RangeError, path)
    assert.throws(() => target('a', { rank: 32 }), RangeError)
  })
})

suite('links of a namespace', () => {
  const namespace = () =>
    new Namespace({
      links: [
        { path: 'Docs', targets: ['\\\\a\\docs'] },
        { path: 'deep\\er/Link', targets: ['\\\\a\\s'] },
      ],
    })

  test('are found without regard to case, with what lies below', () => {
    const tree = namespace()
    assert.deepEqual(tree.linkOf(['DOCS'])?.path, ['Docs'])
    assert.deepEqual(tree.linkOf(['Deep', 'ER', 'link', 'x', 'y'])?.path, ['deep', 'er', 'Link'])
    for (const path of [[], ['deep'], ['deep', 'er'], ['docs2'], ['er', 'link']])
      assert.equal(tree.linkOf(path), undefined)
    assert.ok(
      tree.holds(['deep', 'er']) && tree.holds(['docs']) && !tree.holds(['docs', 'x']) && !tree.holds(['other']),
    )
  })

  test('come and go', () => {
    const tree = namespace()
    tree.add({ path: 'deep\\other', targets: ['\\\\a\\s'] })
    assert.deepEqual(
      tree.links.map(({ path }) => path.join('\\')),
      ['Docs', 'deep\\er\\Link', 'deep\\other'],
    )
    assert.equal(tree.remove(['DEEP', 'er', 'link']), true)
    assert.equal(tree.remove(['deep', 'er', 'link']), false)
    assert.equal(tree.holds(['deep', 'er']), false)
    assert.equal(tree.remove(['deep']), false)
    assert.ok(tree.holds(['deep', 'other']))
  })

  test('do not lie in each other, and lead somewhere', () => {
    const tree = namespace()
    for (const path of ['docs', 'docs\\below', 'deep', '', 'a\\..\\b', 'a:b'])
      assert.throws(() => tree.add({ path, targets: ['\\\\a\\s'] }), RangeError, path)
    assert.throws(() => tree.add({ path: 'x', targets: [] }), RangeError)
    assert.throws(() => tree.add({ path: 'x', targets: ['\\\\a\\s'], timeToLive: 0.5 }), RangeError)
    assert.equal(tree.links.length, 2)
  })
})

suite('what names mean', () => {
  const namespace = new Namespace({
    failback: true,
    links: [
      { path: 'Technical', targets: ['\\\\server01\\tech', '\\\\server02\\tech'] },
      { path: 'Away', targets: [{ path: '\\\\far\\s', site: 'b' }], insite: true },
      { path: 'Other', targets: ['\\\\far\\root'], interlink: true, timeToLive: 5 },
    ],
  })
  const shareOf = (name: string) => (name.toUpperCase() === 'TEAMS' ? ({ namespace } as Share) : undefined)
  const domains = [
    {
      name: 'advance7.example',
      controllers: [
        { name: 'dc1.advance7.example', site: 'a' },
        { name: 'dc2.advance7.example', site: 'b' },
      ],
      namespaces: [{ name: 'Teams', targets: ['\\\\root1\\Teams'] }],
    },
  ]
  const ask = (path: string, more: Partial<DfsQuestion> = {}, options: DfsOptions = { domains }) => {
    const names = path.split('\\').filter((name) => name !== '')
    return new Dfs(options, shareOf).resolve({ names, client: '10.0.0.1', site: undefined, ...more })
  }
  const answer = async (path: string, more?: Partial<DfsQuestion>) => {
    const found = await ask(path, more)
    assert.ok(!failed(found), path)
    return found as PathAnswer
  }
  const status = async (path: string, options?: DfsOptions) => ((await ask(path, {}, options)) as Failure).status

  test('links and roots of shares', async () => {
    const link = await answer('\\nas\\teams\\technical\\a\\b')
    assert.deepEqual([link.kind, link.consumed, link.timeToLive, link.failback], ['link', 3, 1800, true])
    const { kind, consumed, timeToLive } = await answer('\\nas\\teams\\other')
    assert.deepEqual([kind, consumed, timeToLive], ['interlink', 3, 5])
    const root = await answer('\\nas\\teams\\nothing')
    assert.deepEqual([root.kind, root.consumed, servers(root.sets)], ['root', 2, [['nas']]])
    assert.equal(await status('\\nas\\nosuch'), NtStatus.NOT_FOUND)
  })

  test('a link in another site alone has nothing for this one', async () => {
    assert.deepEqual(servers((await answer('\\nas\\teams\\away', { site: 'b' })).sets), [['far']])
    assert.deepEqual((await answer('\\nas\\teams\\away', { site: 'a' })).sets, [])
  })

  test('domains, by both of their names', async () => {
    assert.deepEqual(await ask(''), { kind: 'domains', domains: ['ADVANCE7', 'advance7.example'] })
    const b = { site: 'b' }
    const controllers = await ask('\\advance7.example', b)
    assert.deepEqual(!failed(controllers) && 'controllers' in controllers && controllers.controllers, [
      'dc2.advance7.example',
      'dc1.advance7.example',
    ])
    const short = await ask('\\Advance7', b)
    assert.deepEqual(!failed(short) && 'controllers' in short && short.controllers, ['DC2', 'DC1'])
    const root = await answer('\\ADVANCE7\\teams')
    assert.deepEqual([root.kind, servers(root.sets)], ['root', [['root1']]])
    // Links are known by who has the root, which is this server, too.
    assert.equal((await answer('\\advance7\\teams\\technical')).kind, 'link')
    const sysvol = await answer('\\advance7.example\\SysVol', b)
    assert.deepEqual(
      sysvol.sets.flat().map(({ names }) => names.join('\\')),
      ['dc2.advance7.example\\SysVol', 'dc1.advance7.example\\SysVol'],
    )
    assert.equal(await status('\\advance7\\nosuch'), NtStatus.NO_SUCH_FILE)
    assert.equal(await status('\\advance7\\sysvol\\x'), NtStatus.NOT_FOUND)
    assert.equal(await status('\\nosuch'), NtStatus.INVALID_PARAMETER)
    assert.equal(await status('', {}), NtStatus.NOT_FOUND)
  })

  test('a resolver comes first', async () => {
    const seen: DfsQuestion[] = []
    const sets = [[target('own')]]
    const resolver = async (question: DfsQuestion): Promise<DfsAnswer | undefined> => {
      seen.push(question)
      return question.names[0] === 'mine'
        ? { kind: 'root', consumed: 2, timeToLive: 1, failback: false, sets }
        : undefined
    }
    const own = (await ask('\\mine\\x', {}, { resolver })) as PathAnswer
    assert.deepEqual(servers(own.sets), [['own']])
    const other = (await ask('\\nas\\teams\\other', {}, { resolver })) as DfsAnswer
    assert.equal(other.kind, 'interlink')
    assert.deepEqual(
      seen.map(({ client }) => client),
      ['10.0.0.1', '10.0.0.1'],
    )
  })
})

suite('referrals as bytes', () => {
  const link: DfsAnswer = {
    kind: 'link',
    consumed: 3,
    timeToLive: 60,
    failback: true,
    sets: [[target('a'), target('b')], [target('c')]],
  }
  const shape = { path: '\\nas\\Teams\\Tech\\x', maxVersion: 4, maxBytes: 4096 }
  const encoded = (answer: DfsAnswer, more = {}) => {
    const output = encodeReferral(answer, { ...shape, ...more })
    assert.ok(output instanceof Uint8Array)
    return GetDfsReferralResponse.decode(viewOf(output))
  }
  const { STORAGE_SERVERS, REFERRAL_SERVERS, TARGET_FAILBACK } = DfsReferralHeaderFlags

  test('in each version', () => {
    for (const maxVersion of [1, 2, 3, 4]) {
      const { pathConsumed, referralHeaderFlags, referrals } = encoded(link, { maxVersion })
      assert.equal(pathConsumed, '\\nas\\Teams\\Tech'.length * 2)
      assert.equal(referralHeaderFlags, STORAGE_SERVERS | TARGET_FAILBACK)
      assert.deepEqual(
        referrals.map(({ versionNumber }) => versionNumber),
        [maxVersion, maxVersion, maxVersion],
      )
      const targets = referrals.map((entry) =>
        'shareName' in entry ? entry.shareName : 'networkAddress' in entry && entry.networkAddress,
      )
      assert.deepEqual(targets, ['\\a\\s', '\\b\\s', '\\c\\s'])
      const boundaries = referrals.map(
        ({ referralEntryFlags }) => referralEntryFlags & DfsReferralEntryFlags.TARGET_SET_BOUNDARY,
      )
      assert.deepEqual(boundaries, maxVersion === 4 ? [4, 0, 4] : [0, 0, 0])
      const [first] = referrals
      if (first !== undefined && 'dfsPath' in first) {
        assert.equal(first.dfsPath, '\\nas\\Teams\\Tech')
        assert.equal(first.dfsAlternatePath, '\\nas\\Teams\\Tech')
        assert.equal(first.timeToLive, 60)
      }
    }
  })

  test('say what they are of', () => {
    const root = encoded({ ...link, kind: 'root', consumed: 2, failback: false })
    assert.equal(root.referralHeaderFlags, STORAGE_SERVERS | REFERRAL_SERVERS)
    assert.equal(root.referrals[0]?.serverType, DfsServerType.ROOT)
    assert.equal(encoded({ ...link, kind: 'interlink' }).referralHeaderFlags, REFERRAL_SERVERS | TARGET_FAILBACK)
    // Two separators at the beginning are consumed, too.
    assert.equal(encoded(link, { path: '\\\\nas\\Teams\\Tech\\x' }).pathConsumed, '\\\\nas\\Teams\\Tech'.length * 2)
  })

  test('of names, as many as there is room for', () => {
    const controllers = Array.from({ length: 40 }, (_, i) => `dc${i}.advance7.example`)
    const answer: DfsAnswer = { kind: 'controllers', domain: 'advance7', controllers }
    const all = encoded(answer).referrals
    assert.equal(all.length, 1)
    assert.deepEqual(
      all[0] && 'expandedNames' in all[0] && all[0].expandedNames,
      controllers.map((name) => `\\${name}`),
    )
    const some = encoded(answer, { maxBytes: 500 }).referrals[0]
    const count = some && 'expandedNames' in some ? some.expandedNames.length : 0
    assert.ok(count > 5 && count < 15, String(count))
    assert.deepEqual(encodeReferral(answer, { ...shape, maxBytes: 20 }), fail(NtStatus.BUFFER_OVERFLOW))
    assert.deepEqual(encodeReferral(answer, { ...shape, maxVersion: 2 }), fail(NtStatus.UNSUCCESSFUL))
    assert.deepEqual(
      encodeReferral({ kind: 'domains', domains: ['a'] }, { ...shape, maxVersion: 1 }),
      fail(NtStatus.UNSUCCESSFUL),
    )
    assert.deepEqual(encodeReferral(link, { ...shape, maxBytes: 100 }), fail(NtStatus.BUFFER_OVERFLOW))
  })
})
