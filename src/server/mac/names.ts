/** Composed and decomposed letters: a Mac asks for names in one form, whatever the form in which another has stored them. */
import { failed } from '../../wire/erref/failure.ts'
import type { BackendPath } from '../backend.ts'
import type { Session } from '../session.ts'
import type { Share } from '../share.ts'
import { type Steps, wait } from '../steps.ts'

const FORMS = ['NFC', 'NFD'] as const
const PLAIN = /^[ -~]*$/

const hasForms = (name: string): boolean => !PLAIN.test(name) && name.normalize('NFC') !== name.normalize('NFD')

/** For a Mac: the path with each name in the form in which it is stored, as far as there is one. */
export function* asStored(session: Session, share: Share, path: BackendPath): Steps<BackendPath> {
  if (session.mac === undefined || !path.some(hasForms) || (yield* isThere(share, path))) return path
  const stored: string[] = []
  for (const [i, name] of path.entries()) {
    const found = yield* storedForm(share, stored, name)
    // Below what is not there nothing is.
    if (found === undefined) return [...stored, ...path.slice(i)]
    stored.push(found)
  }
  return stored
}

function* storedForm(share: Share, directory: BackendPath, name: string): Steps<string | undefined> {
  if (!hasForms(name) || (yield* isThere(share, [...directory, name]))) return name
  for (const form of FORMS) {
    const other = name.normalize(form)
    if (other !== name && (yield* isThere(share, [...directory, other]))) return other
  }
  return undefined
}

function* isThere(share: Share, path: BackendPath): Steps<boolean> {
  const opened = yield* wait(share.backend.open(path, { disposition: 'open', read: false, write: false }))
  if (failed(opened)) return false
  yield* wait(opened.file.close())
  return true
}
