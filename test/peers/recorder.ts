/**
 * Records what passes on the loopback interface, by Wireshark's dumpcap: packets as they are, with KDCs, refused
 * connections and all that TCP does. One recorder serves all tests of a file, which take what came since the last time.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { until } from './free-port.ts'
import { needsPeer, peerPath } from './peer.ts'

export interface Recorder {
  /** What was recorded since the last call, as a capture. */
  take(): Promise<Uint8Array>
  stop(): Promise<void>
}

/** Nobody listens there, and nothing else is sent to it: the end of a recording. */
const markPort = 9
const markTimeoutMs = 10_000
const startTimeoutMs = 15_000
const fileHeaderBytes = 24
const packetHeaderBytes = 16
const host = '127.0.0.1'

/** Options of a test that needs it. */
export function needsRecorder(): { skip: string | false } {
  const needed = needsPeer('dumpcap')
  if (needed.skip !== false) return needed
  return { skip: process.getuid?.() === 0 ? false : 'needs to be root, to record packets' }
}

/** `filter`: what is recorded, as libpcap writes it. */
export async function startRecorder(filter: string): Promise<Recorder> {
  const filtered = `(${filter}) or (udp and dst port ${markPort} and dst host ${host})`
  // Packets on their own, not in blocks: pcap, to standard output.
  const args = ['-i', 'lo', '-P', '-w', '-', '-q', '-f', filtered]
  const child: ChildProcess = spawn(peerPath('dumpcap'), args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let recorded = Buffer.alloc(0)
  let said = ''
  child.stdout?.on('data', (bytes: Buffer) => (recorded = Buffer.concat([recorded, bytes])))
  child.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const sender = createSocket('udp4')
  let marks = 0
  const mark = async (): Promise<Buffer> => {
    const text = `recorded ${++marks} ${process.pid} end`
    const send = (): void => sender.send(text, markPort, host)
    send()
    if (!(await until(() => recorded.includes(text), markTimeoutMs)))
      throw new Error(`dumpcap records nothing: ${said}`)
    const header = recorded.subarray(0, fileHeaderBytes)
    const end = endOfPacketWith(recorded, text)
    const taken = recorded.subarray(fileHeaderBytes, end.from)
    recorded = Buffer.concat([header, recorded.subarray(end.to)])
    return Buffer.concat([header, taken])
  }
  const stop = async (): Promise<void> => {
    sender.close()
    if (child.exitCode !== null) return
    child.kill('SIGINT')
    await once(child, 'exit')
  }
  // It tells when it has begun: with the header of the file.
  if (!(await until(() => recorded.length >= fileHeaderBytes || child.exitCode !== null, startTimeoutMs))) {
    await stop()
    throw new Error(`dumpcap does not begin: ${said}`)
  }
  return { take: mark, stop }
}

/** Where the packet that has a text in it lies in a capture. */
function endOfPacketWith(capture: Buffer, text: string): { from: number; to: number } {
  for (let from = fileHeaderBytes; from + packetHeaderBytes <= capture.length; ) {
    const to = from + packetHeaderBytes + capture.readUInt32LE(from + 8)
    if (capture.subarray(from, to).includes(text)) return { from, to }
    from = to
  }
  return { from: capture.length, to: capture.length }
}
