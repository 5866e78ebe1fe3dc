import { FILE_GENERIC_READ, FILE_GENERIC_WRITE } from '../wire/dtyp/index.ts'
import { CreateDisposition, CreateOptions, ShareAccess } from '../wire/smb2/index.ts'
import type { OpenFlags } from './api/file-handle.ts'
import type { OpenOptions } from './api/share.ts'
import type { CreateArguments } from './calls/create.ts'
import { UsageError } from './errors.ts'

interface Meaning {
  readonly access: number
  readonly disposition: CreateDisposition
  readonly appends: boolean
}

const D = CreateDisposition
const READ = FILE_GENERIC_READ
const WRITE = FILE_GENERIC_WRITE

/** Node's flags as Windows knows them. */
const FLAGS: Readonly<Record<OpenFlags, Meaning>> = {
  r: { access: READ, disposition: D.OPEN, appends: false },
  'r+': { access: READ | WRITE, disposition: D.OPEN, appends: false },
  w: { access: WRITE, disposition: D.OVERWRITE_IF, appends: false },
  wx: { access: WRITE, disposition: D.CREATE, appends: false },
  'w+': { access: READ | WRITE, disposition: D.OVERWRITE_IF, appends: false },
  'wx+': { access: READ | WRITE, disposition: D.CREATE, appends: false },
  a: { access: WRITE, disposition: D.OPEN_IF, appends: true },
  ax: { access: WRITE, disposition: D.CREATE, appends: true },
  'a+': { access: READ | WRITE, disposition: D.OPEN_IF, appends: true },
  'ax+': { access: READ | WRITE, disposition: D.CREATE, appends: true },
}

/** @throws UsageError (EINVAL) */
export function meaningOf(flags: OpenFlags): Meaning {
  if (Object.hasOwn(FLAGS, flags)) return FLAGS[flags]
  throw new UsageError('EINVAL', `No such flags: ${flags}.`)
}

const SHARES: Readonly<Record<string, number>> = { r: ShareAccess.READ, w: ShareAccess.WRITE, d: ShareAccess.DELETE }

function shareOf(text: string): number {
  let share = 0
  for (const letter of text) {
    const bit = SHARES[letter]
    if (bit === undefined) throw new UsageError('EINVAL', `What is shared is said by r, w and d, not ${letter}.`)
    share |= bit
  }
  return share
}

/** The CREATE that flags and options ask for. @throws UsageError (EINVAL) */
export function createArgumentsOf(name: string, flags: OpenFlags, options: OpenOptions): CreateArguments {
  const { access, disposition } = meaningOf(flags)
  let bits = options.directory === true ? CreateOptions.DIRECTORY_FILE : CreateOptions.NON_DIRECTORY_FILE
  if (options.writeThrough === true) bits |= CreateOptions.WRITE_THROUGH
  if (options.reparsePoint === true) bits |= CreateOptions.OPEN_REPARSE_POINT
  return {
    name,
    access: options.access ?? access,
    disposition,
    options: bits,
    ...(options.attributes !== undefined && { attributes: options.attributes }),
    ...(options.share !== undefined && { share: shareOf(options.share) }),
  }
}
