/** Machines without the FFI package, or without MIT's library: NTLM works, and Kerberos says what to install. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { bareMachines } from '../peers/bare-machine.ts'
import { Program } from '../peers/program.ts'
import { run } from '../peers/run.ts'

const options = { timeout: 120_000 }
const root = join(import.meta.dirname, '../..')
const main = join(root, 'src/cli/main.ts')
/** What a process has mapped that is not Node's own: programs that run with this say it at their end. */
const tellsNative = `
  process.on('exit', () => {
    const { sharedObjects } = process.report.getReport()
    const native = sharedObjects.filter((path) => /koffi|gssapi|krb5/.test(path))
    process.stderr.write('native: ' + native.join(' ') + '\\n')
  })`

suite('machines without Kerberos', { skip: process.platform === 'linux' ? false : 'libraries of Linux' }, () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'smbkit-bare-'))
    mkdirSync(join(folder, 'photos'))
    writeFileSync(join(folder, 'photos/a.txt'), 'a photo\n')
    writeFileSync(join(folder, 'users'), 'anna:enabled:8846f7eaee8fb117ad06bdd830b7586c\n', { mode: 0o600 })
    writeFileSync(join(folder, 'smb.keytab'), '')
    writeFileSync(join(folder, 'tell.mjs'), tellsNative)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('the server takes NTLM, and says what to install', options, async () => {
    for (const { name, environment, sentence } of bareMachines(folder)) {
      const files = ['--users', join(folder, 'users'), '--keytab', join(folder, 'smb.keytab')]
      const env = { ...environment, XDG_RUNTIME_DIR: folder, XDG_CACHE_HOME: join(folder, 'cache') }
      const server = new Program(main, ['serve', join(folder, 'photos'), ...files, '--port', '0'], folder, env)
      try {
        const port = await server.port()
        await server.says(sentence)
        const client = await connect({ host: 'localhost', port, path: '' }, { user: 'anna', password: 'password' })
        assert.equal(await (await client.share('photos')).readFile('a.txt', 'utf8'), 'a photo\n', name)
        await client.close()
      } finally {
        await server.end()
      }
    }
  })

  test('nothing native is loaded before it is needed', options, async () => {
    const tell = ['--import', join(folder, 'tell.mjs')]
    const logsOn = `
      import { memoryBackend } from '${root}/src/backends/memory/index.ts'
      import { connect } from '${root}/src/client/index.ts'
      import { ntHash } from '${root}/src/crypto/ntlm.ts'
      import { Server } from '${root}/src/server/index.ts'
      const account = { user: 'anna', ntHash: ntHash('password') }
      const shares = [{ name: 'files', backend: memoryBackend({ files: { 'a.txt': 'a photo' } }) }]
      const server = new Server({ shares, accounts: { find: () => account } })
      const { port } = await server.start({ host: '127.0.0.1', port: 0 })
      const client = await connect({ host: '127.0.0.1', port, path: '' }, { user: 'anna', password: 'password' })
      process.stdout.write(await (await client.share('files')).readFile('a.txt', 'utf8'))
      await client.close()
      await server.stop()
      process.argv[2] === 'kerberos' && console.log(await new Server({ shares, accounts: { find: () => account },
        keytab: '/nonexistent' }).prepareKerberos())`
    writeFileSync(join(folder, 'logon.mts'), logsOn)
    const plain = await run(process.execPath, [...tell, join(folder, 'logon.mts')])
    assert.equal(plain.output, 'a photonative: \n')
    // That the test can fail: with Kerberos there is something.
    const kerberos = await run(process.execPath, [...tell, join(folder, 'logon.mts'), 'kerberos'])
    assert.match(kerberos.output, /native: \S*koffi/)
    const help = await run(process.execPath, [...tell, main, '--help'])
    assert.match(help.stderr, /native: \n/)
  })
})
