import type { Gssapi, Slot } from './gssapi-library.ts'

/** The end of the ticket lies there in a lucid context: version, whether it is the initiator's, end time, each 4 bytes. */
const LUCID_BYTES = 16
const LUCID_END_AT = 8

/** A security context that is established, as bytes: nothing of it stays in the library. */
export interface GssContext {
  readonly sessionKey: Uint8Array
  /** Seconds since 1970. */
  readonly ticketEndsAt: number
  /** With it messages can be signed and checked; it holds keys. */
  readonly exported: Uint8Array
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
    const ticketEndsAt = ticketEnd(gss, context.value)
    const exported = gss.buffer()
    gss.must('gss_export_sec_context', context.address, exported.address)
    return { sessionKey, ticketEndsAt, exported: gss.take(exported) }
  } finally {
    deleteContext(gss, context)
  }
}

export function deleteContext(gss: Gssapi, context: Slot): void {
  if (context.value !== 0) gss.call('gss_delete_sec_context', context.address, 0)
}

/** Not what gss_inquire_context tells, which adds the tolerance for clocks that differ. */
function ticketEnd(gss: Gssapi, context: number): number {
  const pointer = gss.inquire(context, 'lucidContext')
  const lucid = Number(new DataView(pointer.buffer).getBigUint64(0, true))
  try {
    return new DataView(gss.read(lucid, LUCID_BYTES).buffer).getUint32(LUCID_END_AT, true)
  } finally {
    gss.call('gss_krb5_free_lucid_sec_context', lucid)
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
