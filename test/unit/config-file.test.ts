import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig, parseConfig } from '../../src/config/config-file.ts'
import { configSchema } from '../../src/config/schema.ts'
import { mergeSettings } from '../../src/config/settings.ts'
import { defaultLimits } from '../../src/server/limits.ts'

const file = '/etc/smbkit/smbkit.yaml'

const whole = `# everything
host: 0.0.0.0
port: 445
name: FILES
comment: In the cellar
macModel: RackMac
users: users
socket: run/smbkit.sock
openStore: opens.db
minDialect: 3.0
maxDialect: 3.1.1
signing: required
encryption: enabled
compression: enabled
allowGuest: false
allowAnonymous: true
limits:
  maxReadBytes: 1_048_576
shares:
  photos:
    path: /srv/photos
    comment: "Pictures: all of them"
    readOnly: true
    users: [anna, 'no', 007]
    encryption: required
    compress: true
    posix: false
    hidden: true
    oplocks: false
    durableHandles: false
    continuouslyAvailable: true
    changeNotify: false
    snapshots: .zfs/snapshot/*
    snapshotTimes: local
    showSnapshots: true
    macos: always
    timeMachine: true
    timeMachineMaxBytes: 1_000_000_000_000
  scratch: { path: ../scratch }
`

test('a config file with every key', () => {
  const { server, shares, ...rest } = parseConfig(file, whole)
  assert.deepEqual(rest, {
    file,
    host: '0.0.0.0',
    port: 445,
    usersFile: '/etc/smbkit/users',
    socket: '/etc/smbkit/run/smbkit.sock',
    openStore: '/etc/smbkit/opens.db',
  })
  assert.deepEqual(server, {
    name: 'FILES',
    comment: 'In the cellar',
    macModel: 'RackMac',
    minDialect: '3.0',
    maxDialect: '3.1.1',
    signing: 'required',
    encryption: 'enabled',
    compression: 'enabled',
    allowGuest: false,
    allowAnonymous: true,
    limits: { maxReadBytes: 1_048_576 },
  })
  assert.deepEqual(shares, [
    {
      name: 'photos',
      path: '/srv/photos',
      comment: 'Pictures: all of them',
      readOnly: true,
      users: ['anna', 'no', '007'],
      encryption: 'required',
      compress: true,
      posix: false,
      hidden: true,
      oplocks: false,
      durableHandles: false,
      continuouslyAvailable: true,
      changeNotify: false,
      snapshots: '.zfs/snapshot/*',
      snapshotTimes: 'local',
      showSnapshots: true,
      macos: 'always',
      timeMachine: true,
      timeMachineMaxBytes: 1_000_000_000_000,
      place: `${file}:20:3`,
    },
    { name: 'scratch', path: '/etc/scratch', place: `${file}:39:3` },
  ])
})

const merge = (text: string) => mergeSettings(parseConfig(file, text), { server: {}, shares: [] })

test('JSON is understood too, and an empty file is an empty config', () => {
  const config = parseConfig(file, '{ "port": 4451, "shares": { "a": { "path": "/a", "readOnly": true } } }')
  assert.equal(config.port, 4451)
  assert.equal(config.shares[0]?.readOnly, true)
  for (const text of ['', '\n# nothing\n', '{}']) assert.deepEqual(parseConfig(file, text).shares, [])
})

