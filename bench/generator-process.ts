/** The load generator as the benchmark sees it: one order at a time, each answered with what was measured. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Contestant } from './contestants.ts'
import type { Answer, Message, Outcome } from './load/generator.ts'
import type { Load } from './load/loads.ts'
import { cpuSeconds, residentBytes } from './process-stats.ts'

export interface Measured extends Outcome {
  /** Of the server, all its processes, while the load ran. */
  readonly serverCpuSeconds: number
  /** Of the server at the end of the load. */
  readonly residentBytes: number
}

/** Beyond this a load hangs. */
const limitSeconds = 60

export class GeneratorProcess {
  readonly #child: ChildProcess

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'load', 'generator.ts'))
  }

  #tell(message: Message): void {
    this.#child.send(message)
  }

  /** Runs a load; rejects where the server refuses or nothing comes back. */
  run(load: Load, server: Contestant, seconds: number): Promise<Measured> {
    return new Promise((resolve, reject) => {
      let before = 0
      const timer = setTimeout(() => end(() => reject(new Error('no answer'))), limitSeconds * 1000)
      const end = (settle: () => void) => {
        clearTimeout(timer)
        this.#child.off('message', take)
        settle()
      }
      const take = (answer: Answer) => {
        if (answer.kind === 'started') before = cpuSeconds(server.pid)
        else if (answer.kind === 'failed') end(() => reject(new Error(answer.message)))
        else {
          const measured = {
            ...answer.outcome,
            serverCpuSeconds: cpuSeconds(server.pid) - before,
            residentBytes: load.kind === 'idle' ? residentBytes(server.pid) : 0,
          }
          end(() => resolve(measured))
        }
      }
      this.#child.on('message', take)
      const { host, port, share, user, password } = server
      this.#tell({ kind: 'run', order: { load: load.name, host, port, share, user, password, seconds } })
    })
  }

  /** Ends idle sessions. */
  release(): void {
    this.#tell({ kind: 'release' })
  }

  stop(): void {
    this.#child.disconnect()
  }
}
