import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { printable } from '../../src/cli/report.ts'
import { whatNeedsRestart, whyNotListening } from '../../src/cli/run-server.ts'
import { connect } from '../../src/client/index.ts'
import { mergeSettings } from '../../src/config/settings.ts'
import type { ServerStatus } from '../../src/server/index.ts'
import { Sandbox } from './cli-program.ts'

const hash = '8846f7eaee8fb117ad06bdd830b7586c'

/** A sandbox with a folder to share and a user. */
function prepared(): Sandbox & { users: string; photos: string } {
  const sandbox = new Sandbox()
  const users = sandbox.path('users')
  const photos = sandbox.path('photos')
  mkdirSync(photos)
  writeFileSync(users, `anna:enabled:${hash}\n`, { mode: 0o600 })
  return Object.assign(sandbox, { users, photos })
}

const statusOf = async (sandbox: Sandbox, ...args: string[]): Promise<ServerStatus> => {
  const { code, stdout, stderr } = await sandbox.smbkit(['status', '--json', ...args])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as ServerStatus
}
const shareNames = (status: ServerStatus): string[] => status.shares.map(({ name }) => name)

test('serve says where it listens and what it shares, and ends cleanly', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    await using sandbox = prepared()
    const { users, photos } = sandbox
    const server = sandbox.start('main', [
      'serve',
      photos,
      '--share',
      `Music=${photos}`,
      '--users',
      users,
      '--port',
      '0',
    ])
    const port = await server.port()
    assert.equal(
      server.stdout,
      `Serving on 127.0.0.1:${port}; Ctrl-C ends it.\n  photos  ${photos}\n  Music  ${photos}\n`,
    )
    const socket = sandbox.path('smbkit', `${port}.sock`)
    assert.equal(statSync(socket).mode & 0o777, 0o600)
    assert.equal(statSync(sandbox.path('smbkit')).mode & 0o777, 0o700)
    assert.deepEqual(await server.end(signal), { code: 0, signal: null })
    assert.equal(existsSync(socket), false)
  }
})

test('status: for people, for programs, and of which server', async () => {
  await using sandbox = prepared()
  const { users, photos } = sandbox
  const none = await sandbox.smbkit(['status'])
  assert.deepEqual([none.code, none.stderr], [1, 'smbkit: no server of yours is running\n'])
  const first = sandbox.start('main', ['serve', photos, '--users', users, '--port', '0'])
  const port = await first.port()
  assert.deepEqual(shareNames(await statusOf(sandbox)), ['photos'])
  const people = await sandbox.smbkit(['status'])
  assert.match(
    people.stdout,
    /^SMBKIT, since [-\d]+ [:\d]+, connections: 0\nShares:\n {2}photos {2}.*\nNo sessions\.\n$/,
  )
  const socket = sandbox.path('own.sock')
  const second = sandbox.start('main', [
    'serve',
    '--share',
    `b=${photos}`,
    '--users',
    users,
    '--port=0',
    '--socket',
    socket,
  ])
  await second.port()
  assert.deepEqual(shareNames(await statusOf(sandbox, '--socket', socket)), ['b'])
  const third = sandbox.start('main', ['serve', '--share', `c=${photos}`, '--users', users, '--port=0'])
  const thirdPort = await third.port()
  const several = await sandbox.smbkit(['status'])
  assert.equal(several.code, 1)
  assert.match(several.stderr, /^smbkit: servers run on ports \d+, \d+: choose one with --port\n$/)
  assert.deepEqual(shareNames(await statusOf(sandbox, '--port', String(port))), ['photos'])
  // One that is killed leaves its socket: it is no running server, and the next one takes its place.
  await third.kill()
  assert.deepEqual(shareNames(await statusOf(sandbox)), ['photos'])
  const gone = await sandbox.smbkit(['status', '--port', String(thirdPort)])
  assert.match(gone.stderr, /^smbkit: .*\.sock: no server is running there\n$/)
  const fourth = sandbox.start('main', [
    'serve',
    '--share',
    `d=${photos}`,
    '--users',
    users,
    '--port',
    String(thirdPort),
  ])
  await fourth.port()
  assert.deepEqual(shareNames(await statusOf(sandbox, '--port', String(thirdPort))), ['d'])
  const taken = await sandbox.smbkit(['serve', photos, '--users', users, '--port=0', '--socket', socket])
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, /own\.sock: a running server has this status socket\n$/)
})

