/** The messages of Kerberos 5, RFC 4120 5 and appendix A. Times are milliseconds since 1970. */
import {
  application,
  bits,
  boolean,
  type DerType,
  field,
  generalizedTime,
  generalString,
  type InferDer,
  integer,
  maybe,
  octetString,
  type Sequence,
  sequence,
  sequenceOf,
  tagged,
  uint32,
} from '../der/schema.ts'
import {
  ApOptions,
  EncryptionType,
  KdcOptions,
  KerberosMessageType,
  PacOptions,
  PaDataType,
  PrincipalNameType,
  TicketFlags,
} from './constants.ts'
import { kerberosErrors } from './error-codes.ts'

const encryptionType = integer.oneOf(EncryptionType)
const errorCode = integer.oneOf(Object.fromEntries(kerberosErrors.map(({ name, code }) => [name, code])))
const messageType = integer.oneOf(KerberosMessageType)

/** RFC 4120 5.2.2. */
export const PrincipalName = {
  ...sequence('PrincipalName', 'RFC 4120 5.2.2', {
    nameType: field(0, integer.oneOf(PrincipalNameType)),
    nameString: field(1, sequenceOf(generalString)),
  }),
  display: (value: { readonly nameString: readonly string[] }) => JSON.stringify(principalText(value)),
}
export type PrincipalName = InferDer<typeof PrincipalName>

/** `cifs/server.example.org`. A slash in a part has a backslash before it, as in RFC 1964 2.1.1. */
export const principalText = ({ nameString }: { readonly nameString: readonly string[] }): string =>
  nameString.map((part) => part.replace(/[/\\]/g, '\\$&')).join('/')

/** RFC 4120 5.2.5. */
const HostAddress = sequence('HostAddress', 'RFC 4120 5.2.5', {
  addressType: field(0, integer),
  address: field(1, octetString),
})

/** RFC 4120 5.2.6. */
export const AuthorizationData = sequenceOf(
  sequence('AuthorizationData', 'RFC 4120 5.2.6', { adType: field(0, integer), adData: field(1, octetString) }),
)

/** RFC 4120 5.2.7: a type, and a value that depends on it. */
export const PaData = sequence('PA-DATA', 'RFC 4120 5.2.7', {
  padataType: field(1, integer.oneOf(PaDataType)),
  padataValue: field(2, octetString),
})
export type PaData = InferDer<typeof PaData>

/** A list of them, as a KDC gives it with an error. RFC 4120 5.9.1 (METHOD-DATA). */
export const MethodData = sequenceOf(PaData)

/** RFC 4120 5.2.9. */
export const EncryptedData = sequence('EncryptedData', 'RFC 4120 5.2.9', {
  etype: field(0, encryptionType),
  kvno: maybe(1, uint32),
  cipher: field(2, octetString),
})
export type EncryptedData = InferDer<typeof EncryptedData>

/** RFC 4120 5.2.9. */
export const EncryptionKey = sequence('EncryptionKey', 'RFC 4120 5.2.9', {
  keytype: field(0, encryptionType),
  keyvalue: field(1, octetString),
})
export type EncryptionKey = InferDer<typeof EncryptionKey>

const Checksum = sequence('Checksum', 'RFC 4120 5.2.9', {
  cksumtype: field(0, integer),
  checksum: field(1, octetString),
})

/** RFC 4120 5.3. */
export const Ticket = application(
  1,
  sequence('Ticket', 'RFC 4120 5.3', {
    tktVno: field(0, integer),
    realm: field(1, generalString),
    sname: field(2, PrincipalName),
    encPart: field(3, EncryptedData),
  }),
)
export type Ticket = InferDer<typeof Ticket>

/** What a ticket hides from all but its service. RFC 4120 5.3. */
export const EncTicketPart = application(
  3,
  sequence('EncTicketPart', 'RFC 4120 5.3', {
    flags: field(0, bits(TicketFlags)),
    key: field(1, EncryptionKey),
    crealm: field(2, generalString),
    cname: field(3, PrincipalName),
    transited: field(
      4,
      sequence('TransitedEncoding', 'RFC 4120 5.3', { trType: field(0, integer), contents: field(1, octetString) }),
    ),
    authtime: field(5, generalizedTime),
    starttime: maybe(6, generalizedTime),
    endtime: field(7, generalizedTime),
    renewTill: maybe(8, generalizedTime),
    caddr: maybe(9, sequenceOf(HostAddress)),
    authorizationData: maybe(10, AuthorizationData),
  }),
)
export type EncTicketPart = InferDer<typeof EncTicketPart>

