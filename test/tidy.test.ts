/** The rules of the house that a program can check. ARCHITECTURE.md says why they are so. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** What a folder may import, as in the picture; what those may import is allowed too. */
const layers: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  wire: ['bytes'],
  crypto: ['wire', 'native'],
  protocol: ['crypto'],
  native: [],
  auth: ['crypto', 'native'],
  rpc: ['auth', 'protocol'],
  server: ['rpc'],
  client: ['rpc'],
  domain: ['client'],
  trace: ['rpc'],
  backends: ['server/backend.ts', 'native'],
  state: ['bytes', 'server/open-store.ts'],
  net: ['protocol/transport.ts', 'native'],
  config: ['server'],
  cli: ['config', 'backends', 'state', 'net', 'client', 'domain', 'trace'],
}
/** The file of a folder that puts a layer above it in: the door by which programs of others come in. */
const doors: Readonly<Record<string, readonly string[]>> = {
  'src/server/index.ts': ['net', 'state'],
  'src/client/index.ts': ['net'],
  'src/domain/index.ts': ['net'],
}
/** What the one file of a folder that others may import imports itself. */
const contracts: Readonly<Record<string, readonly string[]>> = {
  'server/backend.ts': ['wire'],
  'server/open-store.ts': [],
  'protocol/transport.ts': [],
}
/** Packages and modules that are for one folder alone. */
const owners: Readonly<Record<string, string>> = {
  koffi: 'native',
  commander: 'cli',
  'hyparquet-writer': 'cli',
  zod: 'config',
  yaml: 'config',
  'bonjour-service': 'net',
  'fast-xml-parser': 'net',
  'node:net': 'net',
  'node:dgram': 'net',
  'node:tls': 'net',
  'node:sqlite': 'state',
}
/** Folders that run in a browser too. */
const withoutNode = ['bytes', 'wire']
/** What browsers import: nothing that is behind it may need Node. */
const browserEntries = ['src/wire/index.ts', 'src/trace/index.ts']

const maxLines = 700
const secondLookLines = 500
/** Tables that come out of a specification may be as long as it is. */
const tables = ['src/wire/erref/ntstatus.ts', 'src/wire/erref/win32.ts']

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll('\\', '/'),
    )
    .toSorted()
}

const sources = filesBelow('src', '.ts')
const tracked = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
/** All files of the project; without git (in an unpacked archive) those of its main folders. */
const allFiles =
  tracked.status === 0
    ? tracked.stdout.split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
    : ['src', 'test', 'scripts', 'docs', 'bench'].flatMap((folder) => filesBelow(folder, ''))

/** What a file imports: relative paths from the root of the project, packages by name. */
function importsOf(file: string): string[] {
  const code = read(file)
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/^\s*import\s*['"]([^'"]+)['"]/gm),
    ...code.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]/g),
  ]
  return found.map(([, name = '']) =>
    name.startsWith('.') ? normalize(join(dirname(file), name)).replaceAll('\\', '/') : name,
  )
}

const folderOf = (file: string): string => file.split('/')[1] ?? ''
const packageOf = (name: string): string =>
  name.startsWith('@')
    ? name.split('/').slice(0, 2).join('/')
    : name.startsWith('node:')
      ? name
      : (name.split('/')[0] ?? '')

/** Every folder and file that a layer reaches. */
function reach(layer: string): Set<string> {
  const reached = new Set<string>([layer])
  for (const name of reached) for (const next of layers[name] ?? contracts[name] ?? []) reached.add(next)
  return reached
}

