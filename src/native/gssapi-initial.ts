/**
 * The first ticket of a user, by his password or from a keytab: libkrb5 itself, since it gives the KDC's own words about
 * an account that may not log on, which GSSAPI keeps to itself.
 */
import { ffi } from './ffi.ts'
import { GSS_FAILURE, type Gssapi, GssError } from './gssapi-library.ts'

const LIBRARY = 'libkrb5.so.3'

const PROTOTYPES = {
  krb5_init_context: ['int', 'intptr_t'],
  krb5_free_context: ['void', 'intptr_t'],
  krb5_parse_name: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_free_principal: ['void', 'intptr_t, intptr_t'],
  krb5_cc_resolve: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_cc_close: ['int', 'intptr_t, intptr_t'],
  krb5_cc_destroy: ['int', 'intptr_t, intptr_t'],
  krb5_kt_resolve: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_kt_close: ['int', 'intptr_t, intptr_t'],
  krb5_get_init_creds_opt_alloc: ['int', 'intptr_t, intptr_t'],
  krb5_get_init_creds_opt_free: ['void', 'intptr_t, intptr_t'],
  krb5_get_init_creds_opt_set_out_ccache: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_get_init_creds_opt_set_fast_ccache_name: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_get_init_creds_opt_set_fast_flags: ['int', 'intptr_t, intptr_t, int32_t'],
  krb5_get_init_creds_opt_set_forwardable: ['void', 'intptr_t, int'],
  krb5_init_creds_init: ['int', 'intptr_t, intptr_t, intptr_t, intptr_t, int32_t, intptr_t, intptr_t'],
  krb5_init_creds_set_password: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_init_creds_set_keytab: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_init_creds_get: ['int', 'intptr_t, intptr_t'],
  krb5_init_creds_get_error: ['int', 'intptr_t, intptr_t, intptr_t'],
  krb5_init_creds_free: ['void', 'intptr_t, intptr_t'],
  krb5_free_error: ['void', 'intptr_t, intptr_t'],
  krb5_get_error_message: ['intptr_t', 'intptr_t, int'],
  krb5_free_error_message: ['void', 'intptr_t, intptr_t'],
} as const

type FunctionName = keyof typeof PROTOTYPES

/** e_data of a krb5_error: its length and where it is, behind five numbers, two principals and a text. */
const ERROR_BYTES = 72
const ERROR_DATA_LENGTH_AT = 60
const ERROR_DATA_AT = 64
const MAX_ERROR_DATA_BYTES = 4096
const MAX_MESSAGE_BYTES = 512
/** KRB5_FAST_REQUIRED: whoever takes the KDC's offer of FAST off the wire gets no plain exchange for it. */
const FAST_REQUIRED = 1

/** Who gets a ticket, and how. */
export interface InitialCredentials {
  /** `alice@CORP.EXAMPLE`; without a realm, of the configuration's own. */
  readonly client: string
  readonly secret: { readonly password: string } | { readonly keytab: string }
  /** A credential cache with a ticket that protects the exchange (FAST, RFC 6113): there is none without. */
  readonly armorCache?: string
}

/** What the first ticket is for. */
export interface InitialPurpose {
  /** Where it is put. */
  readonly cache: string
  /** It can be passed on, whatever the configuration says. */
  readonly isForwardable: boolean
}

/** The KDC refuses, or cannot be asked. `errorData` is e-data of its KRB-ERROR. */
export class InitialError extends GssError {
  readonly errorData: Uint8Array | undefined
  constructor(code: number, text: string, errorData: Uint8Array | undefined) {
    super({ major: GSS_FAILURE, minor: code >>> 0, text })
    this.errorData = errorData
  }
}

/** What is to be given back in the end, the last first. */
type Undo = (() => void)[]

/** libkrb5. */
export class Krb5 {
  readonly #gss: Gssapi
  readonly #calls: Readonly<Record<FunctionName, (...values: number[]) => number>>

  constructor(gss: Gssapi) {
    this.#gss = gss
    const library = ffi()?.load(LIBRARY)
    if (library === undefined) throw new Error(`no ${LIBRARY}`)
    const entries = Object.entries(PROTOTYPES).map(([name, [result, values]]) => [
      name,
      library.func(`${result} ${name}(${values})`),
    ])
    this.#calls = Object.fromEntries(entries) as Record<FunctionName, (...values: number[]) => number>
  }

