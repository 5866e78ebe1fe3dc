import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eachName } from '../../src/native/directory.ts'
import * as files from '../../src/native/files.ts'
import { GssError } from '../../src/native/gssapi-library.ts'
import { PendingLogons } from '../../src/native/gssapi-pending.ts'
import { type Libc, linuxLibc, Place, putAscii, VALUE_BYTES } from '../../src/native/libc.ts'
import * as xattr from '../../src/native/xattr.ts'

const found = linuxLibc()
const skip = found === undefined && 'needs Linux on x64 or arm64, and koffi'

interface Folder {
  readonly libc: Libc
  readonly root: string
  readonly directory: number
}

function folder(context: TestContext): Folder {
  assert.ok(found !== undefined)
  const root = mkdtempSync(join(tmpdir(), 'smbkit-native-'))
  const directory = openSync(root, constants.O_RDONLY)
  context.after(() => {
    closeSync(directory)
    rmSync(root, { recursive: true, force: true })
  })
  return { libc: found, root, directory }
}

test('statx tells what stat tells', { skip }, (context) => {
  const { libc, root, directory } = folder(context)
  writeFileSync(join(root, 'file'), 'x'.repeat(5000), { mode: 0o640 })
  const expected = statSync(join(root, 'file'), { bigint: true })
  putAscii(libc, Place.pathA, 'file')
  assert.equal(files.statxAt(libc, directory), 0)
  assert.equal(files.Statx.inode(libc), expected.ino)
  assert.equal(files.Statx.mode(libc), Number(expected.mode))
  assert.equal(files.Statx.size(libc), 5000)
  assert.equal(files.Statx.blocks(libc), Number(expected.blocks))
  assert.equal(files.Statx.links(libc), 1)
  assert.equal(files.Statx.uid(libc), Number(expected.uid))
  assert.equal(files.Statx.gid(libc), Number(expected.gid))
  const time = (at: number): bigint =>
    BigInt(files.statxSeconds(libc, at)) * 1_000_000_000n + BigInt(files.statxNanoseconds(libc, at))
  assert.equal(time(files.Statx.writeTime), expected.mtimeNs)
  assert.equal(time(files.Statx.changeTime), expected.ctimeNs)
  assert.equal(time(files.Statx.accessTime), expected.atimeNs)
  if (files.Statx.hasBirth(libc)) assert.equal(time(files.Statx.birthTime), expected.birthtimeNs)
  putAscii(libc, Place.pathA, 'missing')
  assert.equal(files.statxAt(libc, directory), -2)
  assert.equal(files.statxOf(libc, directory), 0)
  assert.equal(files.Statx.inode(libc), fstatSync(directory, { bigint: true }).ino)
})

test('openat2 stays below its directory', { skip }, (context) => {
  const { libc, root, directory } = folder(context)
  mkdirSync(join(root, 'd'))
  writeFileSync(join(root, 'd/file'), 'x')
  symlinkSync('d', join(root, 'in'))
  symlinkSync('..', join(root, 'out'))
  symlinkSync('/', join(root, 'top'))
  const open = (path: string, resolve: number = files.RESOLVE_BENEATH): number => {
    putAscii(libc, Place.pathA, path)
    const descriptor = files.openat2(libc, directory, constants.O_RDONLY, 0, resolve)
    if (descriptor >= 0) files.close(libc, descriptor)
    return Math.min(descriptor, 0)
  }
  assert.equal(open('d/file'), 0)
  assert.equal(open('in/file'), 0)
  assert.equal(open('d/../d/file'), 0)
  for (const path of ['..', 'd/../..', 'out', 'top', 'top/etc/passwd', '/etc/passwd'])
    assert.equal(open(path), -18, path)
  assert.equal(open('in/file', files.RESOLVE_NO_SYMLINKS), -40)
  assert.equal(open('d/file/x'), -20)
  assert.equal(open('no'), -2)
})

test('names are listed as bytes, all of them', { skip }, (context) => {
  const { libc, root, directory } = folder(context)
  const expected = Array.from({ length: 3000 }, (_, i) => `${'long name '.repeat(8)}${i}`)
  for (const name of expected) writeFileSync(join(root, name), '')
  mkdirSync(join(root, 'folder'))
  for (let again = 0; again < 2; again++) {
    const names: string[] = []
    const folders: string[] = []
    const result = eachName(libc, directory, (from, to, type) => {
      const name = libc.buffer.toString('utf8', from, to)
      names.push(name)
      if (type === 4) folders.push(name)
    })
    assert.equal(result, 0)
    assert.deepEqual(names.toSorted(), readdirSync(root).toSorted())
    assert.ok(folders.length === 0 || folders[0] === 'folder')
  }
})

