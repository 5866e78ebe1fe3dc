import type { FieldValue } from '../dissect/field.ts'
import type { Transaction } from '../model.ts'
import type { FieldValues } from './evaluate.ts'
import { type Expression, fieldsOf } from './expression.ts'

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
  'smb2.fid.filename': inRequests(({ path, open }) => (open === undefined ? undefined : path?.value)),
}

/** Whether transactions know all that an expression asks for. */
export const canAskTransactions = (expression: Expression): boolean =>
  fieldsOf(expression).every((field) => field in fields || field === 'smb2')

/** The values of the request and of the final answer, as far as they were captured. */
export function transactionValues(transaction: Transaction): FieldValues[] {
  const { protocol, request, response } = transaction
  const sides = [...(request === undefined ? [] : [false]), ...(response === undefined ? [] : [true])]
  return sides.map((isResponse) => {
    const values = new Map<string, readonly FieldValue[]>()
    if (protocol !== 'smb2') return values
    values.set('smb2', [])
    for (const [name, read] of Object.entries(fields)) {
      const value = read(transaction, isResponse)
      if (value !== undefined) values.set(name, [value])
    }
    return values
  })
}
