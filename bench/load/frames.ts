/** SMB 3.1.1 requests as bytes: a header and the bodies that the loads use. MS-SMB2 2.2. */
import { randomFillSync } from 'node:crypto'

export const headerBytes = 64
export const command = {
  negotiate: 0,
  sessionSetup: 1,
  treeConnect: 3,
  create: 5,
  close: 6,
  read: 8,
  write: 9,
  echo: 13,
  queryDirectory: 14,
  queryInfo: 16,
} as const

export const status = {
  success: 0,
  pending: 0x103,
  moreProcessingRequired: 0xc0000016,
  noMoreFiles: 0x80000006,
} as const

export const flags = { related: 0x4, signed: 0x8 } as const

/** Largest payload one credit pays for. */
const creditBytes = 65536
export const charge = (bytes: number) => Math.max(1, Math.ceil(bytes / creditBytes))

/** A request without message id, tree, session and signature, which the connection fills in. */
export function request(code: number, content: Uint8Array, payload = 0): Buffer {
  const out = Buffer.alloc(headerBytes + content.length)
  out.writeUInt32LE(0x424d53fe, 0)
  out.writeUInt16LE(headerBytes, 4)
  out.writeUInt16LE(charge(payload), 6)
  out.writeUInt16LE(code, 12)
  out.writeUInt16LE(charge(payload), 14)
  out.set(content, headerBytes)
  return out
}

/** Body with a structure size and the other fields written by `fill`. */
function body(bytes: number, structureSize: number, fill: (out: Buffer) => void): Buffer {
  const out = Buffer.alloc(bytes)
  out.writeUInt16LE(structureSize, 0)
  fill(out)
  return out
}

function negotiateContext(type: number, data: readonly number[]): Buffer {
  const out = Buffer.alloc(8 + Math.ceil(data.length / 8) * 8)
  out.writeUInt16LE(type, 0)
  out.writeUInt16LE(data.length, 2)
  out.set(data, 8)
  return out
}

/** NEGOTIATE of 3.1.1 alone: SHA-512, AES-128-GCM where sealing is wanted, AES-GMAC. */
export function negotiate(sealed: boolean): Buffer {
  const contexts = [
    negotiateContext(1, [1, 0, 32, 0, 1, 0, ...Array.from({ length: 32 }, (_, index) => index)]),
    ...(sealed ? [negotiateContext(2, [1, 0, 2, 0])] : []),
    negotiateContext(8, [1, 0, 2, 0]),
  ]
  const fixed = body(40, 36, (out) => {
    out.writeUInt16LE(1, 2)
    out.writeUInt16LE(1, 4)
    // Large MTU, encryption.
    out.writeUInt32LE(0x04 | (sealed ? 0x40 : 0), 8)
    // Another client each time: smbd hands connections of one client to one process.
    randomFillSync(out, 12, 16)
    out.writeUInt32LE(headerBytes + 40, 28)
    out.writeUInt16LE(contexts.length, 32)
    out.writeUInt16LE(0x0311, 36)
  })
  return request(command.negotiate, Buffer.concat([fixed, ...contexts]))
}

export function sessionSetup(token: Uint8Array): Buffer {
  const fixed = body(24, 25, (out) => {
    out[3] = 1
    out.writeUInt16LE(headerBytes + 24, 12)
    out.writeUInt16LE(token.length, 14)
  })
  return request(command.sessionSetup, Buffer.concat([fixed, token]))
}

/** The token in a SESSION_SETUP response. */
export function securityBuffer(reply: Buffer): Buffer {
  const offset = reply.readUInt16LE(headerBytes + 4)
  return reply.subarray(offset, offset + reply.readUInt16LE(headerBytes + 6))
}

export function treeConnect(path: string): Buffer {
  const name = Buffer.from(path, 'utf16le')
  const fixed = body(8, 9, (out) => {
    out.writeUInt16LE(headerBytes + 8, 4)
    out.writeUInt16LE(name.length, 6)
  })
  return request(command.treeConnect, Buffer.concat([fixed, name]))
}

