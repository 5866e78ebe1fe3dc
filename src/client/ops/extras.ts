import { dateFromFiletime, type Filetime, filetimeFromDate } from '../../bytes/filetime.ts'
import { viewOf } from '../../bytes/utf16.ts'
import {
  AccessMask,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  MAX_SECURITY_DESCRIPTOR_BYTES,
  SecurityControl,
  type SecurityDescriptor,
  SecurityInformation,
} from '../../wire/dtyp/index.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  FileFullEaInformation,
  FileGetQuotaInformation,
  FileInformationClass,
  FileQuotaInformation,
  FileStreamInformation,
} from '../../wire/fscc/index.ts'
import {
  CreateOptions,
  FsctlCode,
  InfoType,
  QueryInfoFlags,
  QueryQuotaInfo,
  SrvSnapshotArray,
} from '../../wire/smb2/index.ts'
import type { CallOptions } from '../api/options.ts'
import type { Quota, Snapshot, StreamListing } from '../api/share.ts'
import { ioctlCall, queryInfoCall, setInfoCall } from '../calls/information.ts'
import { StatusError, UsageError } from '../errors.ts'
import { narrow } from '../narrow.ts'
import { once } from '../spot.ts'
import type { Volume } from '../volume.ts'

const A = AccessMask
const LIST_BYTES = 64 * 1024

/** The streams of a file; '' is its own content. */
export const streams = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<StreamListing[]> =>
  volume.at(path, 'streams', async (spot) => {
    const { results } = await once(
      spot,
      { access: A.FILE_READ_ATTRIBUTES },
      (fileId) => [
        queryInfoCall(
          {
            fileId,
            infoType: InfoType.FILE,
            infoClass: FileInformationClass.FileStreamInformation,
            outputBytes: LIST_BYTES,
          },
          spot.occasion,
          streamsIn,
        ),
      ],
      { signal, repeatable: true },
    )
    return results[0]
  })

const streamsIn = (output: Uint8Array): StreamListing[] =>
  FileStreamInformation.decode(viewOf(output)).entries.map(({ streamName, streamSize, streamAllocationSize }) => ({
    // `:name:$DATA`; the file's own content is `::$DATA`.
    name: streamName.replace(/^:/, '').replace(/:\$DATA$/i, ''),
    size: narrow(streamSize, 'FILE_STREAM_INFORMATION.streamSize'),
    allocationSize: narrow(streamAllocationSize, 'FILE_STREAM_INFORMATION.streamAllocationSize'),
  }))

export const extendedAttributes = (
  volume: Volume,
  path: string,
  { signal }: CallOptions = {},
): Promise<Map<string, Buffer>> =>
  volume.at(path, 'extendedAttributes', async (spot) => {
    const { results } = await once(
      spot,
      { access: A.FILE_READ_EA | A.FILE_READ_ATTRIBUTES },
      (fileId) => [
        queryInfoCall(
          {
            fileId,
            infoType: InfoType.FILE,
            infoClass: FileInformationClass.FileFullEaInformation,
            outputBytes: LIST_BYTES,
            flags: QueryInfoFlags.RESTART_SCAN,
            accepts: [NtStatus.NO_EAS_ON_FILE],
          },
          spot.occasion,
          (output) =>
            new Map(
              FileFullEaInformation.decode(viewOf(output)).entries.map(({ eaName, eaValue }) => [
                eaName,
                Buffer.from(eaValue),
              ]),
            ),
        ),
      ],
      { signal, repeatable: true },
    )
    return results[0]
  })

export const setExtendedAttributes = (
  volume: Volume,
  path: string,
  attributes: Iterable<readonly [name: string, value: Uint8Array]>,
  { signal }: CallOptions = {},
): Promise<void> =>
  volume.at(path, 'setExtendedAttributes', async (spot) => {
    const entries = Array.from(attributes, ([eaName, eaValue]) => {
      if (eaName === '' || eaName.length > 255 || /[^\x20-\x7e]/.test(eaName))
        throw new UsageError('EINVAL', 'The name of an attribute has 1 to 255 characters of ASCII.', spot.occasion)
      return { flags: 0, eaName, eaValue }
    })
    if (entries.length === 0) return
    const buffer = FileFullEaInformation.encode({ entries })
    await once(
      spot,
      { access: A.FILE_WRITE_EA | A.FILE_READ_ATTRIBUTES },
      (fileId) => [
        setInfoCall(
          { fileId, infoType: InfoType.FILE, infoClass: FileInformationClass.FileFullEaInformation, buffer },
          spot.occasion,
        ),
      ],
      { signal, repeatable: true },
    )
  })

