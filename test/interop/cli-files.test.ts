/** The commands for files, run as people run them, against smbd and against our own server. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { displayFiletime, filetimeFromUnixNs } from '../../src/bytes/filetime.ts'
import { bytesOf, digestTree, hashOf, makeTree } from '../peers/content.ts'
import { needsPeer } from '../peers/peer.ts'
import { bothTargets, fixedFile, shares } from '../peers/target.ts'
import { needsTerminal, typeAt } from '../unit/cli-terminal.ts'
import { CliTarget } from './cli-target.ts'

const past = new Date('2021-03-04T05:06:07.890Z')

for (const { name, start, needs } of bothTargets)
  describe(`the command line against ${name}`, needsPeer(...needs), () => {
    const cli = new CliTarget(start)
    const { at, smbkit } = cli
    /** Runs it and expects that all was done. */
    const done = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await smbkit(...args)
      assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`)
      assert.equal(stderr, '')
      return stdout
    }
    const json = async (...args: string[]): Promise<unknown> => JSON.parse(await done(...args, '--json'))
    const jsonLines = async (...args: string[]): Promise<Record<string, unknown>[]> =>
      (await done(...args, '--json'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)

    test('shares, of a server and by ls', async () => {
      const listed = await done('shares', at(''))
      for (const share of Object.values(shares)) assert.match(listed, new RegExp(`^${share} +disk`, 'm'))
      assert.equal(await done('ls', at('')), listed)
      const facts = (await json('shares', at(''))) as { name: string; type: string }[]
      assert.ok(facts.some((share) => share.name === 'IPC$' && share.type === 'ipc'))
    })

    test('a tree there and back: content, times, and nothing twice', async () => {
      const there = cli.sandbox.path('there')
      mkdirSync(there)
      makeTree(there)
      for (const path of ['block', 'a/b', 'names/plain.txt']) utimesSync(join(there, path), past, past)
      const sent = await done('put', '-r', there, at('files/tree'))
      assert.match(sent, /^16 files, .* in .* s \(.*\/s\)\n$/)
      assert.equal(
        await done('put', '-r', there, at('files/tree'), '--dry-run'),
        'would copy 0 files, 0 B; 16 the same\n',
      )
      const again = await done('put', '-r', there, at('files/'))
      assert.match(again, /^16 files/)
      await done('get', '-r', at('files/tree'), cli.sandbox.path('back'))
      assert.deepEqual(digestTree(cli.sandbox.path('back')), digestTree(there))
      for (const path of ['block', 'a/b', 'names/plain.txt'])
        assert.ok(Math.abs(statSync(cli.sandbox.path('back', path)).mtimeMs - past.getTime()) < 0.01, path)
      // The same command again: into the same folder, and nothing is carried twice.
      assert.match(await done('get', '-r', at('files/tree'), cli.sandbox.path('back')), /^0 files, .*; 16 the same\n$/)
      const into = await done('get', '-r', at('files/there'), cli.sandbox.path('back/'), '-v')
      assert.match(into, /^copied {2}\/\/.*files\/there\/a\/b\/c\/deep\.bin {2}293 KiB$/m)
      assert.ok(existsSync(cli.sandbox.path('back', 'there', 'block')))
    })

    test('the same again: what has not changed is not carried twice', async () => {
      const there = cli.sandbox.path('again')
      mkdirSync(there)
      makeTree(there, [])
      await done('put', '-r', there, at('files/once'))
      assert.match(await done('sync', there, at('files/once')), /^0 files, 0 B; 7 the same\n$/)
      writeFileSync(join(there, 'one'), 'x')
      utimesSync(join(there, 'one'), past, past)
      assert.match(await done('sync', there, at('files/once')), /^1 file, 1 B .*; 6 the same\n$/)
    })

    test('lists: ls in all its forms, tree, stat, du, df, find', async () => {
      const there = cli.sandbox.path('lists')
      mkdirSync(join(there, 'deep/er'), { recursive: true })
      writeFileSync(join(there, 'b10.txt'), bytesOf(2048, 1))
      writeFileSync(join(there, 'b9.txt'), 'x')
      writeFileSync(join(there, 'deep/er/c.bin'), bytesOf(5000, 2))
      utimesSync(join(there, 'b9.txt'), past, past)
      await done('put', '-r', there, at('files/lists'))
      assert.equal(await done('ls', at('files/lists')), 'b9.txt\nb10.txt\ndeep/\n')
      assert.equal(await done('ls', at('files/lists'), '--sort', 'size'), 'b10.txt\nb9.txt\ndeep/\n')
      assert.equal(await done('ls', at('files/lists/*.TXT')), 'b9.txt\nb10.txt\n')
      const long = await done('ls', '-l', at('files/lists'))
      assert.match(long, /^A +1 B {2}2021-03-0\d \d\d:\d\d:07 {2}b9\.txt$/m)
      assert.match(long, /^D .* deep\/$/m)
      const deep = await done('ls', '-R', at('files/lists'))
      assert.match(deep, /lists:\nb9\.txt\nb10\.txt\ndeep\/\n\n\/\/.*deep:\ner\/\n\n\/\/.*er:\nc\.bin\n$/)
      const facts = (await json('ls', at('files/lists'))) as { name: string; size: number; written: string }[]
      assert.deepEqual(facts.map((entry) => [entry.name, entry.size]).slice(0, 2), [
        ['b9.txt', 1],
        ['b10.txt', 2048],
      ])
      const { mtimeNs } = statSync(join(there, 'b9.txt'), { bigint: true })
      assert.equal(facts[0]?.written, displayFiletime(filetimeFromUnixNs(mtimeNs)))
      const drawn = await done('tree', at('files/lists'))
      assert.match(
        drawn,
        /lists\n├── b9\.txt\n├── b10\.txt\n└── deep\/\n {4}└── er\/\n {8}└── c\.bin\n\n2 folders, 3 files\n$/,
      )
      assert.match(await done('tree', '-d', at('files/lists')), /lists\n└── deep\/\n {4}└── er\/\n\n2 folders\n$/)
      assert.match(await done('stat', at('files/lists/b10.txt')), /^ {2}size +2048 bytes \(2\.00 KiB\)$/m)
      const [sum] = (await jsonLines('du', '-s', at('files/lists'))) as {
        size: number
        files: number
        folders: number
      }[]
      assert.deepEqual([sum?.size, sum?.files, sum?.folders], [7049, 3, 2])
      assert.match(await done('du', at('files/lists')), /^ +4\.88 KiB .*er\n +4\.88 KiB .*deep\n +6\.88 KiB .*lists\n$/)
      assert.match(await done('df', at('files')), /^share .*\n.*files .*%\n$/)
      const found = await done('find', at('files/lists'), '--name', '*.txt', '--larger', '1K')
      assert.match(found, /^\/\/.*\/b10\.txt\n$/)
      assert.match(await done('find', at('files/lists'), '--type', 'folder', '--name', 'er'), /\/er\/\n$/)
      assert.match(await done('find', at('files/lists'), '--older', '2022-01-01'), /^\/\/.*\/b9\.txt\n$/)
      assert.equal((await done('find', at('files/lists'), '-0')).split('\0').length, 6)
    })

    test('cat, mkdir, mv, rm, with patterns and without', async () => {
      const content = bytesOf(1_500_000, 9)
      writeFileSync(cli.sandbox.path('large'), content)
      await done('mkdir', '-p', at('files/made/deep'))
      await done('put', cli.sandbox.path('large'), at('files/made/'))
      assert.equal(
        await hashOf(join(cli.target.folder(shares.files) ?? '', 'made/large')),
        await hashOf(cli.sandbox.path('large')),
      )
      assert.doesNotMatch(await done('stat', at('files/made/large')), /HIDDEN/)
      writeFileSync(cli.sandbox.path('small'), 'Grüße\n')
      await done('put', cli.sandbox.path('small'), at('files/made/small.txt'))
      assert.equal(await done('cat', at('files/made/small.txt'), at('files/made/*.txt')), 'Grüße\nGrüße\n')
      await done('mv', at('files/made/small.txt'), at('files/made/deep'))
      await done('mv', at('files/made/deep/small.txt'), at('files/made/renamed.txt'))
      assert.equal(await done('ls', at('files/made')), 'deep/\nlarge\nrenamed.txt\n')
      const kept = await smbkit('mv', '--no-replace', at('files/made/renamed.txt'), at('files/made/large'))
      assert.equal(kept.code, 1)
      assert.match(kept.stderr, /^smbkit: .*renamed\.txt: There is already a file or folder of that name\./)
      await done('rm', at('files/made/*.txt'))
      const folder = await smbkit('rm', at('files/made/deep'))
      assert.deepEqual([folder.code, folder.stderr.includes('add --recursive')], [1, true], folder.stderr)
      await done('rm', '-r', at('files/made'))
      assert.equal(existsSync(join(cli.target.folder(shares.files) ?? '', 'made')), false)
      const whole = await smbkit('rm', '-r', at('files'))
      assert.match(whole.stderr, /that is the whole share/)
    })

    test('mput, mget, filters, dry runs, copies on the server and between shares', async () => {
      const many = cli.sandbox.path('many')
      mkdirSync(join(many, 'skip'), { recursive: true })
      for (const file of ['a.txt', 'b.txt', 'c.log', 'skip/d.txt']) writeFileSync(join(many, file), file)
      await done('mput', join(many, '*.txt'), at('files/many'))
      assert.equal(await done('ls', at('files/many')), 'a.txt\nb.txt\n')
      await done('mget', at('files/many/*.TXT'), cli.sandbox.path('got'))
      assert.deepEqual(readdirSync(cli.sandbox.path('got')).toSorted(), ['a.txt', 'b.txt'])
      await done('put', '-r', many, at('files/filtered'), '--include', '*.txt', '--exclude', 'skip')
      assert.equal(await done('ls', '-R', at('files/filtered/')), `${at('files/filtered')}:\na.txt\nb.txt\n`)
      const dry = await done('put', '-r', many, at('files/dry'), '--dry-run')
      assert.match(dry, /^copy .*c\.log {2}5 B$[\s\S]*would copy 4 files, 25 B\n$/m)
      const none = await smbkit('ls', at('files/dry'))
      assert.equal(none.code, 1)
      await done('cp', at('files/many/a.txt'), at('files/many/copy.txt'))
      await done('cp', '-r', at('files/many'), at('other/many'))
      assert.equal(await done('cat', at('files/many/copy.txt'), at('other/many/copy.txt')), 'a.txta.txt')
      const lines = await jsonLines('put', '-r', many, at('files/json'))
      assert.deepEqual(lines.filter(({ event }) => event === 'copied').length, 4)
      const { seconds, ...summary } = lines.at(-1) ?? {}
      assert.equal(typeof seconds, 'number')
      assert.deepEqual(summary, {
        event: 'summary',
        files: 4,
        bytes: 25,
        keptBytes: 0,
        same: 0,
        existing: 0,
        leftOut: 0,
        removed: 0,
        failed: 0,
      })
    })

    test('sync: what is not in the source goes, when it is asked for; in both directions', async () => {
      const from = cli.sandbox.path('sync')
      mkdirSync(join(from, 'sub'), { recursive: true })
      writeFileSync(join(from, 'kept'), '1')
      writeFileSync(join(from, 'sub/gone'), '2')
      await done('sync', from, at('files/sync'))
      const { rmSync } = await import('node:fs')
      rmSync(join(from, 'sub'), { recursive: true })
      assert.match(await done('sync', from, at('files/sync')), /1 the same\n$/)
      assert.match(await done('sync', from, at('files/sync'), '--delete', '--dry-run'), /^remove .*sub$/m)
      assert.match(await done('sync', from, at('files/sync'), '--delete'), /1 the same; 1 removed\n$/)
      assert.equal(await done('ls', at('files/sync')), 'kept\n')
      mkdirSync(cli.sandbox.path('synced'))
      writeFileSync(cli.sandbox.path('synced', 'extra'), '')
      await done('sync', at('files/sync'), cli.sandbox.path('synced'), '--delete')
      assert.deepEqual(digestTree(cli.sandbox.path('synced')), digestTree(from))
    })

    test('acl: who may do what, as words, SDDL and JSON', async () => {
      writeFileSync(cli.sandbox.path('acl'), 'x')
      await done('put', cli.sandbox.path('acl'), at('files/acl'))
      const text = await done('acl', at('files/acl'))
      assert.match(text, /^\/\/.*acl\n {2}owner +\S/)
      assert.match(await done('acl', '--sddl', at('files/acl')), /^O:.*D:/)
      const [facts] = (await json('acl', at('files/acl'))) as { entries: unknown[]; sddl: string }[]
      assert.ok((facts?.entries.length ?? 0) > 0)
    })

    test('what is left of a share that may only be read', async () => {
      assert.equal(await done('cat', at(`fixed/${fixedFile.name}`)), fixedFile.content)
      writeFileSync(cli.sandbox.path('new'), 'x')
      const refused = await smbkit('put', cli.sandbox.path('new'), at('fixed/new'))
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /^smbkit: .*(STATUS_ACCESS_DENIED|STATUS_MEDIA_WRITE_PROTECTED)\)\n$/)
    })

    test('some of it fails: the rest is done, each failure is told, and the exit code says so', async () => {
      const partly = cli.sandbox.path('partly')
      mkdirSync(partly)
      writeFileSync(join(partly, 'good'), 'good')
      writeFileSync(join(partly, 'Twice'), 'x')
      writeFileSync(join(partly, 'twice'), 'y')
      const result = await smbkit('put', '-r', partly, at('files/partly'))
      assert.equal(result.code, 2)
      assert.match(
        result.stderr,
        /^smbkit: .*[Tt]wice: The folder has another entry of that name, but for the case of letters\.\n$/,
      )
      assert.match(result.stdout, /^2 files.*; 1 failed\n$/)
      const words = await smbkit('cat', at('files/partly/good'), at('files/partly/none'))
      assert.deepEqual([words.code, words.stdout], [2, 'good'])
      const folders = await smbkit('mkdir', at('files/partly'), at('files/partly/more'))
      assert.match(folders.stderr, /^smbkit: \/\/\S+\/partly: There is already a file or folder of that name\..*\n$/)
      await done('mkdir', at('files/partly/closed'))
      await done('acl', at('files/partly/closed'), '--deny', 'Everyone:read')
      // That smbd of this test has none but what Unix knows.
      chmodSync(join(cli.target.folder('files') ?? '', 'partly/closed'), 0)
      const lists = await smbkit('ls', at('files/nowhere'), at('files/partly/closed'), at('files/partly/more'))
      assert.match(
        lists.stderr,
        /\/nowhere: There is no file.*\n.*\/closed: That is not allowed.*STATUS_ACCESS_DENIED\)\n$/,
      )
      assert.deepEqual([folders.code, lists.code, lists.stdout], [2, 2, `${at('files/partly/more')}:\n`])
    })

    test('names that a share cannot have travel in both directions', async () => {
      const odd = cli.sandbox.path('odd')
      mkdirSync(odd)
      for (const file of ['what?', 'a:b', 'end.', 'x*y']) writeFileSync(join(odd, file), file)
      await done('put', '-r', odd, at('files/odd'))
      await done('get', '-r', at('files/odd'), cli.sandbox.path('odd back'))
      assert.deepEqual(digestTree(cli.sandbox.path('odd back')), digestTree(odd))
    })

    test('a shell: one connection for many commands', async () => {
      writeFileSync(cli.sandbox.path('shelled'), 'from the shell\n')
      const { code, stdout, stderr } = await cli.sandbox.smbkit(
        ['shell', at('files'), '--user', cli.target.user],
        'mkdir "shell folder"\ncd "shell folder"\nput shelled\npwd\ncat shelled\n# nothing\nls; cd ..\nrm -r \'shell folder\'\nls nowhere\nexit\nls\n',
        { SMBKIT_PASSWORD: cli.target.password },
      )
      assert.match(stderr, /^smbkit: \/\/.*nowhere: There is no file or folder of that name\..*\n$/)
      assert.match(stdout, /^1 file, 15 B .*\n\/\/.*\/files\/shell folder\nfrom the shell\nshelled\n$/)
      assert.equal(code, 2)
      assert.equal(await done('shell', at('files'), '-c', 'pwd', '-c', 'cd /; pwd'), `${at('files')}\n${at('files')}\n`)
    })

    test('a shell at a terminal: completion, and a history for the next one', needsTerminal(), async () => {
      await done('mkdir', at('files/typed folder'))
      const env = { SMBKIT_PASSWORD: cli.target.password }
      const args = ['shell', at('files'), '--user', cli.target.user]
      // The Tab by itself: what comes together with other keys was pasted, and is not completed.
      const typed = ['cd typ', '\t', '\r', 'pwd\r', 'exit\r']
      const prompts = /files> |cd typ|'typed folder\/|typed folder> /g
      const { code, output } = await typeAt(cli.sandbox, args, typed, prompts, env)
      assert.equal(code, 0, output)
      assert.match(output, /files\/typed folder\r?\n/)
      const history = readFileSync(cli.sandbox.path('state', 'smbkit', 'history'), 'utf8')
      assert.match(history, /^pwd$/m)
      assert.match(history, /typed folder/)
    })

    test('watch: what changes, until Ctrl-C', async () => {
      await done('mkdir', at('files/watched'))
      const env = { SMBKIT_PASSWORD: cli.target.password }
      const program = cli.sandbox.start(
        'main',
        ['watch', at('files/watched'), '--user', cli.target.user, '--explain'],
        env,
      )
      // The server has the request when it says that it will answer later.
      await program.says(/CHANGE_NOTIFY .*(?:PENDING|room|here)/)
      await done('mkdir', at('files/watched/new'))
      await program.says(/^\d\d:\d\d:\d\d {2}added +\/\/.*\/watched\/new$/m)
      assert.equal((await program.end('SIGINT')).code, 130)
    })

    test('a file changed under a copy: what is read is what was there', async () => {
      const content = bytesOf(3_000_000, 4)
      writeFileSync(cli.sandbox.path('big'), content)
      await done('put', cli.sandbox.path('big'), at('files/big'))
      await done('get', at('files/big'), cli.sandbox.path('big back'))
      assert.deepEqual(readFileSync(cli.sandbox.path('big back')), content)
    })
  })
