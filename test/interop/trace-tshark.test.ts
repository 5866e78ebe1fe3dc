/** Field values and filters, held against tshark: it reads the same captures and shares no line with us. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DissectedFrame, dissect, type Field, Filter, KeyRing, readSecrets } from '../../src/trace/index.ts'
import { nodeCiphers } from '../../src/trace/node/index.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { run } from '../peers/run.ts'

const folder = join(import.meta.dirname, '../captures')

/** Fields of which every value in every frame has to be the same. */
const fields = [
  ...['cmd', 'flags.response', 'flags.async', 'flags.chained', 'msg_id', 'sesid', 'tid', 'aid', 'nt_status'],
  ...['channel_sequence', 'credit.charge', 'credits.requested', 'credits.granted', 'create.disposition'],
  ...['create.action', 'create.oplock', 'impersonation.level', 'read_length', 'write_length', 'find.pattern'],
  ...['find.infolevel', 'class', 'file_info.infolevel', 'fs_info.infolevel', 'tag', 'dialect', 'sec_mode'],
  ...['server_guid', 'max_read_size', 'session_flags', 'negotiate_context.type', 'lock_length', 'lock_flags'],
  ...['notify.flags', 'lease.lease_key', 'lease.lease_state', 'acct', 'host', 'share_type'],
].map((name) => `smb2.${name}`)
const others = [
  ...['smb.create_options', 'smb.share_access', 'ntlmssp.messagetype', 'ntlmssp.auth.username'],
  ...['ntlmssp.auth.domain', 'ntlmssp.auth.hostname', 'ntlmssp.negotiateflags', 'ntlmssp.ntlmserverchallenge'],
  ...['kerberos.msg_type', 'kerberos.realm', 'kerberos.CNameString', 'kerberos.SNameString', 'kerberos.error_code'],
  ...['kerberos.ENCTYPE', 'nbss.type', 'nbss.length', 'dcerpc.pkt_type', 'dcerpc.cn_call_id', 'dcerpc.opnum'],
]
const smb1 = ['cmd', 'mid', 'uid', 'tid', 'pid', 'wct', 'bcc', 'andxoffset', 'offset', 'data_len_low', 'native_os'].map(
  (name) => `smb.${name}`,
)

interface Case {
  readonly file: string
  readonly password?: string
  readonly names: readonly string[]
}
const both = [...fields, ...others]
/** tshark says who it is beside the header of a sealed message, too. */
const ofSealed = both.filter((name) => name !== 'smb2.acct' && name !== 'smb2.host')
const cases: readonly Case[] = [
  { file: 'local-dialect-smb311.pcapng', names: both },
  { file: 'local-lease-break.pcap', names: both },
  { file: 'local-streams.pcap', names: both },
  { file: 'local-locks-async-cancel.pcap', names: both },
  { file: 'local-krb5-ok-smb311.pcap', names: both },
  { file: 'local-fail-krb5-clock-skew.pcap', names: both },
  { file: 'local-dcerpc-srvsvc-rpcclient.pcap', names: both },
  { file: 'local-enc-smb311-AES-128-GCM.pcap', names: ofSealed, password: 'Passw0rd' },
  { file: 'local-enc-smb300-CCM.pcap', names: ofSealed, password: 'Passw0rd' },
  { file: 'local-locks-smbclient-posix-nt1.pcap', names: smb1 },
  { file: 'local-nt1-tcon-session.pcap', names: smb1 },
]

const normal = (text: string): string =>
  /^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? String(BigInt(text)) : text.toLowerCase()

function textOf(value: Field['value']): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
}

function valuesOf({ layers }: DissectedFrame, into: Map<string, string[]>): void {
  const walk = (list: readonly Field[]): void => {
    for (const { name, value, children } of list) {
      if (name !== undefined && value !== undefined) into.set(name, [...(into.get(name) ?? []), normal(textOf(value))])
      walk(children)
    }
  }
  for (const layer of layers) walk(layer.fields)
}

async function tshark(file: string, more: readonly string[]): Promise<string> {
  const result = await run(peerPath('tshark'), ['-r', join(folder, file), ...more], { timeoutMs: 60_000 })
  assert.equal(result.code, 0, result.stderr)
  return result.stdout
}

for (const { file, password, names } of cases)
  test(`${file}: every value of ${names.length} fields`, needsPeer('tshark'), async () => {
    const ours = new Map<number, Map<string, string[]>>()
    const keys = new KeyRing(readSecrets(password === undefined ? {} : { passwords: [password] }), nodeCiphers())
    await dissect(
      readFileSync(join(folder, file)),
      (frame) => {
        const values = ours.get(frame.frame) ?? new Map<string, string[]>()
        ours.set(frame.frame, values)
        valuesOf(frame, values)
      },
      { keys },
    )
    const opening = password === undefined ? [] : ['-o', `ntlmssp.nt_password:${password}`]
    const format = ['-T', 'fields', '-E', 'separator=\u0001', '-E', 'aggregator=\u0002', '-e', 'frame.number']
    const table = await tshark(file, [...opening, ...format, ...names.flatMap((name) => ['-e', name])])
    const wrong: string[] = []
    let compared = 0
    for (const line of table.split('\n').filter((text) => text !== '')) {
      const [number = '', ...cells] = line.split('\u0001')
      for (const [i, cell] of cells.entries()) {
        const name = names[i] ?? ''
        const theirs = cell === '' ? [] : cell.split('\u0002').map(normal)
        const found = ours.get(Number(number))?.get(name) ?? []
        compared += theirs.length
        const same = theirs.toSorted(inOrder).join(' ') === found.toSorted(inOrder).join(' ')
        if (!same) wrong.push(`frame ${number} ${name}: ${theirs.join(' ')} | ${found.join(' ')}`)
      }
    }
    assert.deepEqual(wrong.slice(0, 20), [])
    assert.ok(compared > 100, `${compared} values`)
  })

const inOrder = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

const filters = [
  'smb2.cmd in {3, 5 .. 8} and not smb2.flags.response == 1',
  'smb2.nt_status != 0 || kerberos.error_code',
  'smb2.filename contains "o" && !(smb2.filename matches "^[a-c]")',
  'smb2.tree matches "ipc.$"',
  'smb2.time > 0.0005',
  'kerberos.SNameString == "krbtgt" and kerberos.msg_type in {10, 12}',
  'ntlmssp or spnego',
  'smb2.flags & 1',
  'tcp.dstport == 445 and smb2.credits.requested >= 2',
  'any tcp.port != 445 and frame.number < 20',
  'all tcp.port !== 88 and any tcp.port === 445',
  'any smb2.filename != "D1" or all smb2.msg_id == 4',
]

for (const file of ['local-dialect-smb311.pcapng', 'local-krb5-ok-smb311.pcap'])
  test(`${file}: filters find the same frames`, needsPeer('tshark'), async () => {
    const capture = readFileSync(join(folder, file))
    for (const text of filters) {
      const theirs = (await tshark(file, ['-Y', text, '-T', 'fields', '-e', 'frame.number'])).split('\n')
      const frames = theirs.filter((line) => line !== '').map(Number)
      assert.deepEqual([...(await new Filter(text).frames(capture))], frames, text)
    }
  })
