/** A relay between a client and a server that delays, cuts and captures what goes through it. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { PcapngWriter } from '../../src/trace/capture/pcapng-writer.ts'
import { type Sender, TcpConversation } from '../../src/trace/capture/tcp-conversation.ts'

export interface RelayOptions {
  readonly host: string
  readonly port: number
  /** Holds back what the server sends, once it has sent so many bytes: a server that thinks. */
  readonly slow?: { readonly afterBytes: number; readonly everyMs: number }
  /** Breaks the connection off, as a server that dies, once the client has sent so many bytes. */
  readonly cutAfterBytes?: number
  /** Changes what the client has sent, or the server where it says so, on the way: the capture has what arrives. */
  readonly alter?: (bytes: Buffer, from: Sender) => void
  /** Nothing of the server comes through any more, once the client has sent so many bytes; the connection lives on. */
  readonly muteAfterBytes?: number
  /** What the ends are called in the capture. Default: 10.0.0.5 and 10.0.0.1. */
  readonly names?: Readonly<Record<Sender, string>>
}

export interface Relay {
  readonly host: string
  readonly port: number
  /** All that went through, as a capture; SMB is on port 445 there. */
  capture(): Uint8Array
  close(): Promise<void>
}

const smbPort = 445
const host = '127.0.0.1'
const defaultNames = { client: '10.0.0.5', server: '10.0.0.1' } as const

export async function startRelay(options: RelayOptions): Promise<Relay> {
  const pieces: Uint8Array[] = []
  const writer = new PcapngWriter((bytes) => void pieces.push(bytes.slice()), 'relay')
  const begunNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  const emit = (frame: Uint8Array) => writer.packet(frame, begunNs + process.hrtime.bigint())
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(options.port, options.host)
    const { remotePort = 0 } = client
    const { names = defaultNames } = options
    const ends = {
      client: { address: names.client, port: remotePort },
      server: { address: names.server, port: smbPort },
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
    }
    join(client, upstream, new TcpConversation(ends.client, ends.server, emit), options)
  })
  server.listen(0, host)
  await once(server, 'listening')
  return {
    host,
    port: (server.address() as AddressInfo).port,
    capture: () => new Uint8Array(Buffer.concat(pieces)),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function join(client: Socket, upstream: Socket, conversation: TcpConversation, options: RelayOptions): void {
  const { slow, cutAfterBytes, alter, muteAfterBytes } = options
  let isOver = false
  let sent = 0
  let answered = 0
  const end = (first: Sender): void => {
    if (isOver) return
    isOver = true
    conversation.close(first)
    client.destroy()
    upstream.destroy()
  }
  client.on('data', (bytes: Buffer) => {
    if (isOver) return
    sent += bytes.length
    alter?.(bytes, 'client')
    conversation.data('client', bytes)
    if (cutAfterBytes !== undefined && sent >= cutAfterBytes) end('server')
    else upstream.write(bytes)
  })
  let held: Promise<void> = Promise.resolve()
  upstream.on('data', (bytes: Buffer) => {
    if (muteAfterBytes !== undefined && sent >= muteAfterBytes) return
    answered += bytes.length
    alter?.(bytes, 'server')
    const waitMs = slow !== undefined && answered >= slow.afterBytes ? slow.everyMs : 0
    const deliver = (): void => {
      if (isOver) return
      conversation.data('server', bytes)
      client.write(bytes)
    }
    if (waitMs === 0) deliver()
    else held = held.then(() => new Promise<void>((resolve) => setTimeout(resolve, waitMs))).then(deliver)
  })
  client.on('close', () => end('client'))
  upstream.on('close', () => void held.then(() => end('server')))
}