test('extended attributes are set, read, listed and removed', { skip }, (context) => {
  const { libc, root, directory } = folder(context)
  const descriptor = openSync(join(root, 'file'), 'wx+')
  context.after(() => closeSync(descriptor))
  if (xattr.fgetxattr(libc, descriptor, 'user.x') === -95) {
    context.skip('the disk has no extended attributes')
    return
  }
  assert.equal(xattr.fgetxattr(libc, descriptor, 'user.x'), -61)
  assert.deepEqual(xattr.flistxattr(libc, descriptor), [])
  for (const length of [0, 1, 511, 512, 513, 2000]) {
    const value = new Uint8Array(length).fill(7)
    assert.equal(xattr.fsetxattr(libc, descriptor, 'user.ä', value, 0), 0)
    const read = xattr.fgetxattr(libc, descriptor, 'user.ä')
    assert.ok(typeof read !== 'number')
    assert.deepEqual(Uint8Array.from(read), value)
  }
  assert.equal(xattr.fsetxattr(libc, descriptor, 'user.ä', new Uint8Array(1), xattr.XATTR_CREATE), -17)
  assert.equal(xattr.fsetxattr(libc, descriptor, 'user.none', new Uint8Array(1), xattr.XATTR_REPLACE), -61)
  assert.equal(xattr.fsetxattr(libc, descriptor, 'user.big', new Uint8Array(VALUE_BYTES + 1), 0), -7)
  assert.equal(xattr.fsetxattr(libc, descriptor, `user.${'x'.repeat(251)}`, new Uint8Array(1), 0), -34)
  assert.equal(xattr.fgetxattr(libc, descriptor, 'user.a\0b'), -34)
  assert.equal(xattr.fsetxattr(libc, descriptor, 'user.DOSATTRIB', new Uint8Array(1), 0), 0)
  putAscii(libc, Place.pathA, 'file')
  if (xattr.knowsGetxattrat(libc, directory)) {
    putAscii(libc, Place.pathA, 'file')
    const list = xattr.listxattrat(libc, directory)
    assert.deepEqual([...(list as string[])].toSorted(), ['user.DOSATTRIB', 'user.ä'])
    putAscii(libc, Place.pathA, 'file')
    const value = xattr.getxattrat(libc, directory, 'user.ä')
    assert.ok(typeof value !== 'number' && value.length === 2000)
  }
  assert.equal(xattr.fremovexattr(libc, descriptor, 'user.ä'), 0)
  assert.equal(xattr.fremovexattr(libc, descriptor, 'user.ä'), -61)
  assert.deepEqual(xattr.flistxattr(libc, descriptor), ['user.DOSATTRIB'])
  for (let i = 0; i < 40; i++)
    xattr.fsetxattr(libc, descriptor, `user.a rather long name of an attribute ${i}`, new Uint8Array(1), 0)
  assert.equal(xattr.flistxattr(libc, descriptor).toString().split(',').length, 41)
})

