import assert from 'node:assert/strict'
import type { Piece } from '../peers/capture-file.ts'
import type { RawClient } from './raw-client.ts'

/** From now on all that goes over a client's connection, in both directions, as it goes. */
export function record({ wire }: RawClient): readonly Piece[] {
  const pieces: Piece[] = []
  const send = wire.sendFromClient.bind(wire)
  wire.sendFromClient = (bytes) => {
    pieces.push({ fromServer: false, bytes: bytes.slice() })
    send(bytes)
  }
  const events = wire.clientEvents
  assert.ok(events !== undefined, 'the connection is there')
  wire.clientEvents = {
    ...events,
    received: (bytes) => {
      pieces.push({ fromServer: true, bytes: bytes.slice() })
      events.received(bytes)
    },
  }
  return pieces
}
