/** The server that the tests go to, with shares of their own for those that want one. */
import { chmodSync } from 'node:fs'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { MemoryStore } from '../simulation/memory-store.ts'
import { fillPastShare, pastSnapshots } from './past-share.ts'

/** The file that two tests are told to work on. */
const givenFile = 'ranges'

/** What smbtorture has to be told. */
export const optionsOfOwnShares = [
  // That a handle may be asked for with SYNCHRONIZE alone, as from Windows 7 on.
  'torture:win7=yes',
  'torture:acl_xattr_name=NTACL',
  `torture:filename=${givenFile}`,
  'torture:offset=0',
  'torture:beyond_final_zero=4096',
  // The same files by the rules of other clients.
  'torture:share2=share',
]

const shares = [
  { name: 'share', shortNames: true },
  { name: 'past', disk: { snapshots: pastSnapshots } },
  // Without streams and compression.
  { name: 'plain', disk: { namedStreams: false, compression: false }, files: { [givenFile]: 'x'.repeat(8192) } },
  // As smbd has it with vfs_fruit, which its tests ask for.
  { name: 'mac', macos: 'always' as const, folderOf: 'share' },
  { name: 'backups', timeMachine: true, timeMachineMaxBytes: 32_768 },
  { name: 'quiet', changeNotify: false },
  { name: 'available', continuouslyAvailable: true },
  // The names of these two are in the tests.
  { name: 'hideunread', accessBasedEnumeration: true },
  { name: 'noperm' },
]

export async function startWithOwnShares(): Promise<OurServer & { readonly places: readonly string[] }> {
  const server = await startOurServer({
    backend: 'disk',
    shares,
    server: { allowAnonymous: true, macModel: 'MacSamba', openStore: new MemoryStore() },
  })
  await fillPastShare(server.folder('past') as string)
  chmodSync(server.folder('noperm') as string, 0)
  const place = (share: string, test: string) => `${test}=${server.port}/${share}`
  const at = (share: string, ...tests: readonly string[]) => tests.map((test) => place(share, `smb2.${test}`))
  return {
    ...server,
    places: [
      ...at('past', 'twrp'),
      ...at('quiet', 'change_notify_disabled'),
      ...at(
        'available',
        'replay.replay5',
        'durable-v2-open.persistent-open-oplock',
        'durable-v2-open.persistent-open-lease',
      ),
      ...at('plain', 'create_no_streams', 'ioctl.compress_notsup_get', 'ioctl.compress_notsup_set'),
      place('mac', 'vfs.fruit'),
      place('mac', 'vfs.fruit_file_id'),
      place('backups', 'vfs.fruit_timemachine'),
      ...at('plain', 'set-sparse-ioctl', 'zero-data-ioctl'),
    ],
  }
}
