import { randomBytes } from 'node:crypto'
import type { Filetime } from '../bytes/filetime.ts'
import { NULL_GUID } from '../bytes/guid.ts'
import { viewOf } from '../bytes/utf16.ts'
import { PreauthIntegrityHash } from '../crypto/preauth.ts'
import type { CipherName } from '../crypto/sealing.ts'
import { defaultSigningAlgorithm, type SigningAlgorithm as SigningName } from '../crypto/signing.ts'
import { ProtocolError } from '../protocol/frame-assembler.ts'
import { canSeal } from '../protocol/transform.ts'
import {
  Smb1Command,
  Smb1Dialect,
  Smb1Flags,
  Smb1Flags2,
  Smb1Header,
  Smb1NegotiateRequest,
} from '../wire/smb1/index.ts'
import {
  Capabilities,
  Command,
  CompressionCapabilities,
  CompressionCapabilityFlags,
  Dialect,
  EncryptionCapabilities,
  HashAlgorithm,
  NegotiateContextType,
  NegotiateRequest,
  NegotiateResponse,
  NetnameNegotiateContext,
  PreauthIntegrityCapabilities,
  SecurityMode,
  SigningCapabilities,
} from '../wire/smb2/index.ts'
import { type Answer, type Call, encodeCall, FRAME_HEADER_BYTES } from './call.ts'
import type { Connection } from './connection.ts'
import { SecurityError } from './errors.ts'
import { CIPHERS, nameIn, type Settings, SIGNING_ALGORITHMS } from './settings.ts'

/** What this end says of itself; VALIDATE_NEGOTIATE_INFO repeats it (MS-SMB2 3.2.5.5). */
export interface Offer {
  readonly capabilities: number
  readonly clientGuid: string
  readonly securityMode: number
  readonly dialects: readonly Dialect[]
}

/** What NEGOTIATE settled (MS-SMB2 3.2.1.2). */
export interface Negotiated {
  readonly offer: Offer
  readonly dialect: Dialect
  readonly serverGuid: string
  readonly capabilities: number
  readonly securityMode: number
  readonly maxReadBytes: number
  readonly maxWriteBytes: number
  readonly maxTransactBytes: number
  readonly systemTime: Filetime
  readonly serverStartTime: Filetime
  /** When it was there, by our clock. */
  readonly localTime: Filetime
  /** The server's first token: what it can authenticate with. */
  readonly token: Uint8Array
  readonly supportsMultiCredit: boolean
  readonly signingAlgorithm: SigningName
  readonly cipher: CipherName | undefined
  readonly compressionAlgorithms: readonly number[]
  /** Of 3.1.1: the hash after NEGOTIATE, from which each logon's goes on. */
  readonly preauth: PreauthIntegrityHash | undefined
}

const SALT_BYTES = 32
const PLAIN_TRANSFER_BYTES = 64 * 1024
/** A server says no less (MS-SMB2 2.2.4). */
const LEAST_TRANSFER_BYTES = 64 * 1024

/** MS-SMB2 3.2.4.2.2.2. A new client GUID unless `clientGuid` is that of another connection of the same client. */
export function offerOf(settings: Settings, clientGuid: string): Offer {
  const newest = Math.max(...settings.dialects)
  let capabilities = 0
  // Clients of 2.x say nothing of capabilities, and those of 2.0.2 not who they are (MS-SMB2 2.2.3).
  if (newest >= Dialect.SMB_3_0) {
    capabilities |= Capabilities.DFS | Capabilities.LEASING | Capabilities.LARGE_MTU
    capabilities |= Capabilities.PERSISTENT_HANDLES | Capabilities.DIRECTORY_LEASING
    capabilities |= Capabilities.MULTI_CHANNEL
    // Without a way to seal, none is offered.
    if (settings.ciphers.length > 0) capabilities |= Capabilities.ENCRYPTION
  }
  const required = settings.signing === 'required' ? SecurityMode.SIGNING_REQUIRED : 0
  const securityMode = SecurityMode.SIGNING_ENABLED | required
  const isKnown = newest >= Dialect.SMB_2_1
  return { capabilities, clientGuid: isKnown ? clientGuid : NULL_GUID, securityMode, dialects: settings.dialects }
}

type NegotiateContext = { readonly contextType: NegotiateContextType; readonly data: Uint8Array }

