import { spawnSync } from 'node:child_process'

const run = (command: string, args: readonly string[]): boolean => spawnSync(command, args).status === 0

/** Mounts a disk in memory on a folder; false where nobody may, as who is not root. `options`: those of tmpfs, `size=1m`. */
export const mountMemory = (folder: string, options: string): boolean =>
  process.platform === 'linux' && run('mount', ['-t', 'tmpfs', '-o', options, 'smbkit-test', folder])

/** @throws Error where it is in use */
export function unmount(folder: string): void {
  if (!run('umount', [folder])) throw new Error(`${folder} cannot be unmounted`)
}
