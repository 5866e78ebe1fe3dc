/**
 * What a server can do with a ticket that a client has passed on: MIT's own acceptor takes it out of the AP-REQ and puts
 * it into a credential cache, with which programs act as the user.
 */
import koffi from 'koffi'

const GSS_C_INITIATE = 1
const GSS_C_ACCEPT = 2
const INDEFINITE = 0xffff_ffff

const gss = koffi.load('libgssapi_krb5.so.2')
const element = koffi.struct('gss_key_value_element', { key: 'const char *', value: 'const char *' })
const set = koffi.struct('gss_key_value_set', { count: 'uint32_t', elements: koffi.pointer(element) })
const buffer = koffi.struct('gss_buffer_desc', { length: 'size_t', value: 'void *' })
const minor = '_Out_ uint32_t *'
const storePointer = koffi.pointer(set)
const acquire = gss.func('gss_acquire_cred_from', 'uint32_t', [
  minor,
  'void *',
  'uint32_t',
  'void *',
  'int',
  storePointer,
  '_Out_ void **',
  'void *',
  'void *',
])
const accept = gss.func('gss_accept_sec_context', 'uint32_t', [
  minor,
  '_Inout_ void **',
  'void *',
  koffi.pointer(buffer),
  'void *',
  'void *',
  'void *',
  koffi.out(koffi.pointer(buffer)),
  'void *',
  'void *',
  '_Out_ void **',
])
const store = gss.func('gss_store_cred_into', 'uint32_t', [
  minor,
  'void *',
  'int',
  'void *',
  'uint32_t',
  'uint32_t',
  storePointer,
  'void *',
  'void *',
])

const storeOf = (key: string, value: string) => ({ count: 1, elements: [{ key, value }] })

function must(major: number, call: string, [code]: readonly number[]): void {
  if ((major & 0xffff_0000) !== 0) throw new Error(`${call}: 0x${major.toString(16)}, minor 0x${code?.toString(16)}`)
}

/** Accepts an AP-REQ in its GSSAPI frame; true if a ticket came with it, which `cache` has then. */
export function takeDelegated(token: Uint8Array, keytab: string, cache: string): boolean {
  const code = [0]
  const credentials: unknown[] = [null]
  const wanted = storeOf('keytab', keytab)
  must(
    acquire(code, null, INDEFINITE, null, GSS_C_ACCEPT, wanted, credentials, null, null),
    'gss_acquire_cred_from',
    code,
  )
  const [context, delegated]: unknown[][] = [[null], [null]]
  const given = { length: token.length, value: Buffer.from(token) }
  const [own] = credentials
  must(accept(code, context, own, given, null, null, null, {}, null, null, delegated), 'gss_accept_sec_context', code)
  const [ticket] = delegated ?? []
  if (ticket === null || ticket === undefined) return false
  must(
    store(code, ticket, GSS_C_INITIATE, null, 1, 0, storeOf('ccache', cache), null, null),
    'gss_store_cred_into',
    code,
  )
  return true
}
