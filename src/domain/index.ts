/** `smbkit/domain`: users of a domain on a server of one's own. */
import { connect as dial } from '../net/connector.ts'
import { DomainController } from './controller.ts'
import type { Membership } from './secure-channel.ts'

export type { DomainVerifier } from '../auth/authenticator.ts'
export { DomainController } from './controller.ts'
export type { Membership } from './secure-channel.ts'

/**
 * The domain that a server is a member of, for its option `domain`: logons by NTLM of all who are no users of the server
 * itself are judged by a domain controller. The server's name has to be the one of the machine's account. Nothing is
 * connected to before it is needed.
 */
export const domainController = (membership: Membership): DomainController => new DomainController(membership, { dial })
