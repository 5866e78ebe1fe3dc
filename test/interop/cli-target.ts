/** The command line and a server to use it with, for the tests of one file. */
import { after, before } from 'node:test'
import type { RunResult } from '../peers/run.ts'
import type { Target } from '../peers/target.ts'
import { Sandbox } from '../unit/cli-program.ts'

/** Made before the tests of the suite that it is called in, and ended after them. */
export class CliTarget {
  #target: Target | undefined
  #sandbox: Sandbox | undefined

  constructor(start: () => Promise<Target>) {
    before(async () => {
      this.#target = await start()
      this.#sandbox = new Sandbox()
    })
    after(async () => {
      await this.#target?.stop()
      await this.#sandbox?.[Symbol.asyncDispose]()
    })
  }

  get target(): Target {
    if (this.#target === undefined) throw new Error('only within a test')
    return this.#target
  }

  get sandbox(): Sandbox {
    if (this.#sandbox === undefined) throw new Error('only within a test')
    return this.#sandbox
  }

  readonly at = (path: string): string => `//${this.target.host}:${this.target.port}/${path}`

  readonly as = (user: string, password: string, ...args: string[]): Promise<RunResult> =>
    this.sandbox.smbkit([...args, '--user', user], '', { SMBKIT_PASSWORD: password })

  readonly smbkit = (...args: string[]): Promise<RunResult> => this.as(this.target.user, this.target.password, ...args)
}
