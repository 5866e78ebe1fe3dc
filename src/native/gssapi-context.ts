import type { Gssapi, Slot } from './gssapi-library.ts'

/** A lucid context, version 1, of a 64-bit machine: where its fields lie. */
const Lucid = {
  IS_INITIATOR: 4,
  TICKET_END: 8,
  SEND_SEQUENCE: 16,
  RECEIVE_SEQUENCE: 24,
  /** 1: the tokens of RFC 4121. */
  PROTOCOL: 32,
  HAS_ACCEPTOR_SUBKEY: 64,
  /** Two keys of three fields each: encryption type and length, 4 bytes each, and a pointer. */
  CONTEXT_KEY: 72,
  ACCEPTOR_SUBKEY: 88,
} as const
const LUCID_BYTES = 104
const RFC_4121 = 1

/** What messages are protected with, RFC 4121 2, and how far they are counted. */
export interface GssMessageKey {
  readonly encryptionType: number
  readonly key: Uint8Array
  readonly isInitiator: boolean
  /** The acceptor has chosen the key. */
  readonly isAcceptorSubkey: boolean
  /** Numbers of the next message of each direction. */
  readonly sendSequence: bigint
  readonly receiveSequence: bigint
}

/** A security context that is established, as bytes: nothing of it stays in the library. */
export interface GssContext {
  readonly sessionKey: Uint8Array
  /** Seconds since 1970. */
  readonly ticketEndsAt: number
  /** With it messages can be signed and checked; it holds keys. */
  readonly exported: Uint8Array
  /** Absent where tokens are older ones than those of RFC 4121. */
  readonly messageKey?: GssMessageKey
}

/** One that this end has begun. */
export interface GssInitiatedContext extends GssContext {
  /** Whose ticket it was: `alice@CORP.EXAMPLE`. */
  readonly client: string
}

/** Takes a context apart and deletes it. @throws GssError */
export function takeContext(gss: Gssapi, context: Slot): GssContext {
  try {
    const sessionKey = gss.inquire(context.value, 'sessionKey')
    const lucid = lucidOf(gss, context.value)
    const exported = gss.buffer()
    gss.must('gss_export_sec_context', context.address, exported.address)
    return { sessionKey, ...lucid, exported: gss.take(exported) }
  } finally {
    deleteContext(gss, context)
  }
}

export function deleteContext(gss: Gssapi, context: Slot): void {
  if (context.value !== 0) gss.call('gss_delete_sec_context', context.address, 0)
}

/** The ticket's end is not what gss_inquire_context tells, which adds the tolerance for clocks that differ. */
function lucidOf(gss: Gssapi, context: number): Pick<GssContext, 'ticketEndsAt' | 'messageKey'> {
  const pointer = gss.inquire(context, 'lucidContext')
  const lucid = Number(new DataView(pointer.buffer).getBigUint64(0, true))
  try {
    const view = new DataView(gss.read(lucid, LUCID_BYTES).buffer)
    const ticketEndsAt = view.getUint32(Lucid.TICKET_END, true)
    return view.getUint32(Lucid.PROTOCOL, true) === RFC_4121
      ? { ticketEndsAt, messageKey: messageKeyOf(gss, view) }
      : { ticketEndsAt }
  } finally {
    gss.call('gss_krb5_free_lucid_sec_context', lucid)
  }
}

function messageKeyOf(gss: Gssapi, view: DataView): GssMessageKey {
  const isAcceptorSubkey = view.getUint32(Lucid.HAS_ACCEPTOR_SUBKEY, true) !== 0
  const at = isAcceptorSubkey ? Lucid.ACCEPTOR_SUBKEY : Lucid.CONTEXT_KEY
  return {
    encryptionType: view.getUint32(at, true),
    key: gss.read(Number(view.getBigUint64(at + 8, true)), view.getUint32(at + 4, true)),
    isInitiator: view.getUint32(Lucid.IS_INITIATOR, true) !== 0,
    isAcceptorSubkey,
    sendSequence: view.getBigUint64(Lucid.SEND_SEQUENCE, true),
    receiveSequence: view.getBigUint64(Lucid.RECEIVE_SEQUENCE, true),
  }
}

function imported<T>(gss: Gssapi, exported: Uint8Array, use: (context: number) => T): T {
  const context = gss.slot()
  const buffer = gss.buffer(exported)
  gss.must('gss_import_sec_context', buffer.address, context.address)
  try {
    return use(context.value)
  } finally {
    deleteContext(gss, context)
  }
}

/** GSS_GetMIC of the first message. @throws GssError */
export function signMessage(gss: Gssapi, exported: Uint8Array, message: Uint8Array): Uint8Array {
  return imported(gss, exported, (context) => {
    const [input, mic] = [gss.buffer(message), gss.buffer()]
    gss.must('gss_get_mic', context, 0, input.address, mic.address)
    return gss.take(mic)
  })
}

/** GSS_VerifyMIC of the first message. @throws GssError where the context itself is not good */
export function verifyMessage(gss: Gssapi, exported: Uint8Array, message: Uint8Array, mic: Uint8Array): boolean {
  return imported(gss, exported, (context) => {
    const [input, token] = [gss.buffer(message), gss.buffer(mic)]
    const major = gss.call('gss_verify_mic', context, input.address, token.address, 0)
    return major === 0
  })
}
