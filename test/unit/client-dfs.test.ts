import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { WireError } from '../../src/bytes/errors.ts'
import { type DfsPath, dfsKey, dfsNames } from '../../src/client/dfs/dfs-path.ts'
import { below, Journey, type JourneyParts, openRoute, type Route } from '../../src/client/dfs/journey.ts'
import { Namespace } from '../../src/client/dfs/namespace.ts'
import { readDomainReferral } from '../../src/client/dfs/referral.ts'
import { isTrustedHost } from '../../src/client/dfs/trust.ts'
import { SecurityError, StatusError, TransportError, UsageError } from '../../src/client/errors.ts'
import { settingsOf } from '../../src/client/settings.ts'
import {
  DfsReferralEntryFlags,
  DfsReferralHeaderFlags,
  type DfsReferralInput,
  DfsServerType,
  GetDfsReferralResponse,
} from '../../src/wire/dfsc/index.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { VirtualClock } from '../simulation/virtual-clock.ts'

const { NAME_LIST_REFERRAL, TARGET_SET_BOUNDARY } = DfsReferralEntryFlags

interface Part {
  readonly targets: readonly string[]
  readonly version?: 1 | 2 | 3 | 4
  readonly isRoot?: boolean
  readonly ttlSeconds?: number
  readonly failback?: boolean
  /** Indexes of targets that begin a set. */
  readonly sets?: readonly number[]
}

/** A namespace in memory: which servers there are, what is on them, and who knows what. */
class World {
  readonly clock = new VirtualClock()
  /** Server to shares. */
  readonly shares = new Map<string, string[]>()
  /** Part of a namespace to where it is, for each server that knows. */
  readonly referrals = new Map<string, Map<string, Part>>()
  readonly controllers = new Map<string, { readonly servers: string[]; readonly known: string[] }>()
  readonly dead = new Set<string>()
  readonly forbidden = new Set<string>()
  readonly asked: string[] = []
  readonly told: string[] = []
  readonly namespace: Namespace
  readonly parts: JourneyParts<string>

  constructor(limits = { maxReferralTargets: 8, maxReferrals: 4 }) {
    const { clock } = this
    this.namespace = new Namespace({
      clock,
      limits,
      ask: async (server, path) => this.answer(server, path),
      observe: (path, targets) => this.told.push(`${path}: ${targets.join(' ')}`),
    })
    this.parts = { namespace: this.namespace, maxSteps: 8, open: async (server, share) => this.open(server, share) }
  }

  server(name: string, ...shares: string[]): this {
    this.shares.set(name, shares)
    return this
  }

  part(server: string, path: string, targets: readonly string[], more: Omit<Part, 'targets'> = {}): this {
    const known = this.referrals.get(server) ?? new Map<string, Part>()
    known.set(path, { targets, ...more })
    this.referrals.set(server, known)
    return this
  }

  open(server: string, share: string): string {
    if (this.forbidden.has(server)) throw new SecurityError(`nobody is to log on to ${server}`)
    const shares = this.shares.get(server)
    if (shares === undefined) throw new TransportError('ENOTFOUND', `connect to ${server}`, 'no such name')
    if (this.dead.has(server)) throw new TransportError('ECONNREFUSED', `connect to ${server}`, 'nobody is there')
    if (!shares.includes(share)) throw new StatusError(NtStatus.BAD_NETWORK_NAME, 'TREE_CONNECT')
    return `${server}/${share}`
  }

  answer(server: string, path: string): Uint8Array {
    this.asked.push(`${server} ${path}`)
    if (this.dead.has(server)) throw new TransportError('ECONNREFUSED', `connect to ${server}`, 'nobody is there')
    const domain = this.controllers.get(path)
    if (domain?.known.includes(server) === true)
      return GetDfsReferralResponse.encode({
        pathConsumed: path.length * 2,
        referralHeaderFlags: 0,
        referrals: [
          {
            versionNumber: 3,
            referralEntryFlags: NAME_LIST_REFERRAL,
            timeToLive: 600,
            specialName: path,
            expandedNames: domain.servers.map((name) => `\\${name}`),
          },
        ],
      })
    for (let names = path.slice(1).split('\\'); names.length > 1; names = names.slice(0, -1)) {
      const prefix = `\\${names.join('\\')}`
      const part = this.referrals.get(server)?.get(prefix)
      if (part !== undefined) return this.encode(prefix, part)
    }
    throw new StatusError(NtStatus.NOT_FOUND, 'IOCTL')
  }