/** RFC 4120 5.4.1. */
export const KdcReqBody = sequence('KDC-REQ-BODY', 'RFC 4120 5.4.1', {
  kdcOptions: field(0, bits(KdcOptions)),
  cname: maybe(1, PrincipalName),
  realm: field(2, generalString),
  sname: maybe(3, PrincipalName),
  from: maybe(4, generalizedTime),
  till: field(5, generalizedTime),
  rtime: maybe(6, generalizedTime),
  nonce: field(7, uint32),
  etype: field(8, sequenceOf(encryptionType)),
  addresses: maybe(9, sequenceOf(HostAddress)),
  encAuthorizationData: maybe(10, EncryptedData),
  additionalTickets: maybe(11, sequenceOf(Ticket)),
})
export type KdcReqBody = InferDer<typeof KdcReqBody>

const kdcReq = sequence('KDC-REQ', 'RFC 4120 5.4.1', {
  pvno: field(1, integer),
  msgType: field(2, messageType),
  padata: maybe(3, sequenceOf(PaData)),
  reqBody: field(4, KdcReqBody),
})
export const AsReq = application(10, kdcReq, 'AS-REQ')
export const TgsReq = application(12, kdcReq, 'TGS-REQ')
export type KdcReq = InferDer<typeof AsReq>

const kdcRep = sequence('KDC-REP', 'RFC 4120 5.4.2', {
  pvno: field(0, integer),
  msgType: field(1, messageType),
  padata: maybe(2, sequenceOf(PaData)),
  crealm: field(3, generalString),
  cname: field(4, PrincipalName),
  ticket: field(5, Ticket),
  encPart: field(6, EncryptedData),
})
export const AsRep = application(11, kdcRep, 'AS-REP')
export const TgsRep = application(13, kdcRep, 'TGS-REP')
export type KdcRep = InferDer<typeof AsRep>

const encKdcRepPart = sequence('EncKDCRepPart', 'RFC 4120 5.4.2', {
  key: field(0, EncryptionKey),
  lastReq: field(
    1,
    sequenceOf(
      sequence('LastReq', 'RFC 4120 5.4.2', { lrType: field(0, integer), lrValue: field(1, generalizedTime) }),
    ),
  ),
  nonce: field(2, uint32),
  keyExpiration: maybe(3, generalizedTime),
  flags: field(4, bits(TicketFlags)),
  authtime: field(5, generalizedTime),
  starttime: maybe(6, generalizedTime),
  endtime: field(7, generalizedTime),
  renewTill: maybe(8, generalizedTime),
  srealm: field(9, generalString),
  sname: field(10, PrincipalName),
  caddr: maybe(11, sequenceOf(HostAddress)),
  encryptedPaData: maybe(12, sequenceOf(PaData)),
})
/** What a KDC tells the client of the ticket. Some KDCs send the second form with an AS-REP, too (RFC 4120 5.4.2). */
export const EncAsRepPart = application(25, encKdcRepPart, 'EncASRepPart')
export const EncTgsRepPart = application(26, encKdcRepPart, 'EncTGSRepPart')

/** RFC 4120 5.5.1. */
export const ApReq = application(
  14,
  sequence('AP-REQ', 'RFC 4120 5.5.1', {
    pvno: field(0, integer),
    msgType: field(1, messageType),
    apOptions: field(2, bits(ApOptions)),
    ticket: field(3, Ticket),
    authenticator: field(4, EncryptedData),
  }),
)
export type ApReq = InferDer<typeof ApReq>

/** RFC 4120 5.5.1. */
export const Authenticator = application(
  2,
  sequence('Authenticator', 'RFC 4120 5.5.1', {
    authenticatorVno: field(0, integer),
    crealm: field(1, generalString),
    cname: field(2, PrincipalName),
    cksum: maybe(3, Checksum),
    cusec: field(4, integer),
    ctime: field(5, generalizedTime),
    subkey: maybe(6, EncryptionKey),
    seqNumber: maybe(7, uint32),
    authorizationData: maybe(8, AuthorizationData),
  }),
)

/** RFC 4120 5.5.2. */
export const ApRep = application(
  15,
  sequence('AP-REP', 'RFC 4120 5.5.2', {
    pvno: field(0, integer),
    msgType: field(1, messageType),
    encPart: field(2, EncryptedData),
  }),
)

