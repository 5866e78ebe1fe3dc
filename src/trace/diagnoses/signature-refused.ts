import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FsctlCode } from '../../wire/smb2/fsctl.ts'
import { SMB_3_0 } from '../evidence/dialects.ts'
import { endsOf } from '../evidence/names.ts'
import { advise, conversationRule, framesOf } from '../evidence/rules.ts'
import type { Transaction } from '../model.ts'

/** Commands that no right can forbid: where they are denied, the signature was wrong. MS-SMB2 3.3.5.2.4. */
const WITHOUT_RIGHTS = new Set(['ECHO', 'LOGOFF', 'TREE_DISCONNECT', 'CANCEL'])

interface State {
  readonly refused: Transaction[]
  unanswered: Transaction | undefined
  count: number
}

const MAX_KEPT = 5

export const signatureRefused = conversationRule<State>({
  id: 'signature-refused',
  looksFor: 'Signatures that are refused, or a start of the connection that was not what both ends saw (tampering).',
  state: () => ({ refused: [], unanswered: undefined, count: 0 }),
  transaction(transaction, state) {
    const { detail, status, response, commandName } = transaction
    const isValidation = detail.kind === 'ioctl' && detail.controlCode === FsctlCode.VALIDATE_NEGOTIATE_INFO
    const isRefused = status === NtStatus.ACCESS_DENIED && (WITHOUT_RIGHTS.has(commandName) || isValidation)
    if (isRefused && ++state.count <= MAX_KEPT) state.refused.push(transaction)
    if (isValidation && response === undefined) state.unanswered = transaction
  },
  ended(conversation, { refused, unanswered }) {
    const isSmb3 = typeof conversation.dialect?.value === 'number' && conversation.dialect.value >= SMB_3_0
    // MS-SMB2 3.3.5.15.12: a server that sees other values than it was sent ends the connection without an answer.
    const wasCut = unanswered !== undefined && isSmb3 && conversation.end?.by === 'server'
    if (refused.length === 0 && !wasCut) return undefined
    const frames = [...refused, ...(unanswered === undefined ? [] : [unanswered])].flatMap(framesOf)
    return { key: endsOf(conversation), frames: [...frames, conversation.end?.at.frame] }
  },
  tell: ({ first: { conversation, state } }) => ({
    severity: 'problem',
    title: `A signature, or the start of the connection, of ${endsOf(conversation)} was refused`,
    cause:
      state.refused.length > 0
        ? `The server answered ${state.refused[0]?.commandName ?? 'a request'} with STATUS_ACCESS_DENIED, which no right can forbid: it did not find the signature right. Either both ends have different session keys (a bug, or a password that a device between them does not know), or somebody changed the message on the way.`
        : 'The server ended the connection when the client asked it to confirm the negotiation (FSCTL_VALIDATE_NEGOTIATE_INFO): what it was asked at the start was not what the client had sent. Somebody between the two changed it, or a server that does not know the question treats it as an error.',
    advice: advise({
      network:
        'Capture at both ends and compare; look for devices that change SMB: WAN optimizers, proxies, virus scanners.',
      windows: 'Event log SMBClient/Security; RequireSecureNegotiate must not be switched off on Windows.',
      samba: 'log level = 5 names the signature that was expected.',
      smbkit: 'smbkit probe SERVER shows what the server negotiates.',
    }),
  }),
})
