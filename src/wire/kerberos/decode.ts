import { viewOf } from '../../bytes/utf16.ts'
import { contextTag, DerReader, Tag } from '../der/der.ts'
import { PaDataType } from './constants.ts'
import {
  ApRep,
  ApReq,
  AsRep,
  AsReq,
  type EncryptedData,
  type KdcRep,
  type KdcReq,
  KerbErrorData,
  KrbError,
  PaData,
  TgsRep,
  TgsReq,
} from './messages.ts'

/** A message of Kerberos, as far as it is not sealed. */
export type KerberosMessage =
  | { readonly kind: 'AS-REQ' | 'TGS-REQ'; readonly message: KdcReq }
  | { readonly kind: 'AS-REP' | 'TGS-REP'; readonly message: KdcRep }
  | { readonly kind: 'AP-REQ'; readonly message: ApReq }
  | { readonly kind: 'AP-REP'; readonly message: { readonly encPart: EncryptedData } }
  | { readonly kind: 'KRB-ERROR'; readonly message: KrbError }

/**
 * Reads one message; undefined for one that is of another kind (KRB-PRIV of a password change, for example).
 * @throws WireError
 */
export function decodeKerberos(bytes: Uint8Array): KerberosMessage | undefined {
  switch (bytes[0]) {
    case AsReq.tag:
      return { kind: 'AS-REQ', message: AsReq.decode(bytes) }
    case TgsReq.tag:
      return { kind: 'TGS-REQ', message: TgsReq.decode(bytes) }
    case AsRep.tag:
      return { kind: 'AS-REP', message: AsRep.decode(bytes) }
    case TgsRep.tag:
      return { kind: 'TGS-REP', message: TgsRep.decode(bytes) }
    case ApReq.tag:
      return { kind: 'AP-REQ', message: ApReq.decode(bytes) }
    case ApRep.tag:
      return { kind: 'AP-REP', message: ApRep.decode(bytes) }
    case KrbError.tag:
      return { kind: 'KRB-ERROR', message: KrbError.decode(bytes) }
    default:
      return undefined
  }
}

/** A request or an answer is wrapped in another one that only the KDC reads. RFC 6113. */
export const usesFast = (padata: readonly PaData[] | undefined): boolean =>
  padata?.some(({ padataType }) => padataType === PaDataType['PA-FX-FAST']) ?? false

/** The AP-REQ of a TGS-REQ, by which it is known who asks; undefined where there is none. @throws WireError */
export function ticketGrantingRequest(padata: readonly PaData[] | undefined): ApReq | undefined {
  const found = padata?.find(({ padataType }) => padataType === PaDataType['PA-TGS-REQ'])
  return found === undefined ? undefined : ApReq.decode(found.padataValue)
}

/** KERB_ERR_TYPE_EXTENDED. MS-KILE 2.2.1. */
const EXTENDED_ERROR = 3

/**
 * Whether the data of an error is what Windows sends in place of METHOD-DATA: one sequence with tagged members where
 * that is a sequence of sequences.
 * @throws WireError
 */
export function isKerbErrorData(eData: Uint8Array): boolean {
  const list = new DerReader(eData, 'e-data')
  return list.inside(list.take(Tag.SEQUENCE), '').nextTag === contextTag(1)
}

/**
 * The NTSTATUS that Windows gives with an error, and Samba among METHOD-DATA; undefined where there is none.
 * MS-KILE 2.2.1, 2.2.2.
 * @throws WireError
 */
export function extendedErrorStatus(eData: Uint8Array | undefined): number | undefined {
  if (eData === undefined || eData[0] !== Tag.SEQUENCE) return undefined
  if (!isKerbErrorData(eData)) return methodDataStatus(eData)
  const { dataType, dataValue } = KerbErrorData.decode(eData)
  return dataType === EXTENDED_ERROR ? statusIn(dataValue) : undefined
}

const statusIn = (value: Uint8Array | undefined): number | undefined =>
  value === undefined || value.length < 4 ? undefined : viewOf(value).getUint32(0, true)

/** Samba gives it as PA-PW-SALT, which has the same number. */
function methodDataStatus(methodData: Uint8Array): number | undefined {
  const outer = new DerReader(methodData, 'METHOD-DATA')
  for (const list = outer.inside(outer.take(Tag.SEQUENCE), ''); !list.isAtEnd; ) {
    const { at, end } = list.next()
    const { padataType, padataValue } = PaData.decode(methodData.subarray(at, end))
    if (padataType === EXTENDED_ERROR) return statusIn(padataValue)
  }
  return undefined
}

/** Bytes before each message on a TCP connection with a KDC: its length, big-endian. RFC 4120 7.2.2. */
export const KERBEROS_TCP_HEADER_BYTES = 4