test('holes are made and found; room is reserved; what the cache has is read', { skip }, (context) => {
  const { libc, root } = folder(context)
  const descriptor = openSync(join(root, 'file'), 'wx+')
  context.after(() => closeSync(descriptor))
  const block = Buffer.alloc(65536, 1)
  for (let i = 0; i < 4; i++) writeSync(descriptor, block, 0, block.length, i * block.length)
  assert.equal(files.seek(libc, descriptor, 0, files.SEEK_HOLE), 4 * 65536)
  const punched = files.fallocate(libc, descriptor, files.FALLOC_KEEP_SIZE | files.FALLOC_PUNCH_HOLE, 65536, 65536)
  if (punched === -95) {
    context.skip('the disk has no holes')
    return
  }
  assert.equal(punched, 0)
  assert.equal(files.seek(libc, descriptor, 0, files.SEEK_HOLE), 65536)
  assert.equal(files.seek(libc, descriptor, 65536, files.SEEK_DATA), 2 * 65536)
  assert.equal(files.seek(libc, descriptor, 4 * 65536, files.SEEK_DATA), -6)
  const into = new Uint8Array(10)
  const length = files.readCached(libc, descriptor, into, 65536 - 5)
  assert.ok(length === 10 || length === -95)
  if (length === 10) assert.deepEqual([...into], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
  assert.equal(files.fallocate(libc, descriptor, files.FALLOC_KEEP_SIZE, 0, 2 ** 20), 0)
  assert.equal(fstatSync(descriptor).size, 4 * 65536)
  // Beyond 32 bits.
  ftruncateSync(descriptor, 5 * 2 ** 32)
  writeSync(descriptor, block, 0, 10, 5 * 2 ** 32 - 10)
  assert.ok(files.seek(libc, descriptor, 2 ** 32, files.SEEK_DATA) > 4 * 2 ** 32)
  assert.ok([10, -95].includes(files.readCached(libc, descriptor, into, 5 * 2 ** 32 - 10)))
})

test('times are set to the nanosecond, one by one', { skip }, (context) => {
  const { libc, root } = folder(context)
  const descriptor = openSync(join(root, 'file'), 'wx+')
  context.after(() => closeSync(descriptor))
  const [one, two] = [1_000_000_000_123_456_789n, -86_400_000_000_000n - 1n]
  assert.equal(files.futimens(libc, descriptor, one, one), 0)
  assert.equal(files.futimens(libc, descriptor, undefined, two), 0)
  const stat = fstatSync(descriptor, { bigint: true })
  assert.equal(stat.atimeNs, one)
  assert.equal(stat.mtimeNs, two)
})

test('names are made, moved, linked and removed below a directory', { skip }, (context) => {
  const { libc, root, directory } = folder(context)
  const put = (a: string, b = ''): void => {
    putAscii(libc, Place.pathA, a)
    putAscii(libc, Place.pathB, b)
  }
  put('d')
  assert.equal(files.mkdirat(libc, directory, 0o700), 0)
  assert.equal(files.mkdirat(libc, directory, 0o700), -17)
  writeFileSync(join(root, 'a'), 'a')
  writeFileSync(join(root, 'b'), 'b')
  put('a', 'b')
  assert.equal(files.renameat2(libc, directory, directory, files.RENAME_NOREPLACE), -17)
  assert.equal(files.linkat(libc, directory, directory, 0), -17)
  put('a', 'd/c')
  assert.equal(files.linkat(libc, directory, directory, 0), 0)
  assert.equal(files.renameat2(libc, directory, directory, files.RENAME_NOREPLACE), -17)
  put('a', 'b')
  assert.equal(files.renameat2(libc, directory, directory, 0), 0)
  put('d')
  assert.equal(files.unlinkat(libc, directory, files.AT_REMOVEDIR), -39)
  put('d/c')
  assert.equal(files.unlinkat(libc, directory, 0), 0)
  put('d')
  assert.equal(files.unlinkat(libc, directory, files.AT_REMOVEDIR), 0)
  assert.deepEqual(readdirSync(root), ['b'])
  symlinkSync('goal/ä', join(root, 'link'))
  put('link')
  const target = files.readlinkat(libc, directory)
  assert.ok(typeof target !== 'number')
  assert.equal(Buffer.from(target).toString(), 'goal/ä')
  put('b')
  assert.equal(files.readlinkat(libc, directory), -22)
})

test('a thousand calls take no memory with them', { skip }, (context) => {
  const { libc, root, directory } = folder(context)
  writeFileSync(join(root, 'file'), 'x')
  const round = (count: number): void => {
    for (let i = 0; i < count; i++) {
      putAscii(libc, Place.pathA, 'file')
      const descriptor = files.openat2(libc, directory, constants.O_RDWR, 0, files.RESOLVE_BENEATH)
      files.statxOf(libc, descriptor)
      xattr.fgetxattr(libc, descriptor, 'user.DOSATTRIB')
      files.readCached(libc, descriptor, new Uint8Array(16), 0)
      files.close(libc, descriptor)
    }
  }
  round(2000)
  const before = process.memoryUsage().rss
  round(20_000)
  assert.ok(process.memoryUsage().rss - before < 64 * 2 ** 20)
})

test('of logons by Kerberos that wait the oldest give way; one that goes on is taken once', () => {
  const ended: number[] = []
  const pending = new PendingLogons<number>((logon) => ended.push(logon))
  for (let i = 0; i < 258; i++) pending.keep(pending.newId(), i)
  assert.deepEqual(ended, [0, 1])
  assert.equal(pending.take(3), 2)
  for (const gone of [1, 3, 1000]) assert.throws(() => pending.take(gone), GssError)
  pending.keep(pending.newId(), 258)
  assert.deepEqual(ended, [0, 1])
})
