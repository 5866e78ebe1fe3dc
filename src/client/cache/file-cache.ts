import type { Filetime } from '../../bytes/filetime.ts'
import type { Occasion } from '../errors.ts'
import { HANDLE, type Lease, type LeaseHolder, READ, WRITE } from '../leases.ts'
import type { OpenFile } from '../open-file.ts'
import type { FileFacts } from '../stats.ts'
import { readRange, type WriteHow, writeRange } from '../transfer.ts'
import { BLOCK_BYTES, type Block, type BlockOwner } from './block-store.ts'
import type { ClientCache } from './client-cache.ts'
import { WriteBehind } from './write-behind.ts'

/** Who reads more than this at a time does not read it again soon: it goes past what is kept. */
export const MAX_KEPT_READ_BYTES = 4 * BLOCK_BYTES
/** The same for writing: so much the server takes at once anyway. */
const MAX_BEHIND_BYTES = 256 * 1024
const TICKS_PER_MS = 10_000n

type Ask = (into: Uint8Array, offset: number) => Promise<number>

/** What is kept of one file, as far as its lease allows it (MS-SMB2 3.2.4.3.8): data, facts, and what is to be written. */
export class FileCache implements LeaseHolder, BlockOwner {
  readonly #lease: Lease
  readonly #cache: ClientCache
  readonly #blocks = new Map<number, Block>()
  #facts: FileFacts | undefined
  /** When the server was asked for them, or the file was opened, last. */
  #seen: Filetime = 0n
  readonly #behind = new WriteBehind()
  #stopTimer: (() => void) | undefined
  /** Counts the changes: an answer to what was asked before one is not kept. */
  #version = 0
  /** Where the file ends; undefined where it is not known. */
  #endOfFile: number | undefined

  constructor(lease: Lease, cache: ClientCache) {
    this.#lease = lease
    this.#cache = cache
  }

  get version(): number {
    return this.#version
  }

  /** What is not written yet, or is being written. */
  get isDirty(): boolean {
    return this.#behind.isBusy
  }

