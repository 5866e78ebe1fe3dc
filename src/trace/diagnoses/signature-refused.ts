import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FsctlCode } from '../../wire/smb2/fsctl.ts'
import { SMB_3_0 } from '../evidence/dialects.ts'
import { endsOf } from '../evidence/names.ts'
import { advise, conversationRule, framesOf } from '../evidence/rules.ts'
import type { Conversation, Transaction } from '../model.ts'

/** Commands that no right can forbid: where they are denied, the signature was wrong. MS-SMB2 3.3.5.2.4. */
const WITHOUT_RIGHTS = new Set(['ECHO', 'LOGOFF', 'TREE_DISCONNECT', 'CANCEL'])

interface State {
  readonly refused: Transaction[]
  unanswered: Transaction | undefined
  count: number
  /** Messages whose signature is not the one that the session's key gives, and how many were computed again. */
  readonly wrong: Transaction[]
  wrongs: number
  checked: number
}

const MAX_KEPT = 5

export const signatureRefused = conversationRule<State>({
  id: 'signature-refused',
  looksFor:
    'Signatures that are wrong (computed again where a key is given) or refused, or a start of the connection that was not what both ends saw: tampering.',
  state: () => ({ refused: [], unanswered: undefined, count: 0, wrong: [], wrongs: 0, checked: 0 }),
  transaction(transaction, state) {
    const { detail, status, response, commandName } = transaction
    for (const one of [transaction.requestSignature, transaction.responseSignature]) {
      if (one === 'right' || one === 'wrong') state.checked++
      if (one === 'wrong' && ++state.wrongs <= MAX_KEPT) state.wrong.push(transaction)
    }
    const isValidation = detail.kind === 'ioctl' && detail.controlCode === FsctlCode.VALIDATE_NEGOTIATE_INFO
    const isRefused = status === NtStatus.ACCESS_DENIED && (WITHOUT_RIGHTS.has(commandName) || isValidation)
    if (isRefused && ++state.count <= MAX_KEPT) state.refused.push(transaction)
    if (isValidation && response === undefined) state.unanswered = transaction
  },
  ended(conversation, { refused, unanswered, wrong }) {
    const isSmb3 = typeof conversation.dialect?.value === 'number' && conversation.dialect.value >= SMB_3_0
    // MS-SMB2 3.3.5.15.12: a server that sees other values than it was sent ends the connection without an answer.
    const wasCut = unanswered !== undefined && isSmb3 && conversation.end?.by === 'server'
    if (wrong.length === 0 && refused.length === 0 && !wasCut) return undefined
    const frames = [...wrong, ...refused, ...(unanswered === undefined ? [] : [unanswered])].flatMap(framesOf)
    return { key: endsOf(conversation), frames: [...frames, conversation.end?.at.frame] }
  },
  tell: ({ first: { conversation, state } }) => ({
    severity: 'problem',
    title:
      state.wrong.length > 0
        ? `A message between ${endsOf(conversation)} was changed on the way: its signature is wrong`
        : `A signature, or the start of the connection, of ${endsOf(conversation)} was refused`,
    cause: state.wrong.length > 0 ? provenText(conversation, state) : suspectedText(state),
    advice: advise({
      network:
        'Capture at both ends and compare; look for devices that change SMB: WAN optimizers, proxies, virus scanners.',
      windows: 'Event log SMBClient/Security; RequireSecureNegotiate must not be switched off on Windows.',
      samba: 'log level = 5 names the signature that was expected.',
      smbkit: 'smbkit probe SERVER shows what the server negotiates.',
    }),
  }),
})

/** The key is known: there is nothing to guess. */
function provenText(conversation: Conversation, { wrong, wrongs, checked }: State): string {
  const [first] = wrong
  const isRequest = first?.requestSignature === 'wrong'
  const signer = isRequest ? `the client ${conversation.client.address}` : `the server ${conversation.server.address}`
  const spot = isRequest ? first.request : first?.response
  const then = isRequest
    ? first.status === NtStatus.ACCESS_DENIED
      ? 'The server noticed, and refused it with STATUS_ACCESS_DENIED; that has nothing to do with rights.'
      : 'The server took it all the same.'
    : conversation.end?.by === 'client'
      ? `The client ended the connection afterwards (frame ${conversation.end.at.frame}).`
      : 'The client went on all the same.'
  return `The signature of ${first?.commandName ?? 'a message'} in frame ${spot?.last.frame ?? '?'} is not the one that the key of the session gives; of ${checked} signatures that were computed again ${wrongs === 1 ? 'this one is' : `${wrongs} are`} wrong. Somebody, or a device, between the two changed the message after ${signer} had signed it. ${then}`
}

function suspectedText({ refused }: State): string {
  const [first] = refused
  if (first === undefined)
    return 'The server ended the connection when the client asked it to confirm the negotiation (FSCTL_VALIDATE_NEGOTIATE_INFO): what it was asked at the start was not what the client had sent. Somebody between the two changed it, or a server that does not know the question treats it as an error.'
  const isRight = first.requestSignature === 'right'
  return `The server answered ${first.commandName} with STATUS_ACCESS_DENIED, which no right can forbid: it did not find the signature right. ${
    isRight
      ? 'Here it is right, computed again with the key of the session: the message was changed between here and the server, or the server has another key.'
      : 'Either both ends have different session keys (a bug, or a password that a device between them does not know), or somebody changed the message on the way. With --password, --keytab or --key the signatures are computed again, which tells.'
  }`
}
