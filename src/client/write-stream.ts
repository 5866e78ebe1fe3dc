import { Writable } from 'node:stream'
import type { WriteStreamOptions } from './api/file-handle.ts'
import { flushCall } from './calls/file.ts'
import type { OpenFile } from './open-file.ts'
import { tell } from './tell.ts'
import { writeBytesAtOnce, writeRange } from './transfer.ts'

export interface WriteStreamTarget extends WriteStreamOptions {
  readonly path: string
  readonly appends: boolean
  readonly close: () => Promise<void>
}

/**
 * A stream into a file. Pieces are put together to requests as large as the server takes, and so many of them are under
 * way at a time that `windowBytes` are not exceeded. It finishes when the server has answered all of them.
 */
export function openWriteStream(open: () => Promise<OpenFile>, target: WriteStreamTarget): Writable {
  const { autoClose = true, flush = false, signal } = target
  const writer = new Writer(open, target)
  return new Writable({
    ...(signal !== undefined && { signal }),
    autoDestroy: autoClose,
    decodeStrings: true,
    highWaterMark: 1024 * 1024,
    writev(chunks, callback) {
      const pieces = chunks.map(({ chunk }) => chunk as Buffer)
      void tell(writer.take(pieces), callback)
    },
    final(callback) {
      void tell(writer.finish(flush), callback)
    },
    destroy(error, callback) {
      writer.stop()
      const end = async (): Promise<void> => {
        await writer.settled()
        if (autoClose) await target.close()
      }
      void tell(end(), (problem) => callback(error ?? problem))
    },
  })
}

class Writer {
  readonly #open: () => Promise<OpenFile>
  readonly #target: WriteStreamTarget
  #file: OpenFile | undefined
  #at = 0
  #buffer: Uint8Array | undefined
  #filled = 0
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopped = new AbortController()
  #error: { readonly error: unknown } | undefined

  constructor(open: () => Promise<OpenFile>, target: WriteStreamTarget) {
    this.#open = open
    this.#target = target
  }

  async #ready(): Promise<OpenFile> {
    if (this.#file === undefined) {
      this.#file = await this.#open()
      await this.#file.settle()
      this.#at = this.#target.start ?? (this.#target.appends ? this.#file.endOfFile : 0)
    }
    return this.#file
  }

  /** Copies what is given: who gave it may use it again. Resolves when there is room for more. */
  async take(pieces: readonly Uint8Array[]): Promise<void> {
    const file = await this.#ready()
    for (const piece of pieces)
      for (let done = 0; done < piece.length; ) {
        this.#buffer ??= file.tree.link.buffers.take(writeBytesAtOnce(file))
        const room = Math.min(this.#buffer.length - this.#filled, piece.length - done)
        this.#buffer.set(piece.subarray(done, done + room), this.#filled)
        this.#filled += room
        done += room
        if (this.#filled === this.#buffer.length) await this.#send(file)
      }
    this.#check()
  }

  async #send(file: OpenFile): Promise<void> {
    const buffer = this.#buffer
    if (buffer === undefined || this.#filled === 0) return
    const data = buffer.subarray(0, this.#filled)
    const at = this.#at
    this.#buffer = undefined
    this.#filled = 0
    this.#at += data.length
    file.hasWritten = true
    const write = this.#store(file, data, at).finally(() => {
      file.tree.link.buffers.give(buffer)
      this.#underWay.delete(write)
    })
    this.#underWay.add(write)
    const atOnce = Math.max(1, Math.floor(file.tree.link.settings.limits.windowBytes / buffer.length))
    while (this.#underWay.size >= atOnce) await Promise.race(this.#underWay)
    this.#check()
  }

  /** Does not fail: what went wrong first is kept. */
  async #store(file: OpenFile, data: Uint8Array, at: number): Promise<void> {
    const occasion = { operation: 'createWriteStream', path: this.#target.path }
    try {
      await writeRange(file, data, at, { occasion, signal: this.#stopped.signal })
      file.endOfFile = Math.max(file.endOfFile, at + data.length)
    } catch (error) {
      this.#error ??= { error }
    }
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error.error
  }

  async finish(flush: boolean): Promise<void> {
    const file = await this.#ready()
    await this.#send(file)
    await Promise.all(this.#underWay)
    this.#check()
    const occasion = { operation: 'createWriteStream', path: this.#target.path }
    if (flush) await file.call((fileId) => flushCall(fileId, occasion), { repeatable: true })
  }

  stop(): void {
    this.#stopped.abort()
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underWay)
  }
}