  /** Where somebody here has locks, the server is asked, who knows of them. */
  get #mayKeep(): boolean {
    return this.#lease.canRead && this.#lease.lockers === 0
  }

  /** Facts that are still good: what the lease does not stand for (times, attributes) for `metadataMs`. */
  get facts(): FileFacts | undefined {
    return this.wasSeenLately && this.#mayKeep && !this.isDirty ? this.#facts : undefined
  }

  /** It was there less than `metadataMs` ago: not every server gives back a lease when somebody removes the file. */
  get wasSeenLately(): boolean {
    const { clock, limits } = this.#cache
    return clock.now() - this.#seen < BigInt(limits.metadataMs) * TICKS_PER_MS
  }

  /** `version`: what it was when they were asked for. */
  keepFacts(facts: FileFacts, version: number): void {
    if (version !== this.#version || !this.#mayKeep) return
    this.#facts = facts
    this.#seen = this.#cache.clock.now()
    this.#endOfFile = facts.endOfFile
  }

  /** The file was opened once more. `version`: what it was when that was asked for. */
  opened(endOfFile: number, version: number): void {
    this.#endOfFile = this.isDirty || version !== this.#version ? undefined : endOfFile
    this.#facts = undefined
    this.#seen = this.#cache.clock.now()
  }

  /** As `readRange`; what is here is not asked for. */
  async read(
    file: OpenFile,
    into: Uint8Array,
    offset: number,
    occasion: Occasion,
    signal?: AbortSignal,
  ): Promise<number> {
    if (this.isDirty) await this.flush()
    const isKept = this.#mayKeep && file.mayRead && into.length <= MAX_KEPT_READ_BYTES
    if (!isKept) return readRange(file, into, offset, occasion, signal)
    signal?.throwIfAborted()
    const ask = (bytes: Uint8Array, at: number): Promise<number> => readRange(file, bytes, at, occasion, signal)
    const first = Math.floor(offset / BLOCK_BYTES)
    const last = Math.floor((offset + Math.max(into.length, 1) - 1) / BLOCK_BYTES)
    const wanted = Array.from({ length: last - first + 1 }, (_, i) => this.#block(first + i, ask))
    let total = 0
    for (const found of wanted) {
      // What is here is there at once.
      const data = found instanceof Promise ? await found : found
      const from = (offset + total) % BLOCK_BYTES
      const part = data.subarray(from, from + into.length - total)
      into.set(part, total)
      total += part.length
      if (data.length < BLOCK_BYTES) break
    }
    return total
  }

  #block(index: number, ask: Ask): Uint8Array | Promise<Uint8Array> {
    const block = this.#blocks.get(index)
    if (block !== undefined) {
      this.#cache.blocks.used(block)
      return block.data
    }
    const fetched = this.#fetch(index, ask)
    // The one before may fail first.
    fetched.catch(() => undefined)
    return fetched
  }

  async #fetch(index: number, ask: Ask): Promise<Uint8Array> {
    const version = this.#version
    const at = index * BLOCK_BYTES
    // Of what has an end that is known no more is asked for: it would take another round trip to see that it is the end.
    const left = this.#endOfFile === undefined ? BLOCK_BYTES : this.#endOfFile - at
    const into = new Uint8Array(Math.max(0, Math.min(BLOCK_BYTES, left)))
    const count = await ask(into, at)
    const data = count === into.length ? into : into.slice(0, count)
    if (version === this.#version && this.#mayKeep && count > 0) this.#keep({ index, data, owner: this })
    return data
  }

  #keep(block: Block): void {
    const before = this.#blocks.get(block.index)
    if (before !== undefined) this.#cache.blocks.remove(before)
    this.#blocks.set(block.index, block)
    this.#cache.blocks.add(block)
  }

  evicted(block: Block): void {
    this.#blocks.delete(block.index)
  }

  /** As `writeRange`; where the lease and the options allow it the server gets it later. */
  async write(file: OpenFile, data: Uint8Array, offset: number, how: WriteHow): Promise<void> {
    file.throwFailure()
    const isBehind = this.#cache.writesBehind && this.#lease.canWrite && this.#mayKeep && how.writeThrough !== true
    if (!isBehind || data.length > MAX_BEHIND_BYTES) {
      if (this.isDirty) await this.flush()
      await writeRange(file, data, offset, how)
      return
    }
    how.signal?.throwIfAborted()
    this.#behind.add(file, offset, data)
    this.changed(offset, data.length)
    const { clock, limits } = this.#cache
    this.#stopTimer ??= clock.after(
      limits.writeBehindMs,
      () => {
        this.#stopTimer = undefined
        void this.flush()
      },
      true,
    )
    if (this.#behind.bytes >= limits.windowBytes || this.#behind.isFull) await this.flush()
  }

  /** Resolves when the server has what was written; does not fail: see `OpenFile.writeFailure`. */
  async flush(): Promise<void> {
    this.#stopTimer?.()
    this.#stopTimer = undefined
    await this.#behind.flush()
  }

  /** Bytes have been, or are about to be, changed from here; the file's end may be another then. */
  changed(offset: number, length: number): void {
    this.#forget()
    const first = Math.floor(offset / BLOCK_BYTES)
    const last = Math.floor((offset + length) / BLOCK_BYTES)
    for (const block of this.#blocks.values()) {
      const isTouched = block.index >= first && block.index <= last
      if (isTouched || block.data.length < BLOCK_BYTES) this.#drop(block)
    }
  }

  /** Anything of it may be different. */
  changedAll(): void {
    this.#forget()
    for (const block of this.#blocks.values()) this.#drop(block)
  }

  #forget(): void {
    // An open that rests knows how long the file was.
    void this.#cache.idle.closeOf(this.#lease)
    this.#version++
    this.#facts = undefined
    this.#endOfFile = undefined
  }

  #drop(block: Block): void {
    this.#blocks.delete(block.index)
    this.#cache.blocks.remove(block)
  }

  /** What is here may not be used any more; what is to be written is, before the lease is given up (3.2.5.19.2). */
  async losing(lost: number): Promise<void> {
    if ((lost & READ) !== 0) this.changedAll()
    if ((lost & (READ | WRITE)) !== 0) await this.flush()
    if ((lost & (READ | HANDLE)) !== 0) await this.#cache.idle.closeOf(this.#lease)
  }
}
