import { createHash } from 'node:crypto'
import type { ServerCore } from './server-core.ts'

/** A service as DNS-SD has it. */
export interface AnnouncedService {
  readonly type: string
  readonly port: number
  readonly txt?: Readonly<Record<string, string>>
}

/** The discard port: disks for Time Machine are announced with it, since they are reached by SMB. */
const NO_PORT = 9

/** What Macs and others look for: the file server, what kind of machine it is, and disks to back up to. */
export function servicesOf(server: ServerCore, port: number): AnnouncedService[] {
  const disks = [...server.shares].filter(({ options }) => options.timeMachine === true && options.hidden !== true)
  // adVF 0x82: SMB, and for Time Machine; 0x100 of the whole: volumes have identifiers.
  const entries = disks.map(({ name }, i) => [
    `dk${i}`,
    `adVN=${name},adVF=0x82,adVU=${stableUuid(`${server.name}\\${name}`)}`,
  ])
  const adisk = { type: 'adisk', port: NO_PORT, txt: { sys: 'waMa=0,adVF=0x100', ...Object.fromEntries(entries) } }
  return [
    { type: 'smb', port },
    { type: 'device-info', port, txt: { model: server.macModel } },
    ...(disks.length > 0 ? [adisk] : []),
  ]
}

/** A UUID that a name always has (RFC 9562 5.8, version 8). */
export function stableUuid(name: string): string {
  const bytes = createHash('sha256').update(`smbkit ${name}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
