/** Faults that are really made between smbclient and smbd, captured, and found; their healthy twin is told to be so. */
import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Diagnosis } from '../../src/trace/diagnose.ts'
import { analyze, type Finding } from '../../src/trace/index.ts'
import { withFolder } from '../peers/content.ts'
import { needsPeer } from '../peers/peer.ts'
import { type RelayOptions, startRelay } from '../peers/relay.ts'
import { type SmbclientOptions, smbclient } from '../peers/smbclient.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'

const needs = needsPeer('smbd', 'smbclient')
const bytes = 300_000
let smbd: Smbd | undefined

const own = (): Smbd => {
  assert.ok(smbd !== undefined)
  return smbd
}

before(async () => {
  if (needs.skip !== false) return
  const closed = { 'valid users': 'nobody-at-all' }
  smbd = await startSmbd({
    shares: [
      { name: 'files' },
      { name: 'closed', options: closed },
      { name: 'fixed', options: { 'read only': 'yes' } },
    ],
    global: { 'ntlm auth': 'ntlmv2-only' },
  })
  const folder = smbd.folders.get('files') ?? ''
  writeFileSync(join(folder, 'plan.bin'), Buffer.alloc(bytes, 7))
  chmodSync(join(folder, 'plan.bin'), 0o666)
})
after(() => smbd?.stop())

interface Run extends Partial<SmbclientOptions> {
  readonly commands?: string
  readonly password?: string
  readonly relay?: Omit<RelayOptions, 'host' | 'port'>
}

/** What is found in the capture of one run of smbclient through a relay, without the notes. */
async function found({ commands = 'ls; get plan.bin', password, relay: faults, ...options }: Run): Promise<Finding[]> {
  const { host, port, user } = own()
  const relay = await startRelay({ host, port, ...faults })
  try {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'new.bin'), Buffer.alloc(bytes, 8))
      const target = { host: relay.host, port: relay.port, user, password: password ?? own().password }
      await smbclient(target, commands, { share: 'files', cwd, ...options })
    })
  } finally {
    await relay.close()
  }
  const diagnosis = new Diagnosis()
  await analyze(relay.capture(), [diagnosis])
  return diagnosis.findings().filter(({ severity }) => severity !== 'note')
}

const rulesOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ rule }) => rule))].toSorted()

const cases: Readonly<Record<string, Run & { readonly rules: readonly string[] }>> = {
  'a healthy list, get, put and rm': { commands: 'ls; get plan.bin; put new.bin; rm new.bin', rules: [] },
  'a wrong password': { password: 'wrong', rules: ['wrong-password'] },
  'NTLMv1, which the server does not take': {
    args: ['--option=client ntlmv2 auth = no'],
    rules: ['ntlmv1-refused'],
  },
  'a share that does not exist': { share: 'nosuchshare', rules: ['bad-share-name'] },
  'a share that is closed': { share: 'closed', rules: ['share-access-denied'] },
  'a share that is read-only': { share: 'fixed', commands: 'put new.bin', rules: ['file-access-denied'] },
  'a server that is slow to answer': {
    commands: 'ls',
    relay: { slow: { afterBytes: 0, everyMs: 300 } },
    rules: ['server-slow'],
  },
  'a server that dies in the middle of a put': {
    commands: 'put new.bin',
    relay: { cutAfterBytes: 100_000 },
    rules: ['connection-lost'],
  },
}

for (const [name, { rules, ...run }] of Object.entries(cases))
  test(name, needs, async () => {
    const findings = await found(run)
    assert.deepEqual(rulesOf(findings), rules, JSON.stringify(findings.map(({ title }) => title)))
  })
