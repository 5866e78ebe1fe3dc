/** `npm start` and `smbkit serve`, used by the client that most people have. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ServerStatus } from '../../src/server/index.ts'
import { until } from '../peers/free-port.ts'
import { needsPeer } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { type SmbclientOptions, smbclient } from '../peers/smbclient.ts'
import { Sandbox } from '../unit/cli-program.ts'

const host = '127.0.0.1'

test('npm start: the line that it prints for smbclient works as it stands', needsPeer('smbclient'), async () => {
  await using sandbox = new Sandbox()
  const server = sandbox.start('start', ['--port', '0'])
  await server.says(/Ctrl-C ends it/)
  const [, line = ''] = await server.says(/smbclient {3}(smbclient .*)\n/)
  writeFileSync(sandbox.path('mine.txt'), 'mine')
  const commands = 'get Welcome.txt copy.txt; put mine.txt; mkdir sub; rename mine.txt sub\\yours.txt; ls'
  const { code, output } = await run('/bin/sh', ['-c', `${line} -c '${commands}'`], { cwd: sandbox.folder })
  assert.equal(code, 0, output)
  assert.match(readFileSync(sandbox.path('copy.txt'), 'utf8'), /^Welcome to smbkit/)
  assert.equal(readFileSync(sandbox.path('files/sub/yours.txt'), 'utf8'), 'mine')
  assert.deepEqual(await server.end('SIGINT'), { code: 0, signal: null })
})

test(
  'serve: users, shares and their rules, status, reload, and what --verbose and --debug show',
  needsPeer('smbclient'),
  async () => {
    await using sandbox = new Sandbox()
    const users = sandbox.path('users')
    const setPassword = async (user: string, password: string) => {
      const { code, output } = await sandbox.smbkit(
        ['user', 'add', user, '--users', users, '--password-stdin'],
        password,
      )
      assert.equal(code, 0, output)
    }
    await setPassword('anna', 'Anna-1')
    await setPassword('bernd', 'Bernd-1')
    mkdirSync(sandbox.path('all'))
    writeFileSync(sandbox.path('all/a.txt'), 'a')
    const config = sandbox.path('smbkit.yaml')
    const shares =
      'shares:\n  all: { path: all }\n  read: { path: all, readOnly: true }\n  bernds: { path: all, users: [bernd] }\n'
    writeFileSync(config, shares)
    const server = sandbox.start('main', [
      'serve',
      '--config',
      config,
      '--users',
      users,
      '--port=0',
      '--smb1',
      '--verbose',
      '--debug',
    ])
    const port = await server.port()
    const as = (
      user: string,
      password: string,
      share: string,
      commands: string,
      more: Partial<SmbclientOptions> = {},
    ) => smbclient({ host, port, user, password }, commands, { share, cwd: sandbox.folder, ...more })

    assert.equal((await as('anna', 'Anna-1', 'all', 'get a.txt out.txt; put out.txt b.txt')).code, 0)
    assert.equal(readFileSync(join(sandbox.path('all'), 'b.txt'), 'utf8'), 'a')
    assert.match((await as('anna', 'wrong', 'all', 'ls')).output, /LOGON_FAILURE/)
    assert.match(
      (await as('anna', 'Anna-1', 'read', 'put out.txt c.txt')).output,
      /NT_STATUS_(?:ACCESS_DENIED|MEDIA_WRITE_PROTECTED)/,
    )
    assert.match((await as('anna', 'Anna-1', 'bernds', 'ls')).output, /NT_STATUS_ACCESS_DENIED/)
    assert.equal((await as('bernd', 'Bernd-1', 'bernds', 'ls')).code, 0)

    const status = async (): Promise<ServerStatus> => {
      const { code, stdout, stderr } = await sandbox.smbkit(['status', '--json'])
      assert.equal(code, 0, stderr)
      return JSON.parse(stdout) as ServerStatus
    }
    // A client that waits for a change keeps the folder open meanwhile.
    const waiting = smbclient({ host, port, user: 'anna', password: 'Anna-1' }, 'notify \\', {
      share: 'all',
      endAfter: /seen\.txt/,
    })
    let seen: ServerStatus | undefined
    assert.ok(await until(async () => (seen = await status()).sessions.some(({ opens }) => opens.length > 0), 15_000))
    const session = seen?.sessions[0]
    assert.equal(session?.user, 'anna')
    assert.equal(session?.opens[0]?.directory, true)
    assert.match(
      (await sandbox.smbkit(['status'])).stdout,
      / {2}anna {2}127\.0\.0\.1:\d+ {2}SMB 3\.1\.1 .*\n {4}connected to all\n {4}open {2}all\\/,
    )
    assert.equal((await as('bernd', 'Bernd-1', 'all', 'put out.txt seen.txt')).code, 0)
    await waiting

    await server.says(/anna@all #\d+ READ file=\S+ offset=0 length=1 -> STATUS_SUCCESS\n/)
    await server.says(/ > {3}desiredAccess: /)
    await server.says(/ < {3}createAction: CREATED/)
    const old = { dialect: 'NT1', args: ['--option=client min protocol=NT1'] }
    assert.equal((await as('anna', 'Anna-1', 'all', 'get b.txt', old)).code, 0)
    await server.says(/anna@all SMB1 NT_CREATE_ANDX "\\\\b\.txt" -> STATUS_SUCCESS\n/)
    await server.says(/ < {3}dataLength: 1/)
    await server.says(/logon of anna refused: STATUS_LOGON_FAILURE \(wrong password\)\n/)
    assert.doesNotMatch(server.stdout + server.stderr, /Anna-1|Bernd-1/)

    await setPassword('anna', 'Anna-2')
    assert.equal((await as('anna', 'Anna-1', 'all', 'ls')).code, 0)
    writeFileSync(config, shares.replace('  all:', '  everything:'))
    server.signal('SIGHUP')
    await server.says(/shares and users are read again/)
    assert.match((await as('anna', 'Anna-1', 'everything', 'ls')).output, /LOGON_FAILURE/)
    assert.equal((await as('anna', 'Anna-2', 'everything', 'ls')).code, 0)
    assert.match((await as('anna', 'Anna-2', 'all', 'ls')).output, /NT_STATUS_BAD_NETWORK_NAME/)
    assert.deepEqual(await server.end(), { code: 0, signal: null })
  },
)

test(
  'a Ctrl-C while files are open and being written: all that was answered is on the disk',
  needsPeer('smbclient'),
  async () => {
    await using sandbox = new Sandbox()
    const server = sandbox.start('start', ['--port', '0', '--verbose'])
    const port = await server.port()
    const [, password = ''] = await server.says(/password +(\S+)\n/)
    const size = 64 * 1024 * 1024
    writeFileSync(sandbox.path('large'), Buffer.alloc(size, 'x'))
    const client = smbclient({ host, port, user: 'demo', password }, 'put large', {
      share: 'files',
      cwd: sandbox.folder,
    })
    await server.says(/WRITE .* offset=\d{8,} .*STATUS_SUCCESS/)
    assert.deepEqual(await server.end('SIGINT'), { code: 0, signal: null })
    const written = readFileSync(sandbox.path('files/large'))
    const answered = [...server.stderr.matchAll(/WRITE file=\S+ offset=(\d+) length=(\d+) -> STATUS_SUCCESS/g)]
    for (const [, offset = '', length = ''] of answered) {
      const part = written.subarray(Number(offset), Number(offset) + Number(length))
      assert.equal(part.length, Number(length))
      assert.ok(part.every((byte) => byte === 0x78))
    }
    // The client loses its server, or had just finished.
    await client
  },
)
