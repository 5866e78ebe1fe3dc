import type { Failure } from '../wire/erref/failure.ts'
import { failed } from '../wire/erref/failure.ts'
import {
  DeviceCharacteristics,
  DeviceType,
  FileFsAttributeInformation,
  FileFsControlInformation,
  FileFsDeviceInformation,
  FileFsFullSizeInformation,
  FileFsObjectIdInformation,
  FileFsPosixInformation,
  FileFsSectorSizeInformation,
  FileFsSizeInformation,
  FileFsVolumeInformation,
  FileSystemAttributes,
  FsInformationClass,
  SectorSizeFlags,
} from '../wire/fscc/index.ts'
import type { VolumeInfo } from './backend.ts'
import { limitedVolume } from './mac/time-machine.ts'
import { posixVolume } from './posix/information.ts'
import { quotasOf } from './quotas.ts'
import type { Share } from './share.ts'
import { type Steps, wait } from './steps.ts'

/** Classes that end in a name take at the least its first unit, and their alignment to 8 (MS-FSCC 2.5.9, 2.5.1). */
const VOLUME_MINIMUM = 24
const ATTRIBUTE_MINIMUM = 16

/** How one information class of a volume is answered. */
export interface VolumeQuery {
  /** Smallest buffer that is taken. */
  readonly minimum: number
  encode(share: Share): Steps<Uint8Array | Failure>
}

function ofVolume(minimum: number, encode: (volume: VolumeInfo, share: Share) => Uint8Array): VolumeQuery {
  return {
    minimum,
    *encode(share) {
      const volume = yield* wait(share.backend.volume())
      if (failed(volume)) return volume
      const limit = share.options.timeMachineMaxBytes
      return encode(limit === undefined ? volume : yield* limitedVolume(share.backend, volume, limit), share)
    },
  }
}

/** Clients count on the whole structure, also where the name in it is shorter than its padding. */
function atLeast(bytes: number, data: Uint8Array): Uint8Array {
  if (data.length >= bytes) return data
  const padded = new Uint8Array(bytes)
  padded.set(data)
  return padded
}

const unitBytes = (volume: VolumeInfo): number => volume.bytesPerSector * volume.sectorsPerAllocationUnit
const units = (volume: VolumeInfo, bytes: number): bigint => BigInt(Math.floor(bytes / unitBytes(volume)))

function attributesOf({ backend, readOnly }: Share): number {
  const { features } = backend
  const S = FileSystemAttributes
  let attributes = S.CASE_SENSITIVE_SEARCH | S.CASE_PRESERVED_NAMES | S.UNICODE_ON_DISK
  if (features.securityDescriptors) attributes |= S.PERSISTENT_ACLS
  if (features.sparseFiles) attributes |= S.SUPPORTS_SPARSE_FILES
  if (features.namedStreams) attributes |= S.NAMED_STREAMS
  if (features.extendedAttributes) attributes |= S.SUPPORTS_EXTENDED_ATTRIBUTES
  if (features.compression === true) attributes |= S.FILE_COMPRESSION
  if (features.reparsePoints === true) attributes |= S.SUPPORTS_REPARSE_POINTS
  if (features.properties === true) attributes |= S.SUPPORTS_OBJECT_IDS | S.VOLUME_QUOTAS
  // Where the backend cannot share room, the server copies.
  if (!features.readOnly) attributes |= S.SUPPORTS_BLOCK_REFCOUNTING
  if (readOnly) attributes |= S.READ_ONLY_VOLUME
  return attributes
}

/** The volume's id as an object id: its serial number, repeated, so that it stays the same. */
function objectId(volume: VolumeInfo): string {
  const serial = (volume.serialNumber >>> 0).toString(16).padStart(8, '0')
  return `${serial}-${serial.slice(0, 4)}-${serial.slice(4)}-${serial.slice(0, 4)}-${serial.slice(4)}${serial}`
}

