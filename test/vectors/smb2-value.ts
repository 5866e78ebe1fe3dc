/** Decoded messages as JSON: 64-bit numbers as strings of digits, bytes as hex, the rest as it is. */
import { hex } from '../../src/bytes/hex.ts'
import { toPlain } from '../../src/wire/schema/index.ts'

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

export function jsonOf(value: unknown): Json {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return hex(value)
  if (Array.isArray(value)) return value.map(jsonOf)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(toPlain(value)).map(([name, field]) => [name, jsonOf(field)]))
  return value as Json
}