export interface CreateHow {
  readonly access: number
  /** FILE_OPEN 1, FILE_CREATE 2, FILE_OPEN_IF 3, FILE_OVERWRITE_IF 5. */
  readonly disposition: number
  readonly options?: number
}

export const access = { read: 0x00120089, readWrite: 0x0012019f, readDelete: 0x00130089 } as const
export const createOption = { directory: 0x1, nonDirectory: 0x40, deleteOnClose: 0x1000 } as const

export function create(name: string, how: CreateHow): Buffer {
  const text = Buffer.from(name, 'utf16le')
  const fixed = body(56, 57, (out) => {
    out.writeUInt32LE(2, 4)
    out.writeUInt32LE(how.access, 24)
    out.writeUInt32LE(0x80, 28)
    out.writeUInt32LE(7, 32)
    out.writeUInt32LE(how.disposition, 36)
    out.writeUInt32LE(how.options ?? 0, 40)
    out.writeUInt16LE(headerBytes + 56, 44)
    out.writeUInt16LE(text.length, 46)
  })
  // The buffer has at least one byte, also without a name.
  return request(command.create, Buffer.concat([fixed, text.length === 0 ? Buffer.alloc(1) : text]))
}

/** Names the file that the request before in a chain opened. */
export const previousFile = Buffer.alloc(16, 0xff)

export const close = (fileId: Uint8Array): Buffer =>
  request(
    command.close,
    body(24, 24, (out) => out.set(fileId, 8)),
  )

export const read = (fileId: Uint8Array, length: number): Buffer =>
  request(
    command.read,
    body(49, 49, (out) => {
      out[2] = 0x50
      out.writeUInt32LE(length, 4)
      out.set(fileId, 16)
    }),
    length,
  )

/** Offset of the file offset in a READ or WRITE request. */
export const fileOffsetAt = headerBytes + 8

/** The WRITE request up to its data, which follow it. */
export const write = (fileId: Uint8Array, length: number): Buffer =>
  request(
    command.write,
    body(48, 49, (out) => {
      out.writeUInt16LE(headerBytes + 48, 2)
      out.writeUInt32LE(length, 4)
      out.set(fileId, 16)
    }),
    length,
  )

export const echo = (): Buffer =>
  request(
    command.echo,
    body(4, 4, () => {}),
  )

/** FileAllInformation is 18; FileNetworkOpenInformation 34. */
export const queryInfo = (fileId: Uint8Array, informationClass: number, outputBytes: number): Buffer =>
  request(
    command.queryInfo,
    body(41, 41, (out) => {
      out[2] = 1
      out[3] = informationClass
      out.writeUInt32LE(outputBytes, 4)
      out.set(fileId, 24)
    }),
  )

/** FileIdBothDirectoryInformation of all names. */
export function queryDirectory(fileId: Uint8Array, outputBytes: number, restart: boolean): Buffer {
  const fixed = body(34, 33, (out) => {
    out[2] = 37
    out[3] = restart ? 1 : 0
    out.set(fileId, 8)
    out.writeUInt16LE(headerBytes + 32, 24)
    out.writeUInt16LE(2, 26)
    out.writeUInt32LE(outputBytes, 28)
    out.write('*', 32, 'utf16le')
  })
  return request(command.queryDirectory, fixed, outputBytes)
}

/** One chain of requests, each padded to 8 bytes; from the second on they are related. */
export function chain(...requests: Buffer[]): Buffer {
  const parts = requests.map((part, index) => {
    const last = index === requests.length - 1
    const padded = last ? part : Buffer.concat([part, Buffer.alloc((8 - (part.length % 8)) % 8)])
    if (!last) padded.writeUInt32LE(padded.length, 20)
    if (index > 0) padded.writeUInt32LE(flags.related, 16)
    return padded
  })
  return Buffer.concat(parts)
}
