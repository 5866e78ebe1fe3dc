import { exposureRule } from '../evidence/exposure.ts'
import { serverOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'

export const smb1Used = exposureRule({
  id: 'smb1-used',
  looksFor: 'Sessions of SMB1.',
  isExposed: ({ conversation }) => conversation.dialect?.value === 'NT1',
  tell: (session, users) => ({
    severity: 'note',
    title: `${users} used SMB1 at ${serverOf(session.conversation.server)}`,
    cause:
      'SMB1 has no sealing, signs with MD5, does not protect its negotiation, and its implementations were the way in for worms (EternalBlue). It also needs far more round trips than SMB 2.',
    advice: advise({
      windows: 'Set-SmbServerConfiguration -EnableSMB1Protocol $false; -AuditSmb1Access tells who still needs it.',
      samba: 'server min protocol = SMB2_02 (the default since 4.11).',
      smbkit: 'smb1: false (the default) of the server.',
    }),
  }),
})
