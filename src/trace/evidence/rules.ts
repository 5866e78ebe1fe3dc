/** Rules made of less: what most of them share. */
import type { Advice, Conversation, Finding, Observer, Rule, Severity, Transaction } from '../model.ts'
import { type Group, Groups } from './groups.ts'

/** What a rule tells of a group of evidence. */
export interface Told {
  readonly severity: Severity
  readonly title: string
  readonly cause: string
  readonly advice: readonly Advice[]
}

/** What to do, by the place where it is done. */
export function advise(places: Readonly<Partial<Record<Advice['where'], string>>>): Advice[] {
  return Object.entries(places).map(([where, text]) => ({ where: where as Advice['where'], text }))
}

/** A finding of a rule about a group. */
export function findingOf<T>(
  rule: string,
  group: Group<T>,
  told: Told,
  conversation: Conversation | undefined,
): Finding {
  const { severity, title, cause, advice } = told
  return { rule, severity, title, frames: [...group.frames], count: group.count, cause, advice, conversation }
}

/** The frames of a transaction, the telling one first. */
export const framesOf = ({ response, request, interim }: Transaction): (number | undefined)[] => [
  response?.last.frame,
  request?.last.frame,
  interim?.last.frame,
]

/** What a transaction is evidence of. */
interface Sign {
  /** Evidence with the same key makes one finding. */
  readonly key: string
  /** What it was about: a file, a share, a user. */
  readonly name?: string | undefined
}

interface TransactionRule {
  readonly id: string
  readonly looksFor: string
  /** Whether a transaction is evidence, and of what. */
  readonly sign: (transaction: Transaction) => Sign | undefined
  /** What the evidence means; undefined where it is not enough. */
  readonly tell: (group: Group<Transaction>) => Told | undefined
}

/** A rule that looks at each transaction by itself. */
export function transactionRule({ id, looksFor, sign, tell }: TransactionRule): Rule {
  return {
    id,
    looksFor,
    start() {
      const groups = new Groups<Transaction>()
      return {
        transaction(transaction) {
          const found = sign(transaction)
          if (found === undefined) return
          groups.of(found.key, () => transaction)?.add(framesOf(transaction), found.name)
        },
        findings: () =>
          groups.all().flatMap((group) => {
            const told = tell(group)
            return told === undefined ? [] : [findingOf(id, group, told, group.first.conversation)]
          }),
      }
    },
  }
}

/** Evidence about a whole connection. */
interface ConversationSign extends Sign {
  readonly frames: readonly (number | undefined)[]
}

interface ConversationRule<S> {
  readonly id: string
  readonly looksFor: string
  /** What is kept of a connection while it lasts. */
  state(conversation: Conversation): S
  /** A transaction of it is complete. */
  transaction?(transaction: Transaction, state: S): void
  /** Whether the connection, at its end or at that of the capture, is evidence. */
  ended(conversation: Conversation, state: S): ConversationSign | undefined
  tell(group: Group<{ readonly conversation: Conversation; readonly state: S }>): Told | undefined
}

/** A rule that judges connections when they end. */
export function conversationRule<S>(rule: ConversationRule<S>): Rule {
  return { id: rule.id, looksFor: rule.looksFor, start: () => startConversationRule(rule) }
}

function startConversationRule<S>(rule: ConversationRule<S>): Observer & { findings(): readonly Finding[] } {
  const states = new Map<Conversation, S>()
  const groups = new Groups<{ readonly conversation: Conversation; readonly state: S }>()
  const stateOf = (conversation: Conversation): S => {
    let state = states.get(conversation)
    if (state === undefined) states.set(conversation, (state = rule.state(conversation)))
    return state
  }
  return {
    transaction(transaction) {
      if (rule.transaction !== undefined) rule.transaction(transaction, stateOf(transaction.conversation))
    },
    conversationEnds(conversation) {
      const state = stateOf(conversation)
      states.delete(conversation)
      const sign = rule.ended(conversation, state)
      if (sign !== undefined) groups.of(sign.key, () => ({ conversation, state }))?.add(sign.frames, sign.name)
    },
    findings: () =>
      groups.all().flatMap((group) => {
        const told = rule.tell(group)
        return told === undefined ? [] : [findingOf(rule.id, group, told, group.first.conversation)]
      }),
  }
}