function contextsOf(settings: Settings): NegotiateContext[] {
  const T = NegotiateContextType
  const salt = new Uint8Array(randomBytes(SALT_BYTES))
  const preauth = PreauthIntegrityCapabilities.encode({ hashAlgorithms: [HashAlgorithm.SHA_512], salt })
  const ciphers = settings.ciphers.map((name) => CIPHERS[name])
  const { compressionAlgorithms } = settings
  const signingAlgorithms = settings.signingAlgorithms.map((name) => SIGNING_ALGORITHMS[name])
  return [
    { contextType: T.PREAUTH_INTEGRITY_CAPABILITIES, data: preauth },
    ...(ciphers.length === 0
      ? []
      : [{ contextType: T.ENCRYPTION_CAPABILITIES, data: EncryptionCapabilities.encode({ ciphers }) }]),
    ...(compressionAlgorithms.length === 0
      ? []
      : [
          {
            contextType: T.COMPRESSION_CAPABILITIES,
            data: CompressionCapabilities.encode({ compressionAlgorithms, flags: CompressionCapabilityFlags.CHAINED }),
          },
        ]),
    { contextType: T.SIGNING_CAPABILITIES, data: SigningCapabilities.encode({ signingAlgorithms }) },
    {
      contextType: T.NETNAME_NEGOTIATE_CONTEXT_ID,
      data: NetnameNegotiateContext.encode({ netName: settings.host }),
    },
  ]
}
type NegotiateContextType = (typeof NegotiateContextType)[keyof typeof NegotiateContextType]

/** Negotiates the dialect. MS-SMB2 3.2.4.2.2, 3.2.5.2. @throws SecurityError, ProtocolError, and as `Connection.call` */
export async function negotiate(
  connection: Connection,
  settings: Settings,
  offer: Offer,
  now: () => Filetime,
  signal?: AbortSignal,
): Promise<Negotiated> {
  if (settings.multiProtocolStart) {
    const settled = await connection.call({ seals: false }, smb1Call(settings, offer, now), signal)
    if (settled !== undefined) {
      connection.negotiated = settled
      return settled
    }
  }
  const offers311 = offer.dialects.includes(Dialect.SMB_3_1_1)
  const call: Call<Negotiated> = {
    command: Command.NEGOTIATE,
    frame: encodeCall(NegotiateRequest, {
      ...offer,
      negotiateContexts: offers311 ? contextsOf(settings) : [],
    }),
    read(answer) {
      const request = call.frame.subarray(FRAME_HEADER_BYTES)
      return readAnswer(answer, request, offer, settings, now())
    },
  }
  const negotiated = await connection.call({ seals: false }, call, signal)
  connection.negotiated = negotiated
  return negotiated
}

/** SMB1's NEGOTIATE that asks for SMB2 (MS-SMB2 3.2.4.2.2.1). Undefined where the server wants one of SMB2, too. */
function smb1Call(settings: Settings, offer: Offer, now: () => Filetime): Call<Negotiated | undefined> {
  const { SMB_2_002, SMB_2_WILDCARD } = Smb1Dialect
  const has202 = offer.dialects.includes(Dialect.SMB_2_0_2)
  const hasLater = offer.dialects.some((dialect) => dialect > Dialect.SMB_2_0_2)
  const header = Smb1Header.encode({
    command: Smb1Command.NEGOTIATE,
    flags: Smb1Flags.CASE_INSENSITIVE | Smb1Flags.CANONICALIZED_PATHS,
    flags2: Smb1Flags2.LONG_NAMES | Smb1Flags2.NT_STATUS | Smb1Flags2.UNICODE | Smb1Flags2.EXTENDED_SECURITY,
    securityFeatures: new Uint8Array(8),
  })
  const dialects = [...(has202 ? [SMB_2_002] : []), ...(hasLater ? [SMB_2_WILDCARD] : [])]
  const body = Smb1NegotiateRequest.encode({ dialects })
  return {
    command: Command.NEGOTIATE,
    frame: new Uint8Array(Buffer.concat([new Uint8Array(FRAME_HEADER_BYTES), header, body])),
    isWhole: true,
    read(answer) {
      if (hasLater && answer.body(NegotiateResponse).dialectRevision === Dialect.WILDCARD) return undefined
      // The server has heard of nothing else, and of nobody.
      const dialect202 = has202 ? [Dialect.SMB_2_0_2] : []
      const heard = { capabilities: 0, clientGuid: NULL_GUID, securityMode: 0, dialects: dialect202 }
      return readAnswer(answer, NOTHING, heard, settings, now())
    },
  }
}
const NOTHING = new Uint8Array(0)

