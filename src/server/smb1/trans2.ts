import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FileInformationClass } from '../../wire/fscc/index.ts'
import {
  SMB1_PASS_THROUGH,
  Smb1CreateDirectoryParameters,
  Smb1EaErrorOffset,
  Smb1FileInformationParameters,
  type Smb1Link,
  Smb1PathInformationParameters,
  Smb1Trans2Command,
  Smb1TransactionResponse,
  Smb1VolumeParameters,
} from '../../wire/smb1/index.ts'
import type { Steps } from '../steps.ts'
import { makeDirectory, withPath } from './by-path.ts'
import { refuse, type Smb1Result } from './context.ts'
import { openOf, type Place } from './core.ts'
import { classToSet, queryLevel, queryVolumeLevel, setLevel } from './information.ts'
import { nameOf } from './names.ts'
import { findFirst, findNext } from './search.ts'
import { type Answer, answerTransaction, readTransaction, type Transaction } from './transaction.ts'

const { DELETE, FILE_READ_ATTRIBUTES, FILE_READ_EA, FILE_WRITE_ATTRIBUTES, FILE_WRITE_DATA, FILE_WRITE_EA } = AccessMask

/** SMB_COM_TRANSACTION2. MS-CIFS 3.3.5.58. */
export function* serveTransaction2(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context, tree } = place
  const transaction = readTransaction(context, link)
  if (failed(transaction)) return refuse(transaction)
  const serve = tree.share === undefined ? undefined : subcommands.get(transaction.function)
  const answer = serve === undefined ? fail(NtStatus.NOT_SUPPORTED) : yield* serve(place, transaction)
  return answerTransaction(context, link, Smb1TransactionResponse, answer)
}

type Serve = (place: Place, transaction: Transaction) => Steps<Answer | Failure>

const subcommands = new Map<number, Serve>([
  [Smb1Trans2Command.FIND_FIRST2, findFirst],
  [Smb1Trans2Command.FIND_NEXT2, findNext],
  [Smb1Trans2Command.QUERY_FS_INFORMATION, queryVolumeInformation],
  [Smb1Trans2Command.QUERY_PATH_INFORMATION, queryPath],
  [Smb1Trans2Command.SET_PATH_INFORMATION, setPath],
  [Smb1Trans2Command.QUERY_FILE_INFORMATION, queryOpen],
  [Smb1Trans2Command.SET_FILE_INFORMATION, setOpen],
  [Smb1Trans2Command.CREATE_DIRECTORY, createDirectory],
])

/** Nothing is wrong with any extended attribute. MS-CIFS 2.2.6.6.2. */
const NOTHING_WRONG = Smb1EaErrorOffset.encode({})

/** MS-CIFS 3.3.5.58.4. */
function* queryVolumeInformation(place: Place, { parameters, maxDataCount }: Transaction): Steps<Answer | Failure> {
  const { start, end } = parameters
  const { informationLevel } = Smb1VolumeParameters.decode(place.context.message, start, end, 0)
  return yield* queryVolumeLevel(place, informationLevel, maxDataCount)
}

function pathOf({ context, tree }: Place, { parameters }: Transaction): { level: number; name: string } | Failure {
  const { start, end } = parameters
  const { informationLevel: level } = Smb1PathInformationParameters.decode(context.message, start, end, 0)
  const name = nameOf(context.text(start + Smb1PathInformationParameters.size, end).value, tree)
  return failed(name) ? name : { level, name }
}

/** MS-CIFS 3.3.5.58.6. */
function* queryPath(place: Place, transaction: Transaction): Steps<Answer | Failure> {
  const asked = pathOf(place, transaction)
  if (failed(asked)) return asked
  const { level, name } = asked
  const how = { access: FILE_READ_ATTRIBUTES | (level === EA_LEVEL ? FILE_READ_EA : 0) }
  const information = yield* withPath(place, name, how, (open) =>
    queryLevel(place, open, level, transaction.maxDataCount),
  )
  return failed(information) ? information : { parameters: NOTHING_WRONG, ...information }
}

/** The size of a list of extended attributes that has none. MS-CIFS 2.2.1.2.2.1. */
const EMPTY_EA_LIST_BYTES = 4

/** MS-CIFS 3.3.5.58.11. */
function* createDirectory(place: Place, { parameters, data }: Transaction): Steps<Answer | Failure> {
  // Extended attributes in the form of OS/2.
  if (data.length > EMPTY_EA_LIST_BYTES) return fail(NtStatus.NOT_SUPPORTED)
  const { start, end } = parameters
  const { size } = Smb1CreateDirectoryParameters
  Smb1CreateDirectoryParameters.decode(place.context.message, start, end, 0)
  const name = nameOf(place.context.text(start + size, end).value, place.tree)
  if (failed(name)) return name
  const made = yield* makeDirectory(place, name)
  return failed(made) ? made : { parameters: NOTHING_WRONG }
}

/** FileFullEaInformation, passed through. */
const EA_LEVEL = SMB1_PASS_THROUGH + FileInformationClass.FileFullEaInformation

/** What it takes to change a file by a class. */
const ACCESS: Readonly<Record<number, number>> = {
  [FileInformationClass.FileDispositionInformation]: DELETE,
  [FileInformationClass.FileRenameInformation]: DELETE,
  [FileInformationClass.FileAllocationInformation]: FILE_WRITE_DATA,
  [FileInformationClass.FileEndOfFileInformation]: FILE_WRITE_DATA,
  [FileInformationClass.FileFullEaInformation]: FILE_WRITE_EA,
}

/** MS-CIFS 3.3.5.58.7. */
function* setPath(place: Place, transaction: Transaction): Steps<Answer | Failure> {
  const asked = pathOf(place, transaction)
  if (failed(asked)) return asked
  const { level, name } = asked
  const infoClass = classToSet(level)
  if (failed(infoClass)) return infoClass
  const access = ACCESS[infoClass] ?? FILE_WRITE_ATTRIBUTES
  const done = yield* withPath(place, name, { access }, (open) => setLevel(place, open, level, transaction.data))
  return failed(done) ? done : { parameters: NOTHING_WRONG }
}

function fidOf({ context }: Place, { parameters }: Transaction) {
  return Smb1FileInformationParameters.decode(context.message, parameters.start, parameters.end, 0)
}

/** MS-CIFS 3.3.5.58.8. */
function* queryOpen(place: Place, transaction: Transaction): Steps<Answer | Failure> {
  const { fid, informationLevel } = fidOf(place, transaction)
  const open = openOf(place, fid)
  if (failed(open)) return open
  const information = yield* queryLevel(place, open, informationLevel, transaction.maxDataCount)
  return failed(information) ? information : { parameters: NOTHING_WRONG, ...information }
}

/** MS-CIFS 3.3.5.58.9. */
function* setOpen(place: Place, transaction: Transaction): Steps<Answer | Failure> {
  const { fid, informationLevel } = fidOf(place, transaction)
  const open = openOf(place, fid)
  if (failed(open)) return open
  const done = yield* setLevel(place, open, informationLevel, transaction.data)
  return failed(done) ? done : { parameters: NOTHING_WRONG }
}
