/** tshark reads what the server writes with POSIX extensions. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'node:test'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { FileInformationClass } from '../../src/wire/fscc/index.ts'
import { CreateContextName, NegotiateContextType, PosixCreateRequest } from '../../src/wire/smb2/index.ts'
import { writeCapture } from '../peers/capture-file.ts'
import { needsPeer } from '../peers/peer.ts'
import { preauthContext } from '../simulation/client.ts'
import { create, queryDirectory } from '../simulation/files.ts'
import { record } from '../simulation/record.ts'
import { scenario, succeeded, World } from '../simulation/world.ts'
import { tshark } from '../vectors/smb2-capture.ts'

const GUID = Uint8Array.from(CreateContextName.POSIX, (character) => character.charCodeAt(0))

suite('tshark', needsPeer('tshark'), () => {
  scenario('finds negotiation, create context and listing', {}, async (outer) => {
    const top = mkdtempSync(join(tmpdir(), 'smbkit-posix-tshark-'))
    const folder = join(top, 'share')
    mkdirSync(folder)
    writeFileSync(join(folder, 'x:y'), 'twelve bytes')
    chmodSync(join(folder, 'x:y'), 0o640)
    mkdirSync(join(folder, 'inner'), 0o755)
    const backend = diskBackend(folder)
    const world = new World({ shares: [{ name: 'data', backend }] }, outer.seed)
    try {
      const client = world.connect()
      const pieces = record(client)
      const posix = { contextType: NegotiateContextType.POSIX_EXTENSIONS, data: GUID }
      succeeded(await client.negotiate({ contexts: [preauthContext(), posix] }))
      await client.logon()
      await client.useShare('data')
      const createContexts = [{ name: CreateContextName.POSIX, data: PosixCreateRequest.encode({ mode: 0o750 }) }]
      await create(client, { name: 'made', createContexts })
      const root = await create(client, { name: '', createContexts, createOptions: 1 })
      const fileInformationClass = FileInformationClass.FilePosixInformation
      succeeded(await queryDirectory(client, root, { fileInformationClass }))
      await world.end()
      const capture = join(top, 'posix.pcap')
      writeCapture(capture, pieces)
      const fields = (filter: string, ...names: string[]): string[][] =>
        tshark(['-r', capture, '-Y', filter, '-T', 'fields', ...names.flatMap((name) => ['-e', name])])
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split('\t'))
      const offered = fields('smb2.cmd == 0', 'smb2.negotiate_context.type')
      assert.ok(offered.length === 2 && offered.every(([types]) => types?.split(',').includes('0x0100')))
      // tshark writes modes in decimal: 0o750, 0o640.
      assert.deepEqual(fields('smb2.cmd == 5 && smb2.flags.response == 1', 'smb2.posix_perms')[0], ['488'])
      const { uid, gid } = statSync(folder)
      const listing = fields(
        'smb2.cmd == 14 && smb2.flags.response == 1',
        'smb2.filename',
        'smb2.posix_perms',
        'smb2.eof',
        'smb2.allocation_size',
        'nt.sid',
      )
      const [names = '', modes = '', eofs = '', allocations = '', sids = ''] = listing[0] ?? []
      const byName = new Map(names.split(',').map((name, i) => [name, i]))
      assert.deepEqual([...byName.keys()].toSorted(), ['.', '..', 'inner', 'made', 'x:y'])
      const at = byName.get('x:y') as number
      assert.equal(modes.split(',')[at], '416')
      // tshark 4.0 takes the two sizes for each other.
      const { size, blocks } = statSync(join(folder, 'x:y'))
      const sizes = [eofs, allocations].map((list) => Number(list.split(',')[at]))
      assert.deepEqual(new Set(sizes), new Set([size, blocks * 512]))
      assert.ok(sids.includes(`S-1-22-1-${uid}`) && sids.includes(`S-1-22-2-${gid}`), sids)
      const problems = fields('_ws.malformed || _ws.expert.severity == "Error"', 'frame.number')
      assert.deepEqual(problems, [])
    } finally {
      await backend.close()
      rmSync(top, { recursive: true, force: true })
    }
  })
})
