import { endsOf, serverOf } from '../evidence/names.ts'
import { advise, conversationRule, framesOf } from '../evidence/rules.ts'
import type { Transaction } from '../model.ts'

/** SMB1's security mode: signatures are required. MS-CIFS 2.2.4.52.2. */
const SMB1_SIGNATURES_REQUIRED = 0x08

interface State {
  negotiate: Transaction | undefined
  hasSetup: boolean
}

/** Where SMB1 is spoken, a client that cannot sign leaves when it learns that it has to. */
export const signingRequired = conversationRule<State>({
  id: 'signing-required',
  looksFor: 'A client that leaves since the server requires signing (SMB1, "System error 1240").',
  state: () => ({ negotiate: undefined, hasSetup: false }),
  transaction(transaction, state) {
    if (transaction.detail.kind === 'negotiate' && transaction.protocol === 'smb1') state.negotiate = transaction
    else state.hasSetup = true
  },
  ended(conversation, { negotiate, hasSetup }) {
    if (negotiate === undefined || hasSetup || negotiate.detail.kind !== 'negotiate') return undefined
    const { serverSecurityMode = 0, chosen } = negotiate.detail
    const left = conversation.end?.by === 'client'
    if (chosen === undefined || (serverSecurityMode & SMB1_SIGNATURES_REQUIRED) === 0 || !left) return undefined
    return { key: endsOf(conversation), frames: [...framesOf(negotiate), conversation.end?.at.frame] }
  },
  tell: ({ first: { conversation } }) => ({
    severity: 'problem',
    title: `${serverOf(conversation.server)} requires signing, and ${conversation.client.address} does not sign`,
    cause:
      'The answer to the negotiation says that signatures are required, and the client closed the connection at once without logging on. A client that has signing switched off does that; Windows then shows "System error 1240" ("The account is not authorized to log in from this station"). It is known from SMB1 only: from SMB 2 on every client can sign.',
    advice: advise({
      windows:
        'On the client, policies "Microsoft network client: Digitally sign communications (if server agrees)" and "(always)": EnableSecuritySignature, RequireSecuritySignature. On the server the same of "Microsoft network server".',
      samba: '"client signing = desired" (or required) on the client; "server signing" on the server.',
      smbkit: 'signing: required or enabled; the client of smbkit always can.',
    }),
  }),
})
