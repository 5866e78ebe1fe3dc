import { viewOf } from '../../bytes/utf16.ts'

/** Longest record of a capture file that is read, bytes. Writers limit packets to 262,144; longer ones are skipped. */
export const maxRecordBytes = 4 * 1024 * 1024

/** What cuts a file into records. */
export interface Records {
  /**
   * Bytes of the record at `at`, of which `available` are there; undefined while too few are there to tell, and zero
   * where what is there is no record: nothing more of the file is read then.
   */
  lengthAt(view: DataView, at: number, available: number): number | undefined
  /** One whole record. It is valid during the call. */
  record(bytes: Uint8Array, view: DataView, at: number, length: number): void
}

/**
 * Cuts what arrives in pieces into records. A record that lies in one piece is read where it is; only one that two
 * pieces share is put together.
 */
export class RecordStream {
  readonly #records: Records
  /** The beginning of a record of which the rest has not arrived. */
  #rest = new Uint8Array(4096)
  #restView = viewOf(this.#rest)
  #restLength = 0
  /** Bytes of a record that is too long to be read, still to come. */
  #skip = 0
  #isOver = false

  constructor(records: Records) {
    this.#records = records
  }

  /** True if what came is no record: what follows it was not read. */
  get isDamaged(): boolean {
    return this.#isOver
  }

  /** True if the file ended within a record. */
  get isCut(): boolean {
    return !this.#isOver && (this.#restLength > 0 || this.#skip > 0)
  }

  /** The next bytes of the file; they may be overwritten when this returns. */
  push(piece: Uint8Array): void {
    let at = 0
    if (this.#isOver) return
    if (this.#skip > 0) {
      at = Math.min(this.#skip, piece.length)
      this.#skip -= at
    }
    while (this.#restLength > 0 && at < piece.length && !this.#isOver) at = this.#complete(piece, at)
    const view = viewOf(piece)
    while (at < piece.length && !this.#isOver) {
      const available = piece.length - at
      const length = this.#records.lengthAt(view, at, available)
      if (length === 0) {
        this.#isOver = true
      } else if (length !== undefined && length > maxRecordBytes) {
        const skipped = Math.min(length, available)
        this.#skip = length - skipped
        at += skipped
      } else if (length === undefined || length > available) {
        this.#append(piece, at, piece.length)
        return
      } else {
        this.#records.record(piece, view, at, length)
        at += length
      }
    }
  }

  /** Takes what the record that has begun still needs, and gives it on if it is whole. Returns what comes after it. */
  #complete(piece: Uint8Array, from: number): number {
    let at = from
    let length = this.#records.lengthAt(this.#restView, 0, this.#restLength)
    while (length === undefined && at < piece.length) {
      this.#append(piece, at, at + 1)
      at++
      length = this.#records.lengthAt(this.#restView, 0, this.#restLength)
    }
    if (length === undefined) return at
    if (length === 0) {
      this.#isOver = true
      return at
    }
    const missing = length - this.#restLength
    if (length > maxRecordBytes) {
      const skipped = Math.min(missing, piece.length - at)
      this.#skip = missing - skipped
      this.#restLength = 0
      return at + skipped
    }
    const taken = Math.min(missing, piece.length - at)
    this.#append(piece, at, at + taken)
    if (taken < missing) return at + taken
    this.#restLength = 0
    this.#records.record(this.#rest, this.#restView, 0, length)
    return at + taken
  }

  #append(piece: Uint8Array, start: number, end: number): void {
    const needed = this.#restLength + end - start
    if (needed > this.#rest.length) {
      const larger = new Uint8Array(Math.max(needed, this.#rest.length * 2))
      larger.set(this.#rest.subarray(0, this.#restLength))
      this.#rest = larger
      this.#restView = viewOf(larger)
    }
    this.#rest.set(piece.subarray(start, end), this.#restLength)
    this.#restLength = needed
  }
}
