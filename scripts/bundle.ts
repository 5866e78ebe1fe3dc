/** The command as it is published: bundled, since people and scripts start it again and again (docs/decisions/0026). */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Script } from 'node:vm'
import { type BuildOptions, build, type Metafile, type Plugin, stop } from 'esbuild'

const root = join(import.meta.dirname, '..')

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/** Small enough, and needed by every command: bundled with it, under its licence. */
const bundledPackages = ['commander']

/** Commander loads it for subcommands that are programs of their own, of which there are none. */
const noSubprograms: Plugin = {
  name: 'no subprograms',
  setup(building) {
    building.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: 'none', namespace: 'nothing' } : undefined,
    )
    building.onLoad({ filter: /^/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {}' }))
  },
}

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: `node${/\d+(?:\.\d+)*/.exec(manifest.engines.node)?.[0]}`,
  external: Object.keys(manifest.dependencies).filter((name) => !bundledPackages.includes(name)),
  // Names stay: a stack that somebody sends us is to be read.
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
}

/** Makes the files in `folder`. They look for package.json two folders above it, and for dependencies as Node does. */
export async function bundleCommands(folder: string): Promise<void> {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: ['src/cli/program.ts'],
    outdir: folder,
    format: 'esm',
    // What the program loads when it needs it, and what such parts have in common, is a module each.
    splitting: true,
    define: { 'import.meta.url': 'moduleUrl' },
    write: false,
    metafile: true,
    plugins: [noSubprograms],
  })
  mkdirSync(folder, { recursive: true })
  const forOthers = forOtherServers(metafile)
  const packs = { 'commands.js': [] as string[], 'own-commands.js': [] as string[] }
  for (const { path, text } of outputFiles)
    packs[forOthers.has(basename(path)) ? 'commands.js' : 'own-commands.js'].push(
      `'${basename(path)}'(exports,module,require,moduleUrl){${asFunction(text)}}`,
    )
  const digest = createHash('sha256')
  for (const [name, modules] of Object.entries(packs)) {
    const pack = `({${modules.join(',\n')}})`
    digest.update(pack)
    writeFileSync(join(folder, name), pack)
  }
  await build({
    ...common,
    entryPoints: ['src/cli/published.ts'],
    outfile: join(folder, 'main.js'),
    format: 'cjs',
    define: { buildDigest: `'${digest.digest('hex').slice(0, 16)}'` },
  })
  // The program that does the work would wait for more.
  await stop()
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n')
  writeFileSync(join(folder, 'LICENSES.txt'), bundledPackages.map(licenceOf).join('\n'))
}

/** The modules that commands for other servers can come to need. */
function forOtherServers({ outputs }: Metafile): Set<string> {
  const found = new Set<string>()
  const reach = (path: string): void => {
    const output = outputs[path]
    if (output === undefined || output.entryPoint === 'src/cli/own-commands.ts' || found.has(basename(path))) return
    found.add(basename(path))
    for (const { path: next } of output.imports) reach(next)
  }
  for (const [path, { entryPoint }] of Object.entries(outputs)) if (entryPoint === 'src/cli/program.ts') reach(path)
  return found
}

const importStatement = /(?<=^|[;}\n])import ?(?:(?:([\w$]+),?)?(?:\*as ([\w$]+)|(\{[^{}]*\}))? ?from)?("[^"]+");/g
const exportStatement = /(?<=^|[;}\n])export(\{[^{}]*\});?\s*$/

/**
 * The inside of a function, which the entry calls with what a module of Node finds around it. Names of other modules
 * become names of its own, as quick as those: where they are made no module waits for another one that waits for it.
 */
function asFunction(text: string): string {
  const code = text
    .replace(importStatement, (_statement, whole?: string, all?: string, some?: string, from?: string) => {
      const names = [whole, all, some?.replace(/ as /g, ':')].filter((name) => name !== undefined)
      return names.map((name) => `const ${name}=require(${from});`).join('') || `require(${from});`
    })
    .replace(exportStatement, (_statement, names: string) => {
      const pairs = names.replace(/([\w$]+) as ([\w$]+)/g, '$2:$1')
      return `Object.assign(exports,${pairs});`
    })
    // The modules are loaded by the entry and not by Node, which does not know what is kept of them.
    .replace(/\bimport\(("[^"]+")\)/g, 'Promise.resolve().then(()=>require($1))')
  // Throws where this is no function.
  void new Script(`(function(){${code}})`)
  return code
}

const licenceOf = (name: string): string =>
  `${name}\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`
