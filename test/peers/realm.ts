/** A Kerberos realm that a test has started: tickets, keytabs, and programs that know its names. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { peerPath } from './peer.ts'
import { type RunOptions, type RunResult, run } from './run.ts'

export interface Realm {
  /** `MIT.EXAMPLE` */
  readonly realm: string
  /** `mit.example` */
  readonly domain: string
  readonly folder: string
  /** The server that the keytabs are for: where its name leads to. */
  readonly fileserver: { readonly host: string; readonly address: string }
  /** What programs need to find the realm. */
  readonly environment: Readonly<Record<string, string>>
  /** Path of `NAME.keytab`. */
  keytab(this: void, name: string): string
  /** Gets a ticket; resolves to its credential cache. */
  ticket(this: void, user: string, password: string): Promise<string>
  /** Runs a program that finds the realm and its hosts. */
  run(this: void, program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>
}

let caches = 0

export function realmIn(folder: string, realm: string, fileserverAddress: string): Realm {
  const domain = realm.toLowerCase()
  const environment = {
    KRB5_CONFIG: join(folder, 'krb5.conf'),
    NSS_WRAPPER_HOSTS: join(folder, 'hosts'),
    SMB_CONF_PATH: join(folder, 'client.conf'),
    LC_ALL: 'C.UTF-8',
  }
  const [wrapper = ''] = globSync('/usr/lib/{*/,}libnss_wrapper.so')
  const runHere = (program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    run(program, args, { ...options, env: { ...environment, LD_PRELOAD: wrapper, ...options.env } })
  return {
    realm,
    domain,
    folder,
    fileserver: { host: `fileserver.${domain}`, address: fileserverAddress },
    environment,
    keytab: (name) => join(folder, 'keytabs', `${name}.keytab`),
    async ticket(user, password) {
      const cache = `FILE:${join(folder, 'cache', `ticket-${++caches}`)}`
      const done = await runHere(peerPath('kinit'), ['-c', cache, `${user}@${realm}`], { input: `${password}\n` })
      if (done.code !== 0) throw new Error(`kinit ${user}: ${done.output}`)
      return cache
    },
    run: runHere,
  }
}
