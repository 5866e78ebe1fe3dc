import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { accessNames } from '../evidence/access.ts'
import { Groups } from '../evidence/groups.ts'
import { listOf, pathOf, shareOf, timesOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import { isPipe } from '../evidence/speed.ts'
import type { Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

/** Files that are remembered as denied, to see whether they were opened with less later. */
const MAX_DENIED = 10_000
const NAMES_SHOWN = 5

interface Denied {
  readonly first: Transaction
  /** Names that were denied, and not opened later. */
  readonly open: Set<string>
}

/** What was asked for: the access of a CREATE; of the rest the command. */
const askedOf = ({ detail, commandName }: Transaction): string =>
  detail.kind === 'create' ? accessNames(detail.desiredAccess) : commandName

export const fileAccessDenied: Rule = {
  id: 'file-access-denied',
  looksFor: 'Files and folders that the user may not open in the way he asked.',
  start() {
    const groups = new Groups<Denied>()
    const denied = new Recent<string, Denied>(MAX_DENIED)
    return {
      transaction(transaction) {
        const { detail, status, commandName } = transaction
        // What was changed on the way is denied whatever the rights are.
        const isDenied =
          (status === NtStatus.ACCESS_DENIED && transaction.requestSignature !== 'wrong') ||
          status === NtStatus.CANNOT_DELETE
        if (!isDenied && (denied.size === 0 || detail.kind !== 'create')) return
        const isFile =
          detail.kind === 'create' || detail.kind === 'set-info' || /CLOSE|WRITE|READ|FLUSH/.test(commandName)
        if (!isFile) return
        const name = pathOf(transaction)
        const who = userOf(transaction.session)
        if (isDenied) {
          const key = `${who} ${shareOf(transaction)} ${askedOf(transaction)}`
          const group = groups.of(key, () => ({ first: transaction, open: new Set() }))
          if (group === undefined) return
          group.add(framesOf(transaction), name)
          if (group.names.has(name)) group.first.open.add(name)
          denied.set(`${who} ${name}`, group.first)
        } else if (status === NtStatus.SUCCESS && detail.kind === 'create')
          denied.get(`${who} ${name}`)?.open.delete(name)
      },
      findings: () =>
        groups.all().map((group) => {
          const { first, open } = group.first
          const names = [...group.names]
          const wasOpened = open.size === 0 && !isTransfer(first)
          const verb = first.detail.kind === 'create' ? 'may not open' : `is refused ${first.commandName} of`
          const told = {
            severity: wasOpened || isTransfer(first) ? ('note' as const) : ('problem' as const),
            title: `${userOf(first.session)} ${verb} ${names.length === 1 ? (names[0] ?? '') : `${names.length} files of ${shareOf(first)}`}${wasOpened ? ' at first' : ''}`,
            cause:
              `${listOf(names, NAMES_SHOWN)}: denied ${timesOf(group.count)}. Asked for was ${askedOf(first)}. ${whyOf(first)} ${
                first.commandName === 'CLOSE'
                  ? 'At CLOSE the server writes what it held back, and that failed: what was written may not be there. '
                  : ''
              }${
                wasOpened
                  ? 'The same was opened later with less access: programs try to write first and are content with reading.'
                  : isPipe(first) || isTransfer(first)
                    ? ''
                    : 'A file that is marked read-only cannot be deleted or opened for writing either.'
              }`.trimEnd(),
            advice: advise({
              windows:
                'Tab "Security", "Effective Access"; Get-Acl; both the rights of the share and of the file count, the lesser of the two.',
              samba:
                'smbcacls //SERVER/SHARE PATH; "read only", "write list", "force user"; the UNIX permissions of the folder.',
              smbkit: 'smbkit acl ADDRESS shows the list; readOnly and users of the share.',
            }),
          }
          return findingOf('file-access-denied', group, told, first.conversation)
        }),
    }
  },
}

/** A request for data of a file that is open: what it may do was settled when it was opened. MS-SMB2 3.3.5.12, 3.3.5.13. */
const isTransfer = ({ commandName }: Transaction): boolean => /^(?:READ|WRITE)(?:_ANDX)?$/.test(commandName)

/** Whose rights they are. */
function whyOf(first: Transaction): string {
  if (isPipe(first))
    return 'The share let the user in; it is the service behind the pipe that does not take everybody: nobody (an anonymous user) and users who administer nothing are refused by most.'
  const asked = first.open?.openedBy?.detail
  if (isTransfer(first))
    return `The file is open, and this open of it has no right to do so${
      asked?.kind === 'create' ? `: it asked for ${accessNames(asked.desiredAccess)} only` : ''
    }. That is a mistake of the program and not one of the rights.`
  return 'The share let the user in; it is the rights of the file or folder, or of the folder above it where something is made or deleted, that lack this.'
}
