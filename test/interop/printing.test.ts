/** Printer shares with smbclient, and the command that prints. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { commandPrinter } from '../../src/cli/printer.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { Server } from '../../src/server/index.ts'
import { until } from '../peers/free-port.ts'
import { needsPeer } from '../peers/peer.ts'
import { listShares, smbclient } from '../peers/smbclient.ts'

const WAIT_MS = 10_000
const credentials = { user: 'tester', password: 'Passw0rd' }

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'smbkit-print-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A program in place of `lp`: it keeps what it is given, and its arguments. */
function standIn(context: TestContext) {
  const paper = folder(context)
  const program = join(folder(context), 'print')
  writeFileSync(
    program,
    `#!/bin/sh\ncp "$1" "${paper}/page.part"\nshift\nprintf '%s\\n' "$@" > "${paper}/arguments"\nmv "${paper}/page.part" "${paper}/page"\n`,
  )
  chmodSync(program, 0o755)
  return { paper, program }
}

suite('printers', needsPeer('smbclient'), () => {
  test('smbclient prints, and sees a printer in the list', async (context) => {
    const { paper, program } = standIn(context)
    const spool = folder(context)
    const backend = diskBackend(spool)
    const server = new Server({
      accounts: {
        find: (name) => (name === credentials.user ? { user: name, ntHash: ntHash(credentials.password) } : undefined),
      },
      shares: [{ name: 'office', backend, path: spool, printer: commandPrinter(`${program} %f %t %u`, spool) }],
    })
    const { host, port } = await server.start({ port: 0 })
    context.after(async () => {
      await server.stop()
      await backend.close()
    })
    const target = { host, port, ...credentials }
    const { stdout } = await listShares(target)
    assert.match(stdout, /^Printer\|office\|/m)
    const local = folder(context)
    writeFileSync(join(local, '$(touch x) letter.txt'), 'Dear reader')
    const printed = await smbclient(target, 'print "$(touch x) letter.txt"', { share: 'office', cwd: local })
    assert.equal(printed.code, 0, printed.stdout + printed.stderr)
    assert.ok(await until(() => existsSync(join(paper, 'page')), WAIT_MS))
    assert.equal(readFileSync(join(paper, 'page'), 'utf8'), 'Dear reader')
    assert.deepEqual(readFileSync(join(paper, 'arguments'), 'utf8').split('\n'), [
      '$(touch x) letter.txt',
      'tester',
      '',
    ])
    assert.ok(await until(() => readdirSync(spool).length === 0, WAIT_MS), readdirSync(spool).join(' '))
    const listed = await smbclient(target, 'ls', { share: 'office' })
    assert.match(listed.stdout + listed.stderr, /NT_STATUS_NO_SUCH_FILE/)
  })
})

suite('the queue of a printer', needsPeer('smbclient'), () => {
  test('smbclient shows what waits, and takes it back: that is SMB1 alone, for want of another way', async (context) => {
    const printed: string[] = []
    const { promise: hasPaper, resolve: bringPaper } = Promise.withResolvers<void>()
    const backend = memoryBackend()
    const server = new Server({
      smb1: true,
      accounts: { find: (user) => ({ user, ntHash: ntHash(credentials.password) }) },
      shares: [
        {
          name: 'office',
          backend,
          async printer({ document }) {
            await hasPaper
            printed.push(document)
          },
        },
      ],
    })
    const { host, port } = await server.start({ port: 0 })
    context.after(() => {
      bringPaper()
      return server.stop()
    })
    const local = folder(context)
    for (const name of ['one.txt', 'two.txt', 'three.txt']) writeFileSync(join(local, name), `what is in ${name}`)
    const does = async (commands: string, user = credentials.user) => {
      const asked = { host, port, user, password: credentials.password }
      const { stdout, stderr } = await smbclient(asked, commands, {
        share: 'office',
        dialect: 'NT1',
        args: ['--option=client min protocol=NT1'],
        cwd: local,
      })
      return stdout + stderr
    }
    const queue = async () =>
      [...(await does('queue')).matchAll(/^(\d+) +(\d+) +(.*?) *$/gm)].map(([, ...parts]) => parts)
    assert.deepEqual(await queue(), [])
    await does('print one.txt; print two.txt; print three.txt')
    const all = [
      ['1', '18', 'one.txt'],
      ['2', '18', 'two.txt'],
      ['3', '20', 'three.txt'],
    ]
    assert.deepEqual(await queue(), all)
    // What is on the printer stays, and what others have sent; smbclient does not tell what it is told.
    await does('cancel 1; cancel 9')
    await does('cancel 2', 'other')
    assert.deepEqual(await queue(), all)
    await does('cancel 2')
    assert.deepEqual(await queue(), [all[0], all[2]])
    bringPaper()
    assert.ok(await until(() => printed.length === 2, WAIT_MS))
    assert.deepEqual(printed, ['one.txt', 'three.txt'])
    assert.deepEqual(await queue(), [])
  })
})

test('a command that fails says why; what is in a name is no option', async (context) => {
  const job = { document: '--title\nx', user: 'u', client: '127.0.0.1:1', path: ['smbkit-1'], size: 1 }
  const spool = folder(context)
  const failing = join(spool, 'failing')
  writeFileSync(failing, '#!/bin/sh\necho "$1 $2" >&2\nexit 3\n')
  chmodSync(failing, 0o755)
  await assert.rejects(
    async () => commandPrinter(`${failing} %t`, spool)(job),
    (error) => {
      assert.ok(error instanceof Error)
      assert.match(error.message, /ended with code 3: title x /)
      assert.ok(error.message.endsWith(join(spool, 'smbkit-1')))
      return true
    },
  )
  await assert.rejects(async () => commandPrinter('/nonexistent/lp', spool)(job), /cannot print: spawn .* ENOENT/)
})
