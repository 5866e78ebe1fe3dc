/** Two clients that keep what they may: nobody ever reads what was there before a write that is over. */
import assert from 'node:assert/strict'
import {
  type Client,
  type ConnectOptions,
  type Dirent,
  type FileHandle,
  type Share,
  SmbError,
} from '../../src/client/index.ts'
import { type Content, Knowledge } from './knowledge.ts'
import { Library } from './library.ts'
import type { Random } from './random.ts'
import { scenario, type World } from './world.ts'

const NAMES = ['a', 'b', 'folder/c'] as const
/** Files are so many bytes of one letter, and then of another: not a divisor of what is kept at a time. */
const CELL_BYTES = 20_000
const MAX_CELLS = 8
/** Above so many that a file may be in, somebody asks. */
const MAX_STATES = 8

const bytesOf = (content: string): Buffer =>
  Buffer.concat([...content].map((letter) => Buffer.alloc(CELL_BYTES, letter)))

/** The cells of what was read; each has to be whole. */
function contentOf(bytes: Uint8Array): string {
  let content = ''
  for (let at = 0; at < bytes.length; at += CELL_BYTES) {
    const cell = bytes.subarray(at, at + CELL_BYTES)
    assert.equal(cell.length, CELL_BYTES, 'a cell that is cut off')
    assert.ok(
      cell.every((byte) => byte === cell[0]),
      'a cell that is torn',
    )
    content += String.fromCharCode(cell[0] as number)
  }
  return content
}

/** One of the two, and the files that it has open. */
interface Player {
  readonly client: Client
  readonly library: Library
  readonly share: Share
  readonly handles: Map<string, FileHandle>
}

class Game {
  readonly #world: World
  readonly #players: readonly Player[]
  readonly #files = new Map(NAMES.map((name) => [name as string, new Knowledge()]))
  /** Files that are written to in this round. */
  readonly #written = new Set<string>()
  /** What was there before it, or came in it, by file. */
  readonly #seen = new Map<string, Content[]>()
  /** Handles that somebody is using in this round, or closing: not both. */
  readonly #used = new Set<FileHandle>()
  readonly #writesBehind: boolean
  /** Where connections are cut: somebody who keeps nothing and loses no connection. */
  readonly #judge: Player | undefined
  /** Files of which nobody knows what is in them: a connection was cut. */
  readonly #unknown = new Set<string>()

  constructor(world: World, players: readonly Player[], writesBehind: boolean, judge?: Player) {
    this.#world = world
    this.#writesBehind = writesBehind
    this.#players = players
    this.#judge = judge
  }

