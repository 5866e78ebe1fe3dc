/** `smbkit/server`: an SMB server in a program's own process. */
import { hostname } from 'node:os'
import { ipv4Networks, openDatagrams } from '../net/datagrams.ts'
import { localAddresses } from '../net/interfaces.ts'
import { type Listener, listen } from '../net/listener.ts'
import type { Transport, TransportEvents } from '../protocol/transport.ts'
import { servicesOf, stableUuid } from './discovery.ts'
import { NetbiosNames } from './netbios/netbios-names.ts'
import { SessionGate } from './netbios/session-gate.ts'
import { type ServerAddress, ServerCore } from './server-core.ts'

export type { Account, AccountSource } from '../auth/accounts.ts'
export type { Authenticator, Granted, GrantedNtlm, NtlmAttempt } from '../auth/authenticator.ts'
export type { LockoutPolicy } from '../auth/lockout.ts'
export { type Identity, RefusedLogon } from '../auth/mechanism.ts'
export { type LmLevel, provenKey } from '../auth/ntlm-response.ts'
export type { TargetNameValidation } from '../auth/target-name.ts'
export { ntHash } from '../crypto/ntlm.ts'
export { lmHash } from '../crypto/ntlm-v1.ts'
export type { Clock } from '../protocol/clock.ts'
export type { Transport, TransportEvents } from '../protocol/transport.ts'
export { StoreError, sqliteStore } from '../state/sqlite.ts'
export { type Failure, fail, failed } from '../wire/erref/failure.ts'
export { NtStatus, ntStatusName } from '../wire/erref/ntstatus.ts'
export type { ShareKeeper } from './administration.ts'
export type {
  Answer,
  Backend,
  BackendFeatures,
  BackendFile,
  BackendPath,
  ByteRange,
  DirectoryEntry,
  ExtendedAttribute,
  FileStat,
  InitialState,
  Maybe,
  Opened,
  OpenHow,
  OutsideChange,
  Snapshots,
  StatChange,
  StreamEntry,
  VolumeInfo,
} from './backend.ts'
export type { DfsAnswer, DfsQuestion, DfsResolver } from './dfs/answer.ts'
export type { DfsOptions } from './dfs/dfs.ts'
export type { DfsDomainNamespaceOptions, DfsDomainOptions } from './dfs/domains.ts'
export type { DfsLinkOptions, DfsRootOptions } from './dfs/namespace.ts'
export { type DfsPriorityClass, type DfsTargetOptions, Target as DfsTarget } from './dfs/target.ts'
export type { DfsSiteCost, DfsSites } from './dfs/target-order.ts'
export type { ServerEvents } from './events.ts'
export type { ServerLimits } from './limits.ts'
export { defaultLimits } from './limits.ts'
export type { KeptState, OpenStore } from './open-store.ts'
export type { Printer, PrintJob } from './printing.ts'
export { type DialectName, ServerCore, type ServerOptions } from './server-core.ts'
export type { PipeDefinition, PipeEndpoint, PipeTransport, ServiceContext } from './services/context.ts'
export type { ShareOptions } from './share.ts'
export type { OpenStatus, ServerStatus } from './status.ts'

/** An SMB server on TCP. Several can live in one process. */
export class Server extends ServerCore {
  #listener: Listener | undefined
  #netbios: Listener | undefined
  #names: NetbiosNames | undefined
  #announcements: { close(): Promise<void> }[] = []
  #kerberosProblem: string | undefined

