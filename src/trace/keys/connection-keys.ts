import { lenient } from '../../bytes/lenient.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { isNtlmssp, NtlmMessageType, ntlmMessageType } from '../../wire/ntlmssp/index.ts'
import {
  Cipher,
  Command,
  Dialect,
  EncryptionCapabilities,
  HeaderFlags,
  NegotiateContextType,
  NegotiateResponse,
  SessionSetupFlags,
  SessionSetupRequest,
  SessionSetupResponse,
  SigningAlgorithm,
  SigningCapabilities,
  SMB2_HEADER_SIZE,
  SMB2_PROTOCOL_ID,
  Smb2Header,
  TransformHeader,
} from '../../wire/smb2/index.ts'
import { Recent } from '../recent.ts'
import type { CipherName, SigningAlgorithm as SigningAlgorithmName } from './ciphers.ts'
import { kerberosSessionKey, type OpenedTicket, openTicket } from './kerberos-keys.ts'
import type { KeyRing } from './key-ring.ts'
import { mechanismToken } from './mechanism-token.ts'
import { ntlmSessionKey } from './ntlm-keys.ts'
import type { SessionSecret } from './secrets.ts'
import { ciphersOfLength, deriveOpener, SessionOpener } from './session-opener.ts'

/** Most logons of a connection that are followed at a time; a peer may begin as many as it likes. */
const maxLogons = 256

const cipherNames: Readonly<Record<number, CipherName>> = {
  [Cipher.AES_128_CCM]: 'aes-128-ccm',
  [Cipher.AES_128_GCM]: 'aes-128-gcm',
  [Cipher.AES_256_CCM]: 'aes-256-ccm',
  [Cipher.AES_256_GCM]: 'aes-256-gcm',
}

const signingAlgorithms: Readonly<Record<number, SigningAlgorithmName>> = {
  [SigningAlgorithm.HMAC_SHA256]: 'hmac-sha256',
  [SigningAlgorithm.AES_CMAC]: 'aes-cmac',
  [SigningAlgorithm.AES_GMAC]: 'aes-gmac',
}
/** Where a header has its signature. MS-SMB2 2.2.1.2. */
const signatureAt = 48
const sessionKeyBytes = 16

interface SigningKey {
  readonly key: Uint8Array
  readonly algorithm: SigningAlgorithmName
}

/** A logon that is under way. */
interface Logon {
  /** Session.PreauthIntegrityHashValue. */
  preauthHash: Uint8Array | undefined
  challenge: Uint8Array | undefined
  authenticate: Uint8Array | undefined
  ticket: OpenedTicket | undefined
  hasTicket: boolean
  isBinding: boolean
}

/**
 * Follows the logons of one connection and opens its sealed messages. It is to see each NEGOTIATE and SESSION_SETUP, in
 * their order: what it does not see, 3.1.1's keys cannot be derived from.
 */
export class ConnectionKeys {
  readonly ring: KeyRing
  readonly #server: string
  #dialect: number | undefined
  #cipher: CipherName | undefined
  /** Connection.PreauthIntegrityHashValue; undefined where NEGOTIATE was not seen. */
  #preauthHash: Uint8Array | undefined
  /** By session id once it is known, by message id until then. */
  readonly #logons = new Recent<string, Logon>(maxLogons)
  readonly #clients = new Recent<bigint, string>(maxLogons)
  #ticketKeyOf: string | undefined
  #signingAlgorithm: SigningAlgorithmName | undefined
  /** By session id; channels sign with keys of their own. */
  readonly #signingKeys = new Recent<bigint, SigningKey>(maxLogons)

  constructor(ring: KeyRing, server: string) {
    this.ring = ring
    this.#server = server
  }

  /** A whole message, from its SMB2 header on. All but NEGOTIATE and SESSION_SETUP are passed over. */
  message(message: Uint8Array, fromServer: boolean): void {
    if (message.length < SMB2_HEADER_SIZE) return
    const header = Smb2Header.read(viewOf(message), 0)
    if (header.protocolId !== SMB2_PROTOCOL_ID) return
    if (header.command === Command.NEGOTIATE) this.#negotiate(message, fromServer)
    else if (header.command === Command.SESSION_SETUP) this.#sessionSetup(message, header, fromServer)
  }

  /** The message in a whole sealed one, transform header included; undefined where no key opens it. */
  open(sealed: Uint8Array, fromServer: boolean): Uint8Array | undefined {
    if (sealed.length < TransformHeader.size) return undefined
    const { sessionId } = TransformHeader.read(viewOf(sealed), 0)
    return this.#opener(sessionId)?.open(sealed, fromServer)
  }

