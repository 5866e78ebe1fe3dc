import { countOf, endsOf } from '../evidence/names.ts'
import { advise, conversationRule } from '../evidence/rules.ts'
import type { Transaction } from '../model.ts'

const MIN_COUNT = 20
const MIN_PART = 0.2
/** Whoever has more than this is not short of credits. */
const FEW_CREDITS = 16
const MAX_FRAMES = 20

interface State {
  /** What the client holds when nothing is under way; a connection begins with 1. MS-SMB2 3.2.4.1.2. */
  credits: number
  starved: number
  transactions: number
  least: number
  readonly frames: number[]
}

export const creditStarvation = conversationRule<State>({
  id: 'credit-starvation',
  looksFor: 'A client that may not ask for more, since the server grants it few credits.',
  state: () => ({ credits: 1, starved: 0, transactions: 0, least: Number.POSITIVE_INFINITY, frames: [] }),
  transaction(transaction: Transaction, state) {
    const { protocol, creditCharge, creditsGranted, creditsRequested, response, depth, detail } = transaction
    if (protocol !== 'smb2' || response === undefined || detail.kind === 'break') return
    const before = state.credits
    state.credits += creditsGranted - Math.max(1, creditCharge)
    if (detail.kind === 'negotiate' || detail.kind === 'session-setup') return
    state.transactions++
    const used = depth * Math.max(1, creditCharge)
    if (before > FEW_CREDITS || used < before || creditsGranted >= creditsRequested) return
    state.starved++
    state.least = Math.min(state.least, before)
    if (state.frames.length < MAX_FRAMES) state.frames.push(response.last.frame)
  },
  ended: (conversation, { starved, transactions, frames }) =>
    conversation.hasBeginning && starved >= MIN_COUNT && starved >= transactions * MIN_PART
      ? { key: `${conversation.stream}`, frames }
      : undefined,
  tell: ({ first: { conversation, state } }) => ({
    severity: 'warning',
    title: `${endsOf(conversation)} is kept short of credits`,
    cause: `${countOf(state.starved, 'request')} of ${state.transactions} used the last credit that the client had (${Math.max(0, state.least)} to ${FEW_CREDITS} in all), and the server granted fewer than were asked for. A credit is the leave to have 64 KiB of request under way: with few of them nothing runs side by side, and large requests are not possible. Servers give few when they are short of memory, have very many clients, or want to slow this one down.`,
    advice: advise({
      windows: 'Smb2CreditsMin and Smb2CreditsMax of LanmanServer.',
      samba: '"smb2 max credits" (8192 is the default).',
      smbkit: 'limits: maxCredits.',
    }),
  }),
})
