import { isNtlmssp } from '../../wire/ntlmssp/index.ts'
import { decodeSpnego } from '../../wire/spnego/index.ts'

/** The token of the mechanism in a security buffer, bare or in SPNEGO. @throws WireError */
export function mechanismToken(buffer: Uint8Array): Uint8Array | undefined {
  if (buffer.length === 0) return undefined
  if (isNtlmssp(buffer)) return buffer
  const token = decodeSpnego(buffer)
  if (token.kind === 'mechanism') return buffer
  return token.kind === 'init' ? token.mechToken : token.responseToken
}