/** RFC 4120 5.5.2. */
export const EncApRepPart = application(
  27,
  sequence('EncAPRepPart', 'RFC 4120 5.5.2', {
    ctime: field(0, generalizedTime),
    cusec: field(1, integer),
    subkey: maybe(2, EncryptionKey),
    seqNumber: maybe(3, uint32),
  }),
)

/** RFC 4120 5.9.1. */
export const KrbError = application(
  30,
  sequence('KRB-ERROR', 'RFC 4120 5.9.1', {
    pvno: field(0, integer),
    msgType: field(1, messageType),
    ctime: maybe(2, generalizedTime),
    cusec: maybe(3, integer),
    stime: field(4, generalizedTime),
    susec: field(5, integer),
    errorCode: field(6, errorCode),
    crealm: maybe(7, generalString),
    cname: maybe(8, PrincipalName),
    realm: field(9, generalString),
    sname: field(10, PrincipalName),
    eText: maybe(11, generalString),
    eData: maybe(12, octetString),
  }),
)
export type KrbError = InferDer<typeof KrbError>

/** What Windows gives with an error in place of METHOD-DATA. MS-KILE 2.2.1. */
export const KerbErrorData = sequence('KERB-ERROR-DATA', 'MS-KILE 2.2.1', {
  dataType: field(1, integer),
  dataValue: maybe(2, octetString),
})

/** RFC 4120 5.2.7.5. */
export const EtypeInfo2 = sequenceOf(
  sequence('ETYPE-INFO2-ENTRY', 'RFC 4120 5.2.7.5', {
    etype: field(0, encryptionType),
    salt: maybe(1, generalString),
    s2kparams: maybe(2, octetString),
  }),
)

/** RFC 4120 5.2.7.4. */
export const EtypeInfo = sequenceOf(
  sequence('ETYPE-INFO-ENTRY', 'RFC 4120 5.2.7.4', {
    etype: field(0, encryptionType),
    salt: maybe(1, octetString),
  }),
)

/** MS-KILE 2.2.3. */
export const PacRequest = sequence('KERB-PA-PAC-REQUEST', 'MS-KILE 2.2.3', { includePac: field(0, boolean) })
/** MS-KILE 2.2.10. */
export const PacOptionsData = sequence('PA-PAC-OPTIONS', 'MS-KILE 2.2.10', { options: field(0, bits(PacOptions)) })

/** FAST: a request within a request that the KDC's own key protects. RFC 6113 5.4.2. */
export const FastArmoredRequest = tagged(
  0,
  sequence('KrbFastArmoredReq', 'RFC 6113 5.4.2', {
    armor: maybe(
      0,
      sequence('KrbFastArmor', 'RFC 6113 5.4.1', { armorType: field(0, integer), armorValue: field(1, octetString) }),
    ),
    reqChecksum: field(1, Checksum),
    encFastReq: field(2, EncryptedData),
  }),
)
/** RFC 6113 5.4.3. */
export const FastArmoredReply = tagged(
  0,
  sequence('KrbFastArmoredRep', 'RFC 6113 5.4.3', { encFastRep: field(0, EncryptedData) }),
)

/** The declaration of each message, by the first byte of what it is encoded as. */
export const messagesByTag: ReadonlyMap<number, Sequence<unknown>> = new Map(
  [AsReq, AsRep, TgsReq, TgsRep, ApReq, ApRep, KrbError].map((message): [number, Sequence<unknown>] => [
    message.tag,
    message as Sequence<unknown>,
  ]),
)

/** What the value of a PA-DATA is, by its type; FAST differs with the direction. */
export function paDataBody(type: number, fromKdc: boolean): DerType<unknown> | undefined {
  if (type === PaDataType['PA-FX-FAST']) return fromKdc ? FastArmoredReply : FastArmoredRequest
  return paDataBodies[type]
}

const paDataBodies: Readonly<Record<number, DerType<unknown>>> = {
  [PaDataType['PA-TGS-REQ']]: ApReq,
  [PaDataType['PA-ENC-TIMESTAMP']]: EncryptedData,
  [PaDataType['PA-ETYPE-INFO']]: EtypeInfo,
  [PaDataType['PA-ETYPE-INFO2']]: EtypeInfo2,
  [PaDataType['PA-PAC-REQUEST']]: PacRequest,
  [PaDataType['PA-ENCRYPTED-CHALLENGE']]: EncryptedData,
  [PaDataType['PA-PAC-OPTIONS']]: PacOptionsData,
}
