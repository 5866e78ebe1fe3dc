/** What the benchmark asks of a server: each load is a name, how many requests are in flight, and the requests. */
import { type Connection, expect, type Prepared, type Protection } from './connection.ts'
import * as frames from './frames.ts'

/** One operation after another in each slot; all state of a slot is the script's. */
export interface Script {
  /** Opens what it needs. */
  prepare(connection: Connection): Promise<void>
  /** Sends the first request of a slot's next operation. */
  begin(slot: number): void
  /**
   * Makes requests ready before the clock starts, where signing or sealing them would cost the generator as much as
   * the server: how many operations may be begun after it. Absent where there is nothing to gain.
   */
  stock?(): number
  /** Takes a reply: true where it ends the operation, else the next request has been sent. */
  reply(slot: number, reply: Buffer, frameBytes: number): boolean
}

export interface Load {
  readonly name: string
  readonly kind: 'pipeline' | 'connect' | 'idle'
  readonly protection: Protection
  readonly inFlight: number
  /** Payload of one operation, 0 where operations and not bytes are counted. */
  readonly bytes: number
  script?(inFlight: number): Script
}

/** The files that the benchmark puts into the share before it starts. */
export const content = {
  bulk: 'bulk.bin',
  bulkBytes: 128 * 1024 * 1024,
  written: 'written.bin',
  folder: 'files',
  files: 64,
  many: 'many',
  manyEntries: 10_000,
} as const

export const fileName = (index: number) => `file-${String(index).padStart(5, '0')}.txt`

/** Prepared at a time; more of it would not stay in memory on a small machine. */
const stockBytes = 192 * 1024 * 1024

const fileIdAt = 64 + 64

/** The FileId of a CREATE response. */
const openedFile = (reply: Buffer) => Buffer.from(reply.subarray(fileIdAt, fileIdAt + 16))

async function open(connection: Connection, name: string, how: frames.CreateHow): Promise<Buffer> {
  const reply = await connection.call(frames.create(name, how))
  expect(reply, frames.status.success, `open ${name}`)
  return openedFile(reply)
}

function buffers(count: number, make: (slot: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, slot) => make(slot))
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index]
  if (value === undefined) throw new RangeError(`no slot ${index}`)
  return value
}

/** Reads or writes in blocks of `bytes`, one after another or at random places. */
class Transfer implements Script {
  readonly #bytes: number
  readonly #inFlight: number
  readonly #way: 'read' | 'write'
  readonly #random: boolean
  readonly #blocks: number
  #next = 0
  #messages: Buffer[] = []
  #connection: Connection | undefined
  readonly #payload: Buffer | undefined
  readonly #stock: Prepared[] = []

  constructor(way: 'read' | 'write', bytes: number, inFlight: number, random: boolean) {
    this.#way = way
    this.#bytes = bytes
    this.#inFlight = inFlight
    this.#random = random
    this.#blocks = content.bulkBytes / bytes
    this.#payload = way === 'write' ? Buffer.alloc(bytes, 'smbkit benchmark ') : undefined
  }

  async prepare(connection: Connection): Promise<void> {
    this.#connection = connection
    if (this.#way === 'read') {
      const file = await open(connection, content.bulk, { access: frames.access.read, disposition: 1 })
      this.#messages = buffers(this.#inFlight, () => frames.read(file, this.#bytes))
    } else {
      const file = await open(connection, content.written, { access: frames.access.readWrite, disposition: 3 })
      this.#messages = buffers(this.#inFlight, () => frames.write(file, this.#bytes))
    }
  }

  begin(slot: number): void {
    const prepared = this.#way === 'write' ? this.#stock.pop() : this.#make(slot)
    if (prepared === undefined) throw new Error('no prepared request is left')
    this.#connection?.sendPrepared(prepared, slot)
  }