test('what cannot be served is one sentence and exit code 1', async () => {
  await using sandbox = prepared()
  const { users, photos } = sandbox
  const fails = async (args: readonly string[], message: RegExp) => {
    const { code, stdout, stderr } = await sandbox.smbkit(['serve', '--users', users, ...args])
    assert.match(stderr, message)
    assert.deepEqual([code, stdout], [1, ''])
    assert.doesNotMatch(stderr, /\n {4}at /)
  }
  await fails([], /^smbkit: there is nothing to share: name a folder\n$/)
  await fails([sandbox.path('none')], /^smbkit: .*none: cannot share .*none: there is no such folder\n$/)
  await fails([users], /^smbkit: .*users: cannot share .*users: it is not a folder\n$/)
  await fails(['/'], /a share needs a name/)
  await fails(
    [photos, '--share', `photos=${photos}`],
    /^smbkit: --share photos=.*: the share photos is there already \(.*\)\n$/,
  )
  await fails([photos, '--share', 'photos'], /It must be NAME=PATH\./)
  await fails([photos, '--port', '70000'], /A port is a whole number from 0 to 65535\./)
  await fails([photos, '--min-dialect', '1.0'], /Allowed choices are 2\.0\.2, 2\.1, 3\.0, 3\.0\.2, 3\.1\.1/)
  await fails(
    [photos, '--min-dialect', '3.1.1', '--max-dialect', '2.1'],
    /the lowest dialect, 3\.1\.1, is above the highest/,
  )
  await fails([photos, '--encryption', 'required', '--max-dialect', '2.1'], /encryption cannot be required with 2\.1/)
  await fails([photos, '--nonsense'], /unknown option '--nonsense'/)
  await fails(
    [photos, '--host', '192.0.2.1', '--port', '0'],
    /cannot listen on 192\.0\.2\.1:0: this machine does not have/,
  )
  const config = sandbox.path('smbkit.yaml')
  writeFileSync(config, 'shares:\n  a:\n    path: photos\n    readonly: true\n')
  await fails(['--config', config], /smbkit\.yaml:4:5: unknown key shares\.a\.readonly\n$/)
  writeFileSync(config, 'shares:\n  a:\n    path: gone\n')
  await fails(['--config', config], /smbkit\.yaml:2:3: cannot share .*gone: there is no such folder\n$/)
  await fails(
    ['--config', sandbox.path('none.yaml')],
    /none\.yaml: cannot read this config file: there is no such file\n$/,
  )
})

test('a port in use is one sentence and exit code 1', async () => {
  await using sandbox = prepared()
  const other = createServer().listen(0, '127.0.0.1')
  try {
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const { code, output } = await sandbox.smbkit([
      'serve',
      sandbox.photos,
      '--users',
      sandbox.users,
      '--port',
      String(port),
    ])
    const sentence = `cannot listen on 127.0.0.1:${port}: another program listens there; choose another port with --port`
    assert.deepEqual([code, output], [1, `smbkit: ${sentence}\n`])
  } finally {
    other.close()
  }
})

test('a privileged port is explained', () => {
  const denied = Object.assign(new Error('bind'), { code: 'EACCES' })
  assert.match(
    whyNotListening('::', 445, denied),
    /^cannot listen on \[::\]:445: ports below 1024 are for root; the README says/,
  )
  assert.match(whyNotListening('127.0.0.1', 4450, denied), /permission denied$/)
})

test('without users there is no server, and the sentence says what to do', async () => {
  await using sandbox = prepared()
  const { photos } = sandbox
  const none = await sandbox.smbkit(['serve', photos])
  assert.equal(none.code, 1)
  assert.match(none.stderr, /config\/smbkit\/users: nobody could log on: add a user with `smbkit user add NAME`\n$/)
  writeFileSync(sandbox.users, `anna:disabled:${hash}\n`)
  const disabled = await sandbox.smbkit(['serve', photos, '--users', sandbox.users])
  assert.match(disabled.stderr, /nobody could log on: add a user with `smbkit user add NAME --users .*users`\n$/)
  const missing = await sandbox.smbkit(['serve', photos, '--users', sandbox.path('nobody')])
  assert.match(missing.stderr, /nobody: cannot read the users file: there is no such file\n$/)
  if (process.platform === 'win32') return
  chmodSync(sandbox.users, 0o644)
  const open = await sandbox.smbkit(['serve', photos, '--users', sandbox.users])
  assert.deepEqual([open.code, open.stdout], [1, ''])
  assert.match(open.stderr, /others can reach the password hashes in it/)
})