const queries = new Map<number, VolumeQuery>([
  [
    FsInformationClass.FileFsVolumeInformation,
    ofVolume(VOLUME_MINIMUM, (volume, share) =>
      atLeast(
        VOLUME_MINIMUM,
        FileFsVolumeInformation.encode({
          volumeCreationTime: volume.creationTime,
          volumeSerialNumber: volume.serialNumber,
          supportsObjects: false,
          volumeLabel: volume.label === '' ? share.name : volume.label,
        }),
      ),
    ),
  ],
  [
    FsInformationClass.FileFsSizeInformation,
    ofVolume(FileFsSizeInformation.size, (volume) =>
      FileFsSizeInformation.encode({
        totalAllocationUnits: units(volume, volume.totalBytes),
        availableAllocationUnits: units(volume, volume.availableBytes),
        sectorsPerAllocationUnit: volume.sectorsPerAllocationUnit,
        bytesPerSector: volume.bytesPerSector,
      }),
    ),
  ],
  [
    FsInformationClass.FileFsFullSizeInformation,
    ofVolume(FileFsFullSizeInformation.size, (volume) =>
      FileFsFullSizeInformation.encode({
        totalAllocationUnits: units(volume, volume.totalBytes),
        callerAvailableAllocationUnits: units(volume, volume.availableBytes),
        actualAvailableAllocationUnits: units(volume, volume.freeBytes),
        sectorsPerAllocationUnit: volume.sectorsPerAllocationUnit,
        bytesPerSector: volume.bytesPerSector,
      }),
    ),
  ],
  [
    FsInformationClass.FileFsDeviceInformation,
    ofVolume(FileFsDeviceInformation.size, (_volume, share) =>
      FileFsDeviceInformation.encode({
        deviceType: DeviceType.DISK,
        characteristics:
          DeviceCharacteristics.DEVICE_IS_MOUNTED | (share.readOnly ? DeviceCharacteristics.READ_ONLY_DEVICE : 0),
      }),
    ),
  ],
  [
    FsInformationClass.FileFsAttributeInformation,
    ofVolume(ATTRIBUTE_MINIMUM, (_volume, share) =>
      FileFsAttributeInformation.encode({
        fileSystemAttributes: attributesOf(share),
        maximumComponentNameLength: share.backend.features.maxNameLength,
        fileSystemName: share.backend.features.fileSystemName,
      }),
    ),
  ],
  [
    FsInformationClass.FileFsSectorSizeInformation,
    ofVolume(FileFsSectorSizeInformation.size, (volume, share) =>
      FileFsSectorSizeInformation.encode({
        logicalBytesPerSector: volume.bytesPerSector,
        physicalBytesPerSectorForAtomicity: volume.bytesPerSector,
        physicalBytesPerSectorForPerformance: unitBytes(volume),
        effectivePhysicalBytesPerSectorForAtomicity: volume.bytesPerSector,
        flags:
          SectorSizeFlags.ALIGNED_DEVICE |
          SectorSizeFlags.PARTITION_ALIGNED_ON_DEVICE |
          (share.backend.features.sparseFiles ? SectorSizeFlags.TRIM_ENABLED : 0),
        byteOffsetForSectorAlignment: 0,
        byteOffsetForPartitionAlignment: 0,
      }),
    ),
  ],
  [
    FsInformationClass.FileFsControlInformation,
    {
      minimum: FileFsControlInformation.size,
      *encode(share) {
        const quotas = yield* quotasOf(share)
        return failed(quotas) ? quotas : FileFsControlInformation.encode(quotas.control)
      },
    },
  ],
  [FsInformationClass.FileFsPosixInformation, ofVolume(FileFsPosixInformation.size, posixVolume)],
  [
    FsInformationClass.FileFsObjectIdInformation,
    ofVolume(FileFsObjectIdInformation.size, (volume) =>
      FileFsObjectIdInformation.encode({ objectId: objectId(volume), extendedInfo: new Uint8Array(0) }),
    ),
  ],
])

export const volumeQuery = (infoClass: number): VolumeQuery | undefined => queries.get(infoClass)
