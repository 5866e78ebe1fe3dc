import { KERBEROS_TCP_HEADER_BYTES } from '../../wire/kerberos/index.ts'
import type { FlowSink } from '../network/tcp-flow.ts'

/** Longest message that is read: tickets of users in very many groups have some ten thousand bytes. */
export const maxKerberosBytes = 128 * 1024

/** Cuts the stream of a direction to or from a KDC into messages. RFC 4120 7.2.2. */
export class KerberosStream implements FlowSink {
  readonly #message: (bytes: Uint8Array, frame: number, timeNs: number) => void
  #kept = new Uint8Array(0)
  /** After a gap, or what is no length, nobody knows where messages begin. */
  #isLost = false

  constructor(message: (bytes: Uint8Array, frame: number, timeNs: number) => void) {
    this.#message = message
  }

  data(bytes: Uint8Array, _view: DataView, start: number, end: number, frame: number, timeNs: number): void {
    if (this.#isLost) return
    let all = new Uint8Array(this.#kept.length + end - start)
    all.set(this.#kept)
    all.set(bytes.subarray(start, end), this.#kept.length)
    while (all.length >= KERBEROS_TCP_HEADER_BYTES) {
      const length = new DataView(all.buffer, all.byteOffset).getUint32(0, false)
      if (length > maxKerberosBytes) return this.gap()
      const next = KERBEROS_TCP_HEADER_BYTES + length
      if (all.length < next) break
      this.#message(all.subarray(KERBEROS_TCP_HEADER_BYTES, next), frame, timeNs)
      all = all.subarray(next)
    }
    this.#kept = all.slice()
  }

  gap(): void {
    this.#isLost = true
    this.#kept = new Uint8Array(0)
  }
}
