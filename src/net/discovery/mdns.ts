import { Bonjour } from 'bonjour-service'
import type { Announcement } from './ws-discovery.ts'

/** A service of this machine, as DNS-SD names it (RFC 6763): `smb`, without underscore and protocol. */
export interface DnsService {
  readonly type: string
  readonly port: number
  readonly txt?: Readonly<Record<string, string>>
}

/**
 * Lets Finder and other clients of multicast DNS find services under one name (RFC 6762). `host`: the machine's name in
 * `.local`.
 */
export function announceByMdns(name: string, host: string, services: readonly DnsService[]): Announcement {
  // A network that goes away is no reason to end: it is asked again when it is there.
  const responder = new Bonjour({}, () => {})
  for (const { type, port, txt } of services)
    responder.publish({ name, host: `${host}.local`, type, port, ...(txt === undefined ? {} : { txt: { ...txt } }) })
  return {
    close: () => new Promise((resolve) => responder.unpublishAll(() => responder.destroy(() => resolve()))),
  }
}
