/** What `node:fs/promises` has that fewer people use, and what every call has: the same for every server. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { type Share, UsageError } from '../../src/client/index.ts'
import { FileAttributes } from '../../src/wire/fscc/index.ts'
import { FsctlCode } from '../../src/wire/smb2/index.ts'
import {
  connected,
  connectTo,
  failsWith,
  inFolder,
  type SuiteOptions,
  shareOf,
  timeoutMs,
} from './client-suite-fixture.ts'

type Work = (files: Share, path: (name: string) => string) => Promise<void>
type Check = (name: string, work: Work) => void

/** A time that neither milliseconds nor microseconds can say. */
const exactNs = 1_614_834_367_890_123_400n

function handles(check: Check): void {
  check('a handle reads and writes as a whole, from where it is', async (files, path) => {
    await using handle = await files.open(path('whole'), 'w+')
    await handle.writeFile('first ')
    await handle.writeFile(['and ', Buffer.from('second')])
    await handle.appendFile(' and third')
    assert.equal(await handle.readFile({ encoding: 'utf8' }), '')
    await handle.datasync()
    const { bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0)
    assert.equal(bytesRead, 6)
    await handle.close()
    await using again = await files.open(path('whole'), 'a+')
    await again.write('!', 0)
    assert.equal(String(await again.readFile()), 'first and second and third!')
    assert.equal(again.size, 27)
  })

  check('a handle sets times and attributes, and says what the file is', async (files, path) => {
    await files.writeFile(path('file'), 'content')
    await using handle = await files.open(path('file'), 'r+')
    await handle.utimes(exactNs, exactNs)
    await handle.setAttributes({ set: FileAttributes.HIDDEN })
    const stats = await handle.stat()
    assert.equal(stats.mtimeNs, exactNs)
    assert.ok(stats.isHidden && stats.isFile() && !stats.isDirectory())
    await handle.setAttributes({ clear: FileAttributes.HIDDEN })
    assert.equal((await handle.stat()).isHidden, false)
  })

  check('control codes, by a handle and by a path', async (files, path) => {
    await files.writeFile(path('file'), 'content')
    await using handle = await files.open(path('file'), 'r+')
    assert.equal((await handle.fsctl(FsctlCode.SRV_REQUEST_RESUME_KEY, undefined, { maxOutputBytes: 32 })).length, 32)
    assert.ok((await files.fsctl(path('file'), FsctlCode.CREATE_OR_GET_OBJECT_ID)).length >= 16)
    await assert.rejects(files.fsctl(path('file'), 0x0009_fffc), { name: 'StatusError' })
  })

  check('streams: as text, for the web, onto a disk, behind what is there', async (files, path) => {
    const content = randomBytes(300_000).toString('base64')
    await files.writeFile(path('file'), content)
    assert.equal(await text(files.createReadStream(path('file'), { encoding: 'latin1', end: 9 })), content.slice(0, 10))
    const handle = await files.open(path('file'))
    const parts: Uint8Array[] = []
    for await (const part of handle.readableWebStream()) parts.push(part)
    assert.equal(Buffer.concat(parts).toString(), content)
    await handle.close()
    const written = (options: object, data: string): Promise<void> =>
      new Promise((resolve, reject) => {
        files.createWriteStream(path('file'), options).on('error', reject).on('finish', resolve).end(data)
      })
    await written({ flags: 'r+', start: 3, flush: true }, 'xyz')
    await written({ flags: 'a' }, 'end')
    assert.equal(await files.readFile(path('file'), 'utf8'), `${content.slice(0, 3)}xyz${content.slice(6)}end`)
    await using kept = await files.open(path('file'))
    assert.equal(await text(kept.createReadStream({ start: 3, end: 5, autoClose: false })), 'xyz')
    assert.ok((await kept.stat()).size > 0)
    await assert.rejects(text(files.createReadStream(path('nothing'))), failsWith('ENOENT'))
  })

  check('written through to the disk, shut to others, and only if it is not there', async (files, path) => {
    await files.writeFile(path('flushed'), 'content', { flush: true })
    await using through = await files.open(path('through'), 'wx', { writeThrough: true, share: '' })
    await through.write('content')
    await assert.rejects(files.readFile(path('through')), failsWith('EBUSY'))
    await assert.rejects(files.open(path('flushed'), 'wx'), failsWith('EEXIST'))
    await assert.rejects(files.writeFile(path('flushed'), '', { flag: 'ax' }), failsWith('EEXIST'))
  })
}

