/**
 * The package as its users get it: packed, installed into projects of their own, run under each Node that it promises,
 * its types checked with and without a newer compiler.
 */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type RunResult, run } from '../peers/run.ts'

const root = join(import.meta.dirname, '../..')
const cache = join(root, 'node_modules/.cache/smbkit-tests')
const nodeMajors = [22, 24, 26]
const installTimeoutMs = 180_000

/** Settings that npm hands down to what it runs must not reach the projects of these tests. */
const cleanEnv = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^npm_/i.test(name) && !/^npm_config_(?:registry|cafile|cache)$/i.test(name))
    .map((name) => [name, '']),
)

async function npm(cwd: string, ...args: string[]): Promise<RunResult> {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const result = await run('npm', [...args, ...quiet], { cwd, env: cleanEnv, timeoutMs: installTimeoutMs })
  assert.equal(result.code, 0, `npm ${args.join(' ')}:\n${result.output}`)
  return result
}

/** A package of the registry, installed once and kept: its folder. */
async function tool(name: string, version: string): Promise<string> {
  const folder = join(cache, `${name}-${version}`)
  const installed = join(folder, 'node_modules', name)
  if (existsSync(join(folder, 'complete'))) return installed
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  await npm(folder, 'install', '--no-save', '--no-package-lock', `${name}@${version}`)
  writeFileSync(join(folder, 'complete'), '')
  return installed
}

const nodeOf = async (major: number): Promise<string> => {
  const pinned = join(root, 'node_modules/node')
  const { version } = JSON.parse(readFileSync(join(pinned, 'package.json'), 'utf8')) as { version: string }
  return join(version.startsWith(`${major}.`) ? pinned : await tool('node', String(major)), 'bin/node')
}

const program = `
import { connect } from 'node:net'
import { once } from 'node:events'
import { Server, fail, failed, NtStatus } from 'smbkit/server'
import { memoryBackend } from 'smbkit/backends/memory'
import { diskBackend } from 'smbkit/backends/disk'
import { smb2, nbss, explainStatus } from 'smbkit/wire'
import { connect as connectTo, connectRpc, openShare, StatusError } from 'smbkit/client'
import { ntHash } from 'smbkit/server'
import { rpcInterface } from 'smbkit/rpc'
import * as trace from 'smbkit/trace'
import * as traceOfNode from 'smbkit/trace/node'
import { domainController } from 'smbkit/domain'
import { virtualBackend } from 'smbkit/backends/virtual'

const disk = diskBackend('.')
const server = new Server({
  shares: [{ name: 'memory', backend: memoryBackend() }, { name: 'disk', backend: disk }],
  accounts: { find: () => undefined },
})
const seen = []
server.on('connect', ({ remote }) => seen.push(remote))
const { host, port } = await server.start({ port: 0 })
const other = new Server({ shares: [], accounts: { find: () => undefined } })
await other.start({ port: 0 })

const header = smb2.Smb2Header.encode({
  command: smb2.Command.NEGOTIATE, credits: 1, flags: 0, messageId: 0n, treeId: 0, sessionId: 0n, signature: new Uint8Array(16),
})
const body = smb2.NegotiateRequest.encode({
  dialects: [0x0202], clientGuid: '3b2b3f0c-8f4c-4c6e-9a3e-0f6c1d5f7a10', securityMode: 1, capabilities: 0,
})
const message = Buffer.concat([header, body])
const length = Buffer.alloc(4)
length.writeUInt32BE(message.length)
const socket = connect(port, host)
socket.write(Buffer.concat([length, message]))
const [answer] = await once(socket, 'data')
const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength)
const answered = smb2.NegotiateResponse.decode(view, 4 + 64, view.byteLength, 4)
socket.destroy()
await other.stop()
await server.stop()

const account = { user: 'anna', ntHash: ntHash('secret') }
const served = new Server({
  shares: [{ name: 'memory', backend: memoryBackend({ files: { 'a.txt': 'content' } }) }],
  accounts: { find: (user) => (user === 'anna' ? account : undefined) },
})
const at = await served.start({ port: 0 })
const url = 'smb://anna@' + at.host + ':' + at.port
const client = await connectTo(url, { password: 'secret', encryption: 'required' })
const files = await client.share('memory')
const names = await files.readdir('')
const content = await files.readFile('a.txt', 'utf8')
await client.close()
const refused = await openShare(url + '/memory', { password: 'wrong' }).catch((error) => error instanceof StatusError && error.code)
await served.stop()
const others = [connectRpc, rpcInterface, domainController, virtualBackend, Object.keys(trace).length > 0, Object.keys(traceOfNode).length > 0]
await disk.close()
const words = explainStatus(NtStatus.ACCESS_DENIED)
console.log(JSON.stringify({ dialect: answered.dialectRevision, seen: seen.length, failed: failed(fail(NtStatus.ACCESS_DENIED)), words: typeof words, nbss: typeof nbss, names, content, refused, others: others.map((one) => typeof one).join(' ') }))
`