function readAnswer(
  answer: Answer,
  request: Uint8Array,
  offer: Offer,
  settings: Settings,
  localTime: Filetime,
): Negotiated {
  const response = answer.body(NegotiateResponse)
  const dialect = response.dialectRevision as Dialect
  if (!offer.dialects.includes(dialect))
    throw new ProtocolError(`the server chose dialect 0x${dialect.toString(16)}, which was not offered`)
  const { capabilities } = response
  const isLarge = dialect >= Dialect.SMB_2_1 && (capabilities & Capabilities.LARGE_MTU) !== 0
  const { limits } = settings
  const room = (bytes: number, ours: number): number => {
    if (bytes < LEAST_TRANSFER_BYTES)
      throw new ProtocolError(`the server takes ${bytes} bytes at a time, fewer than 64 KiB`)
    return Math.min(bytes, ours, isLarge ? bytes : PLAIN_TRANSFER_BYTES)
  }
  const agreed = dialect === Dialect.SMB_3_1_1 ? agreedIn(response, settings) : undefined
  const seals30 = canSeal(dialect) && (capabilities & Capabilities.ENCRYPTION) !== 0
  let preauth: PreauthIntegrityHash | undefined
  if (agreed !== undefined) {
    preauth = new PreauthIntegrityHash()
    preauth.update(request)
    preauth.update(answer.message)
  }
  return {
    offer,
    dialect,
    serverGuid: response.serverGuid,
    capabilities,
    securityMode: response.securityMode,
    maxReadBytes: room(response.maxReadSize, limits.maxReadBytes),
    maxWriteBytes: room(response.maxWriteSize, limits.maxWriteBytes),
    maxTransactBytes: room(response.maxTransactSize, limits.maxTransactBytes),
    systemTime: response.systemTime,
    serverStartTime: response.serverStartTime,
    localTime,
    token: response.securityBuffer.slice(),
    supportsMultiCredit: isLarge,
    signingAlgorithm: agreed?.signing ?? defaultSigningAlgorithm(dialect),
    cipher: agreed === undefined ? (seals30 ? 'aes-128-ccm' : undefined) : agreed.cipher,
    compressionAlgorithms: agreed?.compression ?? [],
    preauth,
  }
}

interface Agreed {
  readonly cipher: CipherName | undefined
  readonly signing: SigningName | undefined
  readonly compression: readonly number[]
}

/** What the contexts of 3.1.1 settle: one of what was offered, each. MS-SMB2 3.2.5.2. */
function agreedIn(response: NegotiateResponse, settings: Settings): Agreed {
  const T = NegotiateContextType
  const find = (contextType: number): Uint8Array | undefined => {
    const found = response.negotiateContexts.filter((context) => context.contextType === contextType)
    if (found.length > 1) throw new ProtocolError(`the server sent negotiate context ${contextType} twice`)
    return found[0]?.data
  }
  const preauth = find(T.PREAUTH_INTEGRITY_CAPABILITIES)
  if (preauth === undefined)
    throw new SecurityError('the server has no pre-authentication integrity, which 3.1.1 needs')
  const { hashAlgorithms } = PreauthIntegrityCapabilities.decode(viewOf(preauth))
  if (hashAlgorithms.length !== 1 || hashAlgorithms[0] !== HashAlgorithm.SHA_512)
    throw new SecurityError('the server chose a hash that was not offered')
  const encryption = find(T.ENCRYPTION_CAPABILITIES)
  const signing = find(T.SIGNING_CAPABILITIES)
  const compression = find(T.COMPRESSION_CAPABILITIES)
  return {
    cipher: encryption === undefined ? undefined : cipherIn(encryption, settings),
    signing: signing === undefined ? undefined : signingIn(signing, settings),
    compression:
      compression === undefined ? [] : CompressionCapabilities.decode(viewOf(compression)).compressionAlgorithms,
  }
}

function cipherIn(data: Uint8Array, settings: Settings): CipherName | undefined {
  const { ciphers } = EncryptionCapabilities.decode(viewOf(data))
  const chosen = ciphers[0]
  // Zero: there is none in common.
  if (chosen === undefined || chosen === 0) return undefined
  const name = nameIn(CIPHERS, chosen)
  if (ciphers.length === 1 && name !== undefined && settings.ciphers.includes(name)) return name
  throw new SecurityError(`the server chose cipher ${ciphers.join(', ')}, which was not offered`)
}

function signingIn(data: Uint8Array, settings: Settings): SigningName {
  const { signingAlgorithms } = SigningCapabilities.decode(viewOf(data))
  const name = nameIn(SIGNING_ALGORITHMS, signingAlgorithms[0] ?? -1)
  if (signingAlgorithms.length === 1 && name !== undefined && settings.signingAlgorithms.includes(name)) return name
  throw new SecurityError(`the server chose signing algorithm ${signingAlgorithms.join(', ')}, which was not offered`)
}
