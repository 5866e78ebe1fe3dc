import type { Observer } from '../../client/api/observe.ts'
import { codeOf } from '../../client/errors.ts'
import { version } from '../manifest.ts'
import { printable, UsageError } from '../report.ts'
import type { ConnectionOptions } from './connection-options.ts'
import type { CaptureFile, Explainer } from './explain.ts'
import { Output } from './output.ts'
import { reasonOf } from './reason.ts'
import { isAbort, Servers } from './servers.ts'

/** Exit codes that scripts can rely on. */
export const ExitCode = { DONE: 0, FAILED: 1, PARTLY: 2, INTERRUPTED: 130, TERMINATED: 143, BROKEN_PIPE: 141 } as const

/** What a command has to work with. */
export interface Context {
  readonly servers: Servers
  readonly out: Output
  /** The address that a word means: in a shell it may leave out what the shell is at. */
  readonly named: (word: string) => string
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Some part of what was asked for could not be done: tells it, and the command goes on. */
  failed(subject: string, error: unknown): void
  /** The same, where the error's text says what it is about. */
  failedWith(error: unknown): void
}

/** What a shell keeps from one command to the next. */
interface Lasting {
  readonly servers: Servers
  readonly out: Output
  readonly named: (word: string) => string
}

/** Runs a command that talks to servers: all that it has opened is closed, whatever happens. */
type Runner = (options: ConnectionOptions, action: (context: Context) => Promise<void>) => Promise<void>

let run: Runner = runAlone

/** Runs a command: by itself, or in the shell that there is. */
export const runClient: Runner = (options, action) => run(options, action)

/** From now on commands run in a shell: with what it has open, which stays so. */
export function enterShell(lasting: Lasting): void {
  run = (_options, action) => runWith(lasting, action)
}

async function runAlone(options: ConnectionOptions, action: (context: Context) => Promise<void>): Promise<void> {
  const ending = new AbortController()
  const out = new Output((error) => {
    if (ending.signal.aborted) return
    // Nobody reads any more (`| head`): there is nothing left to do, nor to say.
    const isLeft = codeOf(error) === 'EPIPE'
    if (!isLeft) out.tell(`smbkit: standard output: ${reasonOf(error)}\n`)
    process.exitCode = isLeft ? ExitCode.BROKEN_PIPE : ExitCode.FAILED
    ending.abort()
  })
  let listening: Listening | undefined
  try {
    listening = await observed(options, out)
    const { observer } = listening
    const servers = new Servers(options, observer, ending.signal)
    try {
      await runWith({ servers, out, named: (word) => word }, action, ending)
    } finally {
      await servers.close()
    }
    listening.explainer?.close()
    await out.flush()
  } catch (error) {
    // The capture could not be begun.
    out.tell(sentenceOf(error))
    process.exitCode = ExitCode.FAILED
  } finally {
    closeCapture(listening?.file)
  }
}

interface Listening {
  readonly observer: Observer | undefined
  readonly file: CaptureFile | undefined
  readonly explainer: Explainer | undefined
}

/** Who listens to the conversation, if anybody does. */
async function observed(options: ConnectionOptions, out: Output): Promise<Listening> {
  const { kerberos, ccache, keytab } = options
  const asksForTickets = kerberos === 'preferred' || ccache !== undefined || keytab !== undefined
  const teller: Observer = {
    event(event) {
      if (event.kind !== 'fallback') return
      out.tell(`smbkit: note: no logon to ${event.connection.host} by ${event.mechanism}: ${event.reason}\n`)
    },
  }
  if (options.capture === undefined && options.explain !== true)
    return { observer: asksForTickets ? teller : undefined, file: undefined, explainer: undefined }
  // Loaded here: few commands want it.
  const { CaptureFile: File, Explainer, together } = await import('./explain.ts')
  const file = options.capture === undefined ? undefined : new File(options.capture, `smbkit ${version()}`)
  const explainer = options.explain === true ? new Explainer((line) => out.tell(line)) : undefined
  const observers = [file, explainer, asksForTickets ? teller : undefined]
  return { observer: together(observers.filter((one) => one !== undefined)), file, explainer }
}

async function runWith(
  { servers, out, named }: Lasting,
  action: (context: Context) => Promise<void>,
  ending = new AbortController(),
): Promise<void> {
  const stopListening = listenForSignals(ending)
  let partly = false
  const failedWith = (error: unknown): void => {
    partly = true
    out.tell(sentenceOf(error))
  }
  const failed = (subject: string, error: unknown): void =>
    failedWith(new UsageError(`${subject}: ${reasonOf(error)}`, { cause: error }))
  const { signal } = ending
  try {
    await action({ servers, out, signal, named, failed, failedWith })
    if (partly) process.exitCode ??= ExitCode.PARTLY
  } catch (error) {
    if (!(signal.aborted && isAbort(error))) {
      out.tell(sentenceOf(error))
      process.exitCode ??= ExitCode.FAILED
    }
  } finally {
    await out.flush()
    stopListening()
  }
}

const sentenceOf = (error: unknown): string =>
  `smbkit: ${error instanceof UsageError ? printable(error.message) : reasonOf(error)}\n`

function closeCapture(capture: CaptureFile | undefined): void {
  try {
    capture?.close()
  } catch (error) {
    process.stderr.write(`smbkit: ${reasonOf(error)}\n`)
    process.exitCode = ExitCode.FAILED
  }
}

/** What signals end: the last of these. */
const underWay: AbortController[] = []
const signalCodes = { SIGINT: ExitCode.INTERRUPTED, SIGTERM: ExitCode.TERMINATED } as const

/** The first signal ends what is under way in good order, the second ends the program. */
function listenForSignals(ending: AbortController): () => void {
  if (underWay.length === 0)
    for (const [signal, code] of Object.entries(signalCodes)) process.on(signal, () => endBySignal(code))
  underWay.push(ending)
  return () => void underWay.splice(underWay.indexOf(ending), 1)
}

function endBySignal(code: number): void {
  const ending = underWay.at(-1)
  if (ending === undefined || ending.signal.aborted) process.exit(code)
  process.exitCode = code
  ending.abort()
}
