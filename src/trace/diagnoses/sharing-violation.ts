import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { accessNames } from '../evidence/access.ts'
import { Groups } from '../evidence/groups.ts'
import { pathOf, timesOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import type { Rule, Transaction } from '../model.ts'

export const sharingViolation: Rule = {
  id: 'sharing-violation',
  looksFor: 'Files that somebody else has open without sharing them, and who that is.',
  start() {
    const groups = new Groups<Transaction>()
    return {
      transaction(transaction) {
        if (transaction.status !== NtStatus.SHARING_VIOLATION) return
        const group = groups.of(pathOf(transaction), () => transaction)
        const held = group?.first.heldBy.map(({ frame }) => frame) ?? []
        group?.add([...framesOf(transaction), ...held], userOf(transaction.session))
      },
      findings: () =>
        groups.all().map((group) => {
          const { first } = group
          const asked =
            first.detail.kind === 'create'
              ? ` It asked for: ${accessNames(first.detail.desiredAccess)}, and shares ${sharesText(first.detail.shareAccess)}.`
              : ''
          const told = {
            severity: 'warning' as const,
            title: `${pathOf(first)} is in use: ${userOf(first.session)} is refused ${timesOf(group.count)}`,
            cause: `The file was open, and whoever had it open did not share what was asked for, or had it open for what the newcomer does not share (STATUS_SHARING_VIOLATION).${asked} ${holdersText(first)}`,
            advice: advise({
              windows:
                'Get-SmbOpenFile, or Computer Management > Shared Folders > Open Files; Close-SmbOpenFile ends one.',
              samba: 'smbstatus -L; "share modes" has to stay on.',
              smbkit: 'smbkit status lists open files with their users.',
              user: 'Close the file in the other program; Office shows who that is when it finds its ~$ file.',
            }),
          }
          return findingOf('sharing-violation', group, told, first.conversation)
        }),
    }
  },
}

function holdersText(refused: Transaction): string {
  if (refused.heldBy.length === 0)
    return 'Who had it open is not in the capture: a program on the server itself, or a client that opened it before.'
  const texts = refused.heldBy.slice(0, 3).map(({ open: { openedBy }, frame }) => {
    const { session, conversation, detail } = openedBy ?? {}
    const isSame = session !== undefined && session === refused.session
    const who = isSame ? 'the same session' : `${userOf(session)} from ${conversation?.client.address ?? 'somewhere'}`
    const shares = detail?.kind === 'create' ? `, shares ${sharesText(detail.shareAccess)}` : ''
    return `${who} since frame ${frame}${shares}`
  })
  return `It was held by ${texts.join('; ')}.`
}

/** MS-SMB2 2.2.13. */
function sharesText(access: number): string {
  const words = [...((access & 1) === 0 ? [] : ['reading']), ...((access & 2) === 0 ? [] : ['writing'])]
  if ((access & 4) !== 0) words.push('deleting')
  return words.length === 0 ? 'nothing' : words.join(', ')
}
