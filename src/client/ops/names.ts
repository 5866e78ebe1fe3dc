import { randomInt } from 'node:crypto'
import type { Filetime } from '../../bytes/filetime.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import { CreateDisposition, CreateOptions, InfoType } from '../../wire/smb2/index.ts'
import type { CallOptions } from '../api/options.ts'
import { setInfoCall } from '../calls/information.ts'
import { StatusError, UsageError } from '../errors.ts'
import {
  basicInformation,
  changedAttributes,
  dispositionInformation,
  type FileInformation,
  linkInformation,
  renameInformation,
} from '../information.ts'
import { parentOf, shownPath, wirePath } from '../paths.ts'
import { once, type Spot } from '../spot.ts'
import type { Volume } from '../volume.ts'
import { findingOut, isFromBefore, lookAt, type Outcome } from './find-out.ts'

const { DELETE, FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, SYNCHRONIZE } = AccessMask

export const hasStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  error instanceof StatusError && statuses.includes(error.status)

/** `anyWill`: a folder that is there is as good as one that was made; nobody else can have meant it, or it is no matter. */
async function makeFolder(spot: Spot, signal: AbortSignal | undefined, anyWill: boolean): Promise<void> {
  const how = {
    access: FILE_READ_ATTRIBUTES | SYNCHRONIZE,
    disposition: CreateDisposition.CREATE,
    options: CreateOptions.DIRECTORY_FILE,
    attributes: FileAttributes.DIRECTORY,
  }
  const look = async (asked: Filetime): Promise<Outcome> => {
    const found = await lookAt(spot, signal)
    if (found === undefined) return 'notDone'
    if (anyWill && found.isDirectory()) return 'done'
    // What was in the way before is in the way again.
    return isFromBefore(found, asked) ? 'notDone' : 'unknown'
  }
  await findingOut(spot, () => once(spot, how, () => [], { signal }), look)
}

export interface MkdirOptions extends CallOptions {
  readonly recursive?: boolean
}

/** With `recursive`: the first folder that was made, if one was. */
export async function mkdir(volume: Volume, path: string, options: MkdirOptions = {}): Promise<string | undefined> {
  const { recursive = false, signal } = options
  const make = (folder: string): Promise<void> =>
    volume.at(folder, 'mkdir', (spot) => makeFolder(spot, signal, recursive))
  if (!recursive) {
    await make(path)
    return undefined
  }
  return makeAll(volume, shownPath(wirePath(path, 'mkdir')), make, options)
}

async function makeAll(
  volume: Volume,
  path: string,
  make: (folder: string) => Promise<void>,
  options: CallOptions,
): Promise<string | undefined> {
  if (path === '') return undefined
  try {
    await make(path)
    return path
  } catch (error) {
    if (hasStatus(error, NtStatus.OBJECT_NAME_COLLISION)) {
      await ensureFolder(volume, path, error, options)
      return undefined
    }
    if (!hasStatus(error, NtStatus.OBJECT_PATH_NOT_FOUND)) throw error
  }
  const first = await makeAll(volume, shownPath(parentOf(wirePath(path))), make, options)
  try {
    await make(path)
  } catch (error) {
    // Somebody else has made it meanwhile.
    if (!hasStatus(error, NtStatus.OBJECT_NAME_COLLISION)) throw error
    await ensureFolder(volume, path, error, options)
  }
  return first ?? path
}

/** What is in the way is the folder that was wanted, or an error. */
async function ensureFolder(volume: Volume, path: string, error: unknown, { signal }: CallOptions): Promise<void> {
  try {
    await volume.at(path, 'mkdir', (spot) =>
      once(spot, { access: FILE_READ_ATTRIBUTES, options: CreateOptions.DIRECTORY_FILE }, () => [], {
        signal,
        repeatable: true,
      }),
    )
  } catch (problem) {
    throw hasStatus(problem, NtStatus.NOT_A_DIRECTORY) ? error : problem
  }
}

const TEMPORARY_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const TEMPORARY_LENGTH = 6
const MAX_TEMPORARY_TRIES = 100

export async function mkdtemp(volume: Volume, prefix: string, options: CallOptions = {}): Promise<string> {
  for (let tries = 0; ; tries++) {
    let path = prefix
    for (let i = 0; i < TEMPORARY_LENGTH; i++) path += TEMPORARY_LETTERS[randomInt(TEMPORARY_LETTERS.length)] as string
    try {
      await volume.at(path, 'mkdtemp', (spot) => makeFolder(spot, options.signal, true))
      return path
    } catch (error) {
      if (tries >= MAX_TEMPORARY_TRIES || !hasStatus(error, NtStatus.OBJECT_NAME_COLLISION)) throw error
    }
  }
}

