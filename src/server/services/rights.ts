/** Privileges that mean something here, and who has them. MS-LSAD 3.1.1.2.1. */
import { type Sid, WellKnownSid } from '../../wire/dtyp/index.ts'

export interface Privilege {
  readonly name: string
  /** The low half of its LUID; the high half is 0 on every machine of Windows. */
  readonly value: number
  readonly displayName: string
}

export const privileges: readonly Privilege[] = [
  { name: 'SeSecurityPrivilege', value: 8, displayName: 'Manage auditing and security log' },
  { name: 'SeTakeOwnershipPrivilege', value: 9, displayName: 'Take ownership of files or other objects' },
  { name: 'SeBackupPrivilege', value: 17, displayName: 'Back up files and directories' },
  { name: 'SeRestorePrivilege', value: 18, displayName: 'Restore files and directories' },
  { name: 'SeChangeNotifyPrivilege', value: 23, displayName: 'Bypass traverse checking' },
]

const EVERYBODYS = ['SeChangeNotifyPrivilege']
const NETWORK_LOGON = 'SeNetworkLogonRight'

/** Names of rights by the accounts that have them; privileges and ways to log on. */
export const accountRights: ReadonlyMap<Sid, readonly string[]> = new Map([
  [WellKnownSid.BUILTIN_ADMINISTRATORS, [...privileges.map(({ name }) => name), NETWORK_LOGON]],
  [WellKnownSid.EVERYONE, [...EVERYBODYS, NETWORK_LOGON]],
])

export const privilegesOf = (sid: Sid): readonly Privilege[] => {
  const names = accountRights.get(sid) ?? []
  return privileges.filter(({ name }) => names.includes(name))
}