  #make(slot: number): Prepared | undefined {
    const block = this.#random ? Math.floor(Math.random() * this.#blocks) : this.#next++ % this.#blocks
    const message = at(this.#messages, slot)
    message.writeUInt32LE(block * this.#bytes, frames.fileOffsetAt)
    return this.#connection?.prepare(message, this.#payload)
  }

  /** Writes carry the bytes that the generator would have to sign or seal. */
  stock(): number {
    if (this.#way === 'read') return Number.POSITIVE_INFINITY
    const count = stockBytes / this.#bytes
    for (let index = 0; index < count; index++) {
      const prepared = this.#make(0)
      if (prepared !== undefined) this.#stock.push(prepared)
    }
    this.#stock.reverse()
    return count
  }

  reply(_slot: number, reply: Buffer, frameBytes: number): boolean {
    expect(reply, frames.status.success, this.#way)
    const done = reply.readUInt32LE(frames.headerBytes + 4)
    if (done !== this.#bytes) throw new Error(`${this.#way} of ${this.#bytes} bytes did ${done}`)
    if (this.#way === 'read' && frameBytes < this.#bytes) throw new Error(`a read reply of ${frameBytes} bytes`)
    return true
  }
}

/** The same request over and over; `chained` where it is a compound of so many. */
class Repeat implements Script {
  readonly #make: (connection: Connection, slot: number) => Promise<Buffer>
  readonly #inFlight: number
  readonly #chained: number
  #connection: Connection | undefined
  #messages: Buffer[] = []

  constructor(inFlight: number, make: (connection: Connection, slot: number) => Promise<Buffer>, chained = 1) {
    this.#inFlight = inFlight
    this.#make = make
    this.#chained = chained
  }

  async prepare(connection: Connection): Promise<void> {
    this.#connection = connection
    for (let slot = 0; slot < this.#inFlight; slot++) this.#messages.push(await this.#make(connection, slot))
  }

  begin(slot: number): void {
    this.#connection?.send(at(this.#messages, slot), slot, undefined, this.#chained)
  }

  reply(_slot: number, reply: Buffer): boolean {
    let start = 0
    for (let left = this.#chained; left > 0; left--) {
      expect(reply.subarray(start), frames.status.success, 'request')
      start += reply.readUInt32LE(start + 20)
    }
    return true
  }
}

/** CREATE, then CLOSE of what it opened. */
class CreateClose implements Script {
  readonly #creates: Buffer[]
  readonly #closes: Buffer[]
  readonly #closing: boolean[]
  #connection: Connection | undefined

  constructor(inFlight: number, make: (slot: number) => Buffer) {
    this.#creates = buffers(inFlight, make)
    this.#closes = buffers(inFlight, () => frames.close(frames.previousFile))
    this.#closing = Array.from({ length: inFlight }, () => false)
  }

  async prepare(connection: Connection): Promise<void> {
    this.#connection = connection
  }

  begin(slot: number): void {
    this.#closing[slot] = false
    this.#connection?.send(at(this.#creates, slot), slot)
  }

  reply(slot: number, reply: Buffer): boolean {
    expect(reply, frames.status.success, this.#closing[slot] === true ? 'close' : 'create')
    if (this.#closing[slot] === true) return true
    this.#closing[slot] = true
    const message = at(this.#closes, slot)
    reply.copy(message, frames.headerBytes + 8, fileIdAt, fileIdAt + 16)
    this.#connection?.send(message, slot)
    return false
  }
}

/** One whole listing: open the folder, ask until there is no more, close. */
class Listing implements Script {
  readonly #outputBytes = 65536
  #state: 'open' | 'first' | 'more' | 'close' = 'open'
  #received = 0
  #file: Buffer = frames.previousFile
  #connection: Connection | undefined

  async prepare(connection: Connection): Promise<void> {
    this.#connection = connection
  }

  begin(slot: number): void {
    this.#state = 'open'
    this.#received = 0
    const how = { access: frames.access.read, disposition: 1, options: frames.createOption.directory }
    this.#connection?.send(frames.create(content.many, how), slot)
  }

  reply(slot: number, reply: Buffer, frameBytes: number): boolean {
    if (this.#state === 'close') return true
    if (this.#state === 'open') {
      expect(reply, frames.status.success, 'open folder')
      this.#file = openedFile(reply)
    } else if (reply.readUInt32LE(8) === frames.status.noMoreFiles) {
      // An entry has 104 bytes and its name: less than this would be a part of the folder.
      if (this.#received < content.manyEntries * 120) throw new Error(`a listing of ${this.#received} bytes`)
      this.#state = 'close'
      this.#connection?.send(frames.close(this.#file), slot)
      return false
    } else {
      expect(reply, frames.status.success, 'list')
      this.#received += frameBytes
    }
    this.#connection?.send(frames.queryDirectory(this.#file, this.#outputBytes, this.#state === 'open'), slot)
    this.#state = 'more'
    return false
  }
}

const existing = (slot: number) =>
  frames.create(`${content.folder}\\${fileName(slot)}`, { access: frames.access.read, disposition: 1, options: 0x40 })

const temporary = (slot: number) =>
  frames.create(`${content.folder}\\temporary-${process.pid}-${slot}.tmp`, {
    access: frames.access.readDelete,
    disposition: 2,
    options: frames.createOption.nonDirectory | frames.createOption.deleteOnClose,
  })

/** FileNetworkOpenInformation: 56 bytes. */
const queried = (file: Uint8Array) => frames.queryInfo(file, 34, 56)

const pipeline = (name: string, inFlight: number, script: (inFlight: number) => Script): Load => ({
  name,
  kind: 'pipeline',
  protection: 'plain',
  inFlight,
  bytes: 0,
  script,
})

function bulkLoads(): Load[] {
  const loads: Load[] = []
  for (const protection of ['plain', 'signed', 'sealed'] as const) {
    for (const way of ['read', 'write'] as const) {
      for (const [size, bytes] of [
        ['1MiB', 1 << 20],
        ['64KiB', 1 << 16],
      ] as const) {
        for (const inFlight of [8, 16]) {
          const script = (depth: number) => new Transfer(way, bytes, depth, false)
          loads.push({
            name: `${way}-${size}-${inFlight}-${protection}`,
            kind: 'pipeline',
            protection,
            inFlight,
            bytes,
            script,
          })
        }
      }
    }
  }
  return loads
}

/** The idle sessions come first: memory is measured before the others have used any. */
export const loads: readonly Load[] = [
  { name: 'idle-200', kind: 'idle', protection: 'plain', inFlight: 200, bytes: 0 },
  ...bulkLoads(),
  ...[1, 16].map((depth) =>
    pipeline(`read-4KiB-random-${depth}`, depth, (inFlight) => new Transfer('read', 4096, inFlight, true)),
  ),
  ...[1, 8].map((depth) => pipeline(`create-close-${depth}`, depth, (inFlight) => new CreateClose(inFlight, existing))),
  ...[1, 8].map((depth) =>
    pipeline(`create-query-close-${depth}`, depth, (inFlight) => {
      const message = async (_: Connection, slot: number) =>
        frames.chain(existing(slot), queried(frames.previousFile), frames.close(frames.previousFile))
      return new Repeat(inFlight, message, 3)
    }),
  ),
  ...[1, 8].map((depth) =>
    pipeline(`create-delete-${depth}`, depth, (inFlight) => new CreateClose(inFlight, temporary)),
  ),
  pipeline('query-info-16', 16, (inFlight) => {
    const message = async (connection: Connection, slot: number) => {
      const name = `${content.folder}\\${fileName(slot)}`
      return queried(await open(connection, name, { access: frames.access.read, disposition: 1 }))
    }
    return new Repeat(inFlight, message)
  }),
  pipeline('echo-16', 16, (inFlight) => new Repeat(inFlight, async () => frames.echo())),
  pipeline('list-10000', 1, () => new Listing()),
  { name: 'connect', kind: 'connect', protection: 'plain', inFlight: 1, bytes: 0 },
]
