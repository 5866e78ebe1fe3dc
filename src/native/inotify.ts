import { ffi } from './ffi.ts'
import { type Libc, PATH_BYTES, Place } from './libc.ts'

export const InotifyEvent = {
  MODIFY: 0x2,
  ATTRIB: 0x4,
  CLOSE_WRITE: 0x8,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ISDIR: 0x40000000,
} as const

const IN_ONLYDIR = 0x1000000
const IN_EXCL_UNLINK = 0x4000000
const IN_NONBLOCK = 0x800
const IN_CLOEXEC = 0x80000

const WATCHED =
  InotifyEvent.MODIFY |
  InotifyEvent.ATTRIB |
  InotifyEvent.MOVED_FROM |
  InotifyEvent.MOVED_TO |
  InotifyEvent.CREATE |
  InotifyEvent.DELETE |
  IN_ONLYDIR |
  IN_EXCL_UNLINK

/** One event; `name` is the bytes of the name in the watched directory and valid only during the call. */
export type InotifyReport = (watch: number, mask: number, cookie: number, name: Uint8Array) => void

/** One inotify instance. It does not keep the process alive. */
export interface Inotify {
  /** Watches an open directory (an O_PATH descriptor will do). A watch number, or the negative error number. */
  add(directory: number): number
  remove(watch: number): void
  close(): void
}

/** Starts an instance that reports until it is closed; the negative error number where that is not possible. */
export function inotify(libc: Libc, report: InotifyReport, drained: () => void): Inotify | number {
  const koffi = ffi()
  if (koffi === undefined) return -38
  const descriptor = libc.call(libc.numbers.inotify_init1, IN_NONBLOCK | IN_CLOEXEC)
  if (descriptor < 0) return descriptor
  const events = new Uint8Array(new ArrayBuffer(65536))
  const view = new DataView(events.buffer)
  const address = Number(libc.addressOf(events))
  const read = (): void => {
    for (;;) {
      const length = libc.call(libc.numbers.read, descriptor, address, events.length)
      if (length <= 0) break
      for (let at = 0; at < length; ) {
        const size = view.getUint32(at + 12, true)
        let end = at + 16
        while (end < at + 16 + size && events[end] !== 0) end++
        report(
          view.getInt32(at, true),
          view.getUint32(at + 4, true),
          view.getUint32(at + 8, true),
          events.subarray(at + 16, end),
        )
        at += 16 + size
      }
    }
    drained()
  }
  const poll = koffi.node.poll(descriptor, { readable: true }, read)
  poll.unref()
  let open = true
  return {
    add(directory) {
      const path = `/proc/self/fd/${directory}`
      const end = libc.buffer.write(path, Place.pathA, PATH_BYTES - 1, 'latin1')
      libc.bytes[Place.pathA + end] = 0
      return libc.call(libc.numbers.inotify_add_watch, descriptor, libc.address + Place.pathA, WATCHED)
    },
    remove(watch) {
      if (open) libc.call(libc.numbers.inotify_rm_watch, descriptor, watch)
    },
    close() {
      if (!open) return
      open = false
      poll.close()
      libc.call(libc.numbers.close, descriptor)
    },
  }
}
