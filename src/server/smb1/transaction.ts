import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import {
  SMB1_HEADER_SIZE,
  Smb1Command,
  type Smb1Link,
  Smb1NtTransactResponse,
  Smb1NtTransactWords,
  type Smb1TransactionResponse,
  Smb1TransactionWords,
  smb1Part,
} from '../../wire/smb1/index.ts'
import { type Extent, refuse, type Smb1Context, type Smb1Result, succeed } from './context.ts'

/** A transaction that came: where its parts are in the message. MS-CIFS 2.2.4.33.1, 2.2.4.46.1, 2.2.4.62.1. */
export interface Transaction {
  /** What it does: the first word of its setup, or a field of its own. */
  readonly function: number
  readonly setup: Extent
  readonly parameters: Extent
  readonly data: Uint8Array
  readonly maxParameterCount: number
  readonly maxDataCount: number
}

/** What it comes to. */
export interface Answer {
  readonly parameters?: Uint8Array
  readonly data?: Uint8Array
  readonly status?: number
}

/** Larger answers than these are of no use to any of its functions. */
const MAX_BYTES = 0xffff

interface Counts {
  readonly parameterCount: number
  readonly parameterOffset: number
  readonly totalParameterCount: number
  readonly dataCount: number
  readonly dataOffset: number
  readonly totalDataCount: number
}

/** Parameters and data, which are all in this one message. @throws WireError */
function partsOf(context: Smb1Context, counts: Counts): Pick<Transaction, 'parameters' | 'data'> | Failure {
  const { parameterCount, parameterOffset, dataCount, dataOffset } = counts
  // What would come in pieces (TRANSACTION_SECONDARY) is longer than anything that is served here.
  if (parameterCount < counts.totalParameterCount || dataCount < counts.totalDataCount)
    return fail(NtStatus.NOT_SUPPORTED)
  context.slice(parameterOffset, parameterCount)
  return {
    parameters: { start: parameterOffset, end: parameterOffset + parameterCount },
    data: context.slice(dataOffset, dataCount),
  }
}

/** TRANSACTION and TRANSACTION2. @throws WireError */
export function readTransaction(context: Smb1Context, link: Smb1Link): Transaction | Failure {
  const words = context.words(Smb1TransactionWords, link)
  const parts = partsOf(context, words)
  const [subcommand] = words.setup
  if (failed(parts)) return parts
  // Only calls of LAN Manager have no setup: their name says what they are.
  if (subcommand === undefined && link.command !== Smb1Command.TRANSACTION) return fail(NtStatus.INVALID_PARAMETER)
  const start = link.at + 1 + Smb1TransactionWords.size
  const { maxDataCount, maxParameterCount } = words
  return {
    function: subcommand ?? 0,
    setup: { start, end: start + words.setup.length * 2 },
    ...parts,
    maxParameterCount,
    maxDataCount,
  }
}

/** @throws WireError */
export function readNtTransact(context: Smb1Context, link: Smb1Link): Transaction | Failure {
  const words = context.words(Smb1NtTransactWords, link)
  const parts = partsOf(context, words)
  if (failed(parts)) return parts
  const start = link.at + 1 + Smb1NtTransactWords.size
  const end = link.at + 1 + link.wordCount * 2
  return {
    function: words.function,
    setup: { start, end: Math.min(end, start + words.setupCount * 2) },
    ...parts,
    maxParameterCount: Math.min(words.maxParameterCount, MAX_BYTES),
    maxDataCount: Math.min(words.maxDataCount, MAX_BYTES),
  }
}

/** Words, counts and what fills up to multiples of four. */
const OVERHEAD_BYTES = SMB1_HEADER_SIZE + Smb1NtTransactResponse.size + 8
/** Every client takes as much as this (MS-CIFS 3.2.5.3). */
const LEAST_MESSAGE_BYTES = 1024

/** The answer, in as many messages as the client's buffer makes of it. MS-CIFS 3.3.4.1. */
export function answerTransaction(
  context: Smb1Context,
  link: Smb1Link,
  form: typeof Smb1TransactionResponse | typeof Smb1NtTransactResponse,
  answer: Answer | Failure,
): Smb1Result {
  if (failed(answer)) return refuse(answer)
  const { parameters = new Uint8Array(0), data = new Uint8Array(0), status } = answer
  const room = Math.max(LEAST_MESSAGE_BYTES, context.state.clientMaxBytes) - OVERHEAD_BYTES
  const totals = { totalParameterCount: parameters.length, totalDataCount: data.length }
  for (let parameterDisplacement = 0, dataDisplacement = 0; ; ) {
    const parameterEnd = Math.min(parameters.length, parameterDisplacement + room)
    const left = room - (parameterEnd - parameterDisplacement)
    const dataEnd = Math.min(data.length, dataDisplacement + left)
    const part = smb1Part(link.command, form as typeof Smb1NtTransactResponse, {
      ...totals,
      parameterDisplacement,
      dataDisplacement,
      parameters: parameters.subarray(parameterDisplacement, parameterEnd),
      data: data.subarray(dataDisplacement, dataEnd),
    })
    if (parameterEnd === parameters.length && dataEnd === data.length) return succeed(part, status)
    context.further.push(part)
    parameterDisplacement = parameterEnd
    dataDisplacement = dataEnd
  }
}
