import type { DissectOptions } from '../dissect/capture-dissector.ts'
import { dissect } from '../dissect/dissect.ts'
import type { DissectedFrame } from '../dissect/field.ts'
import type { Transaction } from '../model.ts'
import type { CaptureSource } from '../read-captures.ts'
import { fieldValues, matches } from './evaluate.ts'
import { type Expression, fieldOf, operandsOf } from './expression.ts'
import { parseFilter } from './parse.ts'
import { canAskTransactions, transactionValues } from './transaction-values.ts'

/** A filter that was read. */
export class Filter {
  readonly #expression: Expression
  readonly #fields: ReadonlySet<string>

  /** @throws FilterError */
  constructor(text: string) {
    this.#expression = parseFilter(text)
    this.#fields = new Set(operandsOf(this.#expression).map(({ operand }) => fieldOf(operand)))
  }

  /** Whether a frame is what is asked for. */
  frame(frame: DissectedFrame): boolean {
    return matches(this.#expression, fieldValues(frame))
  }

  /**
   * Whether transactions know all that is asked, so that no frame has to be read for it: fields of SMB2's header, names
   * and statuses.
   */
  get asksTransactions(): boolean {
    return canAskTransactions(this.#expression)
  }

  /** Whether the request, or the answer, of a transaction is what is asked for. Only where `asksTransactions`. */
  transaction(transaction: Transaction): boolean {
    return transactionValues(transaction, this.#fields).some((values) => matches(this.#expression, values))
  }

  /** The numbers of all frames that are what is asked for, in order. */
  async frames(sources: CaptureSource | readonly CaptureSource[], options: DissectOptions = {}): Promise<Set<number>> {
    const found = new Set<number>()
    await dissect(sources, (frame) => this.frame(frame) && found.add(frame.frame), options)
    return new Set([...found].toSorted((a, b) => a - b))
  }
}
