import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Open, type PipeOpen } from '../open.ts'
import type { TreeConnect } from '../tree-connect.ts'

/**
 * A name as SMB2 has it: without the separator in front, which SMB1 has (MS-CIFS 2.2.1.1.1). `root`: the directory that
 * it is in, where the client names one.
 */
export function nameOf(text: string, { share }: Pick<TreeConnect, 'share'>, root?: Open | PipeOpen): string | Failure {
  // Separators count once, however many there are (smbtorture, raw.chkpath).
  const name = text
    .split('\\')
    .filter((component) => component !== '')
    .join('\\')
  if (share === undefined) return name.replace(/^pipe\\/i, '')
  if (root === undefined) return name
  if (!(root instanceof Open)) return fail(NtStatus.INVALID_HANDLE)
  return [root.displayPath, name].filter((part) => part !== '').join('\\')
}

/** A name that may have wildcards in its last component: the directory, and what is looked for in it. */
export function searchOf(text: string, tree: TreeConnect): { directory: string; pattern: string } | Failure {
  const name = nameOf(text, tree)
  if (failed(name)) return name
  const at = name.lastIndexOf('\\')
  return { directory: name.slice(0, Math.max(0, at)), pattern: name.slice(at + 1) }
}

/** Whether a name stands for several (MS-CIFS 2.2.1.1.3). */
export const hasWildcards = (name: string): boolean => /[*?<>"]/.test(name)
