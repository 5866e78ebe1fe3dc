import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { KerberosCode } from '../../wire/kerberos/index.ts'
import { Groups } from '../evidence/groups.ts'
import { isFailedSetup, kerberosErrorIn } from '../evidence/logon-rule.ts'
import { durationOf, serverOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf, type Told } from '../evidence/rules.ts'
import type { Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

const MAX_CLIENTS = 10_000

const pairOf = ({ conversation: { client, server } }: Transaction): string => `${client.address} ${serverOf(server)}`

/** Clients that are told the time may try again with it: MIT's library does. */
export const logonClock: Rule = {
  id: 'logon-clock',
  looksFor: 'A logon that fails since clocks are too far apart.',
  start() {
    const groups = new Groups<Transaction>()
    /** The last logon that worked. */
    const worked = new Recent<string, Transaction>(MAX_CLIENTS)
    return {
      transaction(transaction) {
        if (transaction.detail.kind !== 'session-setup') return
        const isClock = isFailedSetup(transaction) && transaction.status === NtStatus.TIME_DIFFERENCE_AT_DC
        if (isClock || kerberosErrorIn(transaction) === KerberosCode.CLOCK_SKEW)
          groups.of(pairOf(transaction), () => transaction)?.add(framesOf(transaction))
        else if (transaction.status === NtStatus.SUCCESS) worked.set(pairOf(transaction), transaction)
      },
      findings: () =>
        groups.all().map((group) => {
          const told = tell(group.first, worked.get(pairOf(group.first)))
          return findingOf('logon-clock', group, told, group.first.conversation)
        }),
    }
  },
}

function tell(refused: Transaction, later: Transaction | undefined): Told {
  const wentOn = later !== undefined && (later.response?.last.timeNs ?? 0) > (refused.response?.last.timeNs ?? 0)
  const skewNs = refused.detail.kind === 'session-setup' ? refused.detail.clockSkewNs : undefined
  const apart =
    skewNs === undefined
      ? ''
      : ` The client is ${durationOf(Math.abs(skewNs))} ${skewNs < 0 ? 'ahead of' : 'behind'} the server.`
  return {
    severity: wentOn ? 'warning' : 'problem',
    title: `${userOf(refused.session)} was refused by ${serverOf(refused.conversation.server)}: the clocks are too far apart`,
    cause: `Tickets carry the time, so that nobody can use them again later, and five minutes of difference are all that is allowed.${apart}${
      wentOn
        ? ` The client then took over the time that it was told, and that logon worked (frame ${later.response?.last.frame ?? '?'}); others do not try again.`
        : ''
    }`,
    advice: advise({
      windows: 'w32tm /resync; policy "Maximum tolerance for computer clock synchronization".',
      samba: 'chronyc makestep on the server.',
      smbkit: 'The log of smbkit serve says so; clockskew in krb5.conf holds for it, too.',
      user: 'Set the clock, and its time zone.',
    }),
  }
}
