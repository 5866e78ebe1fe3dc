import { emptyPacket, newTimeline, type Packet, type Timeline } from '../capture/packet.ts'
import { isSmb } from '../engine/message-scanner.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { ConnectionTable } from '../network/connection-table.ts'
import { FrameReader } from '../network/frame-reader.ts'
import type { TcpConnection } from '../network/tcp-connection.ts'
import type { Segment } from '../network/tcp-flow.ts'
import { datagramLayers } from './datagram-layers.ts'
import { dcerpcField } from './dcerpc-fields.ts'
import type { DissectedFrame, Layer } from './field.ts'
import { dcerpcPackets, isDcerpc, kerberosPackets, sessionPackets } from './framings.ts'
import { kerberosLayer } from './kerberos-layer.ts'
import { type AssemblyBudget, type Framing, MessageAssembler } from './message-assembler.ts'
import { frameLayer, ipLayer, udpLayer } from './packet-layers.ts'
import { RpcState } from './rpc-state.ts'
import { SmbStream } from './smb-stream.ts'
import type { Place } from './smb2-layer.ts'
import { type TcpCounts, tcpCounts, tcpFindings, tcpLayer } from './tcp-layer.ts'

const smbPorts: readonly number[] = [445, 139]
const kerberosPorts: readonly number[] = [88, 464]
const dcerpcPorts: readonly number[] = [135, 593]

export interface DissectOptions {
  /** TCP ports, beside 445 and 139, on which SMB is to be expected. On others it is recognised by its first bytes. */
  readonly ports?: readonly number[]
  /** What opens sealed messages. */
  readonly keys?: KeyRing
  /** Frames that are to be seen; of others only what later frames mean is taken in. */
  readonly isWanted?: (frame: number) => boolean
}

/**
 * Reads the packets of a capture and gives the field trees of what ends in each frame. It looks into everything, and so
 * takes its time: who wants numbers over a whole capture asks the engine.
 */
export class CaptureDissector {
  readonly timeline: Timeline = newTimeline()
  readonly #take: (frame: DissectedFrame) => void
  readonly #ports: ReadonlySet<number>
  readonly #keys: KeyRing | undefined
  readonly #isWanted: (frame: number) => boolean
  readonly #frames: FrameReader
  readonly #connections: ConnectionTable
  readonly #budget: AssemblyBudget = { used: 0 }
  /** What the connections had counted before this packet. */
  readonly #counts = new WeakMap<TcpConnection, TcpCounts>()
  #packet: Packet | undefined
  #beforeNs: number | undefined
  /** What ended in the packet that is read, by frame: one that waited for others is of an earlier frame. */
  readonly #layers = new Map<number, { readonly timeNs: number; readonly layers: Layer[] }>()

  constructor(take: (frame: DissectedFrame) => void, options: DissectOptions = {}) {
    this.#take = take
    this.#ports = new Set([...smbPorts, ...(options.ports ?? [])])
    this.#keys = options.keys?.isEmpty === true ? undefined : options.keys
    this.#isWanted = options.isWanted ?? (() => true)
    this.#connections = new ConnectionTable(
      {
        begins: (connection) => this.#begins(connection),
        sees: (connection, isFromFirst, segment) => this.#sees(connection, isFromFirst, segment),
        ends: (connection) => {
          connection.fromFirst.finish()
          connection.fromSecond.finish()
        },
      },
      emptyPacket(),
    )
    this.#frames = new FrameReader({
      tcp: (packet, addresses, addressBytes, at, end) => {
        if (!this.#isWanted(packet.frame)) {
          const connection = this.#connections.segment(packet, addresses, addressBytes, at, end)
          if (connection !== undefined) this.#counts.set(connection, tcpCounts(connection))
          return
        }
        const tcp = tcpLayer(packet, at, end)
        this.#layersOf(packet.frame, packet.timeNs).push(ipLayer(packet, addresses, addressBytes), tcp)
        const connection = this.#connections.segment(packet, addresses, addressBytes, at, end)
        if (connection === undefined) return
        tcp.fields.push(...tcpFindings(connection, this.#counts.get(connection)))
        this.#counts.set(connection, tcpCounts(connection))
      },
      udp: (packet, addresses, addressBytes, at, end) => {
        if (!this.#isWanted(packet.frame)) return
        const layers = datagramLayers(packet, at, Math.min(end, packet.end))
        if (layers.length === 0) return
        const carriers = [ipLayer(packet, addresses, addressBytes), udpLayer(packet, at)]
        this.#layersOf(packet.frame, packet.timeNs).push(...carriers, ...layers)
      },
    })
  }

