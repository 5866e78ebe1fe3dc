/**
 * `npm run build`: `dist/`, as it is published. The libraries are the sources without their types, module by module, so
 * that who bundles them can leave out what is not used; the command is bundled here.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundleCommands } from './bundle.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const commands = join(dist, 'cli')

rmSync(dist, { recursive: true, force: true })
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
rmSync(commands, { recursive: true })
await bundleCommands(commands)
