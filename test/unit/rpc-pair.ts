/** Both roles of RPC, joined in memory. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { viewOf } from '../../src/bytes/utf16.ts'
import { AssociationGroups } from '../../src/rpc/association.ts'
import { RpcClient, type RpcDuplex } from '../../src/rpc/client.ts'
import { Budget, defaultRpcLimits, type RpcLimits } from '../../src/rpc/limits.ts'
import { headerOf, sealed } from '../../src/rpc/packets.ts'
import { RpcConnection, type RpcEndpoint } from '../../src/rpc/server.ts'
import type { RpcService } from '../../src/rpc/service.ts'
import { type NamedPipe, openNamedPipe, type PipeRead } from '../../src/server/named-pipe.ts'
import type { ServiceContext } from '../../src/server/services/context.ts'
import { Bind, CommonHeader, PacketType, type Syntax, TransferSyntax } from '../../src/wire/dcerpc/index.ts'
import { type Failure, failed } from '../../src/wire/erref/failure.ts'

export interface EndpointOptions {
  readonly limits?: Partial<RpcLimits>
  readonly owner?: string
  readonly groups?: AssociationGroups
  readonly budget?: Budget
  readonly report?: (error: unknown) => void
}

/** Groups whose ids are 1, 2, 3 ... */
function knownGroups(limits: RpcLimits): AssociationGroups {
  let last = 0
  return new AssociationGroups(limits, { uuid: randomUUID, id: () => ++last })
}

export function endpoint(services: readonly RpcService[], options: EndpointOptions = {}): RpcEndpoint {
  const limits = { ...defaultRpcLimits, ...options.limits }
  return {
    services,
    secondaryAddress: '\\PIPE\\test',
    groups: options.groups ?? knownGroups(limits),
    owner: options.owner ?? 'S-1-5-21-1',
    limits,
    budget: options.budget ?? new Budget(64 * 1024 * 1024),
    report:
      options.report ??
      ((error) => {
        throw error
      }),
  }
}

/** A server's connection whose answers are kept in a list. */
export class Listening {
  readonly connection: RpcConnection
  readonly sent: Uint8Array[] = []
  ended = false

  constructor(from: RpcEndpoint) {
    this.connection = new RpcConnection(from, {
      send: (fragment) => this.sent.push(fragment),
      close: () => {
        this.ended = true
      },
    })
  }

  /** Gives bytes to the server; answers with what it has sent since the last time. */
  say(bytes: Uint8Array): Uint8Array[] {
    this.connection.receive(bytes)
    return this.sent.splice(0)
  }
}

/** A duplex to a connection of its own, byte by byte where `pieceBytes` is 1. */
export function duplexTo(from: RpcEndpoint, pieceBytes = Number.POSITIVE_INFINITY): RpcDuplex & { server: Listening } {
  const server = new Listening(from)
  const waiting: (() => void)[] = []
  const original = server.sent.push.bind(server.sent)
  server.sent.push = (...items) => {
    const length = original(...items)
    waiting.shift()?.()
    return length
  }
  return {
    server,
    async send(bytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes)
        server.connection.receive(bytes.subarray(at, Math.min(at + pieceBytes, bytes.length)))
    },
    async receive() {
      if (server.sent.length === 0 && server.ended) return new Uint8Array(0)
      if (server.sent.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
      const first = server.sent.shift() as Uint8Array
      if (first.length <= pieceBytes) return first
      server.sent.unshift(first.subarray(pieceBytes))
      return first.subarray(0, pieceBytes)
    },
  }
}

export function present<T>(value: T | Failure | undefined): T {
  if (failed(value)) assert.fail(`failed with 0x${value.status.toString(16)}`)
  if (value === undefined) assert.fail('there is nothing')
  return value
}

/** A client's duplex on a named pipe. `readBytes`: how much one read asks for. */
export function pipeDuplex(pipe: NamedPipe, readBytes = 65_536): RpcDuplex {
  const data = (read: PipeRead | Failure): Uint8Array => (failed(read) ? new Uint8Array(0) : read.data)
  return {
    send: async (bytes) => void present(await pipe.write(bytes)),
    receive: async () => data(await pipe.read(readBytes)),
    transceive: async (bytes) => data(await pipe.transceive(bytes, readBytes)),
  }
}

export function openPipe(name: string, context: ServiceContext): NamedPipe {
  return present(openNamedPipe(name, context))
}

export function clientOn(name: string, context: ServiceContext): RpcClient {
  return new RpcClient(pipeDuplex(openPipe(name, context)))
}

export interface WantedContext {
  readonly contextId: number
  readonly abstractSyntax: Syntax
  readonly transferSyntaxes: readonly Syntax[]
}

export const ndr20 = (abstractSyntax: Syntax, contextId = 0): WantedContext => ({
  contextId,
  abstractSyntax,
  transferSyntaxes: [TransferSyntax.NDR20],
})

/** A bind or alter_context packet. */
export function bindPacket(
  contexts: readonly WantedContext[],
  options: {
    readonly packetType?: typeof PacketType.BIND | typeof PacketType.ALTER_CONTEXT
    readonly callId?: number
    readonly fragmentBytes?: number
    readonly associationGroupId?: number
    readonly flags?: number
  } = {},
): Uint8Array {
  const fragmentBytes = options.fragmentBytes ?? 4280
  return sealed(
    Bind.encode({
      header: headerOf(options.packetType ?? PacketType.BIND, options.callId ?? 1, options.flags),
      maxTransmitFragment: fragmentBytes,
      maxReceiveFragment: fragmentBytes,
      associationGroupId: options.associationGroupId ?? 0,
      contexts,
    }),
  )
}

export const headerAt = (packet: Uint8Array | undefined): CommonHeader => CommonHeader.decode(viewOf(present(packet)))
