/** Files that are written anew in one step: whoever reads meanwhile sees the old one or the new one. */
import {
  closeSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** A new version, open for writing beside what it replaces. */
export interface Draft {
  readonly descriptor: number
  readonly draft: string
  readonly target: string
}

/** A link to a file stays a link: the file that it leads to is replaced. */
export function followLinks(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

/** Fills a draft and puts it in the place of its target. @throws the system's error */
export function putInPlace({ descriptor, draft, target }: Draft, text: string, owner: Stats | undefined): void {
  writeFileSync(descriptor, text)
  if (owner !== undefined) keepOwner(descriptor, owner)
  fsyncSync(descriptor)
  renameSync(draft, target)
}

/** When root changes the file of the account that the server runs as, it stays that account's. */
function keepOwner(descriptor: number, owner: Stats): void {
  if (process.getuid?.() === 0) fchownSync(descriptor, owner.uid, owner.gid)
}

/** That a file has been replaced outlives a loss of power. */
export function syncFolder(file: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(dirname(file), 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Replaces a file that one program alone writes. Only its owner can read it. @throws the system's error */
export function replaceFile(file: string, text: string): void {
  const target = followLinks(file)
  const draft = `${target}.new`
  const descriptor = openSync(draft, 'w', 0o600)
  try {
    putInPlace({ descriptor, draft, target }, text, statSync(target, { throwIfNoEntry: false }))
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(descriptor)
  }
  syncFolder(target)
}
