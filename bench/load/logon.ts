/**
 * The logon of the load generator: NTLMv2 in SPNEGO and the keys that follow from it, for one user, with Node's own
 * primitives. It is apart from the server's code on purpose: the measured and the measure share nothing.
 * MS-NLMP 3.3.2, MS-SMB2 3.1.4.2.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'

export interface Credentials {
  readonly user: string
  /** MD4 of the UTF-16LE password, 16 bytes: OpenSSL 3 has no MD4. */
  readonly ntHash: Uint8Array
}

/** NTLMSSP_NEGOTIATE flags: UNICODE, REQUEST_TARGET, SIGN, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, TARGET_INFO, 128. */
const ntlmFlags = 0x20888215

const hmacMd5 = (key: Uint8Array, data: Uint8Array) => createHmac('md5', key).update(data).digest()

/** One DER element. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const spnegoOid = Buffer.from('06062b0601050502', 'hex')
const ntlmOid = Buffer.from('060a2b06010401823702020a', 'hex')

/** The first token: NEGOTIATE_MESSAGE in a NegTokenInit. */
export function firstToken(): Buffer {
  const negotiate = Buffer.alloc(32)
  negotiate.write('NTLMSSP\0', 'latin1')
  negotiate.writeUInt32LE(1, 8)
  negotiate.writeUInt32LE(ntlmFlags, 12)
  const token = der(0x30, der(0xa0, der(0x30, ntlmOid)), der(0xa2, der(0x04, negotiate)))
  return der(0x60, spnegoOid, der(0xa0, token))
}

export interface SecondToken {
  readonly token: Buffer
  readonly sessionKey: Buffer
}

/** The second token: AUTHENTICATE_MESSAGE for the challenge that is somewhere in the server's token. */
export function secondToken(serverToken: Buffer, credentials: Credentials): SecondToken {
  const at = serverToken.indexOf('NTLMSSP\0')
  if (at < 0) throw new Error('the server sent no NTLM challenge')
  const challenge = serverToken.subarray(at)
  const serverChallenge = challenge.subarray(24, 32)
  const infoLength = challenge.readUInt16LE(40)
  const infoOffset = challenge.readUInt32LE(44)
  const targetInfo = challenge.subarray(infoOffset, infoOffset + infoLength)

  const user = Buffer.from(credentials.user, 'utf16le')
  const ownerKey = hmacMd5(credentials.ntHash, Buffer.from(credentials.user.toUpperCase(), 'utf16le'))
  const temp = Buffer.alloc(28 + targetInfo.length + 4)
  temp[0] = 1
  temp[1] = 1
  timestamp(targetInfo).copy(temp, 8)
  randomBytes(8).copy(temp, 16)
  targetInfo.copy(temp, 28)
  const proof = hmacMd5(ownerKey, Buffer.concat([serverChallenge, temp]))
  const ntResponse = Buffer.concat([proof, temp])

  const message = Buffer.alloc(64)
  message.write('NTLMSSP\0', 'latin1')
  message.writeUInt32LE(3, 8)
  let end = 64
  const parts: Buffer[] = [message]
  const field = (position: number, value: Buffer) => {
    message.writeUInt16LE(value.length, position)
    message.writeUInt16LE(value.length, position + 2)
    message.writeUInt32LE(end, position + 4)
    parts.push(value)
    end += value.length
  }
  field(12, Buffer.alloc(24))
  field(20, ntResponse)
  field(28, Buffer.alloc(0))
  field(36, user)
  field(44, Buffer.from('BENCH', 'utf16le'))
  field(52, Buffer.alloc(0))
  message.writeUInt32LE(ntlmFlags, 60)
  return {
    token: der(0xa1, der(0x30, der(0xa2, der(0x04, Buffer.concat(parts))))),
    sessionKey: hmacMd5(ownerKey, proof),
  }
}

/** The server's time out of its target information (MsvAvTimestamp), else zero. */
function timestamp(targetInfo: Buffer): Buffer {
  for (let at = 0; at + 4 <= targetInfo.length; ) {
    const id = targetInfo.readUInt16LE(at)
    const length = targetInfo.readUInt16LE(at + 2)
    if (id === 7) return targetInfo.subarray(at + 4, at + 12)
    at += 4 + length
  }
  return Buffer.alloc(8)
}

/** SP800-108 in counter mode with HMAC-SHA256, 128 bits. MS-SMB2 3.1.4.2. */
function derive(key: Uint8Array, label: string, context: Uint8Array): Buffer {
  const hmac = createHmac('sha256', key)
  hmac
    .update(Buffer.from([0, 0, 0, 1]))
    .update(label, 'latin1')
    .update(Buffer.from([0]))
  return hmac
    .update(context)
    .update(Buffer.from([0, 0, 0, 128]))
    .digest()
    .subarray(0, 16)
}

export interface SessionKeys {
  readonly signing: Buffer
  readonly seal: Buffer
  readonly unseal: Buffer
}

/** The keys of a 3.1.1 session from its key and pre-authentication hash. */
export function sessionKeys(sessionKey: Uint8Array, preauthHash: Uint8Array): SessionKeys {
  return {
    signing: derive(sessionKey, 'SMBSigningKey\0', preauthHash),
    seal: derive(sessionKey, 'SMBC2SCipherKey\0', preauthHash),
    unseal: derive(sessionKey, 'SMBS2CCipherKey\0', preauthHash),
  }
}

/** The pre-authentication hash after one more message. MS-SMB2 3.1.5.2. */
export const extendHash = (hash: Uint8Array, message: Uint8Array): Buffer =>
  createHash('sha512').update(hash).update(message).digest()
