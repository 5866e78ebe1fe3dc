/** A share with a snapshot, as `smb2.twrp.*` wants it. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { diskBackend } from '../../src/backends/disk/index.ts'
import { failed } from '../../src/wire/erref/failure.ts'

export const snapshotToken = '@GMT-2026.01.02-03.04.05'
export const pastSnapshots = { path: '.snapshots/*' }
const stream = 'ads'
const streamText = 'in a stream'

/** What smbtorture has to be told. */
export const twrpOptions = [
  `torture:twrp_snapshot=${snapshotToken}`,
  'torture:twrp_file=report.txt',
  `torture:twrp_stream=${stream}`,
  `torture:twrp_stream_size=${streamText.length}`,
]

/** Puts files into the share's folder, as they are and as they were. */
export async function fillPastShare(folder: string): Promise<void> {
  const snapshot = join(folder, '.snapshots', snapshotToken)
  for (const root of [folder, snapshot]) {
    mkdirSync(join(root, 'subdir'), { recursive: true })
    writeFileSync(join(root, 'subdir/hardlink'), 'has one name')
    writeFileSync(join(root, 'report.txt'), root === folder ? 'as it is' : 'as it was')
  }
  const backend = diskBackend(snapshot)
  const how = { disposition: 'openOrCreate', read: false, write: true, stream } as const
  const opened = await backend.open(['report.txt'], how)
  assert.ok(!failed(opened))
  assert.ok(!failed(await opened.file.write(new TextEncoder().encode(streamText), 0, false)))
  await opened.file.close()
  await backend.close()
}
