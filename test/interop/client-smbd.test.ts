/** The client against smbd: each dialect, signed and sealed. */
import { after, before, describe } from 'node:test'
import type { ConnectOptions, DialectName } from '../../src/client/index.ts'
import { needsPeer } from '../peers/peer.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'
import { clientSuite } from './client-suite.ts'
import { share } from './client-suite-fixture.ts'

const dialects: readonly DialectName[] = ['2.0.2', '2.1', '3.0', '3.0.2', '3.1.1']
const kinds: readonly (readonly [name: string, options: ConnectOptions])[] = [
  ...dialects.map((dialect) => [`dialect ${dialect}`, { minDialect: dialect, maxDialect: dialect }] as const),
  ['a start with SMB1', { multiProtocolStart: true }],
  ['a start with SMB1 that ends with 2.0.2', { multiProtocolStart: true, maxDialect: '2.0.2' }],
  ['sealed', { encryption: 'required' }],
  ['sealed with CCM', { encryption: 'required', ciphers: ['aes-128-ccm'] }],
]

describe('smbd', needsPeer('smbd', 'smbpasswd'), () => {
  let smbd: Smbd
  before(async () => {
    smbd = await startSmbd({
      global: { 'ea support': 'yes', 'store dos attributes': 'yes', 'kernel oplocks': 'no' },
      shares: [{ name: share, options: { 'vfs objects': 'acl_xattr streams_xattr' } }],
    })
  })
  after(() => smbd.stop())
  for (const [name, options] of kinds)
    describe(name, () => {
      clientSuite({ subject: () => smbd, options })
    })
})
