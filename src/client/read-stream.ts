import { Readable } from 'node:stream'
import type { ReadStreamOptions } from './api/file-handle.ts'
import type { OpenFile } from './open-file.ts'
import { tell } from './tell.ts'
import { lendPart, readBytesAtOnce, readRange } from './transfer.ts'

/** Requests under way at the beginning: the window grows while the reader keeps up. */
const FIRST_WINDOW = 2

export interface ReadStreamSource extends ReadStreamOptions {
  readonly path: string
  readonly close: () => Promise<void>
}

/** A file as a stream: what is about to be wanted is asked for ahead, up to `windowBytes`. */
export function openReadStream(open: () => Promise<OpenFile>, source: ReadStreamSource): Readable {
  const { start = 0, end = Number.MAX_SAFE_INTEGER, encoding, autoClose = true, signal } = source
  const reader = new Reader(open, source, start, end)
  return new Readable({
    ...(encoding !== undefined && { encoding }),
    ...(signal !== undefined && { signal }),
    autoDestroy: autoClose,
    // What is ahead is kept by the reader: here one piece is enough.
    highWaterMark: 64 * 1024,
    read() {
      const next = async (): Promise<void> => void this.push((await reader.next()) ?? null)
      void tell(next(), (problem) => {
        if (problem) this.destroy(problem)
      })
    },
    destroy(error, callback) {
      reader.stop()
      const closing = async (): Promise<void> => {
        await reader.settled()
        if (autoClose) await source.close()
      }
      void tell(closing(), (problem) => callback(error ?? problem))
    },
  })
}

class Reader {
  readonly #open: () => Promise<OpenFile>
  readonly #source: ReadStreamSource
  readonly #end: number
  #at: number
  #file: OpenFile | undefined
  #window = FIRST_WINDOW
  readonly #ahead: Promise<Buffer>[] = []
  readonly #stopped = new AbortController()
  #sawEnd = false

  constructor(open: () => Promise<OpenFile>, source: ReadStreamSource, start: number, end: number) {
    this.#open = open
    this.#source = source
    this.#at = start
    this.#end = end
  }

  /** The next piece; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    if (this.#file === undefined) {
      this.#file = await this.#open()
      await this.#file.settle()
    }
    const file = this.#file
    this.#fill(file)
    const chunk = await this.#ahead.shift()
    if (chunk === undefined || chunk.length === 0) return undefined
    const most = Math.max(1, Math.floor(file.tree.link.settings.limits.windowBytes / readBytesAtOnce(file)))
    this.#window = Math.min(this.#window * 2, most)
    return chunk
  }

  #fill(file: OpenFile): void {
    const step = readBytesAtOnce(file)
    while (this.#ahead.length < this.#window && !this.#sawEnd) {
      // Behind the end that is known, one piece at a time: the file may have grown.
      const isBehind = this.#at >= file.endOfFile
      const last = isBehind ? this.#at + step - 1 : file.endOfFile - 1
      const length = Math.min(step, this.#end - this.#at + 1, last - this.#at + 1)
      if (length <= 0 || (isBehind && this.#ahead.length > 0)) return
      this.#ahead.push(this.#read(file, this.#at, length))
      this.#at += length
    }
  }

  #read(file: OpenFile, at: number, length: number): Promise<Buffer> {
    const piece = this.#readNow(file, at, length)
    // Who never gets to it need not hear of it.
    piece.catch(() => undefined)
    return piece
  }

  async #readNow(file: OpenFile, at: number, length: number): Promise<Buffer> {
    const { path } = this.#source
    const occasion = { operation: 'createReadStream', path }
    const { signal } = this.#stopped
    // It is not given back: what was received belongs to who reads the stream.
    const { bytes } = await lendPart(file, at, length, occasion, signal)
    const first = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (first.length === length) return first
    const rest = Buffer.allocUnsafeSlow(first.length === 0 ? 0 : length - first.length)
    const count = await readRange(file, rest, at + first.length, occasion, signal)
    if (first.length + count < length) this.#sawEnd = true
    return Buffer.concat([first, rest.subarray(0, count)])
  }

  stop(): void {
    this.#stopped.abort()
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#ahead)
  }
}