const wrong: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ['unknown key', 'host: a\nprot: 1\n', /yaml:2:1: unknown key prot$/],
  [
    'unknown key of a share',
    'shares:\n  a:\n    path: /a\n    readonly: true\n',
    /:4:5: unknown key shares\.a\.readonly$/,
  ],
  ['unknown limit', 'limits: { maxReedBytes: 1 }', /:1:11: unknown key limits\.maxReedBytes$/],
  ['not a number', 'port: many', /:1:7: port: must be a whole number from 0 to 65535, is many$/],
  ['too large', 'host: h\nport: 65536', /:2:7: port: must be a whole number from 0 to 65535, is 65536$/],
  ['negative', 'port: -1', /port: must be a whole number/],
  ['hexadecimal', 'port: 0x10', /port: must be a whole number/],
  [
    'limit of zero',
    'limits:\n  maxOpensPerSession: 0',
    /:2:23: limits\.maxOpensPerSession: must be a whole number from 1 /,
  ],
  ['wrong choice', 'signing: always', /:1:10: signing: must be one of required, enabled, is always$/],
  ['dialect', "minDialect: '1.0'", /minDialect: must be one of 2\.0\.2, 2\.1, 3\.0, 3\.0\.2, 3\.1\.1, is 1\.0$/],
  ['not a flag', 'allowGuest: yes', /allowGuest: must be one of true, false, wrongPassword, is yes$/],
  ['empty value', 'host:', /:1:\d+: host: must be an address or a host name$/],
  ['a list where a text belongs', 'host: [a]', /:1:7: host: must be an address or a host name$/],
  ['path missing', 'shares:\n  a:\n    readOnly: true\n', /:3:5: shares\.a\.path: must be the path of a folder$/],
  ['share without a block', 'shares:\n  a: /srv/a\n', /:2:6: shares\.a: must be a share: path and more/],
  ['shares as a list', 'shares:\n  - path: /a\n', /:2:3: shares: must be shares by name$/],
  ['share name', 'shares:\n  "a/b": { path: /a }\n', /:2:3: shares\.a\/b: a share name cannot have "\/" in it$/],
  ['reserved share name', 'shares:\n  IPC$: { path: /a }\n', /the share name IPC\$ is reserved$/],
  ['user list', 'shares:\n  a: { path: /a, users: anna }\n', /:2:25: shares\.a\.users: must be a list of user names$/],
  [
    'empty user',
    "shares:\n  a: { path: /a, users: [anna, ''] }\n",
    /shares\.a\.users\[1\]: must be the name of a user$/,
  ],
  ['key twice', 'port: 1\nport: 2\n', /:2:1: this key is there twice$/],
  ['not YAML', 'shares:\n  a: [1, 2\n', /yaml:\d+:\d+: /],
  ['only text', 'hello', /:1:1: must be a config file: keys with values$/],
  ['server name', 'name: MUCH-TOO-LONG-A-NAME', /name: has at most 15 characters$/],
  ['server name with a dot', 'name: a.b', /name: has letters, digits and hyphens only$/],
  ['two documents', 'port: 1\n---\nport: 2\n', /yaml:\d+:\d+: /],
]

for (const [name, text, message] of wrong) {
  test(`refused with its place: ${name}`, () => {
    assert.throws(() => parseConfig(file, text), message)
  })
}

test('of several problems the first in the file is named', () => {
  assert.throws(() => parseConfig(file, 'port: x\nshares: {a: {path: ""}}\nzzz: 1\n'), /:1:7: port/)
})

test('an alias bomb is refused', () => {
  const levels = Array.from({ length: 12 }, (_, i) =>
    i === 0
      ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]'
      : `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(',')}]`,
  )
  assert.throws(() => parseConfig(file, levels.join('\n')), ConfigError)
})

