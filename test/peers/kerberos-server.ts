/** smbkit's own server with a keytab, in this process, and Samba's clients that log on to it by Kerberos. */
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { Server, type ServerEvents, type ServerOptions } from '../../src/server/index.ts'
import { peerPath } from './peer.ts'
import type { Realm } from './realm.ts'
import type { RunResult } from './run.ts'

export interface KerberosServer {
  readonly server: Server
  readonly port: number
  /** What the log was told, oldest first. */
  readonly logons: ServerEvents['logon'][0][]
  readonly refusals: ServerEvents['logonFailed'][0][]
  /** Runs commands of smbclient on the share `files`, with a ticket or by NTLM (`user%password`). */
  smbclient(
    this: void,
    commands: string,
    logon: { readonly cache: string } | { readonly user: string },
    more?: { readonly args?: readonly string[]; readonly prefix?: readonly string[] },
  ): Promise<RunResult>
  stop(): Promise<void>
}

export interface KerberosServerOptions {
  readonly realm: Realm
  /** Default: fileserver. */
  readonly keytab?: string
  /** Users of the server itself; the password of each is `password`. */
  readonly users?: readonly string[]
  readonly options?: Partial<ServerOptions>
}

/** libkrb5 looks for its configuration in the environment of the process. */
export function useRealm({ environment }: Realm): void {
  process.env['KRB5_CONFIG'] = environment['KRB5_CONFIG']
}

export async function startKerberosServer(given: KerberosServerOptions): Promise<KerberosServer> {
  const { realm, keytab = 'fileserver', users = [] } = given
  useRealm(realm)
  const accounts = users.map((user) => ({ user, ntHash: ntHash('password') }))
  const server = new Server({
    shares: [{ name: 'files', backend: memoryBackend({ files: { 'hello.txt': 'hello\n' } }) }],
    accounts: { find: (name) => accounts.find(({ user }) => user === name.toLowerCase()) },
    keytab: realm.keytab(keytab),
    ...given.options,
  })
  const logons: KerberosServer['logons'] = []
  const refusals: KerberosServer['refusals'] = []
  server.on('logon', (event) => logons.push(event))
  server.on('logonFailed', (event) => refusals.push(event))
  const { host, address } = realm.fileserver
  const { port } = await server.start({ host: address, port: 0 })
  return {
    server,
    port,
    logons,
    refusals,
    smbclient(commands, logon, { args = [], prefix = [] } = {}) {
      const words = [...prefix, peerPath('smbclient')]
      const who = 'cache' in logon ? ['--use-kerberos=required'] : ['--use-kerberos=off', '-U', logon.user]
      const env = 'cache' in logon ? { KRB5CCNAME: logon.cache } : {}
      const all = [...words, `//${host}/files`, '-p', String(port), ...who, ...args, '-c', commands]
      return realm.run('env', all, { env })
    },
    stop: () => server.stop(),
  }
}
