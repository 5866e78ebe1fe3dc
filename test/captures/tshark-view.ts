import type { Transaction } from '../../src/trace/index.ts'
import { Dialect } from '../../src/wire/smb2/index.ts'

/** One message, as both readers tell it. */
export interface Message {
  readonly frame: number
  readonly stream: number
  readonly protocol: 'smb2' | 'smb1'
  readonly command: number
  readonly isResponse: boolean
  readonly messageId: string
  readonly sessionId: string | undefined
  readonly treeId: string | undefined
  readonly status: number | undefined
  readonly name: string | undefined
  readonly tree: string | undefined
  /** Nanoseconds. */
  readonly responseNs: number | undefined
}

/** A frame of tshark's table: columns in which some messages have no value are shorter, so they stay lists. */
export interface TsharkFrame {
  readonly frame: number
  readonly stream: number
  readonly smb2: TsharkMessages
  readonly smb1: TsharkMessages
}

export interface TsharkMessages {
  readonly commands: readonly number[]
  readonly isResponse: readonly boolean[]
  readonly messageIds: readonly string[]
  readonly sessionIds: readonly string[]
  readonly treeIds: readonly string[]
  readonly statuses: readonly number[]
  readonly names: readonly string[]
  readonly trees: readonly string[]
  readonly timesNs: readonly number[]
}

/** Reads a table that tshark made with `-T fields -E header=y -E separator=/t -E occurrence=a -E aggregator=,`. */
export function readTsharkTable(text: string): TsharkFrame[] {
  const [header = '', ...lines] = text.split('\n').filter((line) => line !== '')
  const columns = header.split('\t')
  return lines.map((line) => {
    const cells = line.split('\t')
    const list = (name: string): string[] => {
      const cell = cells[columns.indexOf(name)] ?? ''
      return cell === '' ? [] : cell.split(',')
    }
    const messages = (protocol: 'smb2' | 'smb', id: string, session: string): TsharkMessages => ({
      commands: list(`${protocol}.cmd`).map(Number),
      isResponse: list(`${protocol}.flags.response`).map((value) => value === '1' || value === 'True'),
      messageIds: list(`${protocol}.${id}`).map((value) => String(BigInt(value))),
      sessionIds: list(`${protocol}.${session}`).map((value) => BigInt(value).toString(16)),
      treeIds: list(`${protocol}.tid`).map((value) => BigInt(value).toString(16)),
      statuses: list(`${protocol}.nt_status`).map(Number),
      names: list('smb2.filename'),
      trees: list('smb2.tree'),
      timesNs: list(`${protocol}.time`).map((value) => Math.round(Number(value) * 1e9)),
    })
    return {
      frame: Number(cells[0]),
      stream: Number(cells[2]),
      smb2: messages('smb2', 'msg_id', 'sesid'),
      smb1: messages('smb', 'mid', 'uid'),
    }
  })
}

/** A NEGOTIATE of SMB1 that one of SMB2 answers: tshark does not join the two. */
const leadsToSmb2 = ({ protocol, detail }: Transaction): boolean =>
  protocol === 'smb1' && detail.kind === 'negotiate' && (detail.chosen ?? 0) >= Dialect.SMB_2_0_2

/** The messages of transactions, each where its last byte is. */
export function messagesOf(transactions: readonly Transaction[]): Message[] {
  return transactions.flatMap((transaction) => {
    const { request, interim, response } = transaction
    const common = {
      stream: transaction.conversation.stream,
      protocol: transaction.protocol,
      command: transaction.command,
      messageId: String(transaction.messageId),
      sessionId: transaction.session?.id.toString(16),
      treeId: transaction.tree?.id.toString(16),
      // In a namespace it begins with server and share on the wire.
      name: transaction.detail.kind === 'create' ? transaction.detail.name : transaction.path?.value,
      tree: transaction.tree?.path?.value,
    }
    const none = { status: undefined, responseNs: undefined }
    const found: (Message & { order: number })[] = []
    if (request !== undefined)
      found.push({ ...common, ...none, frame: request.last.frame, isResponse: false, order: request.chainIndex })
    if (interim !== undefined)
      found.push({
        ...common,
        frame: interim.last.frame,
        isResponse: true,
        status: 0x103,
        responseNs: request && interim.last.timeNs - request.last.timeNs,
        order: interim.chainIndex,
      })
    if (response !== undefined)
      found.push({
        ...common,
        ...(leadsToSmb2(transaction) && { protocol: 'smb2', command: 0 }),
        frame: response.last.frame,
        isResponse: true,
        status: transaction.status,
        responseNs: leadsToSmb2(transaction) ? undefined : transaction.time.responseNs,
        order: response.chainIndex,
      })
    return found
  })
}
