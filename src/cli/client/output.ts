import { json } from './format.ts'
import { Progress, type ProgressState } from './progress.ts'

const batchBytes = 16 * 1024

/** Standard output and standard error of a command, and the line of progress between them. */
export class Output {
  #pending = ''
  #progress: Progress | undefined
  #drained: Promise<void> | undefined

  /** `broken`: standard output takes no more. */
  constructor(broken: (error: unknown) => void) {
    process.stdout.on('error', broken)
    process.stderr.on('error', () => undefined)
  }

  /** Text for standard output. Wait for it where there is much of it: a slow reader slows the command. */
  write(text: string): Promise<void> | undefined {
    this.#pending += text
    return this.#pending.length >= batchBytes ? this.flush() : undefined
  }

  /** A value for programs: indented, or in one line of its own. */
  json(value: unknown, isLine = false): Promise<void> | undefined {
    return this.write(json(value, !isLine))
  }

  /** Bytes for standard output, which are the caller's again when it is done. */
  async bytes(data: Uint8Array): Promise<void> {
    await this.flush()
    if (process.stdout.destroyed) return
    await new Promise<void>((resolve) => process.stdout.write(data, () => resolve()))
  }

  /** All that was written is out. */
  async flush(): Promise<void> {
    const text = this.#pending
    this.#pending = ''
    if (text !== '') await this.#give(text)
  }

  /** Text for standard error, now. */
  tell(text: string): void {
    if (this.#progress === undefined) process.stderr.write(text)
    else this.#progress.print(text)
  }

  /** Shows how far it is, where there is a terminal to show it on, until the function that it gives is called. */
  showProgress(state: () => ProgressState): () => void {
    if (!process.stderr.isTTY) return () => undefined
    const progress = new Progress(process.stderr, state)
    this.#progress = progress
    progress.start()
    return () => {
      this.#progress = undefined
      progress.stop()
    }
  }

  async #give(data: string): Promise<void> {
    if (process.stdout.write(data) || process.stdout.destroyed) return
    this.#drained ??= new Promise<void>((resolve) => {
      const done = () => {
        this.#drained = undefined
        process.stdout.off('drain', done).off('close', done)
        resolve()
      }
      process.stdout.on('drain', done).on('close', done)
    })
    await this.#drained
  }
}
