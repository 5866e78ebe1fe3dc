import { Command } from 'commander'
import { parseAddress } from './address.ts'
import { type ConnectionOptions, withConnection } from './connection-options.ts'
import { type Context, runClient } from './context.ts'
import { table } from './format.ts'
import { about } from './servers.ts'

interface SharesOptions extends ConnectionOptions {
  readonly details?: boolean
  readonly json?: boolean
}

/** `smbkit shares`: what a server offers. */
export function sharesCommand(): Command {
  return withConnection(
    new Command('shares')
      .description('list the shares of a server')
      .argument('<server>', 'smb://host or //host')
      .option('--details', 'also paths and uses, for those who may know')
      .option('--json', 'for programs'),
  ).action((server: string, options: SharesOptions) =>
    runClient(options, (context) => listShares(context, server, options)),
  )
}

/** Also what `ls` shows of a server. */
export async function listShares(
  { servers, out, signal }: Context,
  server: string,
  { details = false, json = false }: { readonly details?: boolean; readonly json?: boolean },
): Promise<void> {
  const address = { ...parseAddress(server), path: '' }
  const client = await servers.client(address)
  const shares = await about(address, client.shares({ signal, details }), false)
  if (json) return out.json(shares)
  const columns = [{ title: 'share' }, { title: 'type' }, { title: 'comment' }]
  const more = [{ title: 'uses', right: true }, { title: 'path' }]
  const rows = shares.map(({ name, type, comment, currentUses, maxUses, path }) => [
    name,
    type,
    comment,
    ...(details ? [usesText(currentUses, maxUses), path ?? ''] : []),
  ])
  await out.write(table(details ? [...columns, ...more] : columns, rows))
}

const usesText = (current: number | undefined, most: number | undefined): string =>
  current === undefined ? '' : most === undefined ? String(current) : `${current} of ${most}`
