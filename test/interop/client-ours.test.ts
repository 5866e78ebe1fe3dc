/** The client against our own server, with either backend and each dialect. */
import { after, before, describe } from 'node:test'
import type { DialectName } from '../../src/client/index.ts'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { clientSuite } from './client-suite.ts'
import { share } from './client-suite-fixture.ts'

const dialects: readonly DialectName[] = ['2.0.2', '2.1', '3.0', '3.0.2', '3.1.1']

for (const backend of ['disk', 'memory'] as const)
  for (const dialect of backend === 'disk' ? dialects : (['3.1.1'] as const))
    describe(`${backend}, dialect ${dialect}`, () => {
      let server: OurServer
      before(async () => {
        server = await startOurServer({ backend, shares: [{ name: share }] })
      })
      after(() => server.stop())
      clientSuite({ subject: () => server, options: { minDialect: dialect, maxDialect: dialect } })
    })

describe('sealed', () => {
  let server: OurServer
  before(async () => {
    server = await startOurServer({ backend: 'disk', shares: [{ name: share, encryption: 'required' }] })
  })
  after(() => server.stop())
  clientSuite({ subject: () => server, options: { encryption: 'required', ciphers: ['aes-256-gcm'] } })
})
