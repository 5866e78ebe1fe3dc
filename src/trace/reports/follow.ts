import { pathOf, serverOf, userOf } from '../evidence/names.ts'
import type { Observer, Transaction } from '../model.ts'
import { listHead, listLine } from './list.ts'

/** What can be followed. */
export type FollowBy = 'session' | 'file' | 'user'

/** Stories, and lines of one, that are kept. */
const MAX_STORIES = 1000
const MAX_LINES = 2000

interface Story {
  readonly title: string
  readonly lines: string[]
  left: number
}

/** Tells what happened in each session, with each file, or by each user, one after the other. */
export class Follow implements Observer {
  readonly #by: FollowBy
  readonly #only: string
  readonly #stories = new Map<string, Story>()
  #left = 0

  /** `only`: what the names of those to be followed have to contain; capitals or not. */
  constructor(by: FollowBy, only = '') {
    this.#by = by
    this.#only = only.toLowerCase()
  }

  transaction(transaction: Transaction): void {
    const title = titleOf(this.#by, transaction)
    if (title === undefined || !title.toLowerCase().includes(this.#only)) return
    let story = this.#stories.get(title)
    if (story === undefined) {
      if (this.#stories.size >= MAX_STORIES) {
        this.#left++
        return
      }
      this.#stories.set(title, (story = { title, lines: [], left: 0 }))
    }
    if (story.lines.length < MAX_LINES) story.lines.push(listLine(transaction))
    else story.left++
  }

  /** The stories as text. */
  text(): string {
    const parts = [...this.#stories.values()].map(({ title, lines, left }) => {
      const more = left === 0 ? '' : `... and ${left} more\n`
      return `${title}\n${listHead()}\n${lines.join('\n')}\n${more}`
    })
    if (this.#left > 0) parts.push(`${this.#left} requests of others were left out: name what is to be followed.\n`)
    return parts.length === 0 ? 'Nothing of that was found.\n' : parts.join('\n')
  }
}

function titleOf(by: FollowBy, transaction: Transaction): string | undefined {
  const { session, path, conversation } = transaction
  if (by === 'file') return path === undefined || path.value === '' ? undefined : pathOf(transaction)
  if (session === undefined) return undefined
  const server = serverOf(conversation.server)
  return by === 'user'
    ? `${userOf(session)} at ${server}`
    : `Session 0x${session.id.toString(16)} of ${userOf(session)} from ${conversation.client.address} at ${server}`
}
