import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, failed } from '../../wire/erref/failure.ts'
import { FileBasicInformation, FileEaInformation, FileInformationClass } from '../../wire/fscc/index.ts'
import { Smb1InfoQueryEaSize, Smb1InfoStandard, Smb1SetInfoStandard } from '../../wire/smb1/index.ts'
import type { Open, PipeOpen } from '../open.ts'
import type { Steps } from '../steps.ts'
import type { Place } from './core.ts'
import { dosTime, shownAttributes, shownSize, timeOfDos } from './old-forms.ts'
import { networkOpenInformation, queryFile } from './queries.ts'

/** SMB_INFO_STANDARD, and SMB_INFO_QUERY_EA_SIZE, which has more of it. MS-CIFS 2.2.2.3.3. */
export const OldLevel = { STANDARD: 0x0001, QUERY_EA_SIZE: 0x0002 } as const

/** MS-CIFS 2.2.8.3.1, 2.2.8.3.2. */
export function* queryOldLevel(place: Place, open: Open | PipeOpen, level: number): Steps<Uint8Array | Failure> {
  const found = yield* networkOpenInformation(place, open)
  if (failed(found)) return found
  const { allocationSize, creationTime, endOfFile, fileAttributes, lastAccessTime, lastWriteTime } = found
  const [created, accessed, written] = [dosTime(creationTime), dosTime(lastAccessTime), dosTime(lastWriteTime)]
  const standard = {
    creationDate: created.date,
    creationTime: created.time,
    lastAccessDate: accessed.date,
    lastAccessTime: accessed.time,
    lastWriteDate: written.date,
    lastWriteTime: written.time,
    fileDataSize: shownSize(endOfFile),
    allocationSize: shownSize(allocationSize),
    attributes: shownAttributes(fileAttributes),
  }
  if (level === OldLevel.STANDARD) return Smb1InfoStandard.encode(standard)
  const attributes = yield* queryFile(place, open, FileInformationClass.FileEaInformation, FileEaInformation.size)
  if (failed(attributes)) return attributes
  const { eaSize } = FileEaInformation.decode(viewOf(attributes.data))
  return Smb1InfoQueryEaSize.encode({ ...standard, eaSize })
}

/** SMB_INFO_STANDARD as FileBasicInformation: times, and no attributes. MS-CIFS 2.2.8.4.1. @throws WireError */
export function basicOfStandard(data: Uint8Array): Uint8Array {
  const dates = Smb1SetInfoStandard.decode(viewOf(data))
  return FileBasicInformation.encode({
    creationTime: timeOfDos(dates.creationDate, dates.creationTime),
    lastAccessTime: timeOfDos(dates.lastAccessDate, dates.lastAccessTime),
    lastWriteTime: timeOfDos(dates.lastWriteDate, dates.lastWriteTime),
    changeTime: 0n,
    fileAttributes: 0,
  })
}
