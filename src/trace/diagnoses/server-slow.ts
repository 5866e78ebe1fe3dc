import { Durations } from '../evidence/durations.ts'
import { Group } from '../evidence/groups.ts'
import { isFailedSetup } from '../evidence/logon-rule.ts'
import { countOf, durationOf, pathOf, serverOf, shareOf } from '../evidence/names.ts'
import { advise, findingOf } from '../evidence/rules.ts'
import { AnswersInFront, maySleep, thinkingNs } from '../evidence/speed.ts'
import type { Finding, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

/** Nobody notices less than this. */
const MIN_SLOW_NS = 200e6
/** Slow is what takes so many times what the server normally takes. */
const MIN_FACTOR = 10
/** One slow answer is an accident, unless it is very slow. */
const MIN_COUNT = 3
const VERY_SLOW_NS = 500e6
const MAX_KEPT = 2000
const MAX_SLOWEST = 10

interface Timing {
  readonly first: Transaction
  readonly durations: Durations
  /** The slowest, slowest first. */
  slowest: { readonly transaction: Transaction; readonly ns: number }[]
  slow: number
}

/** The server against its own normal: each command of a share against the median of all commands of the server. */
export const serverSlow: Rule = {
  id: 'server-slow',
  looksFor: 'Answers that the server takes long for, by command and share, against what it normally takes.',
  start() {
    const servers = new Recent<string, Durations>(MAX_KEPT)
    const timings = new Recent<string, Timing>(MAX_KEPT)
    const placed = new WeakMap<object, Map<string, Timing>>()
    /** When a server last asked for an oplock or a lease back, by its address. */
    const breaks = new Recent<string, number>(MAX_KEPT)
    const inFront = new AnswersInFront()
    return {
      transaction(transaction) {
        const inFrontNs = inFront.waitedNs(transaction)
        const withQueueNs = thinkingNs(transaction)
        const ns = withQueueNs === undefined ? undefined : Math.max(0, withQueueNs - inFrontNs)
        const { detail, request, response, conversation } = transaction
        if (detail.kind === 'break') breaks.set(conversation.server.address, response?.last.timeNs ?? 0)
        // A refused logon is answered late on purpose: guessing is to take long.
        if (ns === undefined || maySleep(transaction) || isFailedSetup(transaction)) return
        // An open that waits for a cache of another client is not the server's fault.
        const lastBreakNs = breaks.get(conversation.server.address) ?? Number.NEGATIVE_INFINITY
        if (detail.kind === 'create' && lastBreakNs >= (request?.first.timeNs ?? 0)) return
        const { address } = conversation.server
        servers.take(address, () => new Durations()).add(ns)
        // Trees know their timings, so that a name is made once and not for each request.
        const place = transaction.tree ?? conversation
        let known = placed.get(place)
        if (known === undefined) placed.set(place, (known = new Map()))
        let timing = known.get(transaction.commandName)
        if (timing === undefined) {
          const key = `${address} ${transaction.commandName} ${shareOf(transaction)}`
          timing = timings.take(key, () => ({ first: transaction, durations: new Durations(), slowest: [], slow: 0 }))
          known.set(transaction.commandName, timing)
        }
        note(timing, transaction, ns)
      },
      findings: () => {
        const found: Finding[] = []
        const byServer = Map.groupBy(timings.values(), ({ first }) => first.conversation.server.address)
        for (const [address, all] of servers.entries()) {
          const own = byServer.get(address) ?? []
          const normalNs = all.quantile(0.5)
          // Where all is slow, a finding for each command would say the same.
          if (normalNs >= MIN_SLOW_NS && all.count >= MIN_COUNT) found.push(...tellAll(own, all))
          else found.push(...own.flatMap((timing) => tell(timing, normalNs)))
        }
        return found
      },
    }
  },
}

function note(timing: Timing, transaction: Transaction, ns: number): void {
  timing.durations.add(ns)
  if (ns < MIN_SLOW_NS) return
  timing.slow++
  timing.slowest = [...timing.slowest, { transaction, ns }]
    .toSorted((left, right) => right.ns - left.ns)
    .slice(0, MAX_SLOWEST)
}

const BEFORE_FILES = /^(?:NEGOTIATE|SESSION_SETUP|TREE_CONNECT|LOGOFF)/

const ADVICE = advise({
  windows:
    'Counters "SMB Server Shares" (Avg. sec/Request), "PhysicalDisk" (Avg. Disk sec/Read); exclude the folder from the virus scanner for a test.',
  samba: 'smbstatus -P (profiling), vfs_time_audit tells slow calls; iostat -x of the disk.',
  smbkit: 'smbkit serve --verbose shows each request with its time.',
})

function groupOf(slowest: Timing['slowest'], count: number, first: Transaction): Group<Transaction> {
  const group = new Group(first)
  for (const { transaction } of slowest)
    group.add([transaction.response?.last.frame, transaction.request?.last.frame], pathOf(transaction))
  group.count = count
  return group
}

/** A server that is slow whatever it is asked. */
function tellAll(timings: readonly Timing[], all: Durations): Finding[] {
  const slowest = timings.flatMap((timing) => timing.slowest).toSorted((left, right) => right.ns - left.ns)
  const [worst] = slowest
  if (worst === undefined) return []
  const { transaction } = worst
  const server = serverOf(transaction.conversation.server)
  const told = {
    severity: 'warning' as const,
    title: `${server} is slow, whatever it is asked: the median answer took ${durationOf(all.quantile(0.5))}`,
    cause: `Half of ${countOf(all.count, 'answer')} took the server longer than ${durationOf(all.quantile(0.5))} (without the way through the network, as far as the handshake tells it), the slowest ${durationOf(worst.ns)} (${transaction.commandName}). All commands are alike, so it is not one file or folder: the machine is overloaded or short of memory, a virus scanner or filter holds everything up, or a device between answers the handshake for a server that is far away.`,
    advice: ADVICE,
  }
  const count = timings.reduce((sum, { slow }) => sum + slow, 0)
  return [
    findingOf(
      'server-slow',
      groupOf(slowest.slice(0, MAX_SLOWEST), count, transaction),
      told,
      transaction.conversation,
    ),
  ]
}

function tell({ first, durations, slowest, slow }: Timing, normalNs: number): Finding[] {
  const own = durations.quantile(0.5)
  const [worst] = slowest
  if (worst === undefined || worst.ns < normalNs * MIN_FACTOR) return []
  const isUsual = own >= MIN_SLOW_NS
  if (slow < MIN_COUNT && worst.ns < VERY_SLOW_NS) return []
  const server = serverOf(first.conversation.server)
  const told = {
    severity: 'warning' as const,
    title: `${server} is slow: ${first.commandName}${first.tree === undefined ? '' : ` on ${shareOf(first)}`} took up to ${durationOf(worst.ns)}`,
    cause: `${countOf(slow, 'answer')} of ${durations.count} took the server more than ${durationOf(MIN_SLOW_NS)} (without the way through the network); this command's median is ${durationOf(own)}, that of all commands of the server ${normalNs < 1e3 ? 'next to nothing' : durationOf(normalNs)}. ${worst.transaction.path === undefined ? '' : `The slowest was for ${pathOf(worst.transaction)}. `}${
      BEFORE_FILES.test(first.commandName)
        ? 'No file is asked for here: the server waits for somebody else, a domain controller, a name server (it looks up who connects), or a process of its own that has to start.'
        : isUsual
          ? 'It is always slow: a slow disk, a virus scanner that reads each file, a folder with very many files, or a remote disk behind the server.'
          : 'It is slow at times: the disk was busy or asleep, a job ran, the process was stopped, or memory was short.'
    } There was no loss and no closed window of TCP meanwhile, so it is the server and not the network.`,
    advice: ADVICE,
  }
  return [findingOf('server-slow', groupOf(slowest, slow, first), told, first.conversation)]
}