  encode(prefix: string, part: Part): Uint8Array {
    const { targets, version = 4, isRoot = false, ttlSeconds = 300, failback = false, sets = [0] } = part
    const serverType = isRoot ? DfsServerType.ROOT : DfsServerType.NON_ROOT
    const one = (target: string, i: number): DfsReferralInput => {
      if (version === 1) return { versionNumber: 1, serverType, shareName: target }
      const paths = { dfsPath: prefix, dfsAlternatePath: prefix, networkAddress: target, timeToLive: ttlSeconds }
      if (version === 2) return { versionNumber: 2, serverType, ...paths }
      const flags = version === 4 && sets.includes(i) ? TARGET_SET_BOUNDARY : 0
      return { versionNumber: version, serverType, referralEntryFlags: flags, ...paths }
    }
    return GetDfsReferralResponse.encode({
      pathConsumed: prefix.length * 2,
      referralHeaderFlags: failback ? DfsReferralHeaderFlags.TARGET_FAILBACK : 0,
      referrals: targets.map(one),
    })
  }

  /** What a server says to somebody who opens a name of a share of it. */
  touch({ server, share, name }: Route<string>): string {
    if (this.dead.has(server)) throw new TransportError('ECONNRESET', 'CREATE', 'the connection broke off')
    for (const [path] of this.referrals.get(server) ?? []) {
      const [, root, ...link] = path.slice(1).split('\\')
      const isLink = link.length > 0 && root === share
      if (isLink && dfsKey(name.slice(0, link.length)) === dfsKey(link))
        throw new StatusError(NtStatus.PATH_NOT_COVERED, 'CREATE')
    }
    return `\\\\${[server, share, ...name].join('\\')}`
  }

  /** Opens a path as a share's call does, from a route that stands. */
  async go(start: Route<string>, ...names: string[]): Promise<string> {
    const way = new Journey(this.parts, below(start, names), { operation: 'open' })
    await way.begin()
    for (;;) {
      try {
        return this.touch(way.route)
      } catch (error) {
        if (!(await way.next(error))) throw error
      }
    }
  }

  root(path: DfsPath, asked = path[0] as string): Promise<Route<string>> {
    return openRoute(this.parts, path, asked)
  }
}

/** The guide's example: folders of several servers under the roof of a domain. */
function teams(): World {
  const world = new World()
  world.server('dc1', 'sysvol').server('dc2', 'sysvol').server('root1', 'Teams').server('root2', 'Teams')
  world.server('server01', 'Tech', 'HumanResources').server('server19', 'Marketing').server('server26', 'Finance')
  world.controllers.set('\\Advance7', { servers: ['dc1', 'dc2'], known: ['dc1', 'dc2', 'root1', 'server26'] })
  for (const controller of ['dc1', 'dc2']) {
    world.part(controller, '\\Advance7\\Teams', ['\\root1\\Teams', '\\root2\\Teams'], { isRoot: true })
    world.part(controller, '\\Advance7\\sysvol', ['\\dc1\\sysvol', '\\dc2\\sysvol'], { isRoot: true })
  }
  for (const root of ['root1', 'root2']) {
    const link = (name: string, target: string) => world.part(root, `\\Advance7\\Teams\\${name}`, [target])
    link('Technical', '\\server01\\Tech')
    link('Human Resources', '\\server01\\HumanResources')
    link('Marketing', '\\server19\\Marketing')
    link('Finance', '\\server26\\Finance')
  }
  return world
}