function paths(check: Check): void {
  check('times, to the 100 nanoseconds', async (files, path) => {
    await files.writeFile(path('file'), 'content')
    await files.setTimes(path('file'), { mtime: exactNs, atime: exactNs + 100n, birthtime: exactNs + 200n })
    const stats = await files.stat(path('file'))
    assert.deepEqual([stats.mtimeNs, stats.birthtimeNs], [exactNs, exactNs + 200n])
    assert.equal(stats.mtimeMs, 1_614_834_367_890 + 0.1234)
    const [entry] = await files.readdir(path(''), { withFileTypes: true })
    assert.equal(entry?.stats.mtimeNs, exactNs)
    // As Node takes them: seconds.
    await files.utimes(path('file'), 1_614_834_367.25, 1_614_834_367.75)
    assert.equal((await files.stat(path('file'))).mtimeMs, 1_614_834_367_750)
    await files.cp(path('file'), path('copy'))
    assert.equal((await files.stat(path('copy'))).mtimeMs, 1_614_834_367_750)
    await assert.rejects(files.utimes(path('file'), Number.NaN, 0), { code: 'EINVAL' })
  })

  check('what a path is: as it is spelled, and of which kind', async (files, path) => {
    await files.mkdir(path('Folder'))
    await files.writeFile(path('Folder/File.txt'), 'content')
    assert.equal(await files.realpath(path('folder/FILE.TXT')), path('Folder/File.txt'))
    const stats = await files.lstat(path('folder'))
    assert.ok(stats.isDirectory() && !stats.isFile() && !stats.isSymbolicLink() && !stats.isSocket())
    assert.equal(stats.mode & 0o170000, 0o040000)
    assert.equal(await files.exists(path('Folder/File.txt/below')), false)
    const { bsize, blocks, bavail, type, maxNameLength } = await files.statfs(path('Folder'))
    assert.ok(bsize >= 512 && blocks >= bavail && type !== '' && maxNameLength >= 255)
  })

  check('folders read step by step, with what is below, by a pattern', async (files, path) => {
    for (const name of ['a.txt', 'b.log', 'deep/c.txt', 'deep/er/d.txt']) {
      await files.mkdir(path(name.replace(/[^/]*$/, '')), { recursive: true })
      await files.writeFile(path(name), name)
    }
    const names = async (options: object): Promise<string[]> => {
      const seen: string[] = []
      await using folder = await files.opendir(path(''), options)
      for (let entry = await folder.read(); entry !== null; entry = await folder.read()) seen.push(entry.name)
      return seen.toSorted()
    }
    assert.deepEqual(await names({}), ['a.txt', 'b.log', 'deep'])
    assert.deepEqual(await names({ recursive: true, pattern: '*.txt' }), ['a.txt', 'c.txt', 'd.txt'])
    assert.deepEqual(await files.readdir(path(''), { recursive: true, pattern: 'd*' }), ['deep', 'deep/er/d.txt'])
  })

  check('a watch on all that is below', async (files, path) => {
    await files.mkdir(path('watched/deep'), { recursive: true })
    const end = AbortSignal.timeout(20_000)
    const stop = new AbortController()
    const changes = files.watch(path('watched'), { recursive: true, signal: AbortSignal.any([stop.signal, end]) })
    const seen = (async () => {
      for await (const { filename } of changes) if (filename?.startsWith('deep/') === true) return filename
      return undefined
    })()
    // A server may begin to watch a moment after it was asked to.
    const state = { isOver: false }
    const over = (): void => {
      state.isOver = true
    }
    void seen.then(over, over)
    for (let i = 0; !state.isOver && !end.aborted; i++) await files.writeFile(path(`watched/deep/file-${i}`), '')
    assert.match((await seen) ?? '', /^deep\/file-\d+$/)
    stop.abort()
  })
}

/** Every call that takes a signal. */
const calls: Readonly<
  Record<string, (files: Share, path: string, options: { signal: AbortSignal }) => Promise<unknown>>
