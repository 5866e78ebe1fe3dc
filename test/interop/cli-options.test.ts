/** Options of the commands for files that other tests do not need, one after the other. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bytesOf } from '../peers/content.ts'
import { startOurServer } from '../peers/our-server.ts'
import { startOurTarget } from '../peers/target.ts'
import { Sandbox } from '../unit/cli-program.ts'
import { CliTarget } from './cli-target.ts'

const past = new Date('2021-03-04T05:06:07Z')

describe('options of commands', () => {
  const cli = new CliTarget(() => startOurTarget('disk'))
  const { at, smbkit } = cli
  const done = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await smbkit(...args)
    assert.deepEqual([code, stderr], [0, ''], `${args.join(' ')}\n${stdout}${stderr}`)
    return stdout
  }
  const json = async (...args: string[]) => JSON.parse(await done(...args, '--json')) as Record<string, unknown>[]
  const served = (...parts: string[]): string => join(cli.target.folder('files') ?? '', ...parts)
  const local = (...parts: string[]): string => cli.sandbox.path(...parts)

  test('lists: sizes in bytes, by time, of attributes, so many folders deep', async () => {
    mkdirSync(served('lists/deep/er'), { recursive: true })
    writeFileSync(served('lists/old'), bytesOf(2000, 1))
    utimesSync(served('lists/old'), past, past)
    writeFileSync(served('lists/new'), 'x')
    writeFileSync(served('lists/deep/er/low'), 'x')
    // Not in the same tick of the system's clock as `new`.
    utimesSync(served('lists/deep'), past, past)
    const folder = at('files/lists')
    assert.match(await done('ls', '-l', '--bytes', folder), /^\S +2000 {2}2021-03-04 .* old$/m)
    assert.match(await done('ls', '--sort', 'time', folder), /^new\n(?:.*\n)*old\n/)
    assert.equal(
      await done('find', folder, '--newer', '1d', '--smaller', '1K', '--type', 'file', '--depth', '1'),
      `${folder}/new\n`,
    )
    await done('put', served('lists/old'), at('files/lists/deep/sent'))
    assert.match(
      await done('find', folder, '--attributes', 'A', '--long'),
      /^A +1\.95 KiB {2}2021-03-04 .*deep\/sent\n$/,
    )
    assert.match(await done('tree', '--depth', '1', '--folders', folder), /lists\n└── deep\/\n\n1 folder\n$/)
    assert.equal((await done('du', '--summarize', '--bytes', folder)).trim(), `4002  ${folder}`)
    assert.match(await done('du', '--depth', '1', `${folder}/old`), /1\.95 KiB {2}.*old\n$/)
    assert.match(await done('shares', at(''), '--details'), /^files +disk +\d+$/m)
  })

  test('JSON of each command', async () => {
    writeFileSync(served('facts'), 'facts')
    const path = at('files/facts')
    const [facts] = await json('stat', path)
    assert.deepEqual([facts?.['path'], facts?.['size'], facts?.['links']], [path, 5, 1])
    assert.equal(typeof (await json('df', at('files')))[0]?.['totalBytes'], 'number')
    const tree = (await json('tree', at('files'))) as unknown as { entries?: unknown[]; children?: unknown[] }
    assert.match(JSON.stringify(tree), /"facts"/)
    const line = async (...args: string[]): Promise<unknown> => json(...args)
    assert.deepEqual(await line('mkdir', at('files/made')), { event: 'made', path: at('files/made') })
    assert.deepEqual(await line('mv', path, at('files/made/')), { event: 'moved', path, to: at('files/made/facts') })
    assert.deepEqual(await line('rm', '-r', at('files/made')), { event: 'removed', path: at('files/made') })
    assert.equal(await done('rm', '--force', at('files/made')), '')
    const events = async (...args: string[]): Promise<unknown[]> =>
      (await done(...args, '--json'))
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as Record<string, unknown>)
        .map(({ event, path: from, to }) => [event, from, to])
    mkdirSync(local('mirrored'))
    writeFileSync(local('mirrored/one'), 'x')
    mkdirSync(served('mirror'))
    writeFileSync(served('mirror/other'), 'x')
    const [from, to] = [local('mirrored'), at('files/mirror')]
    assert.deepEqual(await events('sync', from, to, '--delete'), [
      ['copied', `${from}/one`, `${to}/one`],
      ['removed', `${to}/other`, undefined],
      ['summary', undefined, undefined],
    ])
  })

  test('who may do what is changed: granted, denied, taken back, given away, as text', async () => {
    writeFileSync(served('guarded'), 'x')
    const path = at('files/guarded')
    const sddl = () => done('acl', '--sddl', path)
    await done('acl', path, '--grant', 'Everyone:read', '--deny', 'S-1-5-32-546:write')
    assert.match(await sddl(), /\(A;;[^;]*;;;WD\).*|\(D;;[^;]*;;;BG\)/)
    assert.match(await sddl(), /;;;BG\)/)
    await done('acl', path, '--revoke', 'S-1-5-32-546')
    assert.doesNotMatch(await sddl(), /;;;BG\)/)
    await done('acl', path, '--set', 'D:(A;;FA;;;WD)')
    assert.match(await sddl(), /D:\w*\(A;;FA;;;WD\)/)
    const was = await sddl()
    await done('acl', path, '--owner', /^O:([^:]*)G:/.exec(was)?.[1] ?? '')
    assert.equal(await sddl(), was)
  })

  test('what is there: left, replaced, or in the way; written into, without times, one at a time', async () => {
    const from = local('from')
    mkdirSync(from)
    for (const name of ['a', 'b']) writeFileSync(join(from, name), name)
    writeFileSync(join(from, 'large'), bytesOf(600_000, 3))
    for (const name of ['a', 'b', 'large']) utimesSync(join(from, name), past, past)
    const to = at('files/existing')
    await done('put', '-r', from, to, '--jobs', '1', '--no-resume')
    const { ino } = statSync(served('existing/large'))
    writeFileSync(join(from, 'a'), 'c')
    utimesSync(join(from, 'a'), past, past)
    const carried = async (...args: string[]) => /^(\d+) file/.exec(await done('put', '-r', from, to, ...args))?.[1]
    assert.equal(await carried(), '0')
    assert.equal(await carried('--existing', 'skip'), '0')
    assert.equal(await carried('--existing', 'replace', '--in-place'), '3')
    assert.equal(readFileSync(served('existing/a'), 'utf8'), 'c')
    assert.equal(statSync(served('existing/large')).ino, ino)
    const refused = await smbkit('put', '-r', from, to, '--existing', 'error')
    assert.deepEqual([refused.code, refused.stderr.match(/There is already a file/g)?.length], [1, 3])
    utimesSync(join(from, 'b'), past, new Date(past.getTime() + 1500))
    assert.equal(await carried('--time-window', '2'), '0')
    assert.equal(await carried('--existing', 'older'), '1')
    assert.equal(await carried('--no-preserve', '--existing', 'replace'), '3')
    assert.ok(statSync(served('existing/b')).mtimeMs > Date.now() - 60_000)
    // What is newer at the target stays.
    assert.match(await done('sync', from, to, '--update'), /^0 files/)
  })

  test('links: what they lead to, themselves, or nothing', async () => {
    const from = local('links')
    mkdirSync(from)
    writeFileSync(join(from, 'real'), 'real')
    symlinkSync('real', join(from, 'link'))
    const listed = async (how: string) => {
      await done('put', '-r', from, at(`files/links-${how}`), '--links', how)
      return done('ls', at(`files/links-${how}`))
    }
    assert.equal(await listed('follow'), 'link\nreal\n')
    assert.equal(await listed('skip'), 'real\n')
    assert.match(await listed('copy'), /^link@?\nreal\n$/)
    await done('get', '-r', at('files/links-copy'), local('links back'), '--links', 'copy')
    assert.equal(readlinkSync(local('links back', 'link')), 'real')
    assert.match(await done('stat', '--links', at('files/links-copy/link')), /leads to +real/)
  })

  test('the connection: port, dialects, signatures, encryption, several of them', async () => {
    const { host, port, user } = cli.target
    const agreed = (...args: string[]) =>
      done('shell', `//${host}/files`, '--port', String(port), '-c', 'info', ...args)
    assert.match(
      await agreed('--max-dialect', '2.1', '--signing', 'required'),
      /^dialect +2\.1\n.*\nsigned +hmac-sha256$/m,
    )
    assert.match(await agreed('--signing', 'off'), /^signed +no$/m)
    assert.match(await agreed('--min-dialect', '3.1.1', '--encryption', 'required'), /^encrypted +aes-128-gcm$/m)
    assert.match(await agreed('--domain', 'WORK'), new RegExp(`^user +.*${user}$`, 'm'))
    writeFileSync(served('wide'), bytesOf(3_000_000, 5))
    await done('get', at('files/wide'), local('wide'), '--channels', '3')
    assert.ok(readFileSync(local('wide')).equals(readFileSync(served('wide'))))
  })

  test('any command tells what is being said, and writes it down', async () => {
    writeFileSync(local('said'), 'said')
    for (const [index, [pattern, ...words]] of (
      [
        [/-> #\d+ WRITE/, 'put', local('said'), at('files/said')],
        [/<- #\d+ READ/, 'cat', at('files/said')],
        [/<- #\d+ QUERY_INFO/, 'stat', at('files/said')],
        [/-> #\d+ SET_INFO/, 'mv', at('files/said'), at('files/told')],
        [/<- #\d+ QUERY_INFO/, 'df', at('files')],
        [/<- #\d+ QUERY_DIRECTORY/, 'du', at('files/told')],
        [/-> #\d+ CREATE/, 'shell', at('files'), '-c', 'rm told'],
        [/-> #\d+ NEGOTIATE/, 'probe', at('')],
      ] as const
    ).entries()) {
      const capture = local(`said-${index}.pcapng`)
      const { code, stderr } = await smbkit(...words, '--explain', '--capture', capture)
      assert.equal(code, 0, stderr)
      assert.match(stderr, pattern, words.join(' '))
      assert.equal(readFileSync(capture).readUInt32LE(0), 0x0a0d_0d0a)
    }
  })

  test('one file is looked at once, and fetched in one round trip', async () => {
    writeFileSync(served('once'), 'once')
    const { code, stderr } = await smbkit('get', at('files/once'), local('once'), '--explain')
    assert.equal(code, 0, stderr)
    const asked = [...stderr.matchAll(/-> #\d+ (CREATE|QUERY_INFO|READ|CLOSE) /g)].map(([, command]) => command)
    assert.deepEqual(asked, ['CREATE', 'QUERY_INFO', 'CLOSE', 'CREATE', 'READ', 'CLOSE'])
  })
})

describe('two servers', () => {
  const cli = new CliTarget(() => startOurTarget('disk'))
  const { at, smbkit } = cli

  test('the one is named where something is in the way', async () => {
    const other = await startOurServer({ backend: 'memory', shares: [{ name: 'files', readOnly: true }] })
    const there = `//${other.host}:${other.port}/files`
    const large = join(cli.target.folder('files') ?? '', 'large')
    writeFileSync(large, bytesOf(600_000, 1), { mode: 0o666 })
    for (const [from, to, named] of [
      [at('files/large'), `${there}/other`, `${there}/other`],
      [at('files/large'), `${there}/large`, `${there}/large`],
      [large, `${there}/`, `${there}/large`],
      [at('files/none'), `${there}/other`, at('files/none')],
      [at('files/none'), `${there}/none`, at('files/none')],
    ] as const) {
      const { code, stderr } = await smbkit('cp', '-q', from, to)
      assert.equal(stderr.slice(0, stderr.indexOf(': ', 10)), `smbkit: ${named}`)
      assert.equal(code, 1)
    }
    await other.stop()
  })
})

describe('nobody in particular', () => {
  let sandbox: Sandbox
  before(() => {
    sandbox = new Sandbox()
  })
  after(() => sandbox[Symbol.asyncDispose]())

  test('a guest, and nobody at all, where the server has them', async () => {
    const server = await startOurServer({
      backend: 'memory',
      shares: [{ name: 'files', files: { 'a.txt': 'a' } }],
      server: { allowGuest: true, allowAnonymous: true },
    })
    const place = `//${server.host}:${server.port}`
    const said = async (...args: string[]): Promise<string> => {
      const { code, output } = await sandbox.smbkit(args, '', { SMBKIT_PASSWORD: 'x' })
      return `${code} ${output}`
    }
    assert.equal(await said('ls', `${place}/files`, '--user', 'stranger', '--guest'), '0 a.txt\n')
    assert.match(await said('ls', `${place}/files`, '--user', 'stranger'), /^1 smbkit: .*as a guest/)
    assert.match(await said('shares', place, '--anonymous'), /^0 share[^]*files +disk/)
    await server.stop()
  })
})
