import { decodeSecurityDescriptor } from '../../wire/dtyp/index.ts'
import { AdditionalInformation } from '../../wire/smb2/index.ts'

/**
 * Permissions, and the sticky bit. Not set-user-id and set-group-id: what a client makes belongs to whoever the server
 * runs as, and nobody on the server's machine is to become that by running it.
 */
export const KEPT_PERMISSIONS = 0o1777

/** A mode in an access control list: the SID of NFS for it, with the mode as its last part. */
const MODE_SID = /^S-1-5-88-3-(\d+)$/

/** The mode that a POSIX client sets by a security descriptor; undefined for a descriptor that is one. */
export function chosenPermissions(descriptor: Uint8Array, parts: number): number | undefined {
  if ((parts & AdditionalInformation.DACL) === 0) return undefined
  for (const ace of decodeSecurityDescriptor(descriptor).dacl?.aces ?? []) {
    const mode = 'sid' in ace ? MODE_SID.exec(ace.sid)?.[1] : undefined
    if (mode !== undefined) return Number(mode) & KEPT_PERMISSIONS
  }
  return undefined
}
