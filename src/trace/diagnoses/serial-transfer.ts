import { SMB_2_1 } from '../evidence/dialects.ts'
import { Group } from '../evidence/groups.ts'
import { durationOf, pathOf, sizeOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import { roundTripOf } from '../evidence/speed.ts'
import type { Finding, Open, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

/** On a short path waiting for each answer costs little. */
const MIN_LATENCY_NS = 5e6
const MIN_REQUESTS = 10
const MIN_BYTES = 256 * 1024
/** What a request of one credit can move. MS-SMB2 3.1.5.2. */
const SINGLE_CREDIT_BYTES = 65_536
const MAX_KEPT = 2000

interface Transfer {
  readonly group: Group<Transaction>
  bytes: number
  largest: number
  deepest: number
  timeNs: number
  fastestNs: number
}

export const serialTransfer: Rule = {
  id: 'serial-transfer',
  looksFor: 'Transfers that ask for one piece at a time on a long path: no pipelining, or no multi-credit requests.',
  start() {
    const reads = new Recent<Open, Transfer>(MAX_KEPT)
    const writes = new Recent<Open, Transfer>(MAX_KEPT)
    return {
      transaction(transaction) {
        const { detail, open, time } = transaction
        if ((detail.kind !== 'read' && detail.kind !== 'write') || open === undefined) return
        const fresh = () => ({
          group: new Group(transaction),
          bytes: 0,
          largest: 0,
          deepest: 0,
          timeNs: 0,
          fastestNs: Number.POSITIVE_INFINITY,
        })
        const transfer = (detail.kind === 'read' ? reads : writes).take(open, fresh)
        transfer.group.add(framesOf(transaction))
        transfer.bytes += transaction.dataBytes
        transfer.largest = Math.max(transfer.largest, detail.length)
        transfer.deepest = Math.max(transfer.deepest, transaction.depth)
        transfer.timeNs += time.responseNs ?? 0
        transfer.fastestNs = Math.min(transfer.fastestNs, time.responseNs ?? Number.POSITIVE_INFINITY)
      },
      findings: () => [...reads.values(), ...writes.values()].flatMap(tell),
    }
  },
}

function tell({ group, bytes, largest, deepest, timeNs, fastestNs }: Transfer): Finding[] {
  const { first } = group
  const latencyNs = Math.max(roundTripOf(first.conversation), Math.min(fastestNs, 1e12))
  if (deepest > 1 || group.count < MIN_REQUESTS || bytes < MIN_BYTES || latencyNs < MIN_LATENCY_NS) return []
  const dialect = first.conversation.dialect?.value
  const couldBeLarger = typeof dialect === 'number' && dialect >= SMB_2_1 && largest <= SINGLE_CREDIT_BYTES
  const verb = first.detail.kind === 'read' ? 'read' : 'written'
  const perSecond = timeNs === 0 ? 0 : (bytes / timeNs) * 1e9
  const told = {
    severity: 'warning' as const,
    title: `${pathOf(first)} is ${verb} one piece at a time over a path of ${durationOf(latencyNs)}: ${sizeOf(perSecond)} a second`,
    cause: `${userOf(first.session)} moved ${sizeOf(bytes)} in ${group.count} requests of at most ${sizeOf(largest)}, and each waited for the answer to the one before (depth 1, no pipelining). With ${durationOf(latencyNs)} for each, no more than ${sizeOf((largest / latencyNs) * 1e9)} a second is possible, whatever the line can do.${
      couldBeLarger
        ? ' The dialect allows larger requests (multi-credit, CreditCharge above 1), and none was used.'
        : ''
    }`,
    advice: advise({
      user: 'Use a program that keeps several requests under way: robocopy /MT, smbkit get; or copy the file first and work on the copy.',
      windows:
        'Programs that open with FILE_FLAG_NO_BUFFERING or write-through lose read-ahead; Set-SmbClientConfiguration -EnableLargeMtu $true.',
      samba: '"smb2 max read", "smb2 max write" and "smb2 max credits" of the server; rsize and wsize of Linux mounts.',
      smbkit: 'limits: maxReadBytes, maxWriteBytes and maxCredits of the server.',
    }),
  }
  return [findingOf('serial-transfer', group, told, first.conversation)]
}
