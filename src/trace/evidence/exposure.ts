/** Rules about sessions that work and could be safer. */
import type { Rule, Session } from '../model.ts'
import { Groups } from './groups.ts'
import { listOf, serverOf, userOf } from './names.ts'
import { findingOf, type Told } from './rules.ts'

export interface ExposureRule {
  readonly id: string
  readonly looksFor: string
  isExposed(session: Session): boolean
  tell(session: Session, users: string): Told
}

/** A rule that judges sessions with shares when their connection ends. One finding for each server. */
export function exposureRule({ id, looksFor, isExposed, tell }: ExposureRule): Rule {
  return {
    id,
    looksFor,
    start() {
      const groups = new Groups<Session>()
      return {
        conversationEnds(conversation) {
          for (const session of conversation.sessions)
            if (session.trees.length > 0 && isExposed(session))
              groups.of(serverOf(conversation.server), () => session)?.add([session.first.frame], userOf(session))
        },
        findings: () =>
          groups
            .all()
            .map((group) => findingOf(id, group, tell(group.first, listOf(group.names)), group.first.conversation)),
      }
    },
  }
}