  get #random(): Random {
    return this.#world.random
  }

  #of(name: string): Knowledge {
    return this.#files.get(name) as Knowledge
  }

  /** What comes back at once may be lost with its connection: then the one who wrote it is told. */
  get #mayOwe(): boolean {
    return this.#writesBehind && this.#judge !== undefined
  }

  /** Some things at once, none of which writes where another does. */
  async round(): Promise<void> {
    this.#written.clear()
    this.#seen.clear()
    this.#used.clear()
    this.#cutEvery(CUT_ONE_IN)
    const count = this.#random.oneIn(2) ? 1 : 2 + this.#random.below(5)
    const busy = this.#random.pick(NAMES)
    const moves: Promise<void>[] = []
    for (let i = 0; i < count; i++) {
      const player = this.#random.pick(this.#players)
      const name = this.#random.oneIn(2) ? busy : this.#random.pick(NAMES)
      moves.push(count === 1 && this.#random.oneIn(4) ? this.#rename(player, name) : this.#move(player, name))
    }
    const [first] = this.#players
    await (first as Player).library.during(Promise.all(moves))
    if (this.#mayOwe) await this.#ask()
    await this.#settle()
    if (this.#random.oneIn(20)) this.#world.clock.advance(6000)
  }

  #cutEvery(oneIn: number): void {
    if (this.#judge === undefined) return
    for (const { library } of this.#players) {
      library.cutOneIn = oneIn
      // Also while nothing is going on: what is kept then has nobody's promise any more.
      if (oneIn > 0 && this.#random.oneIn(10)) library.cutAll()
    }
  }

  /** Some want to know whether what they have written is stored, also after they were cut off. */
  async #ask(): Promise<void> {
    for (const player of this.#players)
      for (const [name, handle] of player.handles) {
        if (this.#unknown.has(name)) continue
        if (this.#random.oneIn(4)) await this.#cutOff(player, name, handle)
        // Who was told when writing again is not told once more.
        if (this.#unknown.has(name)) continue
        const isMuch = this.#of(name).contents.length > MAX_STATES
        if (this.#of(name).owes(player) && (isMuch || this.#random.oneIn(3)))
          await player.library.during(this.#confirm(player, name, handle))
      }
  }

  /** Somebody writes, and is cut off before the server has it; meanwhile the other one may use the file. */
  async #cutOff(player: Player, name: string, handle: FileHandle): Promise<void> {
    this.#written.clear()
    const { library } = player
    library.cutOneIn = 0
    await library.during(this.#writeCell(player, handle, name, 'z'))
    this.#written.clear()
    library.refusal = 'ECONNREFUSED'
    library.cutAll()
    const { library: others, share } = this.#players.find((other) => other !== player) as Player
    others.cutOneIn = 0
    const writes = (after: string): Promise<void> => share.writeFile(name, bytesOf(after))
    if (this.#random.oneIn(3)) await others.during(this.#read(share, name))
    else if (this.#random.oneIn(2)) await others.during(this.#replace(name, 'since', writes))
    library.refusal = undefined
    this.#cutEvery(CUT_ONE_IN)
  }

  async #confirm(player: Player, name: string, handle: FileHandle, closes = this.#random.oneIn(3)): Promise<void> {
    if (closes) player.handles.delete(name)
    try {
      await (closes ? handle.close() : handle.sync())
    } catch (error) {
      if (!this.#mayOwe) throw error
      lostByCut(error)
      this.#unknown.add(name)
      return
    }
    assert.ok(this.#of(name).stored(player), `${name}: it was said to be stored, and others saw that it is not`)
  }

  /** What nobody knows is settled by one whom everybody has to notice. */
  async #settle(): Promise<void> {
    this.#cutEvery(0)
    const judge = this.#judge
    if (judge === undefined) return
    for (const name of this.#unknown) {
      const content = this.#random.oneIn(3) ? undefined : 'known again'.slice(0, MAX_CELLS)
      // Whoever has it open and has lost it has to give it back.
      for (const { handles } of this.#players) await this.#giveBack(handles, name)
      if (content === undefined) await judge.library.during(judge.share.rm(name, { force: true }))
      else await judge.library.during(judge.share.writeFile(name, bytesOf(content)))
      this.#of(name).is(content)
    }
    this.#unknown.clear()
  }

  async #giveBack(handles: Map<string, FileHandle>, name: string): Promise<void> {
    const handle = handles.get(name)
    handles.delete(name)
    await this.#judge?.library.during(handle?.close().catch(lostByCut) ?? Promise.resolve())
  }

  /** A change by one whose connection may be cut: then it was done, or was not, or half. */
  async #changes(names: readonly string[], work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (this.#judge === undefined) throw error
      lostByCut(error)
      for (const name of names) this.#unknown.add(name)
      return false
    }
  }

  /** Uses a handle, which is gone where the file could not be got again after a cut. */
  async #looks(player: Player, name: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (this.#judge === undefined) throw error
      lostByCut(error)
      if (this.#of(name).owes(player)) this.#unknown.add(name)
      const handle = player.handles.get(name)
      player.handles.delete(name)
      await handle?.close().catch(lostByCut)
    }
  }

  #move(player: Player, name: string): Promise<void> {
    const { share, handles } = player
    const handle = handles.get(name)
    const mayWrite = !this.#written.has(name)
    const letter = String.fromCharCode(97 + this.#random.below(26))
    const content = this.#of(name).newest
    // To open and to write by that is what there is most to lose by.
    const kind = this.#mayOwe && this.#random.oneIn(2) ? this.#random.pick([1, 4]) : this.#random.below(14)
    const isFree = handle !== undefined && !this.#used.has(handle)
    if (handle !== undefined) this.#used.add(handle)
    const toggles = kind === 4 && (handle === undefined || (isFree && this.#random.oneIn(3)))
    if (toggles) return this.#looks(player, name, () => this.#toggle(player, name))
    switch (kind) {
      case 0:
        if (!mayWrite) return this.#read(share, name)
        return this.#replace(name, letter.repeat(this.#random.below(MAX_CELLS + 1)), (after) =>
          share.writeFile(name, bytesOf(after)),
        )
      case 1:
      case 2:
        if (handle === undefined || !mayWrite || content === undefined) return this.#read(share, name)
        return this.#writeCell(player, handle, name, letter)
      case 3:
        if (handle === undefined || !mayWrite || content === undefined) return this.#read(share, name)
        return this.#truncate(share, handle, name, this.#random.below(content.length + 1))
      case 5:
      case 6:
      case 9:
      case 10:
      case 11:
        if (handle === undefined) return this.#read(share, name)
        return this.#looks(player, name, () => this.#readCells(handle, name))
      case 7:
        return this.#looks(player, name, () =>
          this.#random.oneIn(2) ? this.#stat(player, name) : this.#lookInto(share, name),
        )
      case 8:
        return this.#list(share, name)
      default:
        return this.#read(share, name)
    }
  }

  /** `writer`: who may be told later that it is not stored. */
  async #write(
    name: string,
    change: (content: string) => string,
    work: () => Promise<unknown>,
    writer?: Player,
  ): Promise<void> {
    const changed = (content: Content): string => change(content ?? '')
    const file = this.#of(name)
    this.#written.add(name)
    this.#seen.set(name, [...file.contents, ...file.contents.map(changed)])
    if (await this.#changes([name], work)) file.changed(changed, writer)
  }

  #replace(name: string, after: string, work: (after: string) => Promise<unknown>): Promise<void> {
    return this.#write(
      name,
      () => after,
      () => work(after),
    )
  }

  #truncate(share: Share, handle: FileHandle, name: string, cells: number): Promise<void> {
    return this.#write(
      name,
      (content) => content.slice(0, cells).padEnd(cells, '\0'),
      () =>
        (this.#random.oneIn(2) ? handle : { truncate: (size: number) => share.truncate(name, size) }).truncate(
          cells * CELL_BYTES,
        ),
    )
  }

  #writeCell(player: Player, handle: FileHandle, name: string, letter: string): Promise<void> {
    const at = this.#random.below(Math.min(MAX_CELLS, (this.#of(name).newest ?? '').length + 1))
    return this.#write(
      name,
      (content) => content.slice(0, at).padEnd(at, '\0') + letter + content.slice(at + 1),
      () => handle.write(Buffer.alloc(CELL_BYTES, letter), 0, CELL_BYTES, at * CELL_BYTES),
      this.#mayOwe ? player : undefined,
    )
  }

  /** Opens the file, or closes it. */
  async #toggle(player: Player, name: string): Promise<void> {
    const { share, handles } = player
    const handle = handles.get(name)
    if (handle !== undefined) {
      await this.#confirm(player, name, handle, true)
    } else if (this.#of(name).newest !== undefined) {
      const writes = this.#random.oneIn(2)
      const opened = await share.open(name, writes ? 'r+' : 'r')
      // One that only reads is closed again, and rests.
      if (writes && !handles.has(name)) handles.set(name, opened)
      else {
        await this.#readCells(opened, name)
        await opened.close()
      }
    }
  }

  /** By one more handle. */
  async #lookInto(share: Share, name: string): Promise<void> {
    if (this.#of(name).newest === undefined) return
    const handle = await share.open(name)
    await this.#readCells(handle, name)
    await handle.close()
  }

  async #read(share: Share, name: string): Promise<void> {
    const found = await share.readFile(name).catch(absent)
    this.#check(name, found)
  }

  async #readCells(handle: FileHandle, name: string): Promise<void> {
    const at = this.#random.below(MAX_CELLS)
    const count = 1 + this.#random.below(3)
    const into = Buffer.alloc(count * CELL_BYTES)
    const { bytesRead } = await handle.read(into, 0, into.length, at * CELL_BYTES)
    this.#check(name, into.subarray(0, bytesRead), (content) => content.slice(at, at + count))
  }

  async #stat({ share, handles }: Player, name: string): Promise<void> {
    const stats = await (handles.get(name)?.stat() ?? share.stat(name).catch(absent))
    // To look at a file is no reason for others to write down what they have of it (MS-FSA 2.1.4.12).
    const isAhead =
      this.#writesBehind && this.#players.some((player) => player.share !== share && player.handles.has(name))
    if (this.#written.has(name) || isAhead) return
    const isKnown = this.#of(name).seen(
      (content) => (content === undefined ? undefined : content.length * CELL_BYTES) === stats?.size,
    )
    assert.ok(isKnown, `${name}: its size of ${stats?.size}`)
  }

  async #list(share: Share, name: string): Promise<void> {
    const folder = name.includes('/') ? 'folder' : ''
    const entries = this.#random.oneIn(2) ? undefined : await share.readdir(folder, { withFileTypes: true })
    const names = entries?.map((entry) => entry.name) ?? (await share.readdir(folder))
    if (this.#written.size > 0) return
    for (const entry of entries ?? []) if (entry.isFile()) this.#checkSize(folder, entry)
    const there = [...this.#files].flatMap(([file, { newest }]) => (newest === undefined ? [] : [file]))
    const expected =
      folder === ''
        ? ['folder', ...there.filter((file) => !file.includes('/'))]
        : there.flatMap((file) => file.split('folder/')[1] ?? [])
    assert.deepEqual(names.toSorted(), expected.toSorted(), `what is in '${folder}'`)
  }

  /** As it is listed, where nobody has it open to write to it: folders tell of that when it is closed. */
  #checkSize(folder: string, { name, stats }: Dirent): void {
    const path = folder === '' ? name : `${folder}/${name}`
    const isAhead = this.#players.some(({ handles }) => handles.has(path))
    if (isAhead) return
    const isKnown = this.#of(path).seen((content) => (content ?? '').length * CELL_BYTES === stats.size)
    assert.ok(isKnown, `${path}: its size of ${stats.size} as it is listed`)
  }

  /** Removes a file, or gives it another name. */
  async #rename({ share }: Player, name: string): Promise<void> {
    const content = this.#of(name).newest
    if (content === undefined) return
    const to = this.#random.pick(NAMES)
    if (this.#players.some(({ handles }) => handles.has(name) || handles.has(to))) return
    if (this.#random.oneIn(2)) {
      if (await this.#changes([name], () => share.unlink(name))) this.#of(name).is(undefined)
    } else if (to !== name && (await this.#changes([name, to], () => share.rename(name, to)))) {
      this.#of(name).is(undefined)
      this.#of(to).is(content)
    }
  }

  #check(name: string, found: Uint8Array | undefined, part = (content: string): string => content): void {
    if (!this.#written.has(name)) {
      const there = found && contentOf(found)
      const { contents } = this.#of(name)
      const isKnown = this.#of(name).seen((content) => (content === undefined ? undefined : part(content)) === there)
      assert.ok(
        isKnown,
        `${name}: ${there} is none of ${contents.map((content) => content && part(content)).join(', ')}`,
      )
      return
    }
    // While it is written any cell may be as it was or as it is to be.
    const seen = (this.#seen.get(name) ?? []).map((one) => (one === undefined ? '' : part(one)))
    for (let at = 0; at < (found?.length ?? 0); at += CELL_BYTES) {
      const letter = String.fromCharCode(found?.[at] as number)
      assert.ok(
        seen.some((one) => one[at / CELL_BYTES] === letter),
        `${name}: ${letter} is none of ${seen.join(', ')}`,
      )
    }
  }

  /** What everybody sees at the end. */
  async finish(): Promise<void> {
    this.#written.clear()
    for (const player of this.#players) {
      const { library, handles } = player
      for (const [name, handle] of handles) await library.during(this.#confirm(player, name, handle, true))
    }
    await this.#settle()
    for (const { library, share } of this.#players) {
      for (const name of NAMES) this.#check(name, await library.during(share.readFile(name).catch(absent)))
    }
  }
}

/** What a cut may end in: nobody knows, or the file could not be got again as it was. */
function lostByCut(error: unknown): void {
  assert.ok(error instanceof SmbError, String(error))
  const { code } = error as NodeJS.ErrnoException
  assert.ok(code === 'EBADF' || ('outcomeUnknown' in error && error.outcomeUnknown === true), String(error.stack))
}

function absent(error: unknown): undefined {
  assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT', String(error))
  return undefined
}

const kinds: readonly (readonly [name: string, options: ConnectOptions])[] = [
  ['leases', {}],
  ['leases, written behind', { writeBehind: true }],
  ['leases of the first kind', { maxDialect: '2.1' }],
  ['leases of the first kind, written behind', { maxDialect: '2.1', writeBehind: true }],
  ['oplocks', { maxDialect: '2.0.2' }],
  ['oplocks, written behind', { maxDialect: '2.0.2', writeBehind: true }],
  ['little room', { limits: { maxCachedBytes: 100_000, maxDeferredHandles: 2, maxCachedEntries: 2 } }],
  ['two channels, written behind', { channels: 2, writeBehind: true }],
  ['two channels', { channels: 2 }],
  ['nothing kept', { leases: false }],
]

/** Every how many deliveries a connection is cut. */
const CUT_ONE_IN = 40

async function twoPlayers(world: World, options: ConnectOptions): Promise<[Player, Player]> {
  const made: Player[] = []
  for (let i = 0; i < 2; i++) {
    const library = new Library(world)
    library.holdOneIn = 3
    made.push(await playerBy(library, options))
  }
  return made as [Player, Player]
}

async function playerBy(library: Library, options: ConnectOptions): Promise<Player> {
  const client = await library.connect(options)
  return { library, client, share: await library.during(client.share('data')), handles: new Map() }
}

async function play(game: Game, [one, two]: readonly [Player, Player]): Promise<void> {
  await one.library.during(one.share.mkdir('folder'))
  for (let i = 0; i < 100; i++) await game.round()
  await game.finish()
  await one.library.during(one.client.close())
  await two.library.during(two.client.close())
}

for (const [name, options] of kinds)
  scenario(`two clients never read what is old: ${name}`, {}, async (world) => {
    const both = await twoPlayers(world, options)
    await play(new Game(world, both, options.writeBehind === true), both)
  })

for (const [name, options] of kinds)
  scenario(`two clients never read what is old, with cut connections: ${name}`, {}, async (world) => {
    const both = await twoPlayers(world, options)
    const judge = await playerBy(new Library(world), { leases: false })
    await play(new Game(world, both, options.writeBehind === true, judge), both)
    const [one, two] = both
    assert.ok(one.library.cuts + two.library.cuts > 5, 'connections are cut')
    await judge.library.during(judge.client.close())
  })
