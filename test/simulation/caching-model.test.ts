/**
 * Many opens by several clients on few files, with oplocks, leases, share modes, locks, changes and time-outs in any
 * order: every answer and every break is compared with a plain account of them, and no cache that a client may trust is
 * ever stale.
 */
import assert from 'node:assert/strict'
import { Command, CreateOptions, CreateResponse, type FileId, OplockLevel } from '../../src/wire/smb2/index.ts'
import {
  acknowledgeLease,
  acknowledgeOplock,
  breaksOf,
  key as keyOf,
  leaseOf,
  levelAnswered,
  rightsAnswered,
  withLease,
} from './caching.ts'
import {
  type Creation,
  common,
  DELETE,
  type Holder,
  type Open,
  type Range,
  READ,
  Reference,
  type Rights,
  WRITE,
} from './caching-reference.ts'
import { disposed, renamed, sized } from './changes.ts'
import type { Client } from './client.ts'
import {
  close,
  createBody,
  exclusive,
  lockBody,
  plainId,
  read,
  shared,
  treeDisconnect,
  unlocked,
  write,
} from './files.ts'
import type { Random } from './random.ts'
import { type Answer, Disconnected } from './raw-client.ts'
import { scenario, succeeded, type World } from './world.ts'

const CLIENTS = 3
const STEPS = 300
const NAMES = ['a', 'b', 'c']
/** What is locked begins within the data, or far beyond. */
const RANGES: readonly Range[] = [
  [0, 4],
  [0, 10],
  [2, 10],
  [10_000_000, 10_000_001],
]

const LEVELS: Readonly<Record<string, OplockLevel>> = {
  '': OplockLevel.NONE,
  R: OplockLevel.II,
  RW: OplockLevel.EXCLUSIVE,
  RWH: OplockLevel.BATCH,
}
const rightsOf = (level: number): string => Object.keys(LEVELS).find((rights) => LEVELS[rights] === level) ?? '?'

/** What is asked for: the access mask, and what it means. */
const ACCESS = [
  { mask: 0x80, uses: 0, looks: 'attributes' },
  { mask: 0x2_0080, uses: 0, looks: 'security' },
  { mask: 0x81, uses: READ, looks: 'uses' },
  { mask: 0x82, uses: WRITE, looks: 'uses' },
  { mask: 0x83, uses: READ | WRITE, looks: 'uses' },
  { mask: 0x1_0083, uses: READ | WRITE | DELETE, looks: 'uses' },
  { mask: 0x1_0080, uses: DELETE, looks: 'uses' },
] as const

interface Asked {
  readonly answer: Promise<Answer>
  /** The answer as the account tells it. */
  readonly tell: (answer: Answer) => string
}

const plainly = ({ statusName }: Answer): string => statusName.replace('STATUS_', '')

/** One run: what is done is chosen by the seed, done, and told to the account. */
class Play {
  readonly world: World
  readonly random: Random
  readonly account = new Reference()
  readonly clients: Client[]
  /** The last things that were done, for who has to find out. */
  readonly log: string[] = []
  readonly #fileIds = new Map<number, FileId>()
  readonly #under = new Map<number, { outcome: string | undefined }>()
  readonly #cached = new Map<string, Cached>()
  #requests = 0

  constructor(world: World, clients: Client[]) {
    this.world = world
    this.random = world.random
    this.clients = clients
  }

  /** Does something, and compares what came of it. */
  async step(): Promise<void> {
    const { random } = this
    const { opens } = this.account
    const breaking = this.account.holders.filter((holder) => holder.breaking !== undefined)
    if (opens.length === 0 || random.oneIn(3)) this.#create()
    else if (breaking.length > 0 && random.oneIn(4)) this.#answerBreak(breaking)
    // Who is alone gets the most.
    else if (opens.length > 2 && random.oneIn(2)) this.#close(random.pick(opens))
    else if (random.oneIn(60)) await this.#leave()
    else this.#use(random.pick(opens))
    await this.world.settled()
    await this.#compare()
  }

