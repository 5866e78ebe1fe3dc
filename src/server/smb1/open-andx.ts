import { AccessMask, FILE_GENERIC_EXECUTE, FILE_GENERIC_READ, FILE_GENERIC_WRITE } from '../../wire/dtyp/index.ts'
import { failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { type Smb1Link, Smb1OpenAndXResponse, Smb1OpenAndXWords, smb1Part } from '../../wire/smb1/index.ts'
import { CreateAction, CreateDisposition, CreateOptions, OplockLevel, ShareAccess } from '../../wire/smb2/index.ts'
import { oplockLevelOf } from '../caching/index.ts'
import { Open } from '../open.ts'
import type { Steps } from '../steps.ts'
import { refuse, type Smb1Result, succeed } from './context.ts'
import type { Place } from './core.ts'
import { openFile, PIPE_STATE, ResourceType } from './files.ts'
import { nameOf } from './names.ts'
import { secondsOf, shownAttributes, shownSize } from './old-forms.ts'
import { oplockLevel } from './oplock-levels.ts'

/** AccessMode: what for, in its low bits; then what others may do. MS-CIFS 2.2.4.41.1. */
const ACCESS_BITS = 0x07
const SHARING_SHIFT = 4
const SHARING_BITS = 0x07
const WRITE_THROUGH = 0x4000

const READ = FILE_GENERIC_READ
const WRITE = FILE_GENERIC_WRITE | AccessMask.FILE_READ_ATTRIBUTES
const ACCESS: readonly number[] = [READ, WRITE, READ | WRITE, READ | FILE_GENERIC_EXECUTE]

/** What others may do; the first, of DOS itself, lets others read where one only reads. */
const SHARING: readonly number[] = [
  ShareAccess.READ,
  0,
  ShareAccess.READ,
  ShareAccess.WRITE,
  ShareAccess.READ | ShareAccess.WRITE,
]

/** OpenMode: what becomes of a file that is there, and whether one that is not is made. MS-CIFS 2.2.4.41.1. */
const EXISTS_BITS = 0x03
const CREATES = 0x10
const WHERE_THERE = { FAIL: 0, OPEN: 1, TRUNCATE: 2 } as const

/** Of OpenResults. MS-CIFS 2.2.4.41.2. */
const OPLOCK_GRANTED = 0x8000

function dispositionOf(openMode: number): CreateDisposition | undefined {
  const creates = (openMode & CREATES) !== 0
  switch (openMode & EXISTS_BITS) {
    case WHERE_THERE.FAIL:
      return creates ? CreateDisposition.CREATE : undefined
    case WHERE_THERE.OPEN:
      return creates ? CreateDisposition.OPEN_IF : CreateDisposition.OPEN
    case WHERE_THERE.TRUNCATE:
      return creates ? CreateDisposition.OVERWRITE_IF : CreateDisposition.OVERWRITE
    default:
      return undefined
  }
}

/** SMB_COM_OPEN_ANDX. MS-CIFS 3.3.5.35. */
export function* serveOpenAndX(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context, tree } = place
  const words = context.words(Smb1OpenAndXWords, link)
  const { accessMode, fileAttributes, flags, openMode } = words
  const { start, end } = context.data(link)
  const name = nameOf(context.text(start, end).value, tree)
  if (failed(name)) return refuse(name)
  const kind = accessMode & ACCESS_BITS
  const desiredAccess = ACCESS[kind]
  const sharing = (accessMode >> SHARING_SHIFT) & SHARING_BITS
  const createDisposition = dispositionOf(openMode)
  if (desiredAccess === undefined || createDisposition === undefined) return refuse(NtStatus.INVALID_PARAMETER)
  const isShared = sharing !== 0 || kind === 0
  const opened = yield* openFile(place, {
    requestedOplockLevel: oplockLevel(flags),
    desiredAccess,
    fileAttributes: shownAttributes(fileAttributes),
    shareAccess: isShared ? (SHARING[sharing] ?? 0) : 0,
    createDisposition,
    createOptions:
      CreateOptions.NON_DIRECTORY_FILE | ((accessMode & WRITE_THROUGH) === 0 ? 0 : CreateOptions.WRITE_THROUGH),
    name,
  })
  if (failed(opened)) return refuse(opened)
  const { made, open, fid } = opened
  const isFile = open instanceof Open
  const isHeld = isFile && oplockLevelOf(open) >= OplockLevel.EXCLUSIVE
  // This answer has no word for level II.
  if (isFile && !isHeld) open.caching?.drop()
  return succeed(
    smb1Part(link.command, Smb1OpenAndXResponse, {
      fid,
      fileAttributes: shownAttributes(made.fileAttributes),
      lastWriteTime: secondsOf(made.lastWriteTime),
      fileDataSize: shownSize(made.endOfFile),
      accessRights: kind,
      resourceType: isFile ? ResourceType.DISK : ResourceType.MESSAGE_PIPE,
      pipeStatus: isFile ? 0 : PIPE_STATE,
      openResults: resultOf(made.createAction) | (isHeld ? OPLOCK_GRANTED : 0),
    }),
  )
}

/** OpenResults. MS-CIFS 2.2.4.41.2. */
function resultOf(action: number): number {
  if (action === CreateAction.OPENED) return 1
  return action === CreateAction.CREATED ? 2 : 3
}
