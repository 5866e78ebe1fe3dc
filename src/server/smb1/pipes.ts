import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { LANMAN_PIPE } from '../../wire/rap/index.ts'
import { type Smb1Link, Smb1PipeFunction, Smb1PipeSetup, Smb1TransactionResponse } from '../../wire/smb1/index.ts'
import { FsctlCode, IoctlFlags, IoctlResponse } from '../../wire/smb2/index.ts'
import { ioctl } from '../commands/ioctl.ts'
import { PipeOpen } from '../open.ts'
import type { Steps } from '../steps.ts'
import { refuse, type Smb1Result } from './context.ts'
import { answered, ask, openOf, type Place } from './core.ts'
import { PIPE_STATE } from './files.ts'
import { serveLanman } from './lanman.ts'
import { type Answer, answerTransaction, readTransaction, type Transaction } from './transaction.ts'

/** SMB_COM_TRANSACTION: messages through a pipe that is open, as RPC has them. MS-CIFS 3.3.5.57. */
export function* serveTransaction(place: Place, link: Smb1Link): Steps<Smb1Result> {
  const { context } = place
  const transaction = readTransaction(context, link)
  if (failed(transaction)) return refuse(transaction)
  const { setup } = transaction
  const answer =
    setup.start === setup.end && isForLanman(place, link)
      ? serveLanman(place, transaction)
      : yield* servePipe(place, transaction)
  return answerTransaction(context, link, Smb1TransactionResponse, answer)
}

/** By the name, which stands first among the bytes. */
function isForLanman({ context }: Place, link: Smb1Link): boolean {
  const start = link.at + 1 + link.wordCount * 2 + 2
  return context.text(start, context.message.byteLength).value.toUpperCase() === LANMAN_PIPE
}

function* servePipe(place: Place, { setup, data, maxDataCount }: Transaction): Steps<Answer | Failure> {
  // Mail slots.
  if (setup.end - setup.start < Smb1PipeSetup.size) return fail(NtStatus.NOT_SUPPORTED)
  const asked = Smb1PipeSetup.decode(place.context.message, setup.start, setup.end, 0)
  const open = openOf(place, asked.fid)
  if (failed(open)) return open
  if (!(open instanceof PipeOpen)) return fail(NtStatus.INVALID_HANDLE)
  switch (asked.function) {
    case Smb1PipeFunction.TRANSACT: {
      const answer = yield* ask(place, ioctl, {
        ctlCode: FsctlCode.PIPE_TRANSCEIVE,
        fileId: open.fileId,
        maxOutputResponse: maxDataCount,
        flags: IoctlFlags.IS_FSCTL,
        input: data,
      })
      if (failed(answer)) return answer
      return { data: answered(answer, IoctlResponse).output ?? new Uint8Array(0), status: answer.status }
    }
    case Smb1PipeFunction.QUERY_STATE:
      return { parameters: Uint8Array.of(PIPE_STATE & 0xff, PIPE_STATE >> 8) }
    // Pipes pass messages, and their clients wait; there is nothing else to be chosen.
    case Smb1PipeFunction.SET_STATE:
      return {}
    default:
      return fail(NtStatus.NOT_SUPPORTED)
  }
}