  /** Gets a ticket of the KDC and puts it into a credential cache. @throws InitialError */
  authenticate(credentials: InitialCredentials, purpose: InitialPurpose): void {
    const undo: Undo = []
    try {
      this.#authenticate(credentials, purpose, undo)
    } finally {
      for (const step of undo.toReversed()) step()
    }
  }

  /** Ends a credential cache in memory. */
  destroy(cache: string): void {
    const undo: Undo = []
    const context = this.#made(0, undo, 'krb5_init_context', 'krb5_free_context')
    const handle = this.#gss.slot()
    if (this.#calls.krb5_cc_resolve(context, this.#gss.text(cache).address, handle.address) === 0)
      this.#calls.krb5_cc_destroy(context, handle.value)
    for (const step of undo) step()
  }

  #authenticate({ client, secret, armorCache }: InitialCredentials, purpose: InitialPurpose, undo: Undo): void {
    const address = (value: string): number => this.#gss.text(value).address
    const calls = this.#calls
    const context = this.#made(0, undo, 'krb5_init_context', 'krb5_free_context')
    const principal = this.#made(context, undo, 'krb5_parse_name', 'krb5_free_principal', address(client))
    const handle = this.#made(context, undo, 'krb5_cc_resolve', 'krb5_cc_close', address(purpose.cache))
    const options = this.#made(context, undo, 'krb5_get_init_creds_opt_alloc', 'krb5_get_init_creds_opt_free')
    this.#check(context, calls.krb5_get_init_creds_opt_set_out_ccache(context, options, handle))
    if (purpose.isForwardable) calls.krb5_get_init_creds_opt_set_forwardable(options, 1)
    if (armorCache !== undefined) {
      this.#check(context, calls.krb5_get_init_creds_opt_set_fast_ccache_name(context, options, address(armorCache)))
      this.#check(context, calls.krb5_get_init_creds_opt_set_fast_flags(context, options, FAST_REQUIRED))
    }
    const exchange = this.#gss.slot()
    this.#check(context, calls.krb5_init_creds_init(context, principal, 0, 0, 0, options, exchange.address))
    undo.push(() => calls.krb5_init_creds_free(context, exchange.value))
    if ('password' in secret)
      this.#check(context, calls.krb5_init_creds_set_password(context, exchange.value, address(secret.password)))
    else {
      const keytab = this.#made(context, undo, 'krb5_kt_resolve', 'krb5_kt_close', address(secret.keytab))
      this.#check(context, calls.krb5_init_creds_set_keytab(context, exchange.value, keytab))
    }
    const code = calls.krb5_init_creds_get(context, exchange.value)
    if (code !== 0) throw new InitialError(code, this.#message(context, code), this.#errorData(context, exchange.value))
  }

  /** What a function puts into its last argument, to be undone in the end. @throws InitialError */
  #made(context: number, undo: Undo, make: FunctionName, unmake: FunctionName, ...values: readonly number[]): number {
    const slot = this.#gss.slot()
    const before = context === 0 ? [] : [context]
    this.#check(context, this.#calls[make](...before, ...values, slot.address))
    undo.push(() => this.#calls[unmake](...before, slot.value))
    return slot.value
  }

  #check(context: number, code: number): void {
    if (code !== 0) throw new InitialError(code, this.#message(context, code), undefined)
  }

  #message(context: number, code: number): string {
    if (context === 0) return `libkrb5 cannot start (${code})`
    const message = this.#calls.krb5_get_error_message(context, code)
    const text = this.#gss.readText(message, MAX_MESSAGE_BYTES)
    this.#calls.krb5_free_error_message(context, message)
    return text
  }

  #errorData(context: number, exchange: number): Uint8Array | undefined {
    const error = this.#gss.slot()
    if (this.#calls.krb5_init_creds_get_error(context, exchange, error.address) !== 0 || error.value === 0)
      return undefined
    try {
      const view = new DataView(this.#gss.read(error.value, ERROR_BYTES).buffer)
      const length = view.getUint32(ERROR_DATA_LENGTH_AT, true)
      if (length === 0 || length > MAX_ERROR_DATA_BYTES) return undefined
      return this.#gss.read(Number(view.getBigUint64(ERROR_DATA_AT, true)), length)
    } finally {
      this.#calls.krb5_free_error(context, error.value)
    }
  }
}
