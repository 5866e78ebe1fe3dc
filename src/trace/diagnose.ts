import { rules as allRules } from './diagnoses/index.ts'
import type { Finding, Observer, Rule, Severity, Transaction } from './model.ts'

const ORDER: Readonly<Record<Severity, number>> = { problem: 0, warning: 1, note: 2 }

/** Lets rules listen to a capture, and asks them at its end what they found. */
export class Diagnosis implements Observer {
  readonly #listening: readonly (Observer & { findings(): readonly Finding[] })[]

  readonly #toTransactions: readonly Observer[]

  constructor(rules: readonly Rule[] = allRules) {
    this.#listening = rules.map((rule) => rule.start())
    this.#toTransactions = this.#listening.filter((one) => one.transaction !== undefined)
  }

  conversationBegins(...told: Parameters<NonNullable<Observer['conversationBegins']>>): void {
    for (const one of this.#listening) one.conversationBegins?.(...told)
  }
  transaction(transaction: Transaction): void {
    for (const one of this.#toTransactions) one.transaction?.(transaction)
  }
  kerberos(...told: Parameters<NonNullable<Observer['kerberos']>>): void {
    for (const one of this.#listening) one.kerberos?.(...told)
  }
  announcement(...told: Parameters<NonNullable<Observer['announcement']>>): void {
    for (const one of this.#listening) one.announcement?.(...told)
  }
  conversationEnds(...told: Parameters<NonNullable<Observer['conversationEnds']>>): void {
    for (const one of this.#listening) one.conversationEnds?.(...told)
  }
  end(): void {
    for (const one of this.#listening) one.end?.()
  }

  /** What was found, the worst first. */
  findings(): Finding[] {
    return this.#listening
      .flatMap((one) => one.findings())
      .toSorted((left, right) => ORDER[left.severity] - ORDER[right.severity])
  }
}
