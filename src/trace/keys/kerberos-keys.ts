import {
  ApRep,
  ApReq,
  Authenticator,
  decodeGssKerberos,
  EncApRepPart,
  type EncryptionKey,
  EncTicketPart,
  GssTokenId,
  principalText,
} from '../../wire/kerberos/index.ts'
import type { Ciphers } from './ciphers.ts'
import type { KeytabEntry } from './keytab.ts'

/** RFC 4120 7.5.1. */
const usage = { ticket: 2, authenticator: 11, reply: 12 } as const

/** What a ticket tells to who has the key of its service. */
export interface OpenedTicket {
  /** `alice@EXAMPLE.ORG`. */
  readonly client: string
  readonly service: string
  /** Whose key opened it, as the key table says. */
  readonly keyOf: string
  readonly ticketKey: EncryptionKey
  /** What the client proposed in its authenticator; the session key if the server proposes none. */
  readonly clientKey: EncryptionKey
}

/**
 * Opens the ticket of an AP-REQ (in its GSS frame, or without). Undefined where no entry of the key table opens it.
 * @throws WireError for what is damaged
 */
export function openTicket(
  token: Uint8Array,
  keytab: readonly KeytabEntry[],
  ciphers: Ciphers,
): OpenedTicket | undefined {
  const found = decodeGssKerberos(token)
  if (found?.tokenId !== GssTokenId.AP_REQ) return undefined
  const { ticket, authenticator } = ApReq.decode(found.message)
  const { etype, cipher } = ticket.encPart
  for (const { encryptionType, key, principal } of keytab) {
    if (encryptionType !== etype) continue
    const opened = ciphers.openKerberos(etype, key, usage.ticket, cipher)
    if (opened === undefined) continue
    const part = EncTicketPart.decode(opened)
    const ticketKey = kept(part.key)
    const sealed = authenticator.cipher
    const inside = ciphers.openKerberos(authenticator.etype, ticketKey.keyvalue, usage.authenticator, sealed)
    const subkey = inside === undefined ? undefined : Authenticator.decode(inside).subkey
    return {
      client: `${principalText(part.cname)}@${part.crealm}`,
      service: `${principalText(ticket.sname)}@${ticket.realm}`,
      keyOf: principal,
      ticketKey,
      clientKey: subkey === undefined ? ticketKey : kept(subkey),
    }
  }
  return undefined
}

/**
 * The session key after the server's AP-REP: its own, where it proposes one (RFC 4121 2). Without an AP-REP, or where it
 * does not open, it is the client's.
 * @throws WireError for what is damaged
 */
export function kerberosSessionKey(opened: OpenedTicket, answer: Uint8Array | undefined, ciphers: Ciphers): Uint8Array {
  const found = answer === undefined ? undefined : decodeGssKerberos(answer)
  if (found?.tokenId !== GssTokenId.AP_REP) return opened.clientKey.keyvalue
  const { encPart } = ApRep.decode(found.message)
  const inside = ciphers.openKerberos(encPart.etype, opened.ticketKey.keyvalue, usage.reply, encPart.cipher)
  const subkey = inside === undefined ? undefined : EncApRepPart.decode(inside).subkey
  return subkey?.keyvalue.slice() ?? opened.clientKey.keyvalue
}

const kept = ({ keytype, keyvalue }: EncryptionKey): EncryptionKey => ({ keytype, keyvalue: keyvalue.slice() })
