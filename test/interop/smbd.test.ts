/**
 * One folder served by smbkit and by smbd: what the one keeps of a file (attributes, times, streams, extended
 * attributes, security descriptors) the other shows, both ways, so that a folder can move between the two.
 */
import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { withFolder } from '../peers/content.ts'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { needsPeer, python } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { type SmbclientTarget, smbclient } from '../peers/smbclient.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'

const share = 'files'
/** The same folder on smbd, there with the access lists of the system: a descriptor counts while they are as they were. */
const heeding = 'heeding'

let ours: OurServer
let smbd: Smbd

async function succeed(target: SmbclientTarget, commands: string, cwd: string): Promise<string> {
  const result = await smbclient(target, commands, { share, cwd })
  assert.equal(result.code, 0, result.output)
  assert.doesNotMatch(result.output, /NT_STATUS_/, commands)
  return result.stdout
}

async function impacket(
  target: SmbclientTarget,
  scenario: string,
  argument: string,
  shareName: string = share,
): Promise<string> {
  const args = [join(import.meta.dirname, 'impacket-client.py'), target.host, String(target.port)]
  args.push(target.user, target.password, shareName, '3.0', scenario, argument)
  const result = await run(python, args, { env: { PYTHONWARNINGS: 'ignore' } })
  assert.equal(result.code, 0, `${scenario}: ${result.output}`)
  return result.stdout
}

/** Self-relative, an access list alone: Everyone may all, Guests may read. */
const descriptor =
  '0100048000000000000000000000000014000000' +
  '0200340002000000' +
  '00001400ff011f00010100000000000100000000' +
  '000018008900120001020000000000052000000022020000'

/** The lines of allinfo that both servers are to agree on: not the short name, which each makes in its own way. */
const kept = (allinfo: string) =>
  allinfo
    .split('\n')
    .filter((line) => /^(create_time|write_time|attributes|stream):/.test(line))
    .toSorted()

describe('a folder that smbkit and smbd share', needsPeer('smbd', 'smbpasswd', 'smbclient', 'impacket'), () => {
  before(async () => {
    ours = await startOurServer({ backend: 'disk', shares: [{ name: share }] })
    const path = ours.folder(share)
    assert.ok(path !== undefined)
    // smbd serves it as another user.
    chmodSync(join(path, '..'), 0o755)
    smbd = await startSmbd({
      global: { 'ea support': 'yes', 'store dos attributes': 'yes' },
      shares: [
        {
          name: share,
          path,
          options: { 'vfs objects': 'acl_xattr streams_xattr', 'acl_xattr:ignore system acls': 'yes' },
        },
        { name: heeding, path, options: { 'vfs objects': 'acl_xattr streams_xattr' } },
      ],
    })
  })
  after(async () => {
    await smbd.stop()
    await ours.stop()
  })

  for (const [from, name] of [
    ['smbkit', 'made-here.txt'],
    ['smbd', 'made-there.txt'],
  ] as const) {
    const writer = () => (from === 'smbkit' ? ours : smbd)
    const reader = () => (from === 'smbkit' ? smbd : ours)

    test(`${from} writes: content, attributes, times and streams are the same for the other`, async () => {
      await withFolder(async (cwd) => {
        writeFileSync(join(cwd, 'local'), 'content of the file')
        writeFileSync(join(cwd, 'second'), 'another stream')
        await succeed(writer(), `put local ${name}; put second ${name}:second`, cwd)
        await succeed(
          writer(),
          `utimes ${name} 2001:02:03-04:05:06 -1 2010:11:12-13:14:15 -1; setmode ${name} +hs`,
          cwd,
        )
        const [written, read] = [writer(), reader()].map((server) => succeed(server, `allinfo ${name}`, cwd))
        assert.deepEqual(kept((await read) ?? ''), kept((await written) ?? ''))
        assert.match((await read) ?? '', /attributes: (?=.*H)(?=.*S)(?=.*A)/)
        await succeed(reader(), `get ${name} back; get ${name}:second back-second`, cwd)
        assert.equal(readFileSync(join(cwd, 'back'), 'utf8'), 'content of the file')
        assert.equal(readFileSync(join(cwd, 'back-second'), 'utf8'), 'another stream')
      })
    })

    test(`${from} writes: extended attributes are the same for the other`, async () => {
      await withFolder(async (cwd) => {
        const file = `ea-${name}`
        writeFileSync(join(cwd, 'local'), '')
        await succeed(writer(), `put local ${file}; setea ${file} COLOUR blue`, cwd)
        assert.match(await succeed(reader(), `geteas ${file}`, cwd), /COLOUR.*\n.*blue/i)
      })
    })

    test(`${from} writes: a security descriptor is the same for the other`, async () => {
      await withFolder(async (cwd) => {
        const file = `acl-${name}`
        writeFileSync(join(cwd, 'local'), 'content')
        await succeed(writer(), `put local ${file}`, cwd)
        await impacket(writer(), 'setDescriptor', `${file}:${descriptor}`)
        const there = await impacket(writer(), 'descriptor', file)
        // Guests may read: the last entry of the list.
        assert.match(there, /8900120001020000000000052000000022020000/)
        assert.equal(await impacket(reader(), 'descriptor', file), there)
        if (from === 'smbkit') assert.equal(await impacket(smbd, 'descriptor', file, heeding), there)
      })
    })
  }
})
