/**
 * The server that an interop test talks to: ours, with either backend, or smbd where INTEROP_SERVER=smbd says so, which
 * shows whether the test itself is right.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OurBackend, startOurServer } from './our-server.ts'
import type { Peer } from './peer.ts'
import type { SmbclientTarget } from './smbclient.ts'
import { startSmbd } from './smbd.ts'

export interface Target extends SmbclientTarget {
  /** Folder behind a share; undefined where there is none (memory). */
  folder(share: string): string | undefined
  /** Ends the server. Of ours it asserts first that no client has left anything open. */
  stop(): Promise<void>
}

/** `files` and `other` are writable, `fixed` is not and has one file. */
export const shares = { files: 'files', other: 'other', fixed: 'fixed' } as const
export const fixedFile = { name: 'there.txt', content: 'as it was' } as const

export const againstSmbd = process.env['INTEROP_SERVER'] === 'smbd'

export const startTarget = (backend: OurBackend = 'disk'): Promise<Target> =>
  againstSmbd ? startSmbdTarget() : startOurTarget(backend)

/** Both servers, for tests that every server has to pass. */
export const bothTargets = [
  { name: 'smbkit', start: () => startOurTarget('disk'), needs: [] },
  { name: 'smbd', start: () => startSmbdTarget(), needs: ['smbd', 'smbpasswd'] },
] as const satisfies readonly { name: string; start: () => Promise<Target>; needs: readonly Peer[] }[]

export function startOurTarget(backend: OurBackend): Promise<Target> {
  const files = { [fixedFile.name]: fixedFile.content }
  return startOurServer({
    backend,
    shares: [{ name: shares.files }, { name: shares.other }, { name: shares.fixed, readOnly: true, files }],
  })
}

export async function startSmbdTarget(): Promise<Target> {
  const options = { 'vfs objects': 'streams_xattr' }
  const smbd = await startSmbd({
    global: { 'ea support': 'yes' },
    shares: [
      { name: shares.files, options },
      { name: shares.other, options },
      { name: shares.fixed, options: { ...options, 'read only': 'yes' } },
    ],
  })
  writeFileSync(join(smbd.folders.get(shares.fixed) ?? '', fixedFile.name), fixedFile.content)
  return { ...smbd, folder: (share) => smbd.folders.get(share) }
}
