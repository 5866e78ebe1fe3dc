import type { Clock } from '../../protocol/clock.ts'
import { DATAGRAM_SERVICE_PORT, NAME_SERVICE_PORT } from '../../wire/netbios/index.ts'
import { ANNOUNCE_EVERY_MS, hostAnnouncement } from './announcement.ts'
import { answerName, namesOf, type OwnName } from './name-responder.ts'

interface Place {
  readonly host: string
  readonly port: number
}

/** A UDP socket, as `src/net` has it. */
export interface NameSocket {
  send(bytes: Uint8Array, to: Place): Promise<void>
  close(): Promise<void>
}

/** What names need of the world. */
export interface NameWorld {
  readonly clock: Clock
  open(options: {
    readonly host: string
    readonly port: number
    readonly broadcast: boolean
    readonly received: (bytes: Uint8Array, from: Place) => void
  }): Promise<NameSocket>
  networks(): readonly { readonly address: string; readonly broadcast: string; has(address: string): boolean }[]
}

export interface NameOptions {
  readonly name: string
  readonly workgroup: string
  readonly comment: () => string
  readonly hasPrinters: () => boolean
  /** Where to listen; 0.0.0.0 hears broadcasts. */
  readonly host: string
  readonly namePort?: number
  readonly datagramPort?: number
}

/** Answers for the server's NetBIOS name, and says every twelve minutes that it is there (RFC 1002 5, MS-BRWS 3.2). */
export class NetbiosNames {
  readonly #world: NameWorld
  readonly #options: NameOptions
  readonly #names: readonly OwnName[]
  #sockets: NameSocket[] = []
  #cancel: (() => void) | undefined
  #datagramId = 1

  constructor(world: NameWorld, options: NameOptions) {
    this.#world = world
    this.#options = options
    this.#names = namesOf(options.name.toUpperCase(), options.workgroup.toUpperCase())
  }

  /** @throws the system's error when an address cannot be had; nothing stays open then */
  async start(): Promise<void> {
    const { host, namePort = NAME_SERVICE_PORT, datagramPort = DATAGRAM_SERVICE_PORT } = this.#options
    try {
      const names = await this.#world.open({
        host,
        port: namePort,
        broadcast: false,
        received: (packet, from) => {
          const answer = answerName(packet, this.#names, this.#addressFor(from.host))
          if (answer !== undefined) void names.send(answer, from)
        },
      })
      this.#sockets.push(names)
      // What others announce is for who browses; this socket only speaks.
      const datagrams = await this.#world.open({ host, port: datagramPort, broadcast: true, received: () => {} })
      this.#sockets.push(datagrams)
      this.#announce(datagrams)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    const sockets = this.#sockets
    this.#sockets = []
    await Promise.all(sockets.map((socket) => socket.close()))
  }

  #announce(socket: NameSocket): void {
    const { name, workgroup, comment, hasPrinters, datagramPort = DATAGRAM_SERVICE_PORT } = this.#options
    const common = {
      name: name.toUpperCase(),
      workgroup: workgroup.toUpperCase(),
      comment: comment(),
      hasPrinters: hasPrinters(),
    }
    for (const network of this.#reached()) {
      const announced = { ...common, address: bytesOf(network.address) }
      this.#datagramId = (this.#datagramId + 1) & 0xffff
      void socket.send(hostAnnouncement(announced, this.#datagramId), { host: network.broadcast, port: datagramPort })
    }
    this.#cancel = this.#world.clock.after(ANNOUNCE_EVERY_MS, () => this.#announce(socket))
  }

  /** The networks that it listens to. */
  #reached() {
    const { host } = this.#options
    const all = this.#world.networks()
    return host === '0.0.0.0' ? all : all.filter(({ address }) => address === host)
  }

  /** Our address on the network that somebody asks from. */
  #addressFor(asker: string): Uint8Array {
    const { host } = this.#options
    if (host !== '0.0.0.0') return bytesOf(host)
    const networks = this.#world.networks()
    return bytesOf((networks.find((network) => network.has(asker)) ?? networks[0])?.address ?? '0.0.0.0')
  }
}

const bytesOf = (address: string): Uint8Array => Uint8Array.from(address.split('.'), Number)
