import { linuxLibc, Place } from './libc.ts'

const SIOCOUTQ = 0x5411

/** Bytes of a TCP socket that the peer has not acknowledged; undefined where the system cannot be asked. */
export function unacknowledgedBytes(descriptor: number): number | undefined {
  const libc = linuxLibc()
  if (libc === undefined) return undefined
  const result = libc.call(libc.numbers.ioctl, descriptor, SIOCOUTQ, libc.address + Place.value)
  return result < 0 ? undefined : libc.view.getInt32(Place.value, true)
}
