import { viewOf } from '../../bytes/utf16.ts'
import { SMB1_HEADER_SIZE, Smb1Header } from '../../wire/smb1/index.ts'
import { type Layer, namedFields, ownField } from './field.ts'
import type { PipeReader } from './pipe-reader.ts'
import type { Smb1State } from './smb1-state.ts'
import type { Place } from './smb2-layer.ts'

/** A message of SMB1 as a layer. */
export function smb1Layers(bytes: Uint8Array, place: Place, _state: Smb1State, _pipes: PipeReader): Layer[] {
  const nodes = Smb1Header.dissect(viewOf(bytes), 0, Math.min(bytes.length, SMB1_HEADER_SIZE))
  const header = ownField(undefined, 'SMB1 header', [0, SMB1_HEADER_SIZE], undefined, namedFields(nodes, place))
  return [{ protocol: 'smb', title: 'SMB1', bytes, fields: [header] }]
}
