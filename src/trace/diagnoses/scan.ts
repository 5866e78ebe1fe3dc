import { AccessMask } from '../../wire/dtyp/access-mask.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Group } from '../evidence/groups.ts'
import { durationOf, pathOf, shareOf, userOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import type { Finding, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

const MIN_FILES = 150
/** People do not open three files a second. */
const MIN_PER_SECOND = 3
const MAX_PART_CHANGED = 0.1
const MAX_FILES = 100_000
const MAX_KEPT = 1000
const SECOND_NS = 1e9

const READS = AccessMask.FILE_READ_DATA | AccessMask.GENERIC_READ | AccessMask.FILE_EXECUTE
const CHANGES = AccessMask.FILE_WRITE_DATA | AccessMask.FILE_APPEND_DATA | AccessMask.GENERIC_WRITE | AccessMask.DELETE

interface Scan {
  readonly group: Group<Transaction>
  readonly files: Set<string>
  readonly folders: Set<string>
  changed: number
  lastNs: number
}

export const scan: Rule = {
  id: 'scan',
  looksFor: 'Very many files that are opened one after the other to be read: virus scanners, indexers, backups.',
  start() {
    const scans = new Recent<string, Scan>(MAX_KEPT)
    return {
      transaction(transaction) {
        const { detail, status, conversation, path } = transaction
        if (detail.kind !== 'create' || status !== NtStatus.SUCCESS || path === undefined) return
        const fresh = () => ({
          group: new Group(transaction),
          files: new Set<string>(),
          folders: new Set<string>(),
          changed: 0,
          lastNs: 0,
        })
        const one = scans.take(`${conversation.client.address} ${shareOf(transaction)}`, fresh)
        if ((detail.desiredAccess & CHANGES) !== 0) one.changed++
        const isFile = transaction.open?.isDirectory?.value !== true
        if (!isFile || (detail.desiredAccess & READS) === 0 || one.files.size >= MAX_FILES) return
        one.group.add([framesOf(transaction)[0]])
        one.files.add(path.value)
        one.folders.add(path.value.slice(0, Math.max(0, path.value.lastIndexOf('\\'))))
        one.lastNs = transaction.request?.last.timeNs ?? one.lastNs
      },
      findings: () => [...scans.values()].flatMap(tell),
    }
  },
}

function tell({ group, files, folders, changed, lastNs }: Scan): Finding[] {
  const { first } = group
  const overNs = Math.max(1, lastNs - (first.request?.last.timeNs ?? lastNs))
  const perSecond = (files.size / overNs) * SECOND_NS
  if (files.size < MIN_FILES || perSecond < MIN_PER_SECOND || changed > files.size * MAX_PART_CHANGED) return []
  const told = {
    severity: 'note' as const,
    title: `${first.conversation.client.address} reads through ${shareOf(first)}: ${files.size} files in ${durationOf(overNs)}`,
    cause: `${userOf(first.session)} opened ${files.size} different files in ${folders.size} folders to read them (${perSecond.toFixed(0)} a second, the first ${pathOf(first)}) and changed hardly any. That is no person: a virus scanner, an indexer, a backup, or a program that makes previews. It loads the server as many users do.`,
    advice: advise({
      windows:
        'Exclude network drives from the scanner and from Windows Search of the client; scan and index on the server itself. Explorer: "Always show icons, never thumbnails".',
      samba: '"veto files" for what scanners stumble on; spotlight of macOS: mdutil -i off.',
      smbkit: 'smbkit serve --verbose shows who opens what.',
    }),
  }
  return [findingOf('scan', group, told, first.conversation)]
}
