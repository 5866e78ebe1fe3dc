import { Command } from 'commander'
import { printable } from '../report.ts'
import { displayAddress, joinPath, parseShareAddress } from './address.ts'
import { type ConnectionOptions, positive, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { factsJson, markedName } from './facts.ts'
import { count, json } from './format.ts'
import { about } from './servers.ts'
import { type Walked, walk } from './walk.ts'

interface TreeOptions extends ConnectionOptions {
  readonly depth?: number
  readonly folders?: boolean
  readonly json?: boolean
}

/** `smbkit tree`: a folder with all that is in it, drawn. */
export function treeCommand(): Command {
  return withConnection(
    new Command('tree')
      .description('draw a folder with all that is in it')
      .argument('<address>', 'folder')
      .option('-L, --depth <number>', 'so many folders deep', positive)
      .option('-d, --folders', 'folders alone')
      .option('--json', 'for programs'),
  ).action((word: string, options: TreeOptions) => runClient(options, (context) => draw(context, word, options)))
}

async function draw(context: Context, word: string, options: TreeOptions): Promise<void> {
  const address = parseShareAddress(context.named(word))
  const share = await context.servers.share(address)
  const { signal, out } = context
  const title = displayAddress(address)
  const drawing = options.json === true ? new JsonTree(title) : new DrawnTree(title, options.folders === true)
  const depth = options.depth === undefined ? {} : { maxDepth: options.depth }
  const walked = walk(share, address.path, { signal, ...depth })
  const drawAll = async (): Promise<void> => {
    for await (const next of options.folders === true ? foldersOf(walked) : walked) {
      const { path, problem } = next
      if (problem !== undefined)
        context.failed(displayAddress({ ...address, path: joinPath(address.path, path) }), problem)
      await out.write(drawing.add(next))
    }
  }
  await about(address, drawAll())
  await out.write(drawing.end())
}

/** Folders alone: which one is the last of its folder shows when all are known. */
async function* foldersOf(walked: AsyncIterable<Walked>): AsyncGenerator<Walked> {
  const folders: Walked[] = []
  for await (const next of walked) if (next.stats.isDirectory()) folders.push(next)
  const lasts = new Set<Walked>()
  const seen: boolean[] = []
  for (const folder of folders.toReversed()) {
    if (seen[folder.depth] !== true) lasts.add(folder)
    seen[folder.depth] = true
    // What is found from here on below is of another folder.
    seen.length = folder.depth + 1
  }
  for (const folder of folders) yield { ...folder, isLast: lasts.has(folder) }
}

class DrawnTree {
  readonly #title: string
  readonly #foldersOnly: boolean
  /** Of the folders from the root to where the walk is: whether each is the last of its folder. */
  readonly #lasts: boolean[] = []
  #folders = 0
  #files = 0

  constructor(title: string, foldersOnly: boolean) {
    this.#title = title
    this.#foldersOnly = foldersOnly
  }

  add({ name, depth, stats, isLast }: Walked): string {
    const isFirst = this.#folders + this.#files === 0
    if (stats.isDirectory()) this.#folders++
    else this.#files++
    this.#lasts.length = depth - 1
    const stem = this.#lasts.map((last) => (last ? '    ' : '│   ')).join('')
    this.#lasts.push(isLast)
    const head = isFirst ? `${printable(this.#title)}\n` : ''
    return `${head}${stem}${isLast ? '└── ' : '├── '}${printable(markedName(name, stats))}\n`
  }

  end(): string {
    const head = this.#folders + this.#files === 0 ? `${printable(this.#title)}\n` : ''
    const files = this.#foldersOnly ? '' : `, ${count(this.#files, 'file')}`
    return `${head}\n${count(this.#folders, 'folder')}${files}\n`
  }
}

interface Branch {
  readonly name: string
  readonly entries?: Branch[]
}

class JsonTree {
  readonly #root: Branch & { readonly entries: Branch[] }
  /** What is in the folders from the root to where the walk is. */
  readonly #lists: Branch[][]

  constructor(title: string) {
    this.#root = { name: title, entries: [] }
    this.#lists = [this.#root.entries]
  }

  add({ name, depth, stats }: Walked): string {
    this.#lists.length = depth
    const entries: Branch[] = []
    this.#lists.at(-1)?.push({ name, ...factsJson(stats), ...(stats.isDirectory() && { entries }) })
    if (stats.isDirectory()) this.#lists.push(entries)
    return ''
  }

  end(): string {
    return json(this.#root)
  }
}
