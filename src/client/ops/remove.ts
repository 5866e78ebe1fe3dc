import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CreateOptions } from '../../wire/smb2/index.ts'
import type { RmOptions } from '../api/share.ts'
import { joinShown } from '../paths.ts'
import type { Spot } from '../spot.ts'
import type { Dirent } from '../stats.ts'
import { together } from '../transfer.ts'
import type { Volume } from '../volume.ts'
import { listFolder } from './listing.ts'
import { statsOfItself } from './metadata.ts'
import { hasStatus, makeRemovable, removeAt } from './names.ts'

const N = NtStatus
const IS_GONE = [N.OBJECT_NAME_NOT_FOUND, N.OBJECT_PATH_NOT_FOUND, N.DELETE_PENDING] as const
/** What keeps a folder from being empty for a moment: a file that goes when somebody else closes it. */
const MAX_EMPTY_TRIES = 5
const EMPTY_RETRY_MS = 50

/** Links are removed, and never followed. */
export const rm = (volume: Volume, path: string, options: RmOptions = {}): Promise<void> =>
  volume.at(path, 'rm', async (spot) => {
    const { force = false, recursive = false, signal } = options
    try {
      const stats = await statsOfItself(spot, signal)
      const isFolder = stats.isDirectory()
      if (isFolder && recursive) await removeFolder(volume, path, options)
      else await removeOne(spot, isLikeFolder(stats.attributes), options)
    } catch (error) {
      if (!force || !hasStatus(error, ...IS_GONE)) throw error
    }
  })

const DIRECTORY = 0x10
/** A link to a folder is removed as one. */
const isLikeFolder = (attributes: number): boolean => (attributes & DIRECTORY) !== 0

async function removeOne(spot: Spot, isFolder: boolean, { force = false, signal }: RmOptions): Promise<void> {
  const kind = isFolder ? CreateOptions.DIRECTORY_FILE : CreateOptions.NON_DIRECTORY_FILE
  try {
    await removeAt(spot, kind, signal)
  } catch (error) {
    // A file that is read-only cannot be removed before it is so no more.
    if (!force || !hasStatus(error, N.CANNOT_DELETE, N.ACCESS_DENIED)) throw error
    await makeRemovable(spot, signal)
    await removeAt(spot, kind, signal)
  }
}

async function removeFolder(volume: Volume, path: string, options: RmOptions): Promise<void> {
  const { signal } = options
  const entries = await listFolder(volume, path, 'rm', signal ? { signal } : {})
  await together(entries.length, volume.settings.limits.maxFilesAtOnce, (index) =>
    removeEntry(volume, path, entries[index] as Dirent, options),
  )
  for (let tries = 1; ; tries++) {
    try {
      return await volume.at(path, 'rm', (spot) => removeOne(spot, true, options))
    } catch (error) {
      if (tries >= MAX_EMPTY_TRIES || !hasStatus(error, N.DIRECTORY_NOT_EMPTY)) throw error
      await volume.tree.link.pause(EMPTY_RETRY_MS)
    }
  }
}

async function removeEntry(volume: Volume, folder: string, entry: Dirent, options: RmOptions): Promise<void> {
  const path = joinShown(folder, entry.name)
  try {
    if (entry.isDirectory()) return await removeFolder(volume, path, options)
    await volume.at(path, 'rm', (spot) => removeOne(spot, isLikeFolder(entry.stats.attributes), options))
  } catch (error) {
    // Somebody else was quicker: it is gone, as it was to be.
    if (!hasStatus(error, ...IS_GONE)) throw error
  }
}
