/** What goes wrong, as the command line tells it: one sentence, an exit code, nothing left behind, no hanging. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { bytesOf, hashOf } from '../peers/content.ts'
import { freePort, until } from '../peers/free-port.ts'
import { mountMemory, unmount } from '../peers/memory-disk.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { type RunResult, run } from '../peers/run.ts'
import { startSmbd } from '../peers/smbd.ts'
import { bothTargets } from '../peers/target.ts'
import { mainScript, Sandbox } from '../unit/cli-program.ts'
import { needsTerminal, typeAt } from '../unit/cli-terminal.ts'
import { CliTarget } from './cli-target.ts'

const secret = 'Wr0ng-s3cret'

/** One sentence on standard error, nothing on standard output, exit code 1, and no password anywhere. */
function refused({ code, stdout, stderr, timedOut }: RunResult, message: RegExp, exitCode = 1): void {
  assert.match(stderr, message)
  assert.equal(stderr.trim().split('\n').length, 1, stderr)
  assert.match(stderr, /^smbkit: /)
  assert.doesNotMatch(stderr, /\n {4}at /)
  assert.ok(!`${stdout}${stderr}`.includes(secret))
  assert.deepEqual([code, timedOut], [exitCode, false])
}

/** A TCP server that does with each connection what it is told. */
async function rawServer(accept: (socket: Socket) => void): Promise<{ port: number; close: () => Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    accept(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { port, close }
}

describe('servers that are not there, or say nothing', () => {
  const list = (sandbox: Sandbox, place: string, ...more: string[]): Promise<RunResult> =>
    sandbox.smbkit(['ls', place, '--user', 'anna', ...more], '', { SMBKIT_PASSWORD: secret })

  test('nothing listens on the port', async () => {
    await using sandbox = new Sandbox()
    refused(await list(sandbox, `//127.0.0.1:${await freePort()}/files`), /nothing listens|refused/i)
  })

  test('a name that does not resolve', async () => {
    await using sandbox = new Sandbox()
    refused(await list(sandbox, '//no-such-host.invalid/files'), /no-such-host\.invalid: /)
  })

  test('a server that accepts and says nothing', async () => {
    await using sandbox = new Sandbox()
    const server = await rawServer(() => undefined)
    const startedAt = performance.now()
    refused(await list(sandbox, `//127.0.0.1:${server.port}/files`, '--timeout', '1'), /NEGOTIATE/)
    assert.ok(performance.now() - startedAt < 20_000)
    await server.close()
  })

  test('a server that hangs up, and one that talks of something else', async () => {
    await using sandbox = new Sandbox()
    const hangingUp = await rawServer((socket) => socket.destroy())
    refused(await list(sandbox, `//127.0.0.1:${hangingUp.port}/files`), /127\.0\.0\.1:\d+: /)
    await hangingUp.close()
    const web = await rawServer((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    refused(await list(sandbox, `//127.0.0.1:${web.port}/files`), /127\.0\.0\.1:\d+: /)
    await web.close()
  })

  test('words that make no sense', async () => {
    await using sandbox = new Sandbox()
    refused(await list(sandbox, 'nas/files'), /An address is smb:\/\//)
    refused(await list(sandbox, `smb://anna:${secret}@nas/files`), /no password in it/)
    refused(await sandbox.smbkit(['get', 'here', 'there']), /must be on a server/)
    refused(await sandbox.smbkit(['ls', '//nas/files', '--user', `anna%${secret}`]), /takes a name alone/)
    refused(
      await sandbox.smbkit(['ls', '//nas/files', '--user', 'anna']),
      /no password for anna on nas, and no terminal/,
    )
    refused(await list(sandbox, '//nas/files', '--nonsense'), /unknown option '--nonsense'/)
    refused(await sandbox.smbkit(['cat']), /missing required argument/)
    refused(await list(sandbox, '//nas/files', '--capture', '/nowhere/x'), /\/nowhere\/x: cannot write the capture/)
  })
})

for (const { name, start, needs } of bothTargets)
  describe(`what goes wrong with ${name}`, needsPeer(...needs), () => {
    const cli = new CliTarget(start)
    const { at, as, smbkit } = cli

    test('a wrong password, an unknown user, an unknown share, an unknown file', async () => {
      refused(
        await as(cli.target.user, secret, 'ls', at('files')),
        /The user name or the password is wrong\..*STATUS_LOGON_FAILURE/,
      )
      refused(await as('nobody-known', secret, 'ls', at('files')), /The user name or the password is wrong/)
      refused(await smbkit('ls', at('nosuch')), /\/nosuch: The server has no share of that name/)
      refused(await smbkit('cat', at('files/no such')), /\/files\/no such: There is no file or folder of that name/)
      refused(
        await smbkit('get', at('files/no such'), cli.sandbox.path('x')),
        /\/files\/no such: There is no file or folder of that name/,
      )
      refused(await smbkit('put', cli.sandbox.path('no such'), at('files/x')), /no such: /)
      assert.equal(existsSync(cli.sandbox.path('x')), false)
    })

    test('what is written to is named where that is in the way', async () => {
      writeFileSync(cli.sandbox.path('sent'), 'x')
      const sent = cli.sandbox.path('sent')
      const noFolder = 'A folder on the way to that name does not exist'
      refused(await smbkit('put', sent, at('files/none/sent'), '-q'), new RegExp(`/files/none/sent: ${noFolder}`))
      assert.equal((await smbkit('put', sent, at('files/sent'))).code, 0)
      // What is not there is called the same at both ends.
      refused(await smbkit('get', at('files/none'), '.', '-q'), /^smbkit: \/\/.*\/files\/none: There is no file/)
      const nowhere = cli.sandbox.path('none', 'sent')
      refused(
        await smbkit('get', at('files/sent'), nowhere, '-q'),
        /none\/sent: a folder on the way to it is not there/,
      )
      refused(
        await smbkit('cp', at('files/sent'), at('files/none/sent'), '-q'),
        new RegExp(`/files/sent -> //.*/files/none/sent: ${noFolder}`),
      )
      mkdirSync(cli.sandbox.path('folder'))
      refused(
        await smbkit('put', '-rq', cli.sandbox.path('folder'), at('files/sent')),
        /\/files\/sent: A folder cannot take the place of a file\.\n$/,
      )
    })

    test('a name here that is no UTF-8 is not passed over in silence', async () => {
      const folder = cli.sandbox.path('bytes')
      mkdirSync(folder)
      writeFileSync(join(folder, 'good'), 'x')
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.of(0xff)]), 'y')
      const { code, stdout, stderr } = await smbkit('put', '-r', folder, at('files/bytes'))
      assert.match(stderr, /^smbkit: .*bad\ufffd: It cannot be copied: its name is not UTF-8\.\n$/)
      assert.match(stdout, /^1 file, 1 B.*; 1 failed\n$/)
      assert.equal(code, 2)
    })

    test('standard output is full, or closed', async () => {
      const shell = (command: string): Promise<RunResult> =>
        run('sh', ['-c', command, process.execPath, mainScript, at('files/much'), cli.target.user], {
          env: { ...cli.sandbox.env, SMBKIT_PASSWORD: cli.target.password },
        })
      writeFileSync(join(cli.target.folder('files') ?? '', 'much'), bytesOf(3_000_000, 1), { mode: 0o666 })
      refused(await shell('"$0" "$1" cat "$2" --user "$3" > /dev/full'), /standard output: the disk is full/)
      refused(await shell('"$0" "$1" ls "$2" --user "$3" > /dev/full'), /standard output: the disk is full/)
      const { stdout, stderr } = await shell('{ "$0" "$1" cat "$2" --user "$3"; echo $? >&2; } | head -c 5')
      assert.deepEqual([stdout.length, stderr], [5, '141\n'])
    })

    test('the local disk is full: said in a sentence, and nothing is left', async () => {
      writeFileSync(cli.sandbox.path('some'), bytesOf(3_000_000, 1))
      assert.equal((await smbkit('put', cli.sandbox.path('some'), at('files/some'))).code, 0)
      const result = await smbkit('get', at('files/some'), '/dev/full', '-q')
      refused(result, /the disk is full/)
    })

    test('a disk that fills up while it is written to', async (t) => {
      const disk = cli.sandbox.path('disk')
      mkdirSync(disk)
      if (!mountMemory(disk, 'size=1m')) {
        t.skip('no disk can be mounted here')
        return
      }
      try {
        writeFileSync(join(cli.target.folder('files') ?? '', 'more'), bytesOf(3_000_000, 1), { mode: 0o666 })
        refused(await smbkit('get', at('files/more'), `${disk}/`, '-q'), /more: .*the disk is full/)
        assert.deepEqual(readdirSync(disk), [])
      } finally {
        unmount(disk)
      }
    })

    test('the places of a password: a file, a hash, the terminal', needsTerminal(), async () => {
      const file = cli.sandbox.path('credentials')
      writeFileSync(file, `username = ${cli.target.user}\npassword = ${cli.target.password}\n`, { mode: 0o600 })
      const byFile = await cli.sandbox.smbkit(['ls', at('fixed'), '-A', file])
      assert.deepEqual([byFile.code, byFile.stdout, byFile.stderr], [0, 'there.txt\n', ''])
      const { ntHash } = await import('../../src/crypto/ntlm.ts')
      const hash = Buffer.from(ntHash(cli.target.password)).toString('hex')
      const byHash = await as(cli.target.user, hash, 'ls', at('fixed'), '--ntlm-hash')
      assert.deepEqual([byHash.code, byHash.stdout], [0, 'there.txt\n'])
      const asked = await typeAt(
        cli.sandbox,
        ['ls', at('fixed'), '--user', cli.target.user],
        [`${cli.target.password}\r`],
        /Password for \S+ on \S+: /g,
      )
      assert.equal(asked.code, 0, asked.output)
      assert.match(asked.output, /there\.txt/)
      assert.ok(!asked.output.includes(cli.target.password))
    })

    test('progress at a terminal, and none elsewhere', needsTerminal(), async () => {
      const env = { SMBKIT_PASSWORD: cli.target.password }
      const served = join(cli.target.folder('files') ?? '', 'large')
      writeFileSync(served, '', { mode: 0o666 })
      truncateSync(served, 384 * 1024 ** 2)
      const args = ['get', at('files/large'), '/dev/null', '--user', cli.target.user, '--encryption', 'required']
      const { code, output } = await typeAt(cli.sandbox, args, [], /$^/g, env)
      assert.equal(code, 0, output)
      assert.match(output, /\[#*-*\] +\d+% {2}\d\/1 files {2}\S+ \S+\/384 MiB {2}/)
      assert.match(output, /1 file, 384 MiB in/)
      truncateSync(served, 1024 ** 2)
      const quiet = await smbkit('get', at('files/large'), cli.sandbox.path('large back'))
      assert.deepEqual([quiet.code, quiet.stderr], [0, ''])
      assert.equal(await hashOf(cli.sandbox.path('large back')), await hashOf(served))
    })

    test('Ctrl-C: in good order, and the same command goes on', async () => {
      const bytes = 96 * 1024 * 1024
      const folder = cli.target.folder('files') ?? ''
      writeFileSync(join(folder, 'endless'), Buffer.alloc(bytes, 7), { mode: 0o666 })
      const there = cli.sandbox.path('endless')
      const args = ['get', at('files/endless'), there, '--user', cli.target.user, '--encryption', 'required']
      const program = cli.sandbox.start('main', args, { SMBKIT_PASSWORD: cli.target.password })
      const part = () => readdirSync(cli.sandbox.folder).find((file) => file.endsWith('.part'))
      const arrived = () => statSync(cli.sandbox.path(part() ?? '-'), { throwIfNoEntry: false })?.size ?? 0
      const begun = await until(() => arrived() > 0, 30_000)
      const { code } = await program.end('SIGINT')
      // A fast machine may have been done before it was told to end.
      if (code === 0) return
      assert.deepEqual([begun, code], [true, 130], program.stderr)
      assert.match(program.stdout, /the same command goes on/)
      assert.equal(existsSync(there), false)
      const again = await smbkit(...args.slice(0, 3))
      assert.equal(again.code, 0, again.stderr)
      assert.equal(statSync(there).size, bytes)
      assert.ok(readFileSync(there).equals(Buffer.alloc(bytes, 7)))
      assert.equal(part(), undefined)
    })

    test('a named pipe is waited for, and not when it is told to end', async () => {
      const pipe = cli.sandbox.path('pipe')
      assert.equal((await run('mkfifo', [pipe])).code, 0)
      const args = ['put', pipe, at('files/from pipe'), '--user', cli.target.user, '--explain']
      const begun = () => cli.sandbox.start('main', args, { SMBKIT_PASSWORD: cli.target.password })
      const program = begun()
      await program.says(/-> #\d+ CREATE /)
      assert.equal((await program.end('SIGINT')).code, 130, program.stderr)
      const writing = begun()
      await writing.says(/-> #\d+ CREATE /)
      assert.equal((await run('/bin/sh', ['-c', 'printf "through it" > "$0"', pipe], { timeoutMs: 20_000 })).code, 0)
      assert.deepEqual(await writing.ended, { code: 0, signal: null }, writing.stderr)
      assert.equal((await smbkit('cat', at('files/from pipe'))).stdout, 'through it')
    })

    test('what the conversation was: in lines, and as a capture', needsPeer('tshark'), async () => {
      const capture = cli.sandbox.path('seen.pcapng')
      const result = await smbkit('ls', at('fixed'), '--explain', '--capture', capture, '--encryption', 'required')
      assert.equal(result.code, 0, result.stderr)
      assert.equal(result.stdout, 'there.txt\n')
      for (const line of [
        /-> #\d+ NEGOTIATE /,
        /<- #\d+ SESSION_SETUP ok/,
        /-> #\d+ TREE_CONNECT .*fixed.*sealed/,
        /<- #\d+ QUERY_DIRECTORY /,
      ])
        assert.match(result.stderr, line)
      assert.equal(statSync(capture).mode & 0o777, 0o600)
      const { tshark } = await import('../vectors/smb2-capture.ts')
      const read = tshark([
        '-r',
        capture,
        '-Y',
        'smb2.filename contains "there.txt" or smb2.tree',
        '-T',
        'fields',
        '-e',
        'smb2.cmd',
        '-e',
        'smb2.tree',
      ])
      assert.match(read, /^3(?:,3)*\t.*fixed/m)
      assert.match(read, /14/)
      assert.equal(tshark(['-r', capture, '-Y', '_ws.malformed or tcp.analysis.flags']), '')
    })
  })

describe('smbd, as it can be made to be', needsPeer('smbd', 'smbpasswd', 'pdbedit'), () => {
  test('an expired password', async () => {
    await using sandbox = new Sandbox()
    const smbd = await startSmbd({ shares: [{ name: 'files' }], global: { 'map untrusted to domain': 'no' } })
    try {
      const config = join(smbd.folders.get('files') ?? '', '..', 'smb.conf')
      const policy = ['-s', config, '-P', 'maximum password age', '-C', '1']
      const changed = await run(peerPath('pdbedit'), policy)
      assert.equal(changed.code, 0, changed.output)
      const list = () =>
        sandbox.smbkit(['ls', `//127.0.0.1:${smbd.port}/files`, '--user', smbd.user], '', {
          SMBKIT_PASSWORD: smbd.password,
        })
      // It lasts a second from when it was set.
      assert.ok(await until(async () => (await list()).code !== 0, 20_000))
      refused(await list(), /The password .*has to be changed.*STATUS_PASSWORD_(EXPIRED|MUST_CHANGE)/)
    } finally {
      await smbd.stop()
    }
  })

  test('killed in the middle of a transfer: a sentence, and the same command goes on with the next one', async () => {
    await using sandbox = new Sandbox()
    const bytes = 256 * 1024 * 1024
    const path = sandbox.path('served')
    mkdirSync(path)
    // smbd looks there as another user.
    chmodSync(sandbox.folder, 0o755)
    const first = await startSmbd({ shares: [{ name: 'files', path }] })
    writeFileSync(join(path, 'big'), 'beginning', { mode: 0o666 })
    truncateSync(join(path, 'big'), bytes)
    const there = sandbox.path('big')
    const get = (port: number) => ['get', `//127.0.0.1:${port}/files/big`, there, '--user', first.user]
    const env = { SMBKIT_PASSWORD: first.password }
    const slowly = ['--encryption', 'required', '--timeout', '2']
    const program = sandbox.start('main', [...get(first.port), ...slowly], env)
    const part = () => readdirSync(sandbox.folder).find((file) => file.endsWith('.part'))
    const arrived = () => statSync(sandbox.path(part() ?? '-'), { throwIfNoEntry: false })?.size ?? 0
    await until(() => arrived() > 40 * 1024 * 1024, 30_000)
    await first.stop()
    const { code } = await program.ended
    assert.equal(code, 1, program.stdout)
    assert.match(program.stderr, /^smbkit: \/\/127\.0\.0\.1:\d+\/files\/big: .*\n$/)
    assert.match(program.stdout, /; 1 failed; the same command goes on where this one was cut off\n$/)
    assert.equal(existsSync(there), false)
    const second = await startSmbd({ shares: [{ name: 'files', path }] })
    try {
      const { code: again, stdout, stderr } = await sandbox.smbkit(get(second.port), '', env)
      assert.equal(again, 0, stderr)
      assert.match(stdout, /^1 file, .*; [\d.]+ MiB were there already\n$/)
      assert.equal(await hashOf(there), await hashOf(join(path, 'big')))
      assert.equal(part(), undefined)
    } finally {
      await second.stop()
    }
  })

  test('killed while it is written to: the same, in the other direction', async () => {
    await using sandbox = new Sandbox()
    const path = sandbox.path('served')
    mkdirSync(path)
    // smbd looks there as another user.
    chmodSync(sandbox.folder, 0o755)
    const here = sandbox.path('big')
    writeFileSync(here, 'beginning')
    truncateSync(here, 160 * 1024 * 1024)
    const first = await startSmbd({ shares: [{ name: 'files', path }] })
    const put = (port: number) => ['put', here, `//127.0.0.1:${port}/files/big`, '--user', first.user]
    const env = { SMBKIT_PASSWORD: first.password }
    const program = sandbox.start('main', [...put(first.port), '--encryption', 'required', '--timeout', '2'], env)
    const part = () => readdirSync(path).find((file) => file.endsWith('.part'))
    const arrived = () => statSync(join(path, part() ?? '-'), { throwIfNoEntry: false })?.size ?? 0
    await until(() => arrived() > 40 * 1024 * 1024, 30_000)
    await first.stop()
    const { code } = await program.ended
    assert.equal(code, 1, program.stdout)
    assert.match(program.stderr, /^smbkit: .*big: .*\n$/)
    assert.equal(existsSync(join(path, 'big')), false)
    const second = await startSmbd({ shares: [{ name: 'files', path }] })
    try {
      const { code: again, stdout, stderr } = await sandbox.smbkit(put(second.port), '', env)
      assert.equal(again, 0, stderr)
      assert.match(stdout, /^1 file, .*; [\d.]+ MiB were there already\n$/)
      assert.equal(await hashOf(join(path, 'big')), await hashOf(here))
      assert.equal(part(), undefined)
    } finally {
      await second.stop()
    }
  })
})
