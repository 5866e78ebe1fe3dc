import net from 'node:net'

/** Where received bytes go. */
export interface Receiver {
  /** Where the next bytes belong. */
  space(): Uint8Array
  /** The first `count` bytes of what `space` gave are there. */
  filled(count: number): void
  /** Bytes that came in a buffer of their own. */
  received(chunk: Uint8Array): void
}

/**
 * A socket that is read straight to where the receiver wants its bytes. Node can do this (`onread`), but only for a
 * socket that is made so, and `net.Server` makes its own; so the accepted socket's handle moves into one of ours.
 * Measured on Node 26: a third of the CPU for the same bytes. Where a Node has no such handle, its data events serve.
 * The socket does not read before `resume`.
 */
export function readingInPlace(accepted: net.Socket, receiver: Receiver): net.Socket {
  const inner = accepted as unknown as AcceptedSocket
  const handle = inner._handle
  if (handle === undefined || handle === null) {
    accepted.on('data', (chunk: Buffer) => receiver.received(chunk))
    return accepted
  }
  const options = {
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: () => receiver.space(),
      callback: (count: number) => {
        receiver.filled(count)
        return true
      },
    },
  }
  const socket = new net.Socket(options as net.SocketConstructorOpts)
  // The server counts its connections by what its own sockets tell it when they close.
  Object.assign(socket, { server: inner.server, _server: inner._server })
  inner._handle = null
  return socket
}

interface AcceptedSocket {
  _handle?: object | null
  readonly server: unknown
  readonly _server: unknown
}
