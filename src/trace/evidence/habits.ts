/** What clients do again and again with one file or folder. */
import type { Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'
import { Group } from './groups.ts'
import { findingOf, framesOf, type Told } from './rules.ts'

const MAX_KEPT = 10_000
const MAX_TOLD = 5

interface Habit {
  readonly group: Group<Transaction>
  spentNs: number
  /** Between the first and the last time, nanoseconds. */
  readonly overNs: number
}

interface HabitRule {
  readonly id: string
  readonly looksFor: string
  /** How often it takes to be a habit. */
  readonly least: number
  /** What a request is a repetition of: usually the path. */
  readonly key: (transaction: Transaction) => string | undefined
  readonly tell: (habit: Habit) => Told | undefined
}

/** A rule for requests that come more often than they should. */
export function habitRule({ id, looksFor, least, key, tell }: HabitRule): Rule {
  return {
    id,
    looksFor,
    start() {
      const seen = new Recent<string, { group: Group<Transaction>; spentNs: number; lastNs: number }>(MAX_KEPT)
      return {
        transaction(transaction) {
          const of = key(transaction)
          if (of === undefined) return
          const name = `${transaction.conversation.client.address} ${of}`
          const one = seen.take(name, () => ({ group: new Group(transaction), spentNs: 0, lastNs: 0 }))
          one.group.add(framesOf(transaction))
          one.spentNs += transaction.time.responseNs ?? 0
          one.lastNs = Math.max(one.lastNs, transaction.request?.last.timeNs ?? 0)
        },
        findings: () =>
          [...seen.values()]
            .filter(({ group }) => group.count >= least)
            .toSorted((left, right) => right.group.count - left.group.count)
            .slice(0, MAX_TOLD)
            .flatMap(({ group, spentNs, lastNs }) => {
              const overNs = lastNs - (group.first.request?.last.timeNs ?? lastNs)
              const told = tell({ group, spentNs, overNs })
              return told === undefined ? [] : [findingOf(id, group, told, group.first.conversation)]
            }),
      }
    },
  }
}