suite('the namespace of a domain', () => {
  test('domain, controller, root, link', async () => {
    const world = teams()
    const root = await world.root(['Advance7', 'Teams'], 'dc1')
    assert.equal(root.on, 'root1/Teams')
    assert.equal(await world.go(root), '\\\\root1\\Teams')
    assert.equal(await world.go(root, 'Technical', 'plans', 'a.txt'), '\\\\server01\\Tech\\plans\\a.txt')
    assert.equal(await world.go(root, 'Marketing'), '\\\\server19\\Marketing')
    assert.equal(await world.go(root, 'Finance', '2026'), '\\\\server26\\Finance\\2026')
    assert.equal(await world.go(root, 'Human Resources', 'x'), '\\\\server01\\HumanResources\\x')
    assert.equal(await world.go(root, 'notes.txt'), '\\\\root1\\Teams\\notes.txt')
    assert.deepEqual(world.asked, [
      'dc1 \\Advance7',
      'dc1 \\Advance7\\Teams',
      'root1 \\Advance7\\Teams\\Technical\\plans\\a.txt',
      'root1 \\Advance7\\Teams\\Marketing',
      'root1 \\Advance7\\Teams\\Finance\\2026',
      'root1 \\Advance7\\Teams\\Human Resources\\x',
    ])
    assert.deepEqual(world.told.slice(0, 3), [
      '\\Advance7: dc1 dc2',
      '\\Advance7\\Teams: \\root1\\Teams \\root2\\Teams',
      '\\Advance7\\Teams\\Technical\\plans\\a.txt: \\server01\\Tech',
    ])
  })

  test('what is known is not asked again, in whatever case it is spelled, until its time has passed', async () => {
    const world = teams()
    const root = await world.root(['Advance7', 'Teams'], 'dc1')
    await world.go(root, 'Finance', 'a')
    const before = world.asked.length
    assert.equal(await world.go(root, 'FINANCE', 'b'), '\\\\server26\\Finance\\b')
    assert.equal(world.asked.length, before)
    world.clock.advance(301_000)
    assert.equal(await world.go(root, 'finance', 'c'), '\\\\server26\\Finance\\c')
    assert.deepEqual(world.asked.slice(before), ['root1 \\Advance7\\Teams\\Finance'])
  })

  test('a controller and a root server that are gone', async () => {
    const world = teams()
    world.controllers.get('\\Advance7')?.servers.unshift('dc0')
    world.dead.add('dc0').add('root1')
    const root = await world.root(['Advance7', 'Teams'], 'dc1')
    assert.equal(root.on, 'root2/Teams')
    assert.equal(await world.go(root, 'Marketing', 'x'), '\\\\server19\\Marketing\\x')
  })

  test('a root server that goes: the next one takes over, and stays', async () => {
    const world = teams()
    const root = await world.root(['Advance7', 'Teams'], 'dc1')
    world.dead.add('root1')
    assert.equal(await world.go(root, 'notes.txt'), '\\\\root2\\Teams\\notes.txt')
    world.dead.delete('root1')
    assert.equal(await world.go(root, 'notes.txt'), '\\\\root2\\Teams\\notes.txt')
    assert.equal(await world.go(root, 'Marketing'), '\\\\server19\\Marketing')
  })

  test('sysvol, of any controller', async () => {
    const world = teams()
    world.dead.add('dc1')
    const sysvol = await world.root(['Advance7', 'sysvol'], 'dc2')
    assert.equal(sysvol.on, 'dc2/sysvol')
    assert.equal(await world.go(sysvol, 'Policies'), '\\\\dc2\\sysvol\\Policies')
  })

  test('a link into another namespace of a domain', async () => {
    const world = teams()
    world.server('nas', 'dfs').part('nas', '\\nas\\dfs\\teams', ['\\Advance7\\Teams'])
    world.controllers.get('\\Advance7')?.known.push('nas')
    const root = await world.root(['nas', 'dfs'])
    assert.equal(await world.go(root, 'teams', 'Finance', 'x'), '\\\\server26\\Finance\\x')
    world.dead.add('root1')
    assert.equal(await world.go(root, 'teams', 'notes.txt'), '\\\\root2\\Teams\\notes.txt')
  })

  test('no such domain, no such root', async () => {
    const world = teams()
    await assert.rejects(world.root(['Elsewhere', 'Teams'], 'dc1'), { code: 'ENOTFOUND' })
    await assert.rejects(world.root(['Advance7', 'Plans'], 'dc1'), { code: 'ENOTFOUND' })
    await assert.rejects(world.root(['root1', 'Plans']), { statusName: 'STATUS_BAD_NETWORK_NAME' })
  })
})