/** Removes one file, link or empty folder; `options`: which of them it may be. */
export async function removeAt(spot: Spot, options: number, signal?: AbortSignal): Promise<void> {
  const how = { access: DELETE | FILE_READ_ATTRIBUTES, options: options | CreateOptions.OPEN_REPARSE_POINT }
  const work = () =>
    once(
      spot,
      how,
      (fileId) => [setInfoCall({ fileId, infoType: InfoType.FILE, ...dispositionInformation(true) }, spot.occasion)],
      { signal },
    )
  await findingOut(spot, work, async (asked) => {
    const found = await lookAt(spot, signal)
    if (found === undefined) return 'done'
    return isFromBefore(found, asked) ? 'notDone' : 'unknown'
  })
}

/** Takes READONLY away, which forbids removing. */
export async function makeRemovable(spot: Spot, signal?: AbortSignal): Promise<void> {
  const access = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES
  const how = { access, options: CreateOptions.OPEN_REPARSE_POINT }
  const { opened } = await once(spot, { ...how, access: FILE_READ_ATTRIBUTES }, () => [], { signal, repeatable: true })
  const attributes = changedAttributes(opened.fileAttributes, { clear: FileAttributes.READONLY })
  const information = basicInformation({ attributes })
  await once(spot, how, (fileId) => [setInfoCall({ fileId, infoType: InfoType.FILE, ...information }, spot.occasion)], {
    signal,
    repeatable: true,
  })
}

export const unlink = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<void> =>
  volume.at(path, 'unlink', (spot) => removeAt(spot, CreateOptions.NON_DIRECTORY_FILE, signal))

export const rmdir = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<void> =>
  volume.at(path, 'rmdir', (spot) => removeAt(spot, CreateOptions.DIRECTORY_FILE, signal))

/** A change of a file's names: SET_INFO on what is opened for it. */
function changeNames(spot: Spot, access: number, information: FileInformation, signal: AbortSignal | undefined) {
  const how = { access: access | FILE_READ_ATTRIBUTES | SYNCHRONIZE, options: CreateOptions.OPEN_REPARSE_POINT }
  return once(
    spot,
    how,
    (fileId) => [setInfoCall({ fileId, infoType: InfoType.FILE, ...information }, spot.occasion)],
    { signal },
  )
}

export interface RenameOptions extends CallOptions {
  readonly replace?: boolean
}

export const rename = (volume: Volume, from: string, to: string, options: RenameOptions = {}): Promise<void> =>
  volume.at(
    from,
    'rename',
    async (spot) => {
      const { replace = true, signal } = options
      const name = await volume.destination(to, 'rename', spot)
      // Servers say so by ACCESS_DENIED.
      if (name.startsWith(`${spot.name}\\`))
        throw new UsageError('EINVAL', 'A folder cannot be moved into itself.', spot.occasion)
      const { cache } = spot.tree.link
      await cache.beforeChange(spot.tree, name, { access: DELETE })
      const work = () => changeNames(spot, DELETE, renameInformation(name, replace), signal)
      await findingOut(spot, work, async (asked) => {
        const found = await lookAt(spot, signal)
        if (found !== undefined) return isFromBefore(found, asked) ? 'notDone' : 'unknown'
        return (await lookAt({ ...spot, name }, signal)) === undefined ? 'unknown' : 'done'
      })
      cache.renamed(spot.tree, spot.name, name)
    },
    to,
  )

export const link = (volume: Volume, existing: string, path: string, { signal }: CallOptions = {}): Promise<void> =>
  volume.at(
    existing,
    'link',
    async (spot) => {
      const name = await volume.destination(path, 'link', spot)
      const work = () => changeNames(spot, FILE_WRITE_ATTRIBUTES, linkInformation(name, false), signal)
      await findingOut(spot, work, async () => {
        const [from, to] = [await lookAt(spot, signal), await lookAt({ ...spot, name }, signal)]
        if (from !== undefined && from.ino === 0n) return 'unknown'
        // Another file of that name is in the way again.
        return from !== undefined && to?.ino === from.ino ? 'done' : 'notDone'
      })
      spot.tree.link.cache.changed(spot.tree, name)
    },
    path,
  )
