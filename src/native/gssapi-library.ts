/**
 * MIT Kerberos' GSSAPI library by the FFI, as far as it is used here (RFC 2744, RFC 5588, RFC 6680, RFC 6112). For 64-bit
 * machines. What these functions block on is the network: they are called in a thread of their own, see `gssapi.ts`.
 */
import { ffi } from './ffi.ts'

const LIBRARY = 'libgssapi_krb5.so.2'

/** What a call answers: major and minor status, and outputs in the memory that was handed in. */
export type Call = (...values: number[]) => number

const PROTOTYPES = {
  gss_acquire_cred_from: 'intptr_t, uint32_t, intptr_t, int, intptr_t, intptr_t, intptr_t, intptr_t',
  gss_release_cred: 'intptr_t',
  gss_set_cred_option: 'intptr_t, intptr_t, intptr_t',
  gss_import_name: 'intptr_t, intptr_t, intptr_t',
  gss_display_name: 'intptr_t, intptr_t, intptr_t',
  gss_release_name: 'intptr_t',
  gss_get_name_attribute: 'intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t',
  gss_accept_sec_context:
    'intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t',
  gss_init_sec_context:
    'intptr_t, intptr_t, intptr_t, intptr_t, uint32_t, uint32_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t',
  gss_delete_sec_context: 'intptr_t, intptr_t',
  gss_inquire_context: 'intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t',
  gss_inquire_sec_context_by_oid: 'intptr_t, intptr_t, intptr_t',
  gss_export_sec_context: 'intptr_t, intptr_t',
  gss_import_sec_context: 'intptr_t, intptr_t',
  gss_get_mic: 'intptr_t, uint32_t, intptr_t, intptr_t',
  gss_verify_mic: 'intptr_t, intptr_t, intptr_t, intptr_t',
  gss_display_status: 'uint32_t, int, intptr_t, intptr_t, intptr_t',
  gss_release_buffer: 'intptr_t',
  gss_release_buffer_set: 'intptr_t',
  gss_krb5_free_lucid_sec_context: 'intptr_t',
} as const

type FunctionName = keyof typeof PROTOTYPES

/** Object identifiers in DER, without tag and length. */
const OIDS = {
  /** 1.2.840.113554.1.2.2 */
  krb5: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02],
  /** GSS_KRB5_NT_PRINCIPAL_NAME, 1.2.840.113554.1.2.2.1 */
  principalName: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01],
  /** GSS_C_INQ_SSPI_SESSION_KEY, 1.2.840.113554.1.2.2.5.5 */
  sessionKey: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x05, 0x05],
  /** GSS_KRB5_EXPORT_LUCID_SEC_CONTEXT_OID, 1.2.840.113554.1.2.2.5.6, version 1 */
  lucidContext: [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x05, 0x06, 0x01],
  /** GSS_KRB5_CRED_NO_CI_FLAGS_X, 1.2.752.43.13.29 */
  onlyGivenFlags: [0x2a, 0x85, 0x70, 0x2b, 0x0d, 0x1d],
} as const

const BUFFER_BYTES = 16
const ROUTINE_ERRORS = 0xffff_0000
/** GSS_S_FAILURE: what the minor status says. RFC 2744 3.9.1. */
export const GSS_FAILURE = 0x000d_0000
const GSS_CODE = 1
const MECHANISM_CODE = 2
/** Of sentences that make up one text. */
const MAX_SENTENCES = 8

/** A call that failed: GSSAPI's two numbers, and what the library says about them. */
export interface GssProblem {
  readonly major: number
  readonly minor: number
  readonly text: string
}

export class GssError extends Error {
  readonly problem: GssProblem
  constructor(problem: GssProblem) {
    super(problem.text)
    this.problem = problem
  }
}

/** Memory that a call reads from or writes to; kept by whoever holds it. */
export interface Block {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly address: number
}

/** A place for a pointer. */
export interface Slot extends Block {
  value: number
}

