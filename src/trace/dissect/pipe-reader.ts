import { viewOf } from '../../bytes/utf16.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { Recent } from '../recent.ts'
import { dcerpcField } from './dcerpc-fields.ts'
import { type Field, movedField, ownField } from './field.ts'
import { dcerpcPackets, isDcerpc } from './framings.ts'
import { RpcState } from './rpc-state.ts'
import type { Place } from './smb2-layer.ts'
import { maxRemembered } from './smb2-state.ts'

interface Pipe {
  readonly state: RpcState
  /** The beginning of a packet that goes on in the next message of its direction. */
  fromClient: Uint8Array | undefined
  fromServer: Uint8Array | undefined
}

/** Packets of DCE/RPC have at most this length (their length has 16 bits). */
const maxPacketBytes = 0xffff

/** Finds packets of DCE/RPC in what is read from and written to handles, also where one is spread over several. */
export class PipeReader {
  readonly #pipes = new Recent<string, Pipe>(maxRemembered)
  readonly #keys: KeyRing | undefined

  constructor(keys: KeyRing | undefined) {
    this.#keys = keys
  }

  /** What a message carries: `from` is where that lies in its layer. */
  read(fileId: string, data: Uint8Array, place: Place, from: number): Field[] {
    const side = place.fromServer ? 'fromServer' : 'fromClient'
    const known = this.#pipes.get(fileId)
    const before = known?.[side]
    if (before === undefined && !isDcerpc(viewOf(data), 0)) return []
    const pipe = known ?? { state: new RpcState(this.#keys), fromClient: undefined, fromServer: undefined }
    if (known === undefined) this.#pipes.set(fileId, pipe)
    const bytes = before === undefined ? data : joined(before, data)
    pipe[side] = undefined
    const fields: Field[] = []
    for (let at = 0; at < bytes.length; ) {
      const view = viewOf(bytes.subarray(at))
      const length = view.byteLength >= dcerpcPackets.headerBytes ? dcerpcPackets.lengthOf(view) : undefined
      if (length === undefined) break
      if (length > view.byteLength) {
        const rest = bytes.slice(at)
        if (rest.length < maxPacketBytes) pipe[side] = rest
        const display = `the first ${rest.length} of ${length} bytes`
        fields.push(ownField('dcerpc', 'DCE/RPC fragment', [from, from + data.length], undefined, [], display))
        break
      }
      const field = dcerpcField(bytes.subarray(at, at + length), place, pipe.state)
      // Where its beginning came with an earlier message, places in this one mean nothing.
      fields.push(movedField(field, before === undefined ? from + at : 0))
      at += length
    }
    return fields
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}
