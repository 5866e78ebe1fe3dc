import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const logonClock = logonRule({
  id: 'logon-clock',
  looksFor: 'A logon that fails since clocks are too far apart.',
  statuses: [NtStatus.TIME_DIFFERENCE_AT_DC],
  title: 'was refused: the clocks are too far apart',
  cause: 'Tickets carry the time, and five minutes of difference are all that is allowed.',
  advice: advise({
    windows: 'w32tm /resync; policy "Maximum tolerance for computer clock synchronization".',
    samba: 'chronyc makestep on the server.',
    user: 'Set the clock, and its time zone.',
  }),
})
