import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  Smb1IoctlSetup,
  type Smb1Link,
  Smb1NotifySetup,
  Smb1NtTransactFunction,
  Smb1NtTransactResponse,
  Smb1SecurityLength,
  Smb1SecurityParameters,
} from '../../wire/smb1/index.ts'
import {
  ChangeNotifyResponse,
  ErrorResponse,
  InfoType,
  IoctlFlags,
  IoctlResponse,
  NotifyFlags,
  QueryInfoResponse,
} from '../../wire/smb2/index.ts'
import { changeNotify } from '../commands/change-notify.ts'
import { ioctl } from '../commands/ioctl.ts'
import { queryInfo } from '../commands/query-info.ts'
import { setInfo } from '../commands/set-info.ts'
import type { Steps } from '../steps.ts'
import { refuse, type Smb1Result } from './context.ts'
import { answered, ask, openOf, type Place } from './core.ts'
import { type Answer, answerTransaction, readNtTransact, type Transaction } from './transaction.ts'

/** SMB_COM_NT_TRANSACT. MS-CIFS 3.3.5.59. */
export function* serveNtTransact(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context } = place
  const transaction = readNtTransact(context, link)
  if (failed(transaction)) return refuse(transaction)
  const serve = functions.get(transaction.function)
  const answer = serve === undefined ? fail(NtStatus.NOT_SUPPORTED) : yield* serve(place, transaction)
  return answerTransaction(context, link, Smb1NtTransactResponse, answer)
}

type Serve = (place: Place, transaction: Transaction) => Steps<Answer | Failure>

const functions = new Map<number, Serve>([
  [Smb1NtTransactFunction.IOCTL, control],
  [Smb1NtTransactFunction.SET_SECURITY_DESCRIPTOR, setSecurity],
  [Smb1NtTransactFunction.NOTIFY_CHANGE, notifyChange],
  [Smb1NtTransactFunction.QUERY_SECURITY_DESCRIPTOR, querySecurity],
])

/** MS-CIFS 3.3.5.59.6. */
function* querySecurity(place: Place, { parameters, maxDataCount }: Transaction): Steps<Answer | Failure> {
  const { start, end } = parameters
  const asked = Smb1SecurityParameters.decode(place.context.message, start, end, 0)
  const open = openOf(place, asked.fid)
  if (failed(open)) return open
  const answer = yield* ask(place, queryInfo, {
    infoType: InfoType.SECURITY,
    fileInfoClass: 0,
    outputBufferLength: maxDataCount,
    additionalInformation: asked.securityInformation,
    fileId: open.fileId,
  })
  if (failed(answer)) return answer
  if (answer.status === NtStatus.BUFFER_TOO_SMALL) {
    const lengthNeeded = viewOf(answered(answer, ErrorResponse).errorData ?? new Uint8Array(4)).getUint32(0, true)
    return { parameters: Smb1SecurityLength.encode({ lengthNeeded }), status: answer.status }
  }
  const data = answered(answer, QueryInfoResponse).outputBuffer
  return { parameters: Smb1SecurityLength.encode({ lengthNeeded: data.length }), data }
}

/** MS-CIFS 3.3.5.59.3. */
function* setSecurity(place: Place, { parameters, data }: Transaction): Steps<Answer | Failure> {
  const { start, end } = parameters
  const asked = Smb1SecurityParameters.decode(place.context.message, start, end, 0)
  const open = openOf(place, asked.fid)
  if (failed(open)) return open
  const answer = yield* ask(place, setInfo, {
    infoType: InfoType.SECURITY,
    fileInfoClass: 0,
    additionalInformation: asked.securityInformation,
    fileId: open.fileId,
    buffer: data,
  })
  return failed(answer) ? answer : {}
}

/** It answers when something changes, or the client cancels. MS-CIFS 3.3.5.59.4. */
function* notifyChange(place: Place, { setup, maxParameterCount }: Transaction): Steps<Answer | Failure> {
  const asked = Smb1NotifySetup.decode(place.context.message, setup.start, setup.end, 0)
  const open = openOf(place, asked.fid)
  if (failed(open)) return open
  const answer = yield* ask(place, changeNotify, {
    flags: asked.watchTree === 0 ? 0 : NotifyFlags.WATCH_TREE,
    outputBufferLength: maxParameterCount,
    fileId: open.fileId,
    completionFilter: asked.completionFilter,
  })
  // A watch that has ended, or that more has happened to than can be told, says that it knows of nothing (raw.notify).
  if (failed(answer)) return answer.status === NtStatus.NOTIFY_CLEANUP ? {} : answer
  return { parameters: answered(answer, ChangeNotifyResponse).outputBuffer }
}

/** MS-CIFS 3.3.5.59.2. */
function* control(place: Place, { setup, data, maxDataCount }: Transaction): Steps<Answer | Failure> {
  const asked = Smb1IoctlSetup.decode(place.context.message, setup.start, setup.end, 0)
  const open = openOf(place, asked.fid)
  if (failed(open)) return open
  const answer = yield* ask(place, ioctl, {
    ctlCode: asked.functionCode,
    fileId: open.fileId,
    maxOutputResponse: maxDataCount,
    flags: asked.isFsctl === 0 ? 0 : IoctlFlags.IS_FSCTL,
    input: data,
  })
  return failed(answer)
    ? answer
    : { data: answered(answer, IoctlResponse).output ?? new Uint8Array(0), status: answer.status }
}