/** A server of its own with one link to several places. */
function links(more: Omit<Part, 'targets'> = {}): World {
  const world = new World().server('nas', 'dfs').server('a', 'x').server('b', 'x', 'y').server('c', 'x')
  return world.part('nas', '\\nas\\dfs\\l', ['\\a\\x', '\\b\\y\\deep', '\\c\\x'], more)
}

suite('several targets', () => {
  for (const version of [1, 2, 3, 4] as const)
    test(`referrals of version ${version}: in order, fail-over, stickiness`, async () => {
      const world = links({ version })
      const root = await world.root(['nas', 'dfs'])
      assert.equal(await world.go(root, 'l', 'f'), '\\\\a\\x\\f')
      world.dead.add('a')
      assert.equal(await world.go(root, 'l', 'f'), '\\\\b\\y\\deep\\f')
      world.dead.delete('a')
      assert.equal(await world.go(root, 'l', 'f'), '\\\\b\\y\\deep\\f')
      world.dead.add('b')
      assert.equal(await world.go(root, 'l', 'f'), '\\\\c\\x\\f')
      world.dead.add('c').add('a')
      await assert.rejects(world.go(root, 'l', 'f'), { code: 'ECONNREFUSED' })
      world.dead.delete('b')
      assert.equal(await world.go(root, 'l', 'f'), '\\\\b\\y\\deep\\f')
      assert.equal(world.asked.length, 1)
    })

  test('after its time: the one in use stays, or a better set is gone back to', async () => {
    for (const [more, expected] of [
      [{ failback: false, sets: [0, 1] }, '\\\\b\\y\\deep\\f'],
      [{ failback: true, sets: [0, 2] }, '\\\\b\\y\\deep\\f'],
      [{ failback: true, sets: [0, 1] }, '\\\\a\\x\\f'],
    ] as const) {
      const world = links(more)
      const root = await world.root(['nas', 'dfs'])
      world.dead.add('a')
      await world.go(root, 'l', 'f')
      world.dead.delete('a')
      world.clock.advance(301_000)
      assert.equal(await world.go(root, 'l', 'f'), expected)
    }
  })

  test('while nobody can be asked again, what was known is good; when it is gone, it is gone', async () => {
    const world = links()
    const root = await world.root(['nas', 'dfs'])
    await world.go(root, 'l', 'f')
    world.clock.advance(301_000)
    world.dead.add('nas')
    assert.equal(await world.go(root, 'l', 'f'), '\\\\a\\x\\f')
    world.dead.delete('nas')
    world.referrals.get('nas')?.clear()
    assert.equal(await world.go(root, 'l', 'f'), '\\\\nas\\dfs\\l\\f')
  })

  test('a share that is away, and one whose server nobody is to log on to', async () => {
    const world = links()
    world.shares.set('a', [])
    world.forbidden.add('b')
    const root = await world.root(['nas', 'dfs'])
    assert.equal(await world.go(root, 'l', 'f'), '\\\\c\\x\\f')
    world.forbidden.add('a').add('c')
    await assert.rejects(world.go(links3(world), 'm'), SecurityError)
  })

  /** Another link of the same world, of which nothing is known yet. */
  function links3(world: World): Route<string> {
    world.part('nas', '\\nas\\dfs\\m', ['\\b\\x', '\\c\\x'])
    return { on: 'nas/dfs', server: 'nas', share: 'dfs', name: [], logical: ['nas', 'dfs'] }
  }

  test('what may have been done is not done again elsewhere', async () => {
    const world = links()
    const root = await world.root(['nas', 'dfs'])
    const way = new Journey(world.parts, below(root, ['l']), {})
    assert.equal(await way.next(new StatusError(NtStatus.PATH_NOT_COVERED, 'CREATE')), true)
    const lost = new TransportError('ECONNRESET', 'CREATE', 'gone', { outcomeUnknown: true })
    assert.equal(await way.next(lost), false)
    // The next call goes to the next one at once.
    assert.equal(await world.go(root, 'l'), '\\\\b\\y\\deep')
  })

  test('many who want to know the same ask once', async () => {
    const world = links()
    const root = await world.root(['nas', 'dfs'])
    const found = await Promise.all(['p', 'p', 'p'].map((name) => world.go(root, 'l', name)))
    assert.deepEqual(new Set(found), new Set(['\\\\a\\x\\p']))
    assert.equal(world.asked.length, 1)
  })
})

