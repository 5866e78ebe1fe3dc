/** Faults that are really made between Samba's client and smbd, captured, and found; their healthy twins are told to be so. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type FileHandle, openShare } from '../../src/client/index.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { mountMemory, unmount } from '../peers/memory-disk.ts'
import { needsPeer, peerPath, python } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { type SmbclientTarget, smbclient } from '../peers/smbclient.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'
import { assertTold, type Fault } from './trace-faults.ts'

const needs = needsPeer('smbd', 'smbclient', 'smbtorture', 'impacket')
const repeated = (times: number, command: (index: number) => string): string =>
  Array.from({ length: times }, (_, index) => command(index)).join('; ')

const oldClient = { dialect: 'NT1', args: ['--option=client min protocol=NT1'] } as const

/** Files for everybody, of which some are small, many or locked. */
function fill(folder: string): void {
  const write = (name: string, bytes: number) => {
    writeFileSync(join(folder, name), Buffer.alloc(bytes, 7))
    chmodSync(join(folder, name), 0o666)
  }
  write('plan.bin', 300_000)
  write('big.bin', 2_000_000)
  write('note.txt', 100)
  mkdirSync(join(folder, 'album'))
  for (let index = 0; index < 160; index++) write(`album/${index}.jpg`, 10)
}

const torture =
  (name: string) =>
  ({ host, port, user, password }: SmbclientTarget) =>
    run(peerPath('smbtorture'), [`//${host}/files`, '-p', String(port), `-U${user}%${password}`, name], {
      timeoutMs: 30_000,
    })

const impacket =
  (scenario: string, file: string) =>
  ({ host, port, user, password }: SmbclientTarget) =>
    run(
      python,
      [
        join(import.meta.dirname, 'impacket-client.py'),
        host,
        String(port),
        user,
        password,
        'files',
        '2.1',
        scenario,
        file,
      ],
      {
        env: { PYTHONWARNINGS: 'ignore' },
      },
    )

const links = Array.from({ length: 25 }, (_, index) => `link${index}`)

/** Faults of somebody who works with files. */
const work: Readonly<Record<string, Fault>> = {
  'nothing: a list, a get, a put and a rm': {
    rules: [],
    ill: { commands: 'ls; get plan.bin; put new.bin; rm new.bin' },
  },
  'a wrong password': { rules: ['wrong-password'], ill: { password: 'wrong' }, well: {} },
  'NTLMv1, which the server does not take': {
    rules: ['ntlmv1-refused'],
    ill: { args: ['--option=client ntlmv2 auth = no'] },
  },
  'a share that does not exist': { rules: ['bad-share-name'], ill: { share: 'nosuchshare' } },
  'a share that is closed': { rules: ['share-access-denied'], ill: { share: 'closed' } },
  'a share that is read-only': {
    rules: ['file-access-denied'],
    ill: { share: 'fixed', commands: 'put new.bin' },
    well: { share: 'fixed', commands: 'ls' },
  },
  'a client that knows SMB1 alone': { rules: ['smb1-only-peer'], ill: oldClient },
  'a server that is slow to answer': {
    rules: ['server-slow'],
    ill: { commands: 'ls', relay: { slow: { afterBytes: 0, everyMs: 220 } } },
    well: { commands: 'ls' },
  },
  'a server that dies in the middle of a put': {
    rules: ['connection-lost'],
    ill: { commands: 'put new.bin', relay: { cutAfterBytes: 100_000 } },
    well: { commands: 'put new.bin; rm new.bin' },
  },
  'a server that answers no more': {
    rules: ['connection-lost', 'no-answer'],
    ill: { commands: 'get plan.bin', relay: { muteAfterBytes: 1500 }, timeoutMs: 6000 },
  },
  'a program that looks in forty folders': {
    rules: ['search-path-probing'],
    ill: { commands: repeated(40, (index) => `get bin${index}\\tool.dll`) },
    well: { commands: repeated(4, (index) => `get bin${index}\\tool.dll`) },
  },
  'a file that is opened again and again': {
    rules: ['open-storm'],
    ill: { commands: repeated(35, () => 'get note.txt') },
    well: { commands: repeated(5, () => 'get note.txt') },
  },
  'a file that is asked about again and again': {
    rules: ['stat-loop'],
    ill: { commands: repeated(20, () => 'allinfo note.txt') },
    well: { commands: repeated(3, () => 'allinfo note.txt') },
  },
  'a folder that is listed again and again': {
    rules: ['repeated-listing'],
    ill: { commands: repeated(12, () => 'ls') },
    well: { commands: repeated(3, () => 'ls') },
  },
  'a file that is read in small pieces': {
    rules: ['small-reads'],
    ill: { act: (target) => readPieces(target, { pieceBytes: 4096, count: 80 }) },
    well: { act: (target) => readPieces(target, { pieceBytes: 65_536, count: 25 }) },
  },
  'a program that reads through all files': {
    rules: [],
    notes: ['scan'],
    ill: { commands: 'cd album; lcd many; prompt; mget *' },
    well: { commands: 'cd album; get 1.jpg; get 2.jpg' },
  },
  'a client that connects again and again': { rules: ['reconnect-loop'], ill: { commands: 'ls', times: 9 } },
  'a disk that is full': {
    rules: ['disk-full'],
    ill: { share: 'small', commands: 'put new.bin a; put new.bin b; put new.bin c; put new.bin d' },
    well: { share: 'small', commands: 'del *; put new.bin a; del *' },
  },
  'a part that somebody else has locked': {
    rules: ['lock-conflict'],
    ill: { act: (target) => besides(target, (file) => file.lock(0, 10)) },
    well: { act: (target) => besides(target, (file) => file.lock(1_000_000_000, 10)) },
  },
  'a client that is slow': {
    rules: ['client-slow'],
    ill: { act: (target) => readPieces(target, { pieceBytes: 65_536, count: 25, pauseMs: 60 }) },
    well: { act: (target) => readPieces(target, { pieceBytes: 65_536, count: 25 }) },
  },
  'a link to a share that is not there': {
    rules: ['dfs-link-dead'],
    ill: { act: (target) => follow(target, ['dead']) },
    well: { act: (target) => follow(target, ['link0']) },
  },
  'a search through a whole namespace': {
    rules: ['referral-storm'],
    ill: { act: (target) => follow(target, links) },
    well: { act: (target) => follow(target, links.slice(0, 3)) },
  },
  'a file that somebody else has open and does not share': {
    rules: ['sharing-violation'],
    ill: { act: impacket('violate', 'note.txt') },
    well: { act: impacket('listShares', '') },
  },
  'a session that another one ends': { rules: ['session-lost'], ill: { act: torture('smb2.session.reconnect1') } },
}

