import { dissectKerberos } from '../../wire/kerberos/index.ts'
import { type Layer, namedFields } from './field.ts'
import type { Place } from './smb2-layer.ts'

/** A message to or from a KDC, without the length that TCP has before it. */
export function kerberosLayer(bytes: Uint8Array, place: Pick<Place, 'fromServer'>): Layer {
  const fields = namedFields(dissectKerberos(bytes), place, [], 'kerberos')
  return { protocol: 'kerberos', title: fields[0]?.label ?? 'Kerberos', bytes, fields }
}