export interface SecurityOptions extends CallOptions {
  readonly sacl?: boolean
}

export const securityDescriptor = (
  volume: Volume,
  path: string,
  { sacl = false, signal }: SecurityOptions = {},
): Promise<SecurityDescriptor> =>
  volume.at(path, 'securityDescriptor', async (spot) => {
    const I = SecurityInformation
    const additional = I.OWNER | I.GROUP | I.DACL | (sacl ? I.SACL : 0)
    const access = A.READ_CONTROL | A.FILE_READ_ATTRIBUTES | (sacl ? A.ACCESS_SYSTEM_SECURITY : 0)
    const { live } = await spot.tree.ready(signal)
    const outputBytes = Math.min(MAX_SECURITY_DESCRIPTOR_BYTES, live.negotiated.maxTransactBytes)
    const { results } = await once(
      spot,
      { access },
      (fileId) => [
        queryInfoCall(
          { fileId, infoType: InfoType.SECURITY, infoClass: 0, additional, outputBytes },
          spot.occasion,
          // Of its own: the bytes are gone afterwards.
          (output) => decodeSecurityDescriptor(output.slice()),
        ),
      ],
      { signal, repeatable: true },
    )
    return results[0]
  })

/** Owner, group and lists that are there; a protected list is said to be so. */
export const setSecurityDescriptor = (
  volume: Volume,
  path: string,
  descriptor: SecurityDescriptor,
  { signal }: CallOptions = {},
): Promise<void> =>
  volume.at(path, 'setSecurityDescriptor', async (spot) => {
    const I = SecurityInformation
    let additional = 0
    let access: number = A.FILE_READ_ATTRIBUTES
    if (descriptor.owner !== undefined) additional |= I.OWNER
    if (descriptor.group !== undefined) additional |= I.GROUP
    if ((additional & (I.OWNER | I.GROUP)) !== 0) access |= A.WRITE_OWNER
    if (descriptor.dacl !== undefined) {
      const isProtected = (descriptor.control & SecurityControl.DACL_PROTECTED) !== 0
      additional |= I.DACL | (isProtected ? I.PROTECTED_DACL : I.UNPROTECTED_DACL)
      access |= A.WRITE_DAC
    }
    if (descriptor.sacl !== undefined) {
      additional |= I.SACL
      access |= A.ACCESS_SYSTEM_SECURITY
    }
    await once(
      spot,
      { access },
      (fileId) => [
        setInfoCall(
          {
            fileId,
            infoType: InfoType.SECURITY,
            infoClass: 0,
            additional,
            buffer: encodeSecurityDescriptor(descriptor),
          },
          spot.occasion,
        ),
      ],
      { signal, repeatable: true },
    )
  })

const SNAPSHOT_HEADER_BYTES = 16

/** The previous versions of what is at the path, the newest first. */
export const snapshots = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<Snapshot[]> =>
  volume.at(path, 'snapshots', async (spot) => {
    const ask = async (maxOutputBytes: number) => {
      const { results } = await once(
        spot,
        { access: A.FILE_READ_DATA | A.FILE_READ_ATTRIBUTES },
        (fileId) => [
          ioctlCall({ fileId, ctlCode: FsctlCode.SRV_ENUMERATE_SNAPSHOTS, maxOutputBytes }, spot.occasion, (output) => {
            const { snapShotArraySize, snapShots } = SrvSnapshotArray.decode(viewOf(output))
            return { snapShotArraySize, snapShots }
          }),
        ],
        { signal, repeatable: true },
      )
      return results[0]
    }
    const { live } = await spot.tree.ready(signal)
    // First it is asked how much room they take (MS-SMB2 3.3.5.15.1).
    const { snapShotArraySize } = await ask(SNAPSHOT_HEADER_BYTES)
    if (snapShotArraySize <= 2) return []
    const room = Math.min(SNAPSHOT_HEADER_BYTES + snapShotArraySize, live.negotiated.maxTransactBytes)
    const { snapShots } = await ask(room)
    return snapShots.split('\0').flatMap((token) => {
      const time = timeOfToken(token)
      return time === undefined ? [] : [{ token, time: dateFromFiletime(time) }]
    })
  })

/** `@GMT-2026.01.31-12.00.00` (MS-SMB2 2.2.32.2); undefined for another text. */
export function timeOfToken(token: string): Filetime | undefined {
  const match = /^@GMT-(\d{4})\.(\d\d)\.(\d\d)-(\d\d)\.(\d\d)\.(\d\d)$/.exec(token)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  return filetimeFromDate(new Date(Date.UTC(year, month - 1, day, hour, minute, second)))
}

/** When a state of the past was. */
export const dateOf = (snapshot: Filetime): Date => dateFromFiletime(snapshot)

