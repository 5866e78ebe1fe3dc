import { serverOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

/** SMB1's security mode: passwords are answers to a challenge. MS-CIFS 2.2.4.52.2. */
const CHALLENGE_RESPONSE = 0x02

export const cleartextPassword = transactionRule({
  id: 'cleartext-password',
  looksFor: 'Servers that want passwords in clear text (SMB1).',
  sign: ({ detail, protocol, conversation }) =>
    detail.kind === 'negotiate' &&
    protocol === 'smb1' &&
    detail.chosen !== undefined &&
    detail.chosen < 0x0200 &&
    detail.serverSecurityMode !== undefined &&
    (detail.serverSecurityMode & CHALLENGE_RESPONSE) === 0
      ? { key: serverOf(conversation.server) }
      : undefined,
  tell: ({ first }) => ({
    severity: 'warning',
    title: `${serverOf(first.conversation.server)} wants passwords in clear text`,
    cause:
      'The answer to the negotiation of SMB1 lacks the bit for challenge and response: a client that goes on sends its password as it is, and everybody on the way can read it. Windows refuses to (error 1240).',
    advice: advise({
      windows: 'Policy "Microsoft network client: Send unencrypted password to third-party SMB servers" stays off.',
      samba: 'encrypt passwords = yes (the default).',
      smbkit: 'Passwords are never sent.',
    }),
  }),
})
