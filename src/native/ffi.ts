import { createRequire } from 'node:module'
import type * as koffi from 'koffi'

/** The FFI's interface, as far as it is used here. */
export type Ffi = typeof koffi

let loaded: Ffi | undefined
let tried = false

/** The FFI, loaded at the first call; undefined where it is not installed or has no binary for this machine. */
export function ffi(): Ffi | undefined {
  if (!tried) {
    tried = true
    try {
      loaded = createRequire(import.meta.url)('koffi') as Ffi
    } catch {
      loaded = undefined
    }
  }
  return loaded
}
