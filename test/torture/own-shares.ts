/** The server that the tests go to, with shares of their own for those that want one. */
import { chmodSync } from 'node:fs'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
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
]

const shares = [
  { name: 'share', shortNames: true },
  { name: 'past', disk: { snapshots: pastSnapshots } },
  // Without streams and compression.
  { name: 'plain', disk: { namedStreams: false, compression: false }, files: { [givenFile]: 'x'.repeat(8192) } },
  { name: 'quiet', changeNotify: false },
  // The names of these two are in the tests.
  { name: 'hideunread', accessBasedEnumeration: true },
  { name: 'noperm' },
]

export async function startWithOwnShares(): Promise<OurServer & { readonly places: readonly string[] }> {
  const server = await startOurServer({ backend: 'disk', shares, server: { allowAnonymous: true } })
  await fillPastShare(server.folder('past') as string)
  chmodSync(server.folder('noperm') as string, 0)
  const at = (share: string, ...tests: readonly string[]) => tests.map((test) => `smb2.${test}=${server.port}/${share}`)
  return {
    ...server,
    places: [
      ...at('past', 'twrp'),
      ...at('quiet', 'change_notify_disabled'),
      ...at('plain', 'create_no_streams', 'ioctl.compress_notsup_get', 'ioctl.compress_notsup_set'),
      ...at('plain', 'set-sparse-ioctl', 'zero-data-ioctl'),
    ],
  }
}
