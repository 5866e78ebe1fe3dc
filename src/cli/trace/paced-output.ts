import { printable } from '../report.ts'

const batchBytes = 64 * 1024

/** Standard output for very many lines: a slow reader slows the reading of the capture. */
export class PacedOutput {
  #pending = ''
  #isBroken = false

  constructor() {
    // `| head` ends the reading, and nothing else.
    process.stdout.on('error', () => {
      this.#isBroken = true
    })
  }

  /** A line for people: no control characters. */
  line(text: string): void {
    this.#pending += `${printable(text)}\n`
  }

  /** Text that is written as it is. */
  text(text: string): void {
    this.#pending += text
  }

  /** Lets what has been written out, between the pieces of a capture; ends it where nobody reads any more. */
  async *pacing(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      yield piece
      if (this.#pending.length >= batchBytes) await this.flush()
      if (this.#isBroken) return
    }
  }

  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    if (text === '' || this.#isBroken) return
    await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()))
  }
}
