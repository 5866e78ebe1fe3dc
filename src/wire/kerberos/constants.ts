/** Codes of Kerberos. RFC 4120 7.5, and what later documents added. */

/** RFC 4120 7.5.7. */
export const KerberosMessageType = {
  AS_REQ: 10,
  AS_REP: 11,
  TGS_REQ: 12,
  TGS_REP: 13,
  AP_REQ: 14,
  AP_REP: 15,
  TGT_REQ: 16,
  TGT_REP: 17,
  KRB_SAFE: 20,
  KRB_PRIV: 21,
  KRB_CRED: 22,
  KRB_ERROR: 30,
} as const

/** Errors that something depends on; `kerberosError` tells all of them. RFC 4120 7.5.9, RFC 6113 5.2, RFC 6806 3. */
export const KerberosCode = {
  NONE: 0,
  CLIENT_EXPIRED: 1,
  SERVICE_EXPIRED: 2,
  CLIENT_UNKNOWN: 6,
  SERVER_UNKNOWN: 7,
  PRINCIPAL_NOT_UNIQUE: 8,
  POLICY: 12,
  BAD_OPTION: 13,
  ENCRYPTION_TYPE_UNKNOWN: 14,
  CHECKSUM_TYPE_UNKNOWN: 15,
  CLIENT_REVOKED: 18,
  TICKET_REVOKED: 20,
  CLIENT_NOT_YET_VALID: 21,
  PASSWORD_EXPIRED: 23,
  PREAUTHENTICATION_FAILED: 24,
  PREAUTHENTICATION_REQUIRED: 25,
  WRONG_KEY: 31,
  TICKET_EXPIRED: 32,
  TICKET_NOT_YET_VALID: 33,
  NOT_FOR_US: 35,
  CLOCK_SKEW: 37,
  MODIFIED: 41,
  KEY_VERSION_UNKNOWN: 44,
  NO_KEY: 45,
  RESPONSE_TOO_BIG: 52,
  WRONG_REALM: 68,
  MORE_PREAUTHENTICATION_REQUIRED: 91,
} as const

/** Encryption types. RFC 3961 8, RFC 3962 7, RFC 4757 4, RFC 8009 7; the negative ones are Windows' (MS-KILE 3.1.5.2). */
export const EncryptionType = {
  'des-cbc-crc': 1,
  'des-cbc-md4': 2,
  'des-cbc-md5': 3,
  'des3-cbc-md5': 5,
  'des3-cbc-sha1': 7,
  'des3-cbc-sha1-kd': 16,
  'aes128-cts-hmac-sha1-96': 17,
  'aes256-cts-hmac-sha1-96': 18,
  'aes128-cts-hmac-sha256-128': 19,
  'aes256-cts-hmac-sha384-192': 20,
  'rc4-hmac': 23,
  'rc4-hmac-exp': 24,
  'camellia128-cts-cmac': 25,
  'camellia256-cts-cmac': 26,
  'rc4-hmac-old-exp': -135,
  'rc4-hmac-old': -133,
  'rc4-md4': -128,
} as const

/** RFC 4120 6.2, RFC 6111 (11), MS-KILE 2.2.8 (-130 and on). */
export const PrincipalNameType = {
  UNKNOWN: 0,
  PRINCIPAL: 1,
  SRV_INST: 2,
  SRV_HST: 3,
  SRV_XHST: 4,
  UID: 5,
  X500_PRINCIPAL: 6,
  SMTP_NAME: 7,
  ENTERPRISE: 10,
  WELLKNOWN: 11,
  MS_PRINCIPAL: -128,
  MS_PRINCIPAL_AND_ID: -129,
  ENT_PRINCIPAL_AND_ID: -130,
} as const

