/** The part of netlogon by which a member asks a domain controller about its users: MS-NRPC 3.5.4. Results are NTSTATUS. */
import {
  conformantVaryingArray,
  octets,
  struct,
  u8,
  u16,
  u32,
  unicodeString,
  union,
  unique,
  wideString,
} from '../ndr/index.ts'
import { op, rpcInterface } from '../operation.ts'
import { ValidationSamInfo4 } from './validation-info.ts'

/** MS-NRPC 2.2.1.3.13: the account of a member of the domain. */
export const WORKSTATION_SECURE_CHANNEL = 2

/** MS-NRPC 3.1.4.2. What is told together with these has been told by everybody for twenty years. */
export const NegotiateFlags = { AES: 0x0100_0000, SECURE_RPC: 0x4000_0000, USUAL: 0x202f_ffff } as const

/** MS-NRPC 2.2.1.4.16, 2.2.1.4.17. */
export const LogonLevel = { NETWORK: 2 } as const
export const ValidationLevel = { SAM_INFO_4: 6 } as const

/** STRING of MS-NRPC 2.2.1.1.2: bytes. */
const OctetString = struct('STRING', {
  length: u16.countOf('bytes'),
  maximumLength: u16,
  bytes: unique(conformantVaryingArray(u8)),
})

/** MS-NRPC 2.2.1.4.5, with NETLOGON_LOGON_IDENTITY_INFO (2.2.1.4.15) at its head. */
const NetworkInfo = struct('NETLOGON_NETWORK_INFO', {
  logonDomainName: unicodeString(),
  parameterControl: u32,
  reservedLow: u32,
  reservedHigh: u32,
  userName: unicodeString(),
  workstation: unicodeString(),
  lmChallenge: octets(8),
  ntChallengeResponse: OctetString,
  lmChallengeResponse: OctetString,
})

/** MS-NRPC 2.2.1.4.6. */
const Level = union('NETLOGON_LEVEL', u16, { [LogonLevel.NETWORK]: unique(NetworkInfo) })
/** MS-NRPC 2.2.1.4.14; a refusal has no arm but a null pointer of the one that was asked for. */
const Validation = union('NETLOGON_VALIDATION', u16, { [ValidationLevel.SAM_INFO_4]: unique(ValidationSamInfo4) })

const credential = octets(8)
/** MS-NRPC 2.2.1.1.5. */
const Authenticator = struct('NETLOGON_AUTHENTICATOR', { credential, timestamp: u32 })
/** NL_TRUST_PASSWORD, MS-NRPC 2.2.1.3.7: 512 bytes of text with their length behind, encrypted. */
const TRUST_PASSWORD_BYTES = 516
const serverName = unique(wideString)

export const Netlogon = rpcInterface(
  'netlogon',
  { uuid: '12345678-1234-abcd-ef00-01234567cffb', version: '1.0', pipe: 'netlogon' },
  {
    /** 3.5.4.4.1 */
    NetrServerReqChallenge: op(4, 'NetrServerReqChallenge', {
      in: { primaryName: serverName, computerName: wideString, clientChallenge: credential },
      out: { serverChallenge: credential, result: u32 },
    }),
    /** 3.5.4.4.2 */
    NetrServerAuthenticate3: op(26, 'NetrServerAuthenticate3', {
      in: {
        primaryName: serverName,
        accountName: wideString,
        secureChannelType: u16,
        computerName: wideString,
        clientCredential: credential,
        negotiateFlags: u32,
      },
      out: { serverCredential: credential, negotiateFlags: u32, accountRid: u32, result: u32 },
    }),
    /** 3.5.4.4.6 */
    NetrServerPasswordSet2: op(30, 'NetrServerPasswordSet2', {
      in: {
        primaryName: serverName,
        accountName: wideString,
        secureChannelType: u16,
        computerName: wideString,
        authenticator: Authenticator,
        clearNewPassword: octets(TRUST_PASSWORD_BYTES),
      },
      out: { returnAuthenticator: Authenticator, result: u32 },
    }),
    /** 3.5.4.5.1 */
    NetrLogonSamLogonEx: op(39, 'NetrLogonSamLogonEx', {
      in: {
        logonServer: serverName,
        computerName: unique(wideString),
        logonLevel: u16.switchOf('logonInformation'),
        logonInformation: Level,
        validationLevel: u16,
        extraFlags: u32,
      },
      out: { validationInformation: Validation, authoritative: u8, extraFlags: u32, result: u32 },
    }),
  },
)