test('a config file that cannot be read: one sentence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'smbkit-config-'))
  try {
    assert.throws(
      () => loadConfig(join(folder, 'none.yaml')),
      /none\.yaml: cannot read this config file: there is no such/,
    )
    assert.throws(() => loadConfig(folder), /cannot read this config file: is a folder, not a file$/)
    const large = join(folder, 'large.yaml')
    writeFileSync(large, '#'.repeat(1024 * 1024 + 1))
    assert.throws(() => loadConfig(large), /large\.yaml: is larger than/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the command line wins over the file, and its shares are added', () => {
  const config = parseConfig(file, 'host: a\nport: 1\nsigning: required\nusers: u\nshares: { a: { path: /a } }')
  const b = { name: 'b', path: '/b', place: '--share' }
  const merged = mergeSettings(config, { port: 2, server: { encryption: 'required' }, shares: [b] })
  assert.equal(merged.host, 'a')
  assert.equal(merged.port, 2)
  assert.equal(merged.usersFile, '/etc/smbkit/u')
  assert.deepEqual(merged.server, { signing: 'required', encryption: 'required' })
  assert.deepEqual(
    merged.shares.map(({ name }) => name),
    ['a', 'b'],
  )
  const alone = mergeSettings(undefined, { server: {}, shares: [b] })
  assert.deepEqual([alone.host, alone.port], ['127.0.0.1', 4450])
})

test('settings that contradict each other are refused', () => {
  assert.throws(() => merge('port: 1'), /there is nothing to share: name a folder/)
  const share = 'shares: { a: { path: /a } }\n'
  assert.throws(
    () => merge(`${share}minDialect: 3.0\nmaxDialect: 2.1`),
    /the lowest dialect, 3\.0, is above the highest, 2\.1/,
  )
  assert.throws(() => merge(`${share}encryption: required\nmaxDialect: 2.1`), /encryption cannot be required with 2\.1/)
  assert.throws(
    () => merge('shares: { a: { path: /a }, A: { path: /b } }'),
    /:1:28: the share A is there already \(.*:1:11\)/,
  )
  assert.throws(
    () => merge('encryption: off\nshares: { a: { path: /a, encryption: required } }'),
    /:2:11: the share a requires encryption, which the server has off/,
  )
  assert.throws(
    () => merge('maxDialect: 2.1\nshares: { a: { path: /a, encryption: required } }'),
    /the share a requires encryption, which begins with dialect 3\.0/,
  )
  assert.throws(
    () => merge('shares: { a: { path: /a, showSnapshots: true } }'),
    /:1:11: nothing says where the snapshots of the share a lie/,
  )
  assert.throws(
    () => merge('shares: { a: { path: /a, timeMachineMaxBytes: 5 } }'),
    /:1:11: the share a has a limit for Time Machine, and is not for it/,
  )
  assert.throws(
    () => merge('shares: { a: { path: /a, timeMachine: true, macos: off } }'),
    /:1:11: the share a is for Time Machine, and has macos off/,
  )
  assert.throws(
    () => merge('compression: off\nshares: { a: { path: /a, compress: true } }'),
    /:2:11: the share a asks for compression, which the server has off/,
  )
  const available = 'shares: { a: { path: /a, continuouslyAvailable: true } }\n'
  assert.throws(() => merge(available), /:1:11: the share a is .* nothing says where that is kept: openStore/)
  assert.throws(() => merge(`${available}openStore: o\nmaxDialect: 2.1`), /:1:11: .* begins with dialect 3\.0/)
  const contrary = available.replace('}', ', durableHandles: false }')
  assert.throws(() => merge(`${contrary}openStore: o`), /:1:11: .* not to stay open/)
  assert.equal(merge(`${available}openStore: o`).openStore, '/etc/smbkit/o')
})

test('docs/configuration.md has every key, and its example is one', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
  const described = new Set([...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, key = '']) => key))
  const share = [
    'path',
    'comment',
    'readOnly',
    'users',
    'permissions',
    'impersonate',
    'guestUnixUser',
    'encryption',
    'compress',
    'posix',
    'hidden',
    'oplocks',
  ]
  share.push('durableHandles', 'continuouslyAvailable')
  share.push('changeNotify', 'snapshots', 'snapshotTimes', 'showSnapshots', 'accessBasedEnumeration', 'shortNames')
  share.push('macos', 'timeMachine', 'timeMachineMaxBytes', 'dfs', 'printer', 'maxUses', 'securityDescriptor')
  const keys = [...Object.keys(configSchema.shape), ...share, ...Object.keys(defaultLimits)]
  assert.deepEqual(described, new Set(keys))
  for (const [name, value] of Object.entries(defaultLimits))
    assert.match(page, new RegExp(`^\\| \`${name}\` \\| .* \\| ${value} \\|$`, 'm'))
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? []
  assert.deepEqual(
    parseConfig(file, example).shares.map(({ name }) => name),
    ['photos', 'documents'],
  )
})

