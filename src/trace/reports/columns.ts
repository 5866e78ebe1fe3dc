/** What programs are told: tables of flat records, declared once for CSV, JSON, Parquet and their schema. */
import { dialectName } from '../evidence/dialects.ts'
import { serverOf, statusOf } from '../evidence/names.ts'
import type { Fact, Finding, FrameSpot, MessageSpot, Session, Transaction } from '../model.ts'
import { grantedName, levelName } from './caching-names.ts'
import { holderText } from './list.ts'
import type { Roll } from './overview.ts'
import { rateOf, type TimeSlice } from './rolls.ts'

/** A value of a record; null is what is not known. */
export type Cell = string | number | bigint | boolean | null

/** A column: `integer` has up to 53 bits, `unsigned` 64. */
export interface Column<T> {
  readonly name: string
  readonly type: 'text' | 'integer' | 'unsigned' | 'seconds' | 'number' | 'boolean'
  /** What it is, with its unit. */
  readonly about: string
  of(row: T): Cell
}

const NS_PER_SECOND = 1e9

const seconds = (ns: number | undefined): number | null => (ns === undefined ? null : ns / NS_PER_SECOND)
const spot = (message: MessageSpot | undefined): number | null => message?.last.frame ?? null
const at = (time: FrameSpot | undefined): number | null => seconds(time?.timeNs)
const fact = (known: Fact<string> | undefined): string | null => known?.value ?? null
const sessionId = (id: bigint | undefined): string | null =>
  id === undefined ? null : `0x${id.toString(16).padStart(16, '0')}`

/** What is known, whether that follows from another packet, and the frame that says it. */
const known = <T>(name: string, about: string, of: (row: T) => Fact<string> | undefined): Column<T>[] => [
  { name, type: 'text', about, of: (row) => fact(of(row)) },
  {
    name: `${name}_inferred`,
    type: 'boolean',
    about: `whether the ${name} follows from another packet`,
    of: (row) => of(row)?.isInferred ?? null,
  },
  { name: `${name}_frame`, type: 'integer', about: `frame that says it`, of: (row) => of(row)?.frame ?? null },
]

function cachingOf(transaction: Transaction): string | null {
  const { detail, protocol } = transaction
  if (detail.kind === 'break') return levelName(protocol, detail)
  const granted = grantedName(transaction)
  return granted === 'nothing' ? null : granted
}

