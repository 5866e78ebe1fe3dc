import { Command } from 'commander'
import type { OpenStatus, ServerStatus } from '../server/index.ts'
import { portNumber } from './port-number.ts'
import { printable, runCommand } from './report.ts'
import { type ServerChoice, socketOf } from './running-server.ts'
import { askStatus } from './status-socket.ts'

interface StatusOptions extends ServerChoice {
  readonly json?: boolean
}

/** `smbkit status`: what a running server of this user is doing. */
export function statusCommand(): Command {
  return new Command('status')
    .description('show sessions, open files and locks of a running server')
    .option('--port <number>', 'port of the server (default: that of the only one there is)', portNumber)
    .option('--socket <path>', 'status socket of the server, where it was started with one')
    .option('--json', 'for programs')
    .action((options: StatusOptions) => runCommand(() => showStatus(options)))
}

async function showStatus(options: StatusOptions): Promise<void> {
  const status = (await askStatus(await socketOf(options))) as ServerStatus
  process.stdout.write(options.json === true ? `${JSON.stringify(status, null, 2)}\n` : formatStatus(status))
}

/** The status for people. */
function formatStatus(status: ServerStatus): string {
  const lines = [`${status.name}, since ${time(status.startedAt)}, connections: ${status.connections}`, 'Shares:']
  for (const { name, path, openFiles } of status.shares) lines.push(`  ${name}  ${path}  open files: ${openFiles}`)
  lines.push(status.sessions.length === 0 ? 'No sessions.' : 'Sessions:')
  for (const session of status.sessions) {
    const secured = [
      session.signing === '' ? '' : `signed (${session.signing})`,
      session.encryption === '' ? '' : `encrypted (${session.encryption})`,
    ].filter((text) => text !== '')
    const parts = [
      session.user === '' ? session.kind : session.user,
      session.remote,
      `SMB ${session.dialect}`,
      ...secured,
    ]
    lines.push(`  ${[...parts, `since ${time(session.since)}`].join('  ')}`)
    for (const tree of session.trees) lines.push(`    connected to ${tree.share}`)
    for (const open of session.opens) lines.push(...openLines(open, []))
  }
  if (status.disconnectedOpens.length > 0) lines.push('Open for clients that are away:')
  for (const open of status.disconnectedOpens)
    lines.push(...openLines(open, [open.user, `since ${time(open.since)}`, `until ${time(open.until)}`]))
  return `${lines.map(printable).join('\n')}\n`
}

function openLines(open: OpenStatus, more: readonly string[]): string[] {
  const what = [open.directory ? 'folder' : '', open.deleteOnClose ? 'deleted when closed' : '', open.caching, ...more]
  return [
    `    open  ${[`${open.share}\\${open.path}`, ...what.filter((text) => text !== '')].join('  ')}`,
    ...open.locks.map(
      ({ offset, length, exclusive }) =>
        `      locked  ${exclusive ? 'exclusive' : 'shared'}  from ${offset}, ${length} bytes`,
    ),
  ]
}

const time = (iso: string): string => iso.slice(0, 19).replace('T', ' ')
