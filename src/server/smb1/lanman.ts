/** Calls of LAN Manager (MS-RAP): the queue of a printer, and taking a document out of it. */

import { viewOf } from '../../bytes/utf16.ts'
import { WinError } from '../../rpc/werror.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  RapEnumResponse,
  RapEnumWords,
  RapJobStatus,
  RapOpcode,
  RapPrintJob2,
  RapPrintJobDelete,
  RapPrintJobEnum,
  RapRequest,
  RapResponse,
} from '../../wire/rap/index.ts'
import { isAdministrator } from '../access-check.ts'
import { type PrintDocument, queueOf } from '../printing.ts'
import { allow } from '../share-access.ts'
import type { Place } from './core.ts'
import { secondsOf } from './old-forms.ts'
import type { Answer, Transaction } from './transaction.ts'

/** The only level that says all, and that Samba's clients ask for. */
const LEVEL = 2
const MIDDLE_PRIORITY = 50

const STATUS = {
  queued: RapJobStatus.QUEUED,
  spooling: RapJobStatus.SPOOLING,
  printing: RapJobStatus.PRINTING,
} as const

/** MS-RAP 3.2.5. What is not served is refused with its own code, not with a status of SMB. @throws WireError */
export function serveLanman(place: Place, { parameters, maxDataCount }: Transaction): Answer | Failure {
  const request = RapRequest.decode(place.context.message, parameters.start, parameters.end)
  const { opcode, parameterDescriptor, dataDescriptor } = request
  const form = `${opcode} ${parameterDescriptor} ${dataDescriptor}`
  if (form === `${RapOpcode.PRINT_JOB_ENUM} zWrLeh WWzWWDDzz`) return jobs(place, request, maxDataCount)
  if (form === `${RapOpcode.PRINT_JOB_DELETE} W `) return removeJob(place, request)
  return fail(NtStatus.NOT_SUPPORTED)
}

const refused = (win32ErrorCode: number): Answer => ({ parameters: RapResponse.encode({ win32ErrorCode }) })

/** MS-RAP 3.2.5.8: as many as there is room for. @throws WireError */
function jobs({ tree }: Place, request: RapRequest, maxDataCount: number): Answer {
  const { queueName, rest } = RapPrintJobEnum.decode(viewOf(request.parameters))
  const { informationLevel, receiveBufferBytes } = RapEnumWords.decode(viewOf(rest))
  if (informationLevel !== LEVEL) return refused(WinError.INVALID_LEVEL)
  const allowed = allow(tree.session, queueName)
  if (failed(allowed) || allowed.share?.options.printer === undefined) return refused(WinError.QUEUE_NOT_FOUND)
  const all = queueOf(allowed.share)
  const data = written(all, Math.min(receiveBufferBytes, maxDataCount))
  const win32ErrorCode = data.entries < all.length ? WinError.MORE_DATA : WinError.SUCCESS
  const counts = { entriesReturned: data.entries, entriesAvailable: all.length }
  return { parameters: RapEnumResponse.encode({ win32ErrorCode, ...counts }), data: data.bytes }
}

/** Zero-ended, in Latin-1: what has no place there is a question mark. */
const oem = (text: string): Uint8Array =>
  Uint8Array.from([...text.replace(/[^\x01-\xff]/gu, '?'), '\0'], (character) => character.charCodeAt(0))

/** Entries first, then what they point at. */
function written(all: readonly PrintDocument[], room: number): { entries: number; bytes: Uint8Array } {
  const texts = all.map(({ user, name }) => [oem(user), oem(name)] as const)
  const sizeOf = (i: number): number => RapPrintJob2.size + (texts[i]?.[0].length ?? 0) + (texts[i]?.[1].length ?? 0)
  let entries = 0
  let total = 0
  while (entries < all.length && total + sizeOf(entries) <= room) total += sizeOf(entries++)
  const bytes = new Uint8Array(total)
  let at = entries * RapPrintJob2.size
  all.slice(0, entries).forEach((document, i) => {
    const [user, name] = texts[i] as readonly [Uint8Array, Uint8Array]
    const [userNameOffset, documentNameOffset] = [at, at + user.length]
    bytes.set(user, userNameOffset)
    bytes.set(name, documentNameOffset)
    at += user.length + name.length
    // The empty text that ends the user's name does for the comment.
    const offsets = { userNameOffset, documentNameOffset, commentOffset: documentNameOffset - 1 }
    bytes.set(entryOf(document, i, offsets), i * RapPrintJob2.size)
  })
  return { entries, bytes }
}

const entryOf = (
  { id, state, size, submittedAt }: PrintDocument,
  index: number,
  offsets: { userNameOffset: number; documentNameOffset: number; commentOffset: number },
): Uint8Array =>
  RapPrintJob2.encode({
    jobId: id,
    priority: MIDDLE_PRIORITY,
    position: index + 1,
    status: STATUS[state],
    timeSubmitted: secondsOf(submittedAt),
    size: Math.min(size, 0xffff_ffff),
    ...offsets,
  })

/** MS-RAP 3.2.5.9: who has sent a document, or administers the server, may take it back while it waits. @throws WireError */
function removeJob({ tree }: Place, request: RapRequest): Answer {
  const { jobId } = RapPrintJobDelete.decode(viewOf(request.parameters))
  const { share, session } = tree
  const found = share?.options.printer && queueOf(share).find(({ id }) => id === jobId)
  if (found === undefined) return refused(WinError.JOB_NOT_FOUND)
  const { identity } = session
  const isOwn = identity?.kind === 'user' && identity.user === found.user
  if (!isOwn && !isAdministrator(identity)) return refused(WinError.ACCESS_DENIED)
  if (found.state !== 'queued') return refused(WinError.JOB_STATE)
  share?.printQueue.takeBack(found)
  return refused(WinError.SUCCESS)
}
