import { viewOf } from '../../src/bytes/utf16.ts'
import type { Client, ConnectOptions, ObservedMessage, Share } from '../../src/client/index.ts'
import { messagesIn } from '../../src/client/index.ts'
import { commandName, Smb2Header } from '../../src/wire/smb2/index.ts'
import { Library } from './library.ts'
import type { World } from './world.ts'

/** A client, and what it asks. */
export class Asker {
  readonly library: Library
  client!: Client
  share!: Share
  #asked: string[] = []
  /** Requests, as they are sent. */
  saw: (request: Uint8Array) => void = () => undefined

  constructor(world: World) {
    this.library = new Library(world)
  }

  static async connect(world: World, options: ConnectOptions = {}): Promise<Asker> {
    const asker = new Asker(world)
    const observer = { message: (message: ObservedMessage) => asker.#see(message) }
    asker.client = await asker.library.connect({ ...options, observer })
    asker.share = await asker.library.during(asker.client.share('data'))
    asker.asked()
    return asker
  }

  #see(message: ObservedMessage): void {
    if (message.direction === 'received') return
    for (const one of messagesIn(message)) {
      this.saw(one)
      this.#asked.push(commandName(Smb2Header.decode(viewOf(one)).command))
    }
  }

  /** Commands since it was asked for last. */
  asked(): string[] {
    const asked = this.#asked
    this.#asked = []
    return asked
  }

  async do<T>(work: Promise<T>): Promise<T> {
    return this.library.during(work)
  }

  async asks(work: () => Promise<unknown>): Promise<string[]> {
    this.asked()
    await this.do(work())
    return this.asked()
  }
}
