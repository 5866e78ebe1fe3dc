import { RpcClient, type RpcClientOptions, type RpcDuplex } from '../rpc/client.ts'
import { AccessMask } from '../wire/dtyp/index.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FsctlCode } from '../wire/smb2/index.ts'
import { readCall, writeCall } from './calls/file.ts'
import { ioctlCall } from './calls/information.ts'
import { type Occasion, StatusError } from './errors.ts'
import type { ServerLink } from './link.ts'
import { openFile } from './open.ts'
import type { OpenFile } from './open-file.ts'
import type { Tree } from './tree.ts'

/** Room for the largest fragment of DCE/RPC that is spoken. */
const FRAGMENT_BYTES = 8 * 1024
const { FILE_READ_DATA, FILE_WRITE_DATA, FILE_READ_ATTRIBUTES, READ_CONTROL, SYNCHRONIZE } = AccessMask
const PIPE_ACCESS = FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE

/** A named pipe as DCE/RPC wants it: a question and its answer in one round trip (MS-SMB2 2.2.31, FSCTL_PIPE_TRANSCEIVE). */
class PipeDuplex implements RpcDuplex {
  readonly #file: OpenFile
  readonly #occasion: Occasion
  readonly #signal: AbortSignal | undefined
  readonly #link: ServerLink

  constructor(link: ServerLink, file: OpenFile, occasion: Occasion, signal: AbortSignal | undefined) {
    this.#link = link
    this.#file = file
    this.#occasion = occasion
    this.#signal = signal
  }

  async send(bytes: Uint8Array): Promise<void> {
    await this.#file.call((fileId) => writeCall({ fileId, offset: 0, data: bytes }, this.#occasion), {
      signal: this.#signal,
    })
  }

  async receive(): Promise<Uint8Array> {
    const into = new Uint8Array(FRAGMENT_BYTES)
    const count = await this.#inTime((signal) =>
      this.#file.call(
        // A message larger than the room for it comes in pieces (STATUS_BUFFER_OVERFLOW).
        (fileId) => readCall({ fileId, offset: 0, into }, this.#occasion),
        { signal },
      ),
    )
    return into.subarray(0, count)
  }

  transceive(bytes: Uint8Array): Promise<Uint8Array> {
    const given = { ctlCode: FsctlCode.PIPE_TRANSCEIVE, input: bytes, maxOutputBytes: FRAGMENT_BYTES }
    return this.#inTime((signal) =>
      this.#file.call(
        (fileId) =>
          ioctlCall({ fileId, ...given, accepts: [NtStatus.BUFFER_OVERFLOW] }, this.#occasion, (output) =>
            output.slice(),
          ),
        { signal },
      ),
    )
  }

  /** What a service owes may never come, while the server is well and says that it waits. */
  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, settings } = this.#link
    const timeout = new AbortController()
    const late = (): void =>
      timeout.abort(new StatusError(NtStatus.IO_TIMEOUT, 'answer of the service', this.#occasion))
    const cancel = clock.after(settings.limits.pipeTimeoutMs, late)
    try {
      return await work(this.#signal === undefined ? timeout.signal : AbortSignal.any([this.#signal, timeout.signal]))
    } finally {
      cancel()
    }
  }
}

/** Opens a pipe of IPC$ for calls of a service, and closes it after `work`. */
export async function withPipe<T>(
  tree: Tree,
  pipe: string,
  operation: string,
  signal: AbortSignal | undefined,
  work: (client: RpcClient) => Promise<T>,
  rpc: RpcClientOptions & { readonly repeatable?: boolean } = {},
): Promise<T> {
  const occasion = { operation, path: pipe }
  return tree.run(
    async () => {
      const file = await openFile(tree, { name: pipe, access: PIPE_ACCESS }, occasion, { signal })
      try {
        return await work(new RpcClient(new PipeDuplex(tree.link, file, occasion, signal), rpc))
      } finally {
        await file.close().catch(() => undefined)
      }
    },
    // Questions can be asked again.
    { signal, repeatable: rpc.repeatable ?? true },
  )
}