suite('hostile namespaces', () => {
  const circle = { code: 'ELOOP' }

  test('a link to itself, and two to each other', async () => {
    const world = new World().server('nas', 'dfs').server('other', 'dfs')
    world.part('nas', '\\nas\\dfs\\loop', ['\\nas\\dfs\\loop'])
    world.part('nas', '\\nas\\dfs\\a', ['\\other\\dfs\\b']).part('other', '\\other\\dfs\\b', ['\\nas\\dfs\\a'])
    const root = await world.root(['nas', 'dfs'])
    for (let i = 0; i < 2; i++) {
      await assert.rejects(world.go(root, 'loop', 'x'), circle)
      await assert.rejects(world.go(root, 'a'), circle)
    }
    assert.ok(world.asked.length < 10, `${world.asked.length}`)
  })

  test('a link that leads ever deeper', async () => {
    const world = new World().server('nas', 'dfs').part('nas', '\\nas\\dfs\\deep', ['\\nas\\dfs\\deep\\er'])
    const root = await world.root(['nas', 'dfs'])
    await assert.rejects(world.go(root, 'deep'), (error) => error instanceof UsageError && error.code === 'ELOOP')
    assert.ok(world.asked.length < 10, `${world.asked.length}`)
  })

  test('a link whose targets are links, each with more of them', async () => {
    const world = new World().server('nas', 'dfs')
    const ways = ['p', 'q', 'r'].map((name) => `\\nas\\dfs\\${name}`)
    for (const way of ways) world.part('nas', way, ways)
    const root = await world.root(['nas', 'dfs'])
    await assert.rejects(world.go(root, 'p'), circle)
    assert.ok(world.asked.length < 20, `${world.asked.length}`)
  })

  test('only so many referrals are remembered', async () => {
    const world = new World().server('nas', 'dfs').server('a', 'x')
    for (let i = 0; i < 10; i++) world.part('nas', `\\nas\\dfs\\l${i}`, ['\\a\\x'])
    const root = await world.root(['nas', 'dfs'])
    for (let i = 0; i < 10; i++) await world.go(root, `l${i}`)
    assert.equal(world.asked.length, 10)
    await world.go(root, 'l9')
    assert.equal(world.asked.length, 10)
    await world.go(root, 'l0')
    assert.equal(world.asked.length, 11)
  })

  test('only so many targets are tried', async () => {
    const world = new World({ maxReferralTargets: 3, maxReferrals: 4 }).server('nas', 'dfs').server('z', 'x')
    world.part('nas', '\\nas\\dfs\\l', [...Array.from({ length: 100 }, (_, i) => `\\no${i}\\x`), '\\z\\x'])
    const root = await world.root(['nas', 'dfs'])
    await assert.rejects(world.go(root, 'l'), { code: 'ENOTFOUND' })
    assert.ok(world.asked.length < 10, `${world.asked.length}`)
  })

  test('what makes no sense is refused, with the field named', async () => {
    const wrong = async (field: RegExp, change: (world: World) => void): Promise<void> => {
      const world = new World().server('nas', 'dfs').server('a', 'x')
      change(world)
      const root = await world.root(['nas', 'dfs'])
      await assert.rejects(world.go(root, 'l', 'x'), (error) => error instanceof WireError && field.test(error.message))
    }
    const link = '\\nas\\dfs\\l'
    for (const target of ['\\a', '', '\\a\\..', '\\..\\x', '\\a\\x\\..\\y', '\\a\\\\x', '\\a\\x/y', '\\a\\x\\b\\.'])
      await wrong(/DFS_REFERRAL\.networkAddress/, (world) => world.part('nas', link, [target]))
    await wrong(/DFS_REFERRAL\.shareName/, (world) => world.part('nas', link, ['\\a'], { version: 1 }))
    await wrong(/numberOfReferrals/, (world) => world.part('nas', link, []))
    for (const consumed of [0, 2, 8, 9, 11, 17, 25, 1000])
      await wrong(/pathConsumed/, (world) => {
        world.part('nas', link, ['\\a\\x'])
        const encode = world.encode.bind(world)
        world.encode = (prefix, part) => {
          const bytes = encode(prefix, part)
          new DataView(bytes.buffer).setUint16(0, consumed, true)
          return bytes
        }
      })
    await wrong(/RESP_GET_DFS_REFERRAL/, (world) => {
      world.part('nas', link, ['\\a\\x'])
      world.encode = () => new Uint8Array(3)
    })
  })

  test('names of a path', () => {
    assert.deepEqual(dfsNames('\\a\\b c\\d'), ['a', 'b c', 'd'])
    assert.deepEqual(dfsNames('\\\\a\\b\\'), ['a', 'b'])
    for (const text of ['', '\\', 'a\\\\b', '\\a\\..\\b', '\\a\\b\0', `\\a\\${'x'.repeat(256)}`])
      assert.equal(dfsNames(text), undefined, text)
  })
})