const typed = `
import { type Backend, type Identity, Server, type ServerOptions, type ServerStatus } from 'smbkit/server'
import { memoryBackend } from 'smbkit/backends/memory'
import { diskBackend, type DiskBackendOptions } from 'smbkit/backends/disk'
import { schema, smb2 } from 'smbkit/wire'

const backend: Backend = memoryBackend()
const diskOptions: DiskBackendOptions = { readOnly: true }
const options: ServerOptions = {
  shares: [{ name: 'memory', backend }, { name: 'disk', backend: diskBackend('.', diskOptions), readOnly: true }],
  accounts: { find: async (user: string) => (user === 'anna' ? { user, ntHash: new Uint8Array(16) } : undefined) },
  minDialect: '3.0',
  limits: { maxCredits: 512 },
}
const server = new Server(options)
server.on('logon', ({ remote, identity }: { remote: string; identity: Identity }) => console.log(remote, identity.user))
server.on('request', ({ message, status }) => console.log(message.length, status.toFixed()))
const address: { host: string; port: number } = await server.start({ host: '127.0.0.1', port: 0 })
const status: ServerStatus = server.status()
console.log(address.port > 0, status.shares.length)
const request: smb2.ReadRequest = smb2.ReadRequest.decode(new DataView(smb2.ReadRequest.encode({
  fileId: { persistent: 1n, volatile: 2n }, length: 10, offset: 0n, minimumCount: 0,
}).buffer))
const offset: bigint = request.offset
console.log(offset, typeof schema.struct)
await server.stop()
`

/** Each line but the first is wrong, and its compiler has to say so. */
const wronglyTyped = `import { Server, type ServerOptions } from 'smbkit/server'
export const dialect: ServerOptions['minDialect'] = '4.0'
export const listen = (server: Server) => server.on('connect', ({ nonsense }) => nonsense)
export const incomplete = new Server({ accounts: { find: () => undefined } })
`

let folder = ''
let installed = ''

before(
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'smbkit-package-'))
    await npm(root, 'pack', '--pack-destination', folder)
    const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))
    assert.ok(archive !== undefined)
    installed = join(folder, 'project')
    mkdirSync(installed)
    writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }')
    await npm(installed, 'install', join(folder, archive))
  },
  { timeout: 2 * installTimeoutMs },
)

after(() => rmSync(folder, { recursive: true, force: true }))

