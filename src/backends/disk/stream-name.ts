import { STREAM_PREFIX } from './extended-attributes.ts'
import type { StoredStream } from './stream-store.ts'

const STREAM_SUFFIX = ':$DATA'
/** An attribute's name has 255 bytes, prefix and suffix included. */
const MAX_NAME_BYTES = 255 - STREAM_PREFIX.length - STREAM_SUFFIX.length

/** A stream and where its content is: an attribute, or in the store. */
export interface FoundStream {
  /** As stored. */
  readonly name: string
  readonly stored: StoredStream | undefined
}

export interface StreamSize {
  readonly size: number
  readonly allocated: number
}

/** The attribute that has a stream's content. */
export const attributeName = (name: string): string => STREAM_PREFIX + name + STREAM_SUFFIX

/** The stream whose content an attribute has. */
export function streamOfAttribute(attribute: string): string | undefined {
  if (!attribute.startsWith(STREAM_PREFIX) || !attribute.endsWith(STREAM_SUFFIX)) return undefined
  return attribute.slice(STREAM_PREFIX.length, -STREAM_SUFFIX.length)
}

export function validStreamName(name: string): boolean {
  if (name.length === 0 || !name.isWellFormed() || /[\0/\\:]/.test(name)) return false
  return Buffer.byteLength(name) <= MAX_NAME_BYTES
}
