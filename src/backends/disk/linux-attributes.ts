import { readFileSync } from 'node:fs'
import { type Libc, Place } from '../../native/libc.ts'
import * as xattr from '../../native/xattr.ts'
import type { AttributeCalls } from './calls.ts'
import { Errno } from './errno.ts'
import { encodeName } from './names.ts'

const CAP_SYS_ADMIN = 21n

/** Extended attributes of Linux. */
export class LinuxAttributes implements AttributeCalls {
  readonly privileged: boolean
  readonly #libc: Libc
  readonly #hasCallsAt: boolean

  constructor(libc: Libc, root: number) {
    this.#libc = libc
    this.#hasCallsAt = xattr.knowsGetxattrat(libc, root)
    this.privileged = hasCapability(CAP_SYS_ADMIN)
  }

  read(descriptor: number, name: string): Uint8Array | number {
    const value = xattr.fgetxattr(this.#libc, descriptor, name)
    if (value !== -Errno.EBADF) return value
    // A file that was opened without access to its data is reached by way of its descriptor's path.
    this.#putProc(descriptor)
    return xattr.getxattr(this.#libc, name)
  }

  readAt(directory: number, name: string, attribute: string): Uint8Array | number {
    if (!this.#hasCallsAt) {
      this.#putProc(directory, name)
      return xattr.getxattr(this.#libc, attribute)
    }
    this.#putName(name)
    return xattr.getxattrat(this.#libc, directory, attribute)
  }

  list(descriptor: number): readonly string[] | number {
    const names = xattr.flistxattr(this.#libc, descriptor)
    if (names !== -Errno.EBADF) return names
    this.#putProc(descriptor)
    return xattr.listxattr(this.#libc)
  }

  listAt(directory: number, name: string): readonly string[] | number {
    if (!this.#hasCallsAt) {
      this.#putProc(directory, name)
      return xattr.listxattr(this.#libc)
    }
    this.#putName(name)
    return xattr.listxattrat(this.#libc, directory)
  }

  write(descriptor: number, name: string, value: Uint8Array, create = false): number {
    const flags = create ? xattr.XATTR_CREATE : 0
    const result = xattr.fsetxattr(this.#libc, descriptor, name, value, flags)
    if (result !== -Errno.EBADF) return result
    this.#putProc(descriptor)
    return xattr.setxattr(this.#libc, name, value, flags)
  }

  remove(descriptor: number, name: string): number {
    const result = xattr.fremovexattr(this.#libc, descriptor, name)
    if (result !== -Errno.EBADF) return result
    this.#putProc(descriptor)
    return xattr.removexattr(this.#libc, name)
  }

  #putName(name: string): void {
    const { bytes } = this.#libc
    bytes[encodeName(name, bytes, Place.pathA)] = 0
  }

  #putProc(descriptor: number, name?: string): void {
    const { buffer, bytes } = this.#libc
    let at = Place.pathA + buffer.write(`/proc/self/fd/${descriptor}`, Place.pathA, 'latin1')
    if (name !== undefined) {
      bytes[at++] = 0x2f
      at = encodeName(name, bytes, at)
    }
    bytes[at] = 0
  }
}

function hasCapability(bit: bigint): boolean {
  try {
    const line = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1'))
    return line?.[1] !== undefined && ((BigInt(`0x${line[1]}`) >> bit) & 1n) === 1n
  } catch {
    return false
  }
}