  #ask(what: string, asked: Asked): number {
    const request = ++this.#requests
    this.log.push(`${request}: ${what}`)
    const under: { outcome: string | undefined } = { outcome: undefined }
    this.#under.set(request, under)
    const settled = (answer: Answer): void => {
      under.outcome = asked.tell(answer)
    }
    void asked.answer.then(settled, (error) => assert.ok(error instanceof Disconnected))
    return request
  }

  #create(): void {
    const { random } = this
    const client = random.below(CLIENTS)
    const { mask, ...access } = random.pick(ACCESS)
    // Mostly where somebody caches.
    const caching = this.account.holders.filter(({ rights }) => rights !== '')
    const breaking = caching.filter((holder) => holder.breaking !== undefined)
    const holders = breaking.length > 0 ? breaking : caching
    const name = holders.length === 0 || random.oneIn(4) ? random.pick(NAMES) : random.pick(holders).file.name
    const createDisposition = random.pick([1, 3, 3, 5])
    const isLease = random.oneIn(2)
    const key = isLease ? (random.oneIn(8) ? random.below(6) : NAMES.indexOf(name) * 2 + random.below(2)) : undefined
    const deletesOnClose = !isLease && (access.uses & DELETE) !== 0 && random.oneIn(3)
    const asked: Creation = {
      ...access,
      name,
      shares: random.oneIn(5) ? random.below(8) : READ | WRITE | DELETE,
      makes: createDisposition !== 1,
      overwrites: createDisposition === 5,
      deletesOnClose,
      rights: random.pick(isLease ? ['', 'R', 'RH', 'RH', 'RW', 'RWH', 'RWH', 'WH', 'W'] : ['', 'R', 'RW', 'RWH']),
      key,
      version: key !== undefined && key % 2 === 0 ? 2 : 1,
      epoch: 1,
    }
    const value = {
      name,
      desiredAccess: mask,
      shareAccess: asked.shares,
      createDisposition,
      createOptions: deletesOnClose ? CreateOptions.DELETE_ON_CLOSE : 0,
      requestedOplockLevel: LEVELS[asked.rights] ?? OplockLevel.NONE,
    }
    const lease = { key: keyOf(key ?? 0), rights: asked.rights, ...(asked.version === 2 ? { epoch: asked.epoch } : {}) }
    const { requestedOplockLevel: _, ...withoutLevel } = value
    const body = createBody(isLease ? withLease(withoutLevel, lease) : value)
    const request = this.#ask(`client ${client} creates ${JSON.stringify(asked)}`, {
      answer: (this.clients[client] as Client).callRaw(Command.CREATE, body),
      tell: (answer) => this.#tellCreated(request, answer),
    })
    this.account.create(request, client, asked)
  }

  #tellCreated(request: number, answer: Answer): string {
    if (plainly(answer) !== 'SUCCESS') return plainly(answer)
    const { fileId, oplockLevel } = answer.body(CreateResponse)
    this.#fileIds.set(request, plainId(fileId))
    const lease = leaseOf(answer)
    if (lease === undefined) return `SUCCESS ${oplockLevel === 0 ? 'no oplock' : `oplock ${rightsOf(oplockLevel)}`}`
    const epoch = lease.version === 2 ? ` ${lease.epoch}` : ''
    return `SUCCESS lease ${lease.rights}${epoch}${lease.flags === 0 ? '' : ' breaking'}`
  }

  #answerBreak(breaking: readonly Holder[]): void {
    const { random } = this
    if (random.oneIn(10)) {
      this.log.push('nobody says anything')
      for (const holder of breaking) this.#cached.delete(nameOf(holder))
      this.account.expire()
      this.world.clock.advance(35_000)
      return
    }
    this.#acknowledge(random.pick(breaking))
  }

  #acknowledge(holder: Holder): void {
    const { client, key, kind } = holder
    const who = this.clients[client] as Client
    const told = holder.breaking?.to ?? 'R'
    const isLease = kind === 'lease'
    const rights = this.random.oneIn(4) ? this.random.pick<Rights>(isLease ? ['', 'R', 'RH', 'RWH'] : ['', 'R']) : told
    const fileId = this.#fileIds.get(key) as FileId
    const request = this.#ask(`client ${client} acknowledges ${rights} of ${kind} ${key}`, {
      answer: isLease
        ? acknowledgeLease(who, keyOf(key), rights)
        : acknowledgeOplock(who, fileId, LEVELS[rights] as OplockLevel),
      tell: (answer) => {
        if (plainly(answer) !== 'SUCCESS') return plainly(answer)
        return `SUCCESS ${isLease ? rightsAnswered(answer) : rightsOf(levelAnswered(answer))}`
      },
    })
    const cached = this.#cached.get(nameOf(holder))
    if (cached !== undefined) cached.rights = common(cached.rights, rights)
    this.account.acknowledge(request, holder, rights)
  }

  async #leave(): Promise<void> {
    const client = this.random.below(CLIENTS)
    const who = this.clients[client] as Client
    const request = this.#ask(`client ${client} leaves`, { answer: treeDisconnect(who), tell: plainly })
    this.account.leave(request, client)
    await this.world.settled()
    await who.useShare('data')
  }

  #use(open: Open): void {
    const { random, account } = this
    const { uses, file } = open
    const may = [() => this.#close(open)]
    if ((uses & WRITE) !== 0)
      may.push(
        () => this.#write(open),
        () => this.#resize(open),
      )
    if ((uses & READ) !== 0) may.push(() => this.#read(open))
    if ((uses & (READ | WRITE)) !== 0)
      may.push(
        () => this.#lock(open),
        () => this.#unlock(open),
      )
    const mayChange = (uses & DELETE) !== 0 && !file.going && !account.isChanging(file)
    if (mayChange)
      may.push(
        () => this.#rename(open),
        () => this.#dispose(open),
      )
    random.pick(may)()
  }

  #of(open: Open): readonly [Client, FileId] {
    return [this.clients[open.client] as Client, this.#fileIds.get(open.request) as FileId]
  }

  #close(open: Open): void {
    const request = this.#ask(`closes ${open.request}`, { answer: close(...this.#of(open)), tell: plainly })
    this.account.close(request, open)
  }

  #read(open: Open): void {
    const [start, end] = this.random.pick(RANGES)
    const how = { offset: BigInt(start), length: end - start }
    const request = this.#ask(`reads ${open.request} ${start}-${end}`, {
      answer: read(...this.#of(open), how),
      tell: plainly,
    })
    this.account.read(request, open, [start, end])
  }

  #write(open: Open): void {
    const [start, end] = this.random.pick(RANGES)
    const data = new Uint8Array(end - start)
    const before = open.file.version
    const request = this.#ask(`writes ${open.request} ${start}-${end}`, {
      answer: write(...this.#of(open), data, { offset: BigInt(start) }),
      tell: plainly,
    })
    this.account.write(request, open, [start, end])
    this.#changes(open, before)
  }

  #resize(open: Open): void {
    const size = this.random.pick([0, 4, 20])
    const before = open.file.version
    const [client, fileId] = this.#of(open)
    const answer = sized(BigInt(size))(client, fileId).then((waiting) => waiting.answer)
    const request = this.#ask(`resizes ${open.request} to ${size}`, { answer, tell: plainly })
    this.account.resize(request, open, size)
    this.#changes(open, before)
  }

  /** Who changes the data by a cache of its own knows what it is then. */
  #changes({ file, holder }: Open, before: number): void {
    const own = holder === undefined ? undefined : this.#cached.get(nameOf(holder))
    if (own?.version === before) own.version = file.version
  }

  #lock(open: Open): void {
    const range = this.random.pick(RANGES)
    const [isExclusive, waits] = [this.random.oneIn(2), this.random.oneIn(3)]
    const [start, end] = range
    const element = (isExclusive ? exclusive : shared)(BigInt(start), BigInt(end - start), waits)
    const [client, fileId] = this.#of(open)
    const what = `locks ${open.request} ${start}-${end}${isExclusive ? ' exclusively' : ''}${waits ? ', waiting' : ''}`
    const request = this.#ask(what, {
      answer: client.callRaw(Command.LOCK, lockBody(fileId, element)),
      tell: plainly,
    })
    this.account.lock(request, open, range, isExclusive, waits)
  }

  #unlock(open: Open): void {
    const own = open.file.locks.filter((lock) => lock.open === open).map((lock) => lock.range)
    const range = this.random.pick(own.length > 0 && this.random.oneIn(2) ? own : RANGES)
    const [start, end] = range
    const [client, fileId] = this.#of(open)
    const request = this.#ask(`unlocks ${open.request} ${start}-${end}`, {
      answer: client.callRaw(Command.LOCK, lockBody(fileId, unlocked(BigInt(start), BigInt(end - start)))),
      tell: plainly,
    })
    this.account.unlock(request, open, range)
  }

  #rename(open: Open): void {
    const name = this.random.pick(NAMES.filter((other) => other !== open.file.name))
    const replace = this.random.oneIn(2)
    const [client, fileId] = this.#of(open)
    const answer = renamed(name, replace)(client, fileId).then((waiting) => waiting.answer)
    const request = this.#ask(`renames ${open.request} to ${name}${replace ? ', replacing' : ''}`, {
      answer,
      tell: plainly,
    })
    this.account.rename(request, open, name, replace)
  }

  #dispose(open: Open): void {
    const [client, fileId] = this.#of(open)
    const answer = disposed()(client, fileId).then((waiting) => waiting.answer)
    const request = this.#ask(`deletes ${open.request}`, { answer, tell: plainly })
    this.account.dispose(request, open)
  }

  async #compare(): Promise<void> {
    const told: string[] = []
    const broken = new Set<string>()
    for (const [i, client] of this.clients.entries())
      for (const one of await breaksOf(client)) {
        const number = one.kind === 'oplock' ? this.#requestOf(one.fileId) : Number.parseInt(one.key.slice(-4), 16)
        const epoch = one.kind === 'lease' && number % 2 === 0 ? ` ${one.epoch}` : ''
        const text =
          one.kind === 'oplock'
            ? `${number}: ${rightsOf(one.level)}`
            : `lease ${number}: ${one.from}>${one.to}${one.mustAcknowledge ? '' : '!'}${epoch}`
        told.push(`${i} ${text}`)
        const name = one.kind === 'oplock' ? `oplock ${number}` : `lease ${i} ${number}`
        broken.add(name)
        const cached = this.#cached.get(name)
        if (cached !== undefined)
          cached.rights = common(cached.rights, one.kind === 'oplock' ? rightsOf(one.level) : one.to)
      }
    const expected = this.account.told.splice(0).map(({ client, text }) => `${client} ${text}`)
    if (told.length + expected.length > 0) this.log.push(`told: ${told.join(', ')}`)
    assert.deepEqual(told.toSorted(), expected.toSorted(), 'the breaks')
    for (const [request, { outcome }] of this.#under) {
      assert.equal(outcome, this.account.outcomes.get(request), `the answer to ${request}`)
      if (outcome === undefined) continue
      this.log.push(`${request} is answered ${outcome}`)
      this.#under.delete(request)
      this.#trust(request, outcome, broken)
    }
    // Who has not acknowledged one break yet is not told of what comes after it.
    const held = new Set(this.account.holders.filter(({ breaking }) => breaking === undefined).map(nameOf))
    for (const name of [...this.#cached.keys()]) if (!held.has(name)) this.#cached.delete(name)
    for (const [name, { file, rights, version }] of this.#cached)
      if (rights.includes('R')) assert.equal(version, file.version, `what ${name} has read is stale`)
  }

  #requestOf(fileId: FileId): number {
    for (const [request, known] of this.#fileIds) if (known.volatile === fileId.volatile) return request
    return -1
  }

  /** Who has been given a cache reads the file, and goes by that until it is told something else. */
  #trust(request: number, outcome: string, broken: ReadonlySet<string>): void {
    const open = this.account.openBy.get(request)
    const holder = open?.holder
    if (open === undefined || holder === undefined) return
    const name = nameOf(holder)
    const [, , rights = ''] = outcome.split(' ')
    const { file } = open
    // What came first is not known here.
    if (broken.has(name)) this.#cached.delete(name)
    else if (!outcome.endsWith('breaking'))
      this.#cached.set(name, { file, rights: /^[RWH]+$/.test(rights) ? rights : '', version: file.version })
  }
}

interface Cached {
  readonly file: Open['file']
  rights: string
  version: number
}

const nameOf = ({ client, key, kind }: Holder): string =>
  kind === 'oplock' ? `oplock ${key}` : `lease ${client} ${key}`

for (let run = 0; run < 12; run++)
  scenario(`any order of things, ${run}`, {}, async (world) => {
    const clients: Client[] = []
    for (let i = 0; i < CLIENTS; i++) clients.push(await world.client({ negotiate: { clientGuid: keyOf(0xff00 + i) } }))
    const play = new Play(world, clients)
    try {
      for (let i = 0; i < STEPS; i++) await play.step()
    } catch (error) {
      console.error(play.log.slice(-40).join('\n'))
      throw error
    }
    succeeded(await treeDisconnect(clients[0] as Client))
  })
