import type { FieldValue } from '../dissect/field.ts'
import type { Endpoint, FrameSpot, Transaction } from '../model.ts'
import type { FieldValues } from './evaluate.ts'
import { type Expression, fieldOf, operandsOf } from './expression.ts'

/** What a message of a transaction knows of a field of SMB2; undefined where the field is not in it. */
type Read = (transaction: Transaction, isResponse: boolean) => FieldValue

const inAnswers =
  (read: (transaction: Transaction) => FieldValue): Read =>
  (transaction, isResponse) =>
    isResponse ? read(transaction) : undefined
const inRequests =
  (read: (transaction: Transaction) => FieldValue): Read =>
  (transaction, isResponse) =>
    isResponse ? undefined : read(transaction)

/** Fields of SMB2 that transactions have, with the same values as the frames. */
const fields: Readonly<Record<string, Read>> = {
  'smb2.cmd': ({ command }) => command,
  'smb2.msg_id': ({ messageId }) => messageId,
  'smb2.flags.response': (_transaction, isResponse) => isResponse,
  'smb2.credit.charge': inRequests(({ creditCharge }) => creditCharge),
  'smb2.credits.requested': inRequests(({ creditsRequested }) => creditsRequested),
  'smb2.credits.granted': inAnswers(({ creditsGranted }) => creditsGranted),
  'smb2.nt_status': inAnswers(({ status }) => status),
  'smb2.time': inAnswers(({ time }) => (time.responseNs === undefined ? undefined : time.responseNs / 1e9)),
  // The request that opens a file has no handle yet, and the root of a share no name.
  'smb2.fid.filename': inRequests(({ path, open, detail }) =>
    open === undefined || detail.kind === 'create' || path?.value === '' ? undefined : path?.value,
  ),
}

/** Fields of what carries messages, of whatever protocol. The message is in the frame with its last byte. */
const ofAll: Readonly<Record<string, (transaction: Transaction, isResponse: boolean) => readonly FieldValue[]>> = {
  'tcp.stream': ({ conversation }) => [conversation.stream],
  'tcp.srcport': (transaction, isResponse) => [endsOf(transaction, isResponse)[0].port],
  'tcp.dstport': (transaction, isResponse) => [endsOf(transaction, isResponse)[1].port],
  'tcp.port': (transaction, isResponse) => endsOf(transaction, isResponse).map(({ port }) => port),
  'ip.src': (transaction, isResponse) => addresses(endsOf(transaction, isResponse).slice(0, 1), false),
  'ip.dst': (transaction, isResponse) => addresses(endsOf(transaction, isResponse).slice(1), false),
  'ip.addr': (transaction, isResponse) => addresses(endsOf(transaction, isResponse), false),
  'ipv6.src': (transaction, isResponse) => addresses(endsOf(transaction, isResponse).slice(0, 1), true),
  'ipv6.dst': (transaction, isResponse) => addresses(endsOf(transaction, isResponse).slice(1), true),
  'ipv6.addr': (transaction, isResponse) => addresses(endsOf(transaction, isResponse), true),
  'frame.number': (transaction, isResponse) => [spotOf(transaction, isResponse)?.frame],
  'frame.time_relative': (transaction, isResponse) => {
    const ns = spotOf(transaction, isResponse)?.timeNs
    return ns === undefined ? [] : [ns / 1e9]
  },
}

/** Who sends, and to whom. */
const endsOf = ({ conversation: { client, server } }: Transaction, isResponse: boolean): [Endpoint, Endpoint] =>
  isResponse ? [server, client] : [client, server]
const addresses = (ends: readonly Endpoint[], isV6: boolean): string[] =>
  ends.map(({ address }) => address).filter((address) => address.includes(':') === isV6)
const spotOf = ({ request, response }: Transaction, isResponse: boolean): FrameSpot | undefined =>
  (isResponse ? response : request)?.last

/** Whether transactions know all that an expression asks for. */
export const canAskTransactions = (expression: Expression): boolean =>
  operandsOf(expression).every(({ operand, isValue }) => {
    const field = fieldOf(operand)
    // Of a protocol they know that it is there, and not its bytes.
    return field in fields || field in ofAll || (field === 'smb2' && !isValue)
  })

/** Those values of the request and of the final answer that are wanted, as far as they were captured. */
export function transactionValues(transaction: Transaction, wanted: ReadonlySet<string>): FieldValues[] {
  const { protocol, request, response } = transaction
  const sides = [...(request === undefined ? [] : [false]), ...(response === undefined ? [] : [true])]
  return sides.map((isResponse) => {
    const values = new Map<string, readonly FieldValue[]>()
    for (const name of wanted) {
      const found = ofAll[name]?.(transaction, isResponse) ?? []
      if (found.length > 0) values.set(name, found)
    }
    if (protocol !== 'smb2') return values
    values.set('smb2', [])
    for (const name of wanted) {
      const value = fields[name]?.(transaction, isResponse)
      if (value !== undefined) values.set(name, [value])
    }
    return values
  })
}
