import type { ServerCore } from './server-core.ts'
import type { ServiceContext } from './services/context.ts'
import type { Session } from './session.ts'

/** What RPC services may know of the server, and of who asks. */
export function serviceContext(server: ServerCore, session: Session): ServiceContext {
  const identity = session.identity
  return {
    serverName: server.name,
    comment: server.comment,
    pipes: server.pipes,
    now: () => server.clock.now(),
    sessionCount: () => server.sessions.size,
    report: (error) => server.reportError(error, session.remote),
    shares: () => [
      ...[...server.shares].map((share) => ({
        name: share.name,
        type: 'disk' as const,
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
    },
  }
}
