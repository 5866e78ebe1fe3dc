/**
 * The disk backend and smbd on one folder: what the backend keeps in extended attributes smbd reads, and the other way
 * round. Here smbd takes access control lists of the system for true, so that it believes a security descriptor only
 * with the right hash beside it.
 */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DiskBackend, diskBackend } from '../../src/backends/disk/index.ts'
import { filetimeFromDate } from '../../src/bytes/filetime.ts'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import type { BackendFile, OpenHow } from '../../src/server/backend.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import { withFolder } from '../peers/content.ts'
import { needsPeer, python } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { smbclient } from '../peers/smbclient.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'

const share = 'files'
const HIDDEN_SYSTEM_ARCHIVE = 0x26
/** Owner S-1-5-21-1-2-3-1001, group S-1-5-32-545; Everyone may all, Guests may read. */
const descriptor = fromHex(
  '01000480140000003000000000000000 40000000' +
    '010500000000000515000000010000000200000003000000e9030000' +
    '01020000000000052000000021020000' +
    '0200340002000000' +
    '00001400ff011f00010100000000000100000000' +
    '000018008900120001020000000000052000000022020000',
)

let smbd: Smbd
let backend: DiskBackend
let root: string

async function succeed(commands: string, cwd: string): Promise<string> {
  const result = await smbclient(smbd, commands, { share, cwd })
  assert.equal(result.code, 0, result.output)
  assert.doesNotMatch(result.output, /NT_STATUS_/, commands)
  return result.stdout
}

/** Gives a file another descriptor by way of smbd. */
async function setBySmbd(name: string): Promise<void> {
  const script = join(import.meta.dirname, 'impacket-client.py')
  const args = [script, smbd.host, String(smbd.port), smbd.user, smbd.password, share, '3.0', 'setDescriptor']
  const result = await run(python, [...args, `${name}:${hex(descriptor)}`], { env: { PYTHONWARNINGS: 'ignore' } })
  assert.equal(result.code, 0, result.output)
}

async function good<T>(answer: T | Promise<T>): Promise<Exclude<T, { status: number }>> {
  const value = await answer
  if (failed(value)) assert.fail(ntStatusName(value.status))
  return value as Exclude<T, { status: number }>
}

async function opened(name: string, how: Partial<OpenHow> = {}): Promise<BackendFile> {
  return (await good(backend.open([name], { disposition: 'open', read: true, write: false, ...how }))).file
}

async function written(name: string, content: string, how: Partial<OpenHow> = {}): Promise<BackendFile> {
  const file = await opened(name, { disposition: 'create', write: true, ...how })
  await good(file.write(Buffer.from(content), 0, false))
  return file
}

async function text(name: string, stream: string): Promise<string> {
  const file = await opened(name, { stream })
  const into = Buffer.alloc(100_000)
  const length = await good(file.read(into, 0))
  await file.close()
  return into.toString('utf8', 0, length)
}

const superuser = process.getuid?.() === 0

