import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Group } from '../evidence/groups.ts'
import { durationOf, listOf, pathOf, shareOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import type { Finding, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

const MISSING: readonly (number | undefined)[] = [
  NtStatus.OBJECT_NAME_NOT_FOUND,
  NtStatus.OBJECT_PATH_NOT_FOUND,
  NtStatus.NO_SUCH_FILE,
]
/** A few misses are how programs work. */
const MIN_MISSES = 20
const MIN_SAME_NAME = 10
const MIN_PART = 0.25
const MAX_KEPT = 1000

interface Looking {
  readonly group: Group<Transaction>
  creates: number
  waitedNs: number
  /** How often each last part of a path was missed. */
  readonly misses: Map<string, number>
}

export const searchPathProbing: Rule = {
  id: 'search-path-probing',
  looksFor: 'Programs that look for files again and again where there are none.',
  start() {
    const looking = new Recent<string, Looking>(MAX_KEPT)
    return {
      transaction(transaction) {
        const { detail, status } = transaction
        if (detail.kind !== 'create' && detail.kind !== 'query-directory') return
        const key = `${transaction.conversation.client.address} ${userOf(transaction.session)} ${shareOf(transaction)}`
        const fresh = () => ({
          group: new Group(transaction),
          creates: 0,
          waitedNs: 0,
          misses: new Map<string, number>(),
        })
        const one = looking.take(key, fresh)
        one.creates++
        if (!MISSING.includes(status)) return
        const path = pathOf(transaction)
        one.group.add(framesOf(transaction), path)
        one.waitedNs += transaction.time.responseNs ?? 0
        const name = path.slice(path.lastIndexOf('\\') + 1).toLowerCase()
        if (one.misses.has(name) || one.misses.size < MAX_KEPT) one.misses.set(name, (one.misses.get(name) ?? 0) + 1)
      },
      findings: () => [...looking.values()].flatMap(tell),
    }
  },
}

function tell({ group, creates, waitedNs, misses }: Looking): Finding[] {
  const [name = '', most = 0] = [...misses].toSorted((left, right) => right[1] - left[1])[0] ?? []
  const isLoop = group.count >= MIN_MISSES && group.count >= creates * MIN_PART
  if (!isLoop && most < MIN_SAME_NAME) return []
  const { first } = group
  const told = {
    severity: 'warning' as const,
    title: `${userOf(first.session)} looks ${group.count} times for what is not on ${shareOf(first)}`,
    cause: `Of ${creates} attempts to open or find something, ${group.count} found nothing; together they took ${durationOf(waitedNs)}. ${
      most >= MIN_SAME_NAME
        ? `Most often it was ${name} (${most} times): a program waits for it, or searches for it in folder after folder.`
        : `For example ${listOf(group.names)}.`
    } A search path (PATH, DLLs, fonts, templates, Java and Python modules) that has a share in it does this; each miss costs a round trip.`,
    advice: advise({
      user: 'Take the share out of the search path, or put the program on the local disk.',
      windows: 'FileNotFoundCacheLifetime of the client (5 s) and directory leases spare the repetition.',
      samba: '"case sensitive = yes" makes each miss cheap in large folders.',
      smbkit: 'Leases of directories are on; oplocks: false takes them away.',
    }),
  }
  return [findingOf('search-path-probing', group, told, first.conversation)]
}
