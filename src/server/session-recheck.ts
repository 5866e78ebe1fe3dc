import { type Failure, failed } from '../wire/erref/failure.ts'
import type { ServerCore } from './server-core.ts'
import type { Session } from './session.ts'
import { endSession } from './session-end.ts'

/**
 * Looks again at everybody who has a session, after accounts have changed: who is gone, disabled or expired loses it, and
 * who is in other groups has their rights from the next open on. What is open stays as it was opened.
 */
export async function recheckSessions(server: ServerCore): Promise<void> {
  const sessions = [...server.sessions.values()]
  const ofDomain = sessions.flatMap(({ identity }) => (identity?.isOfDomain === true ? [identity.sid] : []))
  const problems = await server.logons.domainProblems([...new Set(ofDomain)])
  for (const session of sessions) await recheck(session, problems)
  // Trees look again whether their share is for this user.
  server.shareGeneration++
}

async function recheck(session: Session, problems: ReadonlyMap<string, Failure>): Promise<void> {
  const { identity, server } = session
  if (identity === undefined || session.state === 'in progress') return
  // His domain has vouched for his groups until his ticket ends; whether he may stay it can be asked.
  const now =
    identity.isOfDomain === true ? (problems.get(identity.sid) ?? identity) : await server.logons.recheck(identity)
  if (server.sessions.get(session.id) !== session || session.identity !== identity) return
  if (!failed(now)) session.identity = now
  else await endSession(session, 'refused')
}
