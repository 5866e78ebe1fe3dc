/** What transactions of SMB1 ask for, and what their answers add: each has parameters and data of its own. */
import { FileInformationClass } from '../../wire/fscc/index.ts'
import type { Struct } from '../../wire/schema/index.ts'
import {
  SMB1_PASS_THROUGH,
  Smb1FileInformationParameters,
  Smb1FindFirst2Answer,
  Smb1FindFirst2Parameters,
  Smb1FindNext2Answer,
  Smb1FindNext2Parameters,
  Smb1IoctlSetup,
  Smb1NotifySetup,
  Smb1NtTransactFunction,
  Smb1NtTransactWords,
  Smb1PathInformationParameters,
  Smb1SecurityParameters,
  Smb1Trans2Command,
  Smb1TransactionResponseWords,
  Smb1TransactionWords,
  Smb1VolumeParameters,
} from '../../wire/smb1/index.ts'
import { FsctlCode, InfoType } from '../../wire/smb2/index.ts'
import type { Detail } from '../model.ts'
import { decoded, fixedPart } from './layout.ts'
import { other, type Smb1Body, type Smb1Request, textAt, words } from './smb1-body.ts'
import { changeOf, controlName } from './smb2-details.ts'

/** MS-CIFS 2.2.2.3.4. */
const SET_DISPOSITION = 0x0102
/** Before the name in CREATE_DIRECTORY. MS-CIFS 2.2.6.14.1. */
const RESERVED_BYTES = 4

/** MS-CIFS 2.2.6. */
export function transaction2(body: Smb1Body): Smb1Request | undefined {
  const found = decoded(Smb1TransactionWords, body.view, body.at + 1, body.end, body.origin)
  if (found === undefined) return undefined
  return { ...(askedBy(found, body) ?? other), commandName: trans2Names.get(found.setup[0] ?? -1) }
}

function askedBy(found: Smb1TransactionWords, body: Smb1Body): Smb1Request | undefined {
  const at = body.origin + found.parameterOffset
  const parameters = <T>(declared: Struct<T, never>): T | undefined => fixedPart(declared, body.view, at, body.end)
  switch (found.setup[0]) {
    case Smb1Trans2Command.FIND_FIRST2: {
      const level = parameters(Smb1FindFirst2Parameters)?.informationLevel
      if (level === undefined) return undefined
      const path = textAt(body, at + Smb1FindFirst2Parameters.size)
      return { detail: listing(path.slice(path.lastIndexOf('\\') + 1), level), path }
    }
    case Smb1Trans2Command.FIND_NEXT2: {
      const next = parameters(Smb1FindNext2Parameters)
      return next && { detail: listing('', next.informationLevel) }
    }
    case Smb1Trans2Command.QUERY_FS_INFORMATION: {
      const level = parameters(Smb1VolumeParameters)?.informationLevel
      return level === undefined ? undefined : { detail: information('query-info', level, InfoType.FILESYSTEM) }
    }
    case Smb1Trans2Command.QUERY_PATH_INFORMATION:
    case Smb1Trans2Command.SET_PATH_INFORMATION: {
      const level = parameters(Smb1PathInformationParameters)?.informationLevel
      if (level === undefined) return undefined
      const kind = found.setup[0] === Smb1Trans2Command.QUERY_PATH_INFORMATION ? 'query-info' : 'set-info'
      const path = textAt(body, at + Smb1PathInformationParameters.size)
      return { detail: { ...information(kind, level), ...changed(kind, level, body, found) }, path }
    }
    case Smb1Trans2Command.QUERY_FILE_INFORMATION:
    case Smb1Trans2Command.SET_FILE_INFORMATION: {
      const file = parameters(Smb1FileInformationParameters)
      if (file === undefined) return undefined
      const kind = found.setup[0] === Smb1Trans2Command.QUERY_FILE_INFORMATION ? 'query-info' : 'set-info'
      const { fid, informationLevel: level } = file
      return { detail: { ...information(kind, level), ...changed(kind, level, body, found) }, fid }
    }
    case Smb1Trans2Command.CREATE_DIRECTORY:
      return { ...other, path: textAt(body, at + RESERVED_BYTES) }
    case Smb1Trans2Command.GET_DFS_REFERRAL: {
      const controlCode = FsctlCode.DFS_GET_REFERRALS
      return { detail: { kind: 'ioctl', controlCode, controlName: controlName(controlCode) } }
    }
    default:
      return undefined
  }
}

