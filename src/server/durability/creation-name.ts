import type { Request } from '../request.ts'
import type { DurableWish } from './durable-request.ts'

/**
 * The GUID that a client gives its CREATE. While it is at work no other CREATE of this GUID does anything; but when it
 * waits for others to close the file, it has not begun (as Windows has it).
 */
export class CreationName {
  readonly #request: Request
  readonly #createGuid: string | undefined
  #isTaken = false

  constructor(request: Request, wish: DurableWish) {
    this.#request = request
    this.#createGuid = wish.kind === 'open' ? wish.v2?.createGuid : undefined
  }

  /** False if another CREATE has it, or has made something by it. */
  take(): boolean {
    if (this.#isTaken || this.#createGuid === undefined) return true
    const { clientGuid, server } = this.#request.session
    this.#isTaken = server.durableOpens.begin(clientGuid, this.#createGuid)
    this.#request.isNamed = this.#isTaken
    return this.#isTaken
  }

  /** The CREATE waits, or has ended: what it has made, if anything, has the name now. */
  giveBack(): void {
    if (!this.#isTaken || this.#createGuid === undefined) return
    const { clientGuid, server } = this.#request.session
    this.#isTaken = false
    this.#request.isNamed = false
    server.durableOpens.abandon(clientGuid, this.#createGuid)
  }
}