const namespace = String.raw`
dfs:
  domains:
    advance7.example:
      netbiosName: ADVANCE7
      controllers: [dc1.advance7.example, { name: dc2.advance7.example, site: York }]
      namespaces:
        Teams: \\root1\Teams
  sites:
    York: [10.1.0.0/16]
  siteCosts:
    - { from: York, to: Leeds, cost: 10 }
shares:
  Teams:
    dfs:
      timeToLive: 60
      links:
        Technical: \\server01\tech
        reports\2026:
          targets:
            - \\server19\r
            - { path: \\server20\r, site: York, priority: high, rank: 3, enabled: false }
          timeToLive: 5
          interlink: true
`

test('a namespace is read', () => {
  const { dfs, shares } = merge(namespace)
  assert.deepEqual(dfs, {
    domains: [
      {
        name: 'advance7.example',
        netbiosName: 'ADVANCE7',
        controllers: [{ name: 'dc1.advance7.example' }, { name: 'dc2.advance7.example', site: 'York' }],
        namespaces: [{ name: 'Teams', targets: [{ path: '\\\\root1\\Teams' }] }],
      },
    ],
    sites: { York: ['10.1.0.0/16'] },
    siteCosts: [{ from: 'York', to: 'Leeds', cost: 10 }],
  })
  assert.equal(shares[0]?.path, undefined)
  assert.deepEqual(shares[0]?.dfs, {
    timeToLive: 60,
    links: [
      { path: 'Technical', targets: [{ path: '\\\\server01\\tech' }] },
      {
        path: 'reports\\2026',
        targets: [
          { path: '\\\\server19\\r' },
          { path: '\\\\server20\\r', site: 'York', priority: 'high', rank: 3, enabled: false },
        ],
        timeToLive: 5,
        interlink: true,
      },
    ],
  })
})

test('a namespace that leads nowhere is refused with its place', () => {
  const share = (dfs: string) => () => merge(`shares: { a: { dfs: { links: ${dfs} } } }`)
  assert.throws(share('{ x: server }'), /:1:11: the share a: a target is .* "server" is not/)
  assert.throws(share('{ x: [] }'), /shares\.a\.dfs\.links\.x: must be a link: targets and more, or only its targets/)
  assert.throws(share(String.raw`{ x: \\a\b, x/y: \\a\b }`), /x\/y lies in the link x/)
  const domain = 'dfs: { domains: { d: { controllers: [c], namespaces: { n: a } } } }'
  assert.throws(() => merge(`${domain}\nshares: { a: { path: /a } }`), /dfs: a target is/)
})

test('folders for administrators need a place where their shares are kept; descriptors are checked', () => {
  const shares = 'shares:\n  a: { path: a, maxUses: 3, securityDescriptor: "D:(A;;FR;;;WD)" }\n'
  assert.throws(
    () => merge(`shareFolders: [srv]\n${shares}`),
    /shareFolders .* nothing says where these are kept: shareStore/,
  )
  const merged = merge(`shareFolders: [srv]\nshareStore: kept\n${shares}`)
  assert.deepEqual([merged.shareFolders, merged.shareStore], [['/etc/smbkit/srv'], '/etc/smbkit/kept'])
  assert.deepEqual(merged.shares[0]?.maxUses, 3)
  const bad = 'shares:\n  a: { path: a, securityDescriptor: nobody }\n'
  assert.throws(() => parseConfig(file, bad), /:2:37: shares\.a\.securityDescriptor: is no SDDL/)
})
