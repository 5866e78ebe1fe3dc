/**
 * Who has what open, cached and locked of a few files, and what becomes of each request: a plain account after MS-FSA
 * 2.1.4.12, 2.1.5.1.2, 2.1.5.7, 2.1.5.18 and MS-SMB2 3.3.5.9.8, that the server is compared with.
 */
export type Rights = '' | 'R' | 'RH' | 'RW' | 'RWH'
type Kind = 'oplock' | 'lease'
type Taking = 'look' | 'open' | 'data' | 'handles' | 'name'

/** What rights break to; those that are not named stay. */
const BREAKS: Readonly<Record<Kind, Readonly<Record<Taking, Partial<Record<Rights, Rights>>>>>> = {
  lease: {
    look: {},
    open: { RWH: 'RH', RW: 'R' },
    data: { RWH: '', RW: '', RH: '', R: '' },
    handles: { RWH: 'RW', RH: 'R' },
    name: { RWH: 'RW', RH: 'R' },
  },
  oplock: {
    look: { RWH: 'R', RW: 'R' },
    open: { RWH: 'R', RW: 'R' },
    data: { RWH: '', RW: '', R: '' },
    handles: {},
    name: { RWH: '' },
  },
}

const isWaitedFor = (kind: Kind, taking: Taking, rights: Rights): boolean => {
  if (kind === 'oplock') return rights !== 'R'
  return rights.includes(taking === 'handles' || taking === 'name' ? 'H' : 'W')
}

export const common = (one: string, other: string): Rights =>
  [...one].filter((letter) => other.includes(letter)).join('') as Rights

/** What is used of a file's data, and left to others: the bits are the same. */
export const READ = 1
export const WRITE = 2
export const DELETE = 4

/** A break that is not acknowledged yet. */
interface Break {
  to: Rights
  required: Rights
  /** When the client was told last. */
  since: number
  doneAt: number | undefined
}

export interface Holder {
  readonly kind: Kind
  readonly client: number
  readonly key: number
  readonly version: 1 | 2
  readonly file: File
  readonly opens: Set<Open>
  rights: Rights
  /** Since when it has any. */
  since: number
  epoch: number
  breaking: Break | undefined
}

interface Lock {
  readonly open: Open
  readonly range: Range
  readonly exclusive: boolean
}

/** From the first byte to the one after the last. */
export type Range = readonly [start: number, end: number]

interface File {
  name: string
  size: number
  /** Goes up whenever its data changes. */
  version: number
  going: boolean
  readonly opens: Open[]
  locks: Lock[]
  queue: { readonly lock: Lock; readonly request: number }[]
}

export interface Open {
  readonly request: number
  readonly client: number
  readonly file: File
  readonly uses: number
  readonly shares: number
  readonly looks: Looks
  readonly deletesOnClose: boolean
  holder: Holder | undefined
}

/** Looks at attributes only, at the security descriptor too, or uses the file. */
export type Looks = 'attributes' | 'security' | 'uses'

export interface Creation {
  readonly name: string
  readonly uses: number
  readonly shares: number
  readonly looks: Looks
  readonly makes: boolean
  readonly overwrites: boolean
  readonly deletesOnClose: boolean
  /** Of an oplock, or of the lease with this key. */
  readonly rights: string
  readonly key: number | undefined
  readonly version: 1 | 2
  readonly epoch: number
}

interface Waiting {
  readonly request: number
  readonly client: number
  readonly open: Open | undefined
  readonly attempt: () => string | readonly Break[]
  readonly breaks: readonly Break[]
  readonly since: number
}

export class Reference {
  readonly files = new Map<string, File>()
  /** What clients have been told since this was emptied. */
  readonly told: { readonly client: number; readonly text: string }[] = []
  /** What became of requests. */
  readonly outcomes = new Map<number, string>()
  readonly openBy = new Map<number, Open>()
  readonly #leases = new Map<string, Holder>()
  #waiting: Waiting[] = []
  #moment = 0

  isWaiting(request: number): boolean {
    return !this.outcomes.has(request)
  }

  get opens(): readonly Open[] {
    return [...this.openBy.values()]
  }

  get holders(): readonly Holder[] {
    return [...new Set(this.opens.flatMap(({ holder }) => holder ?? []))]
  }

  lease(client: number, key: number): Holder | undefined {
    return this.#leases.get(`${client} ${key}`)
  }

  /** A SET_INFO of this file is waiting. */
  isChanging(file: File): boolean {
    return this.#waiting.some(({ open }) => open?.file === file)
  }

  create(request: number, client: number, asked: Creation): void {
    this.#run(request, client, undefined, () => this.#create(request, client, asked))
  }

