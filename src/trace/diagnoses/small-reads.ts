import { Group } from '../evidence/groups.ts'
import { durationOf, pathOf, sizeOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import type { Finding, Open, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

const SMALL_BYTES = 16_384
const MIN_REQUESTS = 50
const MIN_PART_IN_ORDER = 0.8
const MAX_KEPT = 2000

interface Reading {
  readonly group: Group<Transaction>
  next: bigint
  inOrder: number
  bytes: number
  spentNs: number
}

export const smallReads: Rule = {
  id: 'small-reads',
  looksFor: 'Files that are read or written from front to back in small pieces.',
  start() {
    const reads = new Recent<Open, Reading>(MAX_KEPT)
    const writes = new Recent<Open, Reading>(MAX_KEPT)
    return {
      transaction(transaction) {
        const { detail, open } = transaction
        if ((detail.kind !== 'read' && detail.kind !== 'write') || open === undefined || detail.length > SMALL_BYTES)
          return
        if (transaction.tree?.kind?.value === 'pipe') return
        const fresh = () => ({ group: new Group(transaction), next: -1n, inOrder: 0, bytes: 0, spentNs: 0 })
        const reading = (detail.kind === 'read' ? reads : writes).take(open, fresh)
        reading.group.add(framesOf(transaction))
        if (detail.offset === reading.next) reading.inOrder++
        reading.next = detail.offset + BigInt(detail.length)
        reading.bytes += transaction.dataBytes
        reading.spentNs += transaction.time.responseNs ?? 0
      },
      findings: () => [...reads.values(), ...writes.values()].flatMap(tell),
    }
  },
}

function tell({ group, inOrder, bytes, spentNs }: Reading): Finding[] {
  if (group.count < MIN_REQUESTS || inOrder < group.count * MIN_PART_IN_ORDER) return []
  const { first } = group
  const verb = first.detail.kind === 'read' ? 'read' : 'written'
  const told = {
    severity: 'warning' as const,
    title: `${pathOf(first)} is ${verb} in pieces of ${sizeOf(bytes / group.count)}`,
    cause: `${userOf(first.session)} moved ${sizeOf(bytes)} from front to back in ${group.count} requests, which took ${durationOf(spentNs)}; as few as ${Math.max(1, Math.ceil(bytes / 1_048_576))} would have done. A client with a lease or oplock gathers them: this one had none, or the program has switched the cache off.`,
    advice: advise({
      user: 'Let the program use larger buffers.',
      windows: 'Programs that open with FILE_FLAG_NO_BUFFERING or write-through bypass the cache.',
      samba: '"oplocks", "smb2 leases" on; cache=strict or loose for Linux mounts.',
      smbkit: 'oplocks: true for the share.',
    }),
  }
  return [findingOf('small-reads', group, told, first.conversation)]
}