  /**
   * Begins to listen; resolves to where (a port of 0 becomes one that is free).
   * @throws the system's error when the address cannot be had (EADDRINUSE, EACCES ...)
   */
  async start(address: { host?: string; port?: number } = {}): Promise<{ host: string; port: number }> {
    if (this.#listener !== undefined) throw new Error('the server has been started already')
    const { host = '127.0.0.1', port = 445 } = address
    this.#kerberosProblem = await this.prepareKerberos()
    await this.restore()
    this.#listener = await listen({ host, port }, (transport) => this.connect(transport))
    return { host: this.#listener.host, port: this.#listener.port }
  }

  /** Why there is a keytab and yet no Kerberos; undefined where all is well. Known when the server has started. */
  get kerberosProblem(): string | undefined {
    return this.#kerberosProblem
  }

  /**
   * Also takes clients that call it by NetBIOS name (RFC 1002 4.3), as old ones do on port 139.
   * @throws the system's error when the address cannot be had
   */
  async startNetbios(address: { host?: string; port?: number } = {}): Promise<{ host: string; port: number }> {
    if (this.#netbios !== undefined) throw new Error('the server listens for NetBIOS already')
    const { host = '127.0.0.1', port = 139 } = address
    const accept = (transport: Transport): TransportEvents | undefined => {
      const connection = this.connect(transport)
      return connection && new SessionGate(transport, connection, [this.name])
    }
    this.#netbios = await listen({ host, port }, accept, { overNetbios: true })
    return { host: this.#netbios.host, port: this.#netbios.port }
  }

  /**
   * Answers for the server's NetBIOS name, and announces it to who browses for the workgroup, every twelve minutes.
   * @throws the system's error when a port cannot be had (137 and 138 are for root)
   */
  async startNames(
    options: { host?: string; workgroup?: string; namePort?: number; datagramPort?: number } = {},
  ): Promise<void> {
    if (this.#names !== undefined) throw new Error('the server answers for its name already')
    const { host = '0.0.0.0', workgroup = this.workgroup, ...ports } = options
    const networks = () => ipv4Networks({ withLoopback: host.startsWith('127.') })
    const about = { name: this.name, comment: () => this.comment, hasPrinters: () => this.hasPrinters, host, workgroup }
    const names = new NetbiosNames({ clock: this.clock, open: openDatagrams, networks }, { ...about, ...ports })
    await names.start()
    this.#names = names
  }

  /**
   * Lets desktops find the server: by multicast DNS (Finder, Linux) and by WS-Discovery (Explorer). After `start`.
   * @throws the system's error when a port cannot be had
   */
  async announce(options: { workgroup?: string; host?: string; metadataPort?: number } = {}): Promise<void> {
    const port = this.#listener?.port
    if (port === undefined) throw new Error('the server has not been started')
    const { workgroup = this.workgroup, host = '0.0.0.0', metadataPort } = options
    const { announceByMdns } = await import('../net/discovery/mdns.ts')
    const { announceByWsd } = await import('../net/discovery/ws-discovery.ts')
    const name = this.name.toLowerCase()
    this.#announcements.push(announceByMdns(this.name, name, servicesOf(this, port)))
    const device = { uuid: stableUuid(`${hostname()}:${this.name}`), name: this.name, workgroup }
    this.#announcements.push(await announceByWsd(device, host, metadataPort))
  }

  /** All addresses where all are listened on; those of the machine itself only for who came by one. */
  override reachableBy(local: string): readonly ServerAddress[] {
    // An IPv4 client of a socket that listens on IPv6.
    const own = local.replace(/^::ffff:/, '')
    const host = this.#listener?.host
    const isAll = host === '0.0.0.0' || host === '::'
    const all = localAddresses()
    const fromHere = all.some(({ address, isLoopback }) => isLoopback && address === own)
    return all.filter(({ address, isLoopback }) =>
      isAll ? !address.startsWith('fe80:') && (fromHere || !isLoopback) : address === own,
    )
  }

  /** Takes no more connections, ends those that there are, and resolves when backends have what was written. */
  async stop(): Promise<void> {
    const closing = [this.#listener?.close(), this.#netbios?.close(), this.#names?.stop()]
    closing.push(...this.#announcements.splice(0).map((each) => each.close()))
    this.#listener = undefined
    this.#netbios = undefined
    this.#names = undefined
    await this.end()
    for (const each of closing) await each
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
