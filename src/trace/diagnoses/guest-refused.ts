import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { endsOf, userOf } from '../evidence/names.ts'
import { advise, conversationRule, framesOf } from '../evidence/rules.ts'
import type { Transaction } from '../model.ts'

interface State {
  setup: Transaction | undefined
  went: boolean
}

export const guestRefused = conversationRule<State>({
  id: 'guest-refused',
  looksFor: 'A client that leaves since it was let in as a guest only.',
  state: () => ({ setup: undefined, went: false }),
  transaction(transaction, state) {
    if (transaction.detail.kind !== 'session-setup') state.went ||= transaction.detail.kind === 'tree-connect'
    else if (transaction.status === NtStatus.SUCCESS && transaction.session?.isGuest === true) state.setup = transaction
  },
  ended: (conversation, { setup, went }) =>
    setup === undefined || went || conversation.end?.by !== 'client'
      ? undefined
      : { key: endsOf(conversation), frames: [...framesOf(setup), conversation.end.at.frame] },
  tell: ({ first: { conversation, state } }) => ({
    severity: 'problem',
    title: `${conversation.client.address} does not want to be a guest of ${conversation.server.address}`,
    cause: `The server let ${userOf(state.setup?.session)} in as a guest, which it does for unknown names or wrong passwords, and the client closed the connection before it named a share. What a guest sends can be neither signed nor sealed, so clients of today refuse it; Windows shows error 1272 ("You can't access this shared folder because your organization's security policies block unauthenticated guest access").`,
    advice: advise({
      user: 'Log on with an account and password that the server knows.',
      windows:
        'Policy "Enable insecure guest logons" (AllowInsecureGuestAuth) of the Lanman Workstation, at your risk; from 11 24H2 on "Digitally sign communications (always)" has to be off, too.',
      samba: 'map to guest = never, so that a wrong password is called wrong.',
      smbkit: 'allowGuest of the server; --guest of the client.',
    }),
  }),
})
