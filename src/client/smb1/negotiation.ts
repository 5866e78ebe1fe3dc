import { dateFromFiletime } from '../../bytes/filetime.ts'
import { ProtocolError } from '../../protocol/frame-assembler.ts'
import {
  NO_DIALECT_IN_COMMON,
  SMB1_HEADER_SIZE,
  Smb1Command,
  Smb1Dialect,
  Smb1Flags2,
  Smb1NegotiateExtendedResponse,
  Smb1NegotiateRequest,
  Smb1NegotiateResponse,
  Smb1SecurityMode,
  smb1Part,
} from '../../wire/smb1/index.ts'
import type { Smb1Server } from '../api/smb1.ts'
import { SecurityError } from '../errors.ts'
import type { Settings } from '../settings.ts'
import type { Smb1Exchange } from './exchange.ts'
import type { PlainChallenge } from './plain-response.ts'

/** As Windows lists them; NT LM 0.12 is the one that is meant (MS-SMB 4.1). */
export const NT1_DIALECTS: readonly string[] = [
  'PC NETWORK PROGRAM 1.0',
  'LANMAN1.0',
  'Windows for Workgroups 3.1a',
  'LM1.2X002',
  'LANMAN2.1',
  Smb1Dialect.NT_LM,
]

/** What NEGOTIATE of SMB1 settled. */
export interface Smb1Negotiated {
  readonly server: Smb1Server
  /** Of every request from here on. */
  readonly flags2: number
  readonly sessionKey: number
  readonly wantsSigning: boolean
  /** With extended security: the server's first token. */
  readonly token: Uint8Array
  /** Without. */
  readonly asked?: PlainChallenge
}

export function flags2Of({ signing }: Pick<Settings, 'signing'>, extendedSecurity: boolean): number {
  return (
    Smb1Flags2.LONG_NAMES |
    Smb1Flags2.EAS |
    Smb1Flags2.NT_STATUS |
    Smb1Flags2.UNICODE |
    (signing === 'off' ? 0 : Smb1Flags2.SECURITY_SIGNATURE) |
    (signing === 'required' ? Smb1Flags2.SECURITY_SIGNATURE_REQUIRED : 0) |
    (extendedSecurity ? Smb1Flags2.EXTENDED_SECURITY : 0)
  )
}

/** Asks for NT LM 0.12. MS-SMB 3.2.4.2.2, 3.2.5.2. @throws ProtocolError, SecurityError, and as `request` */
export async function negotiateNt1(
  exchange: Smb1Exchange,
  settings: Settings,
  extendedSecurity: boolean,
): Promise<Smb1Negotiated> {
  const asked = smb1Part(Smb1Command.NEGOTIATE, Smb1NegotiateRequest, { dialects: NT1_DIALECTS })
  const answer = await exchange.request(asked, { flags2: flags2Of(settings, extendedSecurity) })
  const index = answer.wordCount === 0 ? NO_DIALECT_IN_COMMON : answer.view.getUint16(SMB1_HEADER_SIZE + 1, true)
  if (NT1_DIALECTS[index] !== Smb1Dialect.NT_LM)
    throw new ProtocolError(`the server does not speak ${Smb1Dialect.NT_LM}`)
  // MS-SMB 3.2.5.2: the answer's own flag says which form it has.
  const isExtended = (answer.header.flags2 & Smb1Flags2.EXTENDED_SECURITY) !== 0
  const flags2 = flags2Of(settings, isExtended)
  if (isExtended) {
    const body = answer.body(Smb1NegotiateExtendedResponse)
    const token = body.securityBlob.slice()
    const { server, ...settled } = settledOf(settings, body, { guid: body.serverGuid })
    return { ...settled, server: { ...server, extendedSecurity: true }, flags2, token }
  }
  const form =
    (answer.header.flags2 & Smb1Flags2.UNICODE) !== 0 ? Smb1NegotiateResponse.unicode : Smb1NegotiateResponse.oem
  const body = answer.body(form)
  const { challenge, domainName, serverName } = body
  if (challenge.length !== 8) throw new ProtocolError(`a challenge of ${challenge.length} bytes`)
  const settled = settledOf(settings, body, { domain: domainName, name: serverName })
  return {
    ...settled,
    flags2,
    token: new Uint8Array(0),
    asked: { challenge: challenge.slice(), domainName, serverName },
  }
}

interface Said {
  readonly securityMode: number
  readonly capabilities: number
  readonly sessionKey: number
  readonly systemTime: bigint
}

function settledOf(settings: Settings, said: Said, names: Partial<Smb1Server>) {
  const { securityMode, capabilities, sessionKey, systemTime } = said
  if ((securityMode & Smb1SecurityMode.ENCRYPT_PASSWORDS) === 0)
    throw new SecurityError('The server wants the password as it is, for everybody on the way to read.')
  const signing =
    (securityMode & Smb1SecurityMode.SECURITY_SIGNATURES_REQUIRED) !== 0
      ? 'required'
      : (securityMode & Smb1SecurityMode.SECURITY_SIGNATURES_ENABLED) !== 0
        ? 'enabled'
        : 'off'
  checkSigning(settings, signing)
  const { host, port } = settings
  const time = dateFromFiletime(systemTime)
  const server: Smb1Server = { host, port, extendedSecurity: false, signing, capabilities, time, ...names }
  return { server, sessionKey, wantsSigning: signing !== 'off' && settings.signing !== 'off' }
}

/** What one end requires and the other has switched off ends here: Windows says "System error 1240". */
function checkSigning({ signing: ours, host }: Settings, theirs: Smb1Server['signing']): void {
  const why =
    ours === 'required' && theirs === 'off'
      ? `Signing is required here, and ${host} has it switched off.`
      : ours === 'off' && theirs === 'required'
        ? `${host} requires signing, and it is switched off here.`
        : undefined
  if (why === undefined) return
  const known =
    'Windows shows this as "System error 1240 has occurred. The account is not authorized to log in from this station."'
  throw new SecurityError(`${why} ${known}`)
}