const allows = (allowed: ReadonlySet<string>, target: string): boolean => {
  const inside = target.replace(/^src\//, '')
  return allowed.has(folderOf(target)) || allowed.has(inside)
}

test('each folder of src is in the picture, and imports what the picture allows', () => {
  const wrong: string[] = []
  for (const file of sources) {
    const folder = folderOf(file)
    assert.ok(folder in layers, `${file}: src/${folder} is no folder of the picture`)
    const allowed = reach(folder)
    for (const door of doors[file] ?? []) for (const name of reach(door)) allowed.add(name)
    for (const target of importsOf(file)) {
      const isOurs = target.startsWith('src/') || target.startsWith('test/') || target.startsWith('package.json')
      if (isOurs && !allows(allowed, target)) wrong.push(`${file} imports ${target}`)
    }
  }
  assert.deepEqual(wrong, [])
})

test('ARCHITECTURE.md draws the same picture', {
  skip: !existsSync(join(root, 'ARCHITECTURE.md')) && 'not written yet',
}, () => {
  const drawn = new Map<string, string[]>()
  // An entry is `src/NAME/ words -> what it imports`; the words may run over several lines that are indented.
  for (const [, name = '', entry = ''] of read('ARCHITECTURE.md').matchAll(
    /^src\/(\w+)\/((?:.*\n)(?:[ \t]+.*\n)*)/gm,
  )) {
    const arrow = /(?:->|imports)\s+([\w/., -]+?)\s*$/.exec(entry)?.[1] ?? ''
    drawn.set(name, arrow === 'nothing' || arrow === '' ? [] : arrow.split(/,\s*/))
  }
  for (const [folder, imports] of Object.entries(layers))
    assert.deepEqual(drawn.get(folder), [...imports], `src/${folder}/`)
})

test('packages and sockets have one owner each', () => {
  const declared = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  const wrong: string[] = []
  for (const file of sources) {
    const folder = folderOf(file)
    for (const target of importsOf(file)) {
      if (target.startsWith('src/') || target.startsWith('package.json')) continue
      const name = packageOf(target)
      const owner = owners[name]
      if (owner !== undefined && owner !== folder) wrong.push(`${file} imports ${name}, which is for src/${owner}`)
      if (withoutNode.includes(folder)) wrong.push(`${file} imports ${name}, and src/${folder} runs without Node`)
      if (!name.startsWith('node:') && !(name in declared.dependencies))
        wrong.push(`${file} imports ${name}, which is no dependency`)
    }
  }
  assert.deepEqual(wrong, [])
})

/** Whether a file imports nothing but types of another: then it runs without it. */
const importsTypesOnly = (file: string, target: string): boolean =>
  [...read(file).matchAll(/^\s*(?:import|export)\s([^'"`;]*?)from\s*['"]([^'"]+)['"]/gm)]
    .filter(([, , name = '']) => normalize(join(dirname(file), name)).replaceAll('\\', '/') === target)
    .every(([, what = '']) => what.startsWith('type '))

test('what runs in a browser reaches no module of Node, by any way', () => {
  const reached = new Map<string, string>(browserEntries.map((entry) => [entry, entry]))
  const wrong: string[] = []
  for (const [file, way] of reached)
    for (const target of importsOf(file)) {
      if (target.startsWith('src/') && importsTypesOnly(file, target)) continue
      if (target.startsWith('src/') && !reached.has(target)) reached.set(target, `${way} > ${target}`)
      if (!target.startsWith('src/')) wrong.push(`${way} > ${target}`)
    }
  assert.deepEqual(wrong, [])
})

test('every file of src is reached from an entry of the package or a script', () => {
  const manifest = JSON.parse(read('package.json')) as {
    bin: Record<string, string>
    exports: Record<string, string | { default: string }>
    scripts: Record<string, string>
  }
  const built = [
    ...Object.values(manifest.bin),
    ...Object.values(manifest.exports).map((entry) => (typeof entry === 'string' ? entry : entry.default)),
  ]
  const entries = built
    .filter((path) => path.endsWith('.js'))
    .map((path) => path.replace(/^\.?\/?dist\//, 'src/').replace(/\.js$/, '.ts'))
  const scripts = [...Object.values(manifest.scripts), read('scripts/bundle.ts')]
  for (const script of scripts) entries.push(...(script.match(/src\/[\w/-]+\.ts/g) ?? []))
  for (const entry of entries) assert.ok(sources.includes(entry), `package.json names ${entry}, which is not there`)
  const reached = new Set(entries)
  for (const file of reached) for (const target of importsOf(file)) if (target.startsWith('src/')) reached.add(target)
  // A worker is started by its path and not imported.
  for (const file of reached)
    for (const [, worker = ''] of read(file).matchAll(/new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g))
      reached.add(normalize(join(dirname(file), worker)))
  const unreached = sources.filter((file) => !reached.has(file))
  assert.deepEqual(unreached, [])
})

test('files have a size that can be read', (t) => {
  const sizes = allFiles
    .filter((file) => file.endsWith('.ts') && !tables.includes(file))
    .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
  for (const { file, lines } of sizes)
    if (lines > secondLookLines) t.diagnostic(`${file} has ${lines} lines: it wants a second look`)
  assert.deepEqual(
    sizes.filter(({ lines }) => lines > maxLines),
    [],
  )
})

test('nothing is left over, switched off or of one machine only', () => {
  const forbidden: readonly (readonly [RegExp, string])[] = [
    [/\b(?:TODO|FIXME|XXX)\b/, 'says that it is not done'],
    [/\b(?:test|it|suite|describe)\.only\(/, 'runs one test alone'],
    [/@ts-(?:ignore|nocheck|expect-error)/, 'silences the checker'],
    [/(?:^|[\s'"`(=])\/(?:work|root|home\/\w+)\//, 'names a folder of one machine'],
    [/^\s*debugger;?$/, 'stops in a debugger'],
  ]
  const leftAlone = ['package-lock.json', 'test/tidy.test.ts']
  const wrong: string[] = []
  for (const file of allFiles) {
    if (!/\.(?:ts|js|json|md|yaml|yml|sh)$|^scripts\/|^\.ci\//.test(file) || leftAlone.includes(file)) continue
    read(file)
      .split('\n')
      .forEach((line, index) => {
        for (const [pattern, what] of forbidden)
          if (pattern.test(line)) wrong.push(`${file}:${index + 1} ${what}: ${line.trim()}`)
      })
  }
  assert.deepEqual(wrong, [])
})

test('the lock file names no registry', () => {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string }> }
  assert.deepEqual(
    Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined),
    [],
  )
  assert.doesNotMatch(read('package-lock.json'), /registry\./)
})

test('the lock file has every package for every platform', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dependencies?: object; optionalDependencies?: object; integrity?: string }>
  }
  const named = Object.values(packages).flatMap((entry) =>
    Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }),
  )
  // Without one of them `npm ci` refuses to install anything.
  assert.deepEqual(
    [...new Set(named)].filter((name) => packages[`node_modules/${name}`]?.integrity === undefined),
    [],
  )
})

test('tests run on the Node that package.json pins', () => {
  const manifest = JSON.parse(read('node_modules/node/package.json')) as { version: string }
  assert.equal(process.versions.node, manifest.version)
})

const pages = allFiles.filter((file) => file.endsWith('.md'))

test('commands in the documentation are scripts of package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const wrong: string[] = []
  for (const page of pages)
    for (const [, named = '', short = ''] of read(page).matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g))
      if (!((named || short) in scripts)) wrong.push(`${page}: npm run ${named || short}`)
  assert.deepEqual(wrong, [])
})

/** How hosts of Markdown make the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')

test('links in the documentation lead somewhere', () => {
  const wrong: string[] = []
  for (const page of pages) {
    const text = read(page).replaceAll(/^```[\s\S]*?^```/gm, '')
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : normalize(join(dirname(page), path))
      if (!existsSync(join(root, target))) wrong.push(`${page}: ${link}`)
      else if (anchor !== undefined && target.endsWith('.md')) {
        const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
        if (!headings.includes(anchor)) wrong.push(`${page}: ${link} (no such heading)`)
      }
    }
  }
  assert.deepEqual(wrong, [])
})
