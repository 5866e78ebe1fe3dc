/** Logons for RPC itself by a client's credentials: MS-RPCE 2.2.1.1.7. */
import type { Initiator } from '../auth/mechanism.ts'
import { SpnegoInitiator } from '../auth/spnego-initiator.ts'
import type { Clock } from '../protocol/clock.ts'
import type { RpcClientOptions } from '../rpc/client.ts'
import type { RpcAuthentication } from '../rpc/client-logon.ts'
import { AuthenticationLevel, AuthenticationType } from '../wire/dcerpc/index.ts'
import { MechOid } from '../wire/spnego/index.ts'
import type { Credentials } from './api/options.ts'
import { UsageError } from './errors.ts'
import { mechanismsOf } from './mechanisms.ts'
import type { Settings } from './settings.ts'

/** Who makes calls, and how these are protected. */
export interface RpcCredentials extends Credentials {
  /** Of `AuthenticationLevel`. Default `PRIVACY`: parameters are sealed. */
  readonly level?: number
  /**
   * Of `AuthenticationType`. Default `SPNEGO`: the two ends agree on a mechanism. `NTLM` and `KERBEROS` go without
   * SPNEGO around them.
   */
  readonly type?: number
}

export interface RpcOptions extends Omit<RpcClientOptions, 'authentication'> {
  /** Default: calls are made by who has opened the pipe, and by nobody over TCP. */
  readonly authentication?: RpcCredentials | RpcAuthentication
}

/** What a logon is put together from. */
export interface RpcLogonParts {
  /** Who it is that logs on, by what the credentials say. */
  readonly settingsFor: (credentials: Credentials) => Settings
  readonly clock: Clock
  /** Which of the server's principals a ticket is for. */
  readonly service: 'cifs' | 'host'
}

/** Options as the engine has them. @throws UsageError (EINVAL) */
export function engineOptions({ authentication, ...rest }: RpcOptions, parts: RpcLogonParts): RpcClientOptions {
  if (authentication === undefined) return rest
  return {
    ...rest,
    authentication: 'initiator' in authentication ? authentication : authenticationOf(authentication, parts),
  }
}

function authenticationOf(given: RpcCredentials, { settingsFor, clock, service }: RpcLogonParts): RpcAuthentication {
  const { level = AuthenticationLevel.PRIVACY, type = AuthenticationType.SPNEGO, ...credentials } = given
  const seals = level === AuthenticationLevel.PRIVACY
  const mechanisms = mechanismsOf(settingsFor(credentials), clock, { service, isDce: true, seals })
  const bare = (oid: string): Initiator => {
    const found = mechanisms.find((mechanism) => mechanism.oid === oid)
    if (found === undefined) throw new UsageError('EINVAL', 'The credentials are for another type of authentication.')
    return found.initiator()
  }
  switch (type) {
    case AuthenticationType.SPNEGO:
      return { type, level, initiator: new SpnegoInitiator(mechanisms) }
    case AuthenticationType.NTLM:
      return { type, level, initiator: bare(MechOid.NTLMSSP) }
    case AuthenticationType.KERBEROS:
      return { type, level, initiator: bare(MechOid.KERBEROS) }
    default:
      throw new UsageError('EINVAL', `Authentication type ${type} needs an initiator of its own.`)
  }
}
