import { SmbError } from '../../bytes/errors.ts'
import type { CopyOptions, CopyProgress, Place } from '../../client/api/copy.ts'
import { copy } from '../../client/copy/copy.ts'
import { isPointless } from '../../client/copy/transfer.ts'
import { UsageError as ClientError, codeOf, StatusError, TransportError } from '../../client/errors.ts'
import { printable, UsageError } from '../report.ts'
import { type Context, ExitCode } from './context.ts'
import { bytesText } from './format.ts'
import { reasonOf } from './reason.ts'
import { isAbort } from './servers.ts'
import { Tally } from './tally.ts'
import { copyOptions, type TransferOptions } from './transfer-options.ts'

/** One thing to carry, with what it is called in texts. */
export interface Errand {
  readonly from: Place
  readonly to: Place
  readonly source: string
  readonly target: string
}

/** Carries all of them, one after the other, and tells how it went. */
export async function carry(
  context: Context,
  errands: readonly Errand[],
  options: TransferOptions,
  more: Partial<CopyOptions> = {},
): Promise<void> {
  const tally = new Tally()
  const startedAt = performance.now()
  const hide = options.quiet === true ? () => undefined : context.out.showProgress(() => tally.state)
  let failure: { readonly error: unknown } | undefined
  try {
    for (const errand of errands) {
      tally.counting()
      try {
        await carryOne(context, errand, options, more, tally)
      } catch (error) {
        // What concerns this one alone does not keep the others from being carried.
        if (errands.length === 1 || context.signal.aborted || !concernsOne(error)) throw error
        context.failedWith(error)
        tally.failedAlone()
      }
    }
  } catch (error) {
    failure = { error }
  } finally {
    hide()
  }
  const seconds = (performance.now() - startedAt) / 1000
  const wasCut = failure !== undefined && options.resume && tally.isUnderWay && isCut(failure.error)
  await summarize(context, tally, options, seconds, wasCut)
  if (failure !== undefined) throw failure.error
  if (tally.isFutile) process.exitCode = ExitCode.FAILED
}

/** What has been carried by then is kept; of a disk that is full it is not. */
const isCut = (error: unknown): boolean =>
  isAbort(error) || (error instanceof UsageError && error.cause instanceof TransportError)

/** A full disk and a lost connection concern all. */
const concernsOne = (error: unknown): boolean => error instanceof UsageError && !isPointless(error.cause)

async function carryOne(
  context: Context,
  errand: Errand,
  options: TransferOptions,
  more: Partial<CopyOptions>,
  tally: Tally,
): Promise<void> {
  const { from, to } = errand
  let endedAt = ''
  const onProgress = (progress: CopyProgress): void => {
    tally.take(progress)
    if (progress.kind === 'failed' && progress.isFinal) endedAt = progress.entry.path
    tell(context, errand, options, progress)
  }
  try {
    await copy(from, to, { ...copyOptions(options, context.signal), ...more, onProgress })
  } catch (error) {
    if (isAbort(error) || error instanceof UsageError) throw error
    throw new UsageError(`${whereFailed(errand, endedAt, error)}: ${reasonFor(errand, error, options)}`, {
      cause: error,
    })
  }
}

function reasonFor({ to }: Errand, error: unknown, options: TransferOptions): string {
  if ('disk' in to && codeOf(error) === 'ENOENT' && !(error instanceof SmbError))
    return 'a folder on the way to it is not there'
  const isFolder = options.recursive !== true && (error as { code?: unknown }).code === 'EISDIR'
  return isFolder ? 'it is a folder: add --recursive to copy it with all that is in it' : reasonOf(error)
}

const below = (place: string, path: string): string => (path === '' ? place : `${place.replace(/[\\/]$/, '')}/${path}`)

/** What an error is about, as far as it tells: the file that is read, the one that is written, or both. */
function whereFailed({ from, to, source, target }: Errand, path: string, error: unknown): string {
  const [read, written] = [below(source, path), below(target, path)]
  const isTold = error instanceof StatusError || error instanceof ClientError
  const isOf = (place: Place): boolean =>
    isTold && error.path === below('disk' in place ? place.disk : place.path, path)
  const [isRead, isWritten] = [isOf(from), isOf(to)]
  const isServers = !('disk' in from) && !('disk' in to)
  if (isServers && error instanceof StatusError && (error.dest !== undefined || (isRead && isWritten)))
    return `${read} -> ${written}`
  if (isWritten && !isRead) return written
  // What the system says is of this machine's files, what a server says of its own: of a part, too, and of its folder.
  if ('disk' in to) return error instanceof SmbError ? read : written
  return error instanceof StatusError && (!isRead || 'disk' in from) ? written : read
}

function tell(context: Context, errand: Errand, options: TransferOptions, progress: CopyProgress): void {
  if (progress.kind === 'counted' || progress.kind === 'found' || progress.kind === 'bytes') return
  const { kind, entry } = progress
  if (kind === 'done' && entry.kind === 'directory') return
  const [name, to] = [below(errand.source, entry.path), below(errand.target, entry.path)]
  if (kind === 'failed' && !progress.isFinal) {
    const { error } = progress
    const where = whereFailed(errand, entry.path, error)
    context.failedWith(new UsageError(`${where}: ${reasonFor(errand, error, options)}`, { cause: error }))
  }
  const what = { done: 'copied', skipped: 'skipped', removed: 'removed', failed: 'failed' }[kind]
  if (options.json === true) {
    const ends = kind === 'removed' ? { path: to } : { path: name, to }
    const reason = kind === 'skipped' ? { reason: progress.reason } : {}
    const error = kind === 'failed' ? { error: reasonFor(errand, progress.error, options) } : {}
    void context.out.json({ event: what, ...ends, size: entry.size, ...reason, ...error }, true)
    return
  }
  if (kind === 'failed' || (options.verbose !== true && options.dryRun !== true)) return
  if (kind === 'skipped' && options.verbose !== true) return
  const would = options.dryRun === true ? { done: 'copy', skipped: 'skip', removed: 'remove' }[kind] : what
  const size = kind === 'done' ? `  ${bytesText(entry.size)}` : ''
  void context.out.write(`${would}  ${printable(kind === 'removed' ? to : name)}${size}\n`)
}

async function summarize(
  { out }: Context,
  tally: Tally,
  { json, quiet, dryRun = false }: TransferOptions,
  seconds: number,
  wasCut: boolean,
): Promise<void> {
  if (json === true) await out.json({ event: 'summary', ...tally.json(seconds) }, true)
  else if (quiet !== true)
    await out.write(
      `${tally.text(seconds, dryRun)}${wasCut ? '; the same command goes on where this one was cut off' : ''}\n`,
    )
  await out.flush()
}
