import { viewOf } from '../../bytes/utf16.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import {
  FileFsAttributeInformation,
  FileFsFullSizeInformation,
  FileFsVolumeInformation,
  FsInformationClass,
} from '../../wire/fscc/index.ts'
import { type FileId, InfoType } from '../../wire/smb2/index.ts'
import type { CallOptions } from '../api/options.ts'
import type { StatFs } from '../api/share.ts'
import { queryInfoCall } from '../calls/information.ts'
import { once } from '../spot.ts'
import type { Volume } from '../volume.ts'

const ROOM_BYTES = 4096

export const statfs = (volume: Volume, path: string, { signal }: CallOptions = {}): Promise<StatFs> =>
  volume.at(path, 'statfs', async (spot) => {
    const ask = <T>(fileId: FileId, infoClass: number, take: (view: DataView) => T) =>
      queryInfoCall(
        { fileId, infoType: InfoType.FILESYSTEM, infoClass, outputBytes: ROOM_BYTES },
        spot.occasion,
        (output) => take(viewOf(output)),
      )
    const { results } = await once(
      spot,
      { access: AccessMask.FILE_READ_ATTRIBUTES },
      (fileId) => [
        ask(fileId, FsInformationClass.FileFsFullSizeInformation, (view) => {
          const size = FileFsFullSizeInformation.decode(view)
          const bsize = size.sectorsPerAllocationUnit * size.bytesPerSector
          const total = size.totalAllocationUnits
          const free = size.actualAvailableAllocationUnits
          return { bsize, total, free, available: size.callerAvailableAllocationUnits }
        }),
        ask(fileId, FsInformationClass.FileFsAttributeInformation, (view) => {
          const { fileSystemAttributes, maximumComponentNameLength, fileSystemName } =
            FileFsAttributeInformation.decode(view)
          return { fileSystemAttributes, maximumComponentNameLength, fileSystemName }
        }),
        ask(fileId, FsInformationClass.FileFsVolumeInformation, (view) => {
          const { volumeSerialNumber, volumeLabel } = FileFsVolumeInformation.decode(view)
          return { volumeSerialNumber, volumeLabel }
        }),
      ],
      { signal, repeatable: true },
    )
    const [size, attributes, about] = results
    const unit = BigInt(size.bsize)
    return {
      type: attributes.fileSystemName,
      label: about.volumeLabel,
      bsize: size.bsize,
      blocks: Number(size.total),
      bfree: Number(size.free),
      bavail: Number(size.available),
      totalBytes: size.total * unit,
      freeBytes: size.free * unit,
      availableBytes: size.available * unit,
      attributes: attributes.fileSystemAttributes,
      maxNameLength: attributes.maximumComponentNameLength,
      serialNumber: about.volumeSerialNumber,
    }
  })
