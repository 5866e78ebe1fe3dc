import { constants } from 'node:fs'
import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  FileAllInformation,
  FileAttributes,
  FileAttributeTagInformation,
  FileInformationClass,
  FileNormalizedNameInformation,
} from '../../wire/fscc/index.ts'
import {
  CreateContextName,
  CreateOptions,
  type FileId,
  InfoType,
  MaximalAccessResponse,
} from '../../wire/smb2/index.ts'
import type { CallOptions } from '../api/options.ts'
import type { AttributeChange, FileTimes } from '../api/share.ts'
import { factsAt } from '../cache/by-name.ts'
import type { Call } from '../call.ts'
import { allCall } from '../calls/facts.ts'
import { queryStructCall, setInfoCall } from '../calls/information.ts'
import { type Occasion, StatusError } from '../errors.ts'
import { basicInformation, changedAttributes, endOfFileInformation, type FileInformation } from '../information.ts'
import { shownPath } from '../paths.ts'
import { once, type Spot } from '../spot.ts'
import { Stats } from '../stats.ts'
import type { Volume } from '../volume.ts'

/** Room for a name: one credit's worth. */
const NAMED_BYTES = 64 * 1024
const { FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, SYNCHRONIZE } = AccessMask

const tagCall = (fileId: FileId, occasion: Occasion): Call<number> =>
  queryStructCall(
    {
      fileId,
      infoType: InfoType.FILE,
      infoClass: FileInformationClass.FileAttributeTagInformation,
      outputBytes: FileAttributeTagInformation.size,
    },
    FileAttributeTagInformation,
    occasion,
    ({ reparseTag }) => reparseTag,
  )

/** Of what a link leads to. */
export const stat = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<Stats> =>
  volume.at(path, 'stat', async (spot) => {
    return new Stats(await factsAt(spot, signal))
  })

/** Of a link itself. */
export const lstat = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<Stats> =>
  volume.at(path, 'lstat', (spot) => statsOfItself(spot, signal))

export async function statsOfItself(spot: Spot, signal: AbortSignal | undefined): Promise<Stats> {
  const how = { access: FILE_READ_ATTRIBUTES, options: CreateOptions.OPEN_REPARSE_POINT }
  const options = { signal, repeatable: true }
  const { results } = await once(spot, how, (fileId) => [allCall(fileId, spot.occasion)], options)
  const [facts] = results
  if ((facts.fileAttributes & FileAttributes.REPARSE_POINT) === 0) return new Stats(facts)
  const tagged = await once(spot, how, (fileId) => [tagCall(fileId, spot.occasion)], options)
  return new Stats({ ...facts, reparseTag: tagged.results[0] })
}

const F = AccessMask
const MODES: readonly (readonly [mode: number, rights: number])[] = [
  [constants.R_OK, F.FILE_READ_DATA],
  [constants.W_OK, F.FILE_WRITE_DATA],
  [constants.X_OK, F.FILE_EXECUTE],
]

/** Whether this user may do what `mode` says, by the file's access list. */
export const access = (volume: Volume, path: string, mode: number, { signal }: CallOptions = {}): Promise<void> =>
  volume.at(path, 'access', async (spot) => {
    const contexts = [{ name: CreateContextName.MAXIMAL_ACCESS, data: new Uint8Array(0) }]
    const { opened } = await once(spot, { access: FILE_READ_ATTRIBUTES, contexts }, () => [], {
      signal,
      repeatable: true,
    })
    const data = opened.contexts.get(CreateContextName.MAXIMAL_ACCESS)
    if (data === undefined) return
    const { maximalAccess, queryStatus } = MaximalAccessResponse.decode(viewOf(data))
    if (queryStatus !== NtStatus.SUCCESS) return
    const isReadOnly = (opened.fileAttributes & FileAttributes.READONLY) !== 0
    for (const [bit, right] of MODES) {
      const isDenied = (maximalAccess & right) === 0 || (bit === constants.W_OK && isReadOnly)
      if ((mode & bit) !== 0 && isDenied) throw new StatusError(NtStatus.ACCESS_DENIED, 'CREATE', spot.occasion)
    }
  })

/** The path as the server spells it. */
export const realpath = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<string> =>
  volume.at(path, 'realpath', async (spot) => {
    const ask = (read: (fileId: FileId) => Call<string>) =>
      once(spot, { access: FILE_READ_ATTRIBUTES }, (fileId) => [read(fileId)], { signal, repeatable: true })
    const named = (fileId: FileId, infoClass: number) => ({
      fileId,
      infoType: InfoType.FILE,
      infoClass,
      outputBytes: NAMED_BYTES,
    })
    const N = FileInformationClass.FileNormalizedNameInformation
    const A = FileInformationClass.FileAllInformation
    try {
      const { results } = await ask((fileId) =>
        queryStructCall(named(fileId, N), FileNormalizedNameInformation, spot.occasion, ({ fileName }) => fileName),
      )
      return plain(results[0])
    } catch (error) {
      // Only 3.1.1 has it, and not on every file system.
      if (!(error instanceof StatusError) || !WITHOUT_NORMALIZED.has(error.status)) throw error
    }
    const { results } = await ask((fileId) =>
      queryStructCall(named(fileId, A), FileAllInformation, spot.occasion, ({ fileName }) => fileName),
    )
    return plain(results[0])
  })

const WITHOUT_NORMALIZED: ReadonlySet<number> = new Set([
  NtStatus.INVALID_INFO_CLASS,
  NtStatus.NOT_SUPPORTED,
  NtStatus.INVALID_PARAMETER,
])

const plain = (name: string): string => shownPath(name.replace(/^\\+/, ''))

function set(
  volume: Volume,
  path: string,
  operation: string,
  rights: number,
  information: FileInformation,
  signal: AbortSignal | undefined,
): Promise<void> {
  return volume.at(path, operation, async (spot) => {
    await once(
      spot,
      { access: rights | SYNCHRONIZE },
      (fileId) => [setInfoCall({ fileId, infoType: InfoType.FILE, ...information }, spot.occasion)],
      { signal, repeatable: true },
    )
  })
}

export async function truncate(
  volume: Volume,
  path: string,
  length: number,
  { signal }: CallOptions = {},
): Promise<void> {
  await set(volume, path, 'truncate', FILE_WRITE_DATA, endOfFileInformation(length), signal)
}

export async function setTimes(
  volume: Volume,
  path: string,
  times: FileTimes,
  { signal }: CallOptions = {},
  operation = 'setTimes',
): Promise<void> {
  await set(volume, path, operation, FILE_WRITE_ATTRIBUTES, basicInformation(times), signal)
}

export async function setAttributes(
  volume: Volume,
  path: string,
  change: AttributeChange,
  options: CallOptions = {},
): Promise<void> {
  const attributes =
    typeof change === 'number' ? change : changedAttributes((await stat(volume, path, options)).attributes, change)
  const information = basicInformation({ attributes })
  await set(volume, path, 'setAttributes', FILE_WRITE_ATTRIBUTES, information, options.signal)
}