test('the package has what it names, and nothing of the workshop', () => {
  const inside = join(installed, 'node_modules/smbkit')
  const manifest = JSON.parse(readFileSync(join(inside, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>
    bin: Record<string, string>
  }
  const named = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  )
  for (const path of [...named, ...Object.values(manifest.bin), 'README.md', 'LICENSE', 'CHANGELOG.md'])
    assert.ok(existsSync(join(inside, path)), path)
  const files = readdirSync(inside, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    files.filter((file) => /(?<!\.d)\.ts$|^(?:src|test|bench|scripts)\b/.test(file)),
    [],
  )
})

for (const major of nodeMajors) {
  test(`a plain ESM project, and the program, under Node ${major}`, { timeout: 2 * installTimeoutMs }, async () => {
    const node = await nodeOf(major)
    assert.match((await run(node, ['--version'])).stdout, new RegExp(`^v${major}\\.`))
    writeFileSync(join(installed, `use-${major}.js`), program)
    const used = await run(node, [`use-${major}.js`], { cwd: installed, timeoutMs: 60_000 })
    assert.equal(used.code, 0, used.output)
    assert.equal(used.stderr, '')
    assert.deepEqual(JSON.parse(used.stdout), {
      dialect: 0x0202,
      seen: 1,
      failed: true,
      words: 'string',
      nbss: 'object',
      names: ['a.txt'],
      content: 'content',
      refused: 'EACCES',
      others: 'function function function function boolean boolean',
    })

    const bin = join(installed, 'node_modules/.bin/smbkit')
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const shown = await run(node, [bin, '--version'])
    assert.equal(shown.output, `${version}\n`)
    // A server that ends by itself: the users file is no users file.
    const refused = await run(node, [bin, 'serve', '.', '--share', 'a=.', '--users', 'package.json', '--port', '0'], {
      cwd: installed,
    })
    assert.equal(refused.code, 1, refused.output)
    assert.match(refused.stderr, /^smbkit: .*package\.json: others can reach/)
    await serveAndEnd(node, bin)
    // What a command loads late is there, too.
    const kerberos = await run(node, [bin, 'ls', '//nas.invalid/x', '--kerberos', 'required', '--ccache', 'FILE:none'])
    assert.match(kerberos.stderr, /^smbkit: \/\/nas\.invalid: /)
    assert.doesNotMatch(kerberos.stderr, /module/)
    const weak = await run(node, [bin, 'ls', '//127.0.0.1:1/x', '--user', 'anna', '--lm-level', '2'], {
      env: { SMBKIT_PASSWORD: 'Anna-1' },
    })
    assert.match(weak.stderr, /^smbkit: note: lmLevel 2: [^\n]*\nsmbkit: [^\n]*127\.0\.0\.1:1[^\n]*\n$/)
  })
}

/** \`smbkit serve\` of the installed package, with a user that it has added, until SIGTERM. */
async function serveAndEnd(node: string, bin: string): Promise<void> {
  const users = join(mkdtempSync(join(folder, 'run-')), 'users')
  const added = await run(node, [bin, 'user', 'add', 'anna', '--users', users, '--password-stdin'], { input: 'secret' })
  assert.equal(added.code, 0, added.output)
  const env = { XDG_RUNTIME_DIR: folder, SMBKIT_PASSWORD: 'secret' }
  // The shell ends the server as soon as it has said that it serves.
  const script = `"$0" "$1" serve --share all=. --users "$2" --port 0 > out-$$ & server=$!
    for i in $(seq 200); do grep -q Serving out-$$ && break; sleep 0.1; done; cat out-$$
    at=//$(sed -n 's/^Serving on \\([0-9.:]*\\);.*/\\1/p' out-$$)/all
    "$0" "$1" put package.json "$at/copy.json" --user anna -q && "$0" "$1" ls "$at/*.json" --user anna --sort name
    kill -TERM $server; wait $server`
  const served = await run('/bin/sh', ['-c', script, node, bin, users], { cwd: installed, env, timeoutMs: 60_000 })
  assert.equal(served.code, 0, served.output)
  assert.match(served.stdout, /^Serving on 127\.0\.0\.1:\d+;[^]*\ncopy\.json\n(?:package-lock\.json\n)?package\.json\n/)
}

test('the example of the README runs as it stands', async () => {
  const [, example = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  // Only its port is another, since this one may be taken; and it ends by itself, by the signal that it waits for.
  const code = `${example.replace('port: 4450', 'port: 0')}\nprocess.kill(process.pid, 'SIGINT')\n`
  writeFileSync(join(installed, 'readme.js'), code)
  const { code: exitCode, output } = await run(process.execPath, ['readme.js'], { cwd: installed })
  assert.match(output, /^listening on 127\.0\.0\.1:\d+\n$/)
  assert.equal(exitCode, 0)
})

for (const compiler of ['the compiler of this project', 'TypeScript 5']) {
  test(`a plain TypeScript project, with ${compiler}`, { timeout: 2 * installTimeoutMs }, async () => {
    const project = join(folder, `typed-${compiler.replaceAll(' ', '-')}`)
    cpSync(installed, project, { recursive: true })
    mkdirSync(join(project, 'node_modules/@types'), { recursive: true })
    for (const name of ['@types/node', 'undici-types'])
      cpSync(join(root, 'node_modules', name), join(project, 'node_modules', name), { recursive: true })
    writeFileSync(join(project, 'index.ts'), typed)
    const options = {
      strict: true,
      target: 'es2023',
      module: 'nodenext',
      types: ['node'],
      skipLibCheck: false,
      noEmit: true,
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['index.ts'] }))
    const compilerFolder =
      compiler === 'TypeScript 5' ? await tool('typescript', '5') : join(root, 'node_modules/typescript')
    const checked = await run(process.execPath, [join(compilerFolder, 'bin/tsc'), '-p', project], {
      timeoutMs: 120_000,
    })
    assert.equal(checked.code, 0, checked.output)
    // Node runs it as it is.
    const started = await run(process.execPath, ['index.ts'], { cwd: project })
    assert.equal(started.code, 0, started.output)
    assert.match(started.stdout, /^true 2\n0n function\n$/)
    writeFileSync(join(project, 'index.ts'), wronglyTyped)
    const refused = await run(process.execPath, [join(compilerFolder, 'bin/tsc'), '-p', project], {
      timeoutMs: 120_000,
    })
    const places = [...refused.stdout.matchAll(/index\.ts\((\d+),\d+\): error/g)].map(([, line]) => line)
    assert.deepEqual(places, ['2', '3', '4'], refused.output)
  })
}