  /** Keys of this session are known; whether they open it is seen when they do. */
  hasKeys(sessionId: bigint): boolean {
    return this.#opener(sessionId) !== undefined
  }

  /** Whose key opens the ticket of the logon that was answered last, empty for none; undefined without ticket or keys. */
  get ticketKeyOf(): string | undefined {
    return this.#ticketKeyOf
  }

  /** Signatures of some session of this connection can be computed again. */
  get canVerify(): boolean {
    return this.#signingKeys.size > 0
  }

  /** Whether a whole message, from its header on, is signed right; undefined without a key. MS-SMB2 3.1.5.1. */
  verify(sessionId: bigint, message: Uint8Array): boolean | undefined {
    const signing = this.#signingKeys.get(sessionId)
    if (signing === undefined || message.length < SMB2_HEADER_SIZE) return undefined
    const { messageId, flags, command, signature } = Smb2Header.read(viewOf(message), 0)
    const info = {
      messageId,
      fromServer: (flags & HeaderFlags.SERVER_TO_REDIR) !== 0,
      isCancel: command === Command.CANCEL,
    }
    const unsigned = message.slice()
    unsigned.fill(0, signatureAt, SMB2_HEADER_SIZE)
    return this.ring.ciphers.verify(signing.algorithm, signing.key, unsigned, info, signature)
  }

  /** Who has logged on by a ticket that the key table opens: `alice@EXAMPLE.ORG`. */
  client(sessionId: bigint): string | undefined {
    return this.#clients.get(sessionId)
  }

  #opener(sessionId: bigint): SessionOpener | undefined {
    const found = this.ring.session(this.#server, sessionId)
    if (found !== undefined) return found
    const given = this.ring.given(sessionId)
    return given === undefined ? undefined : this.#useGiven(sessionId, given, undefined)
  }

  /** MS-SMB2 3.2.5.2, 3.3.5.4: the hash begins anew with each NEGOTIATE. */
  #negotiate(message: Uint8Array, fromServer: boolean): void {
    const { ciphers } = this.ring
    if (!fromServer) {
      this.#preauthHash = ciphers.sha512(new Uint8Array(64), message)
      return
    }
    if (this.#preauthHash !== undefined) this.#preauthHash = ciphers.sha512(this.#preauthHash, message)
    const response = lenient(() => NegotiateResponse.decode(viewOf(message), SMB2_HEADER_SIZE, message.length, 0))
    if (response === undefined) return
    this.#dialect = response.dialectRevision
    for (const { contextType, data } of response.negotiateContexts) {
      if (contextType === NegotiateContextType.SIGNING_CAPABILITIES) {
        const [algorithm] = lenient(() => SigningCapabilities.decode(viewOf(data)).signingAlgorithms) ?? []
        this.#signingAlgorithm = signingAlgorithms[algorithm ?? -1]
      }
      if (contextType !== NegotiateContextType.ENCRYPTION_CAPABILITIES) continue
      const [chosen] = lenient(() => EncryptionCapabilities.decode(viewOf(data)).ciphers) ?? []
      this.#cipher = cipherNames[chosen ?? 0]
    }
  }

  #sessionSetup(message: Uint8Array, header: Smb2Header, fromServer: boolean): void {
    const { messageId, sessionId, status } = header
    const byMessage = `m${messageId}`
    if (!fromServer) {
      const logon = this.#logons.get(`s${sessionId}`) ?? this.#begin()
      this.#logons.delete(`s${sessionId}`)
      this.#logons.set(byMessage, logon)
      this.#hash(logon, message)
      lenient(() => this.#request(logon, message))
      return
    }
    const logon = this.#logons.get(byMessage) ?? this.#begin()
    this.#logons.delete(byMessage)
    this.#ticketKeyOf = this.ring.secrets.keytab.length > 0 && logon.hasTicket ? (logon.ticket?.keyOf ?? '') : undefined
    if (status === NtStatus.MORE_PROCESSING_REQUIRED) {
      this.#hash(logon, message)
      this.#logons.set(`s${sessionId}`, logon)
      lenient(() => this.#challenge(logon, message))
    } else if (status === NtStatus.SUCCESS && !logon.isBinding)
      // Further channels use the keys of the first (MS-SMB2 3.3.5.5.2).
      lenient(() => this.#settle(logon, message, sessionId))
  }

  #begin(): Logon {
    const nothing = {
      challenge: undefined,
      authenticate: undefined,
      ticket: undefined,
      hasTicket: false,
      isBinding: false,
    }
    return { preauthHash: this.#preauthHash, ...nothing }
  }

  /** MS-SMB2 3.3.5.5: all but the last response are taken in. */
  #hash(logon: Logon, message: Uint8Array): void {
    if (logon.preauthHash !== undefined) logon.preauthHash = this.ring.ciphers.sha512(logon.preauthHash, message)
  }

  #request(logon: Logon, message: Uint8Array): void {
    const request = SessionSetupRequest.decode(viewOf(message), SMB2_HEADER_SIZE, message.length, 0)
    logon.isBinding = (request.flags & SessionSetupFlags.BINDING) !== 0
    const token = mechanismToken(request.securityBuffer)
    if (token === undefined) return
    if (ntlmMessageType(token) === NtlmMessageType.AUTHENTICATE) logon.authenticate = token.slice()
    else if (!isNtlmssp(token)) {
      const { secrets, ciphers } = this.ring
      logon.hasTicket = true
      if (secrets.keytab.length > 0) logon.ticket = openTicket(token, secrets.keytab, ciphers) ?? logon.ticket
    }
  }

