/**
 * The programs of others that tests talk to. A test that needs one says so in its options:
 *
 *     test('lists a folder', needsPeer('smbclient'), async () => { ... })
 *
 * Without the program the test is skipped and its line says how to install it; with CI=true its absence is a failure.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Peer to the Debian package that has it. */
const packages = {
  smbd: 'samba',
  smbpasswd: 'samba-common-bin',
  pdbedit: 'samba',
  net: 'samba-common-bin',
  smbclient: 'smbclient',
  rpcclient: 'smbclient',
  smbcacls: 'smbclient',
  smbcquotas: 'smbclient',
  smbtorture: 'samba-testsuite',
  ntlm_auth: 'winbind',
  nmblookup: 'samba-common-bin',
  tshark: 'tshark',
  dumpcap: 'wireshark-common',
  text2pcap: 'wireshark-common',
  lz4: 'lz4',
  libfwnt: 'libfwnt1',
  rclone: 'rclone',
  impacket: 'python3-impacket',
  'mkfs.btrfs': 'btrfs-progs',
  samba: 'samba-ad-dc samba-ad-provision samba-dsdb-modules libnss-wrapper',
  kinit: 'krb5-user',
  krb5kdc: 'krb5-kdc krb5-admin-server libnss-wrapper',
  faketime: 'faketime',
  zeroconf: 'python3-zeroconf',
  wsdd: 'wsdd',
  smbmap: 'smbmap',
} as const

export type Peer = keyof typeof packages

/** Debian's own Python: the only one that sees Debian's Python packages. */
export const python = '/usr/bin/python3'

/** Peers that are no programs, and how Python loads them. */
const libraries = new Map<Peer, string>([
  ['impacket', 'import impacket.smbconnection'],
  ['zeroconf', 'import zeroconf'],
  ['libfwnt', 'import ctypes; ctypes.CDLL("libfwnt.so.1")'],
])

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const found = new Map<Peer, string | undefined>()

/** Full path of a peer's program (for a library: of the Python that loads it), undefined where it is not installed. */
export function findPeer(peer: Peer): string | undefined {
  if (!found.has(peer)) found.set(peer, lookUp(peer))
  return found.get(peer)
}

function lookUp(peer: Peer): string | undefined {
  const loads = libraries.get(peer)
  if (loads !== undefined) {
    if (!executable(python)) return undefined
    return spawnSync(python, ['-c', loads]).status === 0 ? python : undefined
  }
  // Daemons are in sbin, which is not in every user's PATH.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin']
  return folders.map((folder) => join(folder, peer)).find(executable)
}

/** Full path of a peer's program; throws where it is not installed. */
export function peerPath(peer: Peer): string {
  const path = findPeer(peer)
  if (path === undefined) throw new Error(missing([peer]))
  return path
}

function missing(peers: readonly Peer[]): string {
  const names = [...new Set(peers.map((peer) => packages[peer]))].join(' ')
  return `needs ${peers.join(', ')}: npm run peers (or: sudo apt-get install ${names})`
}

/** Test options for a test that talks to these programs. Throws in CI where one is missing. */
export function needsPeer(...peers: Peer[]): { skip: string | false } {
  const absent = peers.filter((peer) => findPeer(peer) === undefined)
  if (absent.length === 0) return { skip: false }
  const reason = missing(absent)
  if (process.env['CI'] === 'true') throw new Error(reason)
  return { skip: reason }
}
