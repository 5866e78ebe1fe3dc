import { lenient } from '../../bytes/lenient.ts'
import { ApReq, decodeGssKerberos, GssTokenId, KrbError, principalText } from '../../wire/kerberos/index.ts'
import { decodeAuthenticate, isNtlmssp, NtlmFlags, NtlmMessageType, ntlmMessageType } from '../../wire/ntlmssp/index.ts'
import { decodeSpnego, MechOid } from '../../wire/spnego/index.ts'
import { mechanismToken } from '../keys/mechanism-token.ts'
import type { Session } from '../model.ts'
import { skewOf } from './kerberos-exchanges.ts'

/** What the token of one session setup tells. */
export interface LogonToken {
  readonly offered: readonly string[]
  readonly mechanism: NonNullable<Session['mechanism']>['value'] | undefined
  readonly user?: string
  readonly domain?: string
  readonly workstation?: string
  /** Kerberos: what the ticket is for, `cifs/server`. */
  readonly serviceName?: string
}

const mechanismNames: Readonly<Record<string, string>> = {
  [MechOid.NTLMSSP]: 'NTLMSSP',
  [MechOid.NEGOEX]: 'NEGOEX',
  [MechOid.KERBEROS]: 'Kerberos',
  [MechOid.MS_KERBEROS]: 'MS Kerberos',
  [MechOid.KERBEROS_USER_TO_USER]: 'Kerberos user-to-user',
}
const kerberosMechanisms: readonly string[] = [MechOid.KERBEROS, MechOid.MS_KERBEROS, MechOid.KERBEROS_USER_TO_USER]
/** Length of the responses of LM and NTLMv1. MS-NLMP 2.2.2.3 and 2.2.2.6. */
const v1ResponseBytes = 24

/** Reads a security buffer: SPNEGO, or NTLM without it. */
export function readLogonToken(token: Uint8Array): LogonToken {
  return lenient(() => readToken(token)) ?? nothing
}

const nothing: LogonToken = { offered: [], mechanism: undefined }

/** @throws WireError */
function readToken(token: Uint8Array): LogonToken {
  if (isNtlmssp(token)) return { ...nothing, ...readNtlm(token) }
  const outer = decodeSpnego(token)
  if (outer.kind === 'mechanism') return { ...nothing, ...readMechanism(outer.oid, token) }
  if (outer.kind === 'resp') {
    const inner = outer.responseToken
    return inner !== undefined && isNtlmssp(inner) ? { ...nothing, ...readNtlm(inner) } : nothing
  }
  const offered = outer.mechTypes.map((oid) => mechanismNames[oid] ?? oid)
  const inner = outer.mechToken
  if (inner === undefined) return { ...nothing, offered }
  if (isNtlmssp(inner)) return { offered, ...readNtlm(inner) }
  const [first = ''] = outer.mechTypes
  return { offered, ...readMechanism(first, inner) }
}

/** Why a server refuses a ticket, in its own words: the error in its answer to a session setup. RFC 4120 5.9.1. */
export function readKerberosRefusal(
  token: Uint8Array,
): { readonly kerberosError: number; readonly clockSkewNs?: number } | undefined {
  return lenient(() => {
    const inner = mechanismToken(token)
    const found = inner === undefined || isNtlmssp(inner) ? undefined : decodeGssKerberos(inner)
    if (found?.tokenId !== GssTokenId.KRB_ERROR) return undefined
    const error = KrbError.decode(found.message)
    const clockSkewNs = skewOf(error)
    return { kerberosError: error.errorCode, ...(clockSkewNs === undefined ? {} : { clockSkewNs }) }
  })
}

function readMechanism(oid: string, token: Uint8Array): Omit<LogonToken, 'offered'> {
  if (!kerberosMechanisms.includes(oid)) return { mechanism: 'unknown' }
  const message = decodeGssKerberos(token)?.message
  if (message?.[0] !== ApReq.tag) return { mechanism: 'Kerberos' }
  return { mechanism: 'Kerberos', serviceName: principalText(ApReq.decode(message).ticket.sname) }
}

/** MS-NLMP 2.2.1.3. Which version of NTLM it is, the responses' lengths and flags tell (2.2.2.3 to 2.2.2.8). */
function readNtlm(message: Uint8Array): Omit<LogonToken, 'offered'> {
  if (ntlmMessageType(message) !== NtlmMessageType.AUTHENTICATE) return { mechanism: undefined }
  const found = decodeAuthenticate(message)
  const names = { user: found.userName, domain: found.domainName, workstation: found.workstation }
  const { ntResponse: nt, lmResponse: lm } = found
  if (found.userName === '' && nt.length === 0) return { ...names, mechanism: 'anonymous' }
  if (nt.length > v1ResponseBytes) return { ...names, mechanism: 'NTLMv2' }
  if (nt.length === v1ResponseBytes) return { ...names, mechanism: 'NTLMv1' }
  const isLm = lm.length === v1ResponseBytes && (found.negotiateFlags & NtlmFlags.EXTENDED_SESSION_SECURITY) === 0
  return { ...names, mechanism: isLm ? 'LM' : 'unknown' }
}
