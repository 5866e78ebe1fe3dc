import { exposureRule } from '../evidence/exposure.ts'
import { serverOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'

const PRIVATE =
  /^(?:10\.|127\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]|fe[89ab]|::1$)/i

export const notEncrypted = exposureRule({
  id: 'not-encrypted',
  looksFor: 'Files that go through public networks in the clear.',
  isExposed: ({ isSealed, conversation }) =>
    !isSealed && !(PRIVATE.test(conversation.client.address) || PRIVATE.test(conversation.server.address)),
  tell: (session, users) => ({
    severity: 'note',
    title: `Files between ${users} and ${serverOf(session.conversation.server)} are not encrypted, and both addresses are public`,
    cause:
      'Everybody on the way between the two can read what is in the files, and their names. SMB 3 can seal whole shares.',
    advice: advise({
      windows:
        'Set-SmbServerConfiguration -EncryptData $true, or for a share; UNC hardening with RequirePrivacy=1; SMB over QUIC.',
      samba: 'server smb encrypt = required.',
      smbkit: 'encryption: required.',
      network: 'A VPN; no SMB through the firewall.',
    }),
  }),
})
