import { Worker } from 'node:worker_threads'
import type { GssAnswer, GssCallName, GssCalls, GssFailure, GssQuestion } from './gssapi-calls.ts'

export type { Accepted } from './gssapi-accept.ts'
export type { GssFailure } from './gssapi-calls.ts'
export type { GssContext, GssMessageKey } from './gssapi-context.ts'
export type { GssCredentials, Initiated, InitiateRequest } from './gssapi-initiate.ts'

export interface GssThreadOptions {
  /** Calls that wait; more are refused. */
  readonly maxWaiting: number
  /** For one call. */
  readonly timeoutMs: number
  /** Calls `action` once after `delayMs`, unless the returned function is called before. */
  readonly after: (delayMs: number, action: () => void) => () => void
}

interface Waiting {
  readonly answer: (answer: GssAnswer) => void
}

/** What a call gives: what it was asked for, or why not. */
export type GssResult<T> = { readonly value: T } | { readonly failure: GssFailure }

/**
 * Kerberos by GSSAPI in a thread of its own, begun with the first call: calls are made one after the other, since each
 * may wait for a KDC. It keeps the process alive only while a call waits. A thread that does not answer in time is given
 * up with all that wait for it, and the next call begins another.
 */
export class GssThread {
  readonly #options: GssThreadOptions
  #worker: Worker | undefined
  #waiting: Waiting[] = []
  #cancelTimer: (() => void) | undefined

  constructor(options: GssThreadOptions) {
    this.#options = options
  }

  /** Never rejects. What the request has is copied before this returns. */
  call<N extends GssCallName>(name: N, request: GssCalls[N]['request']): Promise<GssResult<GssCalls[N]['answer']>> {
    if (this.#waiting.length >= this.#options.maxWaiting)
      return Promise.resolve({ failure: failureOf('busy', 'too many logons by Kerberos wait') })
    return new Promise((resolve) => {
      const worker = this.#start()
      const question: GssQuestion = { name, request }
      worker.postMessage(question, [])
      this.#waiting.push({ answer: (answer) => resolve(answer as GssResult<GssCalls[N]['answer']>) })
      if (this.#waiting.length > 1) return
      worker.ref()
      this.#startTimer()
    })
  }

  /** Ends the thread; what waits fails. */
  close(): void {
    this.#giveUp(failureOf('unavailable', 'Kerberos is at its end'))
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    // The command is bundled into files of another folder; where this was built, so was that.
    const source = new URL('../native/gssapi-worker.ts', import.meta.url)
    const isBuilt = import.meta.url.endsWith('.js')
    const worker = new Worker(isBuilt ? new URL(source.href.replace(/ts$/, 'js')) : source, { name: 'kerberos' })
    worker.on('message', (answer: GssAnswer) => {
      if (worker === this.#worker) this.#answered(answer)
    })
    worker.on('error', (error: Error) => {
      if (worker === this.#worker) this.#giveUp(failureOf('unavailable', `Kerberos has failed: ${error.message}`))
    })
    worker.unref()
    this.#worker = worker
    return worker
  }

  #answered(answer: GssAnswer): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const first = this.#waiting.shift()
    if (this.#waiting.length > 0) this.#startTimer()
    else this.#worker?.unref()
    first?.answer(answer)
  }

  #startTimer(): void {
    const { after, timeoutMs } = this.#options
    this.#cancelTimer = after(timeoutMs, () =>
      this.#giveUp(failureOf('timeout', `no answer for ${timeoutMs / 1000} seconds; is the KDC there?`)),
    )
  }

  #giveUp(failure: GssFailure): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const [worker, waiting] = [this.#worker, this.#waiting]
    this.#worker = undefined
    this.#waiting = []
    worker?.unref()
    void worker?.terminate()
    for (const { answer } of waiting) answer({ failure })
  }
}

const failureOf = (kind: GssFailure['kind'], text: string): GssFailure => ({ kind, major: 0, minor: 0, text })