/** The library, with memory as addresses: every pointer is a number, 0 for none. */
export class Gssapi {
  readonly #calls: Readonly<Record<FunctionName, Call>>
  readonly #copy: (to: number, from: number, length: number) => void
  readonly #length: (text: number, most: number) => number
  readonly #addressOf: (bytes: Uint8Array) => number
  readonly #minor: Block
  readonly oids: Readonly<Record<keyof typeof OIDS, Block>>
  /** What calls have been given addresses of: it must outlive them. */
  #held: Block[] = []
  readonly #kept: readonly Block[]
  /** A gss_OID_set of Kerberos alone. */
  readonly #krb5Only: number

  /** @throws a sentence that says what to install */
  constructor() {
    const koffi = ffi()
    if (koffi === undefined) throw new Error('Kerberos needs the package koffi: npm install koffi')
    let library: ReturnType<typeof koffi.load>
    try {
      library = koffi.load(LIBRARY)
    } catch (error) {
      throw new Error(`Kerberos needs MIT Kerberos (${LIBRARY}): on Debian, apt-get install libgssapi-krb5-2`, {
        cause: error,
      })
    }
    const entries = Object.entries(PROTOTYPES).map(([name, values]) => {
      return [name, library.func(`uint32_t ${name}(intptr_t, ${values})`) as Call] as const
    })
    this.#calls = Object.fromEntries(entries) as Record<FunctionName, Call>
    const libc = koffi.load(null)
    this.#copy = libc.func('void *memcpy(intptr_t, intptr_t, size_t)')
    this.#length = libc.func('size_t strnlen(intptr_t, size_t)')
    this.#addressOf = (bytes) => Number(koffi.address(bytes))
    this.#minor = this.block(8)
    this.oids = Object.fromEntries(Object.entries(OIDS).map(([name, value]) => [name, this.#oid(value)])) as Record<
      keyof typeof OIDS,
      Block
    >
    const krb5Only = this.block(BUFFER_BYTES)
    krb5Only.view.setBigUint64(0, 1n, true)
    krb5Only.view.setBigUint64(8, BigInt(this.oids.krb5.address), true)
    this.#krb5Only = krb5Only.address
    // What was made up to here stays.
    this.#kept = this.#held
    this.letGo()
  }

  /** A gss_OID_desc. */
  #oid(value: readonly number[]): Block {
    const elements = this.blockOf(Uint8Array.from(value))
    const description = this.block(BUFFER_BYTES)
    description.view.setUint32(0, value.length, true)
    description.view.setBigUint64(8, BigInt(elements.address), true)
    return description
  }

  /** Between two pieces of work: the memory of the one before may go, but for what somebody still has. */
  letGo(): void {
    this.#held = [...this.#kept]
  }

  /** Calls and answers the major status; `failedWith` tells more right after. */
  call(name: FunctionName, ...values: number[]): number {
    return this.#calls[name](this.#minor.address, ...values) >>> 0
  }

  /** As `call`. @throws GssError */
  must(name: FunctionName, ...values: number[]): void {
    const major = this.call(name, ...values)
    if (isError(major)) throw new GssError(this.failedWith(major))
  }

  /** What the call before has failed with. */
  failedWith(major: number): GssProblem {
    const minor = this.#minor.view.getUint32(0, true)
    const texts = [this.#status(minor, MECHANISM_CODE), this.#status(major, GSS_CODE)]
    // The mechanism knows more, where it knows anything.
    return { major, minor, text: texts.find((text) => text !== '' && text !== 'Success') ?? '' }
  }

  #status(code: number, kind: number): string {
    const context = this.block(4)
    const sentences: string[] = []
    do {
      const text = this.buffer()
      const { krb5 } = this.oids
      if (isError(this.call('gss_display_status', code, kind, krb5.address, context.address, text.address))) break
      sentences.push(this.takeText(text))
    } while (context.view.getUint32(0, true) !== 0 && sentences.length < MAX_SENTENCES)
    return sentences.join(', ')
  }

  block(length: number): Block {
    return this.blockOf(new Uint8Array(length))
  }

  blockOf(bytes: Uint8Array): Block {
    const block = { bytes, view: new DataView(bytes.buffer), address: this.#addressOf(bytes) }
    this.#held.push(block)
    return block
  }

  slot(): Slot {
    const block = this.block(8)
    return {
      ...block,
      get value() {
        return Number(block.view.getBigUint64(0, true))
      },
      set value(value) {
        block.view.setBigUint64(0, BigInt(value), true)
      },
    }
  }

  /** A C string. */
  text(value: string): Block {
    return this.blockOf(new TextEncoder().encode(`${value}\0`))
  }

  /** A gss_buffer_desc, empty or of a copy of `value`. */
  buffer(value?: Uint8Array): Block {
    const description = this.block(BUFFER_BYTES)
    if (value === undefined) return description
    // A view may lie anywhere in its memory: only a copy begins where its memory does.
    const content = this.blockOf(value.slice())
    description.view.setBigUint64(0, BigInt(value.length), true)
    description.view.setBigUint64(8, BigInt(value.length === 0 ? 0 : content.address), true)
    return description
  }

  read(address: number, length: number): Uint8Array {
    const out = this.block(length)
    if (length > 0) this.#copy(out.address, address, length)
    return out.bytes
  }

  /** A C string of the library's. */
  readText(address: number, maxBytes: number): string {
    if (address === 0) return ''
    const length = this.#length(address, maxBytes)
    return new TextDecoder().decode(this.read(address, length))
  }

  /** What a buffer of the library's has, which is given back to it. */
  take(buffer: Block): Uint8Array {
    const out = this.#contentOf(buffer.view)
    this.call('gss_release_buffer', buffer.address)
    return out
  }

  takeText(buffer: Block): string {
    return new TextDecoder().decode(this.take(buffer))
  }

  #contentOf(description: DataView): Uint8Array {
    return this.read(Number(description.getBigUint64(8, true)), Number(description.getBigUint64(0, true)))
  }

  /** The first buffer of a set that a context is asked for. @throws GssError */
  inquire(context: number, oid: keyof typeof OIDS): Uint8Array {
    const set = this.slot()
    this.must('gss_inquire_sec_context_by_oid', context, this.oids[oid].address, set.address)
    try {
      const elements = this.read(set.value, BUFFER_BYTES)
      const first = Number(new DataView(elements.buffer).getBigUint64(8, true))
      return this.#contentOf(new DataView(this.read(first, BUFFER_BYTES).buffer))
    } finally {
      this.call('gss_release_buffer_set', set.address)
    }
  }

  /** A name as text; the name is given back. */
  takeName(name: Slot): string {
    const text = this.buffer()
    try {
      this.must('gss_display_name', name.value, text.address, 0)
      return this.takeText(text)
    } finally {
      this.call('gss_release_name', name.address)
    }
  }

  /** A principal's name, to be given back. @throws GssError */
  importName(principal: string): Slot {
    const name = this.slot()
    const text = this.buffer(new TextEncoder().encode(principal))
    this.must('gss_import_name', text.address, this.oids.principalName.address, name.address)
    return name
  }

  /** Credentials from a store, to be given back. `name`: 0 for any. @throws GssError */
  acquire(usage: 1 | 2, store: Readonly<Record<string, string>>, name = 0): Slot {
    const pairs = Object.entries(store).map(([key, value]) => [this.text(key), this.text(value)] as const)
    const elements = this.block(BUFFER_BYTES * Math.max(1, pairs.length))
    for (const [i, [key, value]] of pairs.entries()) {
      elements.view.setBigUint64(i * BUFFER_BYTES, BigInt(key.address), true)
      elements.view.setBigUint64(i * BUFFER_BYTES + 8, BigInt(value.address), true)
    }
    const set = this.block(BUFFER_BYTES)
    set.view.setUint32(0, pairs.length, true)
    set.view.setBigUint64(8, BigInt(elements.address), true)
    const credentials = this.slot()
    const { address } = credentials
    this.must('gss_acquire_cred_from', name, INDEFINITE, this.#krb5Only, usage, set.address, address, 0, 0)
    return credentials
  }
}

export const INDEFINITE = 0xffff_ffff
/** GSS_C_INITIATE and GSS_C_ACCEPT. */
export const Usage = { INITIATE: 1, ACCEPT: 2 } as const

/** GSS_ERROR: a calling or a routine error, not one of the supplementary bits. */
export const isError = (major: number): boolean => (major & ROUTINE_ERRORS) !== 0
/** GSS_S_CONTINUE_NEEDED. */
export const isUnfinished = (major: number): boolean => (major & 1) !== 0
