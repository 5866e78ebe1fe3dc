/** The command as it is published: bundled, since people and scripts start it again and again (docs/decisions/0022). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin, stop } from 'esbuild'

const root = join(import.meta.dirname, '..')

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

/** Makes the files in `folder`. They look for package.json two folders above it, and for dependencies as Node does. */
export async function bundleCommands(folder: string): Promise<void> {
  await Promise.all(bundles.map((name) => bundle(name, folder)))
  // The program that does the work would wait for more.
  await stop()
}

const bundle = (name: string, folder: string): Promise<unknown> =>
  build({
    absWorkingDir: root,
    entryPoints: [join('src/cli', `${name}.ts`)],
    outfile: join(folder, `${name}.js`),
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