  #create(request: number, client: number, asked: Creation): string | readonly Break[] {
    const own = asked.key === undefined ? undefined : this.lease(client, asked.key)
    if (own !== undefined && own.file.name !== asked.name) return 'INVALID_PARAMETER'
    const existing = this.files.get(asked.name)
    if (existing === undefined && !asked.makes) return 'OBJECT_NAME_NOT_FOUND'
    const file = existing ?? {
      name: asked.name,
      size: 0,
      version: 0,
      going: false,
      opens: [],
      locks: [],
      queue: [],
    }
    const problem = existing === undefined ? undefined : this.#check(existing, own, asked)
    if (problem !== undefined) return problem
    this.files.set(file.name, file)
    if (asked.overwrites) file.size = 0
    if (asked.overwrites) file.version++
    const open: Open = { request, client, file, holder: undefined, ...asked }
    file.opens.push(open)
    this.openBy.set(request, open)
    return `SUCCESS ${asked.key === undefined ? this.#grantOplock(open, asked) : this.#grantLease(open, asked, asked.key)}`
  }

  #check(file: File, own: Holder | undefined, asked: Creation): string | readonly Break[] | undefined {
    if (file.going) return 'DELETE_PENDING'
    const taking: Taking = asked.overwrites ? 'data' : asked.looks === 'uses' ? 'open' : 'look'
    const breaks = asked.overwrites || asked.looks !== 'attributes'
    const batch = breaks
      ? this.#take(file, taking, own, ({ kind, rights }) => kind === 'oplock' && rights === 'RWH')
      : []
    if (batch.length > 0) return batch
    const uses = asked.uses | (asked.overwrites ? WRITE : 0)
    const isRefused = file.opens.some(
      (other) => uses !== 0 && other.uses !== 0 && ((uses & ~other.shares) !== 0 || (other.uses & ~asked.shares) !== 0),
    )
    const delays = isRefused ? this.#take(file, 'handles', own) : breaks ? this.#take(file, taking, own) : []
    if (delays.length > 0) return delays
    return isRefused ? 'SHARING_VIOLATION' : undefined
  }

  #grantOplock(open: Open, { rights }: Creation): string {
    const { client, file, request } = open
    const holder = this.#holder('oplock', client, request, file)
    holder.opens.add(open)
    const granted = [rights, rights === '' ? '' : 'R'].find((choice) => choice !== '' && mayHave(holder, choice))
    if (granted === undefined) return 'no oplock'
    open.holder = holder
    holder.rights = granted as Rights
    holder.since = ++this.#moment
    return `oplock ${granted}`
  }

  #grantLease(open: Open, asked: Creation, key: number): string {
    const { client, file } = open
    let lease = this.lease(client, key)
    if (lease === undefined) {
      lease = { ...this.#holder('lease', client, key, file), version: asked.version, epoch: asked.epoch }
      this.#leases.set(`${client} ${key}`, lease)
    }
    lease.opens.add(open)
    open.holder = lease
    const isMore = common(lease.rights, asked.rights) === lease.rights && asked.rights !== lease.rights
    const isLegal = ['R', 'RH', 'RW', 'RWH'].includes(asked.rights)
    const lesser = lease.rights === '' ? [common(asked.rights, 'RH'), common(asked.rights, 'R')] : []
    const holder = lease
    const granted =
      lease.breaking === undefined && isMore && isLegal
        ? [asked.rights, ...lesser].find((choice) => mayHave(holder, choice))
        : undefined
    if (granted !== undefined) {
      if (lease.rights === '') lease.since = ++this.#moment
      lease.rights = granted as Rights
      lease.epoch++
    }
    const epoch = lease.version === 2 ? ` ${lease.epoch}` : ''
    return `lease ${lease.rights}${epoch}${lease.breaking === undefined ? '' : ' breaking'}`
  }

  #holder(kind: Kind, client: number, key: number, file: File): Holder {
    return {
      kind,
      client,
      key,
      version: 1,
      file,
      opens: new Set(),
      rights: '',
      since: 0,
      epoch: 0,
      breaking: undefined,
    }
  }

  rename(request: number, open: Open, name: string, replace: boolean): void {
    const { client, file, holder } = open
    this.#run(request, client, open, () => {
      const target = this.files.get(name)
      if (replace && target !== undefined) {
        const delays = target.opens.length > 0 ? this.#take(target, 'name', undefined) : []
        if (delays.length > 0) return delays
        if (target.opens.length > 0) return 'ACCESS_DENIED'
      }
      const delays = this.#take(file, 'name', holder)
      if (delays.length > 0) return delays
      if (!replace && target !== undefined) return 'OBJECT_NAME_COLLISION'
      this.files.delete(file.name)
      file.name = name
      this.files.set(name, file)
      return 'SUCCESS'
    })
  }

  dispose(request: number, open: Open): void {
    this.#run(request, open.client, open, () => {
      const delays = this.#take(open.file, 'handles', open.holder)
      if (delays.length > 0) return delays
      open.file.going = true
      return 'SUCCESS'
    })
  }

  write(request: number, open: Open, [start, end]: Range): void {
    const { file, holder } = open
    this.#take(file, 'data', holder)
    const isLocked = file.locks.some(
      (lock) => overlap(lock.range, [start, end]) && !(lock.open === open && lock.exclusive),
    )
    if (!isLocked) file.size = Math.max(file.size, end)
    if (!isLocked) file.version++
    this.outcomes.set(request, isLocked ? 'FILE_LOCK_CONFLICT' : 'SUCCESS')
  }

  read(request: number, open: Open, range: Range): void {
    const isLocked = open.file.locks.some((lock) => overlap(lock.range, range) && lock.open !== open && lock.exclusive)
    const isEmpty = range[0] >= open.file.size
    this.outcomes.set(request, isLocked ? 'FILE_LOCK_CONFLICT' : isEmpty ? 'END_OF_FILE' : 'SUCCESS')
  }

  resize(request: number, open: Open, size: number): void {
    this.#take(open.file, 'data', open.holder)
    open.file.size = size
    open.file.version++
    this.outcomes.set(request, 'SUCCESS')
  }

  lock(request: number, open: Open, range: Range, exclusive: boolean, waits: boolean): void {
    const { file, holder } = open
    this.#take(file, 'data', holder)
    const lock = { open, range, exclusive }
    if (isFree(lock)) {
      file.locks.push(lock)
      this.outcomes.set(request, 'SUCCESS')
    } else if (waits) file.queue.push({ lock, request })
    else this.outcomes.set(request, 'LOCK_NOT_GRANTED')
  }

  unlock(request: number, open: Open, range: Range): void {
    const { file } = open
    const own = file.locks.filter((lock) => lock.open === open && String(lock.range) === String(range))
    const lock = own.find(({ exclusive }) => exclusive) ?? own[0]
    file.locks = file.locks.filter((other) => other !== lock)
    this.outcomes.set(request, lock === undefined ? 'RANGE_NOT_LOCKED' : 'SUCCESS')
    if (lock !== undefined) this.#grantLocks(file)
  }

  #grantLocks(file: File): void {
    for (const waiting of [...file.queue]) {
      if (!isFree(waiting.lock)) continue
      file.queue = file.queue.filter((other) => other !== waiting)
      file.locks.push(waiting.lock)
      this.outcomes.set(waiting.request, 'SUCCESS')
    }
  }

  close(request: number, open: Open): void {
    this.#close(open)
    this.outcomes.set(request, 'SUCCESS')
    this.#resume()
  }

  /** All that a client has open is closed, and what it waits for is cancelled. */
  leave(request: number, client: number): void {
    for (const waiting of this.#waiting) if (waiting.client === client) this.outcomes.set(waiting.request, 'CANCELLED')
    this.#waiting = this.#waiting.filter((waiting) => waiting.client !== client)
    for (const open of this.opens) if (open.client === client) this.#close(open)
    this.outcomes.set(request, 'SUCCESS')
    this.#resume()
  }

  #close(open: Open): void {
    const { file, holder, request: opened } = open
    this.openBy.delete(opened)
    for (const waiting of this.#waiting) if (waiting.open === open) this.outcomes.set(waiting.request, 'CANCELLED')
    this.#waiting = this.#waiting.filter((waiting) => waiting.open !== open)
    for (const { lock, request } of file.queue) if (lock.open === open) this.outcomes.set(request, 'RANGE_NOT_LOCKED')
    file.queue = file.queue.filter(({ lock }) => lock.open !== open)
    file.locks = file.locks.filter((lock) => lock.open !== open)
    this.#grantLocks(file)
    if (open.deletesOnClose) {
      file.going = true
      this.#take(file, 'handles', holder)
    }
    file.opens.splice(file.opens.indexOf(open), 1)
    if (file.opens.length === 0 && file.going) this.files.delete(file.name)
    holder?.opens.delete(open)
    if (holder === undefined || holder.opens.size > 0) return
    this.#drop(holder)
    if (holder.kind === 'lease') this.#leases.delete(`${holder.client} ${holder.key}`)
  }

  /** Of an oplock with the request of its open, of a lease with its key. */
  acknowledge(request: number, holder: Holder | undefined, rights: Rights): void {
    this.outcomes.set(request, this.#acknowledge(holder, rights))
    this.#resume()
  }

  #acknowledge(holder: Holder | undefined, rights: Rights): string {
    if (holder === undefined) return 'OBJECT_NAME_NOT_FOUND'
    const { breaking } = holder
    if (breaking === undefined) return holder.kind === 'lease' ? 'UNSUCCESSFUL' : 'INVALID_OPLOCK_PROTOCOL'
    if (holder.kind === 'lease' && common(rights, breaking.to) !== rights) return 'REQUEST_NOT_ACCEPTED'
    holder.rights = holder.kind === 'lease' ? rights : common(rights, breaking.to)
    const answer = `SUCCESS ${holder.rights}`
    const left = common(holder.rights, breaking.required)
    if (left === holder.rights) this.#finish(holder)
    // Reading goes last, by itself.
    else this.#tell(holder, holder.rights === 'R' ? left : common('RWH', `R${left}`), false)
    return answer
  }

  /** Nobody who has been asked before now has said anything for too long. */
  expire(): void {
    const late = this.holders.filter(({ breaking }) => breaking !== undefined)
    for (const holder of late.toSorted((a, b) => (a.breaking?.since ?? 0) - (b.breaking?.since ?? 0)))
      this.#drop(holder)
    this.#resume()
  }

  #drop(holder: Holder): void {
    holder.rights = ''
    this.#finish(holder)
  }

  #finish(holder: Holder): void {
    if (holder.breaking !== undefined) holder.breaking.doneAt = ++this.#moment
    holder.breaking = undefined
  }

  #take(file: File, taking: Taking, own: Holder | undefined, which: (holder: Holder) => boolean = () => true): Break[] {
    const delays: Break[] = []
    const holders = [...new Set(file.opens.flatMap(({ holder }) => holder ?? []))]
    for (const holder of holders.toSorted((a, b) => a.since - b.since)) {
      const isSpared = holder === own && !(taking === 'data' && holder.kind === 'oplock' && holder.rights === 'R')
      const to = BREAKS[holder.kind][taking][holder.rights]
      if (isSpared || to === undefined || !which(holder)) continue
      const waits = isWaitedFor(holder.kind, taking, holder.rights)
      if (holder.breaking === undefined) this.#tell(holder, to, true)
      else holder.breaking.required = common(holder.breaking.required, to)
      if (waits && holder.breaking !== undefined) delays.push(holder.breaking)
    }
    return delays
  }

  #tell(holder: Holder, to: Rights, isFirst: boolean): void {
    const { client, key, kind, version, rights } = holder
    if (isFirst) holder.epoch++
    const epoch = version === 2 ? ` ${holder.epoch}` : ''
    const text =
      kind === 'oplock' ? `${key}: ${to}` : `lease ${key}: ${rights}>${to}${rights === 'R' ? '!' : ''}${epoch}`
    this.told.push({ client, text })
    if (rights === 'R') {
      holder.rights = to
      this.#finish(holder)
      return
    }
    holder.breaking ??= { to, required: to, since: 0, doneAt: undefined }
    holder.breaking.to = to
    holder.breaking.since = ++this.#moment
  }

  #run(request: number, client: number, open: Open | undefined, attempt: Waiting['attempt']): void {
    const result = attempt()
    if (typeof result === 'string') this.outcomes.set(request, result)
    else this.#waiting.push({ request, client, open, attempt, breaks: result, since: ++this.#moment })
  }

  /** Who has nothing left to wait for tries again, in the order in which that came about. */
  #resume(): void {
    const last = ({ breaks }: Waiting) => Math.max(...breaks.map(({ doneAt = Infinity }) => doneAt))
    const ready = this.#waiting.filter((waiting) => last(waiting) < Infinity)
    this.#waiting = this.#waiting.filter((waiting) => !ready.includes(waiting))
    for (const { request, client, open, attempt } of ready.toSorted((a, b) => last(a) - last(b) || a.since - b.since))
      this.#run(request, client, open, attempt)
  }
}

/** Nothing that others have or do stands against it. */
function mayHave(holder: Holder, rights: string): boolean {
  const { file, opens } = holder
  const others = file.opens.filter((open) => !opens.has(open))
  const holders = others.flatMap((open) => open.holder ?? []).filter((other) => other !== holder && other.rights !== '')
  if (rights.includes('H') && file.going) return false
  if (rights.includes('W')) return holders.length === 0 && others.every(({ looks }) => looks === 'attributes')
  if (file.locks.some(({ range }) => range[0] < file.size)) return false
  return holders.every(
    (other) =>
      other.breaking === undefined &&
      !other.rights.includes('W') &&
      (other.kind === holder.kind || !(holder.kind === 'lease' ? rights : other.rights).includes('H')),
  )
}

const overlap = ([start, end]: Range, [otherStart, otherEnd]: Range): boolean => start < otherEnd && otherStart < end

/** Nobody has locked what this would lock: shared locks go together, and on top of one's own. */
const isFree = ({ open, range, exclusive }: Lock): boolean =>
  !open.file.locks.some((lock) => overlap(lock.range, range) && (exclusive || (lock.exclusive && lock.open !== open)))
