import { viewOf } from '../bytes/utf16.ts'
import type { ObservedMessage } from './api/observe.ts'

const NEXT_COMMAND_AT = 20
const HEADER_BYTES = 64

/** The messages of a chain, each from its header on. A damaged chain ends where the damage is. */
export function* messagesIn(observed: Pick<ObservedMessage, 'parts'>): Generator<Uint8Array> {
  const { parts } = observed
  const whole = parts.length === 1 ? (parts[0] as Uint8Array) : new Uint8Array(Buffer.concat(parts))
  for (let at = 0; ; ) {
    const left = whole.length - at
    const next = left < HEADER_BYTES ? 0 : viewOf(whole).getUint32(at + NEXT_COMMAND_AT, true)
    const isLast = next < HEADER_BYTES || next >= left
    yield whole.subarray(at, isLast ? whole.length : at + next)
    if (isLast) return
    at += next
  }
}
