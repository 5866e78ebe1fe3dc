import type { DfsPath } from './dfs/dfs-path.ts'
import { dfsNames } from './dfs/dfs-path.ts'
import type { SymlinkError } from './failure.ts'
import { childOf, parentOf, wirePath } from './paths.ts'

/** Where a symbolic link leads: a name of the same share, or a share of some server and names there. */
export type LinkTarget =
  | { readonly kind: 'here'; readonly name: string }
  | { readonly kind: 'elsewhere'; readonly path: DfsPath }

/** Server, share and the rest of `\??\UNC\server\share\...` and `\\server\share\...`. */
const UNC = /^(?:\\\?\?\\UNC\\|\\\\(?![?.]))(.*)$/is

const isSame = (a: string, b: string): boolean => a.toUpperCase() === b.toUpperCase()

/**
 * What is to be opened instead of `name`, which a server has stopped at (MS-SMB2 3.2.5.7, 2.2.2.2.1.1). Undefined where
 * that is above the share's root, on the server's own disks, or no path.
 */
export function linkTarget(
  name: string,
  { target, isRelative, unparsedUnits }: SymlinkError,
  place: { readonly server: string; readonly share: string },
): LinkTarget | undefined {
  if (unparsedUnits > name.length) return undefined
  const link = name.slice(0, name.length - unparsedUnits).replace(/\\+$/, '')
  const rest = name.slice(name.length - unparsedUnits).replace(/^\\+/, '')
  const within = (path: string): string | undefined => {
    try {
      const found = wirePath(path)
      return rest === '' ? found : childOf(found, rest)
    } catch {
      // Above the root: not in this share.
      return undefined
    }
  }
  if (isRelative) {
    const found = within(childOf(parentOf(link), target))
    return found === undefined ? undefined : { kind: 'here', name: found }
  }
  const [server = '', share = '', ...deeper] = (UNC.exec(target)?.[1] ?? '').split('\\')
  const found = within(deeper.join('\\'))
  if (server === '' || share === '' || found === undefined) return undefined
  if (isSame(server, place.server) && isSame(share, place.share)) return { kind: 'here', name: found }
  const path = dfsNames([server, share, ...(found === '' ? [] : [found])].join('\\'))
  return path === undefined ? undefined : { kind: 'elsewhere', path }
}
