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

export async function startRelay(options: RelayOptions): Promise<Relay> {
  const pieces: Uint8Array[] = []
  const writer = new PcapngWriter((bytes) => void pieces.push(bytes.slice()), 'relay')
  const begunNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  const emit = (frame: Uint8Array) => writer.packet(frame, begunNs + process.hrtime.bigint())
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(options.port, options.host)
    const { remotePort = 0 } = client
    const ends = { client: { address: '10.0.0.5', port: remotePort }, server: { address: '10.0.0.1', port: smbPort } }
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
  const { slow, cutAfterBytes } = options
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
    conversation.data('client', bytes)
    if (cutAfterBytes !== undefined && sent >= cutAfterBytes) end('server')
    else upstream.write(bytes)
  })
  let held: Promise<void> = Promise.resolve()
  upstream.on('data', (bytes: Buffer) => {
    answered += bytes.length
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
