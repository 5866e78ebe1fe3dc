import { randomBytes } from 'node:crypto'
import { viewOf } from '../bytes/utf16.ts'
import type { CipherName } from '../crypto/sealing.ts'
import type { SigningAlgorithm as SigningName } from '../crypto/signing.ts'
import { compressionAlgorithms } from '../protocol/compression/codecs.ts'
import type { Compression } from '../protocol/compression/compression.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  Cipher,
  CompressionAlgorithm,
  CompressionCapabilities,
  CompressionCapabilityFlags,
  CreateContextName,
  EncryptionCapabilities,
  HashAlgorithm,
  NegotiateContextType,
  PosixExtensionsCapabilities,
  PreauthIntegrityCapabilities,
  SigningAlgorithm,
  SigningCapabilities,
} from '../wire/smb2/index.ts'
import type { ServerCore } from './server-core.ts'

const SALT_BYTES = 32
/** What names a version of the POSIX extensions: a GUID. */
const VERSION_BYTES = 16

/** In the order in which this server likes them: GCM is several times as fast as CCM in OpenSSL. */
const CIPHERS: readonly (readonly [number, CipherName])[] = [
  [Cipher.AES_128_GCM, 'aes-128-gcm'],
  [Cipher.AES_256_GCM, 'aes-256-gcm'],
  [Cipher.AES_128_CCM, 'aes-128-ccm'],
  [Cipher.AES_256_CCM, 'aes-256-ccm'],
]

const SIGNINGS: readonly (readonly [number, SigningName])[] = [
  [SigningAlgorithm.AES_GMAC, 'aes-gmac'],
  [SigningAlgorithm.AES_CMAC, 'aes-cmac'],
  [SigningAlgorithm.HMAC_SHA256, 'hmac-sha256'],
]

interface NegotiateContext {
  readonly contextType: number
  readonly data: Uint8Array
}

/** What the contexts settle, and those of the answer. */
export interface ContextAnswer {
  cipher?: CipherName
  signing?: SigningName
  compression?: Compression
  posix?: true
  readonly answer: readonly NegotiateContext[]
}

/** Reads one context and notes what it settles; the data of the answer's, undefined when there is none. */
type Settle = (server: ServerCore, data: DataView, settled: ContextAnswer) => Uint8Array | Failure | undefined

const settlers = new Map<number, Settle>([
  [NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES, settleHash],
  [NegotiateContextType.ENCRYPTION_CAPABILITIES, settleCipher],
  [NegotiateContextType.COMPRESSION_CAPABILITIES, settleCompression],
  [NegotiateContextType.SIGNING_CAPABILITIES, settleSigning],
  [NegotiateContextType.POSIX_EXTENSIONS, settlePosix],
])

export const NO_CONTEXTS: ContextAnswer = { answer: [] }

/** Negotiate contexts of 3.1.1; unknown ones are passed over. MS-SMB2 3.3.5.4. */
export function answerContexts(server: ServerCore, contexts: Iterable<NegotiateContext>): ContextAnswer | Failure {
  const answer: NegotiateContext[] = []
  const settled: ContextAnswer = { answer }
  const seen = new Set<number>()
  for (const { contextType, data } of contexts) {
    const settle = settlers.get(contextType)
    if (settle === undefined) continue
    // Each of these may be there once.
    if (seen.has(contextType)) return fail(NtStatus.INVALID_PARAMETER)
    seen.add(contextType)
    const ours = settle(server, viewOf(data), settled)
    if (failed(ours)) return ours
    if (ours !== undefined) answer.push({ contextType, data: ours })
  }
  return seen.has(NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES) ? settled : fail(NtStatus.INVALID_PARAMETER)
}

function settleHash(_server: ServerCore, data: DataView): Uint8Array | Failure {
  const { hashAlgorithms } = PreauthIntegrityCapabilities.decode(data)
  if (hashAlgorithms.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  if (!hashAlgorithms.includes(HashAlgorithm.SHA_512)) return fail(NtStatus.SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP)
  return PreauthIntegrityCapabilities.encode({
    hashAlgorithms: [HashAlgorithm.SHA_512],
    salt: randomBytes(SALT_BYTES),
  })
}

function settleCipher(server: ServerCore, data: DataView, settled: ContextAnswer): Uint8Array | Failure | undefined {
  const { ciphers } = EncryptionCapabilities.decode(data)
  if (ciphers.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  if (server.encryption === 'off') return undefined
  const common = CIPHERS.find(([id]) => ciphers.includes(id))
  if (common !== undefined) settled.cipher = common[1]
  return EncryptionCapabilities.encode({ ciphers: [common?.[0] ?? 0] })
}

function settleSigning(_server: ServerCore, data: DataView, settled: ContextAnswer): Uint8Array | Failure | undefined {
  const { signingAlgorithms } = SigningCapabilities.decode(data)
  if (signingAlgorithms.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  const common = SIGNINGS.find(([id]) => signingAlgorithms.includes(id))
  if (common === undefined) return undefined
  settled.signing = common[1]
  return SigningCapabilities.encode({ signingAlgorithms: [common[0]] })
}

/** All that both know, in the client's order; NONE where there is nothing. */
function settleCompression(
  server: ServerCore,
  data: DataView,
  settled: ContextAnswer,
): Uint8Array | Failure | undefined {
  const offered = CompressionCapabilities.decode(data)
  if (offered.compressionAlgorithms.length === 0) return fail(NtStatus.INVALID_PARAMETER)
  if (server.compression === 'off') return undefined
  const algorithms = [...new Set(offered.compressionAlgorithms)].filter((one) => compressionAlgorithms.includes(one))
  const chained = (offered.flags & CompressionCapabilityFlags.CHAINED) !== 0
  if (algorithms.length > 0) settled.compression = { algorithms, chained }
  return CompressionCapabilities.encode({
    flags: chained ? CompressionCapabilityFlags.CHAINED : 0,
    compressionAlgorithms: algorithms.length > 0 ? algorithms : [CompressionAlgorithm.NONE],
  })
}

/** The client lists the versions that it knows; there is one, named like its create context. */
function settlePosix(server: ServerCore, data: DataView, settled: ContextAnswer): Uint8Array | Failure | undefined {
  const { versions } = PosixExtensionsCapabilities.decode(data)
  if (versions.length === 0 || versions.length % VERSION_BYTES !== 0) return fail(NtStatus.INVALID_PARAMETER)
  if (![...server.shares].some((share) => share.posix)) return undefined
  for (let at = 0; at < versions.length; at += VERSION_BYTES) {
    const version = versions.subarray(at, at + VERSION_BYTES)
    if (String.fromCharCode(...version) !== CreateContextName.POSIX) continue
    settled.posix = true
    return PosixExtensionsCapabilities.encode({ versions: version })
  }
  return undefined
}
