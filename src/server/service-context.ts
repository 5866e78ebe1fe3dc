import type { Identity } from '../auth/mechanism.ts'
import type { Transport } from '../protocol/transport.ts'
import { AuthenticationType } from '../wire/dcerpc/index.ts'
import { isAdministrator } from './access-check.ts'
import { fileSecurity, setFileSecurity } from './file-security.ts'
import { tellRefusal } from './logon-events.ts'
import type { ServerCore } from './server-core.ts'
import type { ServiceContext, SharedResource } from './services/context.ts'
import type { Session } from './session.ts'
import type { Share } from './share.ts'
import { usesOf } from './share-access.ts'
import { run } from './steps.ts'

/** What RPC services may know of the server, and of who asks. */
export function serviceContext(server: ServerCore, session: Session): ServiceContext {
  return contextFor(server, session.identity, session.transport)
}

function contextFor(server: ServerCore, identity: Identity | undefined, transport: Transport): ServiceContext {
  return {
    serverName: server.name,
    comment: server.comment,
    domainName: server.workgroup,
    ...(server.memberOf && { memberOf: server.memberOf }),
    pipes: server.pipes,
    now: () => server.clock.now(),
    sessionCount: () => server.sessions.size,
    report: (error) => server.reportError(error, transport.remote),
    shares: () => [
      ...[...server.shares].map((share) => resourceOf(server, share)),
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
    administration: server.administration,
    namespaces: server.namespaces,
    fileSecurity: (shareName, path, parts) => run(fileSecurity({ server, identity, shareName, path }, parts)),
    setFileSecurity: (shareName, path, parts, change) =>
      run(setFileSecurity({ server, identity, shareName, path }, parts, change)),
    logons: {
      acceptor: (type) => (offers(server, type) ? server.logons.rpcAcceptor(transport) : undefined),
      contextFor: (other) => contextFor(server, other, transport),
      refused: (why) => tellRefusal({ server, transport }, why),
    },
  }
}

/** An acceptor takes all mechanisms that there are, with SPNEGO around them and without. */
function offers({ logons }: ServerCore, authenticationType: number): boolean {
  if (authenticationType === AuthenticationType.NTLM) return logons.offersNtlm
  return authenticationType === AuthenticationType.KERBEROS
    ? logons.offersKerberos
    : authenticationType === AuthenticationType.SPNEGO
}

function resourceOf(server: ServerCore, share: Share): SharedResource {
  const { comment, path, hidden, maxUses, securityDescriptor, accessBasedEnumeration, encryption, printer } =
    share.options
  return {
    name: share.name,
    type: printer === undefined ? 'disk' : 'printer',
    comment: comment ?? '',
    path: path ?? '',
    hidden: hidden === true,
    currentUses: usesOf(server, share),
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(securityDescriptor === undefined ? {} : { securityDescriptor }),
    accessBasedEnumeration: accessBasedEnumeration === true,
    encrypts: encryption === 'required',
    isDfsRoot: share.namespace !== undefined,
  }
}
