/** The frame of the Kerberos mechanism's tokens: RFC 2743 3.1 around RFC 4121 4.1 and 4.2.6. */
import { DerReader, der, derOid, readOid, Tag } from '../der/der.ts'

/** TOK_ID, as a big-endian number. RFC 4121 4.1, 4.2.6; TGT_REQ and TGT_REP are of user-to-user. */
export const GssTokenId = {
  AP_REQ: 0x0100,
  AP_REP: 0x0200,
  KRB_ERROR: 0x0300,
  TGT_REQ: 0x0400,
  TGT_REP: 0x0401,
  MIC: 0x0404,
  WRAP: 0x0504,
} as const

/** A token of the mechanism, its frame taken off. */
export interface GssKerberosToken {
  /** The mechanism that the frame names; undefined where there is none (MIC and Wrap have none, DCE style neither). */
  readonly mechanism: string | undefined
  readonly tokenId: number
  /** What follows the id: a Kerberos message, in the memory of the token. */
  readonly message: Uint8Array
  /** Where that begins in the token. */
  readonly messageAt: number
}

/**
 * Takes the frame off. A Kerberos message without any frame, as DCE/RPC sends it, is given with the id that it would
 * have; undefined for a token of something else.
 * @throws WireError
 */
export function decodeGssKerberos(token: Uint8Array): GssKerberosToken | undefined {
  if (token[0] === Tag.APPLICATION_0) {
    const outer = new DerReader(token, 'GSS token')
    const frame = outer.inside(outer.take(Tag.APPLICATION_0), 'initial')
    const mechanism = readOid(frame, frame.take(Tag.OID))
    return tokenAt(token, frame.at, frame.end, mechanism)
  }
  const bare = bareTokens[token[0] ?? 0]
  if (bare !== undefined) return { mechanism: undefined, tokenId: bare, message: token, messageAt: 0 }
  return tokenAt(token, 0, token.length, undefined)
}

const bareTokens: Readonly<Record<number, number>> = {
  0x6e: GssTokenId.AP_REQ,
  0x6f: GssTokenId.AP_REP,
  0x7e: GssTokenId.KRB_ERROR,
}

const tokenIds: ReadonlySet<number> = new Set(Object.values(GssTokenId))
/** Tokens of an established context. RFC 4121 4.2. */
const unframed: ReadonlySet<number> = new Set([GssTokenId.MIC, GssTokenId.WRAP])

function tokenAt(
  token: Uint8Array,
  at: number,
  end: number,
  mechanism: string | undefined,
): GssKerberosToken | undefined {
  const [high, low] = [token[at], token[at + 1]]
  if (high === undefined || low === undefined || at + 2 > end) return undefined
  const tokenId = high * 256 + low
  const isKnown = mechanism === undefined ? unframed.has(tokenId) : tokenIds.has(tokenId)
  if (!isKnown) return undefined
  return { mechanism, tokenId, message: token.subarray(at + 2, end), messageAt: at + 2 }
}

/** A message of this mechanism in its frame. */
export const encodeGssKerberos = (mechanism: string, tokenId: number, message: Uint8Array): Uint8Array =>
  der(Tag.APPLICATION_0, derOid(mechanism), Uint8Array.of(tokenId >>> 8, tokenId & 0xff), message)