test('SIGHUP reads shares and users again; a mistake changes nothing', async () => {
  await using sandbox = prepared()
  const config = sandbox.path('smbkit.yaml')
  const share = (name: string, more = '') => `shares:\n  ${name}:\n    path: photos\n${more}`
  writeFileSync(config, share('one'))
  const server = sandbox.start('main', ['serve', '--config', config, '--users', sandbox.users, '--port', '0'])
  await server.port()
  const reload = async (said: RegExp) => {
    server.stderr = ''
    server.signal('SIGHUP')
    await server.says(said)
  }
  writeFileSync(config, share('two', '    users: [bernd]\n'))
  await reload(/shares and users are read again/)
  assert.match(server.stderr, /note: the share two is for bernd, and there is no such user\n/)
  assert.deepEqual(shareNames(await statusOf(sandbox)), ['two'])
  writeFileSync(config, share('three', '    nonsense: 1\n'))
  await reload(/shares and users stay as they were: .*smbkit\.yaml:4:5: unknown key shares\.three\.nonsense\n/)
  writeFileSync(config, 'shares:\n  three: { path: gone }\n')
  await reload(/stay as they were: .*there is no such folder\n/)
  writeFileSync(config, share('three'))
  writeFileSync(sandbox.users, 'nonsense\n')
  await reload(/stay as they were: .*users:1: must be name:enabled:hash/)
  assert.deepEqual(shareNames(await statusOf(sandbox)), ['two'])
  writeFileSync(sandbox.users, `anna:enabled:${hash}\n`)
  writeFileSync(config, `signing: required\n${share('three')}`)
  await reload(/note: changed, but only for the next start: signing\n/)
  assert.deepEqual(shareNames(await statusOf(sandbox)), ['three'])
  assert.deepEqual(await server.end(), { code: 0, signal: null })
})

test('who is locked out by wrong passwords is let try again by an administrator', async () => {
  await using sandbox = prepared()
  const config = sandbox.path('smbkit.yaml')
  writeFileSync(
    config,
    'lockout: { threshold: 2 }\nlimits: { failedLogonDelayMs: 1 }\nshares:\n  one: { path: photos }\n',
  )
  const server = sandbox.start('main', ['serve', '--config', config, '--users', sandbox.users, '--port', '0'])
  const port = await server.port()
  const logOn = async (password: string): Promise<void> =>
    (await connect({ host: '127.0.0.1', port, path: '' }, { user: 'anna', password })).close()
  for (let i = 0; i < 2; i++) await assert.rejects(logOn('wrong'), { statusName: 'STATUS_LOGON_FAILURE' })
  await assert.rejects(logOn('password'), { statusName: 'STATUS_ACCOUNT_LOCKED_OUT' })
  const unlock = (...args: string[]) => sandbox.smbkit(['user', 'unlock', 'Anna', ...args])
  assert.equal((await unlock()).output, 'Anna may try again\n')
  await logOn('password')
  const again = await unlock('--port', String(port))
  assert.equal(again.output, 'Anna was not locked out: no wrong passwords are counted\n')
  assert.deepEqual(await server.end(), { code: 0, signal: null })
  const gone = await unlock()
  assert.deepEqual([gone.code, gone.output], [1, 'smbkit: no server of yours is running\n'])
})

test('what a running server does not take over is named', () => {
  const shares = [{ name: 'a', path: '/a', place: 'here' }]
  const before = mergeSettings(undefined, { server: { signing: 'required', limits: { maxCredits: 1 } }, shares })
  const now = mergeSettings(undefined, {
    port: 1,
    server: { limits: { maxCredits: 1 }, name: 'X' },
    shares: [...shares],
  })
  assert.deepEqual(whatNeedsRestart(before, now).toSorted(), ['name', 'port', 'signing'])
  assert.deepEqual(whatNeedsRestart(before, before), [])
})

test('what peers choose cannot command a terminal', () => {
  assert.equal(printable('a\u001b[31mb\nc\u009bd\u202ee'), 'a\\u001b[31mb\\u000ac\\u009bd\\u202ee')
  assert.equal(printable('Grüße 日本 🎉'), 'Grüße 日本 🎉')
})

test('npm start makes ./files with a welcome, and tells how to connect', async () => {
  await using sandbox = new Sandbox()
  const server = sandbox.start('start', ['--port', '0'])
  const port = await server.port()
  const [, password = ''] = await server.says(/password +(\S+)\n/)
  assert.match(password, /^[a-zA-Z2-9]{16}$/)
  await server.says(/Ctrl-C ends it/)
  for (const line of [
    `smbclient //127.0.0.1/files -p ${port} -U 'demo%${password}'`,
    `sudo mount -t cifs //127.0.0.1/files /mnt -o port=${port},username=demo,password=${password}`,
    `open 'smb://demo:${password}@127.0.0.1:${port}/files'`,
    `net use Z: \\\\127.0.0.1\\files /user:demo ${password} /TCPPORT:${port}`,
  ])
    assert.ok(server.stdout.includes(line), `${line}\n${server.stdout}`)
  assert.match(readFileSync(join(sandbox.path('files'), 'Welcome.txt'), 'utf8'), /^Welcome to smbkit\./)
  assert.deepEqual(await server.end('SIGINT'), { code: 0, signal: null })
  // What is in the folder stays; it is not made anew.
  writeFileSync(sandbox.path('files/Welcome.txt'), 'mine')
  const again = sandbox.start('start', ['--port', '0'])
  const [, other = ''] = await again.says(/password +(\S+)\n/)
  assert.notEqual(other, password)
  await again.says(/Ctrl-C ends it/)
  assert.equal(readFileSync(sandbox.path('files/Welcome.txt'), 'utf8'), 'mine')
  assert.deepEqual(await again.end('SIGHUP'), { code: 0, signal: null })
})
