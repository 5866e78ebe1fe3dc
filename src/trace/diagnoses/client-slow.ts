import { Group } from '../evidence/groups.ts'
import { durationOf, pathOf, sizeOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import type { Finding, Open, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

/** Longer pauses are people, or a program that does something else. */
const MAX_PAUSE_NS = 2e9
const MIN_PAUSES_NS = 1e9
const MIN_REQUESTS = 20
const MIN_FACTOR = 4
const MAX_KEPT = 2000

interface Transfer {
  readonly group: Group<Transaction>
  idleNs: number
  serverNs: number
  bytes: number
}

/** During a transfer the client decides when the next piece is asked for. */
export const clientSlow: Rule = {
  id: 'client-slow',
  looksFor: 'Transfers that wait for the client between one request and the next.',
  start() {
    const reads = new Recent<Open, Transfer>(MAX_KEPT)
    const writes = new Recent<Open, Transfer>(MAX_KEPT)
    return {
      transaction(transaction) {
        const { detail, time, open } = transaction
        if ((detail.kind !== 'read' && detail.kind !== 'write') || open === undefined || transaction.depth > 1) return
        const fresh = () => ({ group: new Group(transaction), idleNs: 0, serverNs: 0, bytes: 0 })
        const transfer = (detail.kind === 'read' ? reads : writes).take(open, fresh)
        const isFirst = transfer.group.count === 0
        transfer.group.add(framesOf(transaction))
        transfer.serverNs += time.responseNs ?? 0
        transfer.bytes += transaction.dataBytes
        if (!isFirst && time.idleBeforeNs < MAX_PAUSE_NS) transfer.idleNs += time.idleBeforeNs
      },
      findings: () => [...reads.values(), ...writes.values()].flatMap(tell),
    }
  },
}

function tell({ group, idleNs, serverNs, bytes }: Transfer): Finding[] {
  if (group.count < MIN_REQUESTS || idleNs < MIN_PAUSES_NS || idleNs < serverNs * MIN_FACTOR) return []
  const { first } = group
  const verb = first.detail.kind === 'read' ? 'reads' : 'writes'
  const told = {
    severity: 'warning' as const,
    title: `The client is slow: ${first.conversation.client.address} ${verb} ${pathOf(first)} with pauses`,
    cause: `${userOf(first.session)} ${verb} ${sizeOf(bytes)} in ${group.count} requests. Server and network needed ${durationOf(serverNs)} for them, and between them the client paused for ${durationOf(idleNs)}: the program works on what it got before it asks for more, or something on the client (a virus scanner, a slow local disk) holds it up.`,
    advice: advise({
      user: 'Look at processor and disk of the client; copy the file with another program (robocopy, smbkit get) to compare.',
      windows:
        'Process Monitor shows who reads and what happens between; exclude the file from the virus scanner for a test.',
      samba:
        'smbclient and Linux mounts read ahead (rasize, cache=strict); "oplocks" and "smb2 leases" of the server allow it.',
      smbkit: 'smbkit get --jobs; the client reads ahead where a lease allows it (leases: true).',
    }),
  }
  return [findingOf('client-slow', group, told, first.conversation)]
}
