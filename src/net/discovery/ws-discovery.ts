import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Datagrams, ipv4Networks, openDatagrams } from '../datagrams.ts'
import { answerTo, bye, hello, MAX_MESSAGE_BYTES, metadata, questionFor, type WsdDevice } from './wsd-messages.ts'

const GROUP = '239.255.255.250'
const PORT = 3702
/** Where Windows expects metadata. */
const METADATA_PORT = 5357
/** Devices answer at any time within this, so that not all of them do at once (WS-Discovery 2.4, APP_MAX_DELAY). */
const MAX_DELAY_MS = 500
/** Answers that wait: who asks more often is not served. */
const MAX_WAITING = 32
const REQUEST_TIMEOUT_MS = 5000
const TYPE = 'application/soap+xml'

export interface Announcement {
  close(): Promise<void>
}

/**
 * Lets Explorer of Windows 10 and later find the server under "Network" (WS-Discovery over UDP, metadata over HTTP).
 * @throws the system's error when a port cannot be had
 */
export async function announceByWsd(
  device: WsdDevice,
  host: string,
  metadataPort = METADATA_PORT,
): Promise<Announcement> {
  const web = await serveMetadata(device, host, metadataPort)
  const { port } = web.address() as AddressInfo
  const urlAt = (address: string): string => `http://${address}:${port}/${device.uuid}`
  const timers = new Set<NodeJS.Timeout>()
  let socket: Datagrams | undefined
  const close = async (): Promise<void> => {
    for (const timer of timers) clearTimeout(timer)
    await socket?.send(bye(device), { host: GROUP, port: PORT })
    await socket?.close()
    await new Promise<void>((resolve) => {
      web.close(() => resolve())
      web.closeAllConnections()
    })
  }
  try {
    socket = await openDatagrams({
      host: '0.0.0.0',
      port: PORT,
      group: GROUP,
      received: (bytes, from) => {
        // Only neighbours: an answer is larger than a question, and must not be sent at strangers.
        const own = ipv4Networks({ withLoopback: true }).find((network) => network.has(from.host))?.address
        if (own === undefined || timers.size >= MAX_WAITING) return
        const question = questionFor(device, bytes)
        const answer = question && answerTo(device, question, urlAt(own))
        if (answer === undefined) return
        const timer = setTimeout(() => {
          timers.delete(timer)
          void socket?.send(answer, from)
        }, randomInt(MAX_DELAY_MS))
        timers.add(timer.unref())
      },
    })
    const [first] = ipv4Networks()
    if (first !== undefined) await socket.send(hello(device, urlAt(first.address)), { host: GROUP, port: PORT })
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}

async function serveMetadata(device: WsdDevice, host: string, port: number): Promise<Server> {
  const web = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => serve(device, request, response),
  )
  web.maxConnections = MAX_WAITING
  await new Promise<void>((resolve, reject) => {
    web.once('error', reject)
    web.listen({ host, port }, () => {
      web.off('error', reject)
      web.on('error', () => {})
      resolve()
    })
  })
  return web
}

function serve(device: WsdDevice, request: IncomingMessage, response: ServerResponse): void {
  const refuse = (status: number): void => {
    response.writeHead(status, { connection: 'close' }).end()
  }
  if (request.method !== 'POST' || request.url !== `/${device.uuid}`) {
    refuse(404)
    return
  }
  const parts: Buffer[] = []
  let length = 0
  request.on('data', (part: Buffer) => {
    length += part.length
    if (length > MAX_MESSAGE_BYTES) request.destroy()
    else parts.push(part)
  })
  request.on('end', () => {
    const question = questionFor(device, Buffer.concat(parts))
    if (question?.action !== 'Get') return refuse(400)
    response.writeHead(200, { 'content-type': TYPE, connection: 'close' }).end(metadata(device, question))
  })
  request.on('error', () => {})
}