/** A new name, or that the file is to be deleted. */
function changed(
  kind: 'query-info' | 'set-info',
  level: number,
  { view, origin, end }: Smb1Body,
  { dataOffset, dataCount }: Smb1TransactionWords,
): { newName?: string; deletePending?: boolean } {
  const from = origin + dataOffset
  const to = Math.min(end, from + dataCount)
  if (kind !== 'set-info' || to <= from) return {}
  const informationClass =
    level === SET_DISPOSITION ? FileInformationClass.FileDispositionInformation : level - SMB1_PASS_THROUGH
  return changeOf(informationClass, new DataView(view.buffer, view.byteOffset + from, to - from))
}

/** MS-CIFS 2.2.7: setup words stand behind the others, and parameters where those say. */
export function ntTransact(body: Smb1Body): Smb1Request | undefined {
  const found = words(Smb1NtTransactWords, body)
  if (found === undefined) return undefined
  return { ...(askedOfNt(found, body) ?? other), commandName: ntTransactNames.get(found.function) }
}

function askedOfNt(found: Smb1NtTransactWords, body: Smb1Body): Smb1Request | undefined {
  const setupAt = body.at + 1 + Smb1NtTransactWords.size
  const setup = <T>(declared: Struct<T, never>): T | undefined => fixedPart(declared, body.view, setupAt, body.end)
  switch (found.function) {
    case Smb1NtTransactFunction.IOCTL: {
      const control = setup(Smb1IoctlSetup)
      if (control === undefined) return undefined
      const { functionCode: controlCode, fid } = control
      return { detail: { kind: 'ioctl', controlCode, controlName: controlName(controlCode) }, fid }
    }
    case Smb1NtTransactFunction.NOTIFY_CHANGE: {
      const fid = setup(Smb1NotifySetup)?.fid
      return fid === undefined ? undefined : { ...other, fid }
    }
    case Smb1NtTransactFunction.SET_SECURITY_DESCRIPTOR:
    case Smb1NtTransactFunction.QUERY_SECURITY_DESCRIPTOR: {
      const at = body.origin + found.parameterOffset
      const fid = fixedPart(Smb1SecurityParameters, body.view, at, body.end)?.fid
      const isQuery = found.function === Smb1NtTransactFunction.QUERY_SECURITY_DESCRIPTOR
      const detail = information(isQuery ? 'query-info' : 'set-info', 0, InfoType.SECURITY)
      return fid === undefined ? undefined : { detail, fid }
    }
    default:
      return undefined
  }
}

const trans2Names = new Map<number, string>(
  Object.entries(Smb1Trans2Command).map(([name, code]) => [code, `TRANS2_${name}`]),
)
const ntTransactNames = new Map<number, string>(
  Object.entries(Smb1NtTransactFunction).map(([name, code]) => [code, `NT_TRANSACT_${name}`]),
)

/** How many entries an answer to a listing has; undefined where that is in another message of it. MS-CIFS 2.2.6.2.2. */
export function entriesIn(body: Smb1Body, isFirst: boolean): number | undefined {
  const found = words(Smb1TransactionResponseWords, body)
  if (found === undefined || found.parameterCount === 0 || found.parameterDisplacement !== 0) return undefined
  const at = body.origin + found.parameterOffset
  return isFirst
    ? fixedPart(Smb1FindFirst2Answer, body.view, at, body.end)?.searchCount
    : fixedPart(Smb1FindNext2Answer, body.view, at, body.end)?.searchCount
}

const listing = (pattern: string, informationClass: number): Detail => ({
  kind: 'query-directory',
  pattern,
  informationClass,
  entries: undefined,
})

const information = (
  kind: 'query-info' | 'set-info',
  informationClass: number,
  infoType: number = InfoType.FILE,
): Extract<Detail, { readonly kind: 'query-info' | 'set-info' }> => ({
  kind,
  infoType,
  informationClass,
  newName: undefined,
  deletePending: undefined,
})
