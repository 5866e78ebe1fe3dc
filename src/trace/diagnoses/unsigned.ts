import { exposureRule } from '../evidence/exposure.ts'
import { serverOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'

export const unsigned = exposureRule({
  id: 'unsigned',
  looksFor: 'Sessions whose messages are neither signed nor sealed.',
  isExposed: ({ isSigned, isSealed, isGuest, mechanism }) =>
    !isSigned && !isSealed && !isGuest && mechanism?.value !== 'anonymous',
  tell: (session, users) => ({
    severity: 'note',
    title: `Messages to ${serverOf(session.conversation.server)} are not signed (${users})`,
    cause:
      'Whoever sits between can change what is read and written, and can relay the logon to another server. It costs next to nothing to sign with AES-GMAC or AES-CMAC (SMB 3).',
    advice: advise({
      windows:
        'Policies "Microsoft network client: Digitally sign communications (always)" and the same for the server; Windows 11 24H2 requires it by default.',
      samba: 'server signing = mandatory, client signing = required.',
      smbkit: 'signing: required.',
    }),
  }),
})