> = {
  readFile: (files, path, options) => files.readFile(path, options),
  writeFile: (files, path, options) => files.writeFile(path, 'x', options),
  appendFile: (files, path, options) => files.appendFile(path, 'x', options),
  open: (files, path, options) => files.open(path, 'r', options),
  createReadStream: (files, path, options) => text(files.createReadStream(path, options)),
  readdir: (files, _, options) => files.readdir('', options),
  opendir: (files, _, options) => files.opendir('', options),
  stat: (files, path, options) => files.stat(path, options),
  lstat: (files, path, options) => files.lstat(path, options),
  statfs: (files, _, options) => files.statfs('', options),
  access: (files, path, options) => files.access(path, 0, options),
  exists: (files, path, options) => files.exists(path, options),
  realpath: (files, path, options) => files.realpath(path, options),
  mkdir: (files, path, options) => files.mkdir(`${path}-folder`, options),
  mkdtemp: (files, path, options) => files.mkdtemp(path, options),
  rmdir: (files, path, options) => files.rmdir(path, options),
  unlink: (files, path, options) => files.unlink(path, options),
  rm: (files, path, options) => files.rm(path, options),
  rename: (files, path, options) => files.rename(path, `${path}-other`, options),
  copyFile: (files, path, options) => files.copyFile(path, `${path}-copy`, options),
  cp: (files, path, options) => files.cp(path, `${path}-copy`, options),
  link: (files, path, options) => files.link(path, `${path}-link`, options),
  symlink: (files, path, options) => files.symlink('x', `${path}-link`, options),
  readlink: (files, path, options) => files.readlink(path, options),
  truncate: (files, path, options) => files.truncate(path, 0, options),
  utimes: (files, path, options) => files.utimes(path, 0, 0, options),
  setTimes: (files, path, options) => files.setTimes(path, { mtime: 0 }, options),
  setAttributes: (files, path, options) => files.setAttributes(path, 0, options),
  watch: async (files, _, options) => {
    for await (const _change of files.watch('', options));
  },
  streams: (files, path, options) => files.streams(path, options),
  extendedAttributes: (files, path, options) => files.extendedAttributes(path, options),
  setExtendedAttributes: (files, path, options) => files.setExtendedAttributes(path, [['A', Buffer.of(1)]], options),
  securityDescriptor: (files, path, options) => files.securityDescriptor(path, options),
  setSecurityDescriptor: (files, path, options) =>
    files.setSecurityDescriptor(path, { control: 0x8000, owner: 'S-1-1-0' }, options),
  snapshots: (files, path, options) => files.snapshots(path, options),
  quotas: (files, _, options) => files.quotas(options),
  setQuotas: (files, _, options) => files.setQuotas([{ sid: 'S-1-1-0', limit: 1n }], options),
  fsctl: (files, path, options) => files.fsctl(path, FsctlCode.CREATE_OR_GET_OBJECT_ID, undefined, options),
  'client.share': ({ client }, _, options) => client.share('nobody', options),
  'client.shares': ({ client }, _, options) => client.shares(options),
  'client.interfaces': ({ client }, _, options) => client.interfaces(options),
  'client.echo': ({ client }, _, options) => client.echo(options),
  'client.lookupSids': ({ client }, _, options) => client.lookupSids(['S-1-1-0'], options),
}

export function details(suite: SuiteOptions): void {
  const check: Check = (name, work) =>
    void test(name, { timeout: timeoutMs }, () =>
      connected(suite, (_, files) => inFolder(files, (path) => work(files, path))),
    )
  handles(check)
  paths(check)

  check('every call can be given up', async (files, path) => {
    await files.writeFile(path('file'), 'content')
    const signal = AbortSignal.abort(new Error('given up'))
    for (const [name, call] of Object.entries(calls))
      await assert.rejects(call(files, path('file'), { signal }), (error: Error) => {
        // Streams fail as Node's do: with an AbortError of which that is the cause.
        assert.match(String(error.name === 'AbortError' ? error.cause : error), /given up/, name)
        return true
      })
    assert.deepEqual(await files.readdir(path('')), ['file'])
    assert.equal(await files.readFile(path('file'), 'utf8'), 'content')
  })

  test('what is used by `await using` is closed by it', { timeout: timeoutMs }, async () => {
    let left: Share | undefined
    {
      await using client = await connectTo(suite)
      await using files = await client.share(shareOf(suite))
      await using folder = await files.opendir('')
      assert.equal(folder.path, '')
      left = files
    }
    await assert.rejects(left.stat(''), (error: unknown) => error instanceof UsageError && /closed/.test(error.message))
    await left.close()
    await left.client.close()
  })
}
