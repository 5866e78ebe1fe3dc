/** What the client promises, held against a server: the same for smbd and for ours. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { connect, type Share, StatusError } from '../../src/client/index.ts'
import { FileAttributes } from '../../src/wire/fscc/index.ts'
import { details } from './client-suite-details.ts'
import { connected, failsWith, inFolder, type SuiteOptions, share, timeoutMs } from './client-suite-fixture.ts'

function wholeFiles(suite: SuiteOptions): void {
  const check = (name: string, work: (files: Share, path: (name: string) => string) => Promise<void>) =>
    void test(name, { timeout: timeoutMs }, () =>
      connected(suite, (_, files) => inFolder(files, (path) => work(files, path))),
    )

  check('small files and large ones come back as they were written', async (files, path) => {
    for (const size of [0, 1, 8192, 65_536, 262_144, 262_145, 1_048_577, 5_000_003]) {
      const content = randomBytes(size)
      await files.writeFile(path(`size-${size}`), content)
      assert.deepEqual(await files.readFile(path(`size-${size}`)), content, `${size} bytes`)
      assert.equal((await files.stat(path(`size-${size}`))).size, size)
    }
  })

  check('written with the times that it is to have', async (files, path) => {
    const mtime = new Date('2021-03-04T05:06:07Z')
    for (const size of [0, 8192, 1_048_577]) {
      await files.writeFile(path('aged'), randomBytes(size), { times: { mtime } })
      const { mtime: kept, size: written } = await files.stat(path('aged'))
      assert.deepEqual([kept, written], [mtime, size])
    }
  })

  check('a file that has another size than one thought', async (files, path) => {
    const content = randomBytes(9000)
    await files.writeFile(path('file'), content)
    for (const sizeHint of [0, 1, 9000, 100_000])
      assert.deepEqual(await files.readFile(path('file'), { sizeHint }), content, `${sizeHint}`)
  })

  check('writing replaces, appending adds, and what must be new is refused', async (files, path) => {
    const name = path('a.txt')
    await files.writeFile(name, 'first content')
    await files.writeFile(name, 'second')
    assert.equal(await files.readFile(name, 'utf8'), 'second')
    await files.appendFile(name, ' and more')
    assert.equal(await files.readFile(name, 'utf8'), 'second and more')
    await assert.rejects(files.writeFile(name, 'third', { flag: 'wx' }), failsWith('EEXIST'))
    await files.writeFile(
      name,
      (async function* () {
        yield 'in '
        yield Buffer.from('pieces')
      })(),
    )
    assert.equal(await files.readFile(name, 'utf8'), 'in pieces')
  })

  check('streams, also from the middle', async (files, path) => {
    const content = randomBytes(9_000_000)
    await pipeline(
      async function* () {
        for (let at = 0; at < content.length; at += 70_001) yield content.subarray(at, at + 70_001)
      },
      files.createWriteStream(path('stream')),
    )
    assert.deepEqual(await files.readFile(path('stream')), content)
    const parts: Buffer[] = []
    for await (const part of files.createReadStream(path('stream'), { start: 1_000_001, end: 7_500_000 }))
      parts.push(part as Buffer)
    assert.deepEqual(Buffer.concat(parts), content.subarray(1_000_001, 7_500_001))
  })

  check('a handle reads and writes anywhere', async (files, path) => {
    const handle = await files.open(path('handle'), 'w+')
    try {
      await handle.write(Buffer.from('0123456789'))
      await handle.write('ab', 4)
      const buffer = Buffer.alloc(4)
      assert.equal((await handle.read(buffer, 0, 4, 3)).bytesRead, 4)
      assert.equal(buffer.toString(), '3ab6')
      assert.equal((await handle.read(buffer, 0, 4, 8)).bytesRead, 2)
      assert.equal((await handle.read(buffer, 0, 4, 100)).bytesRead, 0)
      await handle.truncate(5)
      assert.equal((await handle.stat()).size, 5)
      await handle.writev([Buffer.from('x'), Buffer.from('y')], 5)
      await handle.sync()
      const out = [Buffer.alloc(3), Buffer.alloc(10)]
      assert.equal((await handle.readv(out, 0)).bytesRead, 7)
      assert.equal(Buffer.concat(out).subarray(0, 7).toString(), '0123axy')
    } finally {
      await handle.close()
    }
    assert.equal(await text(files.createReadStream(path('handle'))), '0123axy')
  })

  check('locks keep others out', (files, path) =>
    // Of another client: one that caches the file by itself is not asked by every server.
    connected(suite, async (_, others) => {
      await files.writeFile(path('locked'), 'content')
      await using one = await files.open(path('locked'), 'r+')
      await using two = await others.open(path('locked'), 'r+')
      await one.lock(0, 3)
      await assert.rejects(two.lock(0, 3), failsWith('EAGAIN'))
      await assert.rejects(two.write(Buffer.from('x'), 0, 1, 1), failsWith('EAGAIN'))
      const waiting = two.lock(0, 3, { wait: true })
      await one.unlock(0, 3)
      await waiting
      await two.unlock(0, 3)
      const stop = new AbortController()
      await one.lock(0, 1)
      const never = two.lock(0, 1, { wait: true, signal: stop.signal })
      stop.abort(new Error('enough'))
      await assert.rejects(never, /enough/)
    }),
  )

  check('copies stay on the server, and are whole', async (files, path) => {
    for (const size of [0, 10, 3_000_000, 20_000_000]) {
      const content = randomBytes(size)
      await files.writeFile(path('source'), content)
      await files.copyFile(path('source'), path(`copy-${size}`))
      assert.deepEqual(await files.readFile(path(`copy-${size}`)), content, `${size} bytes`)
    }
    await assert.rejects(files.copyFile(path('source'), path('copy-0'), { exclusive: true }), failsWith('EEXIST'))
    await assert.rejects(files.copyFile(path('source'), path('source')), { code: 'EINVAL' })
    assert.equal((await files.stat(path('source'))).size, 20_000_000)
  })
}

function names(suite: SuiteOptions): void {
  const check = (name: string, work: (files: Share, path: (name: string) => string) => Promise<void>) =>
    void test(name, { timeout: timeoutMs }, () =>
      connected(suite, (_, files) => inFolder(files, (path) => work(files, path))),
    )

  check('folders are made, listed and removed', async (files, path) => {
    await files.mkdir(path('one'))
    await assert.rejects(files.mkdir(path('one')), failsWith('EEXIST'))
    await assert.rejects(files.mkdir(path('x/y')), failsWith('ENOENT'))
    assert.equal(await files.mkdir(path('x/y/z'), { recursive: true }), path('x'))
    assert.equal(await files.mkdir(path('x/y/z'), { recursive: true }), undefined)
    await files.writeFile(path('x/y/file.txt'), 'content')
    assert.deepEqual((await files.readdir(path('x/y'))).toSorted(), ['file.txt', 'z'])
    const entries = await files.readdir(path('x'), { withFileTypes: true, recursive: true })
    assert.deepEqual(
      entries.map((entry) => `${entry.parentPath} ${entry.name} ${entry.isDirectory()} ${entry.stats.size}`).toSorted(),
      [`${path('x')} y true 0`, `${path('x/y')} file.txt false 7`, `${path('x/y')} z true 0`],
    )
    assert.deepEqual((await files.readdir(path('x'), { recursive: true })).toSorted(), ['y', 'y/file.txt', 'y/z'])
    await assert.rejects(files.rmdir(path('x')), failsWith('ENOTEMPTY'))
    await assert.rejects(files.unlink(path('x')), failsWith('EISDIR'))
    await assert.rejects(files.rmdir(path('x/y/file.txt')), failsWith('ENOTDIR'))
    await files.rm(path('x'), { recursive: true })
    assert.equal(await files.exists(path('x')), false)
    await assert.rejects(files.rm(path('x')), failsWith('ENOENT'))
    await files.rm(path('x'), { force: true })
  })

  check('many names, gathered and one after the other', async (files, path) => {
    const expected = Array.from({ length: 500 }, (_, i) => `a name that takes some room ${String(i).padStart(4, '0')}`)
    await Promise.all(expected.map((name) => files.writeFile(path(name), '')))
    assert.deepEqual((await files.readdir(path(''))).toSorted(), expected)
    const seen: string[] = []
    for await (const entry of await files.opendir(path(''))) seen.push(entry.name)
    assert.deepEqual(seen.toSorted(), expected)
    for await (const entry of await files.opendir(path(''))) {
      assert.ok(entry.isFile())
      break
    }
    assert.deepEqual(await files.readdir(path(''), { pattern: '*0123' }), [expected[123]])
  })

  check('renaming replaces only where it may', async (files, path) => {
    await files.writeFile(path('a'), 'a')
    await files.writeFile(path('b'), 'b')
    await assert.rejects(files.rename(path('a'), path('b'), { replace: false }), failsWith('EEXIST'))
    await files.rename(path('a'), path('b'))
    assert.equal(await files.readFile(path('b'), 'utf8'), 'a')
    assert.deepEqual(await files.readdir(path('')), ['b'])
    await files.mkdir(path('folder'))
    await files.rename(path('b'), path('folder/c'))
    assert.equal(await files.readFile(path('folder/c'), 'utf8'), 'a')
    await assert.rejects(files.rename(path('nothing'), path('d')), failsWith('ENOENT'))
    await assert.rejects(files.rename(path('folder'), path('folder/in/itself')), { code: 'EINVAL' })
  })

  check('times and attributes', async (files, path) => {
    await files.writeFile(path('dated'), 'content')
    const mtime = new Date('2001-02-03T04:05:06.000Z')
    const birthtime = new Date('1999-12-31T23:59:59.000Z')
    await files.utimes(path('dated'), mtime, mtime)
    await files.setTimes(path('dated'), { birthtime })
    const stats = await files.stat(path('dated'))
    assert.equal(stats.mtimeMs, mtime.getTime())
    assert.equal(stats.birthtimeMs, birthtime.getTime())
    await files.setAttributes(path('dated'), { set: FileAttributes.READONLY | FileAttributes.HIDDEN })
    assert.ok((await files.stat(path('dated'))).isReadOnly)
    await assert.rejects(files.unlink(path('dated')), (error: unknown) => error instanceof StatusError)
    await files.rm(path('dated'), { force: true })
    assert.equal(await files.exists(path('dated')), false)
  })

  check('what is not there, and what is of another kind', async (files, path) => {
    await files.writeFile(path('file'), 'x')
    await assert.rejects(files.readFile(path('nothing')), failsWith('ENOENT'))
    await assert.rejects(files.readFile(path('no/such/file')), failsWith('ENOENT'))
    await assert.rejects(files.readFile(path('')), failsWith('EISDIR'))
    await assert.rejects(files.readdir(path('file')), failsWith('ENOTDIR'))
    await assert.rejects(files.open(path('nothing'), 'r+'), failsWith('ENOENT'))
    await assert.rejects(files.stat('../outside'), { code: 'EINVAL' })
    await assert.rejects(files.stat('a\0b'), { code: 'EINVAL' })
    await assert.rejects(files.access(path('nothing')), failsWith('ENOENT'))
    await files.access(path('file'), 6)
    assert.equal(await files.exists(path('file')), true)
  })

  check('temporary folders, space, hard links', async (files, path) => {
    const made = await files.mkdtemp(path('tmp-'))
    assert.match(made, /tmp-\w{6}$/)
    const space = await files.statfs()
    assert.ok(space.totalBytes > 0n && space.availableBytes <= space.totalBytes)
    await files.writeFile(path('one'), 'content')
    await files.link(path('one'), path('two'))
    assert.equal(await files.readFile(path('two'), 'utf8'), 'content')
    assert.equal((await files.stat(path('two'))).nlink, 2)
    await files.truncate(path('one'), 3)
    assert.equal(await files.readFile(path('two'), 'utf8'), 'con')
  })

  check('streams and extended attributes', async (files, path) => {
    await files.writeFile(path('file'), 'content')
    await files.writeFile(path('file:other'), 'of another kind')
    assert.equal(await files.readFile(path('file:other'), 'utf8'), 'of another kind')
    const streams = await files.streams(path('file'))
    assert.deepEqual(streams.map(({ name, size }) => `${name} ${size}`).toSorted(), [' 7', 'other 15'])
    assert.deepEqual([...(await files.extendedAttributes(path('file'))).keys()], [])
    await files.setExtendedAttributes(path('file'), [['COLOUR', Buffer.from('blue')]])
    const [attribute] = await files.extendedAttributes(path('file'))
    assert.equal(attribute?.[0].toUpperCase(), 'COLOUR')
    assert.equal(attribute?.[1].toString(), 'blue')
  })

  check('security descriptors', async (files, path) => {
    await files.writeFile(path('file'), 'content')
    const descriptor = await files.securityDescriptor(path('file'))
    assert.match(descriptor.owner ?? '', /^S-1-/)
    assert.ok((descriptor.dacl?.aces.length ?? 0) > 0)
    const { dacl } = descriptor
    await files.setSecurityDescriptor(path('file'), {
      control: descriptor.control,
      ...(dacl !== undefined && { dacl }),
    })
    assert.equal((await files.securityDescriptor(path('file'))).owner, descriptor.owner)
  })

  check('a watch tells what happens', async (files, path) => {
    await files.mkdir(path('watched'))
    const stop = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const { action, filename, oldFilename } of files.watch(path('watched'), { signal: stop.signal }))
        seen.push(`${action} ${oldFilename === undefined ? '' : `${oldFilename} -> `}${filename}`)
    })()
    watching.catch(() => {})
    const end = Date.now() + 10_000
    // A server may begin to watch a moment after it was asked to.
    for (let i = 0; seen.length === 0 && Date.now() < end; i++) await files.writeFile(path(`watched/probe-${i}`), '')
    await files.writeFile(path('watched/a'), 'x')
    await files.rename(path('watched/a'), path('watched/b'))
    await files.unlink(path('watched/b'))
    while (!seen.includes('removed b') && Date.now() < end) await files.stat(path('watched'))
    stop.abort()
    await assert.rejects(watching)
    assert.ok(seen.includes('added a'), seen.join(', '))
    assert.ok(seen.includes('renamed a -> b'), seen.join(', '))
    assert.ok(seen.includes('removed b'), seen.join(', '))
  })
}

/** What is done to files. */
export function fileSuite(suite: SuiteOptions): void {
  wholeFiles(suite)
  names(suite)
  details(suite)
}

