import { exposureRule } from '../evidence/exposure.ts'
import { serverOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'

export const guestSession = exposureRule({
  id: 'guest-session',
  looksFor: 'Sessions of guests and of nobody that use shares.',
  isExposed: ({ isGuest, mechanism }, shares) =>
    isGuest || (mechanism?.value === 'anonymous' && shares.some((share) => !/\\IPC\$$/i.test(share))),
  tell: (session, users) => ({
    severity: 'note',
    title: `${serverOf(session.conversation.server)} lets in ${session.isGuest ? `${users} as a guest` : 'anonymous users'}`,
    cause:
      'Guests prove nothing, and their messages can be neither signed nor sealed: anybody on the network can read and change them. A wrong password that ends in a guest session hides the mistake.',
    advice: advise({
      windows: 'Disable the account Guest; policies "Network access: Restrict anonymous access ...".',
      samba: 'map to guest = never, guest ok = no, restrict anonymous = 2.',
      smbkit: 'allowGuest: false, allowAnonymous: false.',
    }),
  }),
})
