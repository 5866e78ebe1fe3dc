/** `--explain`: the rules listen to the server while it serves, and to what the client says. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Sandbox } from '../unit/cli-program.ts'

test('server and client tell at the end what was wrong', async () => {
  await using sandbox = new Sandbox()
  const share = sandbox.path('docs')
  mkdirSync(share)
  writeFileSync(sandbox.path('docs', 'plan.txt'), 'Bring the ladder.')
  await sandbox.smbkit(['user', 'add', 'anna', '--password-stdin'], 'right\n')
  const server = sandbox.start('main', ['serve', share, '--port', '0', '--explain', '--encryption', 'required'])
  const port = String(await server.port())
  const list = (password: string) =>
    sandbox.smbkit(['ls', 'smb://127.0.0.1/docs', '--port', port, '--user', 'anna', '--explain'], '', {
      SMBKIT_PASSWORD: password,
    })

  const healthy = await list('right')
  assert.match(healthy.stdout, /plan\.txt/)
  assert.match(healthy.stderr, /disconnected[^]*\nHealthy: nothing in it is wrong or slow/)
  assert.doesNotMatch(healthy.stderr, /PROBLEM/)

  const refused = await list('wrong')
  assert.match(refused.stderr, /\nPROBLEM: anna was refused: user name or password is wrong\n/)

  await server.end('SIGINT')
  assert.match(server.stderr, /\nPROBLEM: anna was refused: user name or password is wrong\n/)
  assert.match(server.stderr, /This server ended the logon with STATUS_LOGON_FAILURE/)
})