  #challenge(logon: Logon, message: Uint8Array): void {
    const token = mechanismToken(responseToken(message))
    if (token !== undefined && ntlmMessageType(token) === NtlmMessageType.CHALLENGE) logon.challenge = token.slice()
  }

  /** The session is there: its keys follow from what was said. */
  #settle(logon: Logon, message: Uint8Array, sessionId: bigint): void {
    const { ciphers } = this.ring
    // A session that logs on again keeps its keys (MS-SMB2 3.3.5.5.3).
    if (this.#signingKeys.get(sessionId) !== undefined) return
    const given = this.ring.given(sessionId)
    if (given !== undefined) {
      if (given.sessionKey !== undefined) this.#sign(sessionId, given.sessionKey, logon.preauthHash)
      this.#useGiven(sessionId, given, logon.preauthHash)
      return
    }
    // Or they were found before its NEGOTIATE was.
    if (this.ring.session(this.#server, sessionId) !== undefined) return
    const { challenge, authenticate, ticket } = logon
    let sessionKey: Uint8Array | undefined
    if (ticket !== undefined) {
      this.#clients.set(sessionId, ticket.client)
      sessionKey = kerberosSessionKey(ticket, mechanismToken(responseToken(message)), ciphers)
    } else if (challenge !== undefined && authenticate !== undefined)
      sessionKey = ntlmSessionKey(challenge, authenticate, this.ring.ntHashes, ciphers)
    if (sessionKey === undefined) return
    this.#sign(sessionId, sessionKey, logon.preauthHash)
    this.#derive(sessionId, sessionKey, logon.preauthHash)
  }

  /** The key that the session's first channel signs with. MS-SMB2 3.3.5.5.3. */
  #sign(sessionId: bigint, sessionKey: Uint8Array, preauthHash: Uint8Array | undefined): void {
    const dialect = this.#dialect
    if (dialect === undefined || (dialect === Dialect.SMB_3_1_1 && preauthHash === undefined)) return
    const first = new Uint8Array(sessionKeyBytes)
    first.set(sessionKey.subarray(0, sessionKeyBytes))
    const { signingKey } = this.ring.ciphers.deriveSessionKeys({ dialect, sessionKey: first, preauthHash })
    const algorithm = this.#signingAlgorithm ?? (dialect < Dialect.SMB_3_0 ? 'hmac-sha256' : 'aes-cmac')
    this.#signingKeys.set(sessionId, { key: signingKey, algorithm })
  }

  #derive(sessionId: bigint, sessionKey: Uint8Array, preauthHash: Uint8Array | undefined): SessionOpener | undefined {
    const source = { dialect: this.#dialect, cipher: this.#cipher, sessionKey, preauthHash }
    const opener = deriveOpener(source, this.ring.ciphers)
    if (opener !== undefined) this.ring.remember(this.#server, sessionId, opener)
    return opener
  }

  #useGiven(
    sessionId: bigint,
    { sessionKey, clientToServerKey, serverToClientKey }: SessionSecret,
    preauthHash: Uint8Array | undefined,
  ): SessionOpener | undefined {
    if (clientToServerKey === undefined && serverToClientKey === undefined)
      return sessionKey === undefined ? undefined : this.#derive(sessionId, sessionKey, preauthHash)
    const direction = (key: Uint8Array | undefined) =>
      key === undefined
        ? []
        : [{ key, ciphers: this.#cipher === undefined ? ciphersOfLength(key.length) : [this.#cipher] }]
    const opener = new SessionOpener(this.ring.ciphers, direction(clientToServerKey), direction(serverToClientKey))
    this.ring.remember(this.#server, sessionId, opener)
    return opener
  }
}

/** @throws WireError */
const responseToken = (message: Uint8Array): Uint8Array =>
  SessionSetupResponse.decode(viewOf(message), SMB2_HEADER_SIZE, message.length, 0).securityBuffer