/** Windows keeps quotas in a file of its own (MS-FSA 2.1.5.12.17); other servers take the share's root. */
const QUOTA_FILES = ['$Extend\\$Quota:$Q:$INDEX_ALLOCATION', '']
const NO_LIMIT = 0xffff_ffff_ffff_ffffn

export interface QuotaOptions extends CallOptions {
  readonly sids?: readonly string[]
}

export const quotas = (volume: Volume, { sids, signal }: QuotaOptions = {}): Promise<Quota[]> =>
  withQuotaFile(async (name) => {
    const spot = { ...volume.spot('', 'quotas'), name }
    const sidBuffer =
      sids === undefined ? undefined : FileGetQuotaInformation.encode({ entries: sids.map((sid) => ({ sid })) })
    const list = sidBuffer && { sidListLength: sidBuffer.length, sidBuffer }
    const input = QueryQuotaInfo.encode({ restartScan: 1, ...list })
    const { results } = await once(
      spot,
      { access: A.FILE_READ_DATA | A.FILE_READ_ATTRIBUTES },
      (fileId) => [
        queryInfoCall(
          {
            fileId,
            infoType: InfoType.QUOTA,
            infoClass: 0,
            outputBytes: LIST_BYTES,
            input,
            accepts: [NtStatus.NO_MORE_ENTRIES],
          },
          spot.occasion,
          quotasIn,
        ),
      ],
      { signal, repeatable: true },
    )
    return results[0]
  })

function quotasIn(output: Uint8Array): Quota[] {
  // Samba says 0 where there is none; of no use as a limit, it is none on other servers, too.
  const limit = (value: bigint): bigint | undefined => (value === NO_LIMIT || value === 0n ? undefined : value)
  return FileQuotaInformation.decode(viewOf(output)).entries.flatMap((entry) =>
    entry.sid === null
      ? []
      : [
          {
            sid: entry.sid,
            used: entry.quotaUsed,
            threshold: limit(entry.quotaThreshold),
            limit: limit(entry.quotaLimit),
            changed: dateFromFiletime(entry.changeTime),
          },
        ],
  )
}

export interface QuotaChange {
  readonly sid: string
  readonly threshold?: bigint
  readonly limit?: bigint
}

export const setQuotas = (
  volume: Volume,
  changes: readonly QuotaChange[],
  { signal }: CallOptions = {},
): Promise<void> =>
  withQuotaFile(async (name) => {
    const spot = { ...volume.spot('', 'setQuotas'), name }
    const entries = changes.map(({ sid, threshold = NO_LIMIT, limit = NO_LIMIT }) => ({
      changeTime: 0n,
      quotaUsed: 0n,
      quotaThreshold: threshold,
      quotaLimit: limit,
      sid,
    }))
    const buffer = FileQuotaInformation.encode({ entries })
    await once(
      spot,
      { access: A.FILE_READ_DATA | A.FILE_WRITE_DATA },
      (fileId) => [setInfoCall({ fileId, infoType: InfoType.QUOTA, infoClass: 0, buffer }, spot.occasion)],
      { signal, repeatable: true },
    )
  })

async function withQuotaFile<T>(work: (name: string) => Promise<T>): Promise<T> {
  let first: unknown
  for (const name of QUOTA_FILES) {
    try {
      return await work(name)
    } catch (error) {
      // Of what is no answer of the server's the second would say the same.
      if (!(error instanceof StatusError)) throw error
      first ??= error
    }
  }
  throw first
}

export interface FsctlOptions extends CallOptions {
  readonly maxOutputBytes?: number
}

/** Control codes say in their own bits what right they need (MS-FSCC 2.3). */
const rightsOf = (code: number): number =>
  ((code & 0x4000) !== 0 ? A.FILE_READ_DATA : 0) | ((code & 0x8000) !== 0 ? A.FILE_WRITE_DATA : 0)

export const fsctl = (
  volume: Volume,
  path: string,
  code: number,
  input: Uint8Array | undefined,
  { maxOutputBytes = LIST_BYTES, signal }: FsctlOptions = {},
): Promise<Buffer> =>
  volume.at(path, 'fsctl', async (spot) => {
    const { results } = await once(
      spot,
      { access: rightsOf(code) | A.FILE_READ_ATTRIBUTES | A.SYNCHRONIZE, options: CreateOptions.OPEN_REPARSE_POINT },
      (fileId) => [
        ioctlCall({ fileId, ctlCode: code, ...(input && { input }), maxOutputBytes }, spot.occasion, (output) =>
          Buffer.from(output),
        ),
      ],
      { signal },
    )
    return results[0]
  })
