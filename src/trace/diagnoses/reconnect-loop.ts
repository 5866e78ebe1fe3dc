import { Group } from '../evidence/groups.ts'
import { durationOf, serverOf } from '../evidence/names.ts'
import { advise, findingOf } from '../evidence/rules.ts'
import type { Finding, Rule } from '../model.ts'
import { Recent } from '../recent.ts'

const MIN_CONNECTIONS = 8
/** So much time between two connections, and a person may have asked for each. */
const MAX_GAP_NS = 30e9
/** Connections that live longer are used. */
const SHORT_NS = 5e9
const MAX_KEPT = 5000

interface Loop {
  readonly group: Group<{ readonly client: string; readonly server: string; readonly firstNs: number }>
  lastNs: number
  resets: number
}

export const reconnectLoop: Rule = {
  id: 'reconnect-loop',
  looksFor: 'A client that connects again and again, for a moment each.',
  start() {
    const loops = new Recent<string, Loop>(MAX_KEPT)
    return {
      conversationEnds(conversation) {
        const { client, server, first, last, protocol, hasBeginning, end } = conversation
        if (protocol !== 'smb' || !hasBeginning || end === undefined || last.timeNs - first.timeNs > SHORT_NS) return
        const key = `${client.address} ${server.address} ${server.port}`
        // Connections side by side are channels, or a program that does several things at a time.
        const fresh = () => ({
          group: new Group({ client: client.address, server: serverOf(server), firstNs: first.timeNs }),
          lastNs: first.timeNs,
          resets: 0,
        })
        const loop = loops.take(key, fresh)
        if (loop.group.count > 0 && first.timeNs < loop.lastNs) return
        if (first.timeNs - loop.lastNs > MAX_GAP_NS) {
          loops.delete(key)
          return
        }
        loop.lastNs = last.timeNs
        loop.group.add([first.frame])
        if (end.how === 'reset') loop.resets++
      },
      findings: () => [...loops.values()].flatMap(tell),
    }
  },
}

function tell({ group, lastNs, resets }: Loop): Finding[] {
  const { client, server, firstNs } = group.first
  if (group.count < MIN_CONNECTIONS) return []
  const told = {
    severity: 'warning' as const,
    title: `${client} connects to ${server} again and again: ${group.count} connections in ${durationOf(lastNs - firstNs)}`,
    cause: `Each lived for less than ${durationOf(SHORT_NS)}${resets > 0 ? `, and ${resets} ended by a reset` : ''}. A client that fails tries anew without end, a program opens a connection for each file (scripts with smbclient, scanners that look for shares), or a monitoring checks the port.`,
    advice: advise({
      user: 'Find the program: one connection does for everything.',
      windows:
        'netstat -b and Process Monitor on the client; the log SMBClient/Connectivity has the reason of each failure.',
      samba: 'The log of smbd tells why connections end.',
      network: 'A monitoring should ask less often, or log on properly.',
      smbkit: 'The log of smbkit serve tells why connections end; limits: maxConnections, failedLogonDelayMs.',
    }),
  }
  return [findingOf('reconnect-loop', group, told, undefined)]
}