export const transactionColumns: readonly Column<Transaction>[] = [
  { name: 'id', type: 'integer', about: 'number of the request, from 1', of: ({ id }) => id },
  {
    name: 'time',
    type: 'seconds',
    about: "when the request's last byte came, since the first frame",
    of: (t) => at(t.request?.last ?? t.response?.last),
  },
  {
    name: 'stream',
    type: 'integer',
    about: "the connection, Wireshark's tcp.stream",
    of: (t) => t.conversation.stream,
  },
  { name: 'client', type: 'text', about: 'address of the client', of: (t) => t.conversation.client.address },
  {
    name: 'server',
    type: 'text',
    about: 'address of the server, with its port where that is not 445',
    of: (t) => serverOf(t.conversation.server),
  },
  { name: 'protocol', type: 'text', about: 'smb2 or smb1', of: ({ protocol }) => protocol },
  { name: 'session', type: 'text', about: 'session id, hexadecimal', of: ({ session }) => sessionId(session?.id) },
  ...known<Transaction>('user', 'user name', ({ session }) => session?.user),
  ...known<Transaction>('share', 'share as it was asked for', ({ tree }) => tree?.path),
  ...known<Transaction>('path', 'path in the share', ({ path }) => path),
  { name: 'command', type: 'text', about: 'command', of: ({ commandName }) => commandName },
  {
    name: 'detail',
    type: 'text',
    about: 'kind of detail: create, read, tree-connect ...',
    of: ({ detail }) => detail.kind,
  },
  {
    name: 'status',
    type: 'text',
    about: 'NTSTATUS of the final answer',
    of: (t) => (t.status === undefined ? null : statusOf(t)),
  },
  { name: 'message_id', type: 'unsigned', about: 'MessageId, or the MID of SMB1', of: ({ messageId }) => messageId },
  {
    name: 'request_frame',
    type: 'integer',
    about: "frame of the request's last byte",
    of: ({ request }) => spot(request),
  },
  { name: 'interim_frame', type: 'integer', about: 'frame of STATUS_PENDING', of: ({ interim }) => spot(interim) },
  {
    name: 'response_frame',
    type: 'integer',
    about: "frame of the final answer's last byte",
    of: ({ response }) => spot(response),
  },
  {
    name: 'response_time',
    type: 'seconds',
    about: "from the request's last byte to the answer's last",
    of: ({ time }) => seconds(time.responseNs),
  },
  {
    name: 'server_time',
    type: 'seconds',
    about: "from the request's last byte to the answer's first",
    of: ({ time }) => seconds(time.serverNs),
  },
  {
    name: 'transfer_time',
    type: 'seconds',
    about: 'from the first to the last byte of request and answer, together',
    of: ({ time }) => seconds(time.transferNs),
  },
  {
    name: 'idle_before',
    type: 'seconds',
    about: 'how long nothing was under way before',
    of: ({ time }) => seconds(time.idleBeforeNs),
  },
  { name: 'bytes', type: 'integer', about: 'bytes of data that were moved', of: ({ dataBytes }) => dataBytes },
  {
    name: 'depth',
    type: 'integer',
    about: 'requests under way when it was sent, itself included',
    of: ({ depth }) => depth,
  },
  { name: 'credit_charge', type: 'integer', about: 'CreditCharge', of: ({ creditCharge }) => creditCharge },
  {
    name: 'credits_requested',
    type: 'integer',
    about: 'credits asked for',
    of: ({ creditsRequested }) => creditsRequested,
  },
  { name: 'credits_granted', type: 'integer', about: 'credits granted', of: ({ creditsGranted }) => creditsGranted },
  {
    name: 'credits_left',
    type: 'integer',
    about: 'credits that the client had left then; null where that is not known',
    of: ({ creditsLeft }) => creditsLeft ?? null,
  },
  {
    name: 'credit_wait',
    type: 'seconds',
    about: 'how long the client had too few credits for it before',
    of: ({ time }) => seconds(time.creditWaitNs),
  },
  {
    name: 'caching',
    type: 'text',
    about: 'oplock or lease that a CREATE was granted, or that a break leaves',
    of: cachingOf,
  },
  {
    name: 'cache_use',
    type: 'text',
    about: "what the client's cache has to do with it: read-ahead, write-behind, cached-reads (of a CLOSE)",
    of: ({ cacheUse }) => cacheUse ?? null,
  },
  {
    name: 'held_by',
    type: 'text',
    about: 'who had the file open, or bytes of it locked, where that stood in the way; a line each',
    of: ({ heldBy }) => (heldBy.length === 0 ? null : heldBy.map(holderText).join('\n')),
  },
  {
    name: 'held_by_frame',
    type: 'integer',
    about: 'frame that opened it, or granted the lock: the first of them',
    of: ({ heldBy }) => heldBy[0]?.frame ?? null,
  },
  {
    name: 'retransmissions',
    type: 'integer',
    about: 'segments of the connection sent again meanwhile',
    of: ({ time }) => time.retransmissions,
  },
  {
    name: 'zero_windows',
    type: 'integer',
    about: 'closed windows of the connection meanwhile',
    of: ({ time }) => time.zeroWindows,
  },
]

export const sessionColumns: readonly Column<Session>[] = [
  { name: 'session', type: 'text', about: 'session id, hexadecimal', of: ({ id }) => sessionId(id) },
  {
    name: 'stream',
    type: 'integer',
    about: "the connection, Wireshark's tcp.stream",
    of: (s) => s.conversation.stream,
  },
  { name: 'client', type: 'text', about: 'address of the client', of: (s) => s.conversation.client.address },
  {
    name: 'server',
    type: 'text',
    about: 'address of the server, with its port where that is not 445',
    of: (s) => serverOf(s.conversation.server),
  },
  {
    name: 'dialect',
    type: 'text',
    about: 'dialect, such as 3.1.1',
    of: (s) => (s.conversation.dialect === undefined ? null : dialectName(s.conversation.dialect.value)),
  },
  ...known<Session>('user', 'user name', ({ user }) => user),
  ...known<Session>('domain', 'domain of the user', ({ domain }) => domain),
  ...known<Session>('workstation', 'name that the client gives itself', ({ workstation }) => workstation),
  ...known<Session>('mechanism', 'how the user was proved', ({ mechanism }) => mechanism),
  ...known<Session>('service', 'service name of the ticket', ({ serviceName }) => serviceName),
  {
    name: 'ticket_frame',
    type: 'integer',
    about: "frame of the KDC's answer that gave the ticket",
    of: ({ ticket }) => ticket?.response?.frame ?? null,
  },
  {
    name: 'ticket_client',
    type: 'text',
    about: 'who was given the ticket',
    of: ({ ticket }) => ticket?.clientName ?? null,
  },
  { name: 'ticket_kdc', type: 'text', about: 'who gave it', of: ({ ticket }) => ticket?.kdc.address ?? null },
  {
    name: 'ticket_time',
    type: 'seconds',
    about: 'when that was, since the first frame',
    of: ({ ticket }) => at(ticket?.response),
  },
  { name: 'guest', type: 'boolean', about: 'let in as a guest', of: ({ isGuest }) => isGuest },
  { name: 'signed', type: 'boolean', about: 'messages are signed', of: ({ isSigned }) => isSigned },
  { name: 'sealed', type: 'boolean', about: 'messages are sealed', of: ({ isSealed }) => isSealed },
  { name: 'opaque', type: 'boolean', about: 'sealed, and no key opens it', of: ({ isOpaque }) => isOpaque },
  { name: 'first_frame', type: 'integer', about: 'frame in which it was first seen', of: ({ first }) => first.frame },
  { name: 'time', type: 'seconds', about: 'when that was, since the first frame', of: ({ first }) => at(first) },
]