describe('the disk backend and smbd on one folder', needsPeer('smbd', 'smbpasswd', 'smbclient', 'impacket'), () => {
  before(async () => {
    smbd = await startSmbd({
      global: { 'ea support': 'yes', 'store dos attributes': 'yes' },
      shares: [{ name: share, options: { 'vfs objects': 'acl_xattr streams_xattr' } }],
    })
    root = smbd.folders.get(share) ?? ''
    backend = diskBackend(root, { fileMode: 0o666, directoryMode: 0o777 })
    assert.equal(backend.features.namedStreams, true, 'the temporary folder is on a disk with extended attributes')
  })
  after(async () => {
    await backend.close()
    await smbd.stop()
  })

  test('attributes and creation time, from here to smbd', async () => {
    const creationTime = filetimeFromDate(new Date('2001-02-03T04:05:06Z'))
    for (const [name, kind] of [
      ['our file', 'file'],
      ['our folder', 'directory'],
    ] as const) {
      const file = await opened(name, { disposition: 'create', kind })
      await good(file.setStat({ attributes: HIDDEN_SYSTEM_ARCHIVE, creationTime }))
      await file.close()
      const info = await withFolder((cwd) => succeed(`allinfo "${name}"`, cwd))
      assert.match(info, kind === 'file' ? /attributes: HSA \(26\)/ : /attributes: HSDA \(36\)/)
      assert.match(info, /create_time:\s+Sat Feb\s+3 .* 2001/)
    }
  })

  test('attributes and creation time, from smbd to here', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'local'), 'x')
      await succeed(
        'put local theirs; utimes theirs 2003:04:05-06:07:08 -1 -1 -1; setmode theirs +rh; mkdir folder',
        cwd,
      )
    })
    const stat = await good((await opened('THEIRS')).stat())
    assert.equal(stat.attributes, 0x23)
    const created = new Date(2003, 3, 5, 6, 7, 8)
    assert.equal(stat.creationTime, filetimeFromDate(created))
    const listing = await opened('', { kind: 'directory' }).catch(() => undefined)
    assert.equal(listing, undefined, 'an empty name is no name')
    const all = (await good(backend.open([], { disposition: 'open', read: true, write: false }))).file
    const [file, folder] = await good(all.statEntries(['theirs', 'folder']))
    assert.equal(file?.attributes, 0x23)
    assert.equal(folder?.attributes, 0x10)
    await all.close()
  })

  test('streams and extended attributes, both ways', async () => {
    const file = await written('with streams', 'main')
    await (await written('with streams', 'from here', { stream: 'ours' })).close()
    await good(file.setExtendedAttributes([{ name: 'COLOUR', value: Buffer.from('blue'), flags: 0 }]))
    chmodSync(join(root, 'with streams'), 0o666)
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'local'), 'from there')
      const info = await succeed('allinfo "with streams"; geteas "with streams"', cwd)
      assert.match(info, /stream: \[:ours:\$DATA\], 9 bytes/)
      assert.match(info, /COLOUR/)
      assert.match(info, /blue/)
      await succeed('put local "with streams:theirs"; setea "with streams" SHAPE round', cwd)
    })
    assert.equal(await text('with streams', 'THEIRS'), 'from there')
    const sizes = Object.fromEntries((await good(file.streams())).map(({ name, size }) => [name, size]))
    assert.deepEqual(sizes, { '': 4, ours: 9, theirs: 10 })
    const attributes = await good(file.extendedAttributes())
    const shown = Object.fromEntries(attributes.map(({ name, value }) => [name, Buffer.from(value).toString()]))
    assert.deepEqual(shown, { COLOUR: 'blue', SHAPE: 'round' })
    await file.close()
  })

  test('a security descriptor set here is believed by smbd', {
    skip: !superuser && 'needs the superuser',
  }, async () => {
    for (const [name, kind] of [
      ['our guarded file', 'file'],
      ['our guarded folder', 'directory'],
    ] as const) {
      const file = await opened(name, { disposition: 'create', kind, initial: { securityDescriptor: descriptor } })
      await file.close()
      const shown = await withFolder((cwd) => succeed(`showacls; ls "${name}"`, cwd))
      // What no mode bits could say.
      assert.match(shown, /Owner SID:\s+S-1-5-21-1-2-3-1001/, name)
      assert.match(shown, /Num ACEs:\s+2/)
      assert.match(shown, /0x120089:[^]*SID: S-1-5-32-546/)
    }
  })

  test('a security descriptor set by smbd is read here', { skip: !superuser && 'needs the superuser' }, async () => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'local'), 'x')
      await succeed('put local guarded', cwd)
    })
    await setBySmbd('guarded')
    const file = await opened('guarded')
    const found = await good(file.securityDescriptor())
    assert.ok(found !== undefined)
    assert.match(hex(found), /000018008900120001020000000000052000000022020000/)
    await file.close()
  })
})
