/** What the report says about oplocks, leases and caches. */
import { countOf, durationOf, pathOf, sizeOf, userOf } from '../evidence/names.ts'
import type { CachingStep, CachingStories, CachingStory } from './caching-stories.ts'

const MOST = 8

/** None where clients were granted nothing. Stories stand a little to the right. */
export function cachingLines(caching: CachingStories): string[] {
  const { granted, broken, uses, usedBytes } = caching
  if (granted === 0) return []
  const lines = [`Oplocks and leases: ${granted} granted${brokenText(caching)}.`]
  const ahead = uses['read-ahead']
  if (ahead > 0) lines.push(`Read ahead of need: ${countOf(ahead, 'request')}, ${sizeOf(usedBytes['read-ahead'])}.`)
  const behind = uses['write-behind']
  if (behind > 0)
    lines.push(
      `Written behind: ${countOf(behind, 'request')}, ${sizeOf(usedBytes['write-behind'])} that the client had kept before.`,
    )
  const silent = uses['cached-reads']
  if (silent > 0)
    lines.push(
      `Read from the cache: ${countOf(silent, 'open')} of files that were to be read, and no READ went over the wire.`,
    )
  if (broken > 0) lines.push(...caching.stories.filter(isTold).slice(0, MOST).map(storyText))
  return lines
}

function brokenText({ broken, acknowledged, late, timedOut }: CachingStories): string {
  if (broken === 0) return ', none broken'
  const parts = [`${acknowledged} answered`]
  if (late > 0) parts.push(`${late} too late`)
  if (timedOut > 0) parts.push(`${timedOut} timed out`)
  return `, ${broken} broken (${parts.join(', ')})`
}

const isTold = ({ steps }: CachingStory): boolean => steps.some(({ what }) => what === 'broken')

/** `\\srv\docs\plan.txt: batch oplock of CORP\anna at 10.0.0.5 (frame 17), broken to level II (19), ...`. */
function storyText({ holder, steps, waiting }: CachingStory): string {
  const waited = waiting.length === 0 ? '' : `; waited for by frame ${waiting.map(requestFrame).slice(0, 4).join(', ')}`
  const who = `${userOf(holder.session)} at ${holder.conversation.client.address}`
  const told = steps.map((step, index) => stepText(step, index === 0 ? who : undefined))
  return `  ${pathOf(holder)}: ${told.join(', ')}${waited}`
}

const requestFrame = ({ request }: CachingStory['holder']): number => request?.last.frame ?? 0

const WORDS: Readonly<Record<CachingStep['what'], (state: string) => string>> = {
  granted: (state) => state,
  raised: (state) => `raised to ${state}`,
  broken: (state) => `broken to ${state}`,
  acknowledged: () => 'acknowledged',
  late: () => 'acknowledged too late',
  'timed out': () => 'taken by the server',
  closed: () => 'closed',
}

function stepText({ what, state, at, afterNs }: CachingStep, who: string | undefined): string {
  const after = afterNs === undefined ? '' : ` after ${durationOf(afterNs)}`
  return `${WORDS[what](state)}${who === undefined ? '' : ` of ${who}`}${after} (frame ${at.frame})`
}
