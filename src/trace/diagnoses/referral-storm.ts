import { habitRule } from '../evidence/habits.ts'
import { durationOf, serverOf } from '../evidence/names.ts'
import { isReferral } from '../evidence/referrals.ts'
import { advise } from '../evidence/rules.ts'

export const referralStorm = habitRule({
  id: 'referral-storm',
  looksFor: 'A client that asks a namespace (DFS) for the way again and again.',
  least: 20,
  key: (transaction) => (isReferral(transaction) ? transaction.conversation.server.address : undefined),
  tell: ({ group: { first, count }, overNs, spentNs }) => ({
    severity: 'warning',
    title: `${first.conversation.client.address} asked ${serverOf(first.conversation.server)} for ${count} referrals in ${durationOf(overNs)}`,
    cause: `Referrals are kept for minutes (300 s and more as a rule), so a client needs few of them; these took ${durationOf(spentNs)}. The server gives them no life time, the client keeps none, many links are walked (a search through the namespace), or targets fail and the client asks again.`,
    advice: advise({
      windows:
        'Time-to-live of root and links (Set-DfsnRoot, Set-DfsnFolder -TimeToLiveSec); dfsutil /pktinfo shows what the client keeps.',
      samba: 'Samba tells 600 s; "host msdfs = no" where there are no namespaces.',
      smbkit: 'The client keeps referrals for as long as the server says.',
    }),
  }),
})
