/**
 * `npm run build`: `dist/`, as it is published. The libraries are the sources without their types, module by module, so
 * that who bundles them can leave out what is not used. The command is bundled here: it is started by people and by
 * scripts, again and again, and to find and load hundreds of modules takes longer than what most commands do
 * (docs/decisions/0022).
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const commands = join(dist, 'cli')

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest

/**
 * The files of the command: the entry, which turns the compile cache on before anything else is read, the commands for
 * other servers, and those for one's own. Each imports the next one when it is asked for something there.
 */
const bundles = ['main', 'program', 'own-commands']

const betweenBundles: Plugin = {
  name: 'between bundles',
  setup(building) {
    for (const name of bundles)
      building.onResolve({ filter: new RegExp(`^\\./${name}\\.ts$`) }, () => ({ path: `./${name}.js`, external: true }))
  },
}

function emitLibraries(): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  rmSync(commands, { recursive: true })
}

async function bundle(name: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: [join('src/cli', `${name}.ts`)],
    outfile: join(commands, `${name}.js`),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: `node${/\d+(?:\.\d+)*/.exec(manifest.engines.node)?.[0]}`,
    external: Object.keys(manifest.dependencies),
    plugins: [betweenBundles],
    // Names stay: a stack that somebody sends us is to be read.
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
}

rmSync(dist, { recursive: true, force: true })
emitLibraries()
for (const name of bundles) await bundle(name)