suite('whom the credentials are shown to', () => {
  const allows = (home: string, host: string, more: Parameters<typeof settingsOf>[1] = {}): boolean =>
    isTrustedHost(host, settingsOf({ host: home, path: '' }, { user: 'anna', password: '', ...more }))

  test('by default: the server itself, its domain, names of one part', () => {
    for (const host of [
      'dc1.corp.example',
      'DC1.Corp.Example',
      'files.corp.example',
      'a.b.corp.example',
      'corp.example',
    ])
      assert.ok(allows('dc1.corp.example', host), host)
    for (const host of ['files01', 'CORP']) assert.ok(allows('dc1.corp.example', host), host)
    for (const host of ['evil.example', 'evilcorp.example', 'corp.example.evil.test', 'example', 'x.example'])
      assert.equal(allows('dc1.corp.example', host), host === 'example', host)
  })

  test('an address stands for itself alone', () => {
    assert.ok(allows('10.0.0.1', '10.0.0.1'))
    assert.ok(allows('10.0.0.1', 'files01'))
    for (const host of ['10.0.0.2', '0.0.1', 'x.0.0.1', '::1', 'files.corp.example'])
      assert.equal(allows('10.0.0.1', host), false, host)
    assert.equal(allows('dc1.corp.example', '10.0.0.1'), false)
  })

  test('a host whose name is no deeper than a domain trusts what is below it, and no sibling', () => {
    assert.ok(allows('corp.example', 'dc1.corp.example'))
    assert.equal(allows('corp.example', 'other.example'), false)
    assert.equal(allows('nas', 'nas.corp.example'), false)
  })

  test('what everybody may be in is no domain', () => {
    assert.equal(allows('company.co.uk', 'other.co.uk'), false)
    assert.ok(allows('company.co.uk', 'files.company.co.uk'))
    assert.ok(allows('nas.company.co.uk', 'files.company.co.uk'))
    assert.equal(allows('company.example', 'other.example'), false)
  })

  test('the domain of the user, where it is one of DNS', () => {
    assert.ok(allows('nas', 'files.corp.example', { domain: 'corp.example' }))
    assert.equal(allows('nas', 'files.corp.example', { domain: 'CORP' }), false)
  })

  test('as somebody says', () => {
    assert.ok(allows('nas', 'evil.example', { dfsHosts: 'any' }))
    assert.ok(allows('nas', 'good.example', { dfsHosts: (host) => host === 'good.example' }))
    assert.equal(allows('nas', 'files01', { dfsHosts: () => false }), false)
  })
})

test('domains: names of one part, and no targets among them', () => {
  const list = (...referrals: DfsReferralInput[]) =>
    readDomainReferral(GetDfsReferralResponse.encode({ pathConsumed: 0, referralHeaderFlags: 0, referrals }))
  const named = (specialName: string): DfsReferralInput => ({
    versionNumber: 3,
    referralEntryFlags: NAME_LIST_REFERRAL,
    timeToLive: 600,
    specialName,
    expandedNames: [],
  })
  assert.deepEqual(list(named('\\CORP'), named('\\corp.example')), ['CORP', 'corp.example'])
  assert.deepEqual(list(), [])
  for (const bad of ['', '\\', '\\a\\b', '\\..']) assert.throws(() => list(named(bad)), WireError, bad)
  const target = { dfsPath: '\\a', dfsAlternatePath: '\\a', networkAddress: '\\b\\c', timeToLive: 1 }
  assert.throws(() => list({ versionNumber: 3, serverType: DfsServerType.ROOT, ...target }), WireError)
})