/** RFC 4120 7.5.2, RFC 4556, RFC 6113 and 8636; MS-KILE 2.2.10, MS-SFU 2.2. */
export const PaDataType = {
  'PA-TGS-REQ': 1,
  'PA-ENC-TIMESTAMP': 2,
  'PA-PW-SALT': 3,
  'PA-ENC-UNIX-TIME': 5,
  'PA-ETYPE-INFO': 11,
  'PA-PK-AS-REQ-OLD': 14,
  'PA-PK-AS-REP-OLD': 15,
  'PA-PK-AS-REQ': 16,
  'PA-PK-AS-REP': 17,
  'PA-ETYPE-INFO2': 19,
  'PA-SVR-REFERRAL-INFO': 20,
  'TD-REQ-NONCE': 107,
  'PA-PAC-REQUEST': 128,
  'PA-FOR-USER': 129,
  'PA-FOR-X509-USER': 130,
  'PA-FOR-CHECK-DUPS': 131,
  'PA-AS-CHECKSUM': 132,
  'PA-FX-COOKIE': 133,
  'PA-FX-FAST': 136,
  'PA-FX-ERROR': 137,
  'PA-ENCRYPTED-CHALLENGE': 138,
  'PA-OTP-CHALLENGE': 141,
  'PA-OTP-REQUEST': 142,
  'PA-EPAK-AS-REQ': 145,
  'PA-PKINIT-KX': 147,
  'PA-REQ-ENC-PA-REP': 149,
  'PA-AS-FRESHNESS': 150,
  'PA-SPAKE': 151,
  'PA-KERB-KEY-LIST-REQ': 161,
  'PA-KERB-KEY-LIST-REP': 162,
  'PA-SUPPORTED-ENCTYPES': 165,
  'PA-EXTENDED-ERROR': 166,
  'PA-PAC-OPTIONS': 167,
} as const

/** RFC 4120 5.4.1, RFC 6806, MS-SFU 2.2.3. Bit 0 of the standard is the uppermost. */
export const KdcOptions = {
  FORWARDABLE: 0x4000_0000,
  FORWARDED: 0x2000_0000,
  PROXIABLE: 0x1000_0000,
  PROXY: 0x0800_0000,
  ALLOW_POSTDATE: 0x0400_0000,
  POSTDATED: 0x0200_0000,
  RENEWABLE: 0x0080_0000,
  CNAME_IN_ADDL_TKT: 0x0002_0000,
  CANONICALIZE: 0x0001_0000,
  REQUEST_ANONYMOUS: 0x0000_8000,
  DISABLE_TRANSITED_CHECK: 0x0000_0020,
  RENEWABLE_OK: 0x0000_0010,
  ENC_TKT_IN_SKEY: 0x0000_0008,
  RENEW: 0x0000_0002,
  VALIDATE: 0x0000_0001,
} as const

/** RFC 4120 5.3, RFC 6806 11. */
export const TicketFlags = {
  FORWARDABLE: 0x4000_0000,
  FORWARDED: 0x2000_0000,
  PROXIABLE: 0x1000_0000,
  PROXY: 0x0800_0000,
  MAY_POSTDATE: 0x0400_0000,
  POSTDATED: 0x0200_0000,
  INVALID: 0x0100_0000,
  RENEWABLE: 0x0080_0000,
  INITIAL: 0x0040_0000,
  PRE_AUTHENT: 0x0020_0000,
  HW_AUTHENT: 0x0010_0000,
  TRANSITED_POLICY_CHECKED: 0x0008_0000,
  OK_AS_DELEGATE: 0x0004_0000,
  ENC_PA_REP: 0x0001_0000,
} as const

/** RFC 4120 5.5.1. */
export const ApOptions = { USE_SESSION_KEY: 0x4000_0000, MUTUAL_REQUIRED: 0x2000_0000 } as const

/** MS-KILE 2.2.10: what PA-PAC-OPTIONS asks for. */
export const PacOptions = {
  CLAIMS: 0x8000_0000,
  BRANCH_AWARE: 0x4000_0000,
  FORWARD_TO_FULL_DC: 0x2000_0000,
  RESOURCE_BASED_CONSTRAINED_DELEGATION: 0x1000_0000,
} as const

const nameIn = (table: Readonly<Record<string, number>>, code: number): string | undefined =>
  Object.entries(table).find(([, value]) => value === code)?.[0]

/** `aes256-cts-hmac-sha1-96`, or the number. */
export const encryptionTypeName = (type: number): string => nameIn(EncryptionType, type) ?? `encryption type ${type}`

/** `PA-ETYPE-INFO2`, or the number. */
export const paDataName = (type: number): string => nameIn(PaDataType, type) ?? `PA-DATA ${type}`