/** Our client has a file open and does something to it, while smbclient reads it. */
async function besides(target: SmbclientTarget, act: (file: FileHandle) => Promise<void>): Promise<void> {
  const { host, port, user, password } = target
  await using share = await openShare({ host, port, share: 'files', path: '' }, { user, password, leases: false })
  await using file = await share.open('note.txt', 'r+')
  await act(file)
  await smbclient(target, 'get note.txt /dev/null', { share: 'files' })
}

/** A program that reads a file piece by piece, and thinks for a while over each. */
async function readPieces(
  { host, port, user, password }: SmbclientTarget,
  {
    pieceBytes,
    count,
    pauseMs = 0,
  }: { readonly pieceBytes: number; readonly count: number; readonly pauseMs?: number },
): Promise<void> {
  const options = { user, password, leases: false }
  await using share = await openShare({ host, port, share: 'files', path: '' }, options)
  await using file = await share.open('big.bin')
  const buffer = Buffer.alloc(pieceBytes)
  for (let at = 0; at < count; at++) {
    await file.read(buffer, 0, pieceBytes, at * pieceBytes)
    if (pauseMs > 0) await pause(pauseMs)
  }
}

/** Lists folders of the namespace, wherever they lead. */
async function follow({ host, port, user, password }: SmbclientTarget, paths: readonly string[]): Promise<void> {
  const options = { user, password, resolve: () => ({ host, port }), dfsHosts: 'any' } as const
  await using share = await openShare({ host, port, share: 'space', path: '' }, options)
  for (const path of paths) await share.readdir(path).catch(() => undefined)
}

suite('smbclient and smbd', needs, () => {
  let smbd: Smbd
  let isMounted = false

  before(async () => {
    smbd = await startSmbd({
      shares: [
        { name: 'files' },
        { name: 'closed', options: { 'valid users': 'nobody-at-all' } },
        { name: 'fixed', options: { 'read only': 'yes' } },
        { name: 'small' },
        { name: 'space', options: { 'msdfs root': 'yes' } },
      ],
      global: { 'ntlm auth': 'ntlmv2-only' },
    })
    fill(smbd.folders.get('files') ?? '')
    const space = smbd.folders.get('space') ?? ''
    symlinkSync(`msdfs:${smbd.host}\\nosuchshare`, join(space, 'dead'))
    for (const link of links) symlinkSync(`msdfs:${smbd.host}\\files`, join(space, link))
    const small = smbd.folders.get('small') ?? ''
    isMounted = mountMemory(small, 'size=800k,mode=777')
  })
  after(async () => {
    if (isMounted) unmount(smbd.folders.get('small') ?? '')
    await smbd?.stop()
  })

  for (const [name, fault] of Object.entries(work))
    test(name, async (t) => {
      if (fault.ill.share === 'small' && !isMounted) return t.skip('a small disk cannot be mounted')
      assert.ok((await assertTold(smbd, fault)).length >= fault.rules.length)
    })

  test('a service behind a pipe that dies between two calls', async () => {
    const between =
      (act: () => Promise<void>): NonNullable<Fault['ill']['act']> =>
      async ({ host, port, user, password }) => {
        await using client = await connect({ host, port, path: '' }, { user, password })
        await client.rpc(Srvsvc, async (srvsvc) => {
          await srvsvc.NetrRemoteTOD({ serverName: null })
          await act()
          await srvsvc.NetrRemoteTOD({ serverName: null }).catch(() => undefined)
        })
      }
    const rules = ['pipe-broken']
    const [finding] = await assertTold(smbd, {
      ...{ rules, ill: { act: between(() => smbd.killServices()) } },
      well: { act: between(async () => {}) },
    })
    assert.match(finding?.title ?? '', /The service behind .*srvsvc ended the conversation/)
  })
})
