/**
 * The commands that talk to servers, in the order of the help text. Each is loaded when it is needed: a program that is
 * started a hundred times by a script should not read all of itself each time.
 */
import type { Command } from 'commander'

type Loader = () => Promise<Command>

const loaders: Readonly<Record<string, Loader>> = {
  shares: async () => (await import('./shares.ts')).sharesCommand(),
  ls: async () => (await import('./ls.ts')).lsCommand(),
  tree: async () => (await import('./tree.ts')).treeCommand(),
  cat: async () => (await import('./cat.ts')).catCommand(),
  get: async () => (await import('./transfer.ts')).getCommand(),
  put: async () => (await import('./transfer.ts')).putCommand(),
  mget: async () => (await import('./transfer.ts')).mgetCommand(),
  mput: async () => (await import('./transfer.ts')).mputCommand(),
  cp: async () => (await import('./transfer.ts')).cpCommand(),
  sync: async () => (await import('./transfer.ts')).syncCommand(),
  mv: async () => (await import('./mv.ts')).mvCommand(),
  rm: async () => (await import('./rm.ts')).rmCommand(),
  mkdir: async () => (await import('./mkdir.ts')).mkdirCommand(),
  stat: async () => (await import('./stat.ts')).statCommand(),
  acl: async () => (await import('./acl.ts')).aclCommand(),
  watch: async () => (await import('./watch.ts')).watchCommand(),
  df: async () => (await import('./df.ts')).dfCommand(),
  du: async () => (await import('./du.ts')).duCommand(),
  find: async () => (await import('./find.ts')).findCommand(),
  shell: async () => (await import('./shell/shell.ts')).shellCommand(),
  probe: async () => (await import('./probe/probe.ts')).probeCommand(),
}

/** The command of that name alone, or all of them where it is none of these. */
export async function clientCommands(name: string | undefined): Promise<Command[]> {
  const only = name === undefined || !Object.hasOwn(loaders, name) ? undefined : loaders[name]
  return Promise.all((only === undefined ? Object.values(loaders) : [only]).map((load) => load()))
}