/** All of it. */
export function clientSuite(suite: SuiteOptions): void {
  fileSuite(suite)

  test('shares are listed, and the server says who it is', { timeout: timeoutMs }, () =>
    connected(suite, async (client) => {
      const shares = await client.shares()
      assert.deepEqual(
        shares.filter(({ special }) => !special).map(({ name, type }) => [name, type]),
        [[share, 'disk']],
      )
      assert.equal((await client.shareInfo(share)).name, share)
      await assert.rejects(client.shareInfo('nobody'), failsWith('ENOENT'))
      assert.notEqual((await client.serverInfo()).name, '')
      assert.ok((await client.echo()) >= 0)
      await assert.rejects(client.share('nobody'), failsWith('ENOENT'))
    }),
  )

  test('a wrong password is told in one sentence, without the password', { timeout: timeoutMs }, async () => {
    const { host, port, user } = suite.subject()
    await assert.rejects(
      connect({ host, port, path: '' }, { user, password: 'not-this-one', ...suite.options }),
      (error: unknown) => {
        assert.ok(error instanceof StatusError)
        assert.equal(error.code, 'EACCES')
        assert.equal(error.statusName, 'STATUS_LOGON_FAILURE')
        assert.doesNotMatch(`${error.message} ${error.stack}`, /not-this-one/)
        return true
      },
    )
  })
}
