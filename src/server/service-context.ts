import type { Identity } from '../auth/mechanism.ts'
import type { Transport } from '../protocol/transport.ts'
import { AuthenticationType } from '../wire/dcerpc/index.ts'
import { isAdministrator } from './access-check.ts'
import type { ServerCore } from './server-core.ts'
import type { ServiceContext } from './services/context.ts'
import type { Session } from './session.ts'

/** An acceptor takes NTLM with SPNEGO around it and without. */
const TYPES: readonly number[] = [AuthenticationType.SPNEGO, AuthenticationType.NTLM]

/** What RPC services may know of the server, and of who asks. */
export function serviceContext(server: ServerCore, session: Session): ServiceContext {
  return contextFor(server, session.identity, session.transport)
}

function contextFor(server: ServerCore, identity: Identity | undefined, transport: Transport): ServiceContext {
  return {
    serverName: server.name,
    comment: server.comment,
    pipes: server.pipes,
    now: () => server.clock.now(),
    sessionCount: () => server.sessions.size,
    report: (error) => server.reportError(error, transport.remote),
    shares: () => [
      ...[...server.shares].map((share) => ({
        name: share.name,
        type: share.options.printer === undefined ? ('disk' as const) : ('printer' as const),
        comment: share.options.comment ?? '',
        path: share.options.path ?? '',
        hidden: share.options.hidden === true,
      })),
      { name: 'IPC$', type: 'ipc' as const, comment: 'Remote IPC', path: '', hidden: true },
    ],
    user: {
      kind: identity?.kind ?? 'anonymous',
      user: identity?.user ?? '',
      domain: identity?.domain ?? '',
      sid: identity?.sid ?? 'S-1-5-7',
      isAdministrator: isAdministrator(identity),
    },
    accounts: server.directory,
    logons: {
      acceptor: (type) => (TYPES.includes(type) ? server.newAcceptor(transport) : undefined),
      contextFor: (other) => contextFor(server, other, transport),
    },
  }
}