export const rollColumns: readonly Column<Roll>[] = [
  {
    name: 'name',
    type: 'text',
    about: 'what was counted: file, share, user, server, command or status',
    of: ({ name }) => name,
  },
  { name: 'count', type: 'integer', about: 'requests', of: ({ count }) => count },
  { name: 'errors', type: 'integer', about: 'requests that failed', of: ({ errors }) => errors },
  { name: 'bytes', type: 'integer', about: 'bytes of data that were moved', of: ({ bytes }) => bytes },
  {
    name: 'rate',
    type: 'number',
    about: 'bytes in a second, from the first request to the last answer',
    of: (roll) => rateOf(roll) ?? null,
  },
  {
    name: 'median',
    type: 'seconds',
    about: 'median of the response time',
    of: ({ durations }) => quantile(durations, 0.5),
  },
  {
    name: 'p95',
    type: 'seconds',
    about: 'response time that 95 of 100 stay below',
    of: ({ durations }) => quantile(durations, 0.95),
  },
  {
    name: 'p99',
    type: 'seconds',
    about: 'response time that 99 of 100 stay below',
    of: ({ durations }) => quantile(durations, 0.99),
  },
  {
    name: 'max',
    type: 'seconds',
    about: 'longest response time',
    of: ({ durations }) => (durations.count === 0 ? null : durations.maxNs / NS_PER_SECOND),
  },
]

/** What happened in a slice of the capture's time. */
export const sliceColumns: readonly Column<TimeSlice>[] = [
  {
    name: 'time',
    type: 'seconds',
    about: 'when it begins, since the first frame',
    of: ({ fromNs }) => seconds(fromNs),
  },
  { name: 'length', type: 'seconds', about: 'how long it is', of: ({ lengthNs }) => seconds(lengthNs) },
  { name: 'count', type: 'integer', about: 'requests that ended in it', of: ({ count }) => count },
  { name: 'errors', type: 'integer', about: 'those that failed', of: ({ errors }) => errors },
  { name: 'read', type: 'integer', about: 'bytes that were read', of: ({ readBytes }) => readBytes },
  { name: 'written', type: 'integer', about: 'bytes that were written', of: ({ writtenBytes }) => writtenBytes },
  { name: 'max', type: 'seconds', about: 'longest response time', of: ({ maxNs }) => seconds(maxNs) },
]

const quantile = (durations: Roll['durations'], part: number): number | null =>
  durations.count === 0 ? null : durations.quantile(part) / NS_PER_SECOND

export const findingColumns: readonly Column<Finding>[] = [
  { name: 'rule', type: 'text', about: 'id of the rule', of: ({ rule }) => rule },
  { name: 'severity', type: 'text', about: 'problem, warning or note', of: ({ severity }) => severity },
  { name: 'title', type: 'text', about: 'what is wrong, in a line', of: ({ title }) => title },
  { name: 'count', type: 'integer', about: 'how often it was seen', of: ({ count }) => count },
  {
    name: 'frames',
    type: 'text',
    about: 'frames that show it, the telling ones first',
    of: ({ frames }) => frames.join(' '),
  },
  { name: 'cause', type: 'text', about: 'why it happens', of: ({ cause }) => cause },
  {
    name: 'advice',
    type: 'text',
    about: 'what to do, by place',
    of: ({ advice }) => advice.map(({ where, text }) => `${where}: ${text}`).join('\n'),
  },
  {
    name: 'stream',
    type: 'integer',
    about: 'the connection, if it is about one',
    of: ({ conversation }) => conversation?.stream ?? null,
  },
]

/** A record by the names of its columns. */
export const recordOf = <T>(columns: readonly Column<T>[], row: T): Record<string, Cell> =>
  Object.fromEntries(columns.map((column) => [column.name, column.of(row)]))
