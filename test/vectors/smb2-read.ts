/** A message's header and body by the tables of the codec, strict. */
import { viewOf } from '../../src/bytes/utf16.ts'
import type { Struct } from '../../src/wire/schema/index.ts'
import {
  type Body,
  HeaderFlags,
  requestBody,
  responseBody,
  Smb2AsyncHeader,
  Smb2Header,
  TRANSFORM_PROTOCOL_ID,
  TransformHeader,
} from '../../src/wire/smb2/index.ts'

export interface ReadMessage {
  readonly headerStruct: Body
  readonly header: object
  /** Undefined where nothing but a header was there (a sealed message). */
  readonly bodyStruct?: Body
  readonly body?: object
}

/** `start` and `end` are the message within `bytes`. @throws WireError */
export function readMessage(bytes: Uint8Array, start = 0, end: number = bytes.length): ReadMessage {
  const view = viewOf(bytes)
  if (start + 4 <= end && view.getUint32(start, true) === TRANSFORM_PROTOCOL_ID)
    return { headerStruct: TransformHeader, header: TransformHeader.decode(view, start, end) }
  const sync = Smb2Header.decode(view, start, end)
  const headerStruct: Body = (sync.flags & HeaderFlags.ASYNC_COMMAND) === 0 ? Smb2Header : Smb2AsyncHeader
  const header = headerStruct.decode(view, start, end)
  const structureSize = start + 66 <= end ? view.getUint16(start + 64, true) : undefined
  const bodyStruct =
    (sync.flags & HeaderFlags.SERVER_TO_REDIR) === 0
      ? requestBody(sync.command, structureSize)
      : responseBody(sync.command, sync.status, structureSize)
  if (bodyStruct === undefined) throw new Error(`no body for command ${sync.command}`)
  return { headerStruct, header, bodyStruct, body: bodyStruct.decode(view, start + 64, end, start) }
}

/** Encodes what was read again. */
export function writeMessage({ headerStruct, header, bodyStruct, body }: ReadMessage): Uint8Array {
  // A body that was decoded by its own declaration is what that declaration encodes.
  const anyBody = bodyStruct as Struct<object, object> | undefined
  const size = headerStruct.size + (anyBody === undefined ? 0 : anyBody.sizeOfEncoded(body ?? {}, headerStruct.size))
  const out = new Uint8Array(size)
  const view = viewOf(out)
  ;(headerStruct as Struct<object, object>).encodeInto(view, 0, header)
  anyBody?.encodeInto(view, headerStruct.size, body ?? {}, 0)
  return out
}
