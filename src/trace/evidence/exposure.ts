/** Rules about sessions that work and could be safer. */
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Rule, Session } from '../model.ts'
import { Groups } from './groups.ts'
import { listOf, serverOf, userOf } from './names.ts'
import { findingOf, type Told } from './rules.ts'

interface ExposureRule {
  readonly id: string
  readonly looksFor: string
  /** `shares`: what the session connected to. */
  readonly isExposed: (session: Session, shares: readonly string[]) => boolean
  readonly tell: (session: Session, users: string) => Told
}

/** Shares of a session that are told to the rules. */
const MAX_SHARES = 16

/** A rule that judges sessions with shares when their connection ends. One finding for each server. */
export function exposureRule({ id, looksFor, isExposed, tell }: ExposureRule): Rule {
  return {
    id,
    looksFor,
    start() {
      const groups = new Groups<Session>()
      const shares = new WeakMap<Session, string[]>()
      return {
        transaction({ detail, status, session }) {
          if (detail.kind !== 'tree-connect' || status !== NtStatus.SUCCESS || session === undefined) return
          const known = shares.get(session) ?? []
          if (known.length < MAX_SHARES) known.push(detail.path)
          shares.set(session, known)
        },
        conversationEnds(conversation) {
          for (const session of conversation.sessions) {
            const used = shares.get(session)
            if (used !== undefined && isExposed(session, used))
              groups.of(serverOf(conversation.server), () => session)?.add([session.first.frame], userOf(session))
          }
        },
        findings: () =>
          groups
            .all()
            .map((group) => findingOf(id, group, tell(group.first, listOf(group.names)), group.first.conversation)),
      }
    },
  }
}