  packet(packet: Packet): void {
    this.#packet = packet
    this.#frames.packet(packet)
    this.#flush()
    this.#beforeNs = packet.timeNs
  }

  /** The capture is over. */
  finish(): void {
    this.#connections.finish()
    this.#flush()
  }

  #flush(): void {
    if (this.#layers.size === 0) return
    for (const [frame, { timeNs, layers }] of this.#layers) this.#take({ frame, timeNs, layers })
    this.#layers.clear()
  }

  #layersOf(frame: number, timeNs: number): Layer[] {
    let found = this.#layers.get(frame)
    if (found === undefined) {
      const packet = this.#packet?.frame === frame ? this.#packet : undefined
      found = { timeNs, layers: [frameLayer(frame, timeNs, this.timeline.originNs, packet, this.#beforeNs)] }
      this.#layers.set(frame, found)
    }
    return found.layers
  }

  #begins(connection: TcpConnection): void {
    const isOn = (ports: { has(port: number): boolean }): boolean => {
      if (!ports.has(connection.firstPort) && !ports.has(connection.secondPort)) return false
      connection.isFirstClient = ports.has(connection.secondPort)
      return true
    }
    if (isOn(this.#ports)) this.#readSmb(connection)
    else if (isOn(new Set(kerberosPorts)))
      this.#read(connection, kerberosPackets, (bytes, place) => [kerberosLayer(bytes.subarray(4), place)])
    else if (isOn(new Set(dcerpcPorts))) this.#readDcerpc(connection)
  }

  /** Recognises SMB and DCE/RPC on other ports by how a segment begins. */
  #sees(connection: TcpConnection, isFromFirst: boolean, { packet, start }: Segment): void {
    if (connection.fromFirst.sink !== undefined || start + 16 > packet.end) return
    if (packet.bytes[start] === 0 && isSmb(packet.view, start + 4)) this.#readSmb(connection)
    else if (isDcerpc(packet.view, start) && packet.bytes[start + 2] === 11) {
      connection.isFirstClient = isFromFirst
      this.#readDcerpc(connection)
    }
  }

  #readSmb(connection: TcpConnection): void {
    const { server } = connection
    const stream = new SmbStream(this.#keys?.connection(`${server.address} ${server.port}`))
    this.#read(connection, sessionPackets, (bytes, place) => stream.packet(bytes, place))
  }

  #readDcerpc(connection: TcpConnection): void {
    const state = new RpcState(this.#keys)
    this.#read(connection, dcerpcPackets, (bytes, place) => {
      const field = dcerpcField(bytes, place, state)
      return [{ protocol: 'dcerpc', title: field.display, bytes, fields: [field] }]
    })
  }

  #read(connection: TcpConnection, framing: Framing, layers: (bytes: Uint8Array, place: Place) => Layer[]): void {
    const assembler = (isFromFirst: boolean): MessageAssembler =>
      new MessageAssembler(framing, this.#budget, (bytes, isWhole, frame, timeNs) => {
        const fromServer = isFromFirst !== connection.isFirstClient
        const isWanted = this.#isWanted(frame)
        const made = layers(bytes, { frame, timeNs, fromServer, isWanted })
        if (!isWanted) return
        const last = made.at(-1)
        if (!isWhole && last !== undefined) last.fields.push(cutField(bytes.length))
        this.#layersOf(frame, timeNs).push(...made)
      })
    connection.fromFirst.sink = assembler(true)
    connection.fromSecond.sink = assembler(false)
  }
}

const cutField = (length: number): Layer['fields'][number] => ({
  name: undefined,
  label: 'rest',
  start: length,
  end: length,
  value: undefined,
  display: '',
  children: [],
  problem: 'the capture does not have the rest of this message',
})
