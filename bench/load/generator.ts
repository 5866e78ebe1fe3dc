/**
 * The load generator: a process of its own that is told over its IPC channel which load to run against which server,
 * and answers with what was done and what it cost the generator itself.
 */
import { Connection, type OnReply, receiveBytes, type Target } from './connection.ts'
import { type Load, loads, type Script } from './loads.ts'

export interface Order {
  readonly load: string
  readonly host: string
  readonly port: number
  readonly share: string
  readonly user: string
  readonly password: string
  readonly seconds: number
}

export interface Outcome {
  /** Operations. */
  readonly count: number
  readonly seconds: number
  /** Of this process, user and system, within those seconds. */
  readonly cpuSeconds: number
}

export type Message =
  | { readonly kind: 'run'; readonly order: Order }
  /** Ends the idle sessions. */
  | { readonly kind: 'release' }
export type Answer =
  | { readonly kind: 'done'; readonly outcome: Outcome }
  /** The load proper begins: what comes before is preparation and not to be counted. */
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly message: string }

function tell(answer: Answer): void {
  process.send?.(answer)
}

/** Begins up to `limit` operations until `seconds` are over, keeping the slots busy; resolves with the last reply. */
function burst(
  connection: Connection,
  script: Script,
  inFlight: number,
  limit: number,
  seconds: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let begun = Math.min(inFlight, limit)
    let finished = 0
    const end = performance.now() + seconds * 1000
    const take: OnReply = (reply, frameBytes, slot) => {
      try {
        if (!script.reply(slot, reply, frameBytes)) return
        finished++
        if (begun < limit && performance.now() < end) {
          begun++
          script.begin(slot)
        } else if (finished === begun) resolve(finished)
      } catch (error) {
        reject(error)
      }
    }
    connection.onReply(take, reject)
    connection.cork()
    for (let slot = 0; slot < begun; slot++) script.begin(slot)
    connection.uncork()
  })
}

const nothing: Outcome = { count: 0, seconds: 0, cpuSeconds: 0 }

const sum = (left: Outcome, right: Outcome): Outcome => ({
  count: left.count + right.count,
  seconds: left.seconds + right.seconds,
  cpuSeconds: left.cpuSeconds + right.cpuSeconds,
})

/** Bursts until `seconds` are measured; between them, off the clock, the script may prepare the next one. */
async function pump(connection: Connection, script: Script, inFlight: number, seconds: number): Promise<Outcome> {
  let total = nothing
  while (total.seconds < seconds) {
    const limit = script.stock?.() ?? Number.POSITIVE_INFINITY
    // A burst of prepared requests is used up: what is prepared cannot be taken back.
    const limitSeconds = Number.isFinite(limit) ? Number.POSITIVE_INFINITY : seconds
    total = sum(total, await timed(() => burst(connection, script, inFlight, limit, limitSeconds)))
  }
  return total
}

/** Runs `body` between the marks of the clock and of this process's CPU time. */
async function timed(body: () => Promise<number>): Promise<Outcome> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const count = await body()
  const seconds = (performance.now() - began) / 1000
  const used = process.cpuUsage(cpu)
  return { count, seconds, cpuSeconds: (used.user + used.system) / 1e6 }
}

async function runPipeline(load: Load, target: Target, seconds: number): Promise<Outcome> {
  const script = load.script?.(load.inFlight)
  if (script === undefined) throw new Error(`${load.name} has no script`)
  const connection = new Connection(target.host, target.port, target.protection)
  try {
    await connection.logOn(target)
    await connection.gatherCredits()
    await script.prepare(connection)
    await pump(connection, script, load.inFlight, seconds / 5)
    tell({ kind: 'started' })
    return await pump(connection, script, load.inFlight, seconds)
  } finally {
    connection.close()
  }
}

async function logOn(target: Target): Promise<Connection> {
  const connection = new Connection(target.host, target.port, target.protection, receiveBytes.small)
  await connection.logOn(target)
  return connection
}

/** Connect, negotiate, log on, connect to the tree, and away; one after another. */
function runConnect(target: Target, seconds: number): Promise<Outcome> {
  tell({ kind: 'started' })
  return timed(async () => {
    const end = performance.now() + seconds * 1000
    let count = 0
    while (performance.now() < end) {
      const connection = await logOn(target)
      connection.close()
      count++
    }
    return count
  })
}

const idle: Connection[] = []

async function runIdle(load: Load, target: Target): Promise<Outcome> {
  tell({ kind: 'started' })
  return timed(async () => {
    while (idle.length < load.inFlight) idle.push(await logOn(target))
    return idle.length
  })
}

function run(order: Order): Promise<Outcome> {
  const load = loads.find(({ name }) => name === order.load)
  if (load === undefined) throw new Error(`no load ${order.load}`)
  const target: Target = {
    host: order.host,
    port: order.port,
    share: order.share,
    user: order.user,
    password: order.password,
    protection: load.protection,
  }
  if (load.kind === 'connect') return runConnect(target, order.seconds)
  if (load.kind === 'idle') return runIdle(load, target)
  return runPipeline(load, target, order.seconds)
}

process.on('message', (message: Message) => {
  if (message.kind === 'release') {
    for (const connection of idle.splice(0)) connection.close()
    return
  }
  run(message.order).then(
    (outcome) => tell({ kind: 'done', outcome }),
    (error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
