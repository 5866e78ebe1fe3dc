/** What fails in a domain of Active Directory, recorded between Samba's client and its domain controller. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openShare } from '../../src/client/index.ts'
import type { Finding } from '../../src/trace/index.ts'
import type { AdDc } from '../peers/ad-dc.ts'
import { freePort } from '../peers/free-port.ts'
import { peerPath } from '../peers/peer.ts'
import { type Recorder, startRecorder } from '../peers/recorder.ts'
import { assertFound, diagnose } from './trace-faults.ts'

const options = { timeout: 90_000 }
const passwordOf = (user: string): string => `${user.charAt(0).toUpperCase()}${user.slice(1)}-Pass-1`

interface DomainFault {
  readonly rules: readonly string[]
  readonly notes?: readonly string[]
  readonly kerberos?: 'off' | 'desired' | 'required'
  readonly user?: string
  readonly password?: string
  /** What the server is called; `address` for its IP address. */
  readonly host?: string
  readonly text?: RegExp
}

const faults: Readonly<Record<string, DomainFault>> = {
  'nothing: Kerberos': { rules: [], kerberos: 'required' },
  'nothing: NTLM': { rules: [], notes: ['ntlm-used'] },
  'an IP address, so NTLM': { rules: [], notes: ['ip-address-ntlm'], kerberos: 'desired', host: 'address' },
  'an alias, so NTLM': {
    rules: ['kerberos-spn-unknown'],
    kerberos: 'desired',
    host: 'alias.corp.example',
    text: /cifs\/alias\.corp\.example; NTLMv2 was used instead/,
  },
  'a password that has expired': { rules: ['password-expired'], user: 'erin' },
  'a password that has expired, by Kerberos': {
    rules: ['kerberos-password-expired'],
    user: 'erin',
    kerberos: 'required',
  },
  'a password that must be changed': { rules: ['password-must-change'], user: 'dave' },
  'an account that is disabled': { rules: ['account-disabled'], user: 'carol' },
  'an account that is disabled, by Kerberos': {
    rules: ['kerberos-account-revoked'],
    user: 'carol',
    kerberos: 'required',
  },
  'an account that is locked': { rules: ['account-locked'], user: 'frank' },
  'an account that has expired': { rules: ['account-expired'], user: 'ivan' },
  'not at this hour': { rules: ['logon-hours'], user: 'heidi' },
  'not from this workstation': { rules: ['workstation-refused'], user: 'judy' },
  'a wrong password': { rules: ['wrong-password'], password: 'wrong' },
  'a wrong password, by Kerberos': { rules: ['kerberos-wrong-password'], password: 'wrong', kerberos: 'required' },
}

/** Tests for a suite that has a domain controller. */
export function testsOfDomainFaults(dc: () => AdDc): void {
  test('faults in a domain are told by what is recorded of them', options, async (t) => {
    const { address } = dc()
    const recorder = await startRecorder(`host ${address}`)
    try {
      for (const [name, fault] of Object.entries(faults))
        await t.test(name, async () => {
          const findings = await recorded(recorder, dc(), fault)
          assertFound(findings, fault)
          if (fault.text !== undefined) assert.match(findings.map(({ title }) => title).join('\n'), fault.text)
        })
      await t.test('a link of a namespace to a server that is not there', async () => {
        await recorder.take()
        const closed = await freePort(address)
        await followDeadLink(dc(), closed)
        const findings = await diagnose(await recorder.take(), [], undefined, [closed])
        assertFound(findings, { rules: ['connection-refused', 'dfs-link-dead'] })
      })
    } finally {
      await recorder.stop()
    }
  })
}

async function recorded(recorder: Recorder, dc: AdDc, fault: DomainFault): Promise<Finding[]> {
  const { user = 'alice', password = passwordOf(user), kerberos = 'off', host = dc.host } = fault
  await recorder.take()
  const name = host === 'address' ? dc.address : host
  const who = kerberos === 'off' ? `${dc.shortDomain}\\${user}` : `${user}@${dc.realm}`
  const args = [`//${name}/public`, '-I', dc.address, `--use-kerberos=${kerberos}`, '-U', `${who}%${password}`]
  await dc.run(peerPath('smbclient'), [...args, '-c', 'ls'], { timeoutMs: 30_000 })
  return diagnose(await recorder.take())
}

/** The link `dead` leads to a server of which nobody knows more than the name; here it is one without SMB. */
async function followDeadLink(dc: AdDc, closed: number): Promise<void> {
  const resolve = (host: string) =>
    host === dc.host ? { host: dc.address, port: 445 } : { host: dc.address, port: closed }
  const given = {
    user: 'alice',
    password: passwordOf('alice'),
    domain: dc.shortDomain,
    dfsHosts: 'any',
    resolve,
  } as const
  await using share = await openShare({ host: dc.host, share: 'dfs', path: '' }, given)
  await assert.rejects(share.readdir('dead'))
}
