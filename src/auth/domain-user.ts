import { WellKnownSid } from './accounts.ts'
import type { Identity } from './mechanism.ts'

/** A user of a domain, as its controllers vouch for. */
export interface DomainUser {
  /** sAMAccountName. */
  readonly user: string
  /** NetBIOS name. */
  readonly domain: string
  readonly domainSid: string
  readonly sid: string
  readonly groupSids: readonly string[]
}

const RID_DOMAIN_ADMINS = 512
const ADMINISTRATORS = 'S-1-5-32-544'

/** A user of a domain on a server that belongs to it: its administrators are the server's, as after a join of Windows. */
export function domainIdentity({ user, domain, domainSid, sid, groupSids }: DomainUser, workstation: string): Identity {
  const isAdministrator = groupSids.includes(`${domainSid}-${RID_DOMAIN_ADMINS}`)
  return {
    kind: 'user',
    isOfDomain: true,
    user,
    domain,
    workstation,
    sid,
    groupSids: [
      ...groupSids,
      ...(isAdministrator ? [ADMINISTRATORS] : []),
      WellKnownSid.EVERYONE,
      WellKnownSid.USERS,
      WellKnownSid.NETWORK,
      WellKnownSid.AUTHENTICATED_USERS,
    ],
  }
}
