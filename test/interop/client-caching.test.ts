/** What the client keeps of files that smbclient changes behind it, on smbd as another user, and on our server. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import { type ConnectOptions, connect, type DialectName, messagesIn, type Share } from '../../src/client/index.ts'
import { commandName, Smb2Header } from '../../src/wire/smb2/index.ts'
import { until } from '../peers/free-port.ts'
import { startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { smbclient } from '../peers/smbclient.ts'
import { other, startSmbd, tester } from '../peers/smbd.ts'

const timeoutMs = 60_000
const share = 'files'

interface Server {
  readonly host: string
  readonly port: number
  stop(): Promise<void>
}

const servers: readonly {
  readonly name: string
  readonly start: () => Promise<Server>
  readonly who: typeof tester | typeof other
}[] = [
  {
    name: 'smbd',
    who: other,
    // What the one makes the other may change.
    start: () =>
      startSmbd({
        global: { 'kernel oplocks': 'no' },
        shares: [{ name: share, options: { 'force create mode': '0666', 'force directory mode': '0777' } }],
      }),
  },
  {
    name: 'smbkit',
    who: tester,
    start: () => startOurServer({ backend: 'disk', shares: [{ name: share }] }),
  },
]

for (const { name, start, who } of servers)
  describe(`kept, and changed behind us on ${name}`, needsPeer('smbclient', 'smbd', 'smbpasswd'), () => {
    let server: Server
    let folder: string
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'client-caching-'))
      server = await start()
    })
    after(async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    /** Commands of the other user, by a program of others. */
    async function others(commands: string): Promise<void> {
      const { host, port } = server
      const { code, output } = await smbclient({ host, port, ...who }, commands, { share, cwd: folder })
      assert.equal(code, 0, output)
    }

    async function kept(
      options: ConnectOptions,
      work: (files: Share, asked: () => string[]) => Promise<void>,
    ): Promise<void> {
      const sent: string[] = []
      const observer: ConnectOptions['observer'] = {
        message({ direction, parts }) {
          if (direction === 'received') return
          for (const one of messagesIn({ parts })) sent.push(commandName(Smb2Header.decode(viewOf(one)).command))
        },
      }
      const { host, port } = server
      await using client = await connect({ host, port, path: '' }, { ...tester, observer, ...options })
      await work(await client.share(share), () => sent.splice(0))
    }

    for (const dialect of ['2.0.2', '2.1', '3.0', '3.1.1'] satisfies DialectName[]) {
      const options = { minDialect: dialect, maxDialect: dialect }

      test(`${dialect}: a file that was read is new when it has been written`, { timeout: timeoutMs }, () =>
        kept(options, async (files, asked) => {
          const file = `read-${dialect}`
          await files.writeFile(file, 'first')
          for (let i = 0; i < 3; i++) assert.equal(await files.readFile(file, 'utf8'), 'first')
          asked()
          assert.equal(await files.readFile(file, 'utf8'), 'first')
          assert.equal((await files.stat(file)).size, 5)
          assert.equal(asked().includes('READ'), false, 'it is kept')
          writeFileSync(join(folder, 'new'), 'second, and longer')
          await others(`put new ${file}`)
          assert.equal(await files.readFile(file, 'utf8'), 'second, and longer')
          assert.equal((await files.stat(file)).size, 18)
          // A handle that rests is in nobody's way.
          for (let i = 0; i < 3; i++) await files.readFile(file)
          await others(`del ${file}`)
          // smbd gives no lease back when a file is removed by DELETE_ON_CLOSE: it is found out a second later.
          const isGone = (error: NodeJS.ErrnoException): boolean => error.code === 'ENOENT'
          assert.ok(await until(() => files.readFile(file).then(() => false, isGone), 5000))
          await assert.rejects(files.stat(file), { code: 'ENOENT' })
        }),
      )

      test(`${dialect}: a folder that was listed`, { timeout: timeoutMs }, () =>
        kept(options, async (files, asked) => {
          const path = `folder-${dialect}`
          await files.mkdir(path)
          for (let i = 0; i < 3; i++) assert.deepEqual(await files.readdir(path), [])
          asked()
          assert.deepEqual(await files.readdir(path), [])
          assert.deepEqual(asked(), [], 'it is kept')
          await others(`mkdir ${path}/new`)
          // A notification comes when it comes.
          assert.ok(await until(async () => (await files.readdir(path)).length === 1, 5000))
          await others(`rmdir ${path}/new; rmdir ${path}`)
          await assert.rejects(files.readdir(path), { code: 'ENOENT' })
        }),
      )

      test(`${dialect}: folders that are kept are in nobody's way`, { timeout: timeoutMs }, () =>
        kept(options, async (files) => {
          const path = `kept-${dialect}`
          await files.mkdir(`${path}/sub`, { recursive: true })
          const list = async (at: string): Promise<void> => {
            for (let i = 0; i < 3; i++) await files.readdir(`${at}/sub`)
            for (let i = 0; i < 3; i++) assert.deepEqual(await files.readdir(at), ['sub'])
          }
          await list(path)
          await files.rename(path, `${path}-renamed`)
          await assert.rejects(files.readdir(`${path}/sub`), { code: 'ENOENT' })
          await list(`${path}-renamed`)
          await files.rm(`${path}-renamed`, { recursive: true })
          await assert.rejects(files.readdir(`${path}-renamed/sub`), { code: 'ENOENT' })
        }),
      )

      test(`${dialect}: what is written behind is there for others`, { timeout: timeoutMs }, () =>
        kept({ ...options, writeBehind: true, limits: { writeBehindMs: 30_000 } }, async (files, asked) => {
          const file = `behind-${dialect}`
          const handle = await files.open(file, 'w+')
          asked()
          await handle.write('written ')
          await handle.write('behind')
          assert.deepEqual(asked(), [])
          await others(`get ${file} got`)
          assert.equal(readFileSync(join(folder, 'got'), 'utf8'), 'written behind')
          assert.deepEqual(asked(), ['WRITE', 'OPLOCK_BREAK'])
          await handle.write('!')
          assert.equal(asked().at(-1), 'WRITE', 'there is no lease any more')
          await handle.close()
          await others(`get ${file} got; del ${file}`)
          assert.equal(readFileSync(join(folder, 'got'), 'utf8'), 'written behind!')
        }),
      )
    }
  })
