import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { nFold, openKerberos } from '../../src/crypto/kerberos.ts'
import { ntlmV1SessionKey } from '../../src/crypto/ntlm-v1.ts'
import { analyze, type Observer, type SignatureState } from '../../src/trace/index.ts'
import { KeyRing } from '../../src/trace/keys/key-ring.ts'
import { readKeytab } from '../../src/trace/keys/keytab.ts'
import { type GivenSecrets, readSecrets, SecretError } from '../../src/trace/keys/secrets.ts'
import { nodeCiphers } from '../../src/trace/node/ciphers.ts'
import { NtlmFlags } from '../../src/wire/ntlmssp/index.ts'
import { Smb2Header } from '../../src/wire/smb2/index.ts'

/** Logons and the first sealed messages of real captures, and what is known to open them with. */
interface Vector {
  name: string
  secrets: { password?: string; key?: string; list?: string; keytab?: string }
  messages: ['client' | 'server', string][]
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/trace-keys.json', import.meta.url), 'utf8')) as Vector[]

const captures = join(import.meta.dirname, '../captures')

const SEALED = 0xfd

/** How many sealed messages there are, and the message ids of those that open. */
function follow(messages: Vector['messages'], given: GivenSecrets): { sealed: number; opened: bigint[] } {
  const connection = new KeyRing(readSecrets(given), nodeCiphers()).connection('server')
  const opened: bigint[] = []
  let sealed = 0
  for (const [sender, text] of messages) {
    const message = fromHex(text)
    if (message[0] !== SEALED) {
      connection.message(message, sender === 'server')
      continue
    }
    sealed++
    const inside = connection.open(message, sender === 'server')
    if (inside === undefined) continue
    const header = Smb2Header.decode(new DataView(inside.buffer, inside.byteOffset, inside.length))
    assert.equal((header.flags & 1) !== 0, sender === 'server')
    opened.push(header.messageId)
  }
  return { sealed, opened }
}

for (const { name, secrets, messages } of vectors) {
  const ways: Record<string, GivenSecrets> = {}
  if (secrets.password !== undefined) {
    ways['password'] = { passwords: ['something else', secrets.password] }
    ways['NT hash'] = { ntHashes: [hex(nodeCiphers().ntHash(secrets.password))] }
  }
  if (secrets.key !== undefined) ways['session key'] = { keys: [secrets.key] }
  if (secrets.list !== undefined) ways['key list'] = { keyLists: [`# kept by Wireshark\n${secrets.list}\n`] }
  if (secrets.keytab !== undefined) ways['key table'] = { keytabs: [fromHex(secrets.keytab)] }
  for (const [way, given] of Object.entries(ways))
    test(`${name} opens by ${way}`, () => {
      const { sealed, opened } = follow(messages, given)
      assert.equal(sealed, 4)
      assert.equal(opened.length, 4)
      // A request and its answer have the same id.
      assert.deepEqual(new Set(opened).size, 2)
    })
  test(`${name} stays closed by a wrong password`, () => {
    assert.deepEqual(follow(messages, { passwords: ['Passw0rd?'] }).opened, [])
    assert.deepEqual(follow(messages, {}).opened, [])
  })
}

test('keys of 3.1.1 need the whole logon, those of 3.0 nothing but the session key', () => {
  for (const { name, secrets, messages } of vectors) {
    const { key, list } = secrets
    const sealedOnly = messages.filter(([, text]) => text.startsWith('fd'))
    const expected = name.includes('smb300') ? 4 : 0
    assert.equal(follow(sealedOnly, { keys: [key ?? ''] }).opened.length, expected, name)
    if (list !== undefined) assert.equal(follow(sealedOnly, { keyLists: [list] }).opened.length, 4, name)
  }
})

/** The messages with the logon once more, as who logs on again says it: the session has its id from the beginning. */
function withSecondLogon(messages: Vector['messages']): Vector['messages'] {
  const isSetup = ([, text]: Vector['messages'][number]): boolean => text.slice(24, 28) === '0100'
  const setups = messages.filter(isSetup)
  const sessionId = setups.at(-1)?.[1].slice(80, 96) ?? ''
  const again = setups.map(([sender, text]): Vector['messages'][number] => [
    sender,
    `${text.slice(0, 80)}${sessionId}${text.slice(96)}`,
  ])
  const last = messages.findLastIndex(isSetup)
  return [...messages.slice(0, last + 1), ...again, ...messages.slice(last + 1)]
}

test('who logs on again keeps the keys of the session', () => {
  for (const { name, secrets, messages } of vectors) {
    const ways: GivenSecrets[] = [{ keys: [secrets.key ?? ''] }]
    if (secrets.password !== undefined) ways.push({ passwords: [secrets.password] })
    for (const given of ways) {
      assert.equal(follow(withSecondLogon(messages), given).opened.length, 4, name)
      const connection = new KeyRing(readSecrets(given), nodeCiphers()).connection('server')
      const spoken = withSecondLogon(messages).filter(([, text]) => text.startsWith('fe'))
      for (const [sender, text] of spoken) connection.message(fromHex(text), sender === 'server')
      const signed = fromHex(messages.findLast(([, text]) => text.startsWith('fe'))?.[1] ?? '')
      const { sessionId } = Smb2Header.decode(viewOf(signed))
      assert.equal(connection.verify(sessionId, signed), true, `${name}: the signature of its logon`)
    }
  }
})

test('damaged logons give no keys and throw nothing', () => {
  for (const { secrets, messages } of vectors)
    for (let at = 0; at < 900; at += 13) {
      const damaged = messages.map(([sender, text]): [typeof sender, string] => {
        const bytes = fromHex(text)
        if (bytes.length > at) bytes[at] = (bytes[at] as number) ^ 0x5a
        return [sender, hex(bytes.subarray(0, Math.max(1, bytes.length - (at % 5))))]
      })
      const given: GivenSecrets = { passwords: [secrets.password ?? 'none'] }
      if (secrets.keytab !== undefined) Object.assign(given, { keytabs: [fromHex(secrets.keytab)] })
      assert.ok(follow(damaged, given).sealed <= messages.length)
    }
})

test('what is no key is refused, without being repeated', () => {
  const refused = (given: GivenSecrets): void =>
    assert.throws(
      () => readSecrets(given),
      (error) => error instanceof SecretError && !error.message.includes('abcdef12'),
    )
  refused({ keys: ['c743d32a00000000:abcdef12'] })
  refused({ keys: ['c743d32a00000000'] })
  refused({ keys: ['12:6aeedbd0d1f84ddadcce37b5790eda86'] })
  refused({ ntHashes: ['abcdef12'] })
  refused({ keyLists: ['c743d32a00000000,abcdef12'] })
  refused({ keytabs: [Uint8Array.of(1, 2, 3)] })
  const [secret] = readSecrets({ keys: ['0x2ad343c7:6aeedbd0d1f84ddadcce37b5790eda86'] }).sessions
  assert.equal(secret?.sessionId, 0x2ad343c7n)
})

test('a key table, its holes and its cut end', () => {
  const bytes = fromHex(vectors.find(({ secrets }) => secrets.keytab !== undefined)?.secrets.keytab ?? '')
  const entries = readKeytab(bytes) ?? []
  assert.ok(entries.length > 3)
  assert.ok(entries.every(({ principal, key }) => principal.endsWith('@LAB.TEST') && key.length >= 16))
  for (let length = 0; length < bytes.length; length += 3) readKeytab(bytes.subarray(0, length))
  const withHole = new Uint8Array(bytes)
  new DataView(withHole.buffer).setInt32(2, -new DataView(bytes.buffer).getInt32(2))
  assert.equal(readKeytab(withHole)?.length, entries.length - 1)
})

test('n-fold, as in RFC 3961 A.1', () => {
  const fold = (text: string, bytes: number): string => hex(nFold(new TextEncoder().encode(text), bytes))
  assert.equal(fold('012345', 8), 'be072631276b1955')
  assert.equal(fold('password', 7), '78a07b6caf85fa')
  assert.equal(fold('Rough Consensus, and Running Code', 8), 'bb6ed30870b7f0e0')
  assert.equal(fold('kerberos', 16), '6b65726265726f737b9b5b2b93132b93')
})

test('AES with SHA-2, as in RFC 8009 A', () => {
  const open = (type: number, key: string, data: string): string | undefined => {
    const plain = openKerberos(type, fromHex(key), 2, fromHex(data))
    return plain === undefined ? undefined : hex(plain)
  }
  const short = '3705d96080c17728a0e800eab6e0d23c'
  const long = '6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52'
  assert.equal(open(19, short, 'ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718'), '')
  const six = '84d7f30754ed987bab0bf3506beb09cfb55402cef7e6877ce99e247e52d16ed4421dfdf8976c'
  assert.equal(open(19, short, six), '000102030405')
  const empty = '41f53fa5bfe7026d91faf9be959195a058707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c'
  assert.equal(open(20, long, empty), '')
  assert.equal(open(19, short, six.replace('84', '85')), undefined)
  assert.equal(open(18, short, six), undefined)
  assert.equal(open(99, short, six), undefined)
})

test('NTLMv1, as in MS-NLMP 4.2.2 and 4.2.3', () => {
  const hash = fromHex('a4f49c406510bdcab6824ee7c30fd852')
  const challenge = fromHex('0123456789abcdef')
  const plain = fromHex('67c43011f30298a2ad35ece64f16331c44bdbed927841f94')
  const key = ntlmV1SessionKey(hash, challenge, plain, plain, NtlmFlags.UNICODE)
  assert.equal(key && hex(key), 'd87262b0cde4b1cb7499becccdf10784')
  const extended = fromHex('7537f803ae367128ca458204bde7caf81e97ed2683267232')
  const client = fromHex('aaaaaaaaaaaaaaaa00000000000000000000000000000000')
  const flags = NtlmFlags.EXTENDED_SESSION_SECURITY
  const exchange = ntlmV1SessionKey(hash, challenge, extended, client, flags)
  assert.equal(exchange && hex(exchange), 'eb93429a8bd952f8b89c55b87f475edc')
  assert.equal(ntlmV1SessionKey(fromHex('00'.repeat(16)), challenge, plain, plain, 0), undefined)
})

/** Captures of each way to sign, with what their keys follow from. */
const signed: readonly (readonly [string, GivenSecrets, number])[] = [
  ['local-dialect-smb210.pcap', { passwords: ['Passw0rd'] }, 9],
  ['local-signing-required-smb302.pcap', { passwords: ['Passw0rd'] }, 47],
  ['local-signing-algo-AES-128-CMAC.pcap', { passwords: ['Passw0rd'] }, 25],
  ['local-signing-algo-HMAC-SHA256.pcap', { passwords: ['Passw0rd'] }, 25],
  ['local-signing-required-smb311.pcap', { passwords: ['Passw0rd'] }, 43],
  ['local-session-reauth.pcap', { passwords: ['Passw0rd'] }, 14],
  ['local-krb5-ok-smb311.pcap', { keytabs: [readFileSync(join(captures, 'local-lab.keytab'))] }, 51],
]

for (const [name, secrets, expected] of signed)
  test(`signatures of ${name} are computed again, and right`, async () => {
    const states = { none: 0, unchecked: 0, right: 0, wrong: 0 }
    const note = (state: SignatureState | undefined) => {
      if (state !== undefined) states[state]++
    }
    const observer: Observer = {
      transaction({ requestSignature, responseSignature }) {
        note(requestSignature)
        note(responseSignature)
      },
    }
    const keys = new KeyRing(readSecrets(secrets), nodeCiphers())
    await analyze(readFileSync(join(captures, name)), [observer], { keys })
    assert.deepEqual(
      { right: states.right, wrong: states.wrong, unchecked: states.unchecked },
      { right: expected, wrong: 0, unchecked: 0 },
    )
  })
